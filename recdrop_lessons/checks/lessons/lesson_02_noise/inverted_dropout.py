"""2.1 Inverted dropout."""

from __future__ import annotations

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Answer, Value
from recdrop_lessons.checks.chance import rate_fits
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.lessons.lesson_02_noise._shared import (
    AT_EVALUATION,
    MASK_SHARED,
    RESCALE_AT_TEST,
    evaluation_steps,
    rate_zero_steps,
)
from recdrop_lessons.checks.mask_picture import MaskPicture
from recdrop_lessons.checks.masks import (
    DEPENDENT,
    EXACT_COUNT,
    GENERAL_MASK,
    NOTHING_DRAWN,
    ONE_MASK_FOR_BATCH,
    Problem,
    calls_independent,
    counts_vary,
    judge,
)
from recdrop_lessons.checks.multiplied import (
    apart_from_zero,
    kept_or_dropped,
    like_x,
    small_shapes,
    small_step,
    typed,
)
from recdrop_lessons.checks.parts import Part
from recdrop_lessons.checks.steps import Drawing, Failed, Reply, Step, Steps, fail, kept, stepwise


def inverted_dropout(x: Tensor, p: float, training: bool, generator: torch.Generator | None = None) -> Tensor:
    """Drop each element with probability p and scale the rest to keep the mean; at evaluation return x.

    Args:
        x: a float tensor of any shape, such as (B, T, F).
        p: the rate of dropping, a float, 0 ≤ p < 1.
        training: whether to drop; a bool.
        generator: a torch.Generator to draw from; None for torch's own.

    Returns:
        A tensor of x's shape and dtype.
    """
    if not training:
        return x
    # y = x∘m, m = 1/(1-p) with probability 1-p, else 0
    keep = torch.rand(x.shape, generator=generator) >= p
    return x * keep / (1 - p)


@kept
def _inverted(seed: int) -> tuple[Steps, Drawing, Steps]:
    """Large masks; calls with and without generators; what is small."""
    draw = Draw(seed, "inverted_dropout")
    B, T, F = draw.integer(15, 20), draw.integer(21, 25), draw.integer(26, 30)
    evaluation = list(evaluation_steps(draw))
    large = [
        _training(apart_from_zero(draw, B, T, F).to(dtype), p, generator)
        for p, dtype, generator in (
            (draw.uniform(0.2, 0.35), torch.float64, draw.generator()),
            (draw.uniform(0.65, 0.8), torch.float32, draw.generator()),
            (draw.uniform(0.2, 0.35), torch.float32, None),
            (draw.uniform(0.95, 0.99), torch.float32, draw.generator()),
            (draw.uniform(0.01, 0.05), torch.float32, draw.generator()),
            # in whole percents the first is 0 by rounding, the second is 1 by rounding up
            (draw.uniform(0.0035, 0.0049), torch.float64, draw.generator()),
            (draw.uniform(0.0005, 0.001), torch.float64, draw.generator()),
        )
    ]
    x, p = apart_from_zero(draw, 16, 40), draw.uniform(0.2, 0.35)
    again = _training(x, p, None)
    drawing = Drawing(draw, {"x": x, "p": p, "training": True}, again.judge, others=3)
    small = (
        small_step(draw, {"x": x, "p": 0.5, "training": True}, kept_or_dropped) for x in small_shapes(draw)
    )
    return Steps(evaluation + large), drawing, Steps([*rate_zero_steps(draw), *small])


@stepwise
def check_inverted_dropout(answer: Answer, seed: int) -> str:
    large, drawing, small = _inverted(seed)
    large.ask(answer)
    masks = drawing.ask(answer)
    if not counts_vary(masks):
        raise fail(EXACT_COUNT, "seven calls", drawing.arguments)
    if not calls_independent(masks, drawing.arguments["p"]):
        raise fail(DEPENDENT, "two calls", drawing.arguments)
    small.ask(answer)
    count = len(large) + len(drawing) + len(small)
    return f"Right on {count} inputs: rate, scale, independence, evaluation, generator and gradient."


def _training(x: Tensor, p: float, generator: torch.Generator | None) -> Step:
    """A mask with a draw for each element. The judge gives what each was multiplied by."""
    arguments: dict[str, Value] = {"x": x, "p": p, "training": True, "generator": generator}
    exact = x.double()
    halves = [(some, int(some.sum())) for some in (x > 0, x.abs() > x.abs().median())]

    def judge_mask(reply: Reply) -> Tensor:
        multiplier = like_x(reply).double() / exact
        problem = judge(multiplier, p, shared=[False] * x.dim())
        if problem is not None:
            raise _named(problem, reply)
        dropped = multiplier == 0
        for some, size in halves:
            if not rate_fits(int((dropped & some).sum()), size, p):
                raise reply.fail("What is dropped depends on the values of x; it must be drawn.")
        return multiplier

    return Step(f"training, p={p:.3g}, {typed(x)}", arguments, judge_mask)


def _named(problem: Problem, reply: Reply) -> Failed:
    """A mask's problem under its misconception's name."""
    if problem.kind == "sharing":
        return reply.fail(ONE_MASK_FOR_BATCH if problem.shared[0] else MASK_SHARED)
    return reply.fail(problem.misconception or problem.sentence, problem.measured)


MISCONCEPTIONS = (
    AT_EVALUATION,
    RESCALE_AT_TEST,
    *GENERAL_MASK,
    NOTHING_DRAWN,
    ONE_MASK_FOR_BATCH,
    MASK_SHARED,
)

PART = Part(
    "2.1",
    inverted_dropout,
    points=30,
    hints=(
        "Two things are done to x: some elements become 0, and the others are changed so that the mean "
        "stays. And at evaluation?",
        "A mask is a tensor of x's shape that says keep or drop, each element by its own draw. With which "
        "probability is an element kept, if p is the rate of dropping?",
        "Draw uniform numbers with the generator and compare them with p. y = x∘m, where m is 1/(1-p) for "
        "what is kept and else 0. With training=False return x.",
    ),
    check=check_inverted_dropout,
    misconceptions=MISCONCEPTIONS,
    picture=MaskPicture(
        inverted_dropout,
        lambda sizes, p, _: {"x": torch.ones(sizes), "p": p, "training": True},
        sharing=(ONE_MASK_FOR_BATCH, MASK_SHARED),
        patterns=((False, False, False),),
        at_evaluation={one.slug: {"training": False} for one in (AT_EVALUATION, RESCALE_AT_TEST)},
    ),
)
