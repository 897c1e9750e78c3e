"""4.4 Dropout with a noise shape."""

from __future__ import annotations

from itertools import cycle, product

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Answer, Value
from recdrop_lessons.checks.draw import Draw, non_contiguous
from recdrop_lessons.checks.mask_picture import MaskPicture
from recdrop_lessons.checks.masks import EXACT_COUNT, GENERAL_MASK, counts_vary, judge
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.multiplied import (
    apart_from_zero,
    drops_nothing,
    kept_or_dropped,
    like_x,
    small_shapes,
    small_step,
)
from recdrop_lessons.checks.parts import Part
from recdrop_lessons.checks.steps import Drawing, Reply, Step, Steps, fail, kept, stepwise


def noise_shape_dropout(
    x: Tensor, p: float, noise_shape: tuple[int | None, ...], generator: torch.Generator | None = None
) -> Tensor:
    """Inverted dropout, always in training mode, with a mask of the shape noise_shape that broadcasts over x.

    Args:
        x: a float tensor of any shape, such as (B, T, F).
        p: the rate of dropping, a float, 0 ≤ p < 1.
        noise_shape: a tuple with one entry for each axis of x: 1 (one draw for the axis), x's own size, or
            None, which means x's own size.
        generator: a torch.Generator to draw from; None for torch's own.

    Returns:
        A tensor of x's shape and dtype.
    """
    shape = [own if one is None else one for one, own in zip(noise_shape, x.shape, strict=True)]
    # y = x∘m, m drawn in the noise's shape
    keep = torch.rand(shape, generator=generator) >= p
    return x * keep / (1 - p)


NOISE_SHAPE_IGNORED = Misconception(
    "noise-shape-ignored",
    "Each element has its own draw, whatever noise_shape says. Where it says 1, one draw is used for the "
    "whole axis.",
    "Which shape has the tensor that you draw: x's, or the one that noise_shape says?",
)

NOISE_SHAPE_INVERTED = Misconception(
    "noise-shape-inverted",
    "You share along the axes where noise_shape has x's size, and draw anew where it says 1. It is the "
    "shape of the noise: 1 means one draw for the whole axis.",
    "Try noise_shape (1, 5) on an x of (3, 5). How many draws are there along each axis?",
)

NONE_IS_ONE = Misconception(
    "none-is-one",
    "You take None for 1. In noise_shape None means x's own size on that axis: a draw for each.",
    "Look up in the docstring what None stands for. How many draws is that on an axis of five?",
)

NOISE_SHAPE_MISREAD = Misconception(
    "noise-shape-misread",
    "The draws are not shared as noise_shape says. Draw the mask in that shape, with every None replaced by "
    "x's size and every 1 kept, so that it lines up with x's axes.",
    "Print the shape of what you draw for noise_shape (None, 1, None). Compare it with x's shape, axis by "
    "axis.",
)
SHAPE_REVERSED = Misconception(
    "axes-swapped",
    "The draws are shared along another axis than the one where noise_shape says 1. Its entries belong to "
    "x's axes in order.",
    "Print the shape of what you draw. On which axis is it 1?",
)


@kept
def _shaped(seed: int) -> tuple[Steps, Drawing, Steps]:
    """Every pattern of sharing; calls with and without generators; what is small."""
    draw = Draw(seed, "noise_shape_dropout")
    layouts = cycle(product((torch.float32, torch.float64), (False, True)))  # dtype, and whether contiguous
    # First one axis shared, where the axes can be told apart; then all patterns.
    first = draw.choice([(True, False, False), (False, False, True), (False, True, False)])
    patterns = [_pattern(draw, next(layouts), [draw.integer(20, 26) for _ in range(3)], first, none=False)]
    for k, pattern in enumerate(list(product((False, True), repeat=3))[:-1]):
        # An axis that alone has its own draws is long: 0.7^90 is the chance that all of it is kept.
        low, high = (90, 110) if pattern.count(False) == 1 else (20, 26)
        sizes = [draw.integer(3, 6) if one else draw.integer(low, high) for one in pattern]
        patterns.append(_pattern(draw, next(layouts), sizes, pattern, none=k % 2 == 0))
    for pattern in ((False, True), (True, False), (False, False)):
        sizes = [20 if one else 105 for one in pattern]
        patterns.append(
            _pattern(draw, next(layouts), sizes, pattern, none=pattern == (False, True), high=True)
        )
    patterns.append(_pattern(draw, next(layouts), [600], (False,), none=True))
    patterns.append(_pattern(draw, next(layouts), [7, 8, 9, 10], (False, True, False, True), none=True))
    x, p = apart_from_zero(draw, 16, 5, 40), draw.uniform(0.2, 0.35)
    arguments: dict[str, Value] = {"x": x, "p": p, "noise_shape": (None, 1, 40)}
    drawing = Drawing(draw, arguments, like_x, others=3)
    # one draw for all and a draw for each, either in one of the two dtypes
    entries = (1, None, None, 1) * 3
    small = [
        small_step(draw, {"x": x, "p": 0.5, "noise_shape": (entry,) * x.dim()}, kept_or_dropped)
        for x, entry in zip(small_shapes(draw), entries, strict=True)
    ]
    small.append(Step("p=0", arguments | {"p": 0.0, "generator": draw.generator()}, drops_nothing))
    return Steps(patterns), drawing, Steps(small)


