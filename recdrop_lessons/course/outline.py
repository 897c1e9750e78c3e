"""What the course asks: its exercises and their parts by number, name, points and hints. No checks, no torch.

So that a hint comes at once. `data/outline.json` is written by tools/release_exercises.py from the checks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / "data" / "outline.json"


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


@cache
def lessons() -> tuple[LessonOutline, ...]:
    """All exercises, in order."""
    found = json.loads(FILE.read_text(encoding="utf-8"))
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
    raise KeyError(f"There is no part {key!r}; the parts are {', '.join(one.number for one in parts)}.")


def lesson_of(part: PartOutline) -> LessonOutline:
    return next(one for one in lessons() if part in one.parts)
