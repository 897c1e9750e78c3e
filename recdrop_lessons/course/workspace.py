"""A working copy of the course: notebooks and exercises of the learner's own, which no update overwrites.

    FOLDER/notebooks/, FOLDER/exercises/    the learner's own; lessons come without results
    FOLDER/.recdrop/copy.json               what the course last gave: digests of each file and of its cells

An update renews what nobody has written in. Where course and learner have both changed a file, the learner's
is kept beside the new one as NAME.yours-DATE, and the answers of an exercise are in the new one too (see
renewal.py). A file that is gone comes back: so one takes an exercise afresh. Each file is written whole, and
then the list of them: an update that was cut off is done again, and finds the rest.
"""

from __future__ import annotations

import datetime
import glob
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import nbformat

from recdrop_lessons.course import outline
from recdrop_lessons.course.folders import (
    COURSE,
    WITHIN_CLONE,
    WORKING_COPY,
    is_clone,
    is_working_copy,
    outside,
)
from recdrop_lessons.course.renewal import NotANotebook, cell_digest, parse, renew
from recdrop_lessons.course.without_results import without_results
from recdrop_lessons.support.errors import RecdropError
from recdrop_lessons.support.files import UNFINISHED, write_whole
from recdrop_lessons.support.typed import recdrop

ROOMS = ("notebooks", "exercises")


class WorkspaceError(RecdropError):
    """No working copy can be made or found here; says what to do."""


@dataclass(frozen=True)
class Given:
    """A file as the course last gave it: digests of its bytes and, of a notebook, of its cells in order."""

    digest: str
    cells: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, data: bytes) -> Given:
        cells = parse(data).cells if name.endswith(".ipynb") else ()
        return cls(hashlib.sha256(data).hexdigest(), tuple(map(cell_digest, cells)))


@dataclass(frozen=True)
class Change:
    """What became of a file: "new", "renewed", "merged", "replaced", "left"; where the old one is, or why."""

    name: str
    kind: str
    note: str = ""

    def __str__(self) -> str:
        return {
            "new": f"new: {self.name}",
            "renewed": f"renewed: {self.name}",
            "merged": f"renewed, with your answers in it: {self.name} (as it was: {self.note})",
            "replaced": f"renewed: {self.name} (the one you changed: {self.note})",
            "left": f"left alone: {self.name} {self.note} Rename it and update again to get the course's.",
        }[self.kind]


@dataclass(frozen=True)
class Update:
    """What an update did in a working copy."""

    folder: Path
    started: bool
    changes: tuple[Change, ...] = field(default=())

    @property
    def all_done(self) -> bool:
        return all(change.kind != "left" for change in self.changes)

    def __str__(self) -> str:
        if self.started:
            return f"Your copy of the course is in {self.folder} ({len(self.changes)} files)."
        lines = [str(change) for change in self.changes] or [f"Nothing is new in {self.folder}."]
        if any(change.kind in ("renewed", "merged", "replaced") for change in self.changes):
            lines.append("Notebooks that are open: reload them (File → Reload Notebook from Disk).")
        return "\n".join(lines)


def start(folder: Path) -> Update:
    """Make a working copy in a new folder, or go on with one that was begun there.

    Raises `WorkspaceError`: the folder is something else, is inside the course, or cannot be written.
    """
    folder = Path(os.path.abspath(folder.expanduser()))
    course = _course_around(folder)
    if course and folder.resolve() != course / WITHIN_CLONE:
        raise WorkspaceError(
            f"{folder} is inside the course, which updates overwrite: name a folder outside {course}."
        )
    if is_working_copy(folder):
        return update(folder)
    if around := next(filter(is_working_copy, folder.parents), None):
        raise WorkspaceError(
            f"{folder} is inside your working copy {around}, so nothing was made. To work in that copy: "
            f"`{recdrop()} lab`. For another copy, name a folder outside it."
        )
    try:
        if folder.exists() and not folder.is_dir():
            raise WorkspaceError(f"{folder} is a file: name a folder that is not there yet.")
        if folder.exists() and any(path.name != WORKING_COPY.parent.name for path in folder.iterdir()):
            raise WorkspaceError(
                f"{folder} has files in it and is not a working copy: name a folder that is not there yet."
            )
        _write_list(folder, {})
    except OSError as error:
        raise WorkspaceError(
            f"{folder} cannot be made ({error.strerror}): name a folder in a place that is yours."
        ) from None
    return Update(folder, True, update(folder).changes)


def find(start: Path | None = None) -> Path:
    """The working copy that `start`, by default the working folder, is or is in. Raises WorkspaceError."""
    start = (start or Path.cwd()).expanduser().absolute()
    for folder in (start, *start.parents):
        if is_working_copy(folder):
            return folder
    raise WorkspaceError(outside(start))


