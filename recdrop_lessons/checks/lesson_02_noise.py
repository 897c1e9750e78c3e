"""Checks of lesson 02: inverted and Gaussian dropout, their moments, and the shape of the noise."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import product

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Answer, Value
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.chance import (
    mean_fits,
    pairs,
    pairs_fit,
    rate_fits,
    standard_normal_fits,
    variance_fits,
)
from recdrop_lessons.checks.compare import TOLERANCE, compare
from recdrop_lessons.checks.draw import Draw, non_contiguous
from recdrop_lessons.checks.exact import Exact
from recdrop_lessons.checks.masks import (
    EXACT_COUNT,
    GENERAL_MASK,
    GENERATOR_IGNORED,
    SAME_EACH_CALL,
    Problem,
    counts_vary,
    judge,
)
from recdrop_lessons.checks.outcomes import differs
from recdrop_lessons.checks.parts import Lesson, Misconception, Part
from recdrop_lessons.checks.steps import Drawing, Failed, Reply, Step, Steps, fail, kept, stepwise

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


def _typed(x: Tensor) -> str:
    return f"x of shape {tuple(x.shape)}, {str(x.dtype).removeprefix('torch.')}"


def _like_x(reply: Reply) -> Tensor:
    """The result, of x's shape and dtype."""
    x = reply.arguments["x"]
    return reply.tensor(x.shape, x.dtype)


def _evaluation(draw: Draw) -> Iterator[Step]:
    """training=False: x itself, whatever p, with gradient one."""
    for dtype, p in ((torch.float64, draw.uniform(0.2, 0.4)), (torch.float32, draw.uniform(0.6, 0.8))):
        x = _apart_from_zero(draw, 13, 40).to(dtype)
        arguments: dict[str, Value] = {"x": x, "p": p, "training": False, "generator": draw.generator()}
        cotangent = draw.normal(*x.shape).to(dtype)
        yield Step(f"evaluation, p={p:.2f}, x of shape (13, 40)", arguments, _passes, "x", cotangent)


def _passes(reply: Reply) -> None:
    """At evaluation x passes as it is."""
    x, y = reply.arguments["x"], _like_x(reply)
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


def _rate_zero(draw: Draw) -> Iterator[Step]:
    for dtype in (torch.float32, torch.float64):
        x = draw.normal(5, 6).to(dtype)
        arguments: dict[str, Value] = {"x": x, "p": 0.0, "training": True, "generator": draw.generator()}
        yield Step("training, p=0", arguments, _drops_nothing)


def _drops_nothing(reply: Reply) -> None:
    x = reply.arguments["x"]
    reply.compare(_like_x(reply), x, "result", TOLERANCE[x.dtype], ": nothing is dropped")


def _small_shapes(draw: Draw) -> Iterator[Tensor]:
    """One row, one element, one to four axes, both dtypes, contiguous or not."""
    a, b, c = draw.sizes(3)
    for shape, dtype in product(
        ((1, a), (a, 1), (1,), (b,), (a, b, c), (a, 1, b, 2)), (torch.float32, torch.float64)
    ):
        x = _apart_from_zero(draw, *shape).to(dtype)
        yield non_contiguous(x) if dtype == torch.float64 or len(shape) == 3 else x


# ---------------------------------------------------------------- 2.1 inverted_dropout


@kept
def _inverted(seed: int) -> tuple[Steps, Drawing, Steps]:
    """Large masks; calls with and without generators; what is small."""
    draw = Draw(seed, "inverted_dropout")
    B, T, F = draw.integer(15, 20), draw.integer(21, 25), draw.integer(26, 30)
    evaluation = list(_evaluation(draw))
    large = [
        _training(_apart_from_zero(draw, B, T, F).to(dtype), p, generator)
        for p, dtype, generator in (
            (draw.uniform(0.2, 0.35), torch.float64, draw.generator()),
            (draw.uniform(0.65, 0.8), torch.float32, draw.generator()),
            (draw.uniform(0.2, 0.35), torch.float32, None),
            (draw.uniform(0.95, 0.99), torch.float32, draw.generator()),
            (draw.uniform(0.01, 0.05), torch.float32, draw.generator()),
        )
    ]
    x, p = _apart_from_zero(draw, 16, 40), draw.uniform(0.2, 0.35)
    again = _training(x, p, None)
    drawing = Drawing(draw, {"x": x, "p": p, "training": True}, again.judge, others=3)
    small = (
        _small(draw, {"x": x, "p": 0.5, "training": True}, _kept_or_dropped) for x in _small_shapes(draw)
    )
    return Steps(evaluation + large), drawing, Steps([*_rate_zero(draw), *small])


