"""Lesson 03's explorer over its whole range: rows, sites, sharing, comparison."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from recdrop_lessons import Drop, variants
from recdrop_lessons.explorers import arguments, where
from recdrop_lessons.explorers.frame import complete
from recdrop_lessons.plots.opened import CELLS

DEFAULTS = complete(where.CONTROLS, {})


def settled(**wished: object) -> dict[str, object]:
    return where.settle(DEFAULTS, {**DEFAULTS, **wished})


@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
@pytest.mark.parametrize("row", ["none", *variants.ROWS])
def test_every_row_can_be_drawn_alone_and_compared(row: str, cell: str) -> None:
    for compare in ("nothing", "none", row if row != "none" else "gal"):
        frame = where.figure(row=row, cell=cell, compare=compare)
        ET.fromstring(frame.svg)
        assert len(frame.svg) < 120_000
        drops = frame.numbers["drops"]
        expected = () if row == "none" else variants.ROWS[row].make(0.5)
        assert drops == tuple(drop for drop in expected if drop.site in CELLS[cell].places)


def test_every_own_row_that_the_controls_allow_can_be_drawn() -> None:
    sites = list(where.SITES)
    for site, each_step, per_gate, zoneout, noise, cell in itertools.product(
        sites, (False, True), (False, True), (False, True), ("bernoulli", "gaussian"), ("LSTM", "GRU")
    ):
        wished = {
            "row": "own",
            "site": site,
            "each_step": each_step,
            "per_gate": per_gate,
            "zoneout": zoneout,
        }
        settings = settled(**wished, noise=noise, cell=cell)
        frame = where.figure(**settings)
        assert [drop.site for drop in frame.numbers["drops"]] == [settings["site"]]
        assert frame.numbers["moved"] > 0
        assert where.settle(settings, settings) == settings


def test_no_dropout_moves_nothing() -> None:
    for settings in ({"row": "none"}, {"p": 0.0}):
        frame = where.figure(**settings)
        assert frame.numbers["moved"] == 0 and "no dropout" in frame.status


def test_the_masks_are_what_the_row_says() -> None:
    masks = where.figure(row="semeniuta").numbers["masks"]
    assert masks["candidate"].shape == (where.STEPS, 1, where.UNITS)
    masks = where.figure(row="keras_recurrent").numbers["masks"]
    assert masks["recurrent"].shape == (1, 1, 4, where.UNITS)
    assert set(np.unique(masks["recurrent"])) <= {0.0, 2.0}


def test_a_masks_draw_stays_when_other_sites_come_and_go() -> None:
    alone = where.drawn("LSTM", (Drop("recurrent", 0.5),), 4)
    beside = where.drawn("LSTM", variants.gal(0.5), 4)
    assert (alone["recurrent"] == beside["recurrent"]).all()


@pytest.mark.parametrize("row", list(variants.ROWS))
def test_choosing_a_row_brings_its_site_and_its_toggles(row: str) -> None:
    settings = settled(row=row)
    drops = variants.ROWS[row].make(0.5)
    drop = next((d for d in drops if d.site == DEFAULTS["site"]), drops[0])
    assert settings["row"] == row and settings["site"] == drop.site
    assert settings["each_step"] is ("time" not in drop.shared)
    assert settings["per_gate"] is drop.per_gate and settings["zoneout"] is (drop.fill == "previous")


def test_changing_a_toggle_makes_the_row_ones_own_and_names_what_it_is() -> None:
    settings = settled(per_gate=False)
    assert settings["row"] == "own"
    assert where.chosen(settings) == (Drop("recurrent", 0.5),)
    semeniuta = where.settle(settings, {**settings, "site": "candidate", "each_step": True})
    assert "which is Semeniuta, per step" in where.figure(**semeniuta).status


def test_choosing_a_site_outside_the_row_makes_it_ones_own() -> None:
    assert settled(site="cell")["row"] == "own"
    gal = where.settle(DEFAULTS, {**DEFAULTS, "row": "gal"})
    assert where.settle(gal, {**gal, "site": "input"})["row"] == "gal"


def test_a_gru_has_no_cell_site() -> None:
    moon = settled(row="moon")
    gru = where.settle(moon, {**moon, "cell": "GRU"})
    assert (gru["row"], gru["site"]) == ("own", "hidden")


@pytest.mark.parametrize(
    ("drop", "framework", "said"),
    [
        (Drop("recurrent", 0.5, per_gate=True), "Keras 3.8 and newer", "LSTM(recurrent_dropout=p)"),
        (Drop("input", 0.5), "Keras 3.8 and newer", "LSTM(dropout=p); SpatialDropout1D(p) before the layer"),
        (Drop("input", 0.3, per_gate=True), "Keras 3.8 and newer", "LSTM(dropout=p, recurrent_dropout=p)"),
        (
            Drop("input", 0.5, shared=(), noise="gaussian"),
            "Keras 3.8 and newer",
            "GaussianDropout(p) before the layer",
        ),
        (Drop("output", 0.5, shared=()), "PyTorch", "nn.LSTM(num_layers=2, dropout=p) between the layers"),
        (Drop("recurrent", 0.5), "PyTorch", "no argument"),
        (Drop("hidden", 0.5, fill="previous"), "Keras 3.8 and newer", "no argument"),
        (
            Drop("recurrent_weight", 0.5),
            "fastai",
            "AWD_LSTM(weight_p=p) (WeightDropout: one mask for the batch)",
        ),
    ],
)
def test_the_panel_says_which_argument_a_site_is(drop: Drop, framework: str, said: str) -> None:
    assert dict(arguments.table(drop))[framework] == said
