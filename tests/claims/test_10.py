"""The claims of lesson 10, computed from the shipped results."""

import itertools

import pytest

from recdrop_lessons import results, sweep
from recdrop_lessons.experiments import bootstrap, studies
from recdrop_lessons.experiments import runs as runs_of_the_reference
from recdrop_lessons.experiments.intervals import paired_interval, paired_p_value
from recdrop_lessons.explorers.methods_compared import gains


@pytest.fixture(scope="module")
def runs():
    return results.shipped()


def test_some_methods_help_and_some_do_not_for_sure():
    p_values, gained = [], []
    for task in results.SCORES:
        scores = results.final_scores(results.shipped(), task)
        for a, b in itertools.combinations(scores, 2):
            p_values.append(paired_p_value(scores[a], scores[b]))
            method = ({a, b} - {"none"}).pop() if "none" in (a, b) else None
            gained.append(method is not None and gains(task, "none", 0.95)[method].mean > 0)
    helped = [p <= 0.05 for p, more in zip(bootstrap.holm(p_values), gained, strict=True) if more]
    assert sum(helped) == 1
    assert len(helped) > 10


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


def test_half_of_the_units_dropped_is_worse_early_and_better_late():
    plain, half = studies.NONE, studies.HALF
    study = studies.complete(runs_of_the_reference.shipped("digits"), studies.BUDGETS)
    assert len({run.setting.split for run in study[plain]}) >= 3

    def gain(score):
        scores = {fixed: score(study[fixed]) for fixed in (plain, half)}
        means = bootstrap.resampled_means(scores)
        return bootstrap.difference(scores[half], scores[plain], means[half], means[plain])

    early, late = gain(lambda kept: studies.at_budget(kept, 30)), gain(studies.to_patience)
    assert early.high < 0
    assert late.low > 0
    # Each run of the study was trained until a tenth of its epochs and more had brought nothing better.
    assert all(run.finished for kept in study.values() for run in kept)
