"""The unrolled picture: every site has its place, and masks show their own pattern."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from recdrop_lessons import Drop
from recdrop_lessons.plots import tokens, unrolled, where_picture
from recdrop_lessons.plots.opened import CELLS

LSTM_SITES = ["input", "recurrent", "recurrent_weight", "candidate", "cell", "hidden", "output"]
NAMESPACE = {"svg": "http://www.w3.org/2000/svg"}


def sites(svg: str) -> dict[str, ET.Element]:
    """The groups of the picture by their site."""
    groups = ET.fromstring(svg).findall(".//svg:g[@data-name='site']", NAMESPACE)
    return {group.get("data-value", ""): group for group in groups}


def strips(group: ET.Element) -> list[str]:
    """The fills of a site's symbols, each moved to one place, so that equal patterns are equal text."""
    found = []
    for path in group.findall("svg:path[@fill='#1A1A1A']", NAMESPACE):
        numbers = [float(n) for n in re.findall(r"-?\d+\.?\d*", path.get("d", ""))]
        xs, width = np.array(numbers[0::5]), numbers[2]
        found.append(str([round(float((x - xs[0]) / (1.2 * width))) for x in xs]))  # which units
    return found


@pytest.mark.parametrize(
    ("cell", "expected"), [("LSTM", LSTM_SITES), ("GRU", [s for s in LSTM_SITES if s != "cell"])]
)
def test_every_site_of_the_cell_is_a_button_with_a_name(cell: str, expected: list[str]) -> None:
    found = sites(unrolled.picture(cell).svg)
    assert list(found) == expected
    for site, group in found.items():
        assert group.get("role") == "button" and group.get("tabindex") == "0"
        assert group.get("aria-label") == f"{site.replace('_', ' ')}: no mask"


def test_the_sites_are_those_of_the_library() -> None:
    from recdrop_lessons import GRU, LSTM

    for layer in (LSTM(2, 3), GRU(2, 3)):
        assert set(CELLS[type(layer).__name__].places) == set(layer.sites)


@pytest.mark.parametrize("site", LSTM_SITES)
def test_only_the_site_with_a_mask_is_lit(site: str) -> None:
    found = sites(unrolled.picture("LSTM", [Drop(site, 0.5)]).svg)
    lit = [name for name, group in found.items() if group.get("aria-pressed") == "true"]
    assert lit == [site]


def test_a_shared_mask_has_one_letter_and_a_mask_per_step_has_three() -> None:
    shared, anew = Drop("cell", 0.5), Drop("cell", 0.5, shared=())
    assert [unrolled.letter(shared, k) for k in range(3)] == ["m", "m", "m"]
    assert [unrolled.letter(anew, k) for k in range(3)] == ["m_{t-1}", "m_{t}", "m_{t+1}"]
    assert unrolled.letter(Drop("cell", 0.5, fill="previous", shared=()), 1) == "d_{t}"


def test_symbols_show_the_masks_that_were_given() -> None:
    rows = np.array([[2.0, 0, 2, 0], [0, 2, 2, 0], [2, 0, 0, 2]])[:, None]  # (T, 1, units)
    anew = sites(unrolled.picture("LSTM", [Drop("cell", 0.5, shared=())], masks={"cell": rows}).svg)["cell"]
    same = sites(unrolled.picture("LSTM", [Drop("cell", 0.5)], masks={"cell": rows[:1]}).svg)["cell"]
    assert len(strips(anew)) == 3 and len(set(strips(anew))) == 3
    assert len(strips(same)) == 3 and len(set(strips(same))) == 1


def test_the_readme_shows_the_picture_that_the_library_draws() -> None:
    kept = Path(__file__).parents[2] / "docs" / "images" / "where.svg"
    again = "python -m recdrop_lessons.plots.where_picture docs/images/where.svg"
    assert kept.read_text(encoding="utf-8") == where_picture.picture().svg + "\n", f"draw it anew: {again}"


def test_a_symbol_crosses_what_is_dropped_and_fills_by_share() -> None:
    drawn = tokens.token(0, 0, np.array([2.0, 0, 1, 0]))
    crossed, filled = re.findall(r'<path d="([^"]*)"', drawn)[::-1][:2]
    assert crossed.count("M") == 2
    heights = [float(v) for v in re.findall(r"v(-?[\d.]+)", filled)]
    assert heights == [12.0, 6.0]
