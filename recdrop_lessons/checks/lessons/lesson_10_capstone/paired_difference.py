"""10.2 Is a better than b?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from recdrop_lessons.checks.answer import Value
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lessons.lesson_10_capstone.mean_interval import (
    MISCONCEPTIONS as INTERVAL_MISCONCEPTIONS,
)
from recdrop_lessons.checks.lessons.lesson_10_capstone.mean_interval import (
    TOLERANCE,
    Interval,
    mean_interval,
    normal,
    sample,
    student,
)
from recdrop_lessons.checks.misconceptions import Misconception


def paired_difference(a: Sequence[float], b: Sequence[float], level: float) -> Interval:
    """The mean of a - b over paired runs and its confidence interval, by Student's t.

    Args:
        a: a list of n ≥ 2 floats, one for each seed.
        b: a list of n floats, of the same seeds in the same order.
        level: the confidence, a float between 0 and 1.

    Returns:
        A tuple of three floats: the mean of a - b, the lower end and the upper end.
    """
    return mean_interval([one - other for one, other in zip(a, b, strict=True)], level)


def _unpaired(
    a: Sequence[float],
    b: Sequence[float],
    level: float,
    degrees: str = "both",
    quantile: Callable[[float, float], float] = student,
) -> Interval:
    """The interval for two samples that have nothing to do with each other."""
    n = len(a)
    means = [math.fsum(scores) / n for scores in (a, b)]
    variances = [
        math.fsum((score - mean) ** 2 for score in scores) / (n - 1)
        for scores, mean in zip((a, b), means, strict=True)
    ]
    error = math.sqrt(sum(variances) / n)
    fitting = {
        "both": 2 * n - 2,
        "one": n - 1,
        # Welch
        "welch": (n - 1) * sum(variances) ** 2 / max(sum(v**2 for v in variances), 1e-300),
    }[degrees]
    half = quantile((1 + level) / 2, fitting) * error
    mean = means[0] - means[1]
    return mean, mean - half, mean + half


def _ends_subtracted(a: Sequence[float], b: Sequence[float], level: float) -> Interval:
    left, right = mean_interval(a, level), mean_interval(b, level)
    return left[0] - right[0], left[1] - right[1], left[2] - right[2]


def _ends_crossed(a: Sequence[float], b: Sequence[float], level: float) -> Interval:
    left, right = mean_interval(a, level), mean_interval(b, level)
    return left[0] - right[0], left[1] - right[2], left[2] - right[1]


def _of_differences(mistake: Callable[..., Value]) -> Callable[..., Value]:
    return lambda a, b, level: mistake([one - other for one, other in zip(a, b, strict=True)], level)


def _zero_if_unclear(a: Sequence[float], b: Sequence[float], level: float) -> Interval:
    mean, low, high = paired_difference(a, b, level)
    return (0.0 if low < 0 < high else mean), low, high


MISCONCEPTIONS = (
    Misconception(
        "zero-differences-left-out",
        "You leave out pairs whose difference is 0. A pair that is equal says that a and b are alike: it "
        "counts.",
        "How many pairs take part in your mean? Is it all of them?",
        lambda a, b, level: mean_interval(
            [one - other for one, other in zip(a, b, strict=True) if one != other], level
        ),
    ),
    Misconception(
        "unpaired-interval",
        "You treat the two lists as if they had nothing to do with each other. a[k] and b[k] share a seed: "
        "what both runs of a pair share cancels in a[k] - b[k], so take the interval of the differences.",
        "Add 5 to a[0] and to b[0]: this seed was hard for both. Should the interval change? Does yours?",
        _unpaired,
        partial(_unpaired, degrees="one"),
        partial(_unpaired, degrees="welch"),
        partial(_unpaired, quantile=normal),
        _ends_crossed,
        _ends_subtracted,
    ),
    Misconception(
        "difference-reversed",
        "You subtract the wrong way round: the difference is a - b.",
        "Let a be larger than b at every seed. Which sign should the mean have?",
        lambda a, b, level: paired_difference(b, a, level),
    ),
    Misconception(
        "pairs-sorted",
        "You sort the lists before you pair them. The pairs are the seeds: a[k] belongs to b[k] in the "
        "given order.",
        "Change the order of the seeds in both lists in the same way. And now in one list only. Which of "
        "the two should change the result?",
        lambda a, b, level: paired_difference(sorted(a), sorted(b), level),
        lambda a, b, level: paired_difference(sorted(a), sorted(b, reverse=True), level),
    ),
    Misconception(
        "absolute-differences",
        "You take absolute differences. Their sign matters: a may be better at one seed and "
        "worse at the next.",
        "Let a be better at one seed and worse at the next by as much. What should the mean difference be?",
        lambda a, b, level: mean_interval([abs(x - y) for x, y in zip(a, b, strict=True)], level),
    ),
    *(its.shown_by(*map(_of_differences, its.mistakes)) for its in INTERVAL_MISCONCEPTIONS),
    Misconception(
        "relative-difference",
        "You take a ratio, or count in percent. The exercise asks for a[k] - b[k] itself.",
        "Let a be 0.75 and b be 0.5 at every seed. Which number should come out?",
        lambda a, b, level: mean_interval([(x - y) / y for x, y in zip(a, b, strict=True)], level),
        lambda a, b, level: mean_interval([(x - y) / x for x, y in zip(a, b, strict=True)], level),
        lambda a, b, level: mean_interval([x / y for x, y in zip(a, b, strict=True)], level),
        lambda a, b, level: mean_interval([100 * (x - y) for x, y in zip(a, b, strict=True)], level),
    ),
    Misconception(
        "set-to-zero",
        "You return 0 where the interval holds 0. The mean difference is what it is; the interval says how "
        "sure it is.",
        "Which line of yours returns a 0? The mean is a number like any other.",
        _zero_if_unclear,
    ),
    Misconception(
        "sum-for-difference",
        "You put the scores of a and b together. The exercise asks for their differences, a[k] - b[k].",
        "Let a and b be equal. What should come out?",
        lambda a, b, level: mean_interval([x + y for x, y in zip(a, b, strict=True)], level),
        lambda a, b, level: mean_interval([*a, *b], level),
    ),
)


def paired_cases(draw: Draw) -> Iterator[Case]:
    """Scores that go up and down together from seed to seed, the second a little lower or higher."""
    n = draw.integer(4, 8)
    for size, level in ((n, 0.95), (n, 0.95), (n + 1, 0.9), (2, 0.95), (3, 0.99), (12, 0.5), (40, 0.8)):
        a = sample(draw, size)
        step = draw.uniform(-0.1, 0.1)
        b = [x + step + y for x, y in zip(a, draw.normal(size, scale=0.05).tolist(), strict=True)]
        yield Case(f"n={size}, level={level}", {"a": a, "b": b, "level": level})
    a = sample(draw, 6)
    b = [one if k % 2 else other for k, (one, other) in enumerate(zip(a, sample(draw, 6), strict=True))]
    yield Case("pairs that are equal", {"a": a, "b": b, "level": 0.95})
    yield Case("equal lists", {"a": a, "b": list(a), "level": 0.95})
    yield Case("unrelated scores", {"a": sample(draw, 5), "b": sample(draw, 5), "level": 0.95})
    level = round(draw.uniform(0.7, 0.98), 3)
    yield Case(f"level={level}", {"a": sample(draw, n), "b": sample(draw, n), "level": level})


PART = exact_part(
    "10.2",
    paired_difference,
    points=30,
    hints=(
        "a[k] and b[k] come from the same seed. What do they share?",
        "What is left of the seed's effect in a[k] - b[k]?",
        "Make the list of the differences a[k] - b[k] first; what remains is 10.1 on that list.",
    ),
    cases=paired_cases,
    outputs=("mean", "low", "high"),
    floats=False,
    tolerance=TOLERANCE,
    misconceptions=MISCONCEPTIONS,
)