@stepwise
def check_inverted_dropout(answer: Answer, seed: int) -> str:
    large, drawing, small = _inverted(seed)
    large.ask(answer)
    if not counts_vary(drawing.ask(answer)):
        raise fail(EXACT_COUNT, "seven calls", drawing.arguments)
    small.ask(answer)
    count = len(large) + len(drawing) + len(small)
    return f"Right on {count} inputs: rate, scale, independence, evaluation, generator and gradient."


def _training(x: Tensor, p: float, generator: torch.Generator | None) -> Step:
    """A mask with a draw for each element. The judge gives what each was multiplied by."""
    arguments: dict[str, Value] = {"x": x, "p": p, "training": True, "generator": generator}
    exact = x.double()
    halves = [(some, int(some.sum())) for some in (x > 0, x.abs() > x.abs().median())]

    def judge_mask(reply: Reply) -> Tensor:
        multiplier = _like_x(reply).double() / exact
        problem = judge(multiplier, p, shared=[False] * x.dim())
        if problem is not None:
            raise _named(problem, reply)
        dropped = multiplier == 0
        for some, size in halves:
            if not rate_fits(int((dropped & some).sum()), size, p):
                raise reply.fail("What is dropped depends on the values of x; it must be drawn.")
        return multiplier

    return Step(f"training, p={p:.3g}, {_typed(x)}", arguments, judge_mask)


def _named(problem: Problem, reply: Reply) -> Failed:
    """A mask's problem under its misconception's name."""
    if problem.kind == "sharing":
        return reply.fail(ONE_MASK_FOR_BATCH if problem.shared[0] else MASK_SHARED)
    return reply.fail(problem.misconception or problem.sentence, problem.measured)


def _small(draw: Draw, arguments: dict[str, Value], judge_small: Callable[[Reply], None]) -> Step:
    """A call on a small x, with its gradient."""
    x = arguments["x"]
    label = f"training, p={arguments['p']:.3g}, {_typed(x)}"
    given = arguments | {"generator": draw.generator()}
    return Step(label, given, judge_small, "x", draw.normal(*x.shape).to(x.dtype))


def _kept_or_dropped(reply: Reply) -> None:
    """Each element is 0 or x/(1-p), and the gradient is that multiplier."""
    x, p = reply.arguments["x"], reply.arguments["p"]
    multiplier = _like_x(reply) / x
    right = torch.where(multiplier == 0, 0.0, 1 / (1 - p)).to(x.dtype)
    reply.compare(multiplier, right, "y / x", TOLERANCE[x.dtype])
    reply.slope_is(right)


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


@kept
def _gaussian(seed: int) -> tuple[Steps, Drawing, Steps]:
    """Much noise; draws; what is small."""
    draw = Draw(seed, "gaussian_dropout")
    B, T, F = draw.integer(18, 22), draw.integer(23, 27), draw.integer(28, 32)
    evaluation = list(_evaluation(draw))
    large = [
        _noise(_apart_from_zero(draw, B, T, F).to(dtype), p, generator)
        for p, dtype, generator in (
            (draw.uniform(0.2, 0.3), torch.float64, draw.generator()),
            (draw.uniform(0.2, 0.3), torch.float32, None),
            (draw.uniform(0.55, 0.7), torch.float64, draw.generator()),
            (draw.uniform(0.9, 0.97), torch.float32, draw.generator()),
            (draw.uniform(0.01, 0.05), torch.float32, draw.generator()),
        )
    ]
    x = _apart_from_zero(draw, 16, 40)
    drawing = Drawing(draw, {"x": x, "p": 0.3, "training": True}, _like_x)
    small = (_small(draw, {"x": x, "p": 0.4, "training": True}, _multiplied) for x in _small_shapes(draw))
    return Steps([*evaluation, *large, *_rate_zero(draw)]), drawing, Steps(small)


