"""Right and wrong answers to 10.1."""

import math
import statistics

import numpy as np
import torch
from bank import Bank
from lesson_10_capstone._shared import INTERVALS, by_statistics
from scipy import special, stats

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


bank.right(by_statistics)


@bank.wrong("not-finite")  # NaN where all scores are equal
def by_scipy(scores, level):
    low, high = stats.t.interval(level, len(scores) - 1, loc=np.mean(scores), scale=stats.sem(scores))
    return float(np.mean(scores)), float(low), float(high)


@bank.right
def in_numpy(scores, level):
    x = np.array(scores)
    half = special.stdtrit(x.size - 1, 0.5 + level / 2) * x.std(ddof=1) / x.size**0.5
    return x.mean(), x.mean() - half, x.mean() + half


@bank.right
def in_torch(scores, level):
    x = torch.tensor(scores)
    half = -float(stats.t.ppf((1 - level) / 2, len(x) - 1)) * (x.var() / len(x)).sqrt().item()
    return x.mean().item(), x.mean().item() - half, x.mean().item() + half


@bank.right
def by_hand(scores, level):
    n = len(scores)
    mean = sum(scores) / n
    variance = sum((x - mean) ** 2 for x in scores) / (n - 1)
    half = stats.t(n - 1).isf((1 - level) / 2) * (variance / n) ** 0.5
    return [mean, mean - half, mean + half]


for slug, answer in INTERVALS:
    bank.wrong(slug)(lambda scores, level, answer=answer: answer(scores, level))


@bank.wrong("changes-input")
def sorts_in_place(scores, level):
    scores.sort()
    return by_statistics(scores, level)


@bank.wrong("edge-case")
def clipped_to_accuracies(scores, level):
    return tuple(min(1.0, max(0.0, its)) for its in by_statistics(scores, level))


@bank.wrong("edge-case")
def three_seeds_needed(scores, level):
    if len(scores) < 3:
        raise ValueError("too few")
    return by_statistics(scores, level)


@bank.wrong("variance-for-deviation")
def variance_for_deviation(scores, level):
    m = statistics.fmean(scores)
    t = stats.t(df=len(scores) - 1).ppf((1 + level) / 2)
    e = float(t) * statistics.variance(scores) / math.sqrt(len(scores))
    return (m, m - e, m + e)


@bank.wrong("scores-left-out")
def each_score_once(scores, level):
    return by_statistics(sorted(set(scores)), level)


@bank.wrong("scores-left-out")
def without_zeros(scores, level):
    return by_statistics([score for score in scores if score], level)


@bank.wrong("level-for-alpha")
def interval_at_one_minus_half_level_ppf(scores, level):
    n = len(scores)
    mean = statistics.mean(scores)
    error = statistics.stdev(scores) / math.sqrt(n)
    t = stats.t.ppf(1 - level / 2, n - 1)
    return float(mean), float(mean - t * error), float(mean + t * error)


@bank.wrong("level-for-alpha")
def interval_with_half_level_above_isf(scores, level):
    n = len(scores)
    mean = sum(scores) / n
    variance = sum((s - mean) ** 2 for s in scores) / (n - 1)
    half_width = float(stats.t(df=n - 1).isf(level / 2)) * (variance / n) ** 0.5
    return (mean, mean - half_width, mean + half_width)
