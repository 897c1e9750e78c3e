"""How sure is a difference between two arms? A bootstrap over splits, seeds and test examples, and Holm.

Student's interval assumes normal scores, and near a ceiling (an accuracy of 0.99) it reaches beyond 1. Here
nothing is assumed of their form: what was drawn in the experiment is drawn again, from what was seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from recdrop_lessons.support.errors import RecdropError

Array = NDArray[np.float64]
Key = TypeVar("Key")
REPEATS = 20_000


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


def resampled_means(arms: Mapping[str, Scores], repeats: int = REPEATS, seed: int = 0) -> dict[str, Array]:
    """Return for each arm its mean in `repeats` experiments drawn from this one: (repeats,) each.

    In each repeat S - 1 of the S splits are drawn with replacement, then as many runs of each split as it
    has, then N of the N test units. All arms meet the same draws, so that the difference of two arms is taken
    repeat by repeat, whether their runs of one split and seed rise and fall together or not.
    With S draws of S the interval would be too narrow by √((S-1)/S) (Rao & Wu 1988). With six splits of two
    seeds an interval of 95 % holds the truth in 89 to 98 % of experiments: 94 % where splits and seeds vary
    alike, more where seeds vary more, less where splits do.
    Raises `RecdropError` for fewer than two splits, or arms with other splits or test units.
    Paper: Davison & Hinkley 1997, "Bootstrap Methods and their Application", section 3.8.
    """
    generator = np.random.default_rng(seed)
    shape, of_runs = _common(arms)
    splits = sorted(set(of_runs))
    means: dict[str, list[Array]] = {name: [] for name in arms}
    for size in _chunks(repeats):
        of_split = _drawn(generator, size, len(splits), len(splits) - 1)  # (size, S)
        weights = np.zeros((size, len(of_runs)))
        for k, split in enumerate(splits):
            runs = [r for r, of_run in enumerate(of_runs) if of_run == split]
            weights[:, runs] = of_split[:, k, None] * _drawn(generator, size, len(runs))
        of_unit = _drawn(generator, size, shape[1])  # (size, N)
        for name, (units, _) in arms.items():
            means[name].append(((of_unit @ units.T) * weights).sum(1))
    return {name: np.concatenate(parts) for name, parts in means.items()}


def _common(arms: Mapping[str, Scores]) -> tuple[tuple[int, ...], list[int]]:
    """Return the shape of the scores, and the split of each run, that all arms have in common."""
    first = next(iter(arms.values()))
    splits = list(first.splits)
    if len(set(splits)) < 2:
        raise RecdropError(f"{len(set(splits))} split was given: an interval over splits needs 2 or more.")
    for name, (units, of_runs) in arms.items():
        if list(of_runs) != splits or units.shape != first.units.shape or len(units) != len(splits):
            raise RecdropError(
                f"The arm {name!r} has runs of the splits {list(of_runs)} and scores {units.shape}; expected "
                f"the splits {splits} and {len(splits)} runs on {first.units.shape[1]} test units, the same "
                "in every arm and in the same order."
            )
    return first.units.shape, splits


def _drawn(generator: np.random.Generator, repeats: int, n: int, draws: int | None = None) -> Array:
    """Return how often each of n is drawn, as a fraction of `draws` (n by default): (repeats, n)."""
    draws = n if draws is None else draws
    drawn = generator.integers(n, size=(repeats, draws)) + n * np.arange(repeats)[:, None]
    return np.bincount(drawn.ravel(), minlength=repeats * n).reshape(repeats, n) / draws


def _chunks(repeats: int, size: int = 2000) -> Iterator[int]:
    for start in range(0, repeats, size):
        yield min(size, repeats - start)


def difference(a: Scores, b: Scores, means_a: Array, means_b: Array, level: float = 0.95) -> PairedDifference:
    """Return a - b with its percentile interval, from `resampled_means` of both.

    p = 2 · min(#{d* ≤ 0}, #{d* ≥ 0}) + 1 over repeats + 1, at most 1: never below 1 / (repeats + 1).
    """
    drawn = means_a - means_b
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    beyond = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    p_value = min(1.0, (2 * beyond + 1) / (len(drawn) + 1))
    return PairedDifference(mean_score(a) - mean_score(b), float(low), float(high), p_value)


def mean_score(scores: Scores) -> float:
    """Return the mean of the splits' means."""
    splits = np.asarray(scores.splits)
    of_runs = scores.units.mean(1)
    return float(np.mean([of_runs[splits == split].mean() for split in set(scores.splits)]))


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
