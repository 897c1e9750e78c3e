"""Which locks the learner's process gets: the best that holds against a real attack."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from recdrop_lessons.grading import warm, wrappers
from recdrop_lessons.grading.inside.sandbox import Limits, seccomp_available
from recdrop_lessons.grading.nursery import WarmParent
from recdrop_lessons.grading.warm import GradingError, Sandbox, Zygote

_SECCOMP = ("seccomp",) if seccomp_available() else ()
# In the order in which they are tried.
KINDS = (
    Sandbox("landlock+namespaces", ("namespaces", "landlock", *_SECCOMP)),
    Sandbox("landlock", ("landlock", *_SECCOMP)),
    Sandbox("bubblewrap", _SECCOMP, wrappers.bubblewrap),
    Sandbox("docker", _SECCOMP, wrappers.docker),
    Sandbox("podman", _SECCOMP, wrappers.podman),
)
NONE = Sandbox("none", ())


def warm_parent(
    kind: str = "auto",
    *,
    limits: Limits | None = None,
    shut: Sequence[Path] = (),
    trusted: bool = False,
) -> WarmParent:
    """A warm parent under the first locks that hold.

    Args:
        kind: "auto" or a kind's name.
        limits: resources of one learner's process.
        shut: what must not be read or written, beside the course's own files.
        trusted: go on without locks where none holds.

    Raises:
        GradingError: none holds, with what each let through.
    """
    if not hasattr(os, "fork"):
        raise GradingError(
            "Grading forks its processes, which Windows cannot: use WSL there. "
            "The check cells of the notebook do the same checks and work everywhere."
        )
    limits = limits or Limits()
    wanted = [one for one in KINDS if kind in ("auto", one.name)]
    if not wanted and kind not in ("auto", "none"):
        raise GradingError(
            f"There is no isolation {kind!r}; there are {', '.join(one.name for one in KINDS)}."
        )
    passed_over: list[str] = []
    with _Zygotes() as zygotes:
        for one in wanted:
            parent, failed = _probed(one, limits, shut, zygotes)
            if parent is not None:
                zygotes.keep(parent)
                return parent
            passed_over.append(f"  {one.name}: {failed}")
    if trusted or kind == "none":
        return WarmParent(NONE, limits, shut, warm.own)
    raise GradingError("No isolation holds on this machine:\n" + "\n".join(passed_over))


def examine() -> Iterator[tuple[str, str]]:
    """Each kind's name and why it does not hold, "" where it does."""
    if not hasattr(os, "fork"):
        return
    with _Zygotes() as zygotes:
        for one in KINDS:
            _, failed = _probed(one, Limits(), (), zygotes)
            yield one.name, failed


class _Zygotes:
    """A zygote for each kind that is tried: of its own under a wrapper, one for all the others.

    At the end all are closed but the one that is kept.
    """

    def __init__(self) -> None:
        self._made: list[Zygote] = []
        self._shared: Zygote | None = warm.own

    def of(self, kind: Sandbox, shut: Sequence[Path]) -> Zygote:
        if kind.wrapper is None and self._shared is not None:
            return self._shared
        self._made.append(Zygote(kind.wrapper, shut))
        if kind.wrapper is None:
            self._shared = self._made[-1]
        return self._made[-1]

    def keep(self, parent: WarmParent) -> None:
        self._made = [one for one in self._made if one is not parent.zygote]

    def __enter__(self) -> _Zygotes:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._made:
            one.close()


def _probed(
    kind: Sandbox, limits: Limits, shut: Sequence[Path], zygotes: _Zygotes
) -> tuple[WarmParent | None, str]:
    """A parent of that kind if it holds, else what is wrong with it."""
    with tempfile.TemporaryDirectory(prefix="recdrop-probe-") as folder:
        secret = Path(folder, "submission.ipynb")
        secret.write_text("another learner's answer")
        own = [*shut, Path(folder)]
        try:
            parent = WarmParent(kind, limits, own, zygotes.of(kind, own))
            reached = _attack(parent, [secret, Path(__file__)], Path(folder))
        except Exception as error:  # a kind that does not even start is passed over, whatever the reason
            reached = [str(error) or type(error).__name__]
        return (None, "; ".join(reached)) if reached else (parent, "")


def _attack(parent: WarmParent, read: Sequence[Path], write: Path) -> list[str]:
    """What an attack from inside reaches: sentences; none where the sandbox holds."""
    nursery = parent.nursery()
    with (
        contextlib.closing(nursery),
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
        return [f"lets {what}" for what in nursery.probe(targets)]
