"""Lesson 04's explorer: every sharing is drawn as it is said."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from recdrop_lessons.explorers import masks_over_time
from recdrop_lessons.explorers.frame import complete

AXES = {"time": 0, "batch": 1, "features": 3, "gates": 2}


@pytest.mark.parametrize("shared", list(itertools.product((True, False), repeat=4)))
def test_what_is_shared_is_the_same_and_what_is_not_differs(shared: tuple[bool, ...]) -> None:
    settings = dict(zip(AXES, shared, strict=True))
    for site in ("input", "recurrent"):
        frame = masks_over_time.figure(site=site, units=8, **settings)
        ET.fromstring(frame.svg)
        mask = frame.numbers["mask"]  # (T, B, G, F)
        for name, axis in AXES.items():
            same = bool((mask == mask.take([0], axis=axis)).all())
            assert same is settings[name], name


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({}, "Keras, dropout alone"),
        ({"time": False}, "Zaremba"),
        ({"site": "recurrent", "gates": False}, "Keras, recurrent_dropout alone"),
        ({"site": "output"}, "Locked"),
        ({"site": "output", "time": False}, "PyTorch, between layers"),
        ({"features": True}, "No named row"),
    ],
)
def test_the_named_row_is_said(settings: dict[str, object], name: str) -> None:
    assert masks_over_time.figure(**settings).status.startswith(name)


def test_a_step_vanishes_as_often_as_the_formula_says() -> None:
    settings = {"time": False, "units": 2, "p": 0.5}
    chance = masks_over_time.figure(**settings).numbers["chance"]
    seen = [masks_over_time.figure(**settings, seed=seed).numbers["gone"] for seed in range(200)]
    assert chance == 0.25 and abs(np.mean(seen) - chance) < 0.02
    assert masks_over_time.figure(time=False, features=True, p=0.3).numbers["chance"] == 0.3


def test_the_output_has_no_gates() -> None:
    settings = complete(masks_over_time.CONTROLS, {"site": "output", "gates": False})
    assert masks_over_time.settle({}, settings)["gates"] is True
