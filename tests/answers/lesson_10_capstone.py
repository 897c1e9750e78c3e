"""Right and wrong answers of lesson 10."""

import math
import statistics

import numpy as np
import torch
from bank import Bank
from scipy import special, stats

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


def _t(level, n):
    return float(stats.t.ppf((1 + level) / 2, n - 1))


# ---------------------------------------------------------------- 10.1 right


@bank.right("10.1")
def by_statistics(scores, level):
    mean, n = statistics.fmean(scores), len(scores)
    half = _t(level, n) * statistics.stdev(scores) / math.sqrt(n)
    return mean, mean - half, mean + half


@bank.right("10.1")
def by_scipy(scores, level):
    low, high = stats.t.interval(level, len(scores) - 1, loc=np.mean(scores), scale=stats.sem(scores))
    return float(np.mean(scores)), float(low), float(high)


@bank.right("10.1")
def in_numpy(scores, level):
    x = np.array(scores)
    half = special.stdtrit(x.size - 1, 0.5 + level / 2) * x.std(ddof=1) / x.size**0.5
    return x.mean(), x.mean() - half, x.mean() + half


@bank.right("10.1")
def in_torch(scores, level):
    x = torch.tensor(scores)
    half = -float(stats.t.ppf((1 - level) / 2, len(x) - 1)) * (x.var() / len(x)).sqrt().item()
    return x.mean().item(), x.mean().item() - half, x.mean().item() + half


@bank.right("10.1")
def by_hand(scores, level):
    n = len(scores)
    mean = sum(scores) / n
    variance = sum((x - mean) ** 2 for x in scores) / (n - 1)
    half = stats.t(n - 1).isf((1 - level) / 2) * (variance / n) ** 0.5
    return [mean, mean - half, mean + half]


# ---------------------------------------------------------------- 10.1 wrong


def _ends(half, centre=statistics.fmean):
    def answer(scores, level):
        mean, its = centre(scores), half(scores, level)
        return mean, mean - its, mean + its

    return answer


def _z(level):
    return statistics.NormalDist().inv_cdf((1 + level) / 2)


def _root(x):
    return math.sqrt(len(x))


INTERVALS = (
    ("normal-for-student", _ends(lambda x, level: _z(level) * statistics.stdev(x) / _root(x))),
    ("normal-for-student", _ends(lambda x, level: 1.96 * statistics.stdev(x) / _root(x))),
    ("normal-for-student", _ends(lambda x, level: 1.96 * np.std(x) / _root(x))),
    ("n-for-n-minus-1", _ends(lambda x, level: _t(level, len(x)) * float(np.std(x)) / _root(x))),
    ("n-for-n-minus-1", _ends(lambda x, level: _t(level, len(x)) * statistics.pstdev(x) / _root(x))),
    ("degrees-of-freedom", _ends(lambda x, level: _t(level, len(x) + 1) * statistics.stdev(x) / _root(x))),
    (
        "degrees-of-freedom",
        _ends(
            lambda x, level: float(stats.t.ppf((1 + level) / 2, len(x) - 2)) * statistics.stdev(x) / _root(x)
        ),
    ),
    ("root-n-forgotten", _ends(lambda x, level: _t(level, len(x)) * statistics.stdev(x))),
    ("root-n-forgotten", _ends(lambda x, level: 1.96 * np.std(x))),
    ("root-n-forgotten", _ends(lambda x, level: _t(level, len(x)) * statistics.stdev(x) / len(x))),
    (
        "root-n-forgotten",
        _ends(lambda x, level: _t(level, len(x)) * statistics.stdev(x) / math.sqrt(len(x) - 1)),
    ),
    ("quantile-forgotten", _ends(lambda x, level: statistics.stdev(x) / _root(x))),
    ("quantile-forgotten", _ends(lambda x, level: statistics.stdev(x))),
    ("quantile-forgotten", _ends(lambda x, level: statistics.pstdev(x))),
    (
        "one-sided",
        _ends(lambda x, level: float(stats.t.ppf(level, len(x) - 1)) * statistics.stdev(x) / _root(x)),
    ),
    (
        "ends-exchanged",
        _ends(
            lambda x, level: float(stats.t.ppf((1 - level) / 2, len(x) - 1)) * statistics.stdev(x) / _root(x)
        ),
    ),
    ("ends-exchanged", lambda x, level: (by_statistics(x, level)[0], *by_statistics(x, level)[:0:-1])),
    ("level-ignored", _ends(lambda x, level: _t(0.95, len(x)) * statistics.stdev(x) / _root(x))),
    ("range-for-interval", lambda x, level: (statistics.fmean(x), min(x), max(x))),
    (
        "range-for-interval",
        lambda x, level: (statistics.fmean(x), *np.quantile(x, [(1 - level) / 2, (1 + level) / 2]).tolist()),
    ),
    (
        "median-for-mean",
        _ends(lambda x, level: _t(level, len(x)) * statistics.stdev(x) / _root(x), statistics.median),
    ),
    (
        "half-width-returned",
        lambda x, level: (statistics.fmean(x), _t(level, len(x)) * statistics.stdev(x) / _root(x)),
    ),
    (None, lambda x, level: by_statistics(x, level)[1:]),
    (None, lambda x, level: tuple(round(its, 2) for its in by_statistics(x, level))),
    (None, lambda x, level: tuple(map(torch.tensor, by_statistics(x, level)))),
    (None, lambda x, level: torch.tensor(by_statistics(x, level))),
    (None, lambda x, level: by_statistics(x[:5], level)),
    (None, lambda x, level: by_statistics([abs(y) for y in x], level)[:2]),
    (None, lambda x, level: by_statistics(x, level / 100)),
)
for slug, answer in INTERVALS:
    bank.wrong("10.1", slug)(lambda scores, level, answer=answer: answer(scores, level))


