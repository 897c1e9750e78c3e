"""Lesson 09's explorer: a pass is one function, doubt grows with p, and the mean settles with the passes."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from recdrop_lessons.explorers import many_passes
from recdrop_lessons.plots import charts


@pytest.mark.parametrize("masks", list(many_passes.MASKS))
def test_every_choice_of_masks_can_be_drawn_and_spreads(masks: str) -> None:
    for p, passes in ((0.05, 1), (0.6, 2), (0.2, 40)):
        frame = many_passes.figure(masks=masks, p=p, passes=passes)
        ET.fromstring(frame.svg)
        assert frame.numbers["curves"].shape == (passes, len(many_passes.GRID))
    assert frame.numbers["spread"].min() > 0


def test_without_dropout_all_passes_agree_and_fit_the_curve() -> None:
    numbers = many_passes.figure(p=0.0, passes=5).numbers
    assert numbers["spread"].max() < 1e-12
    alike = np.array([0.35, np.nextafter(0.35, 1)])
    assert charts.padded(alike) == pytest.approx((-0.15, 0.85))  # the axis does not zoom into rounding
    inside = np.abs(many_passes.GRID) <= 1
    assert np.abs(numbers["mean"] - many_passes.target(many_passes.GRID))[inside].max() < 0.3


def test_doubt_grows_with_p_and_outside_the_data() -> None:
    inside = np.abs(many_passes.GRID) <= 1
    spread = {p: many_passes.figure(p=p, passes=60).numbers["spread"] for p in (0.05, 0.3)}
    assert spread[0.3][inside].mean() > 1.3 * spread[0.05][inside].mean()
    assert spread[0.05][~inside].mean() > 1.3 * spread[0.05][inside].mean()


def test_more_passes_begin_with_the_same_ones_and_settle() -> None:
    seeds = range(12)
    means = {S: [many_passes.figure(passes=S, seed=k).numbers["mean"][28] for k in seeds] for S in (2, 50)}
    assert np.std(means[50]) < np.std(means[2])
