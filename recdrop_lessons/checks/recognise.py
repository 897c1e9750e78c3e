"""The misconception that explains a wrong answer: the one whose mistake gives what the answer gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Answer, AnswerError, AnswerLost, Value
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.compare import same
from recdrop_lessons.checks.general import EDGE_CASE, ONE_NAME, RANDOM_RESULT, REMEMBERS, WORD
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.symptoms import of_results

# Loose enough for an answer that works in float32, far tighter than two mistakes are apart.
_RECOGNISED = 1e-5
_ENOUGH = 8  # numbers in which two wrong answers do not agree by chance


Found = TypeVar("Found")


@dataclass(frozen=True)
class Seen:
    """What an answer gave on a case, or `RAISED`, and what is right there."""

    case: Case
    yours: Value
    right: Value


def see(
    answer: Answer, reference: Callable[..., Value], cases: Iterable[Case], values: Values | None = None
) -> list[Seen]:
    """The answer asked about every case in float64, up to one at which its process is lost.

    `values` keeps what is right, for the next answer.
    """
    values = Values() if values is None else values
    seen = []
    for case in cases:
        try:
            yours = answer(**case.arguments)
        except AnswerError:
            yours = RAISED
        except AnswerLost:
            break
        seen.append(Seen(case, yours, values.of(reference, case)))
    return seen


def recognise(
    seen: Sequence[Seen], misconceptions: Sequence[Misconception], values: Values | None = None
) -> Misconception | None:
    """The first misconception whose mistake explains what was seen.

    Best on every case: it gives what the answer gives and raises where the answer raises. Else on every case
    where neither raises, as an answer may have a mistake and break at an edge besides. Else on the first two
    cases, which are plain, if they hold enough numbers. On some case the mistake must not be the right value.
    `values` keeps what the mistakes give on these cases, for the next answer.
    """
    values = Values() if values is None else values
    raised = sum(one.yours is RAISED for one in seen)
    rounds = [(seen, True)]
    if 2 * raised < len(seen):
        rounds.append((seen, False))
    if sum(_count(one.right) for one in seen[:2]) >= _ENOUGH:
        rounds.append((seen[:2], False))
    for some, raising in rounds:
        for misconception in misconceptions:
            for mistake in misconception.mistakes:
                if _explains(mistake, some, values, raising):
                    return misconception
    return None


def too_strict(answer: Answer, seen: Sequence[Seen]) -> bool:
    """Whether rounding alone makes it wrong: each case on which it is wrong, it gets right unrounded."""
    wrong = [one for one in seen if is_wrong(one)]
    if not wrong or any(one.case.unrounded is None for one in wrong):
        return False
    exact = (Case(one.case.label, one.case.unrounded or {}) for one in wrong)
    again = see(answer, lambda **_: wrong[0].right, exact)
    return len(again) == len(wrong) and not any(
        is_wrong(Seen(its.case, its.yours, one.right)) for its, one in zip(again, wrong, strict=True)
    )


def of_one_name(seen: Sequence[Seen]) -> list[Seen]:
    """Where an argument is a name out of a few: the cases with the names of the first wrong one.

    An answer may be wrong for two names, each in its own way. [] where this tells no more than all cases.
    """
    first = next((one for one in seen if is_wrong(one)), None)
    if first is None or not _names(first):
        return []
    its = [one for one in seen if _names(one) == _names(first)]
    return its if 1 < len(its) < len(seen) else []


def _wrong_for_one_name(seen: Sequence[Seen]) -> bool:
    """Wrong for a name from its first case on, and on most, and right for another name: no edge."""
    its = of_one_name(seen)
    others = {tuple(_names(one)) for one in seen} - {tuple(_names(one)) for one in seen if is_wrong(one)}
    return bool(its and others) and is_wrong(its[0]) and 2 * sum(map(is_wrong, its)) > len(its)


def _one_of_several_names(seen: Sequence[Seen]) -> str | None:
    """Where a case has several names: the one with which the answer is wrong mostly, and else never.

    Mostly, as a relu elsewhere may give 0 to what is wrong.
    """
    wrong = [_names(one) for one in seen if is_wrong(one)]
    if not wrong or len(wrong[0]) < 2:
        return None
    every = [name for name in wrong[0] if all(name in names for names in wrong)]
    return next(
        (name for name in every if 3 * len(wrong) > 2 * sum(name in _names(one) for one in seen)), None
    )


def _names(one: Seen) -> list[str]:
    return [value for value in one.case.arguments.values() if isinstance(value, str)]


def is_wrong(one: Seen) -> bool:
    """Whether the answer raised or gave something else."""
    return one.yours is RAISED or not same(one.yours, one.right, _RECOGNISED)


def general(answer: Answer, seen: Sequence[Seen]) -> Misconception | None:
    """The mistake that an answer to any part could have, where what was seen shows one."""
    if any(_from_before(one, earlier) for k, one in enumerate(seen) for earlier in seen[:k]):
        return REMEMBERS
    words, others = [one.right for one in seen], [one.yours for one in seen if isinstance(one.yours, str)]
    if all(isinstance(word, str) for word in words) and any(word not in words for word in others):
        return WORD
    if len(seen) < 2:
        return None
    plain = seen[0]
    if plain.yours is not RAISED and not same(plain.yours, plain.right, _RECOGNISED):
        again = see(answer, lambda **_: plain.right, [plain.case])
        if again and not same(_nan_beside(again[0].yours), _nan_beside(plain.yours), _RECOGNISED):
            return RANDOM_RESULT
    results = [(one.yours, one.right) for one in seen if one.yours is not RAISED]
    found = of_results(results) if len(results) > 1 else None
    if found is None and (name := _one_of_several_names(seen)):
        return Misconception(ONE_NAME.slug, ONE_NAME.sentence.replace("this one", f'"{name}"'), ONE_NAME.hint)
    if found is None and _wrong_for_one_name(seen):
        return ONE_NAME
    if found is None and not any(map(is_wrong, seen[:2])):
        return EDGE_CASE if any(map(is_wrong, seen)) else None
    return found


def _from_before(one: Seen, earlier: Seen) -> bool:
    """Whether the right value of an earlier case came back, to the last bit and not by chance."""
    given, before = one.case.arguments, earlier.case.arguments
    if any(a is b for a in given.values() for b in before.values() if isinstance(a, (Tensor, list))):
        return False  # two cases with inputs in common
    if any(
        _telling(value) and value == before.get(name) for name, value in given.items() if _is_float(value)
    ):
        return False  # two names of one question may have been confused
    if one.yours is RAISED or same(earlier.right, one.right, 1e-3):
        return False
    return same(one.yours, earlier.right, 1e-12) and _telling(earlier.right)


def _is_float(value: Value) -> bool:
    return isinstance(value, float)


def _telling(value: Value) -> bool:
    """Whether a value holds a float that is not round; a 0 with rounding is."""
    if isinstance(value, (tuple, list)):
        return any(map(_telling, value))
    if isinstance(value, Tensor):
        return value.is_floating_point() and bool(((value - value.round()).abs() > _RECOGNISED).any())
    return isinstance(value, float) and not value.is_integer()


def unless_lost(explain: Callable[[], Found | None]) -> Found | None:
    """A better name for an answer that is known to be wrong; None where its process is lost meanwhile."""
    try:
        return explain()
    except AnswerLost:
        return None


class Silent(Exception):
    """Raised by a mistake on arguments that it does not tell apart from others: the case is left out."""


RAISED = object()
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
        except Exception:  # a mistake may not fit every input
            return RAISED


def _explains(mistake: Callable[..., Value], seen: Iterable[Seen], values: Values, raising: bool) -> bool:
    """Whether the mistake gives what was seen. `raising`: it raises where the answer does, only there."""
    shows = False
    for one in seen:
        its = values.of(mistake, one.case)
        if its is _SILENT:
            continue
        if its is RAISED or one.yours is RAISED:
            if raising and its is not one.yours:
                return False
            continue
        if not same(_nan_beside(one.yours), _nan_beside(its), _RECOGNISED):
            return False
        shows = shows or not same(its, one.right, _RECOGNISED)
    return shows


def _count(value: Value) -> int:
    """How many numbers a value holds."""
    if isinstance(value, Tensor):
        return value.numel()
    return sum(map(_count, value)) if isinstance(value, (tuple, list)) else 1


def _nan_beside(value: Value) -> Value:
    """Every tensor as two, its numbers and where it is NaN, so that NaN equals NaN."""
    if isinstance(value, Tensor):
        return value.nan_to_num(0.0, torch.inf, -torch.inf), value.isnan().double()
    if isinstance(value, (tuple, list)):
        return tuple(_nan_beside(item) for item in value)
    return value
