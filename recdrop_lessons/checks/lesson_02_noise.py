"""Checks of lesson 02: inverted and Gaussian dropout, their moments, and the shape of the noise."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Answer, Value
from recdrop_lessons.checks.chance import mean_fits, pairs, rate_fits, standard_normal_fits, variance_fits
from recdrop_lessons.checks.compare import TOLERANCE, compare
from recdrop_lessons.checks.draw import Draw, non_contiguous
from recdrop_lessons.checks.exact import Case, Exact, differs
from recdrop_lessons.checks.masks import (
    EXACT_COUNT,
    GENERAL_MASK,
    GENERATOR_IGNORED,
    SAME_EACH_CALL,
    Problem,
    counts_vary,
    judge,
)
from recdrop_lessons.checks.parts import Lesson, Misconception, Part
from recdrop_lessons.checks.steps import (
    Failed,
    ask_tensor,
    draws_from_the_generator,
    fail,
    gradient_is,
    same_generator,
    stepwise,
)

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
    "All rows of the batch share one draw. Each row is another sample and has a mask of its own.",
)
MASK_SHARED = Misconception(
    "mask-shared",
    "Some elements share one draw. Here every element has its own; sharing comes with noise_shape.",
)


def _apart_from_zero(draw: Draw, *shape: int) -> Tensor:
    """Values of both signs, none near zero, so that y/x shows the multiplier."""
    values = draw.normal(*shape)
    return values.sign() * (values.abs() + 0.5)


def _evaluation(answer: Answer, draw: Draw) -> None:
    """training=False: x itself, whatever p, with gradient one."""
    for dtype, p in ((torch.float64, draw.uniform(0.2, 0.4)), (torch.float32, draw.uniform(0.6, 0.8))):
        x = _apart_from_zero(draw, 13, 40).to(dtype)
        arguments: dict[str, Value] = {"x": x, "p": p, "training": False, "generator": draw.generator()}
        label = f"evaluation, p={p:.2f}, x of shape (13, 40)"
        y = ask_tensor(answer, arguments, label, tuple(x.shape), dtype)
        difference = compare(y, x, ("result",), TOLERANCE[dtype])
        if difference is not None:
            ratio = (y / x).double()
            if bool(torch.isclose(ratio, ratio[0, 0], rtol=1e-4).all()):
                raise fail(
                    RESCALE_AT_TEST, label, arguments, [["x is multiplied by", f"{float(ratio[0, 0]):.3f}"]]
                )
            if float(ratio.std()) > 0.05:
                raise fail(AT_EVALUATION, label, arguments, difference=difference.sentence)
            raise Failed(differs(difference, label, arguments))
        cotangent = draw.normal(*x.shape).to(dtype)
        gradient_is(answer, arguments, "x", cotangent, cotangent, label)


def _nothing_at_rate_zero(answer: Answer, draw: Draw) -> None:
    for dtype in (torch.float32, torch.float64):
        x = draw.normal(5, 6).to(dtype)
        arguments: dict[str, Value] = {"x": x, "p": 0.0, "training": True, "generator": draw.generator()}
        y = ask_tensor(answer, arguments, "training, p=0", (5, 6), dtype)
        difference = compare(y, x, ("result",), TOLERANCE[dtype])
        if difference is not None:
            raise Failed(differs(difference, "training, p=0: nothing is dropped", arguments))


def _small_shapes(draw: Draw) -> Iterator[Tensor]:
    """One row, one element, one to four axes, both dtypes, contiguous or not."""
    a, b, c = draw.sizes(3)
    for shape, dtype in product(
        ((1, a), (a, 1), (1,), (b,), (a, b, c), (a, 1, b, 2)), (torch.float32, torch.float64)
    ):
        x = _apart_from_zero(draw, *shape).to(dtype)
        yield non_contiguous(x) if dtype == torch.float64 or len(shape) == 3 else x


# ---------------------------------------------------------------- 2.1 inverted_dropout


@stepwise
def check_inverted_dropout(answer: Answer, seed: int) -> str:
    draw = Draw(seed, "inverted_dropout")
    _evaluation(answer, draw)

    def training(x: Tensor, p: float, generator: torch.Generator | None) -> Tensor:
        """What each element was multiplied by; the mask is judged."""
        arguments: dict[str, Value] = {"x": x, "p": p, "training": True, "generator": generator}
        label = f"training, p={p:.3g}, x of shape {tuple(x.shape)}, {str(x.dtype).removeprefix('torch.')}"
        y = ask_tensor(answer, arguments, label, tuple(x.shape), x.dtype)
        multiplier = y.double() / x.double()
        problem = judge(multiplier, p, shared=[False] * x.dim())
        if problem is not None:
            raise _named(problem, label, arguments)
        for some in (x > 0, x.abs() > x.abs().median()):
            dropped = multiplier[some] == 0
            if not rate_fits(int(dropped.sum()), dropped.numel(), p):
                raise fail("What is dropped depends on the values of x; it must be drawn.", label, arguments)
        return multiplier

    B, T, F = draw.integer(15, 20), draw.integer(21, 25), draw.integer(26, 30)
    for p, dtype, generator in (
        (draw.uniform(0.2, 0.35), torch.float64, draw.generator()),
        (draw.uniform(0.65, 0.8), torch.float32, draw.generator()),
        (draw.uniform(0.2, 0.35), torch.float32, None),
        (draw.uniform(0.95, 0.99), torch.float64, draw.generator()),
        (draw.uniform(0.01, 0.05), torch.float64, draw.generator()),
    ):
        training(_apart_from_zero(draw, B, T, F).to(dtype), p, generator)
    p = draw.uniform(0.2, 0.35)
    x = _apart_from_zero(draw, 16, 40)
    draws_from_the_generator(answer, draw, {"x": x, "p": p, "training": True}, (16, 40), x.dtype)
    generator = draw.generator()
    if not counts_vary([training(x, p, generator) for _ in range(8)]):
        raise fail(EXACT_COUNT, "eight calls", {"x": x, "p": p, "training": True})
    _nothing_at_rate_zero(answer, draw)
    for small in _small_shapes(draw):
        _is_kept_or_dropped(answer, draw, {"x": small, "p": 0.5, "training": True}, 2.0)
    return "Right on 30 inputs: rate, scale, independence, evaluation, generator and gradient."


def _is_kept_or_dropped(answer: Answer, draw: Draw, arguments: dict[str, Value], scale: float) -> None:
    """Each element is 0 or scale·x, and the gradient is that multiplier."""
    x, state = arguments["x"], draw.generator().get_state()
    label = f"p={arguments['p']:.3g}, x of shape {tuple(x.shape)}, {str(x.dtype).removeprefix('torch.')}"
    given = arguments | {"generator": same_generator(state)}
    y = ask_tensor(answer, given, label, tuple(x.shape), x.dtype)
    multiplier = y / x
    right = torch.where(multiplier == 0, 0.0, scale).to(x.dtype)
    difference = compare(multiplier, right, ("y / x",), TOLERANCE[x.dtype])
    if difference is not None:
        raise Failed(differs(difference, label, given))
    cotangent = draw.normal(*x.shape).to(x.dtype)
    given = arguments | {"generator": same_generator(state)}
    gradient_is(answer, given, "x", cotangent, cotangent * right, label)


def _named(problem: Problem, label: str, arguments: dict[str, Value]) -> Failed:
    """A mask's problem under its misconception's name."""
    if problem.kind == "sharing":
        return fail(ONE_MASK_FOR_BATCH if problem.shared[0] else MASK_SHARED, label, arguments)
    return fail(problem.misconception or problem.sentence, label, arguments, problem.measured)


# ---------------------------------------------------------------- 2.2 gaussian_dropout

STD_IS_P = Misconception(
    "std-is-p",
    "Your noise has standard deviation p. It is √(p/(1-p)), which gives the variance that inverted dropout "
    "of rate p has.",
)
STD_WITHOUT_ROOT = Misconception(
    "std-without-root",
    "Your noise has standard deviation p/(1-p). That is the variance; the standard deviation is its root.",
)
STD_INVERTED = Misconception(
    "std-inverted",
    "Your noise has standard deviation √((1-p)/p), or its square: p and 1-p are exchanged, so a small p "
    "makes much noise. It is √(p/(1-p)).",
)
STD_BERNOULLI = Misconception(
    "std-without-rescale",
    "Your noise has the spread of a mask that is not rescaled, √(p(1-p)). Rescaled by 1/(1-p) it is "
    "√(p/(1-p)).",
)
ADDITIVE = Misconception(
    "additive-noise",
    "You add the noise to x. Gaussian dropout multiplies: y = x·m with m ~ N(1, p/(1-p)), so large values "
    "get large noise and zero stays zero.",
)
MEAN_ZERO = Misconception(
    "mean-zero",
    "Your noise has mean 0, so x vanishes on average. The multiplier's mean is 1: that is why nothing "
    "needs rescaling.",
)
GAUSSIAN_RESCALED = Misconception(
    "gaussian-rescaled",
    "You divide by 1-p as in inverted dropout. The Gaussian multiplier has mean 1 already; there is "
    "nothing to rescale.",
)
BERNOULLI_NOISE = Misconception(
    "bernoulli-noise",
    "Your noise drops elements to zero. Gaussian dropout drops none: every element is multiplied by a draw "
    "from a normal distribution.",
)
CLIPPED = Misconception(
    "noise-clipped",
    "Your multiplier is never negative. N(1, p/(1-p)) has a lower tail; cutting it raises the mean.",
)
GAUSSIAN_SPREADS = (
    (STD_IS_P, lambda p: p),
    (STD_WITHOUT_ROOT, lambda p: p / (1 - p)),
    (STD_INVERTED, lambda p: math.sqrt((1 - p) / p)),
    (STD_INVERTED, lambda p: (1 - p) / p),
    (STD_BERNOULLI, lambda p: math.sqrt(p * (1 - p))),
    (STD_IS_P, lambda p: math.sqrt(p)),
)


@stepwise
def check_gaussian_dropout(answer: Answer, seed: int) -> str:
    draw = Draw(seed, "gaussian_dropout")
    _evaluation(answer, draw)
    B, T, F = draw.integer(18, 22), draw.integer(23, 27), draw.integer(28, 32)
    for p, dtype, generator in (
        (draw.uniform(0.2, 0.3), torch.float64, draw.generator()),
        (draw.uniform(0.2, 0.3), torch.float32, None),
        (draw.uniform(0.55, 0.7), torch.float64, draw.generator()),
        (draw.uniform(0.9, 0.97), torch.float64, draw.generator()),
        (draw.uniform(0.01, 0.05), torch.float32, draw.generator()),
    ):
        _judge_gaussian(answer, _apart_from_zero(draw, B, T, F).to(dtype), p, generator)
    _nothing_at_rate_zero(answer, draw)
    x = _apart_from_zero(draw, 16, 40)
    draws_from_the_generator(answer, draw, {"x": x, "p": 0.3, "training": True}, (16, 40), x.dtype)
    for small in _small_shapes(draw):
        arguments: dict[str, Value] = {"x": small, "p": 0.4, "training": True}
        state = draw.generator().get_state()
        label = f"training, p=0.4, x of shape {tuple(small.shape)}, {str(small.dtype).removeprefix('torch.')}"
        y = ask_tensor(
            answer, arguments | {"generator": same_generator(state)}, label, tuple(small.shape), small.dtype
        )
        cotangent = draw.normal(*small.shape).to(small.dtype)
        given = arguments | {"generator": same_generator(state)}
        gradient_is(answer, given, "x", cotangent, cotangent * (y / small), label)
    return "Right on 25 inputs: mean, spread, shape of the noise, evaluation, generator and gradient."


def _judge_gaussian(answer: Answer, x: Tensor, p: float, generator: torch.Generator | None) -> None:
    arguments: dict[str, Value] = {"x": x, "p": p, "training": True, "generator": generator}
    label = f"training, p={p:.3g}, x of shape {tuple(x.shape)}, {str(x.dtype).removeprefix('torch.')}"
    y = ask_tensor(answer, arguments, label, tuple(x.shape), x.dtype).double()
    x = x.double()
    noise = y / x
    sigma = math.sqrt(p / (1 - p))
    z = (noise - 1) / sigma
    if not standard_normal_fits(z):
        spread, mean = float(noise.std()), float(noise.mean())
        measured = [
            ["noise, mean", f"{mean:.3f}, expected 1"],
            ["noise, spread", f"{spread:.3f}, expected {sigma:.3f}"],
        ]
        raise fail(_name_gaussian(x, y, p) or "The noise is not N(1, p/(1-p)).", label, arguments, measured)
    for axis in range(x.dim()):
        for apart in (False, True):
            one, other = pairs(z, axis, apart)
            # Independent N(0, 1): their difference and their sum have variance 2 each.
            if not (variance_fits(one - other, 2.0) and variance_fits(one + other, 2.0)):
                raise fail(_name_gaussian(x, y, p) or "The draws depend on each other.", label, arguments)


def _name_gaussian(x: Tensor, y: Tensor, p: float) -> Misconception | None:
    """The misconception that such noise shows."""
    noise = y / x
    if any(bool(torch.isclose(noise, noise.narrow(axis, 0, 1), atol=1e-5).all()) for axis in range(x.dim())):
        shared_rows = bool(torch.isclose(noise, noise[:1], atol=1e-5).all())
        return ONE_MASK_FOR_BATCH if shared_rows else MASK_SHARED
    zeros = int((noise == 0).sum())
    if zeros and not bool((noise < 0).any()):
        return BERNOULLI_NOISE if zeros > 0.9 * min(p, 1 - p) * noise.numel() else CLIPPED
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
    for misconception, spread in GAUSSIAN_SPREADS:
        if variance_fits(noise - 1, spread(p) ** 2):
            return misconception
    return None


# ---------------------------------------------------------------- 2.3 dropout_moments


def dropout_moments(x: Tensor, p: float) -> tuple[Tensor, Tensor]:
    # E[xm] = x,  Var[xm] = x² p/(1-p)
    return x, x**2 * p / (1 - p)


def moments_cases(draw: Draw) -> Iterator[Case]:
    a, b, c = draw.sizes(3)
    rates = [
        draw.uniform(0.15, 0.4),
        draw.uniform(0.6, 0.9),
        0.0,
        draw.uniform(0.95, 0.99),
        0.5,
        draw.uniform(0, 1),
    ]
    for shape, p in zip(((a, b), (a, b), (a, b, c), (1, a), (1, 1), (b,)), rates, strict=True):
        yield Case(f"x of shape {shape}, p={p:.2f}", {"x": draw.normal(*shape, scale=2.0), "p": p})


MOMENTS_MISCONCEPTIONS = (
    Misconception(
        "variance-kept",
        "You take the variance to be zero, as if dropout kept it. It keeps the mean; the variance of x·m "
        "is x²·p/(1-p).",
        (lambda x, p: (x, torch.zeros_like(x)), lambda x, p: (x, x)),
    ),
    Misconception(
        "no-rescale",
        "Those are the moments of a mask that is not scaled up. Inverted dropout multiplies by 0 or "
        "1/(1-p): its mean is 1 and its variance p/(1-p).",
        (
            lambda x, p: ((1 - p) * x, x**2 * p * (1 - p)),
            lambda x, p: (x, x**2 * p * (1 - p)),
            lambda x, p: ((1 - p) * x, x**2 * p / (1 - p)),
        ),
    ),
    Misconception(
        "std-for-variance",
        "Your second value is the standard deviation. The variance is its square.",
        (lambda x, p: (x, x.abs() * (p / (1 - p)) ** 0.5), lambda x, p: (x, x * (p / (1 - p)) ** 0.5)),
    ),
    Misconception(
        "square-forgotten",
        "You scale the variance by x. A factor x scales the variance by x².",
        (lambda x, p: (x, x * p / (1 - p)), lambda x, p: (x, x.abs() * p / (1 - p))),
    ),
    Misconception(
        "mask-alone",
        "You give the mask's own variance. The output is x·m, so its variance is x² times that.",
        (
            lambda x, p: (x, torch.full_like(x, p / (1 - p))),
            lambda x, p: (torch.ones_like(x), torch.full_like(x, p / (1 - p))),
        ),
    ),
    Misconception(
        "second-moment",
        "Your second value is E[y²] = x²/(1-p). The variance is that less the squared mean.",
        (lambda x, p: (x, x**2 / (1 - p)),),
    ),
    Misconception(
        "keep-probability",
        "You use p as the rate of keeping. Here p is the rate of dropping, and 1-p that of keeping.",
        (
            lambda x, p: (x, x**2 * (1 - p) / p if p else torch.full_like(x, float("inf"))),
            lambda x, p: (x, x**2 * (1 - p) / p),
        ),
    ),
    Misconception(
        "outputs-swapped",
        "You return (variance, mean). The order is (mean, variance).",
        (lambda x, p: dropout_moments(x, p)[::-1],),
    ),
)


# ---------------------------------------------------------------- 2.4 noise_shape_dropout

NOISE_SHAPE_IGNORED = Misconception(
    "noise-shape-ignored",
    "Each element has its own draw, whatever noise_shape says. Where it says 1, one draw serves the whole "
    "axis.",
)
NOISE_SHAPE_INVERTED = Misconception(
    "noise-shape-inverted",
    "You share along the axes where noise_shape has x's size, and draw anew where it says 1. It is the "
    "shape of the noise: 1 means one draw for the whole axis.",
)
NONE_IS_ONE = Misconception(
    "none-is-one",
    "You take None for 1. In noise_shape None means x's own size on that axis: a draw for each.",
)
SHAPE_REVERSED = Misconception(
    "axes-swapped",
    "The draws are shared along another axis than the one where noise_shape says 1. Its entries belong to "
    "x's axes in order.",
)


@stepwise
def check_noise_shape_dropout(answer: Answer, seed: int) -> str:
    draw = Draw(seed, "noise_shape_dropout")
    patterns = list(product((False, True), repeat=3))[:-1]
    # First one axis shared, where the axes can be told apart; then all patterns.
    first = draw.choice([(True, False, False), (False, False, True), (False, True, False)])
    for k, pattern in enumerate([first, *patterns]):
        # An axis that alone has its own draws is long: 0.7^90 is the chance that all of it is kept.
        long = pattern.count(False) == 1
        sizes = tuple(
            draw.integer(*((3, 6) if one else (90, 110))) if long else draw.integer(20, 26) for one in pattern
        )
        _judge_shape(answer, draw, sizes, pattern, draw.uniform(0.3, 0.35), none=k % 2 == 1)
    for pattern in ((False, True), (True, False), (False, False)):
        _judge_shape(
            answer, draw, (100, 110), pattern, draw.uniform(0.65, 0.75), none=pattern == (False, True)
        )
    _judge_shape(answer, draw, (600,), (False,), 0.3, none=True)
    _judge_shape(answer, draw, (7, 8, 9, 10), (False, True, False, True), 0.3, none=True)
    x, shape = _apart_from_zero(draw, 16, 5, 40), (None, 1, 40)
    p = draw.uniform(0.2, 0.35)
    draws_from_the_generator(answer, draw, {"x": x, "p": p, "noise_shape": shape}, (16, 5, 40), x.dtype)
    generator, masks = draw.generator(), []
    for _ in range(8):
        arguments: dict[str, Value] = {"x": x, "p": p, "noise_shape": shape, "generator": generator}
        masks.append((ask_tensor(answer, arguments, "eight calls", (16, 5, 40), x.dtype) / x)[:, 0])
    if not counts_vary(masks):
        raise fail(EXACT_COUNT, "eight calls", {"x": x, "p": p, "noise_shape": shape})
    for small in _small_shapes(draw):
        for entry in (1, None):
            given: dict[str, Value] = {"x": small, "p": 0.5, "noise_shape": (entry,) * small.dim()}
            _is_kept_or_dropped(answer, draw, given, 2.0)
    whole: dict[str, Value] = {"x": x, "p": 0.0, "noise_shape": shape, "generator": draw.generator()}
    y = ask_tensor(answer, whole, "p=0", (16, 5, 40), x.dtype)
    difference = compare(y, x, ("result",), 1e-9)
    if difference is not None:
        raise Failed(differs(difference, "p=0: nothing is dropped", whole))
    return "Right on 45 inputs: every pattern of sharing, rate, scale, generator and gradient."


def _judge_shape(
    answer: Answer, draw: Draw, sizes: tuple[int, ...], shared: tuple[bool, ...], p: float, none: bool
) -> None:
    """One pattern of sharing: 1 on the shared axes, elsewhere x's own size or None."""
    shape = tuple(1 if one else (None if none else size) for one, size in zip(shared, sizes, strict=True))
    x = _apart_from_zero(draw, *sizes).to(draw.choice([torch.float32, torch.float64]))
    x = draw.choice([x, non_contiguous(x)])
    arguments: dict[str, Value] = {"x": x, "p": p, "noise_shape": shape, "generator": draw.generator()}
    label = f"p={p:.3g}, x of shape {sizes}, noise_shape={shape}"
    y = ask_tensor(answer, arguments, label, sizes, x.dtype)
    multiplier = y.double() / x.double()
    problem = judge(multiplier, p, shared)
    if problem is None:
        return
    if problem.kind == "sharing":
        raise fail(
            _name_sharing(problem.shared, shared, none),
            label,
            arguments,
            _sharing_rows(problem.shared, shared),
        )
    raise fail(problem.misconception or problem.sentence, label, arguments, problem.measured)


