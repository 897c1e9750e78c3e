"""Which notebook is meant, its bytes, and of which lesson it is."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from recdrop_lessons.checks import Lesson
from recdrop_lessons.grading.inside.reading import Unreadable
from recdrop_lessons.grading.names import shown

MAX_FILE = 1 << 28  # bytes


class NotFound(ValueError):
    """No notebook or no lesson; the text is a sentence for the person at the keyboard."""


def notebook_at(path: Path) -> Path:
    """The notebook itself, or the one in a folder: the one named as the folder, else the only one there.

    Raises `NotFound`: there is none, or more than one.
    """
    if not path.is_dir():
        if path.is_symlink() or path.exists():
            return path
        with_suffix = path.with_name(path.name + ".ipynb")
        if path.suffix != ".ipynb" and with_suffix.exists():
            return with_suffix
        raise NotFound(f"There is no {shown(str(path))}.")
    named = path / f"{path.resolve().name}.ipynb"
    if named.exists() or named.is_symlink():
        return named
    found = sorted(path.glob("*.ipynb"))
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFound(f"There is no notebook in {shown(str(path))}.")
    where, first = shown(str(path)), shown(str(found[0]))
    raise NotFound(f"There are {len(found)} notebooks in {where}; name the one that is meant: {first}")


def read_file(path: Path) -> bytes:
    """A submission's bytes, if it is a file; never follows a link, never waits at a pipe.

    Raises `Unreadable`: with the reason.
    """
    name = shown(path.name)
    flags = (
        os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        raise Unreadable(f"There is no {name}.") from None
    except OSError as error:
        if path.is_symlink():
            raise Unreadable(f"{name} is a symbolic link; hand in the notebook itself.") from None
        raise Unreadable(f"{name} cannot be opened: {error.strerror}.") from None
    found = os.fstat(descriptor)
    if stat.S_ISDIR(found.st_mode):
        os.close(descriptor)
        raise Unreadable(f"{name} is a folder, not a file; hand in the notebook itself.")
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(found.st_mode):
            raise Unreadable(f"{name} is a {_kind(found.st_mode)}, not a file; hand in the notebook itself.")
        if found.st_size > MAX_FILE:
            raise Unreadable(
                f"{name} has {found.st_size / 1e6:.0f} MB; at most {MAX_FILE / 1e6:.0f} MB are read. "
                "Clear its outputs, save it and hand it in again."
            )
        return file.read(MAX_FILE + 1)


def _kind(mode: int) -> str:
    return "named pipe" if stat.S_ISFIFO(mode) else "device"


def lesson_of_file(path: Path, data: bytes, lessons: Sequence[Lesson]) -> Lesson:
    """The lesson that a notebook belongs to: by the file's name, its folder's, or the answers in it.

    Raises `NotFound`: none fits.
    """
    for name in (path.stem, path.resolve().parent.name):
        for lesson in lessons:
            if lesson.name in name.lower():  # "01_cells (1)", "01_cells_anna" and "ANNA_01_CELLS" too
                return lesson
    found = {lesson.name: _answers_in(data, lesson) for lesson in lessons}
    best = max(lessons, key=lambda lesson: found[lesson.name], default=None)
    if best is None or not found[best.name]:
        names = ", ".join(lesson.name for lesson in lessons)
        raise NotFound(
            f"{shown(path.name)} belongs to no lesson: neither its name nor its cells name one. "
            f"The lessons: {names}"
        )
    return best


def _answers_in(data: bytes, lesson: Lesson) -> int:
    """How many of the lesson's functions the bytes speak of, read as text: it may be a broken notebook."""
    text = data.decode("utf-8", errors="replace")
    return sum(f"def {part.name}(" in text or json.dumps(part.name) in text for part in lesson.parts)
