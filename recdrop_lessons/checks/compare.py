"""Two values beside each other: are they the same, and if not, where do they first part?"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Value

# Relative to the largest number in the right value, or to 1 where that is smaller.
TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-9}


@dataclass(frozen=True)
class Difference:
    """The first place where two values part.

    `reason` is "kind", "length", "shape", "dtype", "not finite" or "value"; `sentence` is for the learner.
    `within`: they part inside a tuple, a list or a dict, not as a whole.
    """

    reason: str
    sentence: str
    output: str
    index: tuple[int, ...] = ()
    yours: Value = None
    right: Value = None
    within: bool = False


def compare(
    yours: Value, right: Value, names: tuple[str, ...], tolerance: float, dtype: torch.dtype | None = None
) -> Difference | None:
    """None where the two are the same: kinds, lengths, shapes, the given dtype, values within the tolerance.

    A list passes for a tuple, an int for a float. `names` are those of the outputs.
    """
    return _compare(
        yours, right, names[0] if len(names) == 1 else f"({', '.join(names)})", names, tolerance, dtype
    )


def same(a: Value, b: Value, tolerance: float) -> bool:
    """Equal in structure, shapes and values, whatever the dtypes."""
    return compare(a, b, ("",), tolerance) is None


def unchanged(before: Value, after: Value) -> bool:
    """Equal to the last bit, dtype and shape included. NaN equals NaN."""
    if before is after:
        return True
    if isinstance(before, Tensor):
        return (
            isinstance(after, Tensor)
            and before.dtype == after.dtype
            and before.shape == after.shape
            and bool(((before == after) | ((before != before) & (after != after))).all())
        )
    if isinstance(before, torch.Generator):
        return True
    if isinstance(before, dict):
        return (
            isinstance(after, dict)
            and before.keys() == after.keys()
            and all(unchanged(before[name], after[name]) for name in before)
        )
    if isinstance(before, (tuple, list)):
        return (
            isinstance(after, type(before))
            and len(before) == len(after)
            and all(map(unchanged, before, after))
        )
    return bool(before == after)


def describe(value: Value) -> str:
    """A value's kind in a few words: "a tensor of shape (3, 5)", "a tuple of 2"."""
    if isinstance(value, Tensor):
        return f"a tensor of shape {shape(value)}"
    if value is None:
        return "None"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, str):
        return f"the string {value[:60]!r}"
    if isinstance(value, (bool, int, float)):
        return f"the {type(value).__name__} {value!r}"
    return f"a {type(value).__name__}"


def shape(tensor: Tensor) -> tuple[int, ...]:
    return tuple(tensor.shape)


def _compare(
    yours: Value, right: Value, name: str, names: tuple[str, ...], tolerance: float, dtype: torch.dtype | None
) -> Difference | None:
    def differ(reason: str, sentence: str) -> Difference:
        return Difference(reason, sentence, name, (), yours, right)

    if isinstance(right, Tensor):
        return _compare_tensors(yours, right, name, tolerance, dtype)
    if isinstance(right, (tuple, list)):
        if not isinstance(yours, (tuple, list)):
            return differ("kind", _other_kind(yours, right, name))
        if len(yours) != len(right):
            return differ("length", f"{name}: you return {len(yours)} values; there should be {len(right)}.")
        named = len(names) == len(right) > 1
        inner = {i: names[i] if named else f"{name}[{i}]" for i in range(len(right))}
    elif isinstance(right, dict):
        if not isinstance(yours, dict) or yours.keys() != right.keys():
            return differ("kind", _other_kind(yours, right, name))
        inner = {key: f"{name}[{key!r}]" for key in right}
    else:
        return _compare_scalars(yours, right, name, tolerance)
    found = (_compare(yours[at], right[at], its, (its,), tolerance, dtype) for at, its in inner.items())
    return next((replace(one, within=True) for one in found if one is not None), None)


def _verb(name: str, one: str, several: str) -> str:
    """The form of a verb that goes with an output's name: "the loss differs", "the coefficients differ"."""
    return several if name.endswith("s") and not name.endswith("ss") else one


def _other_kind(yours: Value, right: Value, name: str) -> str:
    return f"{name}: you return {describe(yours)}; the right value is {describe(right)}."


def _compare_tensors(
    yours: Value, right: Tensor, name: str, tolerance: float, dtype: torch.dtype | None
) -> Difference | None:
    def differ(reason: str, sentence: str, where: tuple[int, ...] = ()) -> Difference:
        return Difference(reason, sentence, name, where, yours, right)

    if not isinstance(yours, Tensor):
        return differ("kind", _other_kind(yours, right, name))
    if yours.shape != right.shape:
        has = _verb(name, "has", "have")
        return differ("shape", f"{name} {has} shape {shape(yours)}; the right shape is {shape(right)}.")
    if dtype is not None and right.is_floating_point() and yours.dtype != dtype:
        has = _verb(name, "has", "have")
        said = f"{name} {has} dtype {_short(yours.dtype)}; the right dtype is {_short(dtype)}."
        return Difference("dtype", said, name, (), yours, right.to(dtype))
    if right.numel() == 0:
        return None
    a, b = yours.double(), right.double()
    # The scale is at least 1, so this is enough. A NaN fails the comparison.
    if torch.linalg.vector_norm(a - b, math.inf).item() <= tolerance:
        return None
    finite = b.isfinite()
    scale = max(1.0, float(b[finite].abs().max())) if bool(finite.any()) else 1.0
    wrong = ~((a - b).abs() <= tolerance * scale) & ~(a == b)  # NaN compares as wrong
    if not bool(wrong.any()):
        return None
    lost = ~a.isfinite() & finite
    where = tuple(int(i) for i in (lost if bool(lost.any()) else wrong).nonzero()[0])
    at = f"{name}[{', '.join(map(str, where))}]" if where else name
    if bool(lost.any()):
        return differ("not finite", f"{at} is {float(a[where])}; it should be a finite number.", where)
    places = f" in {int(wrong.sum())} of {wrong.numel()} places" if wrong.numel() > 1 else ""
    its, wanted = apart(float(a[where]), float(b[where]))
    first = f"first {at}: yours {its}, right {wanted}"
    return differ("value", f"{name} {_verb(name, 'differs', 'differ')}{places}, {first}.", where)


def _compare_scalars(yours: Value, right: Value, name: str, tolerance: float) -> Difference | None:
    def differ(reason: str) -> Difference:
        return Difference(reason, _other_kind(yours, right, name), name, (), yours, right)

    if isinstance(right, float):
        if isinstance(yours, bool) or not isinstance(yours, (int, float)):
            return differ("kind")
        if math.isfinite(right) and not math.isfinite(yours):
            return differ("not finite")
        close = yours == right or abs(yours - right) <= tolerance * max(1.0, abs(right))
    else:
        if type(yours) is not type(right):
            return differ("kind")
        close = yours == right
    return None if close else differ("value")


def number(value: Any) -> str:
    """A number to four significant digits."""
    return f"{float(value):.4g}"


def apart(one: float, other: float) -> tuple[str, str]:
    """Two numbers with as many digits as it takes to see that they differ: four, or more."""
    for digits in (4, 7, 10, 17):
        written = f"{one:.{digits}g}", f"{other:.{digits}g}"
        if written[0] != written[1]:
            break
    return written


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
