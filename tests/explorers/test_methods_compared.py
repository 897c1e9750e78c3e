"""Lesson 10's explorer: its intervals are those of the shipped results, and the picture says the same."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from recdrop_lessons import results, sweep
from recdrop_lessons.experiments.intervals import paired_interval, paired_p_value
from recdrop_lessons.explorers import methods_compared as explorer


@pytest.mark.parametrize("against", list(explorer.METHODS))
@pytest.mark.parametrize("task", list(explorer.TASKS))
def test_every_pair_can_be_drawn(task: str, against: str) -> None:
    for level, correct in ((50, True), (99, False)):
        frame = explorer.figure(task=task, against=against, level=level, correct=correct)
        ET.fromstring(frame.svg)
        found = frame.numbers["gains"]
        assert set(found) == set(explorer.METHODS) - {against}
        if not correct:
            assert frame.numbers["better"] == [m for m in found if found[m].low > 0]
            assert frame.numbers["worse"] == [m for m in found if found[m].high < 0]
        assert f"{len(frame.numbers['better'])} better" in frame.status


def test_methods_are_those_of_the_sweep() -> None:
    assert set(explorer.METHODS) == {"none", *sweep.METHODS}
    assert set(explorer.TASKS) == set(sweep.TASKS) == set(results.SCORES)


def test_more_is_better_in_both_tasks() -> None:
    shipped = results.shipped()
    for task, sign in (("digits", 1), ("text", -1)):
        scores = results.final_scores(shipped, task)
        expected = sign * paired_interval(scores["gal"], scores["none"]).mean
        assert explorer.gains(task, "none", 0.95)["gal"].mean == pytest.approx(expected)


@pytest.mark.parametrize("task", list(explorer.TASKS))
def test_correction_names_fewer_and_moves_no_interval(task: str) -> None:
    plain, corrected = (explorer.figure(task=task, correct=on).numbers for on in (False, True))
    assert plain["gains"] == corrected["gains"]
    assert set(corrected["better"]) <= set(plain["better"])
    # By hand: the smallest p-value against .05 / 10.
    scores = results.final_scores(results.shipped(), task)
    smallest = min(paired_p_value(scores[m], scores["none"]) for m in sweep.METHODS)
    assert bool(corrected["better"]) == (smallest <= 0.05 / 10)
