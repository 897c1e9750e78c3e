"""What the course has: lessons by title, exercises and their parts by number, name, points and hints.

No checks and no torch, so that a hint comes at once. Two tools write the files: `data/outline.json` comes
from the checks by release_exercises.py, `data/lessons.json` from the notebooks by lesson_map.py.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Sequence
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


def named(text: str, names: Sequence[str]) -> str | None:
    """Return the name that is meant by "5", "05", "05_recurrent_dropout_family" or its notebook's name."""
    stem = text.removesuffix(".ipynb")
    number = f"{stem:0>2}" if re.fullmatch(r"\d\d?", stem) else stem
    return next((name for name in names if number in (name, name[:2])), None)


def exercise(text: str) -> LessonOutline:
    """Return the exercise of that number or name. Raises KeyError that says which there are."""
    names = [one.name for one in lessons()]
    if name := named(text, names):
        return next(one for one in lessons() if one.name == name)
    is_lesson = named(text, [one.name for one in notebooks()]) is not None
    none = f"Lesson {text} has no exercise." if is_lesson else f"There is no exercise {text}."
    raise KeyError(f"{none} The exercises are {names[0][:2]} to {names[-1][:2]}.")


def lesson_headed(heading: str) -> str | None:
    """Return "01" for the heading of lesson 01; an exercise is headed "Exercise 01"."""
    found = re.match(r"# (\d\d) · ", heading)
    return found[1] if found else None


def part(key: str) -> PartOutline:
    """Return the part "1.2", or "lstm_step" by its function's name. Raises KeyError with what there is."""
    parts = [one for lesson in lessons() for one in lesson.parts]
    for one in parts:
        if key.lstrip("0") == one.number or key == one.name:
            return one
    lesson, dot, _ = key.partition(".")
    if name := named(lesson, [one.name for one in lessons()]):
        its = ", ".join(f"{one.number} {one.name}" for one in exercise(name).parts)
        none = f"There is no part {key!r}." if dot else f"{key} is a whole exercise."
        raise KeyError(f"{none} The parts of exercise {name[:2]} are {its}.")
    if near := difflib.get_close_matches(key, [one.name for one in parts], 1):
        raise KeyError(f"There is no part {key!r}. Did you mean {near[0]}?")
    spans = [f"{one.parts[0].number} to {one.parts[-1].number}" for one in lessons()]
    raise KeyError(f"There is no part {key!r}. The parts are {', '.join(spans)}.")


def lesson_of(part: PartOutline) -> LessonOutline:
    return next(one for one in lessons() if part in one.parts)
