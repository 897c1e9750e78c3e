"""What lesson 02 says of the gap to second order, and where it ends."""

import math

import pytest
import torch

from recdrop_lessons import Dropout


def gap_by_formula(curvature: float, x: float, p: float) -> float:
    """E[f(mx)] - f(x) to second order: f''(x)/2 · p/(1-p) · x²."""
    return curvature / 2 * p / (1 - p) * x**2


@pytest.mark.parametrize("noise", ["bernoulli", "gaussian"])
def test_the_second_order_gap_is_exact_for_a_square_and_good_for_narrow_noise(noise):
    x, p = torch.tensor(0.7, dtype=torch.float64), 0.02
    mask = Dropout(p, noise=noise)(torch.ones(1, 1, 4_000_000)).flatten().double()
    curvature = -2 * torch.tanh(x) * (1 - torch.tanh(x) ** 2)
    found = ((mask * x).tanh().mean() - x.tanh()).item()
    # The standard error of the mean is about 3e-5; the next orders are of the size of p².
    assert found == pytest.approx(gap_by_formula(curvature.item(), 0.7, p), abs=8e-4)
    assert ((mask * x).square().mean() - x**2).item() == pytest.approx(gap_by_formula(2.0, 0.7, p), abs=2e-4)


def test_the_second_order_gap_has_limits():
    """Wide noise: the size is wrong. A kink: the formula says 0. Beyond second order the noises differ."""
    wide = 0.5 * math.tanh(4.0) - math.tanh(2.0)  # x = 2, p = 0.5, both values of m
    curvature = -2 * math.tanh(2.0) * (1 - math.tanh(2.0) ** 2)
    assert wide < 0 and abs(wide) > 1.5 * abs(gap_by_formula(curvature, 2.0, 0.5))
    sums = 1 - 2 * (torch.rand(100_000) < 0.5).float()  # mean 0, on both sides of the kink
    assert sums.relu().mean() > 0.4
    normal = (2 * (1 + torch.randn(1_000_000))).tanh().mean().item()
    assert abs(normal - 0.5 * math.tanh(4.0)) > 0.05
