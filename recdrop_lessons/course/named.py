"""The learner's own notebook, however it is named: by a number, by an exercise's name, or by a path."""

from __future__ import annotations

import re
from pathlib import Path

from recdrop_lessons.course import outline
from recdrop_lessons.course.folders import WITHIN_CLONE, is_clone, is_working_copy, outside, own_folder
from recdrop_lessons.support.errors import RecdropError
from recdrop_lessons.support.typed import recdrop


def own_notebook(path: Path) -> Path:
    """Return the learner's own notebook, or its folder, that a path, a number or a name means.

    In a clone with a working copy in it, a path of the course means the same file in the copy.
    Raises RecdropError: there is no such exercise or file, or the folder is not inside a working copy.
    """
    name = None if path.exists() else _exercise(str(path))
    if name is not None:
        if (folder := own_folder()) is None:
            raise RecdropError(outside())
        path = folder / "exercises" / name
        if not any(path.glob("*.ipynb")):
            raise RecdropError(f"The notebook of {path} is missing. `recdrop update` brings it back.")
    if not (path.is_symlink() or path.exists() or path.with_name(f"{path.name}.ipynb").exists()):
        raise RecdropError(f"There is no {path}. {_instead(path)}")
    found = [one.name for one in path.glob("*.ipynb")]
    if path.is_dir() and len(found) != 1 and f"{path.resolve().name}.ipynb" not in found:
        many = f"There are {len(found)} notebooks" if found else "There is no notebook"
        raise RecdropError(f"{many} in {path.resolve()}. {_instead(path)}")
    for clone in path.absolute().parents:
        own = clone / WITHIN_CLONE / path.absolute().relative_to(clone)
        if is_working_copy(clone / WITHIN_CLONE) and own.exists():
            return own
    return path


def _instead(path: Path) -> str:
    if own_folder():
        return f"To check an exercise by its number: `{recdrop()} check 01`."
    if path.is_dir() and (folder := own_folder(path)):
        return f"Go to {folder}, and check an exercise by its number: `{recdrop()} check 01`."
    return outside()


def told(own: Path) -> str:
    """Return which notebook is meant, and that it is not a copy if it is the course's own."""
    folder = own_folder()
    if folder and is_clone(folder):
        return (
            f"The course's own notebook: {own}. You have no working copy here yet. To make one: "
            f"`{recdrop()} lab`."
        )
    return f"Your own notebook: {own}"


def _exercise(text: str) -> str | None:
    """Return the name of the exercise; None if the text is neither a number nor the name of one."""
    try:
        return outline.exercise(text).name
    except KeyError as error:
        none = str(error.args[0])
    try:
        part = outline.part(text)
    except KeyError:
        if re.fullmatch(r"[\d.]+", text):
            raise RecdropError(none) from None
        return None
    number = outline.lesson_of(part).name[:2]
    raise RecdropError(
        f"{text} is one part, and a check grades the whole exercise: `recdrop check {number}`."
    )
