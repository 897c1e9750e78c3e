"""Requests and replies between the checker and one learner's process."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NoReturn

from . import codec
from .codec import CodecError, Value
from .transport import Transport

_AT_ONCE, _AT_MOST = 1 << 16, 1 << 20  # bytes to ask the transport for


class ChannelClosed(Exception):
    """The other side is gone, or did not keep the rules."""


class ChannelTimeout(Exception):
    """The other side did not answer in time."""


class Channel:
    """A connected stream, used in lock step.

    1. The checker sends one request and waits for its reply before it sends the next.
    2. The learner's process waits for a request, sends one reply to it, and nothing else.
    3. A reply carries the number of its request.
    4. One deadline holds for a request and its reply together.
    5. Anything else (a late, false or oversize frame, an end, an interrupt) closes the channel for good.

    Why nobody waits for ever, and no reply is taken for another's. The states, checker and learner:

        idle, waiting ─ask→ asking, waiting ─request→ asking, working ─reply→ idle, waiting
        asking, any   ─deadline, end, false frame, interrupt→ closed
        any, gone     ─ask→ closed

    - In `asking` a deadline runs, so it is left: for `idle` by the reply, or for `closed`. From `closed` no
      arrow leads away: every later request is refused at once, without a look at the stream.
    - Bytes flow one way at a time: a reply begins when the whole request is read. So two full buffers cannot
      wait for each other, and a process that does not read at all meets the deadline.
    - The number grows with each request, and `idle` comes back only by a reply with that number. A frame that
      nobody asked for has an older number or none, and closes. So there is nothing to count or to drain.

    `transport`: the stream's both directions; the channel owns it.
    `largest_request`: bytes of tensors and bytes that one request may carry; a reply, `codec.MAX_PAYLOAD`.
    """

    def __init__(self, transport: Transport, largest_request: int = codec.MAX_PAYLOAD) -> None:
        self._transport = transport
        self._largest_request = largest_request
        self._read = bytearray()
        self._number = 0
        self._open = True

    def ask(self, request: Value, seconds: float) -> Value:
        """The reply. Raises CodecError, ChannelClosed or ChannelTimeout, and is closed from then on."""
        if not self._open:
            raise ChannelClosed("closed before")
        self._number += 1
        deadline = time.monotonic() + seconds
        try:
            self._send(codec.encode([self._number, request], max_payload=self._largest_request), deadline)
            reply = self._receive(codec.MAX_PAYLOAD, deadline)
            if type(reply) is not list or len(reply) != 2 or reply[0] != self._number or self._read:
                raise ChannelClosed("a frame that nobody asked for")
        except BaseException:
            self.close()
            raise
        return reply[1]

    def serve(self, answer: Callable[[Value], Value], refused: Callable[[CodecError], Value]) -> NoReturn:
        """Reply to one request after another until the channel is closed, which raises ChannelClosed.

        `answer`: from a request to its reply.
        `refused`: the reply in the place of one that cannot cross.
        """
        while True:
            number, request = self._receive(self._largest_request, None)
            reply = answer(request)
            try:
                frame = codec.encode([number, reply])
            except CodecError as error:
                frame = codec.encode([number, refused(error)])
            self._send(frame, None)

    def close(self) -> None:
        self._open = False
        self._transport.close()

    def _send(self, frame: bytes, deadline: float | None) -> None:
        try:
            self._transport.send(frame, deadline)
        except TimeoutError:
            raise ChannelTimeout from None
        except OSError as error:
            raise ChannelClosed(str(error)) from None

    def _receive(self, largest: int, deadline: float | None) -> Value:
        self._fill(codec.SIZES.size, deadline)
        header_size, payload_size = codec.sizes(bytes(self._read[: codec.SIZES.size]), max_payload=largest)
        start, end = codec.SIZES.size, codec.SIZES.size + header_size + payload_size
        self._fill(end, deadline)
        # Copies: a view into what was read would live on in the traceback of a bad frame, and pin the memory.
        header = bytes(self._read[start : start + header_size])
        payload = self._read[start + header_size : end]
        del self._read[:end]
        return codec.decode(header, payload)

    def _fill(self, size: int, deadline: float | None) -> None:
        """At least `size` bytes read; most frames come whole at the first try."""
        while len(self._read) < size:
            try:
                got = self._transport.receive(max(_AT_ONCE, min(size - len(self._read), _AT_MOST)), deadline)
            except TimeoutError:
                raise ChannelTimeout from None
            except OSError as error:
                raise ChannelClosed(str(error)) from None
            if not got:
                raise ChannelClosed("end of the stream")
            self._read += got
