"""Lesson 05's explorer: its curves are those of `twins.influence`, every row is in one group."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from recdrop_lessons import variants
from recdrop_lessons.explorers import cell_memory as explorer
from recdrop_lessons.twins import influence


@pytest.mark.parametrize("row", list(explorer.ROWS))
def test_every_row_can_be_drawn_at_the_ends_of_every_slider(row: str) -> None:
    for p, forget, steps in itertools.product((0.0, 0.9), (0.5, 1.0), (5, 100)):
        frame = explorer.figure(row=row, p=p, forget=forget, steps=steps)
        ET.fromstring(frame.svg)
        assert "nan" not in frame.svg
        expected = influence.mean(explorer.drops_of(row, p), forget, steps)
        np.testing.assert_array_equal(frame.numbers["mean"][row], expected)


def test_groups_hold_every_row_once() -> None:
    groups = explorer.groups(explorer.figure().numbers["mean"])
    assert sorted(key for keys in groups for key in keys) == sorted(explorer.ROWS)
    assert set(explorer.ROWS) - set(variants.ROWS) == {explorer.STEP_MASK, explorer.SCALED}
    assert any({"gal", "keras_recurrent", "zaremba"} <= set(keys) for keys in groups)


def test_a_mask_per_step_on_the_cell_survives_as_a_power() -> None:
    alive = explorer.figure(p=0.25, steps=20).numbers["alive"]
    np.testing.assert_allclose(alive[explorer.STEP_MASK], 0.75 ** np.arange(1, 21))
    np.testing.assert_allclose(alive["moon"], 0.75)


def test_moons_mean_falls_with_the_forget_gate_and_the_scaled_one_grows() -> None:
    mean = explorer.figure(p=0.25, forget=0.95, steps=20).numbers["mean"]
    later = np.arange(20)
    np.testing.assert_allclose(mean["moon"], 0.75 * 0.95**later)
    np.testing.assert_allclose(mean[explorer.SCALED], (0.95 / 0.75) ** later)
