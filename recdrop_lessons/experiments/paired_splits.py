"""How sure is a difference between two arms? One pair of means for each split, Student's t, and Holm.

Runs of one split share its data, and an arm may suit one split better than another. Such runs are not
independent. A test that counts them as if they were finds differences that are not there; `calibration.py`
measures how often. So the runs of a split are averaged first, and the test counts splits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from recdrop_lessons.experiments.intervals import Interval, mean_interval, paired_interval, paired_p_value
from recdrop_lessons.support.errors import RecdropError

Array = NDArray[np.float64]
Key = TypeVar("Key")


class Scores(NamedTuple):
    """What the runs of one arm scored: units (R, N), one row a run; splits (R,), the split of each run.

    A unit is a test example, or a block of characters; all runs are tested on the same N.
    """

    units: Array
    splits: Sequence[int]


@dataclass(frozen=True)
class PairedDifference:
    """A difference of two means, its interval, and its p-value: see `difference`."""

    mean: float
    low: float
    high: float
    p_value: float


def split_means(scores: Scores) -> Array:
    """Return the mean score of each split, in the order of the splits' numbers: (S,).

    Runs of a split are averaged first, so each split counts once, however many runs it has.
    Raises `RecdropError` for fewer than two splits.
    """
    of_runs, splits = scores.units.mean(1), np.asarray(scores.splits)  # (R,) each
    names = np.unique(splits)
    if len(names) < 2:
        raise RecdropError(f"{len(names)} split was given: an interval over splits needs 2 or more.")
    return np.array([of_runs[splits == name].mean() for name in names])


def mean_score(scores: Scores) -> float:
    """Return the mean of the splits' means."""
    return float(split_means(scores).mean())


def interval(scores: Scores, level: float = 0.95) -> Interval:
    """Return the mean with Student's interval over the splits: see `intervals.mean_interval`."""
    return mean_interval(split_means(scores).tolist(), level)


def difference(a: Scores, b: Scores, level: float = 0.95) -> PairedDifference:
    """Return a - b with the interval and the p-value of Student's paired t over the S splits.

    With d_s = mean of a's runs of split s - mean of b's:  mean(d) ± t_{(1 + level) / 2, S - 1} · sd(d) / √S.
    It speaks of other splits and seeds, on these test examples: all splits share one test part.
    Raises `RecdropError` for fewer than two splits, or where a and b have other splits or test examples.
    Source: Student 1908, "The probable error of a mean"; exact where the d_s are normal.
    """
    if set(a.splits) != set(b.splits) or a.units.shape[1] != b.units.shape[1]:
        raise RecdropError(
            f"Two arms were given, one with runs of the splits {sorted(set(a.splits))} on {a.units.shape[1]} "
            f"test examples, the other with {sorted(set(b.splits))} on {b.units.shape[1]}. "
            "Give both the same splits and test examples."
        )
    of_a, of_b = split_means(a).tolist(), split_means(b).tolist()
    found = paired_interval(of_a, of_b, level)
    return PairedDifference(found.mean, found.low, found.high, paired_p_value(of_a, of_b))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values corrected for their number, each in its place.

    With p_(1) ≤ … ≤ p_(m): p̃_(k) = max over j ≤ k of min(1, (m - j + 1) · p_(j)). Those with p̃ ≤ α may all be
    called different, and the probability of one or more false among them is at most α.
    Paper: Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p, kind="stable")
    steps = np.minimum(1.0, p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.maximum.accumulate(steps)
    return corrected.tolist()


def told_apart(found: Mapping[Key, PairedDifference], level: float = 0.05) -> frozenset[Key]:
    """Return the differences that may all be called different, by Holm's correction over all given."""
    corrected = holm([one.p_value for one in found.values()])
    return frozenset(key for key, p in zip(found, corrected, strict=True) if p <= level)
