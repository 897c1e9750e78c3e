"""A file written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from pathlib import Path

UNFINISHED = ".writing-"  # how the name of a file begins until it is whole
_WAITS = (0.05, 0.1, 0.2, 0.4)  # seconds: on Windows a file that a virus scanner has open cannot be replaced


def write_whole(path: Path, content: str | bytes, *, durable: bool = True) -> None:
    """The whole content, or the file as it was: written beside it, then moved over it.

    `path`: the file; its folder is made where it is not there, its mode stays.
    `content`: bytes, or text that is written in UTF-8; half of a pair, which no file can hold, as \\ud83d.
    `durable`: it outlives a power cut.
    Raises `OSError`: it cannot be written; nothing is left over then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode(errors="backslashreplace") if isinstance(content, str) else content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.chmod(name, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        _replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def _replace(name: str, path: Path) -> None:
    for seconds in _WAITS:
        try:
            return os.replace(name, path)
        except PermissionError:
            time.sleep(seconds)
    os.replace(name, path)
