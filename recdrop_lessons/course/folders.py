"""Where things are: the course's own notebooks, and the learner's folder."""

from __future__ import annotations

import os
from pathlib import Path

from recdrop_lessons.course import outline
from recdrop_lessons.support.typed import recdrop

_LIBRARY = Path(__file__).resolve().parents[1]
_CARRIED = _LIBRARY / "data" / "course"  # setup.py puts it there

# The folder that holds notebooks/, exercises/ and solutions/: a clone, or what a wheel carries.
COURSE = _CARRIED if _CARRIED.is_dir() else _LIBRARY.parent

# The marker of a learner's working copy: `start` writes it before anything else; see workspace.py.
WORKING_COPY = Path(".recdrop") / "copy.json"

# The working copy that `make lab` makes within a clone; git ignores it.
WITHIN_CLONE = "my-course"


def is_working_copy(folder: Path) -> bool:
    """Return whether `start` made the folder: every release of it writes the marker first."""
    return (folder / WORKING_COPY).is_file()


def is_clone(folder: Path) -> bool:
    """Return whether the folder is a clone of the course: it has the solutions."""
    return (folder / "solutions" / _exercises()[0]).is_dir()


def own_folder(start: Path | None = None) -> Path | None:
    """Return the learner's folder around `start` (default: the working folder), or None if there is none.

    It is the one named in RECDROP_FOLDER, or else the nearest folder upwards that is known:

    - by the marker of a working copy, in it or in its `my-course`;
    - by exercises of this course in its `exercises`: a clone, or a copy that `start` did not make;
    - by progress that an earlier check kept, if notebooks of the course are there, or it is `start`.

    Any other `.recdrop` is a stranger's. Last, `start` is known by notebooks of the course in it.
    """
    named = os.environ.get("RECDROP_FOLDER")
    if named:
        return Path(named)
    here = (start or Path.cwd()).absolute()
    for folder in (here, *here.parents):
        if is_working_copy(folder / WITHIN_CLONE):
            return folder / WITHIN_CLONE
        if is_working_copy(folder) or any((folder / "exercises" / name).is_dir() for name in _exercises()):
            return folder
        if (folder / ".recdrop" / "progress.json").is_file() and (folder == here or _has_notebooks(folder)):
            return folder
    return here if _has_notebooks(here) else None


def folder_of(notebook: Path) -> Path:
    """Return the learner's folder that a notebook is in, or else the usual one."""
    notebook, here = notebook.absolute(), own_folder()
    if here and notebook.is_relative_to(here.absolute()):
        return here
    return own_folder(notebook if notebook.is_dir() else notebook.parent) or learners_folder()


def learners_folder() -> Path:
    """Return the learner's folder, or the working folder if it is in none."""
    return own_folder() or Path.cwd()


def outside(folder: Path | None = None) -> str:
    """Return what to do in a folder (default: the working folder) that is not the learner's."""
    return (
        f"{folder or Path.cwd()} is not inside a working copy of the course. Run this in your copy, or "
        f"create one: `{recdrop()} start FOLDER`."
    )


def _exercises() -> list[str]:
    return [lesson.name for lesson in outline.lessons()]


def _has_notebooks(folder: Path) -> bool:
    """Return whether notebooks of the course are in the folder, as one has downloaded or fetched them."""
    rooms = ("{0}.ipynb", "{0}/{0}.ipynb", "notebooks/{0}.ipynb")
    return any((folder / room.format(name)).is_file() for name in _exercises() for room in rooms)