@stepwise
def check_gaussian_dropout(answer: Answer, seed: int) -> str:
    large, drawing, small = _gaussian(seed)
    large.ask(answer)
    drawing.ask(answer)
    small.ask(answer)
    count = len(large) + len(drawing) + len(small)
    return f"Right on {count} inputs: mean, spread, shape of the noise, evaluation, generator and gradient."


def _multiplied(reply: Reply) -> None:
    """The gradient is the noise that multiplied."""
    reply.slope_is(_like_x(reply) / reply.arguments["x"])


def _noise(x: Tensor, p: float, generator: torch.Generator | None) -> Step:
    """Noise that should be N(1, p/(1-p)), a draw for each element."""
    arguments: dict[str, Value] = {"x": x, "p": p, "training": True, "generator": generator}
    exact, sigma = x.double(), math.sqrt(p / (1 - p))

    def judge_noise(reply: Reply) -> None:
        y = _like_x(reply).double()
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
                    raise reply.fail(_name_gaussian(exact, y, p) or "The draws depend on each other.")

    return Step(f"training, p={p:.3g}, {_typed(x)}", arguments, judge_noise)


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


@kept
def _shaped(seed: int) -> tuple[Steps, Drawing, Steps]:
    """Every pattern of sharing; calls with and without generators; what is small."""
    draw = Draw(seed, "noise_shape_dropout")
    # First one axis shared, where the axes can be told apart; then all patterns.
    first = draw.choice([(True, False, False), (False, False, True), (False, True, False)])
    patterns = [_pattern(draw, [draw.integer(20, 26) for _ in range(3)], first, none=False)]
    for k, pattern in enumerate(list(product((False, True), repeat=3))[:-1]):
        # An axis that alone has its own draws is long: 0.7^90 is the chance that all of it is kept.
        low, high = (90, 110) if pattern.count(False) == 1 else (20, 26)
        sizes = [draw.integer(3, 6) if one else draw.integer(low, high) for one in pattern]
        patterns.append(_pattern(draw, sizes, pattern, none=k % 2 == 0))
    for pattern in ((False, True), (True, False), (False, False)):
        sizes = [20 if one else 105 for one in pattern]
        patterns.append(_pattern(draw, sizes, pattern, none=pattern == (False, True), high=True))
    patterns.append(_pattern(draw, [600], (False,), none=True))
    patterns.append(_pattern(draw, [7, 8, 9, 10], (False, True, False, True), none=True))
    x, p = _apart_from_zero(draw, 16, 5, 40), draw.uniform(0.2, 0.35)
    arguments: dict[str, Value] = {"x": x, "p": p, "noise_shape": (None, 1, 40)}
    drawing = Drawing(draw, arguments, _like_x, others=3)
    # one draw for all and a draw for each, either in one of the two dtypes
    entries = (1, None, None, 1) * 3
    small = [
        _small(draw, {"x": x, "p": 0.5, "noise_shape": (entry,) * x.dim()}, _kept_or_dropped)
        for x, entry in zip(_small_shapes(draw), entries, strict=True)
    ]
    small.append(Step("p=0", arguments | {"p": 0.0, "generator": draw.generator()}, _drops_nothing))
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


def _pattern(draw: Draw, sizes: list[int], shared: tuple[bool, ...], none: bool, high: bool = False) -> Step:
    """One pattern of sharing: 1 on the shared axes, elsewhere x's own size or None."""
    shape = tuple(1 if one else (None if none else size) for one, size in zip(shared, sizes, strict=True))
    p = draw.uniform(0.65, 0.75) if high else draw.uniform(0.3, 0.35)
    x = _apart_from_zero(draw, *sizes).to(draw.choice([torch.float32, torch.float64]))
    x = draw.choice([x, non_contiguous(x)])
    arguments: dict[str, Value] = {"x": x, "p": p, "noise_shape": shape, "generator": draw.generator()}
    exact = x.double()

    def judge_mask(reply: Reply) -> None:
        problem = judge(_like_x(reply).double() / exact, p, shared)
        if problem is None:
            return
        if problem.kind == "sharing":
            name = _name_sharing(problem.shared, shared, none)
            raise reply.fail(name, _sharing_rows(problem.shared, shared))
        raise reply.fail(problem.misconception or problem.sentence, problem.measured)

    return Step(f"p={p:.3g}, x of shape {tuple(sizes)}, noise_shape={shape}", arguments, judge_mask)


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
