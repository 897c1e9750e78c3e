"""What a class handed in: `DIR/<student>/<lesson>/<lesson>.ipynb`, and odd things in its place."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from recdrop_lessons.grading.finding import NotFound, notebook_at
from recdrop_lessons.grading.names import Remark, key, shown
from recdrop_lessons.support.moments import read_stamp

_TAKEN = (".recdrop", "grades.csv", "summary.html")  # what lies beside the students' folders in the results


@dataclass(frozen=True)
class Attempt:
    """One notebook of a submission, or why there is none."""

    path: Path | None
    why: str = ""
    handed_in: float = 0.0  # seconds since 1970; 0 where nothing is known
    doubt: str = ""  # what is to be said of that moment


@dataclass(frozen=True)
class Submission:
    """A student's notebook of one lesson: one attempt or several, the last one last."""

    student: str
    lesson: str
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True)
class ClassFolder:
    """All submissions, sorted, and remarks on what was passed over."""

    submissions: tuple[Submission, ...]
    problems: tuple[Remark, ...]


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
    problems: list[Remark] = []
    for student in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if out is not None and Path(student.path).resolve() == out.resolve():
            continue
        if student.name in _TAKEN:
            told = " is a name that the results need; rename that student's folder."
            problems.append(Remark((student.name,), told))
        elif student.name.startswith(".") and not any(Path(student.path, name).exists() for name in lessons):
            continue  # .git, .DS_Store and the like
        elif student.is_symlink():
            problems.append(Remark((student.name,), " is a symbolic link and was not followed."))
        elif student.is_dir():
            found += _of_student(Path(student.path), lessons, required, problems)
        else:
            problems.append(Remark((student.name,), " is not a student's folder."))
    return ClassFolder(tuple(found), (*problems, *_alike({one.student for one in found})))


def _alike(students: Iterable[str]) -> Iterator[Remark]:
    """Folders that are perhaps one person's: macOS and Windows write names in other ways than Linux."""
    by_key: dict[str, list[str]] = {}
    for name in sorted(students):
        by_key.setdefault(key(name), []).append(name)
    for names in by_key.values():
        for other in names[1:]:
            told = "are one name but for capitals, spaces or how accents are stored. Both were graded"
            yield Remark((other,), f" and {shown(names[0])} {told}: are they two people?")


def _of_student(
    folder: Path, lessons: Sequence[str], required: Iterable[str], problems: list[Remark]
) -> list[Submission]:
    handed_in: dict[str, Submission] = {}
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        problems.append(Remark((folder.name,), f" cannot be opened: {error.strerror}."))
        return []
    for entry in entries:
        name = entry.name.removesuffix(".ipynb")
        if name not in lessons:
            if not entry.name.startswith("."):
                told = " belongs to no lesson and was not graded."
                problems.append(Remark((folder.name, entry.name), told))
            continue
        if entry.is_dir(follow_symlinks=False):
            attempts = _attempts(Path(entry.path), name)
        else:
            attempts = (_attempt(Path(entry.path)),)
        handed_in.setdefault(name, Submission(folder.name, name, attempts))
        problems += [Remark((folder.name, name), one.doubt) for one in attempts if one.doubt]
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
    """With when it was handed in: what nbgrader's collection noted beside it, else the file's own time."""
    note, doubt = path.with_name("timestamp.txt"), ""
    try:
        if stat.S_ISREG(note.lstat().st_mode):
            with note.open(encoding="utf-8-sig") as file:
                return Attempt(path, handed_in=read_stamp(file.read(100)))
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        doubt = f": timestamp.txt cannot be read ({error}); the notebook's own time counts."
    with contextlib.suppress(OSError):
        return Attempt(path, handed_in=path.lstat().st_mtime, doubt=doubt)
    return Attempt(path)
