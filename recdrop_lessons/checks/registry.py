"""All lessons' parts by number and name, and one part run on one answer."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from recdrop_lessons.checks.answer import Answer, AnswerLost
from recdrop_lessons.checks.parts import Lesson, Part, PartResult


@cache
def all_lessons() -> tuple[Lesson, ...]:
    """Every lesson that has checks, in order: the `LESSON` of each file `lesson_NN_name.py` here."""
    package = importlib.import_module("recdrop_lessons.checks")
    names = sorted(m.name for m in pkgutil.iter_modules(package.__path__) if m.name.startswith("lesson_"))
    return tuple(importlib.import_module(f"{package.__name__}.{name}").LESSON for name in names)


def lesson(name: str) -> Lesson:
    """The lesson "01_cells"; "01" and a path to its notebook name it too. Raises KeyError that lists them."""
    stem = name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1].removesuffix(".ipynb")
    for one in all_lessons():
        if stem in (one.name, one.name[:2]):
            return one
    raise KeyError(
        f"There is no lesson {name!r}; the lessons are {', '.join(one.name for one in all_lessons())}."
    )


def part(key: str) -> Part:
    """The part "1.2", or by its function's name "lstm_step". Raises KeyError that says what there is."""
    for one in all_lessons():
        for its in one.parts:
            if key in (its.number, its.name):
                return its
    numbers = ", ".join(its.number for one in all_lessons() for its in one.parts)
    raise KeyError(f"There is no part {key!r}; the parts are {numbers}.")


def lesson_of(part: Part) -> Lesson:
    return next(one for one in all_lessons() if part in one.parts)


def run(part: Part, answer: Answer, seed: int) -> PartResult:
    """Check one answer on fresh inputs from the seed: all the part's points, or none."""
    try:
        outcome = part.check(answer, seed)
    except AnswerLost as lost:
        return PartResult(
            part.number, part.name, 0, part.points, lost.status, None, lost.message, part.hints[0]
        )
    if outcome.ok:
        return PartResult(
            part.number, part.name, part.points, part.points, "ok", None, outcome.message, "", outcome.details
        )
    return PartResult(
        part.number,
        part.name,
        0,
        part.points,
        "failed",
        outcome.misconception,
        outcome.message,
        part.hints[0],
        outcome.details,
    )