def update(folder: Path | None = None) -> Update:
    """Bring new and changed lessons into a working copy, by default the one around the working folder.

    Raises `WorkspaceError`: there is none, or a file cannot be read or written; what is done is kept.
    """
    folder = find(folder)
    given, changes = _read_list(folder), []
    try:
        for room in ROOMS:
            for left_over in (folder / room).rglob(f"{UNFINISHED}*"):  # of an update that was killed
                left_over.unlink()
        for name, data in _course_files():
            new = Given.of(name, data)
            change = _bring(folder / name, name, data, new, given.get(name))
            changes += [change] if change else []
            if given.get(name) != new and not (change and change.kind == "left"):
                given[name] = new
                _write_list(folder, given)
    except OSError as error:
        raise WorkspaceError(
            f"{folder} could not be updated ({error.strerror}). Nothing of yours is lost. When that is "
            "fixed, `recdrop update` continues there."
        ) from None
    return Update(folder, False, tuple(changes))


def results(lesson: str, folder: Path | None = None) -> Path:
    """Put a lesson with its stored results beside the learner's own; returns where.

    `lesson`: "05", or the notebook's name. `folder`: by default the working copy around the working folder.

    Raises `WorkspaceError`: there is no such lesson or no working copy, or it cannot be written.
    """
    folder, name = find(folder), lesson_named(Path(lesson).name)
    target = folder / "notebooks" / f"{name}.with-results.ipynb"
    data = (COURSE / "notebooks" / f"{name}.ipynb").read_bytes()
    try:
        if target.exists() and target.read_bytes() != data:
            _keep(target, target.read_bytes())
        write_whole(target, data)
    except OSError as error:
        raise WorkspaceError(f"{target} cannot be written ({error.strerror}).") from None
    return target


def lesson_named(text: str) -> str:
    """Return the lesson of the number "5" or "05", or of that name. Raises WorkspaceError with the range."""
    names = sorted(path.stem for path in (COURSE / "notebooks").glob("[0-9]*.ipynb"))
    if name := outline.named(text, names):
        return name
    raise WorkspaceError(f"There is no lesson {text}. The lessons are {names[0][:2]} to {names[-1][:2]}.")


def _bring(path: Path, name: str, data: bytes, new: Given, given: Given | None) -> Change | None:
    """One file of the course into the working copy; None where nothing changes."""
    if path.is_symlink() or path.is_dir():
        return Change(name, "left", "is a link or a folder.")
    if not path.exists():
        write_whole(path, data)
        return Change(name, "new")
    own = path.read_bytes()
    if own == data:
        return None
    try:
        now = Given.of(name, own)
    except NotANotebook as error:
        return Change(name, "left", f"is not a notebook that can be read ({error}).")
    if given and given.digest == new.digest:
        return None  # only the learner has changed it
    if given and (now.digest == given.digest or (now.cells and now.cells == given.cells)):
        write_whole(path, data)  # it was run at most
        return Change(name, "renewed")

    kind = "replaced"
    if name.startswith("exercises/") and name.endswith(".ipynb"):
        kind = "merged"
        merged = renew(parse(own), parse(data), given.cells if given else ())
        data = nbformat.writes(merged).encode()
        if data == own:
            return None  # an update that was cut off had done this one
    kept = _keep(path, own)
    write_whole(path, data)
    return Change(name, kind, f"{name.rpartition('/')[0]}/{kept.name}")


def _keep(path: Path, data: bytes) -> Path:
    """A copy beside the file, under a name that no other has; the one that is there, where it is the same."""
    stem = f"{path.stem}.yours-"
    for before in path.parent.glob(f"{glob.escape(stem)}*{path.suffix}"):
        if before.read_bytes() == data:
            return before
    stamp, number = datetime.date.today().isoformat(), 1
    while (target := path.with_name(f"{stem}{stamp}{f'-{number}' * (number > 1)}{path.suffix}")).exists():
        number += 1
    write_whole(target, data)
    return target


def _course_files() -> Iterator[tuple[str, bytes]]:
    """Every file of the course that a learner gets: its name within the folder, and its bytes."""
    if not all((COURSE / room).is_dir() for room in ROOMS):
        raise WorkspaceError(
            f"The course's notebooks are not in {COURSE}: install the course again, from a clone of it."
        )
    for room in ROOMS:
        for path in sorted((COURSE / room).rglob("*")):
            name = path.relative_to(COURSE)
            if path.is_file() and not any(part.startswith((".", "__")) for part in name.parts):
                yield name.as_posix(), without_results(name.as_posix(), path.read_bytes())


def _course_around(folder: Path) -> Path | None:
    """Return the course itself, or a clone of it, if the folder is in one."""
    around = (folder.resolve(), *folder.resolve().parents)
    return next((at for at in around if at == COURSE.resolve() or is_clone(at)), None)


def _read_list(folder: Path) -> dict[str, Given]:
    """What the course gave; where the list is damaged nothing, so that each file counts as changed."""
    try:
        files = json.loads((folder / WORKING_COPY).read_text(encoding="utf-8"))["files"]
        return {name: Given(one["digest"], tuple(one["cells"])) for name, one in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _write_list(folder: Path, given: dict[str, Given]) -> None:
    files = {name: asdict(one) for name, one in sorted(given.items())}
    write_whole(folder / WORKING_COPY, json.dumps({"version": 1, "files": files}, indent=1) + "\n")
