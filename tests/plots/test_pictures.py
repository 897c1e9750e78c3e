"""Pictures carry their words, are the same bytes each time, and stay small."""

from __future__ import annotations

import base64
import re

import numpy as np
import pytest

from recdrop_lessons import Drop, plots, variants
from recdrop_lessons.plots import charts, formulas, heatmaps, svg
from recdrop_lessons.twins import sampling


def drawn_twice() -> tuple[plots.Picture, plots.Picture]:
    def one() -> plots.Picture:
        with plots.look() as figure:
            made, axes = figure(1, 2)
            axes[0, 0].plot([1, 2, 3], label="a curve")
            axes[0, 0].legend()
        return plots.picture(made, alt="a curve")

    return one(), one()


def test_a_matplotlib_figure_is_the_same_bytes_each_time() -> None:
    first, second = drawn_twice()
    assert first.svg == second.svg
    assert "<dc:date>" not in first.svg


def test_a_picture_has_alt_text_and_caption_and_a_plain_twin() -> None:
    bundle = plots.Picture("<svg/>", alt='a "quoted" <thing>', caption="See & learn")._repr_mimebundle_()
    assert 'alt="a &quot;quoted&quot; &lt;thing&gt;"' in bundle["text/html"]
    assert "<figcaption>See &amp; learn</figcaption>" in bundle["text/html"]
    assert bundle["text/plain"] == '[picture: a "quoted" <thing>]\nSee & learn'
    data = re.search(r"base64,([^\"]*)\"", bundle["text/html"])
    assert data and base64.b64decode(data[1]) == b"<svg/>"


def test_a_drawing_without_alt_text_is_refused() -> None:
    with pytest.raises(ValueError, match="alt"):
        plots.picture("<svg/>")


@pytest.mark.parametrize("words", ["h_{t-1}", "m_t x_t", "a_{b}c_d e", "plain"])
def test_subscripts_come_back_to_the_base_line(words: str) -> None:
    written = svg.subscripts(words, 20, closed=True)
    assert sum(float(v) for v in re.findall(r'dy="(-?[\d.]+)"', written)) == 0
    assert re.sub(r"<[^>]*>|\u200b", "", written) == re.sub(r"_\{?|\}", "", words)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3, 3), (0.02, 0.07), (-1e4, 1e4), (1, 12)])
def test_ticks_are_round_and_inside(low: float, high: float) -> None:
    found = charts.ticks(low, high)
    assert 2 <= len(found) <= 9
    assert all(low - 1e-9 <= value <= high + 1e-9 for value in found)


def test_axes_put_values_where_they_belong() -> None:
    axes = charts.Axes(100, 50, (0, 10), (-1, 1), left=20, top=5)
    assert axes.at(0, -1) == (20, 55) and axes.at(10, 1) == (120, 5) and axes.at(5, 0) == (70, 30)
    assert axes.at(99, 99) == (120, 5)


def test_a_curve_is_cut_where_it_is_not_a_number() -> None:
    curve = charts.Line("a", np.arange(4.0), np.array([0, np.nan, 1, 1]))
    assert charts.Axes(10, 10, (0, 3), (0, 1)).line(curve).count("<path") == 2


def test_a_heat_map_crosses_each_dropped_place_and_says_how_many() -> None:
    mask = np.array([[0, 2.0, 2.0], [0, 2.0, 0]])  # (T, units)
    picture = heatmaps.picture(mask, name="input mask")
    assert picture.alt == (
        "input mask: 2 time steps by 3 units; 3 of 6 are dropped; the pattern is different from step to step."
    )
    crosses = re.findall(r'<path d="([^"]*l[^"]*)"', picture.svg)
    assert len(crosses) == 1 and crosses[0].count("M") == 3
    assert "the same at every step" in heatmaps.describe(mask[:1].repeat(2, 0), "m")


@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
def test_equations_light_the_masks_that_act(cell: str) -> None:
    def lit(drops: variants.Drops) -> int:
        return svg.document(formulas.sheet(cell, drops), label="").count("font-weight")

    assert lit(()) == 0
    assert lit(variants.gal(0.5)) == 2
    assert lit((Drop("hidden", 0.5, fill="previous"),)) == 1


def test_the_zoneout_equation_reads_the_cell_before_its_mask() -> None:
    def words(drops: variants.Drops) -> str:
        return re.sub(r"<[^>]*>|\u200b", "", "".join(formulas.sheet("LSTM", drops).parts))

    assert "tanh(ct)" in words(variants.moon(0.5)) and "tanh(c̃t)" in words(variants.zoneout(0.5))
    assert "dc,t ∘ ct-1 + (1 - dc,t) ∘ c̃t" in words(variants.zoneout(0.5))


@pytest.mark.parametrize(
    "drop",
    [
        Drop("input", 0.3),
        Drop("input", 0.3, shared=(), per_gate=True),
        Drop("output", 0.3, noise="gaussian"),
        Drop("hidden", 0.3, fill="previous", shared=()), Drop("candidate", 0.3, shared=("batch", "features")),
    ],
)  # fmt: skip
def test_the_numpy_draw_has_the_shape_and_the_odds_of_the_drop(drop: Drop) -> None:
    import torch

    mask = sampling.mask(drop, steps=50, batch=40, units=30, gates=4, rng=np.random.default_rng(0))
    assert mask.shape == drop.mask_shape(50, 40, 30, 4)
    many = sampling.noise(drop, (200, 200), np.random.default_rng(1))
    twin = drop.sample((200, 200), generator=torch.Generator().manual_seed(1)).numpy()
    assert abs(many.mean() - twin.mean()) < 0.02
    assert abs(many.std() - twin.std()) < 0.02
