"""Learners' processes as the checker asks for them: a server, its spawners, one learner at a time."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from os import PathLike
from typing import Any, Protocol, Self

from recdrop_lessons.grading import fork_server
from recdrop_lessons.grading.fork_server import ForkServer, GradingError, Sandbox
from recdrop_lessons.grading.inside.channel import Channel
from recdrop_lessons.grading.inside.codec import MAX_PAYLOAD
from recdrop_lessons.grading.inside.requests import receive_request, send_request
from recdrop_lessons.grading.inside.sandbox import Limits
from recdrop_lessons.grading.inside.transport import SocketTransport


@dataclass
class Ending:
    """How a learner's process ended: its exit code (negative: the signal), CPU seconds and peak memory.

    `too_much_memory`: it was ended for that.
    """

    status: int | None = None
    cpu_seconds: float = 0.0
    peak_kilobytes: int = 0
    too_much_memory: bool = False


class Spawner(Protocol):
    """Gives learners' processes, one at a time; the one before is ended first."""

    last: Ending

    def learner(self, largest_request: int = MAX_PAYLOAD) -> Channel:
        """A fresh learner's process, by the channel to it."""
        ...

    def end_learner(self) -> Ending:
        """End the learner's process and all that it left behind."""
        ...

    def require(self) -> None:
        """Raises GradingError if it is gone. There must be no learner."""
        ...

    def close(self) -> None: ...


class Server(Protocol):
    """Gives spawners. A context: at its end, or at its checker's, every learner's process ends."""

    @property
    def sandbox(self) -> Sandbox: ...

    @property
    def alive(self) -> bool: ...

    def start(self) -> None:
        """Wait until it can give spawners. Raises GradingError where it cannot."""
        ...

    def spawner(self, preload: Sequence[str] = ()) -> Spawner:
        """A place for one learner's process at a time, with these modules loaded beside torch."""
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class LockedServer:
    """Gives spawners under certain locks.

    `sandbox`: the locks that its learners get.
    `limits`: what one learner's process may use.
    `shut`: files and folders that no learner may read, beside the course's own.
    `process`: where they are forked from; it is closed with this.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        limits: Limits,
        shut: Sequence[str | PathLike[str]] = (),
        process: ForkServer | None = None,
    ) -> None:
        self.sandbox = sandbox
        self.process = process or ForkServer(sandbox.wrapper, shut)
        paths = fork_server.paths(self.process.workspace, shut)
        self._settings = {
            "layers": sandbox.layers,
            "limits": asdict(limits),
            "readable": paths.readable,
            "shut": paths.shut,
            "private": self.process.private,
        }

    @property
    def alive(self) -> bool:
        return self.process.alive

    def start(self) -> None:
        """Wait until it has torch loaded; in a process with workers, before these."""
        self.process.connect()

    def spawner(self, preload: Sequence[str] = ()) -> ForkSpawner:
        """A place of its own, where locks allow it, for one learner's process at a time.

        `preload` names the modules to load there beside torch. Raises GradingError where the locks fail.
        """
        ours = self.process.ask("spawner", {**self._settings, "preload": list(preload)})
        ours.settimeout(fork_server.START_SECONDS)
        try:
            reply, _ = receive_request(ours)
        except OSError:
            reply = None
        if reply is None or "failed" in reply:
            ours.close()
            said = reply["failed"] if reply else f"It does not start. {self.process.last_words()}"
            raise GradingError(said)
        return ForkSpawner(ours)

    def close(self) -> None:
        """End it, and with it every spawner and learner."""
        self.process.close()

    def __enter__(self) -> LockedServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass
class ForkSpawner:
    """Asks the fork server's spawner for learners' processes."""

    sock: socket.socket
    last: Ending = field(default_factory=Ending)

    def learner(self, largest_request: int = MAX_PAYLOAD) -> Channel:
        """A fresh learner's process, by the channel to it."""
        ours, theirs = socket.socketpair()
        try:
            self._ask({"do": "learner", "largest_request": largest_request}, theirs.fileno())
        finally:
            theirs.close()
        return Channel(SocketTransport(ours), largest_request)

    def probe(self, targets: dict[str, Any], seconds: float = 20.0) -> list[str]:
        """What an attack from inside reaches; see inside/probe.py."""
        channel = self.learner()
        try:
            succeeded: list[str] = channel.ask({"do": "probe", "targets": targets}, seconds)["succeeded"]
            return succeeded
        finally:
            channel.close()
            self.end_learner()

    def end_learner(self) -> Ending:
        """End the learner's process and all that it left behind."""
        reply = self._ask({"do": "kill"})
        self.last = Ending(**reply)
        return self.last

    def require(self) -> None:
        """Raises GradingError if it is gone. There must be no learner."""
        self._ask({"do": "kill"})

    def _ask(self, request: dict[str, Any], *descriptors: int) -> dict[str, Any]:
        try:
            send_request(self.sock, request, *descriptors)
            reply, _ = receive_request(self.sock)
        except OSError as error:
            raise GradingError(f"The learners' process does not answer: {error}.") from None
        if reply is None:
            raise GradingError("The learners' process is gone.")
        return reply

    def close(self) -> None:
        with contextlib.suppress(OSError):
            send_request(self.sock, {"do": "end"})
        self.sock.close()
