"""How often does a family of comparisons call two arms different, though all arms are equal?

The truth is known only where one makes it. So the reference comparison is drawn again many times with every
arm made equal, and the fraction of these families with one or more differences is counted: the *family-wise
error*. Two draws, so that the result does not hang on one of them:

- `normal`: arm, split and run are normal, with the variances that the data show;
- `residuals`: what the data themselves show after each arm's mean is taken away, dealt out to the arms anew
  in each split. Nothing is assumed of its form.

`make calibrate` prints the result, and how large a difference the same test would find.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np

from recdrop_lessons.experiments.paired_splits import Array, Scores
from recdrop_lessons.support.optional import need

Generator = np.random.Generator
FAMILIES = 4000


class Components(NamedTuple):
    """Standard deviations, in the unit of the scores.

    `interaction`: of an arm in one split, when the means of arm and split are taken away. `run`: of one
    run of an arm in a split, when what all runs of that split and seed share is taken away.
    """

    interaction: float
    run: float


def grid(arms: Mapping[str, Scores]) -> Array:
    """Return the mean score of each run: (A, S, R) for A arms, S splits, R runs a split."""
    splits = np.asarray(next(iter(arms.values())).splits)
    names = np.unique(splits)
    return np.array([[one.units.mean(1)[splits == name] for name in names] for one in arms.values()])


def residuals(scores: Array) -> Array:
    """Return the scores with the means of arms and of runs taken away, as wide as they were: (A, S, R).

    A arms and S splits cost (A - 1)(S - 1) of A·S degrees of freedom; the factor gives the spread back.
    """
    a, s, _ = scores.shape
    left = scores - scores.mean(0)  # what all arms share in a split and seed
    left = left - left.mean((1, 2), keepdims=True)
    return left * math.sqrt(a * s / ((a - 1) * (s - 1)))


def components(scores: Array) -> Components:
    """Return the deviations by the method of moments, from the mean squares of a two-way layout.

    E[MS_run] = σ²_run,  E[MS_interaction] = σ²_run + R σ²_interaction.
    Source: Searle, Casella & McCulloch 1992, "Variance Components", chapter 4.
    """
    a, s, r = scores.shape
    left = scores - scores.mean(0)  # (A, S, R)
    of_split = left.mean(2)  # (A, S)
    of_run = left - of_split[:, :, None]
    ms_run = (of_run**2).sum() / (s * (r - 1) * (a - 1))
    between = of_split - of_split.mean(1, keepdims=True)
    ms_interaction = r * (between**2).sum() / ((a - 1) * (s - 1))
    return Components(math.sqrt(max(0.0, ms_interaction - ms_run) / r), math.sqrt(ms_run))


def normal(scores: Array, generator: Generator) -> Array:
    """Draw equal arms with the data's components: (A, S, R). What a split shares cancels in every pair."""
    sigma, (a, s, r) = components(scores), scores.shape
    of_split = sigma.interaction * generator.standard_normal((a, s, 1))
    return of_split + sigma.run * generator.standard_normal((a, s, r))


def dealt(left: Array, generator: Generator) -> Array:
    """Deal the residuals of each split to the arms in a new order: (A, S, R). An arm's runs stay together."""
    order = generator.permuted(np.tile(np.arange(len(left)), (left.shape[1], 1)), axis=1)  # (S, A)
    return left[order.T, np.arange(left.shape[1])]


def over_splits(scores: Array) -> Array:
    """Return the p-values of all pairs by Student's paired t over the splits' means."""
    return _paired_t(scores.mean(2))


def over_runs(scores: Array) -> Array:
    """Return the p-values of all pairs by the same t over all runs, as if they were independent."""
    return _paired_t(scores.reshape(len(scores), -1))


