"""What lesson 09 says of trained networks, on other seeds and splits, and of one network for each pass."""

import numpy as np
import pytest
import torch
from torch import nn

from recdrop_lessons import LSTM, Stack, frameworks, variants
from recdrop_lessons.experiments.datasets import digits, distort
from recdrop_lessons.experiments.training import fit, seeded, single_thread
from recdrop_lessons.experiments.uncertainty import (
    entropy,
    fit_temperature,
    mc_predict,
    predictive,
    reliability,
    tempered,
)

keras = pytest.importorskip("keras", reason="the extra `frameworks` brings Keras")

T, F, H = 6, 4, 5


@pytest.mark.parametrize("recurrent_dropout", [0.0, 0.4])
def test_a_keras_training_pass_is_one_network(recurrent_dropout):
    keras.utils.set_random_seed(0)
    noisy = keras.layers.LSTM(H, dropout=0.3, recurrent_dropout=recurrent_dropout, return_sequences=True)
    noisy.build((None, None, F))
    x = torch.randn(1, T, F)
    masks = frameworks.keras_masks(noisy, x)
    one_pass = noisy(x, training=True).detach()

    kernel, recurrent, bias = noisy.get_weights()  # (F, 4H), (H, 4H), (4H,)
    for site, weight in (("input", kernel), ("recurrent", recurrent)):
        if site in masks:
            mask = masks[site][0, 0].expand(4, -1).numpy()  # (4, units)
            weight.reshape(-1, 4, H)[:] *= mask.T[:, :, None]
    network = keras.layers.LSTM(H, return_sequences=True)
    network.build((None, None, F))
    network.set_weights([kernel, recurrent, bias])
    assert torch.allclose(network(x, training=False), one_pass, atol=1e-6)
    others = [noisy(x, training=True) for _ in range(8)]
    assert not all(torch.allclose(other, one_pass, atol=1e-3) for other in others)


def test_dropout_off_is_the_geometric_mean_for_one_linear_layer():
    """Exact for a softmax of W (m∘x): all 2^6 masks of p = 0.5, written out."""
    generator = torch.Generator().manual_seed(0)
    W, x = torch.randn(3, 6, generator=generator).double(), torch.randn(6, generator=generator).double()
    masks = 2 * torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 6).double()  # (64, 6)
    passes = ((masks * x) @ W.T).softmax(-1)
    geometric = passes.log().mean(0).softmax(-1)
    assert torch.allclose((W @ x).softmax(-1), geometric)
    assert not torch.allclose((W @ x).softmax(-1), passes.mean(0), atol=0.01)


def test_a_held_mask_is_one_network_before_a_product_alone():
    """Every LSTM keeps |c_T| <= T; scaled masks on g and c break it, 0 and 1 do not."""
    steps = 15
    layer = LSTM(F, 40, return_sequences=True, return_state=True)
    torch.nn.init.constant_(layer.bias, 30.0)
    kept = (torch.rand(1, 1, 40) > 0.5).float()

    def within(**masks):
        y, _, c = layer(torch.zeros(1, steps, F), masks=masks)
        return bool(c.abs().max() <= steps + 1e-3 and y.abs().max() <= 1 + 1e-3)

    assert within(recurrent=2 * kept) and within(cell=kept) and within(candidate=kept)
    assert not within(candidate=2 * kept)
    assert not within(cell=2 * kept)
    # The mask of 0 and 1 on g or c is an LSTM whose dropped units have zero rows of g.
    torch.nn.init.normal_(layer.bias)
    x = torch.randn(1, steps, F)
    masked = [layer(x, masks={site: kept})[0] for site in ("candidate", "cell")]
    scaled = layer(x, masks={"candidate": 2 * kept})[0]
    with torch.no_grad():
        for parameter in (layer.weight_ih, layer.weight_hh, layer.bias):
            parameter.view(4, 40, -1)[2] *= kept[0, 0].unsqueeze(1)
    assert all(torch.allclose(layer(x)[0], one, atol=1e-6) for one in masked)
    assert not torch.allclose(layer(x)[0], scaled, atol=1e-3)


