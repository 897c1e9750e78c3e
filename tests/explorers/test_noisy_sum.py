"""Lesson 02's explorer: exact moments, over its whole range."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from recdrop_lessons.explorers import noisy_sum
from recdrop_lessons.explorers.frame import complete

GRID = list(itertools.product((0.0, 0.3, 0.9), (-3.0, 0.0, 1.5), (1, 5, 32), ("bernoulli", "gaussian")))


@pytest.mark.parametrize(("p", "x", "n", "kind"), GRID)
def test_the_mean_is_kept_and_the_variance_is_the_formulas(p: float, x: float, n: int, kind: str) -> None:
    for function in ("tanh", "sigmoid", "relu", "linear"):
        frame = noisy_sum.figure(p=p, x=x, n=n, noise=kind, function=function)
        ET.fromstring(frame.svg)
        assert frame.numbers["mean"] == pytest.approx(x, abs=1e-9)
        assert frame.numbers["variance"] == pytest.approx(x * x * p / (1 - p) / n, rel=1e-6, abs=1e-12)
        assert ", kept;" in frame.status


def test_without_the_scale_the_mean_shrinks() -> None:
    numbers = noisy_sum.figure(p=0.25, x=2.0, inverted=False).numbers
    assert numbers["mean"] == pytest.approx(1.5) and numbers["variance"] == pytest.approx(0.25 * 0.75 * 4)


def test_a_line_passes_the_mean_and_a_bend_does_not() -> None:
    line = noisy_sum.figure(function="linear").numbers
    assert line["mean_of"] == pytest.approx(line["of_mean"], abs=1e-12)
    bend = noisy_sum.figure(function="tanh").numbers
    assert bend["mean_of"] == pytest.approx(0.5 * np.tanh(2.0)) and bend["of_mean"] == pytest.approx(
        np.tanh(1.0)
    )


def test_the_gap_closes_as_inputs_are_averaged() -> None:
    gaps = [noisy_sum.figure(n=n).numbers for n in (1, 4, 16)]
    sizes = [abs(numbers["mean_of"] - numbers["of_mean"]) for numbers in gaps]
    assert sizes[0] > 2 * sizes[1] > 4 * sizes[2] > 0


def test_gaussian_noise_has_nothing_to_scale() -> None:
    settings = complete(noisy_sum.CONTROLS, {"noise": "gaussian", "inverted": False})
    assert noisy_sum.settle({}, settings)["inverted"] is True
    assert noisy_sum.figure(noise="gaussian").off == ("inverted",)
