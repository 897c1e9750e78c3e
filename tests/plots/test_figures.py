"""The lessons' charts and tables hold the numbers that they were given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from recdrop_lessons import plots
from recdrop_lessons.plots import figures, heatmaps, text_table


def test_a_table_aligns_words_left_and_numbers_right(capsys: pytest.CaptureFixture[str]) -> None:
    plots.table({"a": (1.5, True), "longer": (10.25, None)}, ("site", "mean", "kept"), form=(".1f", ""))
    assert capsys.readouterr().out == "site     mean   kept\na         1.5   yes\nlonger   10.2   –\n"


def test_a_table_takes_rows_without_names_and_refuses_uneven_ones(capsys: pytest.CaptureFixture[str]) -> None:
    plots.table([("x", 1), ("y", 2)])
    assert capsys.readouterr().out == "x   1\ny   2\n"
    with pytest.raises(ValueError, match="same"):
        plots.table([("x", 1), ("y", 2, 3)])


def test_the_table_of_methods_has_a_line_for_each_mask(capsys: pytest.CaptureFixture[str]) -> None:
    text_table.methods(("gal", "zoneout"))
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split("  ")[0] == "method" and len(lines) == 4
    assert [line.split()[0] for line in lines[::2]] == ["Gal,", "Zoneout"]
    assert lines[3].split() == ["hidden", "new", "one", "bernoulli", "previous"]


def test_a_curve_of_many_runs_is_their_median_in_a_band_over_all() -> None:
    runs = np.array([[1.0, 2.0], [3.0, 4.0], [9.0, 9.0]])
    ax = figures.curves({"": {"runs": runs}}, x="t", y="c", at=(1, 2)).axes[0]
    assert ax.lines[0].get_ydata().tolist() == [3.0, 4.0]
    assert ax.lines[0].get_xdata().tolist() == [1, 2]
    (path,) = ax.collections[0].get_paths()
    assert (path.vertices[:, 1].min(), path.vertices[:, 1].max()) == (1.0, 9.0)


def test_panels_have_axes_of_their_own_and_dots_of_their_curve() -> None:
    dots = {"right": {"a": ([0, 1], [5.0, 6.0])}}
    panels = {"left": {"a": [1, 2]}, "right": {"a": [5, 6]}}
    made = figures.curves(panels, x="t", y=("c", "h"), dots=dots, yscale=["linear", "log"])
    left, right = made.axes
    assert (left.get_ylabel(), right.get_ylabel()) == ("c", "h")
    assert (left.get_yscale(), right.get_yscale()) == ("linear", "log")
    assert len(left.lines) == 1 and right.lines[1].get_ydata().tolist() == [5.0, 6.0]
    assert right.lines[1].get_color() == right.lines[0].get_color()


def test_a_name_has_one_colour_in_all_panels_and_every_name_is_in_the_legend() -> None:
    made = figures.curves(
        {"left": {"a": [1, 2], "b": [2, 3]}, "right": {"b": [5, 6], "c": [1, 1]}}, x="t", y="c"
    )
    left, right = made.axes
    assert left.lines[1].get_color() == right.lines[0].get_color() != right.lines[1].get_color()
    assert [text.get_text() for text in made.legends[0].get_texts()] == ["a", "b", "c"]


def test_a_title_longer_than_its_mask_is_not_cut() -> None:
    mask, title = np.ones((2, 2)), "torch.nn.RNN(dropout=0.5)"
    assert heatmaps.sheet(mask, title=title).width > heatmaps.sheet(mask, title="m").width


def test_a_noise_is_a_density_and_its_values() -> None:
    ax = figures.noises({"p": ([0, 1], [0.2, 0.3], {0.0: 0.5, 2.0: 0.5})}, x="m").axes[0]
    assert ax.lines[0].get_ydata().tolist() == [0.2, 0.3]
    assert [(bar.get_x() + bar.get_width() / 2, bar.get_height()) for bar in ax.patches] == [
        (0, 0.5),
        (2, 0.5),
    ]


def test_a_matrix_has_its_entries_and_the_sums_of_its_rows() -> None:
    values = np.array([[0.25, 0.0], [0.0, 0.5]])
    shown = np.array([[True, True], [False, True]])
    ax = figures.matrices({"α": values}, shown, x="source", y="target").axes[0]
    assert [text.get_text() for text in ax.texts] == ["0.25", "×", "0.50", "0.25", "0.50"]


def test_a_histogram_counts_all_values() -> None:
    ax = figures.histogram([[0.0, 1.0], [1.0, 2.0]], x="sum", mark=1.0, name="before").axes[0]
    assert sum(bar.get_height() for bar in ax.patches) == 4
    assert ax.lines[0].get_xdata() == [1.0, 1.0]


def test_a_reliability_diagram_has_its_bins_and_the_diagonal() -> None:
    diagonal, bins = figures.reliability({"off": ([0.5, 0.9], [0.6, 0.8])}).axes[0].lines
    assert tuple(diagonal.get_ydata()) == (0, 1)
    assert list(bins.get_ydata()) == [0.6, 0.8]


def test_bars_stand_in_groups_and_pairs_are_lines() -> None:
    drawn = figures.bars({"none": [1, 2], "all": [3, 4]}, ["i", "f"], x="gate", y="norm").axes[0]
    assert [bar.get_height() for bar in drawn.patches] == [1, 2, 3, 4]
    lines = figures.pairs([0.1, 0.2], [0.3, 0.4], ("without", "with"), y="accuracy").axes[0].lines
    assert [tuple(line.get_ydata()) for line in lines] == [(0.1, 0.3), (0.2, 0.4)]


@dataclass
class Ends:
    mean: float
    low: float
    high: float


def test_an_interval_across_zero_has_another_colour() -> None:
    named = {"sure": Ends(2, 1, 3), "unsure": Ends(0, -1, 1)}
    lines = figures.intervals(named, x="points", scale=100).axes[0].lines
    assert tuple(lines[0].get_xdata()) == (100, 300)
    assert lines[0].get_color() != lines[2].get_color()


def test_masks_side_by_side_say_each_what_it_drops() -> None:
    one = np.array([[1.0, 0.0], [1.0, 0.0]])
    made = heatmaps.compared({"held": one, "new": 1 - np.eye(2)}, down="features")
    assert "held" in made.svg and "features" in made.svg
    assert "the same at every step" in made.alt and "different from step to step" in made.alt
