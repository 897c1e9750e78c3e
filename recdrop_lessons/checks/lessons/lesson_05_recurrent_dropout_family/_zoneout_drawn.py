"""Zoneout whose masks the step draws itself, judged by their distribution, for 5.4."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Answer, AnswerError
from recdrop_lessons.checks.chance import rate_fits
from recdrop_lessons.checks.compare import compare, same
from recdrop_lessons.checks.draw import Draw, as_dtype
from recdrop_lessons.checks.lstm import lstm_step, step_arguments
from recdrop_lessons.checks.masks import (
    DEPENDENT,
    EXACT_COUNT,
    GENERATOR_IGNORED,
    NOT_TWO_VALUES,
    ONE_MASK_FOR_BATCH,
    SAME_EACH_CALL,
    WRONG_RATE,
    counts_vary,
    judge,
)
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.outcomes import differs
from recdrop_lessons.checks.steps import Failed, Reply, Step, Steps, fail, from_one_state, kept, stepwise

# Some of these are named here by the masks that are drawn, and in zoneout_step.py by those that are given.
SWAPPED = Misconception(
    "zoneout-swapped",
    "You exchange d and 1-d: where d is 1 the *old* value is kept, and z is the rate of keeping it. (The "
    "paper itself changes its convention between two sections.)",
    "Set d to 1 everywhere in your formula. Does the old value stay?",
)
ONE_MASK = Misconception(
    "one-mask-for-both",
    "You use one mask, or one draw, for h and c. Each has its own, d_h and d_c, with its own rate.",
    "Count the calls of the random function in your step. How many masks need draws?",
)
MASKS_SWAPPED = Misconception(
    "masks-swapped",
    "You use h's mask or rate for the cell, and the cell's for h: d_h and z_h belong to h, d_c and z_c to c.",
    "Write beside each mask the tensor that it multiplies, and compare the letters.",
)
ONE_RATE = Misconception(
    "one-rate-for-both",
    "You draw the masks of h and of c at one rate. d_h is drawn at z_h and d_c at z_c.",
    "Print the mean of a large d_h and of a large d_c. Which rate does each line of yours read?",
)
OTHER_RATE = Misconception(
    WRONG_RATE.slug,
    "Your step keeps the old value at another rate than z_h or z_c. A mask is 1 where a uniform draw from "
    "[0, 1) is below the rate.",
    "Print the mean of a large mask, and compare it with its rate. Then look at your comparison.",
)
SAME_COUNT = Misconception(
    EXACT_COUNT.slug,
    "You keep the old value at the same number of places each time. Each place must be drawn on its own, so "
    "that the number varies.",
    EXACT_COUNT.hint,
)
OTHER_VALUES = Misconception(
    NOT_TWO_VALUES.slug,
    "In training, where a mask is None, some values are neither the old ones nor the new ones. A mask of "
    "zoneout is drawn there; it holds 0 and 1 alone, and is never scaled.",
    NOT_TWO_VALUES.hint,
)
OTHER_GENERATOR = Misconception(
    GENERATOR_IGNORED.slug,
    "The same state of torch's own generator gave two different results. Draw with torch's functions, and "
    "seed nothing: then torch.manual_seed makes a run repeatable.",
    "Which function draws in your step? Is it torch's, and is anything seeded?",
)
EXPECTATION_IN_TRAINING = Misconception(
    "expectation-in-training",
    "In training you take the expectation where a mask is None. A mask is drawn there; the expectation is "
    "for evaluation.",
    "What does the docstring say of a mask that is None? Which branch of yours handles it?",
)
GIVEN_MASK_IGNORED = Misconception(
    "given-mask-ignored",
    "You draw a mask although it is given. Each mask is drawn by itself, where it is None.",
    "How do you decide whether to draw: not at all, once for both masks, or once for each?",
)


def _large(draw: Draw) -> tuple[dict[str, Any], Tensor, Tensor]:
    """A step large enough to judge its masks, and the state and cell that a plain step gives.

    z_h, z_c, 1-z_h, 1-z_c and 1/2 lie so far apart that a mask drawn at one of them does not fit another.
    """
    given = step_arguments(draw, draw.integer(38, 44), 3, draw.integer(46, 52))
    new_h, new_c = lstm_step(**given)
    return given | {"z_h": draw.uniform(0.15, 0.19), "z_c": draw.uniform(0.65, 0.69)}, new_h, new_c


def draws_at_evaluation(answer: Answer, seed: int) -> bool:
    """Whether at evaluation each value is the old or the new one, some this and some that."""
    given, new_h, _ = _large(Draw(seed, "zoneout_step, evaluation"))
    try:
        value = answer(**given, training=False)
    except AnswerError:
        return False
    if not isinstance(value, (tuple, list)) or not value or not isinstance(value[0], Tensor):
        return False
    if value[0].shape != new_h.shape:
        return False
    old, new = torch.isclose(value[0], given["h"]), torch.isclose(value[0], new_h)
    return bool((old | new).all() and old.any() and new.any())


def redraws_what_is_given(answer: Answer, seed: int) -> bool:
    """Whether it mixes old and new by masks of its own, others each time, though masks are given."""
    draw = Draw(seed, "zoneout_step, given")
    given, *new = _large(draw)
    masks = [torch.rand(one.shape, generator=draw.torch).lt(0.5).double() for one in new]
    try:
        value, again = (answer(**given, training=True, d_h=masks[0], d_c=masks[1]) for _ in range(2))
    except AnswerError:
        return False
    if not isinstance(value, (tuple, list)) or len(value) != 2 or same(value, again, 1e-12):
        return False
    others = False
    for y, d, old, now in zip(value, masks, (given["h"], given["c"]), new, strict=True):
        if not isinstance(y, Tensor) or y.shape != old.shape:
            return False
        kept, renewed = torch.isclose(y, old), torch.isclose(y, now)
        if not bool((kept | renewed).all()):
            return False
        others = others or bool((kept != d.bool()).any())
    return others


_MASKS = ("d_h", "d_c")


class _Drawn:
    """Steps of one seed that draw their masks, and what is right there."""

    def __init__(self, seed: int) -> None:
        draw = Draw(seed, "zoneout_step, drawn")
        self.given, *self.new = _large(draw)
        self.old = self.given["h"], self.given["c"]
        # Where one mask is given the rates are exchanged: no constant comes near both rates of one state.
        self.exchanged = {"z_h": self.given["z_c"], "z_c": self.given["z_h"]}
        self.shape = self.new[0].shape
        calls = [self._step(self._both_drawn), self._step(self._masks, d_h=None, d_c=None)]
        calls += [self._step(self._masks) for _ in range(2)]
        given = [
            self._step(
                partial(self._given, k),
                **self.exchanged,
                **{name: torch.rand(self.shape, generator=draw.torch).lt(0.5).double()},
            )
            for k, name in enumerate(_MASKS)
        ]
        self.steps = Steps([*calls, *_small_and_single(draw), *given])

    def _step(self, judged: Callable[[Reply], Any], **given: Tensor | float | None) -> Step:
        drawn = " and ".join(name for name in _MASKS if given.get(name) is None)
        label = f"B={self.shape[0]}, H={self.shape[1]}, training, {drawn} drawn"
        return Step(label, self.given | {"training": True} | given, judged)

    def _read(self, reply: Reply) -> list[Tensor]:
        """d_h and d_c, read off what came back."""
        value = reply.value
        if not (isinstance(value, (tuple, list)) and len(value) == 2):
            raise reply.fail("Your step returns something else than (h', c') when it draws its masks.")
        found = []
        for y, old, new, name in zip(value, self.old, self.new, ("h'", "c'"), strict=True):
            if not isinstance(y, Tensor) or y.shape != old.shape or y.dtype != old.dtype:
                raise reply.fail(f"{name} has another shape or dtype when the masks are drawn.")
            from_old, from_new = (y - old).abs(), (y - new).abs()
            if bool((torch.minimum(from_old, from_new) > 1e-9).any()):
                z = reply.arguments["z_" + name[0]]
                if torch.allclose(y, z * old + (1 - z) * new):
                    raise reply.fail(EXPECTATION_IN_TRAINING)
                raise reply.fail(OTHER_VALUES, difference=f"{name} is neither in some places.")
            found.append(from_old < from_new)
        return found

    def _masks(self, reply: Reply) -> list[Tensor]:
        """d_h and d_c; where they are drawn, each by itself and at its rate."""
        found = self._read(reply)
        d_h, d_c = found
        z_h, z_c = rates = reply.arguments["z_h"], reply.arguments["z_c"]
        if torch.equal(d_h, d_c) and not bool((d_h == d_h[0, 0]).all()):  # one value everywhere is no mask
            raise reply.fail(ONE_MASK, _kept(found, rates))
        if all(reply.arguments.get(name) is None for name in _MASKS):
            if _fits(d_h, z_c) and _fits(d_c, z_h):
                raise reply.fail(MASKS_SWAPPED, _kept(found, rates))
            if any(_fits(d_h, z) and _fits(d_c, z) for z in rates):
                raise reply.fail(ONE_RATE, _kept(found, rates))
        for mask, rate, name in zip(found, rates, _MASKS, strict=True):
            if reply.arguments.get(name) is not None:
                continue
            problem = judge((~mask).double() / (1 - rate), rate, (False, False))
            if problem is None:
                continue
            measured = [
                [f"kept by {name}", f"{float(mask.double().mean()):.3f}"],
                ["expected", f"{rate:.3f}"],
            ]
            if problem.kind == "keep-probability":
                raise reply.fail(SWAPPED, measured)
            if problem.kind == "rate":
                raise reply.fail(OTHER_RATE, measured)
            if problem.kind in {"sharing", "constant"} and problem.shared[0]:
                raise reply.fail(ONE_MASK_FOR_BATCH)
            raise reply.fail(problem.misconception or DEPENDENT, measured)
        return found

    def _both_drawn(self, reply: Reply) -> list[Tensor]:
        d_h, d_c = self._masks(reply)
        z_h, z_c = reply.arguments["z_h"], reply.arguments["z_c"]
        both = int((d_h == d_c).sum())
        if not rate_fits(both, d_h.numel(), z_h * z_c + (1 - z_h) * (1 - z_c)):
            measured = [["d_h and d_c agree", f"{both / d_h.numel():.3f}"]]
            raise fail(ONE_MASK, "both masks drawn", self.given, measured)
        return [d_h, d_c]

    def _given(self, k: int, reply: Reply) -> None:
        """Only the other mask is drawn."""
        name = _MASKS[k]
        if not torch.equal(self._read(reply)[k], reply.arguments[name].bool()):
            raise fail(GIVEN_MASK_IGNORED, f"{name} given", self.given)
        self._masks(reply)


def _fits(mask: Tensor, rate: float) -> bool:
    return rate_fits(int(mask.sum()), mask.numel(), rate)


def _kept(masks: list[Tensor], rates: tuple[float, float]) -> list[list[str]]:
    """What fraction of old values each mask keeps, and the rates."""
    measured = []
    for name, mask, letter, rate in zip(_MASKS, masks, ("z_h", "z_c"), rates, strict=True):
        measured += [[f"kept by {name}", f"{float(mask.double().mean()):.3f}"], [letter, f"{rate:.3f}"]]
    return measured


_drawn = kept(_Drawn)


@stepwise
def masks_are_right(answer: Answer, seed: int) -> str:
    drawn = _drawn(seed)
    first, again, *more = drawn.steps.ask(answer)
    if any(map(torch.equal, first, again)):
        raise fail(SAME_EACH_CALL, "two calls", drawn.given)
    if not all(map(torch.equal, *from_one_state(answer, drawn.steps.steps[1]))):
        raise fail(OTHER_GENERATOR, "torch's own generator, twice from one state", drawn.given)
    # Four counts of one mask agree with probability below 0.02³, and so do those of the other.
    if not any(counts_vary([~masks[k] for masks in (first, again, *more[:2])]) for k in (0, 1)):
        raise fail(SAME_COUNT, "four calls", drawn.given)
    return "Right with masks given, with masks drawn, and at evaluation."


def _small_and_single(draw: Draw) -> Iterator[Step]:
    """Masks that are drawn keep shape and dtype in float32 too, down to one example and one unit."""

    def judge_kinds(reply: Reply) -> None:
        wanted = (torch.zeros_like(reply.arguments["h"]), torch.zeros_like(reply.arguments["c"]))
        difference = compare(reply.value, wanted, ("h'", "c'"), float("inf"), torch.float32)
        if difference is not None:
            raise Failed(differs(difference, reply.step.label, reply.arguments))

    for B, F, H in ((1, 2, 3), (3, 2, 1), (1, 1, 1)):
        rates = {"z_h": 0.5, "z_c": 0.5, "training": True}
        arguments = as_dtype(step_arguments(draw, B, F, H), torch.float32) | rates
        yield Step(f"B={B}, F={F}, H={H}, float32, training, both masks drawn", arguments, judge_kinds)
