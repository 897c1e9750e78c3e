"""How bytes cross between the checker and one learner's process: a socket, or two pipes."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import IO, Protocol, TypeVar

Result = TypeVar("Result")
_SECONDS_TO_END = 1.0


class Transport(Protocol):
    """Both ways of it. A deadline is a moment of `time.monotonic`, None for no end.

    `send` and `receive` raise TimeoutError after the deadline, and OSError where the other side is gone.
    """

    def send(self, data: bytes, deadline: float | None) -> None: ...

    def receive(self, at_most: int, deadline: float | None) -> bytes:
        """Some bytes as soon as there are any; b"" at the end of the stream."""
        ...

    def close(self) -> None: ...


class SocketTransport:
    """A connected stream socket, which this owns."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def send(self, data: bytes, deadline: float | None) -> None:
        self._sock.settimeout(_left(deadline))
        self._sock.sendall(data)

    def receive(self, at_most: int, deadline: float | None) -> bytes:
        self._sock.settimeout(_left(deadline))
        return self._sock.recv(at_most)

    def close(self) -> None:
        self._sock.close()


class PipeTransport:
    """A pipe for each direction. They exist on every system, and have no time limits of their own.

    So a call with a deadline works in a thread, and is left there when its time is over.

    `reader`, `writer`: unbuffered files, which this owns.
    `end`: ends the process on the other side, and with it any call that still waits.
    """

    def __init__(self, reader: IO[bytes], writer: IO[bytes], end: Callable[[], None] = lambda: None) -> None:
        self._reader, self._writer, self._end = reader, writer, end
        self._thread: threading.Thread | None = None

    def send(self, data: bytes, deadline: float | None) -> None:
        self._before(deadline, lambda: self._write_all(data))

    def receive(self, at_most: int, deadline: float | None) -> bytes:
        return self._before(deadline, lambda: self._reader.read(at_most) or b"")

    def _write_all(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[self._writer.write(left) or 0 :]

    def _before(self, deadline: float | None, action: Callable[[], Result]) -> Result:
        seconds = _left(deadline)
        if seconds is None:
            return action()
        result: Future[Result] = Future()
        self._thread = threading.Thread(target=_settle, args=(result, action), daemon=True)
        self._thread.start()
        return result.result(seconds)

    def close(self) -> None:
        self._end()
        if self._thread is not None:
            self._thread.join(_SECONDS_TO_END)
            if self._thread.is_alive():  # a child of the other side holds the pipe open
                return  # to close a file in which a thread waits can wait as well
        self._reader.close()
        self._writer.close()


def _settle(result: Future[Result], action: Callable[[], Result]) -> None:
    try:
        result.set_result(action())
    except BaseException as error:
        result.set_exception(error)


def _left(deadline: float | None) -> float | None:
    """Seconds until then. Raises TimeoutError where it is over."""
    if deadline is None:
        return None
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds
