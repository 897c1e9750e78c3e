"""All lessons' parts by number and name, and one part run on one answer."""

from __future__ import annotations

import importlib
import pkgutil
import warnings
from functools import cache

import torch

from recdrop_lessons.checks import lessons
from recdrop_lessons.checks.answer import Answer, AnswerLost, Status
from recdrop_lessons.checks.parts import Details, Lesson, Outcome, Part, PartResult
from recdrop_lessons.checks.seen_in import seen_in

_PREFIX = "lesson_"


@cache
def all_lessons() -> tuple[Lesson, ...]:
    """Every lesson that has checks, in order: the packages lesson_NN_name of checks/lessons/."""
    return tuple(
        Lesson(module.removeprefix(_PREFIX), _parts(f"{lessons.__name__}.{module}"))
        for module in sorted(one.name for one in pkgutil.iter_modules(lessons.__path__))
    )


def _parts(package: str) -> tuple[Part, ...]:
    """The `PART` of each file of a lesson, by number. A file that starts with _ is what several parts share.

    Raises `TypeError`: a file holds no part, or one whose function has another name than the file.
    """
    parts = []
    for one in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if one.name.startswith("_"):
            continue
        found = getattr(importlib.import_module(f"{package}.{one.name}"), "PART", None)
        if not isinstance(found, Part) or found.name != one.name:
            raise TypeError(
                f"{package.rsplit('.', 1)[-1]}/{one.name}.py: a PART whose function is {one.name} was "
                f"expected, and {getattr(found, 'name', found)!r} was found. A file that several parts share "
                "has a name that begins with _."
            )
        parts.append(found)
    return tuple(sorted(parts, key=lambda part: [int(n) for n in part.number.split(".")]))


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
    """Check one answer on fresh inputs from the seed: all the part's points, or none.

    torch's own generator starts from the seed too. So an answer that draws from it is judged on the same
    draws in the notebook and in the grader, today and in a run that is resumed.
    """
    own = torch.default_generator
    before = own.get_state()
    own.manual_seed(seed)
    try:
        outcome = part.check(answer, seed)
        details = outcome.details | ({} if outcome.ok else pictured(part, answer, outcome))
    except AnswerLost as lost:
        return part.result(lost.status, lost.message)
    finally:
        own.set_state(before)
    status = Status.OK if outcome.ok else Status.FAILED
    return part.result(status, outcome.message, outcome.misconception, details)


def pictured(part: Part, answer: Answer, outcome: Outcome) -> Details:
    """The picture of a wrong answer among its details; {} where there is none.

    Whatever goes wrong on the way to it, the answer's points and its message stand already.
    """
    if part.picture is None or outcome.details.get("unwritten"):
        return {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an answer on an input that is cut to a single number
            picture = part.picture(answer, outcome.misconception)
    except Exception:
        picture = None
    picture = seen_in(part, outcome.misconception, picture)
    return {"picture": picture} if picture else {}