def _paired_t(scores: Array) -> Array:
    """All pairs of rows (A, n): p = P(|t_{n-1}| ≥ |mean(d)| √n / sd(d)), (A(A-1)/2,)."""
    first, second = np.triu_indices(len(scores), k=1)
    d = scores[first] - scores[second]  # (pairs, n)
    n = d.shape[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(d.mean(1)) * math.sqrt(n) / d.std(1, ddof=1)
    p: Array = 2 * need("scipy.stats", "scipy").t.sf(t, n - 1)
    return np.where(np.isnan(p), 1.0, p)  # two equal rows


class Rate(NamedTuple):
    """How many of `families` had an error, and a 95 % interval of the rate (Wilson 1927)."""

    rate: float
    low: float
    high: float
    families: int

    def __str__(self) -> str:
        return f"{100 * self.rate:.1f} % ({100 * self.low:.1f} to {100 * self.high:.1f})"


def family_wise_error(
    draw: Callable[[Generator], Array],
    test: Callable[[Array], Array] = over_splits,
    *,
    families: int = FAMILIES,
    seed: int = 0,
) -> Rate:
    """Return how often at least one of all pairs is called different at 5 %, though all arms are equal.

    Holm's correction calls one or more different exactly where the least p-value times their number is 5 % or
    less. `draw`: one family of equal arms, (A, S, R). `test`: its p-values.
    """
    generator = np.random.default_rng(seed)
    wrong = 0
    for _ in range(families):
        p_values = test(draw(generator))
        wrong += bool(p_values.min() * len(p_values) <= 0.05)
    found = need("scipy.stats", "scipy").binomtest(wrong, families).proportion_ci(method="wilson")
    return Rate(wrong / families, float(found.low), float(found.high), families)


def power(difference: float, sigma: Components, splits: int, runs: int, comparisons: int) -> float:
    """Return how often a true difference of two arms is found, with its sign, among so many comparisons.

    The pair stands first among Holm's: p ≤ .05 / m. Over S splits of R runs each,
    t = mean(d) √S / sd(d) is noncentral with δ √S / sqrt(2 (σ²_interaction + σ²_run / R)), S - 1 degrees.
    """
    stats = need("scipy.stats", "scipy")
    of_pair = math.sqrt(2 * (sigma.interaction**2 + sigma.run**2 / runs))
    least = stats.t.isf(0.05 / comparisons / 2, splits - 1)
    shift = difference * math.sqrt(splits) / of_pair
    found = float(stats.nct.sf(least, splits - 1, shift))
    return 1.0 if math.isnan(found) else found  # scipy has no value where hardly anything is left


def found_difference(
    sigma: Components, splits: int, runs: int, comparisons: int, wanted: float = 0.8
) -> float:
    """Return the difference that is found with the probability `wanted`: see `power`."""
    of_pair = math.sqrt(2 * (sigma.interaction**2 + sigma.run**2 / runs))

    def lacking(difference: float) -> float:
        return power(difference, sigma, splits, runs, comparisons) - wanted

    return float(need("scipy.optimize", "scipy").brentq(lacking, 0.0, 40 * of_pair))


class Calibration(NamedTuple):
    """What was measured of one task's comparison: see `calibrated`.

    `rates`: by draw ("normal", "residuals") and test ("splits", "runs"). `found`: by number of splits, the
    difference that is found 8 times of 10 in comparisons with one arm, and in comparisons of all pairs.
    """

    task: str
    shape: tuple[int, ...]
    sigma: Components
    rates: dict[tuple[str, str], Rate]
    found: dict[int, tuple[float, float]]


def calibrated(task: str, families: int = FAMILIES, more_splits: Iterable[int] = ()) -> Calibration:
    """Measure the family-wise error and the power of one task's comparison.

    `more_splits`: numbers of splits, beside the data's own, for which the power is given too.
    """
    from recdrop_lessons.experiments import outcome
    from recdrop_lessons.experiments.runs import shipped

    scores = grid({arm: row.scores for arm, row in outcome.complete(task, shipped(task)).items()})
    left, sigma, (arms, splits, runs) = residuals(scores), components(scores), scores.shape
    draws: dict[str, Callable[[Generator], Array]] = {
        "normal": lambda generator: normal(scores, generator),
        "residuals": lambda generator: dealt(left, generator),
    }
    tests = {"splits": over_splits, "runs": over_runs}
    return Calibration(
        task,
        scores.shape,
        sigma,
        {
            (drawn, tested): family_wise_error(draw, test, families=families)
            for drawn, draw in draws.items()
            for tested, test in tests.items()
        },
        {
            n: (
                found_difference(sigma, n, runs, arms - 1),
                found_difference(sigma, n, runs, math.comb(arms, 2)),
            )
            for n in sorted({splits, *more_splits})
        },
    )
