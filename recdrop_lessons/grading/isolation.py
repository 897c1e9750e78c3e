"""Which locks the learner's process gets: the best that holds against a real attack."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from recdrop_lessons.grading import fork_server, wrappers
from recdrop_lessons.grading.fork_server import ForkServer, GradingError, Sandbox, can_fork
from recdrop_lessons.grading.inside.sandbox import Limits
from recdrop_lessons.grading.inside.seccomp import seccomp_available
from recdrop_lessons.grading.spawner import LockedServer, Server
from recdrop_lessons.grading.subprocess_server import SubprocessServer

_SECCOMP = ("seccomp",) if seccomp_available() else ()
# In the order in which they are tested.
KINDS = (
    Sandbox("landlock+namespaces", ("namespaces", "landlock", *_SECCOMP)),
    Sandbox("landlock", ("landlock", *_SECCOMP)),
    Sandbox("bubblewrap", _SECCOMP, wrappers.bubblewrap),
    Sandbox("docker", _SECCOMP, wrappers.docker),
    Sandbox("podman", _SECCOMP, wrappers.podman),
)
NONE = Sandbox("none", ())


def locked_server(
    kind: str = "auto",
    *,
    limits: Limits | None = None,
    shut: Sequence[Path] = (),
    trusted: bool = False,
) -> Server:
    """A server under the first locks that hold.

    `kind`: "auto" or a kind's name.
    `limits`: resources of one learner's process.
    `shut`: what must not be read or written, beside the course's own files.
    `trusted`: go on without locks where none holds.
    Raises `GradingError`: none holds, with what each let through.
    """
    limits = limits or Limits()
    if not can_fork():
        if trusted or kind == "none":
            return SubprocessServer(NONE, limits)
        raise GradingError(
            "This system cannot isolate submissions from the rest of the machine. Grade them in WSL "
            "(Windows), in a Linux container (macOS, Windows), or on a Linux computer. "
            "`recdrop check` of your own notebook works here."
        )
    wanted = [one for one in KINDS if kind in ("auto", one.name)]
    if not wanted and kind not in ("auto", "none"):
        raise GradingError(
            f"There is no isolation {kind!r}; there are {', '.join(one.name for one in KINDS)}."
        )
    passed_over: list[str] = []
    with _ForkServers() as servers:
        for one in wanted:
            server, failed = _probed(one, limits, shut, servers)
            if server is not None:
                servers.keep(server)
                return server
            passed_over.append(f"  {one.name}: {failed}")
    if trusted or kind == "none":
        return LockedServer(NONE, limits, shut, fork_server.own)
    raise GradingError("No isolation holds on this machine:\n" + "\n".join(passed_over))


def examine() -> Iterator[tuple[str, str]]:
    """Each kind's name and why it does not hold, "" where it does."""
    if not can_fork():
        return
    with _ForkServers() as servers:
        for one in KINDS:
            _, failed = _probed(one, Limits(), (), servers)
            yield one.name, failed


class _ForkServers:
    """A fork server for each kind that is tested: of its own under a wrapper, one for all the others.

    At the end all are closed but the one that is kept.
    """

    def __init__(self) -> None:
        self._made: list[ForkServer] = []
        self._shared: ForkServer | None = fork_server.own

    def of(self, kind: Sandbox, shut: Sequence[Path]) -> ForkServer:
        if kind.wrapper is None and self._shared is not None:
            return self._shared
        self._made.append(ForkServer(kind.wrapper, shut))
        if kind.wrapper is None:
            self._shared = self._made[-1]
        return self._made[-1]

    def keep(self, server: LockedServer) -> None:
        self._made = [one for one in self._made if one is not server.process]

    def __enter__(self) -> _ForkServers:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._made:
            one.close()


def _probed(
    kind: Sandbox, limits: Limits, shut: Sequence[Path], servers: _ForkServers
) -> tuple[LockedServer | None, str]:
    """A server of that kind if it holds, else what is wrong with it."""
    with tempfile.TemporaryDirectory(prefix="recdrop-probe-") as folder:
        secret = Path(folder, "submission.ipynb")
        secret.write_text("another learner's answer", encoding="utf-8")
        own = [*shut, Path(folder)]
        try:
            server = LockedServer(kind, limits, own, servers.of(kind, own))
            reached = _attack(server, [secret, Path(__file__)], Path(folder))
        except Exception as error:  # a kind that does not even start is passed over, whatever the reason
            reached = [str(error) or type(error).__name__]
        return (None, "; ".join(reached)) if reached else (server, "")


def _attack(server: LockedServer, read: Sequence[Path], write: Path) -> list[str]:
    """What an attack from inside reaches: sentences; none where the sandbox holds."""
    spawner = server.spawner()
    with (
        contextlib.closing(spawner),
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        udp.bind(("127.0.0.1", 0))
        targets = {
            "read": [str(path) for path in read],
            "write": str(write),
            "tcp": tcp.getsockname()[1],
            "udp": udp.getsockname()[1],
            "parent": os.getpid(),
        }
        return [f"lets {what}" for what in spawner.probe(targets)]
