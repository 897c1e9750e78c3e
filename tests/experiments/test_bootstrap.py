"""Intervals over splits, seeds and test units, and Holm's correction."""

import numpy as np
import pytest

from recdrop_lessons import RecdropError
from recdrop_lessons.experiments.bootstrap import Scores, difference, holm, resampled_means

SPLITS = [s for s in range(6) for _ in range(2)]


def made(generator, mean=0.0, runs=1.0, units=1.0, n=40, splits=SPLITS):
    """Scores with a deviation of each run, and of each run on each unit."""
    of_run = runs * generator.normal(size=(len(splits), 1))
    return Scores(mean + of_run + units * generator.normal(size=(len(splits), n)), splits)


def test_an_interval_holds_the_truth_as_often_as_it_says():
    """300 experiments in which both arms are equal: 95 % within three standard errors, .038."""
    generator, held, small = np.random.default_rng(0), 0, 0
    for k in range(300):
        arms = {"a": made(generator), "b": made(generator)}
        means = resampled_means(arms, 400, seed=k)
        found = difference(arms["a"], arms["b"], means["a"], means["b"])
        held += found.low <= 0 <= found.high
        small += found.p_value <= 0.05
    assert 0.912 <= held / 300 <= 0.995  # conservative: seeds are drawn within splits that hold their noise
    assert small / 300 <= 0.088


def test_each_level_that_is_drawn_widens_the_interval():
    """An arm whose runs agree varies by its units alone, one whose units agree by its runs alone."""
    generator = np.random.default_rng(1)
    for runs, units, n, expected in ((0.0, 1.0, 50, None), (1.0, 0.0, 50, None)):
        scores = made(generator, runs=runs, units=units, n=n)
        if runs == 0:
            scores = Scores(np.repeat(scores.units[:1], len(SPLITS), axis=0), SPLITS)
            expected = scores.units[0].std() / np.sqrt(n)
        else:
            of_split = scores.units[:, 0].reshape(6, 2)
            between = of_split.mean(1).std(ddof=1) / np.sqrt(6)
            within = of_split.std(axis=1).mean() / np.sqrt(12)
            expected = np.hypot(between, within)
        means = resampled_means({"a": scores}, 4000)["a"]
        assert means.std() == pytest.approx(expected, rel=0.15)
        assert means.mean() == pytest.approx(scores.units.mean(), abs=4 * means.std() / np.sqrt(4000) + 0.05)


def test_two_arms_meet_the_same_draws():
    """Arms that differ by a constant differ by it in every repeat, though both vary."""
    scores = made(np.random.default_rng(2))
    means = resampled_means({"a": Scores(scores.units + 0.5, SPLITS), "b": scores}, 200)
    assert means["b"].std() > 0.05
    assert np.allclose(means["a"] - means["b"], 0.5)


def test_an_interval_of_accuracies_stays_below_one():
    units = np.ones((12, 100))
    units[3, 5] = 0.0
    means = resampled_means({"a": Scores(units, SPLITS)}, 500)["a"]
    assert means.max() <= 1.0 + 1e-12


def test_one_split_and_unequal_parts_are_refused():
    with pytest.raises(RecdropError, match="2 or more"):
        resampled_means({"a": Scores(np.ones((3, 4)), [1, 1, 1])})
    with pytest.raises(RecdropError, match="4 test units"):
        resampled_means({"a": Scores(np.ones((2, 4)), [1, 2]), "b": Scores(np.ones((2, 5)), [1, 2])})


def test_holm_against_the_example_by_hand():
    # m = 4: .01·4, max(., .02·3), max(., .03·2), max(., .5·1)
    assert holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_holm_keeps_the_family_wise_error():
    """2000 families of ten true hypotheses: at least one false finding in 5 %, ± 3 standard errors."""
    p = np.random.default_rng(3).uniform(size=(2000, 10))
    wrong = np.mean([min(holm(family)) <= 0.05 for family in p])
    assert abs(wrong - (1 - (1 - 0.005) ** 10)) < 3 * np.sqrt(0.05 * 0.95 / 2000)
