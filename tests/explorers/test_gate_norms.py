"""Lesson 07's explorer: a penalty shrinks the blocks that it acts on, and no other."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from recdrop_lessons.explorers import gate_norms


@pytest.mark.parametrize(
    ("gate", "kernel", "kind"),
    list(itertools.product(("all", *gate_norms.GATES), gate_norms.KERNELS, ("l2", "l1"))),
)
def test_only_the_chosen_gates_shrink(gate: str, kernel: str, kind: str) -> None:
    frame = gate_norms.figure(gate=gate, kernel=kernel, kind=kind, exponent=-1.0)
    ET.fromstring(frame.svg)
    for name in gate_norms.GATES:
        free, now = frame.numbers["free"][name], frame.numbers["now"][name]
        assert now < free - 0.1 if gate in ("all", name) else now == free


def test_the_norm_falls_as_the_factor_grows() -> None:
    for kind in ("l2", "l1"):
        norms = [
            gate_norms.figure(kind=kind, exponent=e).numbers["now"]["f"] for e in (-4.0, -2.0, -1.0, 1.0)
        ]
        assert norms == sorted(norms, reverse=True) and norms[-1] < 0.1


@pytest.mark.parametrize("kind", ["l2", "l1"])
def test_the_fit_is_the_minimum_of_what_it_says(kind: str) -> None:
    factor, rows = 0.05, slice(gate_norms.FEATURES, gate_norms.FEATURES + gate_norms.UNITS)
    z, a = gate_norms.lesson().z, gate_norms.lesson().targets["g"]

    def loss(θ: np.ndarray) -> float:
        size = np.square(θ[rows]).sum() if kind == "l2" else np.abs(θ[rows]).sum()
        return float(np.square(z @ θ - a).sum() / len(z) + factor * size)

    best = gate_norms.fitted("g", "recurrent", factor, kind)
    rng = np.random.default_rng(0)
    for _ in range(50):
        assert loss(best) <= loss(best + 1e-2 * rng.standard_normal(best.shape)) + 1e-9


def test_l1_sets_weights_to_zero_and_l2_does_not() -> None:
    rows = slice(gate_norms.FEATURES, gate_norms.FEATURES + gate_norms.UNITS)
    zeros = {
        kind: int((gate_norms.fitted("f", "recurrent", 0.1, kind)[rows] == 0).sum()) for kind in ("l1", "l2")
    }
    assert zeros["l1"] > 0 and zeros["l2"] == 0
