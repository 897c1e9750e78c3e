"""What a deterministic part is tested on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from recdrop_lessons.checks.answer import Value, tensors


@dataclass(frozen=True)
class Case:
    """Arguments to try, floats in float64, and what is special about them: "B=1, F=3, H=2".

    `gradients` is False where the values alone are looked at. A gradient that is cut is cut everywhere or at
    an edge (an axis of one element, another kind of mask), so sizes that differ in nothing else need none.
    `unrounded` are the same arguments before they were rounded, where they are: an answer that is right on
    these and wrong on the others compares too strictly.
    """

    label: str
    arguments: dict[str, Value]
    gradients: bool = True
    unrounded: dict[str, Value] | None = None


def ordinary(cases: Iterable[Case]) -> list[Case]:
    """The plain cases, which a part has at its beginning: two, and whatever follows with the same sizes."""
    every = iter(cases)
    plain = list(islice(every, 2))
    for case in every:
        if _sizes(case.arguments) != _sizes(plain[0].arguments):
            break
        plain.append(case)
    return plain


def special_sizes(case: Case) -> bool:
    """Whether an axis has length 1, or two axes of one tensor are equally long."""
    shapes = [tuple(one.shape) for one in tensors(list(case.arguments.values()))]
    return any(1 in shape or len(set(shape)) < len(shape) for shape in shapes)


def _sizes(value: Value) -> Any:
    """Shapes, lengths and numbers, without what is in tensors and lists and without names."""
    if isinstance(value, dict):
        return {name: _sizes(item) for name, item in value.items()}
    shapes = [tuple(one.shape) for one in tensors(value)]
    if shapes or isinstance(value, (tuple, list)):
        return shapes or len(value)
    return None if isinstance(value, str) else value
