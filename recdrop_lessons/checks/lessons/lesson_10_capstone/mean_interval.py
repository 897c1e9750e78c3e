"""10.1 The confidence interval of a mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.recognise import Silent

Interval = tuple[float, float, float]

# Far below what any mistake changes, above what float32 scores change.
TOLERANCE = {torch.float64: 1e-5, torch.float32: 1e-5}


def student(probability: float, degrees: float) -> float:
    if degrees < 1:
        raise Silent  # no such distribution: only a mistake comes here, and it may do anything
    from scipy.special import stdtrit  # only here: scipy takes a second to import

    return float(stdtrit(degrees, probability))


def normal(probability: float, degrees: float) -> float:
    return float(torch.special.ndtri(torch.tensor(probability, dtype=torch.float64)))


def about_two(probability: float, degrees: float) -> float:
    return 1.96


def mean_interval(
    scores: Sequence[float],
    level: float,
    *,
    quantile: Callable[[float, float], float] = student,
    two_sided: bool = True,
    fixed: float | None = None,
    less: int = 1,
    degrees: int = 1,
    spread: Callable[[float, int], float] = lambda deviation, n: deviation / math.sqrt(n),
) -> Interval:
    """The mean of a few scores and its confidence interval, by Student's t.

    Args:
        scores: a list of n ≥ 2 floats.
        level: the confidence, a float between 0 and 1, such as 0.95.

    Returns:
        A tuple of three floats: the mean, the lower end and the upper end.
    """
    n = len(scores)
    level = fixed or level
    mean = math.fsum(scores) / n
    # s² = Σ(x - x̄)² / (n - 1)
    deviation = math.sqrt(math.fsum((score - mean) ** 2 for score in scores) / (n - less))
    # x̄ ± t_{(1 + level)/2, n-1} · s/√n
    half = quantile((1 + level) / 2 if two_sided else level, n - degrees) * spread(deviation, n)
    return mean, mean - half, mean + half


def median(scores: Sequence[float], level: float) -> Interval:
    _, low, high = mean_interval(scores, level)
    ordered = sorted(scores)
    n = len(ordered)
    middle = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    return middle, middle - (high - low) / 2, middle + (high - low) / 2


def half_width(scores: Sequence[float], level: float) -> tuple[float, float]:
    mean, low, high = mean_interval(scores, level)
    return mean, (high - low) / 2


def percentiles(scores: Sequence[float], level: float) -> Interval:
    values = torch.tensor(list(scores), dtype=torch.float64)
    ends = torch.tensor([(1 - level) / 2, (1 + level) / 2], dtype=torch.float64)
    low, high = torch.quantile(values, ends).tolist()
    return math.fsum(scores) / len(scores), low, high


MISCONCEPTIONS = (
    Misconception(
        "normal-for-student",
        "You use the normal distribution's quantile (1.96 for 95 %), or about 2. With few seeds the standard "
        "deviation is itself uncertain: Student's t with n - 1 degrees of freedom is wider.",
        "Compare the factor for 3 scores with that for 300. Should it be the same?",
        partial(mean_interval, quantile=normal),
        partial(mean_interval, quantile=normal, less=0),
        partial(mean_interval, quantile=about_two),
        partial(mean_interval, quantile=about_two, less=0),
        partial(mean_interval, quantile=lambda probability, degrees: 2.0),
    ),
    Misconception(
        "t-of-five-scores",
        "Your factor is 2.776 whatever comes in. It is that of five scores at a level of 0.95 only.",
        "Compare the factor for 3 scores with that for 300. Should it be the same?",
        *(
            partial(mean_interval, quantile=quantile, less=less)
            for quantile in (
                lambda probability, degrees: 2.776,
                lambda probability, degrees: 2.7764451051977987,
            )
            for less in (1, 0)
        ),
    ),
    Misconception(
        "n-for-n-minus-1",
        "You divide the squares by n. The mean was taken from the same scores, so the sample's variance has "
        "n - 1 below (`statistics.stdev`, `numpy.std(ddof=1)`, `torch.std`).",
        "Take the scores 1 and 3. Their sample standard deviation should be about 1.414. Is yours 1?",
        partial(mean_interval, less=0),
    ),
    Misconception(
        "degrees-of-freedom",
        "Your t has other degrees of freedom. The mean takes one, so n - 1 are left.",
        "How many of n numbers may still be chosen freely once their mean is known?",
        partial(mean_interval, degrees=0),
        partial(mean_interval, degrees=0, less=0),
        partial(mean_interval, degrees=2),
        partial(mean_interval, quantile=lambda probability, degrees: student(probability, 4)),
    ),
    Misconception(
        "root-n-forgotten",
        "Your half width does not divide the standard deviation by √n. It takes the standard error of the "
        "mean, s/√n.",
        "Take the scores 1, 3, 1, 3, 1, 3, 1, 3 at 0.95. Their s is 1.069 and the factor t is 2.365. What "
        "half width does the table of 10.1 ask for, and what is yours?",
        *(
            partial(mean_interval, quantile=quantile, less=less, spread=lambda deviation, n: deviation)
            for quantile in (student, normal, about_two)
            for less in (1, 0)
        ),
        partial(mean_interval, spread=lambda deviation, n: deviation / n),
        partial(mean_interval, spread=lambda deviation, n: deviation / math.sqrt(n - 1)),
    ),
    Misconception(
        "quantile-forgotten",
        "Your half width is the standard error, or the standard deviation, as it stands. It takes the "
        "factor t, which grows with the level.",
        "Call your function with levels 0.5 and 0.99. Which interval should be wider? Is it?",
        partial(mean_interval, quantile=lambda probability, degrees: 1.0),
        partial(
            mean_interval, quantile=lambda probability, degrees: 1.0, spread=lambda deviation, n: deviation
        ),
        partial(
            mean_interval,
            quantile=lambda probability, degrees: 1.0,
            spread=lambda deviation, n: deviation,
            less=0,
        ),
    ),
    Misconception(
        "one-sided",
        "You take the quantile at `level`. Half of what the interval leaves out lies on each side, so it "
        "is the quantile at (1 + level)/2: 0.975 for 0.95.",
        "Draw the curve and shade 95 % in the middle. How much is left on each side?",
        partial(mean_interval, two_sided=False),
        partial(mean_interval, quantile=normal, two_sided=False),
    ),
    Misconception(
        "level-for-alpha",
        "You take the level for what the interval leaves out. α is 1 - level, and half of it lies on each "
        "side.",
        "Call your function with levels 0.5 and 0.99. Which interval should be wider? Is it?",
        # the quantile at 1 - level/2, where probability = (1 + level)/2
        partial(mean_interval, quantile=lambda probability, degrees: student(1.5 - probability, degrees)),
    ),
    Misconception(
        "ends-exchanged",
        "Your lower end is above your upper one. First the mean, then mean - half, then mean + half, with "
        "the quantile at (1 + level)/2, which is positive.",
        "Is your middle number smaller than your third?",
        partial(mean_interval, quantile=lambda probability, degrees: -student(probability, degrees)),
    ),
    Misconception(
        "level-ignored",
        "Your interval is the same whatever `level` says.",
        "Call your function with levels 0.5 and 0.99. Which interval should be wider? Is it?",
        *(partial(mean_interval, fixed=level) for level in (0.95, 0.9, 0.99)),
    ),
    Misconception(
        "range-for-interval",
        "You return where the scores lie, their smallest and largest or their percentiles. The interval is "
        "for the mean.",
        "Repeat every score a hundred times. Should the interval become narrower? Does yours?",
        lambda scores, level: (math.fsum(scores) / len(scores), min(scores), max(scores)),
        percentiles,
    ),
    Misconception(
        "median-for-mean",
        "You return the median in place of the mean.",
        "Take the scores 1, 1, 10. What is their mean?",
        median,
    ),
    Misconception(
        "half-width-returned",
        "You return the half width. Return three numbers: the mean, the lower end and the upper end.",
        "Count the numbers that you return, and compare with the docstring.",
        half_width,
    ),
    Misconception(
        "variance-for-deviation",
        "You use the variance where the standard deviation belongs: half the interval is t·s/√n, and s is "
        "the root of the variance.",
        "Multiply all scores by 10. By which factor should the interval grow?",
        partial(mean_interval, spread=lambda deviation, n: deviation**2 / math.sqrt(n)),
    ),
    Misconception(
        "scores-left-out",
        "You leave out some of the scores. Every run counts: those that repeat, are 0 or lie far out too.",
        "How many scores take part in your mean? Is it all of them?",
        lambda scores, level: mean_interval(sorted(set(scores)), level),
        lambda scores, level: mean_interval([score for score in scores if score], level),
        lambda scores, level: mean_interval(sorted(scores)[1:-1], level),
        lambda scores, level: mean_interval(scores[1:], level),
        lambda scores, level: mean_interval(scores[:-1], level),
    ),
)


def sample(draw: Draw, n: int) -> list[float]:
    """Scores of n runs, as accuracies would be, with a spread that no rounding hides."""
    centre, scale = draw.uniform(0.4, 0.8), draw.uniform(0.05, 0.2)
    return (centre + draw.normal(n, scale=scale)).tolist()


def interval_cases(draw: Draw) -> Iterator[Case]:
    n = draw.integer(6, 8)
    for size, level in (
        (n, 0.95),
        (n, 0.95),
        (n + 1, 0.9),
        (2, 0.95),
        (3, 0.99),
        (5, 0.5),
        (40, 0.8),
        (2, 0.6),
    ):
        yield Case(f"n={size}, level={level}", {"scores": sample(draw, size), "level": level})
    twice = sample(draw, 4)
    yield Case("scores that repeat", {"scores": [*twice, twice[0], twice[0]], "level": 0.95})
    yield Case("a score of 0", {"scores": [0.0, *sample(draw, 4), 0.0], "level": 0.9})
    yield Case("equal scores", {"scores": [0.75] * 4, "level": 0.95})
    negative = [-10 * score for score in sample(draw, n)]
    yield Case("negative scores", {"scores": negative, "level": 0.95})
    level = round(draw.uniform(0.7, 0.98), 3)
    yield Case(f"level={level}", {"scores": sample(draw, n), "level": level})


PART = exact_part(
    "10.1",
    mean_interval,
    points=40,
    hints=(
        "An interval has a middle and a half width. What makes the half width: how much the scores vary, "
        "how many there are, and what else?",
        "Lesson 03 multiplies the standard error by 2.776. That number belongs to five scores and to a level "
        "of 0.95: what must it be read from where both may change?",
        "The half width is t · s/√n. s has n - 1 below its root; t is scipy.stats.t.ppf with n - 1 degrees "
        "of freedom, read so that half of what the interval leaves out lies above it.",
    ),
    cases=interval_cases,
    outputs=("mean", "low", "high"),
    floats=False,
    tolerance=TOLERANCE,
    misconceptions=MISCONCEPTIONS,
)
