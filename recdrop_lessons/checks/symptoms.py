"""What a mistake of any part looks like: in one difference, in what came back on all cases.

Exceptions are read in of_errors.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import permutations

from torch import Tensor

from recdrop_lessons.checks.answer import Value
from recdrop_lessons.checks.compare import Difference, same
from recdrop_lessons.checks.general import (
    AXES_EXCHANGED,
    AXIS_NOT_REDUCED,
    AXIS_OF_ONE,
    AXIS_REDUCED,
    DTYPE_CHANGED,
    FACTOR,
    IMPRECISE,
    LATER_STEPS,
    MORE_RETURNED,
    MORE_VALUES,
    NONE_AMONG_VALUES,
    NOT_EXPANDED,
    NOT_FINITE,
    NOTHING_RETURNED,
    NUMBER_EXPECTED,
    ONE_TENSOR,
    OUTPUTS_SWAPPED,
    PLACES,
    SIGN,
    SOME_OUTPUTS,
    TENSOR_EXPECTED,
    VALUES_MISSING,
    WRONG_KIND,
    WRONG_SHAPE,
)
from recdrop_lessons.checks.misconceptions import Misconception


def of_difference(difference: Difference) -> Misconception | None:
    """The mistake that one difference shows by its kind or shape."""
    yours, right = difference.yours, difference.right
    if yours is None:
        return NONE_AMONG_VALUES if difference.within else NOTHING_RETURNED
    if difference.reason == "dtype":
        return DTYPE_CHANGED
    if difference.reason == "not finite":
        return NOT_FINITE
    if isinstance(right, Tensor):
        if isinstance(yours, Tensor):
            if _only_ones_apart(yours, right):
                return AXIS_OF_ONE
            if _broadcasts(yours, right):
                return NOT_EXPANDED
            if difference.reason != "shape":
                return None
            if yours.dim() == right.dim():
                return WRONG_SHAPE
            return AXIS_NOT_REDUCED if yours.dim() > right.dim() else AXIS_REDUCED
        if isinstance(yours, (tuple, list)) and any(same(one, right, 1e-4) for one in yours):
            return MORE_RETURNED
        return TENSOR_EXPECTED if isinstance(yours, (bool, int, float, tuple, list)) else WRONG_KIND
    if isinstance(right, (tuple, list)):
        if isinstance(yours, (tuple, list)) and all(isinstance(one, str) for one in (*yours, *right)):
            return None  # words, as many as there are
        if _joined(yours, right):
            return ONE_TENSOR
        if _fewer(yours, right):
            return VALUES_MISSING
        if isinstance(yours, (tuple, list)) and len(yours) > len(right):
            return MORE_RETURNED if same(yours[: len(right)], right, 1e-4) else MORE_VALUES
        return WRONG_KIND
    if isinstance(yours, Tensor) and isinstance(right, (int, float)):
        return NUMBER_EXPECTED
    return WRONG_KIND if difference.reason == "kind" else None


def _only_ones_apart(yours: Tensor, right: Tensor) -> bool:
    return yours.shape != right.shape and yours.squeeze().shape == right.squeeze().shape


def _broadcasts(yours: Tensor, right: Tensor) -> bool:
    return (
        yours.dim() == right.dim()
        and all(a in (1, b) for a, b in zip(yours.shape, right.shape, strict=True))
        and yours.shape != right.shape
    )


def _fewer(yours: Value, right: Sequence[Value]) -> bool:
    """Whether it is a shorter list, or a single value of such a kind."""
    if isinstance(yours, (tuple, list)):
        return len(yours) < len(right)
    return len(right) > 1 and type(yours) is type(right[0])


def _joined(yours: Value, right: Sequence[Value]) -> bool:
    """Whether it is one tensor with as many elements as all the tensors that are asked for."""
    several = len(right) > 1 and all(isinstance(its, Tensor) for its in right)
    return several and isinstance(yours, Tensor) and yours.numel() == sum(its.numel() for its in right)


# ---------------------------------------------------------------- what all cases show together


def of_results(results: Sequence[tuple[Value, Value]]) -> Misconception | None:
    """The mistake that what came back on the plain cases shows beside what is right there.

    The first two of `results` have the same sizes and other values.
    """
    plain = results[:2]
    if any(same(yours, right, 1e-9) for yours, right in plain):
        return None
    if all(same(yours, right, 5e-3) for yours, right in results):
        return IMPRECISE
    for misconception, makes in _CHANGES:
        if all(any(same(yours, its, 1e-5) for its in makes(right)) for yours, right in plain):
            return misconception
    if all(_by_factor(yours, right) for yours, right in plain):
        return FACTOR
    if all(_sorted_alike(yours, right) for yours, right in plain):
        return PLACES
    if _some_outputs_right(plain):
        return SOME_OUTPUTS
    if all(_first_step_right(yours, right) for yours, right in plain):
        return LATER_STEPS
    return None


def _some_outputs_right(results: Sequence[tuple[Value, Value]]) -> bool:
    """Whether one of several outputs is right each time."""
    _, right = results[0]
    if not isinstance(right, (tuple, list)):
        return False
    return any(
        all(
            isinstance(yours, (tuple, list)) and len(yours) == len(its) and same(yours[k], its[k], 1e-5)
            for yours, its in results
        )
        for k in range(len(right))
    )


def _first_step_right(yours: Value, right: Value) -> bool:
    """Whether of results (B, T, H) the first step is right."""
    if not (isinstance(yours, Tensor) and isinstance(right, Tensor) and yours.shape == right.shape):
        return False
    return right.dim() == 3 and right.shape[1] > 1 and same(yours[:, 0], right[:, 0], 1e-5)


def _orders(right: Value) -> Iterable[Value]:
    """The values of a tuple in every other order."""
    if isinstance(right, (tuple, list)) and 2 <= len(right) <= 3:
        for order in list(permutations(range(len(right))))[1:]:
            yield [right[k] for k in order]


def _transposes(right: Value) -> Iterable[Value]:
    if isinstance(right, Tensor) and right.dim() >= 2:
        for order in list(permutations(range(right.dim())))[1:]:
            yield right.permute(order)


def _negative(right: Value) -> Iterable[Value]:
    if isinstance(right, (Tensor, float)):
        yield -right
    elif isinstance(right, tuple) and all(isinstance(its, (Tensor, float)) for its in right):
        yield tuple(-its for its in right)


_CHANGES: tuple[tuple[Misconception, Callable[[Value], Iterable[Value]]], ...] = (
    (OUTPUTS_SWAPPED, _orders),
    (AXES_EXCHANGED, _transposes),
    (SIGN, _negative),
)


def _by_factor(yours: Value, right: Value) -> bool:
    """Whether one factor leads from the right value to yours, the same at every element."""
    if not (isinstance(yours, Tensor) and isinstance(right, Tensor) and yours.shape == right.shape):
        return False
    if right.numel() < 2 or not right.is_floating_point() or not bool(right.any()):
        return False
    a, b = yours.double(), right.double()
    factor = float((a * b).sum() / (b * b).sum())
    return abs(factor) > 1e-6 and abs(factor - 1) > 1e-2 and same(a, factor * b, 1e-5)


def _sorted_alike(yours: Value, right: Value) -> bool:
    if not (isinstance(yours, Tensor) and isinstance(right, Tensor) and yours.numel() == right.numel() > 2):
        return False
    if yours.shape != right.shape:
        return False
    return same(yours.double().flatten().sort()[0], right.double().flatten().sort()[0], 1e-5)
