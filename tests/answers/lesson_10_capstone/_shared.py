"""What answers to several parts of lesson 10 share."""

import math
import statistics

import numpy as np
import torch
from scipy import stats


def t(level, n):
    return float(stats.t.ppf((1 + level) / 2, n - 1))


def by_statistics(scores, level):
    mean, n = statistics.fmean(scores), len(scores)
    half = t(level, n) * statistics.stdev(scores) / math.sqrt(n)
    return mean, mean - half, mean + half


def ends(half, centre=statistics.fmean):
    def answer(scores, level):
        mean, its = centre(scores), half(scores, level)
        return mean, mean - its, mean + its

    return answer


def z(level):
    return statistics.NormalDist().inv_cdf((1 + level) / 2)


def root(x):
    return math.sqrt(len(x))


INTERVALS = (
    ("normal-for-student", ends(lambda x, level: z(level) * statistics.stdev(x) / root(x))),
    ("normal-for-student", ends(lambda x, level: 1.96 * statistics.stdev(x) / root(x))),
    ("normal-for-student", ends(lambda x, level: 1.96 * np.std(x) / root(x))),
    ("t-of-five-scores", ends(lambda x, level: 2.776 * statistics.stdev(x) / root(x))),
    ("t-of-five-scores", ends(lambda x, level: t(0.95, 5) * statistics.stdev(x) / root(x))),
    ("degrees-of-freedom", ends(lambda x, level: t(level, 5) * statistics.stdev(x) / root(x))),
    ("n-for-n-minus-1", ends(lambda x, level: t(level, len(x)) * float(np.std(x)) / root(x))),
    ("n-for-n-minus-1", ends(lambda x, level: t(level, len(x)) * statistics.pstdev(x) / root(x))),
    ("degrees-of-freedom", ends(lambda x, level: t(level, len(x) + 1) * statistics.stdev(x) / root(x))),
    (
        "degrees-of-freedom",
        ends(
            lambda x, level: float(stats.t.ppf((1 + level) / 2, len(x) - 2)) * statistics.stdev(x) / root(x)
        ),
    ),
    ("root-n-forgotten", ends(lambda x, level: t(level, len(x)) * statistics.stdev(x))),
    ("root-n-forgotten", ends(lambda x, level: 1.96 * np.std(x))),
    ("root-n-forgotten", ends(lambda x, level: t(level, len(x)) * statistics.stdev(x) / len(x))),
    (
        "root-n-forgotten",
        ends(lambda x, level: t(level, len(x)) * statistics.stdev(x) / math.sqrt(len(x) - 1)),
    ),
    ("quantile-forgotten", ends(lambda x, level: statistics.stdev(x) / root(x))),
    ("quantile-forgotten", ends(lambda x, level: statistics.stdev(x))),
    ("quantile-forgotten", ends(lambda x, level: statistics.pstdev(x))),
    (
        "one-sided",
        ends(lambda x, level: float(stats.t.ppf(level, len(x) - 1)) * statistics.stdev(x) / root(x)),
    ),
    (
        "ends-exchanged",
        ends(
            lambda x, level: float(stats.t.ppf((1 - level) / 2, len(x) - 1)) * statistics.stdev(x) / root(x)
        ),
    ),
    ("ends-exchanged", lambda x, level: (by_statistics(x, level)[0], *by_statistics(x, level)[:0:-1])),
    ("level-ignored", ends(lambda x, level: t(0.95, len(x)) * statistics.stdev(x) / root(x))),
    ("range-for-interval", lambda x, level: (statistics.fmean(x), min(x), max(x))),
    (
        "range-for-interval",
        lambda x, level: (statistics.fmean(x), *np.quantile(x, [(1 - level) / 2, (1 + level) / 2]).tolist()),
    ),
    (
        "median-for-mean",
        ends(lambda x, level: t(level, len(x)) * statistics.stdev(x) / root(x), statistics.median),
    ),
    (
        "half-width-returned",
        lambda x, level: (statistics.fmean(x), t(level, len(x)) * statistics.stdev(x) / root(x)),
    ),
    ("values-missing", lambda x, level: by_statistics(x, level)[1:]),
    ("imprecise", lambda x, level: tuple(round(its, 2) for its in by_statistics(x, level))),
    ("tensor-for-number", lambda x, level: tuple(map(torch.tensor, by_statistics(x, level)))),
    (None, lambda x, level: torch.tensor(by_statistics(x, level))),
    (None, lambda x, level: by_statistics(x[:5], level)),
    ("values-missing", lambda x, level: by_statistics([abs(y) for y in x], level)[:2]),
    (None, lambda x, level: by_statistics(x, level / 100)),
)
