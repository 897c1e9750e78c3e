"""Differences over splits: Student's paired t on the splits' means, and Holm's correction."""

import numpy as np
import pytest
from scipy import stats

from recdrop_lessons import RecdropError
from recdrop_lessons.experiments.paired_splits import (
    PairedDifference,
    Scores,
    difference,
    holm,
    interval,
    mean_score,
    split_means,
    told_apart,
)

SPLITS = [s for s in range(6) for _ in range(2)]


def made(generator, splits=SPLITS, n=40):
    return Scores(generator.normal(size=(len(splits), n)), splits)


def test_a_difference_is_scipys_paired_t_on_the_means_of_splits():
    generator = np.random.default_rng(0)
    a, b = made(generator), made(generator)
    of_a, of_b = (one.units.mean(1).reshape(6, 2).mean(1) for one in (a, b))
    found, theirs = difference(a, b), stats.ttest_rel(of_a, of_b)
    ends = theirs.confidence_interval()
    assert found.mean == pytest.approx(of_a.mean() - of_b.mean())
    assert (found.low, found.high, found.p_value) == pytest.approx((ends.low, ends.high, theirs.pvalue))


def test_a_split_counts_once_however_many_runs_it_has_and_in_whatever_order_they_come():
    scores = Scores(np.array([[3.0], [0.0], [1.0], [2.0]]), [7, 4, 4, 7])
    assert split_means(scores) == pytest.approx([0.5, 2.5])
    assert mean_score(scores) == interval(scores).mean == pytest.approx(1.5)
    more = Scores(np.array([[0.5], [2.5]]), [4, 7])
    assert difference(scores, more).mean == pytest.approx(0.0)


def test_copies_of_runs_make_nothing_surer():
    """The same runs twice: a test over runs would be surer, the test over splits is not."""
    generator = np.random.default_rng(1)
    a, b = made(generator), made(generator)
    twice = [Scores(np.concatenate([one.units] * 2), SPLITS * 2) for one in (a, b)]
    assert difference(*twice).p_value == pytest.approx(difference(a, b).p_value)


def test_one_split_and_unequal_parts_are_refused():
    with pytest.raises(RecdropError, match="2 or more"):
        mean_score(Scores(np.ones((3, 4)), [1, 1, 1]))
    with pytest.raises(RecdropError, match="Give both the same splits"):
        difference(Scores(np.ones((2, 4)), [1, 2]), Scores(np.ones((2, 5)), [1, 2]))
    with pytest.raises(RecdropError, match="Give both the same splits"):
        difference(Scores(np.ones((2, 4)), [1, 2]), Scores(np.ones((2, 4)), [1, 3]))


def test_holm_against_the_example_by_hand():
    # m = 4: .01·4, max(., .02·3), max(., .03·2), max(., .5·1)
    assert holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
    found = {
        k: PairedDifference(0.0, 0.0, 0.0, p) for k, p in zip("abcd", (0.03, 0.01, 0.5, 0.02), strict=True)
    }
    assert told_apart(found) == {"b"}


def test_holm_keeps_the_family_wise_error():
    """2000 families of ten true hypotheses: at least one false finding in 5 %, ± 3 standard errors."""
    p = np.random.default_rng(3).uniform(size=(2000, 10))
    wrong = np.mean([min(holm(family)) <= 0.05 for family in p])
    assert abs(wrong - (1 - (1 - 0.005) ** 10)) < 3 * np.sqrt(0.05 * 0.95 / 2000)
