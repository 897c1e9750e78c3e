"""Lesson 01's explorer: its numbers are the equations', at every corner of its settings."""

from __future__ import annotations

import itertools
import math
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from recdrop_lessons.explorers import cell_step


def σ(a: float) -> float:
    return 1 / (1 + math.exp(-a))


def test_the_numbers_are_those_of_the_equations() -> None:
    numbers = cell_step.figure(a_f=2.0, a_i=-1.0, a_g=0.5, a_o=1.0, c=-1.5).numbers
    c = σ(2) * -1.5 + σ(-1) * math.tanh(0.5)
    assert numbers["c"] == pytest.approx(c, abs=1e-12)
    assert numbers["h"] == pytest.approx(σ(1) * math.tanh(c), abs=1e-12)


def test_activation_acts_on_the_candidate_and_on_the_way_out_only() -> None:
    tanh, linear = (cell_step.figure(a_g=2.0, activation=name).numbers for name in ("tanh", "linear"))
    assert [tanh[gate] == linear[gate] for gate in "ifo"] == [True] * 3
    assert linear["g"] == 2.0 and linear["h"] == linear["o"] * linear["c"]
    relu = cell_step.figure(a_i=-3.0, recurrent_activation="relu").numbers
    assert relu["i"] == 0 and relu["g"] == cell_step.figure().numbers["g"]


def test_every_corner_can_be_drawn() -> None:
    names = ("tanh", "sigmoid", "relu", "linear")
    for a, c, activation, recurrent in itertools.product((-6.0, 0.0, 6.0), (-3.0, 3.0), names, names):
        frame = cell_step.figure(
            a_i=a, a_f=a, a_g=a, a_o=a, c=c, activation=activation, recurrent_activation=recurrent
        )
        ET.fromstring(frame.svg)
        assert "nan" not in frame.svg


def test_a_shut_input_and_an_open_forget_gate_hold_the_cell() -> None:
    held = cell_step.figure(a_i=-6.0, a_f=6.0, c=1.0).numbers["cells"]
    lost = cell_step.figure(a_i=-6.0, a_f=-6.0, c=1.0).numbers["cells"]
    assert held[-1] > 0.94 and abs(lost[1]) < 0.01
    assert len(held) == cell_step.AGAIN + 1 and np.isfinite(held).all()
