"""Right and wrong answers to 10.2."""

import math
import statistics

import numpy as np
from bank import Bank
from lesson_10_capstone._shared import INTERVALS, by_statistics, t
from lesson_10_capstone.mean_interval import in_numpy
from scipy import stats

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def of_the_differences(a, b, level):
    return by_statistics([x - y for x, y in zip(a, b, strict=True)], level)


@bank.right
def by_ttest(a, b, level):
    low, high = stats.ttest_rel(a, b).confidence_interval(level)
    return float(np.mean(np.subtract(a, b))), float(low), float(high)


@bank.right
def differences_in_numpy(a, b, level):
    return in_numpy(np.array(a) - np.array(b), level)


@bank.right
def by_covariance(a, b, level):
    """The variance of a difference: both variances less twice the covariance."""
    n, mean = len(a), statistics.fmean(a) - statistics.fmean(b)
    variance = statistics.variance(a) + statistics.variance(b) - 2 * statistics.covariance(a, b)
    half = t(level, n) * math.sqrt(max(variance, 0) / n)
    return mean, mean - half, mean + half


def _welch(a, b, level):
    found = stats.ttest_ind(a, b, equal_var=False).confidence_interval(level)
    return float(np.mean(a) - np.mean(b)), float(found.low), float(found.high)


def _pooled(a, b, level):
    found = stats.ttest_ind(a, b).confidence_interval(level)
    return float(np.mean(a) - np.mean(b)), float(found.low), float(found.high)


def _separate_errors(a, b, level):
    mean = statistics.fmean(a) - statistics.fmean(b)
    half = t(level, len(a)) * math.sqrt((statistics.variance(a) + statistics.variance(b)) / len(a))
    return mean, mean - half, mean + half


def _of_two_intervals(a, b, level):
    (m, low, high), (m2, low2, high2) = by_statistics(a, level), by_statistics(b, level)
    return m - m2, low - high2, high - low2


def _ends_subtracted(a, b, level):
    return tuple(x - y for x, y in zip(by_statistics(a, level), by_statistics(b, level), strict=True))


def _absolute(a, b, level):
    return by_statistics([abs(x - y) for x, y in zip(a, b, strict=True)], level)


def _ratio(a, b, level):
    return by_statistics([x / y for x, y in zip(a, b, strict=True)], level)


for slug, answer in (
    ("unpaired-interval", _welch),
    ("unpaired-interval", _pooled),
    ("unpaired-interval", _separate_errors),
    ("unpaired-interval", _of_two_intervals),
    ("unpaired-interval", _ends_subtracted),
    ("difference-reversed", lambda a, b, level: of_the_differences(b, a, level)),
    ("pairs-sorted", lambda a, b, level: of_the_differences(sorted(a), sorted(b), level)),
    ("absolute-differences", _absolute),
    ("relative-difference", _ratio),
    (None, lambda a, b, level: of_the_differences(a, b[::-1], level)),
    (None, lambda a, b, level: by_statistics(a, level)),
    ("level-ignored", lambda a, b, level: of_the_differences(a, b, 0.9)),
    (None, lambda a, b, level: by_statistics(a + [-y for y in b], level)),
    *(
        (slug, lambda a, b, level, f=f: f([x - y for x, y in zip(a, b, strict=True)], level))
        for slug, f in INTERVALS
        if slug
    ),
):
    bank.wrong(slug)(lambda a, b, level, answer=answer: answer(a, b, level))


@bank.wrong("changes-input")
def differences_in_place(a, b, level):
    for k, y in enumerate(b):
        a[k] -= y
    return by_statistics(a, level)


@bank.wrong("relative-difference")
def ratio(a, b, level):
    d = [(x - y) / y for x, y in zip(a, b, strict=False)]
    n = len(d)
    m = statistics.fmean(d)
    e = float(stats.t.ppf((1 + level) / 2, n - 1)) * statistics.stdev(d) / math.sqrt(n)
    return (m, m - e, m + e)


@bank.wrong("set-to-zero")
def clipped_at_zero(a, b, level):
    d = [x - y for x, y in zip(a, b, strict=False)]
    n = len(d)
    m = statistics.fmean(d)
    e = float(stats.t.ppf((1 + level) / 2, n - 1)) * statistics.stdev(d) / math.sqrt(n)
    if m - e < 0 < m + e:
        return (0.0, m - e, m + e)
    return (m, m - e, m + e)


@bank.wrong("zero-differences-left-out")
def ties_left_out(a, b, level):
    return by_statistics([x - y for x, y in zip(a, b, strict=True) if x != y], level)


@bank.wrong("scores-left-out")
def each_difference_once(a, b, level):
    return by_statistics(sorted({x - y for x, y in zip(a, b, strict=True)}), level)


@bank.wrong("variance-for-deviation")
def variance(a, b, level):
    differences = [x - y for x, y in zip(a, b, strict=True)]
    mean, n = statistics.fmean(differences), len(differences)
    half = t(level, n) * statistics.variance(differences) / math.sqrt(n)
    return mean, mean - half, mean + half


@bank.wrong("sum-for-difference")
def pairs_added(a, b, level):
    return by_statistics([x + y for x, y in zip(a, b, strict=True)], level)


@bank.wrong("level-for-alpha")
def difference_interval_at_one_minus_half_level(a, b, level):
    differences = [p - q for p, q in zip(a, b, strict=True)]
    n = len(differences)
    mean = statistics.fmean(differences)
    quantile = float(stats.t.ppf(1 - level / 2, df=n - 1))
    half = quantile * statistics.stdev(differences) / math.sqrt(n)
    return mean, mean - half, mean + half


@bank.wrong("level-for-alpha")
def difference_interval_numpy_unit_interval(a, b, level):
    import numpy as np

    d = np.asarray(a, dtype=float) - np.asarray(b, dtype=float)
    low, high = stats.t.interval(1 - level, d.size - 1)
    scale = d.std(ddof=1) / np.sqrt(d.size)
    return float(d.mean()), float(d.mean() + low * scale), float(d.mean() + high * scale)
