"""Does the verdict depend on the budget? Three settings of the digits, fixed beforehand, at every budget.

Each run goes to patience. On its way the test score of the best epoch so far is noted at several numbers of
epochs, so one run says what a comparison with any smaller budget would have found. Nothing is tuned here: the
rates are two that an earlier comparison of 60 epochs had tried, the one it chose for Gal's masks, and half.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from recdrop_lessons.experiments.bootstrap import Scores
from recdrop_lessons.experiments.runs import Run, Setting
from recdrop_lessons.experiments.tasks import TASKS


class Fixed(NamedTuple):
    """An arm at a rate."""

    arm: str
    rate: float


TASK = "digits"
STUDY = (Fixed("none", 0.0), Fixed("gal", 0.1), Fixed("gal", 0.5))


def settings() -> list[Setting]:
    """Return every run of the study, one of each setting before the next split and seed."""
    task = TASKS[TASK]
    return [
        Setting(TASK, arm, rate, task.learning_rate, task.width, 0.0, split, seed)
        for split, seed in task.final
        for arm, rate in STUDY
    ]


def complete(runs: Iterable[Run]) -> dict[Fixed, list[Run]]:
    """Return the study's runs by what was fixed, for those splits and seeds that have all three."""
    made = {run.setting: run for run in runs}
    wanted = settings()
    rows = [wanted[start : start + len(STUDY)] for start in range(0, len(wanted), len(STUDY))]
    whole = [[made[setting] for setting in row] for row in rows if all(setting in made for setting in row)]
    return {fixed: [row[k] for row in whole] for k, fixed in enumerate(STUDY)}


def score_at(run: Run, epochs: int) -> float:
    """Return the test score that a run with at most so many epochs would have reported.

    `epochs`: one of the task's budgets. A run that ended before it would have reported its own.
    """
    budgets = TASKS[run.setting.task].budgets
    place = budgets.index(epochs)
    return run.curve_test[place] if place < len(run.curve_test) else run.test


def at_budget(runs: Iterable[Run], epochs: int) -> Scores:
    """Return the test scores of runs at a budget; their test examples were not kept apart: (R, 1)."""
    kept = list(runs)
    return Scores(np.array([[score_at(run, epochs)] for run in kept]), [run.setting.split for run in kept])


def to_patience(runs: Iterable[Run]) -> Scores:
    """Return what runs scored on each test example in the end: (R, N)."""
    kept = list(runs)
    return Scores(np.array([run.units for run in kept]), [run.setting.split for run in kept])
