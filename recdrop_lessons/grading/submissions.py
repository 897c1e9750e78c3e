"""What a class handed in: `DIR/<student>/<lesson>/<lesson>.ipynb`, and odd things in its place."""

from __future__ import annotations

import contextlib
import datetime
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from recdrop_lessons.grading.finding import NotFound, notebook_at

_TAKEN = (".recdrop", "grades.csv", "summary.html")  # what lies beside the students' folders in the results


@dataclass(frozen=True)
class Attempt:
    """One notebook of a submission, or why there is none."""

    path: Path | None
    why: str = ""
    handed_in: float = 0.0  # seconds since 1970; 0 where nothing is known


@dataclass(frozen=True)
class Submission:
    """A student's notebook of one lesson: one attempt or several, the last one last."""

    student: str
    lesson: str
    attempts: tuple[Attempt, ...]

    @property
    def name(self) -> str:
        return f"{self.student}/{self.lesson}"


@dataclass(frozen=True)
class ClassFolder:
    """All submissions, sorted, and sentences about what was passed over."""

    submissions: tuple[Submission, ...]
    problems: tuple[str, ...]


def find_submissions(
    folder: Path, lessons: Sequence[str], required: Iterable[str] = (), out: Path | None = None
) -> ClassFolder:
    """Every submission below `folder`. No link is followed: a student can only hand in what is their own.

    `folder`: the class's folder, one folder a student.
    `lessons`: the lessons that there are.
    `required`: lessons that everyone was to hand in; who has no folder for one has its parts missing.
    `out`: where the results go, which may lie in `folder`.
    Raises `NotFound`: there is no such folder.
    """
    if not folder.is_dir():
        raise NotFound(
            f"There is no folder {folder}, with a notebook as {folder}/anna/01_cells/01_cells.ipynb in it."
        )
    found: list[Submission] = []
    problems: list[str] = []
    for student in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if out is not None and Path(student.path).resolve() == out.resolve():
            continue
        if student.name in _TAKEN:
            problems.append(f"{student.name} is a name that the results need; rename that student's folder.")
        elif student.name.startswith(".") and not any(Path(student.path, name).exists() for name in lessons):
            continue  # .git, .DS_Store and the like
        elif student.is_symlink():
            problems.append(f"{student.name} is a symbolic link and was not followed.")
        elif student.is_dir():
            found += _of_student(Path(student.path), lessons, required, problems)
        else:
            problems.append(f"{student.name} is not a student's folder.")
    return ClassFolder(tuple(found), tuple(problems))


def _of_student(
    folder: Path, lessons: Sequence[str], required: Iterable[str], problems: list[str]
) -> list[Submission]:
    handed_in: dict[str, Submission] = {}
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        problems.append(f"{folder.name} cannot be opened: {error.strerror}.")
        return []
    for entry in entries:
        name = entry.name.removesuffix(".ipynb")
        if name not in lessons:
            if not entry.name.startswith("."):
                problems.append(f"{folder.name}/{entry.name} belongs to no lesson and was not graded.")
            continue
        if entry.is_dir(follow_symlinks=False):
            attempts = _attempts(Path(entry.path), name)
        else:
            attempts = (Attempt(Path(entry.path), handed_in=_time(Path(entry.path))),)
        handed_in.setdefault(name, Submission(folder.name, name, attempts))
    for name in required:
        handed_in.setdefault(name, Submission(folder.name, name, (Attempt(None, "Nothing was handed in."),)))
    return [handed_in[name] for name in sorted(handed_in)]


def _attempts(folder: Path, lesson: str) -> tuple[Attempt, ...]:
    """The notebook in the lesson's folder, and one in each folder below it: an attempt each, by name."""
    found: list[Attempt] = []
    below = [Path(one.path) for one in os.scandir(folder) if one.is_dir(follow_symlinks=False)]
    for room in sorted(one for one in below if one.name not in (".ipynb_checkpoints", f"{lesson}.ipynb")):
        with contextlib.suppress(NotFound):
            found.append(_attempt(_notebook(room, lesson)))
    try:
        found.append(_attempt(_notebook(folder, lesson)))
    except NotFound as error:
        if not found:
            found.append(Attempt(None, str(error)))
    return tuple(sorted(found, key=lambda attempt: attempt.handed_in)) if len(found) > 1 else tuple(found)


def _notebook(folder: Path, lesson: str) -> Path:
    named = folder / f"{lesson}.ipynb"
    return named if os.path.lexists(named) else notebook_at(folder)


def _attempt(path: Path) -> Attempt:
    return Attempt(path, handed_in=_time(path))


def _time(path: Path) -> float:
    """When it was handed in: what nbgrader's collection noted beside it, else the file's own time."""
    note = path.with_name("timestamp.txt")
    with contextlib.suppress(OSError, ValueError):
        if stat.S_ISREG(note.lstat().st_mode):
            text = note.read_text(encoding="utf-8")[:100].strip().replace(" UTC", "+00:00")
            return datetime.datetime.fromisoformat(text.replace(" ", "T", 1)).timestamp()
    with contextlib.suppress(OSError):
        return path.lstat().st_mtime
    return 0.0
