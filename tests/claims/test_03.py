"""What lesson 03 says of training, on other runs than its own."""

from __future__ import annotations

import numpy as np

from recdrop_lessons.experiments import baselines, outcome, runs
from recdrop_lessons.experiments.datasets import digits
from recdrop_lessons.experiments.tasks import Data, examples


def test_with_nothing_tuned_a_mask_on_h_helps_on_the_digits() -> None:
    """The lesson's result at another rate and learning rate, on other splits and seeds, to patience."""
    untuned = outcome.not_tuned(runs.shipped("digits"))
    table = outcome.compared(untuned)
    gain = table.gain("recurrent, sequence", "none")
    assert gain.low > 0
    assert {run.setting.rate for run in untuned["recurrent, sequence"].runs} == {0.1}


def test_the_nearest_neighbour_reads_the_lessons_digits_better_than_both_lstms() -> None:
    lstms = 0.89, 0.93  # as the lesson's cell `training-accuracy` prints them
    splits = [digits(train=300, seed=seed) for seed in range(5)]
    data = [Data(split.train, split.validation, split.test, examples) for split in splits]
    found = [baselines.nearest_neighbour(one).mean() for one in data]
    assert np.mean(found) > max(lstms) + 0.01
