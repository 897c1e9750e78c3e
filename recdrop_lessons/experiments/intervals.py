"""How sure is an average of a few runs? Student's intervals for experiments over seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from recdrop_lessons.support.errors import RecdropError
from recdrop_lessons.support.optional import need


class StatisticsError(RecdropError):
    """Scores that no interval can be made of."""


@dataclass(frozen=True)
class Interval:
    """A mean and its confidence interval, in the unit of the scores; n scores went in."""

    mean: float
    low: float
    high: float
    level: float
    n: int

    @property
    def half_width(self) -> float:
        """Half the interval's length: what stands behind the ±."""
        return (self.high - self.low) / 2

    @property
    def excludes_zero(self) -> bool:
        """For a difference: the data tell the two apart, at this level."""
        return self.low > 0 or self.high < 0

    def __str__(self) -> str:
        return (
            f"{self.mean:.3f} ± {self.half_width:.3f} "
            f"({100 * self.level:g}% interval {self.low:.3f} to {self.high:.3f}, n = {self.n})"
        )


def mean_interval(scores: Sequence[float], level: float = 0.95) -> Interval:
    """Confidence interval of the mean of independent scores, such as one accuracy for each seed.

    mean ± t_{(1 + level) / 2, n - 1} · s / √n, with s the sample's standard deviation (divisor n - 1).
    `scores`: n ≥ 2 numbers; `level`: between 0 and 1.
    Raises `StatisticsError` for fewer scores, or one that is not finite.
    Source: Student 1908, "The probable error of a mean"; exact for normal scores.
    """
    values = [float(score) for score in scores]
    n = len(values)
    if n < 2:
        raise StatisticsError(f"{n} score(s) were given: an interval needs 2 or more. Run more seeds.")
    if not all(map(math.isfinite, values)):
        raise StatisticsError(
            f"{values} were given, finite numbers are expected: look at the run that gave another."
        )
    if not 0 < level < 1:
        raise StatisticsError(f"level = {level}: give a fraction between 0 and 1, such as 0.95.")
    mean = math.fsum(values) / n
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    quantile = float(need("scipy.stats", "scipy").t.ppf((1 + level) / 2, n - 1))
    half_width = quantile * deviation / math.sqrt(n)
    return Interval(mean, mean - half_width, mean + half_width, level, n)


def paired_p_value(a: Sequence[float], b: Sequence[float]) -> float:
    """Return how probable a mean difference so far from 0 is, if a and b have the same mean (two-sided).

    It is at most 1 - level exactly where `paired_interval` excludes 0. Raises as that does.
    """
    _check_pairs(a, b)
    mean_interval(a)  # refuses what no interval can be made of
    differences = [float(left) - float(right) for left, right in zip(a, b, strict=True)]
    if len(set(differences)) == 1:
        return 1.0 if differences[0] == 0 else 0.0
    return float(need("scipy.stats", "scipy").ttest_1samp(differences, 0.0).pvalue)


def paired_interval(a: Sequence[float], b: Sequence[float], level: float = 0.95) -> Interval:
    """Confidence interval of the mean of a - b, where a[k] and b[k] share what varies (seed, split).

    What both runs of a pair share cancels in the difference: the interval is narrower than without pairs
    where their scores rise and fall together, and wider where they do not.
    An interval on both sides of zero means: these data do not tell a from b.
    Raises `StatisticsError` when the pairs are not complete, else as `mean_interval`.
    """
    _check_pairs(a, b)
    return mean_interval([float(left) - float(right) for left, right in zip(a, b, strict=True)], level)


def _check_pairs(a: Sequence[float], b: Sequence[float]) -> None:
    if len(a) != len(b):
        raise StatisticsError(
            f"{len(a)} scores against {len(b)}: pairs are expected, the same seeds in the same order."
        )
