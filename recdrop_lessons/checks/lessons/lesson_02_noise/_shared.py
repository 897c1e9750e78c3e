"""What several parts of lesson 02 share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Value
from recdrop_lessons.checks.compare import TOLERANCE, compare
from recdrop_lessons.checks.draw import Draw, non_contiguous
from recdrop_lessons.checks.outcomes import differs
from recdrop_lessons.checks.parts import Misconception
from recdrop_lessons.checks.steps import Failed, Reply, Step

AT_EVALUATION = Misconception(
    "dropout-at-evaluation",
    "Your function still adds noise at evaluation. With training=False it returns x as it is.",
)

RESCALE_AT_TEST = Misconception(
    "rescale-at-test",
    "You scale at evaluation. Inverted dropout does all its scaling while training, so at evaluation x "
    "stays as it is; scaling then belongs to the first dropout papers.",
)

ONE_MASK_FOR_BATCH = Misconception(
    "one-mask-for-batch",
    "All examples of the batch share one draw. Each example has a mask of its own.",
)

MASK_SHARED = Misconception(
    "mask-shared",
    "Some elements share one draw. Here every element has its own; sharing comes with noise_shape.",
)


def apart_from_zero(draw: Draw, *shape: int) -> Tensor:
    """Values of both signs, none near zero, so that y/x shows the multiplier."""
    values = draw.normal(*shape)
    return values.sign() * (values.abs() + 0.5)


def typed(x: Tensor) -> str:
    return f"x of shape {tuple(x.shape)}, {str(x.dtype).removeprefix('torch.')}"


def like_x(reply: Reply) -> Tensor:
    """The result, of x's shape and dtype."""
    x = reply.arguments["x"]
    return reply.tensor(x.shape, x.dtype)


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


def drops_nothing(reply: Reply) -> None:
    x = reply.arguments["x"]
    reply.compare(like_x(reply), x, "result", TOLERANCE[x.dtype], ": nothing is dropped")


def small_shapes(draw: Draw) -> Iterator[Tensor]:
    """One row, one element, one to four axes, both dtypes, contiguous or not."""
    a, b, c = draw.sizes(3)
    for shape, dtype in product(
        ((1, a), (a, 1), (1,), (b,), (a, b, c), (a, 1, b, 2)), (torch.float32, torch.float64)
    ):
        x = apart_from_zero(draw, *shape).to(dtype)
        yield non_contiguous(x) if dtype == torch.float64 or len(shape) == 3 else x


def small_step(draw: Draw, arguments: dict[str, Value], judge_small: Callable[[Reply], None]) -> Step:
    """A call on a small x, with its gradient."""
    x = arguments["x"]
    label = f"training, p={arguments['p']:.3g}, {typed(x)}"
    given = arguments | {"generator": draw.generator()}
    return Step(label, given, judge_small, "x", draw.normal(*x.shape).to(x.dtype))


def kept_or_dropped(reply: Reply) -> None:
    """Each element is 0 or x/(1-p), and the gradient is that multiplier."""
    x, p = reply.arguments["x"], reply.arguments["p"]
    multiplier = like_x(reply) / x
    right = torch.where(multiplier == 0, 0.0, 1 / (1 - p)).to(x.dtype)
    reply.compare(multiplier, right, "y / x", TOLERANCE[x.dtype])
    reply.slope_is(right)
