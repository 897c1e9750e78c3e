"""Lesson 08's explorer: softmax rows, three separate sites, no renormalising."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from recdrop_lessons.explorers import graph


def test_every_row_sums_to_one_before_its_mask() -> None:
    for node in range(34):
        frame = graph.figure(node=node)
        ET.fromstring(frame.svg)
        assert frame.numbers["before"] == pytest.approx(1.0)


def test_a_dropped_row_is_scaled_and_not_renormalised() -> None:
    numbers = graph.figure(node=33, p_attention=0.5).numbers
    kept = numbers["dropped"] > 0
    np.testing.assert_allclose(numbers["dropped"][kept], 2 * numbers["alpha"][kept])
    assert 0 < kept.sum() < kept.size
    assert numbers["after"] == pytest.approx(2 * numbers["alpha"][kept].sum()) and numbers["after"] != 1


def test_the_three_sites_are_three_rates() -> None:
    for site in ("input", "attention", "projected"):
        rates = {f"p_{name}": 0.5 if name == site else 0.0 for name in ("input", "attention", "projected")}
        run = graph.figure(**rates).numbers["pass"]
        assert list(run.masks) == [site]
        none = graph.figure(p_attention=0.0).numbers["pass"]
        assert not np.allclose(run.out, none.out)
    features = graph.figure(p_attention=0.0, p_input=0.5).numbers
    assert features["after"] == pytest.approx(1.0), "dropping features leaves the rows whole"


def test_at_evaluation_nothing_drops() -> None:
    frame = graph.figure(training=False, p_input=0.9, p_attention=0.9, p_projected=0.9)
    assert frame.numbers["pass"].masks == {} and "nothing was dropped" in frame.status
    assert "At evaluation no mask acts." in frame.panel


def test_the_last_edge_of_a_row_is_its_own_loop() -> None:
    edges = graph.club().edges
    for node in range(34):
        row = np.flatnonzero(edges[1] == node)
        assert tuple(edges[:, row[-1]]) == (node, node)