def test_one_temperature_does_what_thirty_passes_do_and_an_ensemble_does_more():
    """Another split and other seeds than the lesson's."""
    data = digits(train=300, seed=3)
    (x_valid, y_valid), (x, y) = data.validation, data.test
    turned = distort(x, degrees=30)
    alone, log_losses, gaps, to_geometric, to_mean, logs, undecided = [], [], [], [], [], [], []

    def log_loss(p):
        return float(-p.gather(-1, y.unsqueeze(1)).clamp_min(1e-12).log().mean())

    def gap(p):
        return float(p.max(-1).values.mean() - (p.argmax(-1) == y).float().mean())

    for seed in (11, 12, 13):
        with seeded(seed):
            model = Stack(LSTM(8, 64, drops=variants.gal(0.1)), nn.Linear(64, 10))
        fit(model, data, epochs=250, patience=25, batch_size=64, learning_rate=1e-2, seed=seed)
        draws = torch.Generator().manual_seed(seed)
        passes = [mc_predict(model, v, passes=30, generator=draws) for v in (x_valid, x, turned)]
        mc_valid, mc, mc_turned = map(predictive, passes)
        with torch.no_grad():
            valid, off, off_turned = (model(v).softmax(-1) for v in (x_valid, x, turned))
        cooled, heated = fit_temperature(mc_valid, y_valid), fit_temperature(valid, y_valid)
        assert cooled < 0.9  # MC was too flat
        log_losses.append((log_loss(tempered(mc, cooled)), log_loss(tempered(off, heated))))
        grid = torch.linspace(1, 4, 301)
        sure = torch.stack([tempered(valid, float(t)).max(-1).values.mean() for t in grid])
        flat = float(grid[(sure - mc_valid.max(-1).values.mean()).abs().argmin()])
        gaps.append((gap(mc_turned), gap(tempered(off_turned, flat)), gap(off_turned)))
        geometric = passes[1].clamp_min(1e-12).log().mean(0).softmax(-1)
        to_geometric.append(float((off - geometric).abs().sum(-1).mean()))
        to_mean.append(float((off - mc).abs().sum(-1).mean()))
        geometric_valid = passes[0].clamp_min(1e-12).log().mean(0).softmax(-1)
        sharpened = tempered(geometric, fit_temperature(geometric_valid, y_valid))
        logs.append((log_loss(geometric) - log_loss(mc), log_loss(sharpened) - log_losses[-1][0]))
        undecided.append([float(entropy(p).mean()) for p in passes[1:]])  # of single passes: (S, B)
        alone.append(off)

    with_passes, with_temperature = np.mean(log_losses, 0)
    assert abs(with_passes - with_temperature) < 0.03
    of_mc, as_flat, of_off = np.mean(gaps, 0)
    assert abs(of_mc - as_flat) < 0.05 < of_off - of_mc
    assert np.mean(to_geometric) < np.mean(to_mean) / 2
    before, after = np.mean(logs, 0)
    assert before < 0 and abs(after) < abs(before) / 2  # a temperature each takes most of the difference
    assert all(upright + 0.2 < at_30 for upright, at_30 in undecided)  # single passes, same digits turned
    ensemble = log_loss(torch.stack(alone).mean(0))
    assert ensemble < min(map(log_loss, alone)) and ensemble < with_passes and ensemble < with_temperature


def test_mc_dropout_does_not_calibrate_by_itself():
    """Other seeds than the lesson's, and each network on its own."""
    data = digits(train=300)
    x, y = data.test

    def gap(p):
        return float(p.max(-1).values.mean() - (p.argmax(-1) == y).float().mean())

    with single_thread():
        for seed in (11, 12):
            with seeded(seed):
                model = Stack(LSTM(8, 64, drops=variants.gal(0.1)), nn.Linear(64, 10))
            fit(model, data, epochs=60, batch_size=64, learning_rate=5e-3, seed=seed)
            turned = distort(x, degrees=30)
            with torch.no_grad():
                off, off_turned = model(x).softmax(-1), model(turned).softmax(-1)
            draws = torch.Generator().manual_seed(seed)
            mc, mc_turned = (
                predictive(mc_predict(model, v, passes=30, generator=draws)) for v in (x, turned)
            )
            assert reliability(mc, y).error > reliability(off, y).error
            assert gap(mc) < 0 < gap(mc_turned) < gap(off_turned)