def _name_sharing(found: tuple[bool, ...], wanted: tuple[bool, ...], none: bool) -> Misconception | str:
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
    return "The draws are not shared as noise_shape says."


def _sharing_rows(found: tuple[bool, ...], wanted: tuple[bool, ...]) -> list[list[str]]:
    def say(one: bool) -> str:
        return "one draw" if one else "a draw each"

    return [
        [f"axis {axis}", f"{say(a)}; noise_shape asks for {say(b)}"]
        for axis, (a, b) in enumerate(zip(found, wanted, strict=True))
    ]


INVERTED = (AT_EVALUATION, RESCALE_AT_TEST, *GENERAL_MASK, ONE_MASK_FOR_BATCH, MASK_SHARED)
GAUSSIAN = (
    AT_EVALUATION,
    RESCALE_AT_TEST,
    STD_IS_P,
    STD_WITHOUT_ROOT,
    STD_INVERTED,
    STD_BERNOULLI,
    ADDITIVE,
    MEAN_ZERO,
    GAUSSIAN_RESCALED,
    BERNOULLI_NOISE,
    CLIPPED,
    ONE_MASK_FOR_BATCH,
    MASK_SHARED,
    GENERATOR_IGNORED,
    SAME_EACH_CALL,
)
NOISE_SHAPE = (*GENERAL_MASK, NOISE_SHAPE_IGNORED, NOISE_SHAPE_INVERTED, NONE_IS_ONE, SHAPE_REVERSED)