@bank.wrong("10.1", "changes-input")
def sorts_in_place(scores, level):
    scores.sort()
    return by_statistics(scores, level)


@bank.wrong("10.1")
def clipped_to_accuracies(scores, level):
    return tuple(min(1.0, max(0.0, its)) for its in by_statistics(scores, level))


@bank.wrong("10.1")
def three_seeds_needed(scores, level):
    if len(scores) < 3:
        raise ValueError("too few")
    return by_statistics(scores, level)


# ---------------------------------------------------------------- 10.2


@bank.right("10.2")
def of_the_differences(a, b, level):
    return by_statistics([x - y for x, y in zip(a, b, strict=True)], level)


@bank.right("10.2")
def by_ttest(a, b, level):
    low, high = stats.ttest_rel(a, b).confidence_interval(level)
    return float(np.mean(np.subtract(a, b))), float(low), float(high)


@bank.right("10.2")
def differences_in_numpy(a, b, level):
    return in_numpy(np.array(a) - np.array(b), level)


@bank.right("10.2")
def by_covariance(a, b, level):
    """The variance of a difference: both variances less twice the covariance."""
    n, mean = len(a), statistics.fmean(a) - statistics.fmean(b)
    variance = statistics.variance(a) + statistics.variance(b) - 2 * statistics.covariance(a, b)
    half = _t(level, n) * math.sqrt(max(variance, 0) / n)
    return mean, mean - half, mean + half


def _welch(a, b, level):
    found = stats.ttest_ind(a, b, equal_var=False).confidence_interval(level)
    return float(np.mean(a) - np.mean(b)), float(found.low), float(found.high)


def _pooled(a, b, level):
    found = stats.ttest_ind(a, b).confidence_interval(level)
    return float(np.mean(a) - np.mean(b)), float(found.low), float(found.high)


def _separate_errors(a, b, level):
    mean = statistics.fmean(a) - statistics.fmean(b)
    half = _t(level, len(a)) * math.sqrt((statistics.variance(a) + statistics.variance(b)) / len(a))
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
    (None, _ratio),
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
    bank.wrong("10.2", slug)(lambda a, b, level, answer=answer: answer(a, b, level))


@bank.wrong("10.2", "changes-input")
def differences_in_place(a, b, level):
    for k, y in enumerate(b):
        a[k] -= y
    return by_statistics(a, level)


# ---------------------------------------------------------------- 10.3


@bank.right("10.3")
def by_means(validation, test):
    means = [statistics.fmean(row) for row in validation]
    return means.index(min(means)), statistics.fmean(test[means.index(min(means))])


@bank.right("10.3")
def with_arrays(validation, test):
    best = int(np.mean(validation, axis=1).argmin())
    return best, float(np.mean(test[best]))


@bank.right("10.3")
def with_tensors(validation, test):
    best = torch.tensor(validation).sum(1).argmin().item()
    return best, torch.tensor(test)[best].mean().item()


@bank.right("10.3")
def by_loop(validation, test):
    best, lowest = None, float("inf")
    for k, row in enumerate(validation):
        if sum(row) / len(row) < lowest:
            best, lowest = k, sum(row) / len(row)
    return [best, sum(test[best]) / len(test[best])]


def _means(rows):
    return np.mean(rows, axis=1)


def _place(rows):
    return np.unravel_index(np.argmin(rows), np.shape(rows))


def _per_seed(validation, test):
    best = np.argmin(validation, axis=0)
    return by_means(validation, test)[0], float(np.mean([test[k][s] for s, k in enumerate(best)]))


for slug, answer in (
    ("chosen-on-test", lambda v, t: (int(_means(t).argmin()), float(_means(t).min()))),
    ("chosen-on-test", lambda v, t: (int(_means(v).argmin()), float(_means(t).min()))),
    ("validation-reported", lambda v, t: (int(_means(v).argmin()), float(_means(v).min()))),
    ("best-run-reported", lambda v, t: (int(_means(v).argmin()), min(t[_means(v).argmin()]))),
    ("best-run-chosen", lambda v, t: (int(_place(v)[0]), float(_means(t)[_place(v)[0]]))),
    ("best-run-chosen", lambda v, t: (int(_place(v)[0]), t[_place(v)[0]][_place(v)[1]])),
    ("highest-chosen", lambda v, t: (int(_means(v).argmax()), float(_means(t)[_means(v).argmax()]))),
    ("chosen-per-seed", _per_seed),
    ("axes-swapped", lambda v, t: by_means(np.transpose(v).tolist(), np.transpose(t).tolist())),
    (None, lambda v, t: by_means(v, t)[::-1]),
    (None, lambda v, t: by_means(v, t)[0]),
    (None, lambda v, t: (float(by_means(v, t)[0]), by_means(v, t)[1])),
    (None, lambda v, t: (by_means(v, t)[0], t[by_means(v, t)[0]])),
    (None, lambda v, t: (by_means(v, t)[0], t[by_means(v, t)[0]][0])),
    (None, lambda v, t: (by_means(v, t)[0] + 1, by_means(v, t)[1])),
    (None, lambda v, t: (by_means(v, t)[0], max(t[by_means(v, t)[0]]))),
    (None, lambda v, t: by_means([row[:1] for row in v], t)),
):
    bank.wrong("10.3", slug)(lambda validation, test, answer=answer: answer(validation, test))


@bank.wrong("10.3", "changes-input")
def sorts_the_losses(validation, test):
    value = by_means(validation, test)
    for row in validation:
        row.sort()
    return value
