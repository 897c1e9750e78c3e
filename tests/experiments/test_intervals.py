"""Intervals against printed tables, against scipy, and against what they promise: their coverage."""

import math

import numpy as np
import pytest
import scipy.stats

from recdrop_lessons.experiments.intervals import (
    Interval,
    StatisticsError,
    mean_interval,
    paired_interval,
    paired_p_value,
)


@pytest.mark.parametrize(
    ("level", "n", "quantile"),  # Student's t from the usual printed table, n - 1 degrees of freedom
    [(0.95, 2, 12.706), (0.95, 5, 2.776), (0.95, 11, 2.228), (0.90, 5, 2.132), (0.99, 3, 9.925)],
)
def test_half_width_by_hand_from_the_printed_table(level, n, quantile):
    scores = list(range(1, n + 1))
    deviation = math.sqrt(n * (n + 1) / 12)  # sample standard deviation of 1 … n
    result = mean_interval(scores, level)
    assert result.mean == (n + 1) / 2
    assert result.half_width == pytest.approx(quantile * deviation / math.sqrt(n), rel=5e-4)
    assert result.high - result.mean == pytest.approx(result.mean - result.low, rel=1e-12)


def test_equals_scipy():
    scores = np.random.default_rng(0).normal(0.9, 0.02, 7)
    expected = scipy.stats.t.interval(0.9, 6, loc=scores.mean(), scale=scipy.stats.sem(scores))
    result = mean_interval(list(scores), 0.9)
    assert (result.low, result.high) == pytest.approx(expected, rel=1e-12)


def test_paired_equals_scipy_and_keeps_its_sign():
    rng = np.random.default_rng(1)
    b = rng.normal(0.8, 0.05, 6)
    a = b + rng.normal(0.03, 0.01, 6)
    expected = scipy.stats.ttest_rel(a, b).confidence_interval(0.95)
    result = paired_interval(list(a), list(b))
    assert (result.low, result.high) == pytest.approx((expected.low, expected.high), rel=1e-9)
    assert result.mean > 0 and result.excludes_zero
    assert paired_interval(list(b), list(a)).mean == pytest.approx(-result.mean)
    assert result.half_width < mean_interval(list(a)).half_width  # what the pair shares has cancelled


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_coverage(level):
    """In 4000 experiments of five normal scores the interval holds the truth as often as it says.

    Three standard errors of that share: 0.010 at 0.95, 0.019 at 0.8. The normal quantile in Student's place
    would reach about 0.88 and 0.73, the divisor n about 0.93 and 0.76: both outside.
    """
    rng = np.random.default_rng(0)
    runs = 4000
    inside = 0
    for scores in rng.normal(3.0, 2.0, (runs, 5)):
        result = mean_interval(list(scores), level)
        inside += result.low <= 3.0 <= result.high
    assert abs(inside / runs - level) < 3 * math.sqrt(level * (1 - level) / runs)


def test_reads_as_a_sentence():
    assert str(mean_interval([0.90, 0.92, 0.94])) == "0.920 ± 0.050 (95% interval 0.870 to 0.970, n = 3)"
    assert str(mean_interval([1.0, 1.0], 0.995)) == "1.000 ± 0.000 (99.5% interval 1.000 to 1.000, n = 2)"


def test_zero_inside_or_outside():
    assert not Interval(0.1, -0.1, 0.3, 0.95, 3).excludes_zero
    assert Interval(-0.2, -0.3, -0.1, 0.95, 3).excludes_zero


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_interval([]), "0 score"),
        (lambda: mean_interval([0.5]), "Run more seeds"),
        (lambda: mean_interval([0.5, math.nan]), "finite"),
        (lambda: mean_interval([0.5, 0.6], 95), "such as 0.95"),
        (lambda: mean_interval([0.5, 0.6], 1.0), "between 0 and 1"),
        (lambda: paired_interval([1, 2, 3], [1, 2]), "3 scores against 2"),
    ],
)
def test_refuses(call, message):
    with pytest.raises(StatisticsError, match=message):
        call()


def test_a_pair_is_told_apart_by_its_p_value_where_its_interval_excludes_zero():
    for shift in (-0.3, 0.0, 0.05, 0.4):
        a, b = [shift + 0.1, shift - 0.2, shift + 0.3, shift], [0.0, 0.1, 0.0, -0.1]
        interval = paired_interval(a, b)
        assert (paired_p_value(a, b) <= 0.05) == interval.excludes_zero
    assert paired_p_value([1.0, 1.0], [1.0, 1.0]) == 1.0
    with pytest.raises(StatisticsError, match="pairs are expected"):
        paired_p_value([1.0], [1.0, 2.0])