LESSON = Lesson(
    "02_noise",
    parts=(
        Part(
            "2.1",
            "inverted_dropout",
            35,
            "x, p, training, generator=None",
            (
                "A mask is a tensor of x's shape that says keep or drop, each element by its own draw. "
                "With which probability is an element kept, if p is the rate of dropping?",
                "Draw uniform numbers with the generator, keep where they are at least p, and divide what "
                "is kept by 1-p. With training=False return x.",
            ),
            check_inverted_dropout,
            INVERTED,
        ),
        Part(
            "2.2",
            "gaussian_dropout",
            25,
            "x, p, training, generator=None",
            (
                "The noise multiplies x, and its mean is 1. What variance does the multiplier of inverted "
                "dropout have at rate p?",
                "That variance is p/(1-p). Draw standard normal numbers, scale them by its root and add 1; "
                "then multiply.",
            ),
            check_gaussian_dropout,
            GAUSSIAN,
        ),
        Part(
            "2.3",
            "dropout_moments",
            20,
            "x, p",
            (
                "Here x is a constant and the mask is random: m is 1/(1-p) with probability 1-p, and else "
                "0. Write down E[m] and E[m²].",
                "E[m] = 1 and E[m²] = 1/(1-p), so Var[m] = p/(1-p). A constant factor x comes out of a "
                "variance squared.",
            ),
            Exact(
                "dropout_moments",
                dropout_moments,
                moments_cases,
                outputs=("mean", "variance"),
                gradients=("x",),
                misconceptions=MOMENTS_MISCONCEPTIONS,
            ),
            MOMENTS_MISCONCEPTIONS,
        ),
        Part(
            "2.4",
            "noise_shape_dropout",
            20,
            "x, p, noise_shape, generator=None",
            (
                "Draw a mask of the noise's shape, not of x's, and let broadcasting do the rest.",
                "Replace each None by x's size on that axis; draw and scale the mask in that shape; "
                "multiply.",
            ),
            check_noise_shape_dropout,
            NOISE_SHAPE,
        ),
    ),
)
