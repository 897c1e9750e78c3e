"""The predictions that the lessons ask for, as they stand in data/predictions.toml."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from recdrop_lessons.course.predictions.written_number import written_number
from recdrop_lessons.support.errors import RecdropError

FILE = Path(__file__).resolve().parents[2] / "data" / "predictions.toml"

LETTERS = "abcdef"

UNSURE = "not sure"

Answer = str | float  # the letter of a choice, or a number


class PredictionError(RecdropError):
    """No such prediction, an answer that it does not take, or an entry of the file that cannot be read."""


@dataclass(frozen=True)
class Prediction:
    """One question that is asked before a cell is run.

    `name`: the number of the lesson and a word, "05-survival". `cell`: the id of the deciding cell,
    and `shows`: what stands there in the stored output.
    `choices`: the sentences of "a", "b", …; none where the answer is a number.
    `right`: the letter of the right choice, or the number. `tolerance`: how far off is still right.
    `why`: the reason, in one or two sentences. `trap`: the wrong answer that lies near, and its fault.
    `traps`: what is wrong with other answers, by the letter or the number.
    """

    name: str
    lesson: str
    cell: str
    shows: str
    question: str
    right: Answer
    why: str
    trap: str
    choices: tuple[str, ...] = ()
    tolerance: float = 0.0
    traps: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.choices and not (isinstance(self.right, str) and self.right in self.letters):
            raise PredictionError(f"{self.name}: right is {self.right!r}; expected one of {self.letters}.")
        if not self.choices and (isinstance(self.right, str) or not self.tolerance > 0):
            raise PredictionError(
                f"{self.name}: a number needs a number as `right`, and a `tolerance` above 0."
            )
        if any(self.is_right(self.read_answer(answer)) for answer in self.traps):
            raise PredictionError(f"{self.name}: `traps` has the right answer; expected wrong ones alone.")

    @property
    def letters(self) -> tuple[str, ...]:
        return tuple(LETTERS[: len(self.choices)])

    def read_answer(self, given: object) -> Answer:
        """The answer as it is kept: a letter, a number, or "not sure". Raises `PredictionError`."""
        text = str(given).strip()
        if text == UNSURE or text in self.letters:
            return text
        if self.choices:
            raise PredictionError(
                f"The answer was {text!r}; expected {', '.join(self.letters)} or {UNSURE!r}."
            )
        number = written_number(text)
        if number is None:
            raise PredictionError(f"The answer was {text!r}; expected a number, such as 0.5.")
        return number

    def is_right(self, answer: Answer) -> bool:
        """Whether the answer is right; "not sure" is not, and is not counted as wrong either."""
        if isinstance(answer, str) or isinstance(self.right, str):
            return answer == self.right
        return abs(answer - self.right) <= self.tolerance * (1 + 1e-9)

    def trap_of(self, answer: Answer) -> str:
        """What is wrong with this very answer; "" where nothing is said of it. A number may be off by 5 %."""
        for given, fault in self.traps.items():
            trap = self.read_answer(given)
            both_numbers = isinstance(answer, float) and isinstance(trap, float)
            if answer == trap or (both_numbers and math.isclose(float(answer), float(trap), rel_tol=0.05)):
                return fault
        return ""

    def words(self, answer: Answer) -> str:
        """An answer in words: "b) the second sentence", or the number."""
        if isinstance(answer, str):
            return answer if answer == UNSURE else f"{answer}) {self.choices[self.letters.index(answer)]}"
        return f"{answer:g}"

    @property
    def right_in_words(self) -> str:
        if self.choices:
            return self.words(self.right)
        counted = isinstance(self.right, float) and self.right.is_integer() and self.tolerance < 0.5
        return f"{self.right:g}" + ("" if counted else f" (right within {self.tolerance:g})")


def read(file: Path = FILE) -> dict[str, Prediction]:
    """All predictions by name, in the order of the file. Raises `PredictionError` for a faulty entry."""
    found = {}
    for name, entry in tomllib.loads(file.read_text(encoding="utf-8")).items():
        try:
            found[name] = Prediction(name, **_typed(entry))
        except (TypeError, AttributeError) as error:
            raise PredictionError(f"{file.name}, [{name}]: {error}.") from None
    return found


def _typed(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A choice's letter stays text, a number becomes a float, choices a tuple."""
    right = entry["right"] if isinstance(entry.get("right"), str) else float(entry.get("right", math.nan))
    return {**entry, "right": right, "choices": tuple(entry.get("choices", ()))}


@cache
def predictions() -> dict[str, Prediction]:
    """All predictions of the course, by name."""
    return read()


def find(name: str) -> Prediction:
    """The prediction of that name. Raises `PredictionError` with those of the same lesson."""
    every = predictions()
    if name in every:
        return every[name]
    near = [one for one in every if one[:2] == name[:2]] or list(every)
    raise PredictionError(f"There is no prediction {name!r}; there are {', '.join(near)}.")