@stepwise
def check_noise_shape_dropout(answer: Answer, seed: int) -> str:
    patterns, drawing, small = _shaped(seed)
    patterns.ask(answer)
    if not counts_vary(drawing.ask(answer)):
        raise fail(EXACT_COUNT, "seven calls", drawing.arguments)
    small.ask(answer)
    count = len(patterns) + len(drawing) + len(small)
    return f"Right on {count} inputs: every pattern of sharing, rate, scale, generator and gradient."


def _pattern(
    draw: Draw,
    layout: tuple[torch.dtype, bool],
    sizes: list[int],
    shared: tuple[bool, ...],
    none: bool,
    high: bool = False,
) -> Step:
    """One pattern of sharing: 1 on the shared axes, elsewhere x's own size or None."""
    shape = tuple(1 if one else (None if none else size) for one, size in zip(shared, sizes, strict=True))
    p = draw.uniform(0.65, 0.75) if high else draw.uniform(0.3, 0.35)
    dtype, contiguous = layout
    x = apart_from_zero(draw, *sizes).to(dtype)
    x = x if contiguous else non_contiguous(x)
    arguments: dict[str, Value] = {"x": x, "p": p, "noise_shape": shape, "generator": draw.generator()}
    exact = x.double()

    def judge_mask(reply: Reply) -> None:
        problem = judge(like_x(reply).double() / exact, p, shared)
        if problem is None:
            return
        if problem.kind in {"sharing", "constant"}:
            name = _name_sharing(problem.shared, shared, none)
            raise reply.fail(name, _sharing_rows(problem.shared, shared))
        raise reply.fail(problem.misconception or problem.sentence, problem.measured)

    return Step(f"p={p:.3g}, x of shape {tuple(sizes)}, noise_shape={shape}", arguments, judge_mask)


def _name_sharing(found: tuple[bool, ...], wanted: tuple[bool, ...], none: bool) -> Misconception:
    if found == wanted[::-1] and sum(found) == sum(wanted):
        return SHAPE_REVERSED
    if not any(found):
        return NOISE_SHAPE_IGNORED
    if none and all(found):
        return NONE_IS_ONE
    if all(a != b for a, b in zip(found, wanted, strict=True)):
        return NOISE_SHAPE_INVERTED
    if sum(found) == sum(wanted):
        return SHAPE_REVERSED
    return NOISE_SHAPE_MISREAD


def _sharing_rows(found: tuple[bool, ...], wanted: tuple[bool, ...]) -> list[list[str]]:
    def say(one: bool) -> str:
        return "one draw" if one else "a draw each"

    return [
        [f"axis {axis}", f"{say(a)}; noise_shape asks for {say(b)}"]
        for axis, (a, b) in enumerate(zip(found, wanted, strict=True))
    ]


def _shared_ones(sizes: tuple[int, ...], p: float, shared: tuple[bool, ...]) -> dict[str, Value]:
    """Of ones the result is the mask."""
    shape = tuple(1 if one else None for one in shared)
    return {"x": torch.ones(sizes), "p": p, "noise_shape": shape}


SHARED_WRONGLY = (
    NOISE_SHAPE_IGNORED,
    NOISE_SHAPE_INVERTED,
    NONE_IS_ONE,
    SHAPE_REVERSED,
    NOISE_SHAPE_MISREAD,
)
MISCONCEPTIONS = (*GENERAL_MASK, *SHARED_WRONGLY)

PART = Part(
    "4.4",
    noise_shape_dropout,
    points=15,
    hints=(
        "noise_shape is the shape of what is drawn. What becomes of an axis on which it says 1?",
        "Draw a mask of the noise's shape, not of x's, and let broadcasting do the rest. What does None "
        "stand for?",
        "Replace each None by x's size on that axis; draw and scale the mask in that shape, as in 2.1; "
        "multiply.",
    ),
    check=check_noise_shape_dropout,
    misconceptions=MISCONCEPTIONS,
    picture=MaskPicture(noise_shape_dropout, _shared_ones, SHARED_WRONGLY),
)
