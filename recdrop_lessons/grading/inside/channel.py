"""One frame after another over a socket, with bounds on size and time."""

from __future__ import annotations

import socket
import time

from . import codec
from .codec import Value

_AT_ONCE, _AT_MOST = 1 << 16, 1 << 20  # bytes to ask the socket for
_SOON = 0.02  # seconds that a reply may wait for the next one


class ChannelClosed(Exception):
    """The other side is gone."""


class ChannelTimeout(Exception):
    """The other side did not answer in time."""


class Channel:
    """Values over a connected stream socket. Both sides speak in turns, one frame or several.

    Args:
        sock: the socket; the channel owns it.
        sends, receives: bytes that one frame may carry, in each direction.
    """

    def __init__(
        self, sock: socket.socket, *, sends: int = codec.MAX_PAYLOAD, receives: int = codec.MAX_PAYLOAD
    ) -> None:
        self.sock = sock
        self.sends, self.receives = sends, receives
        self._read = bytearray()
        self._posted = bytearray()
        self._since = 0.0  # when the last was sent, or asked for

    def send(self, value: Value, seconds: float | None = None) -> None:
        """Raises CodecError, ChannelClosed or ChannelTimeout."""
        self._posted += codec.encode(value, max_payload=self.sends)
        self.flush(seconds)

    def post(self, value: Value) -> None:
        """Send it soon: with what follows, or now if others have waited. Each sending wakes a process."""
        self._posted += codec.encode(value, max_payload=self.sends)
        if len(self._posted) > _AT_ONCE or time.monotonic() - self._since > _SOON:
            self.flush()

    def flush(self, seconds: float | None = None) -> None:
        """Send what is posted."""
        self.sock.settimeout(seconds)
        try:
            self.sock.sendall(self._posted)
            self._posted.clear()
            self._since = time.monotonic()
        except TimeoutError:
            raise ChannelTimeout from None
        except OSError as error:
            raise ChannelClosed(str(error)) from None

    def receive(self, seconds: float | None = None) -> Value:
        """The next value. Raises CodecError, ChannelClosed or ChannelTimeout."""
        deadline = None if seconds is None else time.monotonic() + seconds
        self._fill(codec.SIZES.size, deadline)
        header_size, payload_size = codec.sizes(
            bytes(self._read[: codec.SIZES.size]), max_payload=self.receives
        )
        start, end = codec.SIZES.size, codec.SIZES.size + header_size + payload_size
        self._fill(end, deadline)
        # Copies: a view into what was read would live on in the traceback of a bad frame, and pin the memory.
        header = bytes(self._read[start : start + header_size])
        payload = self._read[start + header_size : end]
        del self._read[:end]  # what a hostile sender added is the next frame
        self._since = time.monotonic()
        return codec.decode(header, payload)

    def _fill(self, size: int, deadline: float | None) -> None:
        """At least `size` bytes read; most frames come whole at the first try."""
        while len(self._read) < size:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise ChannelTimeout
            self.sock.settimeout(left)
            try:
                got = self.sock.recv(max(_AT_ONCE, min(size - len(self._read), _AT_MOST)))
            except TimeoutError:
                raise ChannelTimeout from None
            except OSError as error:
                raise ChannelClosed(str(error)) from None
            if not got:
                raise ChannelClosed("end of the stream")
            self._read += got

    def close(self) -> None:
        self.sock.close()
