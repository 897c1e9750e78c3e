"""What several parts of lesson 02 share."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from recdrop_lessons.checks.answer import Value
from recdrop_lessons.checks.compare import TOLERANCE, compare
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.multiplied import apart_from_zero, drops_nothing, like_x
from recdrop_lessons.checks.outcomes import differs
from recdrop_lessons.checks.steps import Failed, Reply, Step

AT_EVALUATION = Misconception(
    "dropout-at-evaluation",
    "Your function still adds noise at evaluation. With training=False it returns x as it is.",
    "Which lines run when `training` is False? Follow them one by one.",
)

RESCALE_AT_TEST = Misconception(
    "rescale-at-test",
    "You scale at evaluation. Inverted dropout does all its scaling while training, so at evaluation x "
    "stays as it is; scaling at evaluation belongs to the first papers.",
    "Compare a network's mean in training with its value at evaluation. If training already has the right "
    "mean, what is left to do at evaluation?",
)

MASK_SHARED = Misconception(
    "mask-shared",
    "Some elements share one draw. Here every element has its own; sharing comes with noise_shape.",
    "Print the mask for x of shape (3, 4). How many different draws do you see, and how many should there "
    "be?",
)


def evaluation_steps(draw: Draw) -> Iterator[Step]:
    """training=False: x itself, whatever p, with gradient one."""
    for dtype, p in ((torch.float64, draw.uniform(0.2, 0.4)), (torch.float32, draw.uniform(0.6, 0.8))):
        x = apart_from_zero(draw, 13, 40).to(dtype)
        arguments: dict[str, Value] = {"x": x, "p": p, "training": False, "generator": draw.generator()}
        cotangent = draw.normal(*x.shape).to(dtype)
        yield Step(f"evaluation, p={p:.2f}, x of shape (13, 40)", arguments, passes, "x", cotangent)


def passes(reply: Reply) -> None:
    """At evaluation x passes as it is."""
    x, y = reply.arguments["x"], like_x(reply)
    difference = compare(y, x, ("result",), TOLERANCE[x.dtype])
    if difference is None:
        reply.slope_is(torch.ones_like(x))
        return
    ratio = (y / x).double()
    if bool(torch.isclose(ratio, ratio[0, 0], rtol=1e-4).all()):
        raise reply.fail(RESCALE_AT_TEST, [["x is multiplied by", f"{float(ratio[0, 0]):.3f}"]])
    if float(ratio.std()) > 0.05:
        raise reply.fail(AT_EVALUATION, difference=difference.sentence)
    raise Failed(differs(difference, reply.step.label, reply.arguments))


def rate_zero_steps(draw: Draw) -> Iterator[Step]:
    for dtype in (torch.float32, torch.float64):
        x = draw.normal(5, 6).to(dtype)
        arguments: dict[str, Value] = {"x": x, "p": 0.0, "training": True, "generator": draw.generator()}
        yield Step("training, p=0", arguments, drops_nothing)
