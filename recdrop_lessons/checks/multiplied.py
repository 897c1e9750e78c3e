"""x times a random multiplier: inputs that show the multiplier, and judges of what came back.

For the parts of any lesson that take x and drop elements of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Value
from recdrop_lessons.checks.compare import TOLERANCE
from recdrop_lessons.checks.draw import Draw, non_contiguous
from recdrop_lessons.checks.steps import Reply, Step


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


def drops_nothing(reply: Reply) -> None:
    x = reply.arguments["x"]
    reply.compare(like_x(reply), x, "result", TOLERANCE[x.dtype], ": nothing is dropped")


def small_shapes(draw: Draw) -> Iterator[Tensor]:
    """One example, one element, one to four axes, both dtypes, contiguous or not."""
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
