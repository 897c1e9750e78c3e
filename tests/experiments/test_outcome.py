"""What is read from the runs of the reference comparison: complete arms alone, every pair, and groups."""

import itertools

import numpy as np
import pytest

from recdrop_lessons.experiments import outcome, search
from recdrop_lessons.experiments.paired_splits import PairedDifference, Scores
from recdrop_lessons.experiments.runs import Run
from recdrop_lessons.experiments.tasks import TASKS


def made(setting):
    units = tuple(float(k % 10 > 1) for k in range(50))
    rate_is_best = 0.9 - abs(setting.rate - 0.1) - setting.weight_decay
    return Run(
        setting=setting, epochs=100, best_epoch=50, train=1.0, validation=rate_is_best, test=0.8,
        curve_validation=(), curve_test=(), units=units, fingerprint=(1.0,), seconds=1.0, releases="r",
        data="d",
    )  # fmt: skip


def searched(arm):
    runs = {}
    while wanted := search.next_runs("digits", arm, runs):
        runs |= {setting: made(setting) for setting in wanted}
    return list(runs.values())


def test_an_arm_is_shown_when_all_of_its_fresh_runs_are_there():
    runs = [*searched("gal"), *searched("none")[:-1]]
    found = outcome.complete("digits", runs)
    assert list(found) == ["gal"]
    gal = found["gal"]
    assert gal.chosen.rate == 0.1
    assert len(gal.runs) == len(TASKS["digits"].final)
    assert gal.searched == len(searched("gal")) - len(gal.runs)
    assert gal.mean == pytest.approx(0.8)


def rows_with(means, n=400):
    """Rows of twelve runs on six splits; each run is right on its fraction of the test examples."""
    generator = np.random.default_rng(0)
    splits = [0, 1, 2, 3, 4, 5] * 2
    return {
        name: outcome.ComparedRow(
            name=name, scores=Scores((generator.random((12, n)) < mean).astype(float), splits)
        )
        for name, mean in means.items()
    }


def test_every_pair_is_compared_and_far_ones_are_told_apart():
    found = outcome.compared(rows_with({"low": 0.6, "high": 0.95, "near": 0.945}))
    assert found.order[-1] == "low"
    assert set(map(frozenset, found.differences)) == set(
        map(frozenset, itertools.combinations(found.order, 2))
    )
    assert found.differ("low", "high") and found.differ("high", "low")
    assert not found.differ("near", "high")
    gain = found.gain("low", "high")
    assert gain.low <= gain.mean <= gain.high < 0
    assert found.gain("high", "low").mean == -gain.mean
    assert found.groups() == [found.order[:2], ["low"]]
    losses = outcome.compared(rows_with({"low": 0.6, "high": 0.95}), sign=-1)
    assert losses.order == ["low", "high"]


def test_groups_hold_every_pair_that_is_not_told_apart_and_no_other():
    generator = np.random.default_rng(1)
    order = list("abcdefg")
    for _ in range(20):
        pairs = list(itertools.combinations(order, 2))
        told = frozenset(pair for pair in pairs if generator.random() < 0.5)
        zero = PairedDifference(0.0, 0.0, 0.0, 1.0)
        found = outcome.PairTable(
            order=order, means={}, differences=dict.fromkeys(pairs, zero), told_apart=told
        )
        together = {pair for group in found.groups() for pair in itertools.combinations(group, 2)}
        assert together == set(pairs) - told
        assert all(not set(a) < set(b) for a, b in itertools.permutations(found.groups(), 2))
