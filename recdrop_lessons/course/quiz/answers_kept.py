"""What was answered, kept in the learner's own folder (see `progress`), and never overwritten."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from recdrop_lessons.course import progress
from recdrop_lessons.course.quiz.quiz_questions import LETTERS, QUESTIONS, UNSURE
from recdrop_lessons.support.errors import RecdropError

WHEN = ("opening", "closing")


class QuizError(RecdropError):
    """An answer that is none of the letters, or a question that the quiz does not ask."""


@dataclass(frozen=True)
class Sitting:
    """One time the quiz was answered: opening or closing, the moment in UTC, a letter for each question."""

    when: str
    at: str
    answers: Mapping[str, str]


def keep(when: str, answers: Mapping[str, str]) -> Sitting:
    """Keep the answers of one sitting, beside all earlier ones.

    `when`: "opening" or "closing". `answers`: a letter from a to d, or "not sure", for each question's name.
    Raises `QuizError` for a question left out or unknown, or an answer that is neither.
    """
    check_when(when)
    names = [question.name for question in QUESTIONS]
    for name in answers:
        if name not in names:
            raise QuizError(f"The quiz has no question {name!r}; it has {', '.join(map(repr, names))}.")
    for name in names:
        if answers.get(name) not in (*LETTERS, UNSURE):
            raise QuizError(
                f"The answer to {name!r} was {answers.get(name)!r}; expected one of "
                f"{', '.join(map(repr, LETTERS))}, or {UNSURE!r}."
            )
    moment = datetime.now(UTC).isoformat(timespec="microseconds")
    sitting = Sitting(when, moment, {name: answers[name] for name in names})
    progress.keep(f"quiz {when} {moment}", {"when": when, "at": moment, "answers": dict(sitting.answers)})
    return sitting


def sittings(when: str) -> list[Sitting]:
    """All sittings that were kept, in the order of time. One that this version cannot read is passed over."""
    check_when(when)
    found = []
    for name, value in progress.load()["kept"].items():
        if name.startswith(f"quiz {when} ") and _is_sitting(value):
            found.append(Sitting(when, value["at"], value["answers"]))
    return sorted(found, key=lambda sitting: sitting.at)


def _is_sitting(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("at"), str)
        and isinstance(value.get("answers"), dict)
        and all(isinstance(part, str) for part in itertools.chain(*value["answers"].items()))
    )


def check_when(when: str) -> None:
    if when not in WHEN:
        raise QuizError(f"when was {when!r}; expected 'opening' or 'closing'.")
