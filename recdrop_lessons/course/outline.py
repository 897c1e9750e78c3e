"""What the course has: lessons by title, exercises and their parts by number, name, points and hints.

No checks and no torch, so that a hint comes at once. Two tools write the files: `data/outline.json` comes
from the checks by release_exercises.py, `data/lessons.json` from the notebooks by lesson_map.py.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_DATA = Path(__file__).resolve().parents[1] / "data"


@dataclass(frozen=True)
class PartOutline:
    """One graded function: "1.2", "lstm_step", its points and its hints in order."""

    number: str
    name: str
    points: int
    hints: tuple[str, ...]


@dataclass(frozen=True)
class LessonOutline:
    """One exercise; its name is that of its notebook."""

    name: str
    parts: tuple[PartOutline, ...]


@dataclass(frozen=True)
class Notebook:
    """One lesson: "02_noise", its title, and the opening questions that it answers, "1, 4" or "all"."""

    name: str
    title: str
    questions: str


@cache
def notebooks() -> tuple[Notebook, ...]:
    """All lessons, in order."""
    return tuple(Notebook(**one) for one in json.loads((_DATA / "lessons.json").read_text(encoding="utf-8")))


@cache
def lessons() -> tuple[LessonOutline, ...]:
    """All exercises, in order."""
    found = json.loads((_DATA / "outline.json").read_text(encoding="utf-8"))
    return tuple(
        LessonOutline(name, tuple(PartOutline(**part | {"hints": tuple(part["hints"])}) for part in parts))
        for name, parts in found.items()
    )


def part(key: str) -> PartOutline:
    """The part "1.2", or by its function's name "lstm_step". Raises KeyError that says what there is."""
    parts = [one for lesson in lessons() for one in lesson.parts]
    for one in parts:
        if key in (one.number, one.name):
            return one
    near = [one.number for one in parts if one.number.split(".")[0] == key.split(".")[0].lstrip("0")]
    numbers = near or [one.number for one in parts]
    raise KeyError(f"There is no part {key!r}; the parts are {', '.join(numbers)}.")


def lesson_of(part: PartOutline) -> LessonOutline:
    return next(one for one in lessons() if part in one.parts)
