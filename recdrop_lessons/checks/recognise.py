"""The misconception that explains a wrong answer: the one whose mistake gives what the answer gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Answer, AnswerError, AnswerLost, Value
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.compare import same
from recdrop_lessons.checks.parts import Misconception

# Loose enough for an answer that works in float32, far tighter than two mistakes are apart.
_RECOGNISED = 1e-5

Found = TypeVar("Found")


def recognise(
    answer: Answer,
    reference: Callable[..., Value],
    cases: Iterable[Case],
    misconceptions: Iterable[Misconception],
    values: Values | None = None,
) -> Misconception | None:
    """The first misconception that gives what the answer gives on every case.

    On some case that must not be the right value. It is asked no further than a misconception is left.
    Where the answer raises, the mistake must raise too; one that raises `Silent` says nothing of a case.
    `values` keeps what the mistakes give on these cases, for the next answer.
    """
    values = Values() if values is None else values
    left = [_Candidate(one, mistake) for one in misconceptions for mistake in one.mistakes]
    for case in cases:
        if not left:
            break
        try:
            yours = answer(**case.arguments)
        except AnswerError:
            yours = _RAISED
        right = values.of(reference, case)
        left = [one for one in left if one.explains(yours, values.of(one.mistake, case), right)]
    return next((one.misconception for one in left if one.shows), None)


def unless_lost(explain: Callable[[], Found | None]) -> Found | None:
    """A better name for an answer that is known to be wrong; None where its process is lost meanwhile."""
    try:
        return explain()
    except AnswerLost:
        return None


@dataclass
class _Candidate:
    """A mistake that explains every value seen so far; `shows` once one of them was not the right value."""

    misconception: Misconception
    mistake: Callable[..., Value]
    shows: bool = False

    def explains(self, yours: Value, its: Value, right: Value) -> bool:
        if its is _SILENT:
            return True
        if its is _RAISED or yours is _RAISED:
            return its is yours
        if not same(_nan_beside(yours), _nan_beside(its), _RECOGNISED):
            return False
        self.shows = self.shows or not same(its, right, _RECOGNISED)
        return True


class Silent(Exception):
    """Raised by a mistake on arguments that it does not tell apart from others: the case is left out."""


_RAISED = object()
_SILENT = object()


class Values:
    """What functions give on cases, computed once each."""

    def __init__(self) -> None:
        self._known: dict[tuple[Callable[..., Value], int], Value] = {}

    def of(self, function: Callable[..., Value], case: Case) -> Value:
        key = function, id(case)
        if key not in self._known:
            self._known[key] = self._compute(function, case.arguments)
        return self._known[key]

    @staticmethod
    def _compute(function: Callable[..., Value], arguments: dict[str, Value]) -> Value:
        try:
            with torch.no_grad():
                return function(**arguments)
        except Silent:
            return _SILENT
        except Exception:  # a mistake may well not fit every input
            return _RAISED


def _nan_beside(value: Value) -> Value:
    """Every tensor as two, its numbers and where it is NaN, so that NaN equals NaN."""
    if isinstance(value, Tensor):
        return value.nan_to_num(0.0, torch.inf, -torch.inf), value.isnan().double()
    if isinstance(value, (tuple, list)):
        return tuple(_nan_beside(item) for item in value)
    return value
