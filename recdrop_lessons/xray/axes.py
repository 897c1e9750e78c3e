"""Which axis is the batch's, and which is time's: asked of the model, since sizes can coincide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.support.errors import RecdropError
from recdrop_lessons.xray.examples import changed, tensors_in

#: The outputs in evaluation for another example, or None if the model does not take it.
Evaluate = Callable[[Any], "list[Tensor] | None"]


@dataclass(frozen=True)
class ExampleAxes:
    """The axes of the example's main tensor, and its sizes there; None for one that there is not."""

    batch: int | None
    time: int | None
    sizes: tuple[int, ...]

    @property
    def batch_size(self) -> int | None:
        return None if self.batch is None else self.sizes[self.batch]

    @property
    def time_size(self) -> int | None:
        return None if self.time is None else self.sizes[self.time]


def main_tensor(example: object) -> Tensor | None:
    """The tensor whose axes count: the first of numbers with two axes or more, else the first."""
    tensors = list(tensors_in(example))
    wide = [tensor for tensor in tensors if tensor.dim() > 1]
    numbers = [tensor for tensor in wide if tensor.is_floating_point()]
    return next(iter([*numbers, *wide, *tensors]), None)


def find_axes(example: object, given: str | None, evaluate: Evaluate) -> ExampleAxes:
    """The axes by name, as in "B,T,F", or as the model tells them.

    Each example of a batch has its own output: if one is changed, no other output changes. Time is the axis
    that the model takes one step longer. Raises `RecdropError` for names that do not fit.
    """
    main = main_tensor(example)
    if main is None:
        return ExampleAxes(None, None, ())
    sizes = tuple(main.shape)
    if given:
        return _named(given, sizes)
    if _is_graph(example) or not sizes:
        return ExampleAxes(None, None, sizes)
    sequence = len(sizes) == 3 or len(sizes) == 2 and not main.is_floating_point()
    batch = 0
    if sequence and not _is_apart(example, main, 0, evaluate) and _is_apart(example, main, 1, evaluate):
        batch = 1
    time = None
    if sequence:
        others = [axis for axis in range(len(sizes)) if axis != batch]
        grows = (axis for axis in others if evaluate(longer(example, axis)) is not None)
        time = next(grows, others[0])
    return ExampleAxes(batch, time, sizes)


def _named(given: str, sizes: tuple[int, ...]) -> ExampleAxes:
    names = [name.strip().upper()[:1] for name in given.split(",")]
    if len(names) != len(sizes):
        raise RecdropError(
            f"{given!r} names {len(names)} axes, and the example has {len(sizes)}: name each axis."
        )
    batch, time = (names.index(name) if name in names else None for name in "BT")
    return ExampleAxes(batch, time, sizes)


def _is_graph(example: object) -> bool:
    """Whether one tensor is a list of edges: (2, E) whole numbers, beside another."""
    tensors = list(tensors_in(example))
    edges = [t for t in tensors if t.dim() == 2 and t.shape[0] == 2 and not t.is_floating_point()]
    square = [t for t in tensors if t.layout != torch.strided or t.dim() == 2 and t.shape[0] == t.shape[1]]
    return len(tensors) > 1 and bool(edges or square)


def _is_apart(example: object, main: Tensor, axis: int, evaluate: Evaluate) -> bool:
    """Whether another first element along the axis changes one element of some output only."""
    size = main.shape[axis]
    if size < 2:
        return axis == 0
    index = torch.tensor([1, *range(1, size)], device=main.device)
    other = main.index_select(axis, index)
    if main.is_floating_point():
        other = torch.cat([other.narrow(axis, 0, 1) + 1, other.narrow(axis, 1, size - 1)], axis)
    first = evaluate(example)
    second = evaluate(changed(example, lambda tensor: other if tensor is main else tensor))
    if first is None or second is None:
        return axis == 0
    for one, two in zip(first, second, strict=False):
        if one.shape != two.shape:
            continue
        moved = ~torch.isclose(one, two, rtol=1e-4, atol=1e-6, equal_nan=True)
        for out_axis in range(one.dim()):
            if one.shape[out_axis] == size:
                where = moved.movedim(out_axis, 0).reshape(size, -1).any(1)
                if bool(where[0]) and not bool(where[1:].any()):
                    return True
    return False


def longer(example: Any, axis: int) -> Any:
    """The example with one more along an axis of its main tensor, in each tensor that has this size there."""
    main = main_tensor(example)
    assert main is not None
    size = main.shape[axis]

    def grow(tensor: Tensor) -> Tensor:
        if tensor.layout != torch.strided:
            return tensor
        at = axis if tensor.dim() > axis and tensor.shape[axis] == size else None
        if at is None:
            at = next((k for k, n in enumerate(tensor.shape) if n == size), None)
        if at is None or tensor is not main and tensor.dim() > 2 and tensor.shape[at] != size:
            return tensor
        return torch.cat([tensor, tensor.narrow(at, size - 1, 1)], at)

    return changed(example, grow)


def grown(shape: tuple[int, ...], other: tuple[int, ...] | None, size: int | None) -> tuple[int, ...]:
    """The axes of a value that grew with the example; without a grown value, the axis of this size."""
    if other is not None and len(other) == len(shape):
        return tuple(axis for axis, (n, m) in enumerate(zip(shape, other, strict=True)) if n != m)
    same = tuple(axis for axis, n in enumerate(shape) if n == size)
    return same[:1]
