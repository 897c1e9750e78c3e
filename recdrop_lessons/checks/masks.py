"""Is this sample an inverted Bernoulli mask: the right values, rate and sharing, and no pattern besides?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.chance import pairs, rate_fits
from recdrop_lessons.checks.misconceptions import Misconception

KEEP_PROBABILITY = Misconception(
    "keep-probability",
    "You use p as the rate of keeping. In PyTorch, Keras and here p is the rate of *dropping*: an element "
    "is kept with probability 1-p and then scaled by 1/(1-p).",
    "Take p near 0. Should almost everything be kept, or almost nothing? Which way does your comparison go?",
)
NO_RESCALE = Misconception(
    "no-rescale",
    "What is kept is not scaled up. Inverted dropout divides the kept elements by 1-p while training, so "
    "that the mean stays what it is at evaluation.",
    "Average the mask itself over many draws. Is its mean 1?",
)
WRONG_SCALE = Misconception(
    "wrong-scale",
    "What is kept is scaled by another factor than 1/(1-p), so the mean changes.",
    "Take p = 0.5. What must the kept elements be multiplied by so that the mean of a zero and a kept one "
    "is 1?",
)
SAME_EACH_CALL = Misconception(
    "same-mask-each-call",
    "Your function draws the same numbers at each call. Use the caller's generator as it is: seed "
    "nothing inside, and keep no mask from an earlier call.",
    "Look for a line that makes or seeds a generator, or keeps a mask between two calls.",
)
GENERATOR_IGNORED = Misconception(
    "generator-ignored",
    "You do not draw from the generator as it stands. Draw from the `generator` that is passed in, as in "
    "torch.rand(..., generator=generator); None stands for torch's own.",
    "Look at every random function that you call. Which of them is not told about `generator`, or is told "
    "about a copy of it?",
)
EXACT_COUNT = Misconception(
    "exact-count",
    "You drop the same number of elements each time. Each element must be drawn on its own, so that the "
    "number dropped varies.",
    "Toss four coins ten times. Do you get two heads each time? Look for a function that picks a fixed "
    "number.",
)
ONE_MASK_FOR_BATCH = Misconception(
    "one-mask-for-batch",
    "All examples of the batch share one draw. Each example has a mask of its own.",
    "Print the masks of two examples. Should they be alike?",
)
NOTHING_DRAWN = Misconception(
    "nothing-drawn",
    "Every element is treated alike: all are kept, or all are dropped. What is dropped must be drawn, with "
    "probability p.",
    "Print result / x for a large x. How many different values do you see, and how many should there be?",
)
WRONG_RATE = Misconception(
    "wrong-rate",
    "The fraction that is dropped is not p. Keep an element where a uniform draw from [0, 1) is at least p.",
    "Print the fraction of zeros in a large mask, and compare it with p. Then look at your comparison.",
)
NOT_TWO_VALUES = Misconception(
    "mask-not-two-valued",
    "What is kept is not all multiplied by one factor. A mask holds two values: 0 and 1/(1-p).",
    "Print the different values of your mask with `mask.unique()`. How many should there be?",
)
DEPENDENT = Misconception(
    "draws-dependent",
    "Your draws depend on each other. Each one is independent of all others, so that knowing some of them "
    "says nothing about the rest.",
    "Print a mask and look for a pattern: rows that repeat, neighbours that are always alike or never.",
)
GENERAL_MASK = (
    KEEP_PROBABILITY,
    NO_RESCALE,
    WRONG_SCALE,
    SAME_EACH_CALL,
    GENERATOR_IGNORED,
    EXACT_COUNT,
    WRONG_RATE,
    NOT_TWO_VALUES,
    DEPENDENT,
)

ANY_MASK = (*GENERAL_MASK, NOTHING_DRAWN, ONE_MASK_FOR_BATCH)  # what a step of any part that draws may find


def mask_values(function: Callable[..., Any], *names: str) -> tuple[Misconception, ...]:
    """What can go wrong with the values of masks that are given, whatever they multiply.

    `function`: the part's reference.
    `names`: its masks, with the batch on the last axis but one.
    """

    def with_masks(change: Callable[[Tensor], Tensor], some: Sequence[str]) -> Callable[..., Any]:
        return lambda **given: function(**given | {name: change(given[name]) for name in some})

    def each(change: Callable[[Tensor], Tensor]) -> tuple[Callable[..., Any], ...]:
        return tuple(
            with_masks(change, some) for some in ((names,) if len(names) == 1 else (names, *zip(names)))
        )

    return (
        Misconception(
            "scale-lost",
            "You use the mask as a yes or no. Its numbers are ready as they are: multiply by them.",
            "Print a row of the mask. Which values does it hold, and what do you do with the larger one?",
            *each(lambda m: (m > 0).to(m.dtype)),
        ),
        Misconception(
            "mask-squared",
            "You multiply by the mask twice, so what is kept is scaled by 1/(1-p)².",
            "Count how many times the mask stands in your lines on the way to the result.",
            *each(lambda m: m * m),
        ),
        Misconception(
            "mask-of-first-example",
            "You use the mask of one example for the whole batch. Each example has its own.",
            "Look for an index such as [0] beside the mask, or for a mean over the batch.",
            *each(lambda m: m.narrow(-2, 0, 1).expand_as(m)),
            *each(lambda m: m.narrow(-2, -1, 1).expand_as(m)),
        ),
        Misconception(
            "mask-inverted",
            "You multiply by 1-m in place of the mask m. It is ready as it is: 0 where something is dropped.",
            "Set the mask to 1 everywhere. The step should then be the plain one. Is it?",
            *each(lambda m: 1 - m),
        ),
    )


@dataclass(frozen=True)
class Problem:
    """What is wrong with a mask. `kind` is a slug of above, "sharing", "constant", "rate", "dependent" or
    "values"."""

    kind: str
    sentence: str
    measured: list[list[str]] = field(default_factory=list)
    misconception: Misconception | None = None
    shared: tuple[bool, ...] = ()


def shared_axes(dropped: Tensor) -> tuple[bool, ...]:
    """Along which axes one draw serves all; an axis of one element counts as shared."""
    return tuple(_is_shared(dropped, axis) for axis in range(dropped.dim()))


def _is_shared(dropped: Tensor, axis: int) -> bool:
    # the first and the last already tell, but where they are alike
    return torch.equal(dropped.narrow(axis, 0, 1), dropped.narrow(axis, -1, 1)) and bool(
        (dropped == dropped.narrow(axis, 0, 1)).all()
    )


def judge(multiplier: Tensor, p: float, shared: Sequence[bool]) -> Problem | None:
    """The first thing that is wrong with a mask that should be {0, 1/(1-p)} and shared along the given axes.

    `multiplier`: what each element was multiplied by. Wherever one axis alone has its own draws, it must be
        so long that it cannot be all kept or all dropped by chance.
    `p`: the rate of dropping; well away from 1/2 where keep-probability is to be named.
    `shared`: for each axis whether it should have one draw.
    """
    size = multiplier.shape
    for axis, step in enumerate(multiplier.stride()):
        if step == 0:  # an expanded axis: one element stands for all
            multiplier = multiplier.narrow(axis, 0, 1)
    dropped = multiplier == 0
    off_scale = _off_scale(multiplier, dropped, 1 / (1 - p))
    found = shared_axes(dropped)
    # Where nothing is to be shared, a mask of one value is no draw, or a right one at a rate near 0 or 1.
    constant = all(found) and not any(shared)
    if constant:
        dropped, found = dropped.expand(size), tuple(shared)
    for axis, one in enumerate(found):
        dropped = dropped.narrow(axis, 0, 1) if one else dropped  # what is left are independent draws
    count, of = int(dropped.sum()), dropped.numel()
    measured = [["dropped", f"{count / of:.3f}"], ["expected", f"{p:.3f}"]]
    if not rate_fits(count, of, p) and rate_fits(count, of, 1 - p):
        return Problem("keep-probability", KEEP_PROBABILITY.sentence, measured, KEEP_PROBABILITY)
    if constant and not rate_fits(count, of, p):
        return Problem("constant", NOTHING_DRAWN.sentence, measured, NOTHING_DRAWN, (True,) * len(size))
    if off_scale is not None:
        return off_scale
    if any(a != b for a, b, n in zip(found, shared, size, strict=True) if n > 1):
        return Problem("sharing", "Draws are shared along the wrong axes.", [], None, found)
    if not rate_fits(count, of, p):
        return Problem("rate", WRONG_RATE.sentence, measured, WRONG_RATE)
    return _pattern(dropped, p)


def _off_scale(multiplier: Tensor, dropped: Tensor, scale: float) -> Problem | None:
    """The values that are kept: all the scale, or another single one, or none of the two."""
    if bool((((multiplier - scale).abs() <= 1e-4 * scale) | dropped).all()):
        return None
    kept = multiplier[~dropped]
    least, most = float(kept.min()), float(kept.max())
    measured = [
        ["kept elements are multiplied by", f"{least:.4g} to {most:.4g}"],
        ["expected", f"{scale:.4g}"],
    ]
    if not math.isclose(least, most, rel_tol=1e-4):
        return Problem("values", NOT_TWO_VALUES.sentence, measured, NOT_TWO_VALUES)
    misconception = NO_RESCALE if math.isclose(least, 1, rel_tol=1e-4) else WRONG_SCALE
    return Problem(misconception.slug, misconception.sentence, measured, misconception)


def _pattern(dropped: Tensor, p: float) -> Problem | None:
    """Pairs along each axis agree no more often than by chance, and each half has the same rate."""
    for axis, size in enumerate(dropped.shape):
        if size < 2:
            continue
        for apart in (False, True):
            one, other = pairs(dropped, axis, apart)
            differ = int((one != other).sum())
            if not rate_fits(differ, one.numel(), 2 * p * (1 - p)):
                measured = [
                    [f"pairs along axis {axis} that differ", f"{differ / one.numel():.3f}"],
                    ["expected", f"{2 * p * (1 - p):.3f}"],
                ]
                return Problem("dependent", DEPENDENT.sentence, measured, DEPENDENT)
        for half in dropped.tensor_split(2, axis):
            if not rate_fits(int(half.sum()), half.numel(), p):
                return Problem("dependent", f"The rate is not the same all along axis {axis}.", [], DEPENDENT)
    return None


def calls_independent(masks: Sequence[Tensor], p: float) -> bool:
    """Whether the masks of neighbouring calls agree as often as independent draws do."""
    dropped = [(mask == 0).flatten() for mask in masks]
    return all(
        rate_fits(int((one == other).sum()), one.numel(), p**2 + (1 - p) ** 2)
        for one, other in pairwise(dropped)
    )


def counts_vary(masks: Sequence[Tensor]) -> bool:
    """Whether the number dropped differs between masks of one size.

    k binomial counts all agree with a probability of at most P(mode)^(k-1): for seven masks of 640 draws at
    p = 0.2 that is below chance.ERROR.
    """
    return len({int((mask == 0).sum()) for mask in masks}) > 1
