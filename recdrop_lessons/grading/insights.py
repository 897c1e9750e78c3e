"""A class over the lessons: predictions, misconceptions, hardest parts, and what to discuss next."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recdrop_lessons.checks.answer import Status
from recdrop_lessons.course.predictions.class_answers import ClassCount, count_class
from recdrop_lessons.course.predictions.prediction_file import Answer, Prediction, find
from recdrop_lessons.course.predictions.predictions_kept import answers_in

MAX_FILE = 1 << 20  # bytes of a learner's file
ENOUGH = 5  # answers from which on a fraction is worth discussing

Record = dict[str, Any]


@dataclass(frozen=True)
class Gathered:
    """The learners' predictions: each one's answers by name, and the files that could not be read."""

    answers: Mapping[str, Mapping[str, Answer]]
    unread: tuple[str, ...] = ()


def gather(folder: Path) -> Gathered:
    """The predictions in FOLDER/LEARNER.json or anywhere in FOLDER/LEARNER/: .recdrop/progress.json, say.

    Of several files of one learner, what the first one says counts.
    """
    answers: dict[str, dict[str, Answer]] = {}
    unread = []
    for path in sorted(folder.rglob("*.json")):
        name = path.relative_to(folder)
        try:
            if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_FILE:
                raise ValueError("no file of the usual size")
            store = json.loads(path.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError, RecursionError):
            unread.append(name.as_posix())
            continue
        found = answers_in(store) if isinstance(store, dict) else {}
        if found:
            learner = answers.setdefault(name.parts[0].removesuffix(".json"), {})
            learner.update({one: answer for one, answer in found.items() if one not in learner})
    return Gathered(answers, tuple(unread))


@dataclass(frozen=True)
class HardPart:
    """A graded part over the class: its lesson, how many got it right, and its most common misconception."""

    lesson: str
    part: str
    right: int
    of: int
    commonest: tuple[str, int] | None

    @property
    def fraction_wrong(self) -> float:
        return 1 - self.right / self.of


@dataclass(frozen=True)
class Recurring:
    """A misconception over the lessons: how many students have it somewhere, and in which parts."""

    slug: str
    students: int
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Insights:
    """All that the page says. No student is named in it, so that it can be shown to the class."""

    students: int
    learners: int  # who predicted
    predictions: Mapping[str, ClassCount]
    parts: tuple[HardPart, ...]
    misconceptions: tuple[Recurring, ...]
    unread: tuple[str, ...] = ()

    @property
    def to_discuss(self) -> Prediction | None:
        """The prediction whose answers divide the class most evenly, of those with enough answers.

        Where half of a class is wrong many neighbours disagree. "Not sure" counts as wrong here.
        """
        divided = {
            name: abs((count.wrong + count.unsure) / count.answered - 0.5)
            for name, count in self.predictions.items()
            if count.answered >= ENOUGH
        }
        return find(min(divided, key=lambda name: divided[name])) if divided else None

    @property
    def lessons(self) -> dict[str, tuple[float | None, float | None]]:
        """By a lesson's number: the fraction of predictions that were wrong, and of parts not right."""
        of_lesson: dict[str, tuple[list[ClassCount], list[HardPart]]] = {}
        for name, count in self.predictions.items():
            of_lesson.setdefault(name[:2], ([], []))[0].append(count)
        for part in self.parts:
            of_lesson.setdefault(part.lesson[:2], ([], []))[1].append(part)
        return {
            number: (
                _fraction((one.wrong, one.answered) for one in counts),
                _fraction((one.of - one.right, one.of) for one in parts),
            )
            for number, (counts, parts) in sorted(of_lesson.items())
        }


def insights(results: Iterable[tuple[str, Record]], gathered: Gathered) -> Insights:
    """What the records of `recdrop grade` and the gathered predictions say."""
    students: set[str] = set()
    statuses: dict[tuple[str, str], Counter[str]] = {}
    slugs: dict[tuple[str, str], Counter[str]] = {}
    holders: dict[str, set[str]] = {}
    places: dict[str, set[str]] = {}
    for student, record in results:
        students.add(student)
        for part in record["parts"]:
            if not part["max_points"]:
                continue  # for practice: that it is open says nothing
            key = record["lesson"], f"{part['part']} {part['name']}"
            statuses.setdefault(key, Counter())[part["status"]] += 1
            if slug := part["misconception"]:
                slugs.setdefault(key, Counter())[slug] += 1
                holders.setdefault(slug, set()).add(student)
                places.setdefault(slug, set()).add(part["part"])
    parts = [
        HardPart(
            lesson=key[0],
            part=key[1],
            right=counts[Status.OK],
            of=counts.total(),
            commonest=next(iter(slugs.get(key, Counter()).most_common(1)), None),
        )
        for key, counts in statuses.items()
    ]
    recurring = [
        Recurring(slug, len(who), tuple(sorted(places[slug], key=_by_number)))
        for slug, who in holders.items()
    ]
    counts = count_class(gathered.answers.values())
    return Insights(
        students=len(students),
        learners=len(gathered.answers),
        predictions=dict(sorted(counts.items(), key=lambda one: (-one[1].fraction_wrong, one[0]))),
        parts=tuple(sorted(parts, key=lambda one: (-one.fraction_wrong, one.lesson, one.part))),
        misconceptions=tuple(sorted(recurring, key=lambda one: (-one.students, -len(one.parts), one.slug))),
        unread=gathered.unread,
    )


def _fraction(pairs: Iterable[tuple[int, int]]) -> float | None:
    """The sum of the firsts over that of the seconds; None of nothing."""
    some, of = 0, 0
    for one, its in pairs:
        some, of = some + one, of + its
    return some / of if of else None


def _by_number(part: str) -> list[int]:
    return [int(number) for number in part.split(".")]
