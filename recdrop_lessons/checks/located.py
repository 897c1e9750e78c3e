"""Where a mistake lies: an answer that nothing else explains is asked again, with one argument changed.

The first two cases of a part have the same sizes and other values. So an argument of the second may replace
that of the first: an answer that does not change has not used it. And where an argument is zero or one
everywhere, a mistake in how it is used often has no effect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Answer, AnswerError, Value, tensors
from recdrop_lessons.checks.compare import same
from recdrop_lessons.checks.general import ARGUMENT_IGNORED, ARGUMENT_MISUSED, EXAMPLES_MIXED
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.recognise import RAISED, Seen

_EQUAL = 1e-5  # as in recognise.py
_FEW = 3  # more arguments than this say nothing about where the mistake is; so many other values are tested

# A part's own look at what was drawn or dropped says more than these.
LOCATED = tuple(one.slug for one in (ARGUMENT_IGNORED, EXAMPLES_MIXED, ARGUMENT_MISUSED))

Reference = Callable[..., Value]


def located(answer: Answer, reference: Reference, seen: Sequence[Seen]) -> Misconception | None:
    """The argument that a wrong answer does not use or uses wrongly, or that it mixes the examples."""
    if len(seen) < 2 or seen[0].yours is RAISED or not _telling(seen[0].right):
        return None
    unused = _unused(answer, reference, seen)
    if unused:
        return _about(ARGUMENT_IGNORED, _listed(unused))
    if _mixes_examples(answer, reference, seen):
        return EXAMPLES_MIXED
    for number, word in ((0.0, "zero"), (1.0, "one")):
        names = _harmless(answer, reference, seen[0], number)
        if 0 < len(names) <= _FEW:
            return _about(ARGUMENT_MISUSED, f"{_listed(names)} is {word}", _listed(names))
    return None


def _about(misconception: Misconception, *what: str) -> Misconception:
    return Misconception(misconception.slug, misconception.sentence.format(*what), misconception.hint)


def _listed(names: Sequence[str]) -> str:
    *others, last = [f"`{name}`" for name in names]
    return f"{', '.join(others)} or {last}" if others else last


def _ask(function: Callable[..., Value], arguments: dict[str, Value]) -> Value:
    try:
        with torch.no_grad():
            return function(**arguments)
    except AnswerError:
        return RAISED


def _expected(reference: Reference, arguments: dict[str, Value]) -> Value:
    """What is right there; `RAISED` where the changed argument makes no sense."""
    try:
        value = _ask(reference, arguments)
    except Exception:
        return RAISED
    finite = all(bool(one.isfinite().all()) for one in tensors(value) if one.is_floating_point())
    return value if finite else RAISED


def _unused(answer: Answer, reference: Reference, seen: Sequence[Seen]) -> list[str]:
    """The arguments on which the right result depends and the answer's does not."""
    plain = seen[0]

    def unused(name: str) -> bool:
        asked = [plain.case.arguments | {name: value} for value in _other_values(seen, name)]
        telling = [its for its in asked if _differs(_expected(reference, its), plain.right)]
        return bool(telling) and all(same(_ask(answer, its), plain.yours, 1e-12) for its in telling)

    return [name for name in plain.case.arguments if unused(name)]


def _other_values(seen: Sequence[Seen], name: str) -> Iterator[Value]:
    """Other values of an argument; one alone may give the same by chance, as relu of what is positive."""
    value, *others = [one.case.arguments.get(name) for one in seen]
    others = [other for other in others if type(other) is type(value)]
    if isinstance(value, (str, bool, int, float)):
        different: list[Value] = []
        for other in others:
            if other != value and other not in different:
                different.append(other)
        yield from different[:_FEW]
        return
    other = seen[1].case.arguments.get(name)  # of the same sizes
    if isinstance(value, (Tensor, tuple, list)) and type(other) is type(value):
        yield other
        if isinstance(other, Tensor) and other.dim() > 0:
            yield other.flip(0)


def _differs(value: Value, right: Value) -> bool:
    return value is not RAISED and not same(value, right, _EQUAL)


def _harmless(answer: Answer, reference: Reference, plain: Seen, number: float) -> list[str]:
    """The arguments whose elements, all set to one number, make the answer right."""
    names = []
    for name, value in plain.case.arguments.items():
        if not (isinstance(value, Tensor) and value.is_floating_point()):
            continue
        changed = plain.case.arguments | {name: torch.full_like(value, number)}
        right = _expected(reference, changed)
        if right is not RAISED and _telling(right) and same(_ask(answer, changed), right, _EQUAL):
            names.append(name)
    return names


def _telling(right: Value) -> bool:
    """Whether it holds numbers that no answer gives by chance, such as zeros everywhere."""
    if isinstance(right, float):
        return not right.is_integer()
    if isinstance(right, (tuple, list)):
        return any(map(_telling, right))
    if not (isinstance(right, Tensor) and right.is_floating_point()):
        return False
    return bool((right.frac() != 0).any()) and (right.dim() == 0 or right.unique().numel() > 1)


def _mixes_examples(answer: Answer, reference: Reference, seen: Sequence[Seen]) -> bool:
    """Whether another first example changes the results of the others, which it should not."""
    plain, other = seen[0], seen[1].case.arguments
    first = next(tensors(plain.right), None)
    if first is None or first.dim() == 0 or len(first) < 2:
        return False
    changed = {
        name: _with_first_of(value, other.get(name), len(first))
        for name, value in plain.case.arguments.items()
    }
    right = _expected(reference, changed)
    if right is RAISED or not _others_same(right, plain.right) or same(right, plain.right, _EQUAL):
        return False
    yours = _ask(answer, changed)
    return yours is not RAISED and not _others_same(yours, plain.yours)


def _with_first_of(value: Value, other: Any, B: int) -> Value:
    if not (isinstance(value, Tensor) and isinstance(other, Tensor) and value.shape == other.shape):
        return value
    if value.dim() == 0 or len(value) != B or not value.is_floating_point():
        return value
    return torch.cat([other[:1], value[1:]])


def _others_same(a: Value, b: Value) -> bool:
    """Whether all results but those of the first example are equal."""
    pairs: Iterable[tuple[Tensor, Tensor]] = zip(tensors(a), tensors(b), strict=False)
    return all(x.shape == y.shape and x.dim() > 0 and same(x[1:], y[1:], 1e-9) for x, y in pairs)
