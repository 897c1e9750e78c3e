"""The claims of lesson 10, computed from the shipped results."""

import itertools

import pytest

from recdrop_lessons import results, sweep
from recdrop_lessons.experiments.intervals import paired_interval
from recdrop_lessons.explorers.methods_compared import gains


@pytest.fixture(scope="module")
def runs():
    return results.shipped()


def test_some_methods_help_and_some_do_not_for_sure():
    helped = [gain.low > 0 for task in results.SCORES for gain in gains(task, "none", 0.95).values()]
    assert any(helped)
    assert not all(helped)


def test_no_method_beats_all_others_in_both_tasks(runs):
    for task in results.SCORES:
        scores = results.final_scores(runs, task)
        sign = 1 if results.SCORES[task] == "accuracy" else -1
        winners = set(scores)
        for a, b in itertools.permutations(scores, 2):
            interval = paired_interval([sign * v for v in scores[a]], [sign * v for v in scores[b]])
            if interval.low <= 0:
                winners.discard(a)
        assert not winners, f"{task}: {winners}"


def test_validation_chooses_different_rates(runs):
    chosen = {results.chosen_rates(runs, task)[method] for task in results.SCORES for method in sweep.METHODS}
    assert len(chosen) > 1
