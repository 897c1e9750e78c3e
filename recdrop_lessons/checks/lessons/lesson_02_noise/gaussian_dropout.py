"""2.2 Gaussian dropout."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Answer, Value
from recdrop_lessons.checks.chance import (
    mean_fits,
    pairs,
    pairs_fit,
    rate_fits,
    standard_normal_fits,
    sums_vary,
    variance_fits,
)
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.lessons.lesson_02_noise._shared import (
    AT_EVALUATION,
    MASK_SHARED,
    RESCALE_AT_TEST,
    evaluation_steps,
    rate_zero_steps,
)
from recdrop_lessons.checks.lessons.lesson_02_noise._wrong_noise import (
    ADDITIVE,
    BERNOULLI_NOISE,
    CLIPPED,
    GAUSSIAN_RESCALED,
    GAUSSIAN_SPREADS,
    MEAN_ZERO,
    NOT_NORMAL,
    ONE_NUMBER,
    ONE_SIDED,
    STANDARDISED,
    STD_BERNOULLI,
    STD_INVERTED,
    STD_IS_ONE,
    STD_IS_P,
    STD_IS_ROOT_P,
    STD_WITHOUT_ROOT,
)
from recdrop_lessons.checks.masks import DEPENDENT, GENERATOR_IGNORED, ONE_MASK_FOR_BATCH, SAME_EACH_CALL
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.multiplied import apart_from_zero, like_x, small_shapes, small_step, typed
from recdrop_lessons.checks.parts import Part
from recdrop_lessons.checks.steps import Drawing, Reply, Step, Steps, fail, kept, stepwise


def gaussian_dropout(x: Tensor, p: float, training: bool, generator: torch.Generator | None = None) -> Tensor:
    """Multiply each element by its own normal draw, of mean 1; at evaluation return x.

    Args:
        x: a float tensor of any shape, such as (B, T, F).
        p: the rate that sets the variance, that of inverted dropout's mask, a float, 0 ≤ p < 1.
        training: whether to multiply by noise; a bool.
        generator: a torch.Generator to draw from; None for torch's own.

    Returns:
        A tensor of x's shape and dtype.
    """
    if not training:
        return x
    # y = x∘m, m ~ N(1, p/(1-p))
    noise = torch.randn(x.shape, generator=generator, dtype=x.dtype)
    return x * (1 + math.sqrt(p / (1 - p)) * noise)


@kept
def _gaussian(seed: int) -> tuple[Steps, Drawing, Steps]:
    """Much noise; draws; what is small."""
    draw = Draw(seed, "gaussian_dropout")
    B, T, F = draw.integer(18, 22), draw.integer(23, 27), draw.integer(28, 32)
    evaluation = list(evaluation_steps(draw))
    large = [
        _noise(apart_from_zero(draw, B, T, F).to(dtype), p, generator)
        for p, dtype, generator in (
            (draw.uniform(0.2, 0.3), torch.float64, draw.generator()),
            (draw.uniform(0.2, 0.3), torch.float32, None),
            (draw.uniform(0.55, 0.7), torch.float64, draw.generator()),
            (draw.uniform(0.9, 0.97), torch.float32, draw.generator()),
            (draw.uniform(0.01, 0.05), torch.float32, draw.generator()),
        )
    ]
    x = apart_from_zero(draw, 16, 40)
    drawing = Drawing(draw, {"x": x, "p": 0.3, "training": True}, like_x)
    small = (small_step(draw, {"x": x, "p": 0.4, "training": True}, _multiplied) for x in small_shapes(draw))
    return Steps([*evaluation, *large, *rate_zero_steps(draw)]), drawing, Steps(small)


@stepwise
def check_gaussian_dropout(answer: Answer, seed: int) -> str:
    large, drawing, small = _gaussian(seed)
    noises = [z for z in large.ask(answer) if z is not None]
    x, p = drawing.arguments["x"], drawing.arguments["p"]
    calls = [(y / x - 1) * math.sqrt((1 - p) / p) for y in drawing.ask(answer)]
    if not sums_vary(noises + calls):
        raise fail(STANDARDISED, f"{len(noises + calls)} calls", drawing.arguments)
    if not all(pairs_fit(one, other) for one, other in pairwise(calls)):
        raise fail(DEPENDENT, "two calls", drawing.arguments)
    small.ask(answer)
    count = len(large) + len(drawing) + len(small)
    return f"Right on {count} inputs: mean, spread, shape of the noise, evaluation, generator and gradient."


def _multiplied(reply: Reply) -> None:
    """The gradient is the noise that multiplied."""
    reply.slope_is(like_x(reply) / reply.arguments["x"])


def _noise(x: Tensor, p: float, generator: torch.Generator | None) -> Step:
    """Noise that should be N(1, p/(1-p)), a draw for each element."""
    arguments: dict[str, Value] = {"x": x, "p": p, "training": True, "generator": generator}
    exact, sigma = x.double(), math.sqrt(p / (1 - p))

    def judge_noise(reply: Reply) -> Tensor:
        y = like_x(reply).double()
        noise = y / exact
        z = (noise - 1) / sigma
        if not standard_normal_fits(z):
            measured = [
                ["noise, mean", f"{float(noise.mean()):.3f}, expected 1"],
                ["noise, spread", f"{float(noise.std()):.3f}, expected {sigma:.3f}"],
            ]
            name = _name_gaussian(exact, y, p) or "The noise is not N(1, p/(1-p))."
            raise reply.fail(name, measured)
        for axis in range(x.dim()):
            for apart in (False, True):
                if not pairs_fit(*pairs(z, axis, apart)):
                    raise reply.fail(_name_gaussian(exact, y, p) or DEPENDENT)
        return z

    return Step(f"training, p={p:.3g}, {typed(x)}", arguments, judge_noise)


def _name_gaussian(x: Tensor, y: Tensor, p: float) -> Misconception | None:
    """The misconception that such noise shows."""
    noise = y / x
    if bool(torch.isclose(noise, noise.flatten()[0], atol=1e-5).all()):
        return ONE_NUMBER
    if any(bool(torch.isclose(noise, noise.narrow(axis, 0, 1), atol=1e-5).all()) for axis in range(x.dim())):
        shared_rows = bool(torch.isclose(noise, noise[:1], atol=1e-5).all())
        return ONE_MASK_FOR_BATCH if shared_rows else MASK_SHARED
    zeros = int((noise == 0).sum())
    if zeros and not bool((noise < 0).any()):
        return BERNOULLI_NOISE if zeros > 0.9 * min(p, 1 - p) * noise.numel() else CLIPPED
    if not bool((noise < 1 - 1e-6).any()):
        return ONE_SIDED
    if not bool((noise < 0).any()) and p > 0.5:
        return CLIPPED
    # Additive: y - x is spread alike where x is large and where it is small; for a product it is not.
    large = x.abs() > x.abs().median()
    added = y - x
    if 0.8 < float(added[large].std() / added[~large].std()) < 1.25:
        return ADDITIVE
    sigma = math.sqrt(p / (1 - p))
    if mean_fits(noise, sigma**2) and not mean_fits(noise - 1, sigma**2):
        return MEAN_ZERO
    if variance_fits(noise * (1 - p) - 1, sigma**2):
        return GAUSSIAN_RESCALED
    if _only_the_lower_tail_is_cut(noise, sigma):
        return CLIPPED
    if variance_fits(noise - 1, sigma**2) and mean_fits(noise - 1, sigma**2):
        return NOT_NORMAL
    for misconception, spread in GAUSSIAN_SPREADS:
        if variance_fits(noise - 1, spread(p) ** 2):
            return misconception
    return None


def _only_the_lower_tail_is_cut(noise: Tensor, sigma: float) -> bool:
    """Whether dozens of values below 0 are missing, and the upper tail is a normal one's."""
    below, above = (float(torch.special.ndtr(torch.tensor(at))) for at in (-1 / sigma, -2.0))
    beyond = int((noise > 1 + 2 * sigma).sum())
    missing = below * noise.numel() > 30 and not bool((noise < 0).any())
    return missing and rate_fits(beyond, noise.numel(), above)


