"""Which locks the learner's process gets: the best that holds against a real attack."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from recdrop_lessons.grading.inside.sandbox import Limits, seccomp_available
from recdrop_lessons.grading.warm import GradingError, Nursery, Sandbox, WarmParent, shut_paths

_SECCOMP = ("seccomp",) if seccomp_available() else ()
# In the order in which they are tried.
KINDS = (
    Sandbox("landlock+namespaces", ("namespaces", "landlock", *_SECCOMP)),
    Sandbox("landlock", ("landlock", *_SECCOMP)),
)
NONE = Sandbox("none", ())


def probe(nursery: Nursery, read: Sequence[Path], write: Path) -> list[str]:
    """What an attack from inside reaches: sentences; none where the sandbox holds."""
    with (
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
        return nursery.probe(targets)


@contextlib.contextmanager
def isolated(
    kind: str = "auto", *, limits: Limits | None = None, shut: Sequence[Path] = (), trusted: bool = False
) -> Iterator[tuple[WarmParent, Sandbox, list[str]]]:
    """A warm parent and the locks for what is forked from it: the first kind that holds.

    Args:
        kind: "auto" or a kind's name.
        limits: resources of one learner's process.
        shut: what must not be read or written, beside the course's own files.
        trusted: go on without locks where none holds.

    Yields:
        the parent, the kind, and why the kinds before it were passed over.

    Raises:
        GradingError: none holds, with what each let through.
    """
    limits = limits or Limits()
    wanted = [one for one in KINDS if kind in ("auto", one.name)] + (
        [NONE] if trusted or kind == "none" else []
    )
    if not wanted:
        raise GradingError(
            f"There is no isolation {kind!r}; there are {', '.join(one.name for one in KINDS)}."
        )
    passed_over: list[str] = []
    with tempfile.TemporaryDirectory(prefix="recdrop-probe-") as folder:
        secret = Path(folder, "submission.ipynb")
        secret.write_text("another learner's answer")
        parent = WarmParent()
        try:
            for one in wanted:
                if one is NONE:
                    break
                reached = _try(
                    parent, one, limits, [secret, Path(__file__)], Path(folder), [*shut, Path(folder)]
                )
                if not reached:
                    break
                passed_over.append(f"{one.name}: {'; '.join(reached)}")
            else:
                raise GradingError("No isolation holds here.\n" + "\n".join(passed_over))
            yield parent, one, passed_over
        finally:
            parent.close()


def _try(
    parent: WarmParent, kind: Sandbox, limits: Limits, read: Sequence[Path], write: Path, shut: Sequence[Path]
) -> list[str]:
    try:
        nursery = parent.nursery(kind, limits, shut_paths(*shut))
    except GradingError as error:
        return [f"does not start ({error})"]
    try:
        return probe(nursery, read, write)
    except Exception as error:
        return [f"the probe failed ({type(error).__name__}: {error})"]
    finally:
        nursery.close()
