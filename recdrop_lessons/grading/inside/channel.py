"""One frame after another over a socket, with bounds on size and time."""

from __future__ import annotations

import socket
import time

from . import codec
from .codec import Value


class ChannelClosed(Exception):
    """The other side is gone."""


class ChannelTimeout(Exception):
    """The other side did not answer in time."""


class Channel:
    """Values over a connected stream socket. Both sides speak one frame at a time, in turns.

    Args:
        sock: the socket; the channel owns it.
        sends, receives: bytes that one frame may carry, in each direction.
    """

    def __init__(
        self, sock: socket.socket, *, sends: int = codec.MAX_PAYLOAD, receives: int = codec.MAX_PAYLOAD
    ) -> None:
        self.sock = sock
        self.sends, self.receives = sends, receives

    def send(self, value: Value, seconds: float | None = None) -> None:
        """Raises CodecError, ChannelClosed or ChannelTimeout."""
        self.send_frame(codec.encode(value, max_payload=self.sends), seconds)

    def send_frame(self, frame: bytes, seconds: float | None = None) -> None:
        self.sock.settimeout(seconds)
        try:
            self.sock.sendall(frame)
        except TimeoutError:
            raise ChannelTimeout from None
        except OSError as error:
            raise ChannelClosed(str(error)) from None

    def receive(self, seconds: float | None = None) -> Value:
        """The next value. Raises CodecError, ChannelClosed or ChannelTimeout."""
        deadline = None if seconds is None else time.monotonic() + seconds
        header_size, payload_size = codec.sizes(
            bytes(self._exactly(codec.SIZES.size, deadline)), max_payload=self.receives
        )
        body = self._exactly(header_size + payload_size, deadline)
        return codec.decode(body[:header_size], body[header_size:])

    def _exactly(self, size: int, deadline: float | None) -> memoryview:
        buffer = memoryview(bytearray(size))
        filled = 0
        while filled < size:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise ChannelTimeout
            self.sock.settimeout(left)
            try:
                got = self.sock.recv_into(buffer[filled:])
            except TimeoutError:
                raise ChannelTimeout from None
            except OSError as error:
                raise ChannelClosed(str(error)) from None
            if got == 0:
                raise ChannelClosed("end of the stream")
            filled += got
        return buffer

    def close(self) -> None:
        self.sock.close()
