"""The claims of lesson 02, decided by PyTorch and Keras themselves."""

import dataclasses
import math

import pytest
import torch
from torch.nn.functional import dropout

from recdrop_lessons import LSTM, Dropout, RecdropError, variants

keras = pytest.importorskip("keras", reason="the extra `frameworks` brings Keras")

RATES = (0.1, 0.5, 0.8)
N = 400_000


def in_keras(layer, x):
    return layer(x, training=True).detach()


def moments(p, kind):
    """Mean and variance of the noise, with the standard errors of both."""
    m = in_keras(kind(p, seed=3), torch.ones(N)).double()
    fourth = ((m - m.mean()) ** 4).mean()
    return m.mean().item(), m.var().item(), (m.std() / N**0.5).item(), (fourth / N).sqrt().item()


@pytest.mark.parametrize("p", RATES)
def test_gaussian_dropout_keeps_mean_and_has_dropouts_variance(p):
    for kind in (keras.layers.GaussianDropout, keras.layers.Dropout):
        mean, variance, of_mean, of_variance = moments(p, kind)
        assert abs(mean - 1) < 5 * of_mean
        assert abs(variance - p / (1 - p)) < 5 * of_variance


@pytest.mark.parametrize("p", RATES)
def test_gaussian_dropout_has_no_zeros_and_turns_some_signs(p):
    m = in_keras(keras.layers.GaussianDropout(p, seed=4), torch.ones(N))
    below = 0.5 * math.erfc(math.sqrt((1 - p) / p) / math.sqrt(2))  # Φ(-1/σ)
    assert not (m == 0).any()
    assert abs((m < 0).double().mean().item() - below) < 5 * math.sqrt(below * (1 - below) / N) + 1e-9


@pytest.mark.parametrize("noise", ["bernoulli", "gaussian"])
def test_ours_with_keras_own_mask_is_keras(noise):
    kind = {"bernoulli": keras.layers.Dropout, "gaussian": keras.layers.GaussianDropout}[noise]
    x = torch.randn(3, 5, 4)  # (B, T, F)
    mask = in_keras(kind(0.4, seed=5), torch.ones_like(x))
    ours = Dropout(0.4, noise=noise)(x, masks={"output": mask.transpose(0, 1)})
    assert torch.allclose(ours, in_keras(kind(0.4, seed=5), x), atol=1e-6)


@pytest.mark.parametrize("mean", [0.0, 3.0])
@pytest.mark.parametrize("p", RATES)
def test_inverted_dropout_adds_variance(p, mean):
    x = mean + torch.randn(N, dtype=torch.float64)
    expected = x.var() + p / (1 - p) * (x**2).mean()
    for y in (dropout(x, p), in_keras(keras.layers.Dropout(p, seed=6, dtype="float64"), x)):
        error = (((y - y.mean()) ** 4).mean() / N).sqrt()
        assert abs(y.var() - expected) < 5 * error
        assert abs(y.mean() - x.mean()) < 5 * y.std() / N**0.5


@pytest.mark.parametrize("p", RATES)
def test_p_is_the_share_dropped(p):
    for y in (dropout(torch.ones(N), p), in_keras(keras.layers.Dropout(p, seed=7), torch.ones(N))):
        assert abs((y == 0).double().mean().item() - p) < 5 * math.sqrt(p * (1 - p) / N)
        assert torch.allclose(y[y != 0], torch.tensor(1 / (1 - p)))


def test_nothing_happens_at_test_time():
    x = torch.randn(100)
    assert torch.equal(dropout(x, 0.5, training=False), x)
    for kind in (keras.layers.Dropout, keras.layers.GaussianDropout):
        assert torch.equal(kind(0.5)(x, training=False), x)


def test_a_test_pass_is_the_mean_only_if_linear():
    x, weight = torch.linspace(-2, 2, 10), torch.linspace(1, 3, 10)
    sums = dropout(x.expand(N, 10), 0.5) @ weight
    at_test = dropout(x, 0.5, training=False) @ weight
    assert abs(sums.mean() - at_test) < 5 * sums.std() / N**0.5
    assert abs(sums.tanh().mean() - at_test.tanh()) > 50 * sums.tanh().std() / N**0.5


def test_a_mask_that_multiplies_at_each_step_does_not_keep_the_mean():
    """All is linear, W = U = 1, x is 1 at step 1 alone: after five steps h is m⁴, in evaluation mode 1."""
    layer = keras.layers.SimpleRNN(1, activation=None, recurrent_dropout=0.5, seed=10)
    layer.build((None, 5, 1))
    layer.set_weights([torch.ones(1, 1).numpy(), torch.ones(1, 1).numpy(), torch.zeros(1).numpy()])
    x = torch.zeros(20_000, 5, 1)
    x[:, 0] = 1
    h = in_keras(layer, x)
    assert abs(h.mean() - 0.5 * 2**4) < 5 * h.std() / len(x) ** 0.5
    assert layer(x[:1], training=False).item() == pytest.approx(1)


def test_more_inputs_do_not_close_the_gap_of_a_layer_as_drawn():
    """Mean |gap| of 64 tanh units behind dropout: PyTorch's weights as drawn, against weights of 1/n."""

    def gap(n, weight):
        generator = torch.Generator().manual_seed(n)
        x = torch.randn(1, n, generator=generator)
        torch.manual_seed(n)
        means = [torch.tanh(dropout(x.expand(2000, n), 0.5) @ weight.T).mean(0) for _ in range(8)]
        return (torch.stack(means).mean(0) - torch.tanh(x[0] @ weight.T)).abs().mean().item()

    torch.manual_seed(0)
    few, many = (gap(n, torch.nn.Linear(n, 64, bias=False).weight.detach()) for n in (16, 2048))
    assert many > 0.5 * few
    few, many = (gap(n, torch.ones(64, n) / n) for n in (16, 2048))
    assert many < 0.5 * few


def test_each_method_but_zoneout_takes_gaussian_noise():
    for name, row in variants.ROWS.items():
        if name == "zoneout":
            with pytest.raises(RecdropError, match="previous"):
                [dataclasses.replace(drop, noise="gaussian") for drop in row.make(0.5)]
        else:
            drops = [dataclasses.replace(drop, noise="gaussian") for drop in row.make(0.5)]
            assert LSTM(3, 4, drops=drops)(torch.randn(2, 5, 3)).isfinite().all()


def test_gaussian_noise_adds_and_gaussian_dropout_multiplies():
    zeros = torch.zeros(1000)
    assert not in_keras(keras.layers.GaussianDropout(0.5, seed=8), zeros).any()
    assert in_keras(keras.layers.GaussianNoise(1.0, seed=8), zeros).std() > 0.8


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