MISCONCEPTIONS = (
    AT_EVALUATION,
    RESCALE_AT_TEST,
    STD_IS_P,
    STD_IS_ROOT_P,
    STD_IS_ONE,
    STD_WITHOUT_ROOT,
    STD_INVERTED,
    STD_BERNOULLI,
    ADDITIVE,
    MEAN_ZERO,
    GAUSSIAN_RESCALED,
    BERNOULLI_NOISE,
    CLIPPED,
    ONE_SIDED,
    ONE_NUMBER,
    ONE_MASK_FOR_BATCH,
    MASK_SHARED,
    GENERATOR_IGNORED,
    SAME_EACH_CALL,
    NOT_NORMAL,
    STANDARDISED,
    DEPENDENT,
)

PART = Part(
    "2.2",
    gaussian_dropout,
    points=25,
    hints=(
        "The noise multiplies x. Which mean must it have so that the layer keeps the mean of x?",
        "What variance does the multiplier of inverted dropout have at rate p? The Gaussian multiplier "
        "has the same; you worked it out in 2.3 or can do so now.",
        "y = x∘(1 + σn), where n holds standard normal numbers, drawn with the generator, and σ is the root "
        "of the variance p/(1-p).",
    ),
    check=check_gaussian_dropout,
    misconceptions=MISCONCEPTIONS,
)
