"""4.5 Which axes share a draw?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import permutations, product

import torch
from torch import Tensor

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lessons.lesson_04_masks_over_time._shared import AXES
from recdrop_lessons.checks.misconceptions import Misconception


def shared_axes(mask: Tensor) -> tuple[str, ...]:
    """The axes along which a mask is constant, whatever the other two indices are.

    Args:
        mask: a float tensor written out in full, (B, T, F), scaled: each element 0 or 1/(1-p) for some p.
            Each axis is longer than 1.

    Returns:
        A tuple with those of the strings "batch", "time" and "features", in this order, along which every
        slice of the mask is the same; the empty tuple where there is none.
    """
    return _where(lambda axis: axis_is_shared(mask, axis))


def axis_is_shared(mask: Tensor, axis: int) -> bool:
    return bool((mask == mask.narrow(axis, 0, 1)).all())


def _where(constant: Callable[[int], bool]) -> tuple[str, ...]:
    return tuple(name for axis, name in enumerate(AXES) if constant(axis))


def axes_cases(draw: Draw) -> Iterator[Case]:
    """Every sharing; and for each axis masks whose slices look the same, but are not."""
    sizes = draw.sizes(3, 3, 7)
    patterns = list(product((False, True), repeat=3))
    for shape in (sizes, [2, 2, 2], [4, 4, 4]):
        for k in torch.randperm(len(patterns), generator=draw.torch).tolist():
            yield _case(_shared_just_so(draw, shape, patterns[k]))
    for axis in range(3):
        middle, last = [size // 2 for size in sizes], [size - 1 for size in sizes]
        # first in one of the other axes and last in the next: it tells which of the two is not looked through
        mixed = [0 if k == (axis + 1) % 3 else size for k, size in enumerate(last)]
        for place in ([0, 0, 0], middle, last, mixed):
            yield _case(_but_for_one_element(draw, sizes, axis, place))
        for almost in (_but_for_one_slice, _same_counts):
            yield _case(almost(draw, sizes, axis))
    for value in (0.0, 1 / (1 - draw.uniform(0.2, 0.6))):
        yield _case(torch.full(sizes, value).double())


def _shared_just_so(draw: Draw, shape: list[int], pattern: tuple[bool, ...]) -> Tensor:
    """A mask that is constant along these axes and, also by chance, along no other."""
    while True:
        mask = draw.mask(*(1 if one else n for one, n in zip(pattern, shape, strict=True)))
        mask = mask.expand(shape).contiguous()
        if shared_axes(mask) == _where(lambda axis: pattern[axis]):
            return mask


def _case(mask: Tensor) -> Case:
    kept = "all" if bool(mask.all()) else "none" if not bool(mask.any()) else "some"
    return Case(f"a mask of shape {tuple(mask.shape)} that keeps {kept}", {"mask": mask})


def _but_for_one_element(draw: Draw, sizes: list[int], axis: int, place: list[int]) -> Tensor:
    """Constant along the axis, but for one element at that place of the other two axes."""
    mask = _shared_along(draw, sizes, axis)
    place[axis] = draw.integer(1, sizes[axis] - 1)
    return _flipped(mask, tuple(place))


def _but_for_one_slice(draw: Draw, sizes: list[int], axis: int) -> Tensor:
    """All slices along the axis are the same but the third."""
    mask = _shared_along(draw, sizes, axis)
    at: list[int | slice] = [slice(None)] * 3
    at[axis] = 2
    return _flipped(mask, tuple(at))


def _same_counts(draw: Draw, sizes: list[int], axis: int) -> Tensor:
    """Every slice along the axis drops the same number of elements, each time others."""
    length, rest = sizes[axis], [size for k, size in enumerate(sizes) if k != axis]
    first = draw.mask(*rest).flatten()
    slices = torch.stack([first.roll(k) for k in range(length)])
    return slices.unflatten(1, rest).movedim(0, axis).contiguous()


def _shared_along(draw: Draw, sizes: list[int], axis: int) -> Tensor:
    return draw.mask(*(1 if k == axis else n for k, n in enumerate(sizes))).expand(sizes).contiguous()


def _flipped(mask: Tensor, at: tuple[int | slice, ...]) -> Tensor:
    scale = float(mask.max())
    mask[at] = scale - mask[at]
    return mask


def _looked_at(others: int, index: int) -> list[Callable[[Tensor], tuple[str, ...]]]:
    """Right, but that of the axis `others` one index is looked at: for one of the other axes, or for both."""

    def of(axes: set[int]) -> Callable[[Tensor], tuple[str, ...]]:
        def its(mask: Tensor) -> tuple[str, ...]:
            one = mask.select(others, index).unsqueeze(others)
            seen = [one if axis in axes else mask for axis in range(3)]
            return _where(lambda axis: axis_is_shared(seen[axis], axis))

        return its

    first, second = {0, 1, 2} - {others}
    return [of({first, second}), of({first}), of({second})]


def _first(mask: Tensor, axis: int) -> Tensor:
    """The line along an axis at the first of the other two indices."""
    return mask.movedim(axis, 0).flatten(1)[:, 0]


def _in_order(order: Sequence[str], mask: Tensor) -> tuple[str, ...]:
    return tuple(name for name in order if name in shared_axes(mask))


def _alike(a: Tensor, b: Tensor) -> bool:
    return bool(torch.equal(a, b))


MISCONCEPTIONS = (
    Misconception(
        "own-for-shared",
        "You name the axes along which the mask changes. Shared is an axis along which it stays the same: "
        "one draw serves all its places.",
        "Take a mask whose rows (time) are all alike. Is time shared, or does it have its own draws?",
        lambda mask: tuple(name for name in AXES if name not in shared_axes(mask)),
    ),
    Misconception(
        "one-line-looked-at",
        "You look at one line along each axis, at the first of the other two indices. That line may be "
        "constant by chance: every line along the axis must be.",
        "Make a mask of zeros with a single 1 in the last place. Which axes does your function call shared?",
        lambda mask: _where(lambda axis: bool((_first(mask, axis) == _first(mask, axis)[0]).all())),
    ),
    Misconception(
        "one-example-looked-at",
        "You look at one example only. Another example may differ along this axis: look at all of them.",
        "Make a mask of two examples: of the first all is dropped, of the second one step. Which axes does "
        "your function call shared?",
        *(mistake for index in (0, -1) for mistake in _looked_at(0, index)),
    ),
    Misconception(
        "one-place-looked-at",
        "You look at one step or one feature only. At another one the mask may differ along this axis: look "
        "at all of them.",
        "Make a mask of zeros with a single 1 in the last place. Which axes does your function call shared, "
        "and which places has it looked at?",
        *(mistake for other in (1, 2) for index in (0, -1) for mistake in _looked_at(other, index)),
    ),
    Misconception(
        "two-slices-compared",
        "You compare two slices. A third may differ from both: every slice along the axis must be the same.",
        "Make a mask of three steps in which only the middle one differs. What does your function say?",
        lambda mask: _where(lambda axis: _alike(mask.select(axis, 0), mask.select(axis, 1))),
        lambda mask: _where(lambda axis: _alike(mask.select(axis, 0), mask.select(axis, -1))),
    ),
    Misconception(
        "counts-compared",
        "You compare how much each slice drops (its sum, its mean or its rate). Slices that drop equally "
        "many elements need not drop the same ones.",
        "Compare the rows (1, 0) and (0, 1): what do a sum and a mean say of them?",
        lambda mask: _where(
            lambda axis: bool(
                torch.isclose(
                    mask.movedim(axis, 0).flatten(1).sum(1), mask.select(axis, 0).sum(), atol=1e-6
                ).all()
            )
        ),
    ),
    Misconception(
        "time-batch-swapped",
        "You exchange batch and time. The mask's axes are (batch, time, features), in this order.",
        'Which position has "time" in (batch, time, features)? Count from 0.',
        lambda mask: shared_axes(mask.transpose(0, 1)),
        lambda mask: tuple({"batch": "time", "time": "batch"}.get(n, n) for n in shared_axes(mask)),
    ),
    Misconception(
        "order-reversed",
        "The axes are right, their order is not: batch, then time, then features.",
        "Compare the order of your tuple with the docstring.",
        lambda mask: shared_axes(mask)[::-1],
    ),
    Misconception(
        "axes-in-other-order",
        "The axes are right, their order is not. It is that of the mask: batch, time, features.",
        "Compare the order of your tuple with the docstring.",
        *(partial(_in_order, order) for order in permutations(AXES) if order not in (AXES, AXES[::-1])),
    ),
    Misconception(
        "string-for-tuple",
        'You return a string where there is one axis. A tuple of one has a comma: ("time",).',
        'Print type(("time")) and type(("time",)).',
        lambda mask: shared_axes(mask)[0] if len(shared_axes(mask)) == 1 else shared_axes(mask),
    ),
)

PART = exact_part(
    "4.5",
    shared_axes,
    points=20,
    hints=(
        "Take one axis at a time. Cut the mask into slices along it; when are they all the same?",
        "Compare every slice with the first one. Two slices, or one line, are not enough: which mask "
        "would deceive them?",
        "Keep the first slice as an axis of size 1 so that it broadcasts, `mask[:, :1]` for time, and ask "
        "whether all places of the mask agree with it.",
    ),
    cases=axes_cases,
    outputs=("the tuple of axes",),
    told=False,
    least=2,
    misconceptions=MISCONCEPTIONS,
)
