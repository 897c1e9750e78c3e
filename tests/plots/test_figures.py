"""The lessons' charts and tables hold the numbers that they were given."""

from __future__ import annotations

import numpy as np
import pytest

from recdrop_lessons import plots
from recdrop_lessons.plots import figures, heatmaps


def test_a_table_takes_rows_without_names_and_refuses_uneven_ones(capsys: pytest.CaptureFixture[str]) -> None:
    plots.table([("x", 1), ("y", 2)])
    assert capsys.readouterr().out == "x   1\ny   2\n"
    with pytest.raises(ValueError, match="same"):
        plots.table([("x", 1), ("y", 2, 3)])


def test_a_curve_of_many_runs_is_their_median_in_a_band_over_all() -> None:
    runs = np.array([[1.0, 2.0], [3.0, 4.0], [9.0, 9.0]])
    ax = figures.curves({"": {"runs": runs}}, x="t", y="c", at=(1, 2)).axes[0]
    assert ax.lines[0].get_ydata().tolist() == [3.0, 4.0]
    assert ax.lines[0].get_xdata().tolist() == [1, 2]
    (path,) = ax.collections[0].get_paths()
    assert (path.vertices[:, 1].min(), path.vertices[:, 1].max()) == (1.0, 9.0)


def test_a_name_has_one_colour_in_all_panels_and_every_name_is_in_the_legend() -> None:
    made = figures.curves(
        {"left": {"a": [1, 2], "b": [2, 3]}, "right": {"b": [5, 6], "c": [1, 1]}}, x="t", y="c"
    )
    left, right = made.axes
    assert left.lines[1].get_color() == right.lines[0].get_color() != right.lines[1].get_color()
    assert [text.get_text() for text in made.legends[0].get_texts()] == ["a", "b", "c"]


def test_a_matrix_has_its_entries_and_the_sums_of_its_rows() -> None:
    values = np.array([[0.25, 0.0], [0.0, 0.5]])
    shown = np.array([[True, True], [False, True]])
    ax = figures.matrices({"α": values}, shown, x="source", y="target").axes[0]
    assert [text.get_text() for text in ax.texts] == ["0.25", "×", "0.50", "0.25", "0.50"]


def test_masks_side_by_side_say_each_what_it_drops() -> None:
    one = np.array([[1.0, 0.0], [1.0, 0.0]])
    made = heatmaps.compared({"held": one, "new": 1 - np.eye(2)}, down="features")
    assert "held" in made.svg and "features" in made.svg
    assert "the same at every step" in made.alt and "different from step to step" in made.alt
