"""The simulation behind "at most 5 %": deviations of its draws, its tests against scipy's, its power."""

import math

import numpy as np
import pytest
from scipy import stats

from recdrop_lessons.experiments import calibration
from recdrop_lessons.experiments.calibration import Components

SHAPE = (40, 30, 3)


def drawn(sigma, generator, shape=SHAPE):
    a, s, r = shape
    shared = generator.normal(size=(1, s, r)) + generator.normal(
        size=(a, 1, 1)
    )  # of splits and runs; of arms
    of_split = sigma.interaction * generator.normal(size=(a, s, 1))
    return shared + of_split + sigma.run * generator.normal(size=shape)


@pytest.mark.parametrize("sigma", [Components(0.5, 1.0), Components(1.0, 0.2), Components(0.0, 1.0)])
def test_components_are_found_whatever_arms_splits_and_seeds_share(sigma):
    """One estimate has a relative error of 1 / sqrt(2 · 39 · 29) in a deviation: here within five of them."""
    found = calibration.components(drawn(sigma, np.random.default_rng(0)))
    error = 5 / math.sqrt(2 * 39 * 29)
    assert found.run == pytest.approx(sigma.run, rel=error)
    of_split = math.hypot(sigma.interaction, sigma.run / math.sqrt(3))
    assert math.hypot(found.interaction, found.run / math.sqrt(3)) == pytest.approx(of_split, rel=error)


@pytest.mark.parametrize("kind", ["normal", "dealt"])
def test_a_draw_has_equal_arms_with_the_deviations_of_the_data(kind):
    sigma, generator = Components(0.5, 1.0), np.random.default_rng(1)
    scores = drawn(sigma, generator)
    left = calibration.residuals(scores)
    again = calibration.normal(scores, generator) if kind == "normal" else calibration.dealt(left, generator)
    found = calibration.components(again)
    assert math.hypot(found.interaction, found.run / math.sqrt(3)) == pytest.approx(
        math.hypot(0.5, 1 / math.sqrt(3)), rel=0.15
    )
    of_arms = again.mean((1, 2)).std() * math.sqrt(30)  # no arm's mean stands out
    assert of_arms == pytest.approx(math.hypot(0.5, 1 / math.sqrt(3)), rel=0.6)


def test_p_values_are_scipys():
    scores = np.random.default_rng(2).normal(size=(3, 4, 2))
    pairs = ((0, 1), (0, 2), (1, 2))
    of_split = scores.mean(2)
    expected = [stats.ttest_rel(of_split[a], of_split[b]).pvalue for a, b in pairs]
    assert calibration.over_splits(scores) == pytest.approx(expected)
    runs = scores.reshape(3, 8)
    assert calibration.over_runs(scores) == pytest.approx(
        [stats.ttest_rel(runs[a], runs[b]).pvalue for a, b in pairs]
    )
    assert calibration.over_splits(np.ones((2, 4, 2))).tolist() == [1.0]


def test_the_error_is_kept_over_splits_and_not_over_runs_where_arms_suit_splits():
    """Interaction as strong as runs vary, 1,000 families: 5 % ± three standard errors; over runs far more."""
    scores = drawn(Components(1.0, 1.0), np.random.default_rng(3), (12, 6, 2))

    def draw(generator):
        return calibration.normal(scores, generator)

    kept = calibration.family_wise_error(draw, families=1000)
    broken = calibration.family_wise_error(draw, calibration.over_runs, families=1000)
    assert kept.rate <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 1000)
    assert broken.low > 0.10
    assert kept.low < kept.rate < kept.high


def test_power_is_what_a_simulation_finds():
    """A difference to be found 8 times of 10 among 20: 1,000 families, three standard errors, .038."""
    sigma, generator = Components(0.5, 1.0), np.random.default_rng(4)
    difference = calibration.found_difference(sigma, splits=6, runs=2, comparisons=20)
    pairs = sigma.interaction * generator.normal(size=(1000, 2, 6, 1)) + generator.normal(
        size=(1000, 2, 6, 2)
    )
    d = difference + (pairs[:, 0] - pairs[:, 1]).mean(-1)  # (1000, 6)
    found = np.mean(stats.ttest_1samp(d, 0, axis=1).pvalue <= 0.05 / 20)
    assert abs(found - 0.8) < 3 * math.sqrt(0.8 * 0.2 / 1000)
    assert calibration.power(0.0, sigma, 6, 2, 1) == pytest.approx(0.025)
