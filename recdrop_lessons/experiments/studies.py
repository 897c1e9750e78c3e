"""Studies whose settings are fixed beforehand: what the budget decides, which site works, what a mask adds.

Each run goes to patience. On its way the test score of the best epoch so far is noted at several numbers of
epochs, so one run says what a comparison with any smaller budget would have found. Nothing is tuned here: the
rates are the one that an earlier comparison of 60 epochs had chosen for Gal's masks, and half. All settings
meet the same splits and seeds.

On the text a whole search costs hours. There a mask is added to what the search chose for no dropout, and
nothing is tuned for it: a control in the baseline's favour. Where the mask gains all the same, it gains.

On the task of memory a mask on the input that is held over the sequence fails in most runs. It can hide one
of the two features whole; whether that is the reason is asked with each feature given 16 times.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from recdrop_lessons.experiments import search
from recdrop_lessons.experiments.paired_splits import PairedDifference, Scores, difference
from recdrop_lessons.experiments.runs import Run, Setting
from recdrop_lessons.experiments.tasks import TASKS


class Fixed(NamedTuple):
    """An arm at a rate."""

    arm: str
    rate: float


TASK = "digits"
NONE, GAL, HALF = Fixed("none", 0.0), Fixed("gal", 0.1), Fixed("gal", 0.5)
#: How the verdict on half of the units changes with the budget.
BUDGETS = (NONE, GAL, HALF)
#: Gal's masks, the two sites that they act on, each alone, and one that they leave out.
EACH_SITE = (
    NONE,
    GAL,
    *(Fixed(arm, 0.1) for arm in ("input, sequence", "recurrent, sequence", "output, step")),
)

#: On the text: masks that are added to no dropout, tuned.
ADDED_TASK = "text"
ADDED = (Fixed("gal", 0.1), Fixed("gal", 0.2))

#: What was chosen on the task of memory, with its two features, and with each of them 16 times.
COPIED_TASK = "copies"
COPIED_ARMS = ("none", "input, sequence")
COPIED_TASKS = ("memory", COPIED_TASK)
COPIED_PAIRS = tuple((2 + seed % 6, seed) for seed in range(22, 58))


def copied(on_memory: Mapping[Setting, Run]) -> list[Setting]:
    """Return the runs of both arms on both tasks; seeds and splits are the search's in none of them."""
    chosen = {arm: search.chosen("memory", arm, on_memory) for arm in COPIED_ARMS}
    return [
        Setting(task, arm, **candidate._asdict(), split=split, seed=seed)
        for split, seed in COPIED_PAIRS
        for task in COPIED_TASKS
        for arm, candidate in chosen.items()
        if candidate is not None
    ]


def added(fixed: Fixed, runs: Mapping[Setting, Run]) -> list[Setting]:
    """Return the fresh runs of a mask at a rate, all else as chosen for no dropout; empty before that."""
    tuned = search.chosen(ADDED_TASK, "none", runs)
    if tuned is None:
        return []
    candidate = tuned._replace(rate=fixed.rate)
    return [
        Setting(ADDED_TASK, fixed.arm, **candidate._asdict(), split=split, seed=seed)
        for split, seed in TASKS[ADDED_TASK].final
    ]


def settings(study: Sequence[Fixed]) -> list[Setting]:
    """Return every run of a study, one of each setting before the next split and seed."""
    task = TASKS[TASK]
    return [
        Setting(
            task=TASK, arm=arm, rate=rate, learning_rate=task.learning_rate, width=task.width,
            weight_decay=0.0, split=split, seed=seed,
        )
        for split, seed in task.final
        for arm, rate in study
    ]  # fmt: skip


def complete(runs: Iterable[Run], study: Sequence[Fixed]) -> dict[Fixed, list[Run]]:
    """Return a study's runs by what was fixed, for those splits and seeds that have them all."""
    made = {run.setting: run for run in runs}
    wanted, size = settings(study), len(study)
    rows = [wanted[start : start + size] for start in range(0, len(wanted), size)]
    whole = [[made[setting] for setting in row] for row in rows if all(setting in made for setting in row)]
    return {fixed: [row[k] for row in whole] for k, fixed in enumerate(study)}


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


def gains(
    runs: Iterable[Run], budgets: Sequence[int | None]
) -> dict[tuple[int | None, Fixed], PairedDifference]:
    """Return what the settings of `BUDGETS` gain over no dropout at each budget; None: to patience."""
    study = complete(runs, BUDGETS)
    found = {}
    for epochs in budgets:
        scores = {
            fixed: to_patience(kept) if epochs is None else at_budget(kept, epochs)
            for fixed, kept in study.items()
        }
        for fixed in BUDGETS[1:]:
            found[epochs, fixed] = difference(scores[fixed], scores[NONE])
    return found


def to_patience(runs: Iterable[Run]) -> Scores:
    """Return what runs scored on each test example in the end: (R, N)."""
    kept = list(runs)
    return Scores(np.array([run.units for run in kept]), [run.setting.split for run in kept])
