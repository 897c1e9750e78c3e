"""Memory on the cell's line: what a pass of the LSTM shows, against the formulas."""

import numpy as np
import pytest
import torch

from recdrop_lessons import LSTM, Drop, RecdropError, variants
from recdrop_lessons.twins import influence

STEPS, FORGET, P = 6, 0.9, 0.3
ROWS = {
    "none": (),
    "zaremba": variants.zaremba(P),
    "moon": variants.moon(P),
    "cell mask per step": (Drop("cell", P, shared=(), noise="binary"),),
    "cell scaled": variants.cell_scaled(P),
    "cell per step": (Drop("cell", P, shared=()),),
    "gal": variants.gal(P),
    "gal untied": variants.gal(P, tied=False),
    "semeniuta": variants.semeniuta(P),
    "semeniuta per sequence": variants.semeniuta(P, per_step=False),
    "zoneout": variants.zoneout(P),
    "zoneout per sequence": (Drop("cell", P, fill="previous"),),
    "weight drop": variants.weight_drop(P),
    "candidate and cell": (Drop("candidate", P, shared=()), Drop("cell", P)),
    "candidate and zoneout": (Drop("candidate", P), Drop("cell", P, shared=(), fill="previous")),
    "binary candidate per step": (Drop("candidate", P, shared=(), noise="binary"), *variants.zoneout(P)),
}


def drawn(drops, batch, units, seed=0):
    layer = LSTM(units, units, drops=drops)
    masks = layer.sample_masks(batch, STEPS, generator=torch.Generator().manual_seed(seed))
    return {site: mask.double().numpy() for site, mask in masks.items()}


@pytest.mark.parametrize("name", ROWS)
def test_the_mean_and_the_share_that_survives_are_what_passes_show(name):
    drops, n = ROWS[name], 20_000
    reached = influence.measured(drops, FORGET, STEPS, drawn(drops, batch=n, units=1), batch=n, units=1)[
        :, :, 0
    ]  # (n, T)
    error = reached.std(0) / np.sqrt(n)
    assert np.all(abs(reached.mean(0) - influence.mean(drops, FORGET, STEPS)) <= 4.5 * error + 1e-12)
    expected = influence.surviving(drops, FORGET, STEPS)
    spread = np.sqrt(expected * (1 - expected) / n)
    assert np.all(abs((reached != 0).mean(0) - expected) <= 4.5 * spread + 1e-12)


def test_each_unit_follows_its_own_masks_exactly():
    drops = (Drop("candidate", P, shared=()), Drop("cell", P, shared=()))
    masks = drawn(drops, batch=3, units=4)
    reached = influence.measured(drops, FORGET, STEPS, masks, batch=3, units=4)
    line = (
        masks["candidate"][0] * np.cumprod(masks["cell"], axis=0) * FORGET ** np.arange(STEPS)[:, None, None]
    )
    assert np.allclose(reached, line.transpose(1, 0, 2), rtol=1e-12)


@pytest.mark.parametrize(("name", "formula"), [
    ("none", lambda t: FORGET ** (t - 1)),
    ("gal untied", lambda t: FORGET ** (t - 1)),
    ("semeniuta", lambda t: FORGET ** (t - 1)),
    ("cell per step", lambda t: FORGET ** (t - 1)),
    ("moon", lambda t: (1 - P) * FORGET ** (t - 1)),
    ("cell mask per step", lambda t: (1 - P) ** t * FORGET ** (t - 1)),
    ("cell scaled", lambda t: (FORGET / (1 - P)) ** (t - 1)),
    ("zoneout", lambda t: (1 - P) * (P + (1 - P) * FORGET) ** (t - 1)),
])  # fmt: skip
def test_the_mean_in_closed_form(name, formula):
    t = np.arange(1, STEPS + 1)
    assert np.allclose(influence.mean(ROWS[name], FORGET, STEPS), formula(t), rtol=1e-12)


@pytest.mark.parametrize(("name", "formula"), [
    ("weight drop", lambda t: 1.0 + 0 * t),
    ("cell per step", lambda t: (1 - P) ** t),
    ("moon", lambda t: 1 - P + 0 * t),
    ("semeniuta per sequence", lambda t: 1 - P + 0 * t),
    ("zoneout", lambda t: 1 - P + 0 * t),
])  # fmt: skip
def test_the_survivors_in_closed_form(name, formula):
    t = np.arange(1, STEPS + 1)
    assert np.allclose(influence.surviving(ROWS[name], FORGET, STEPS), formula(t), rtol=1e-12)


def test_gates_that_live_pass_the_influence_on_as_autograd_says():
    """The same derivative from the torch layer, masks on h and on U included."""
    units, batch, drops = 5, 3, (*variants.gal(P), *variants.weight_drop(P))
    masks = drawn(drops, batch, units)
    reached = influence.measured(drops, FORGET, STEPS, masks, batch=batch, units=units, recurrent=1.5)

    rng = np.random.default_rng(0)
    layer = LSTM(units, units, drops=(*drops, Drop("candidate", 0.1, shared=())), return_state=True).double()
    layer.fast = False
    with torch.no_grad():
        layer.weight_ih.zero_()[2 * units : 3 * units] = torch.as_tensor(
            rng.standard_normal((units, units)) / np.sqrt(units)
        )
        layer.weight_hh.copy_(torch.as_tensor(1.5 / np.sqrt(units) * rng.standard_normal((4 * units, units))))
        bias = [40.0, float(np.log(FORGET / (1 - FORGET))), 0.5, 40.0]
        layer.bias.copy_(torch.tensor(bias, dtype=torch.float64).repeat_interleave(units))
    x = torch.as_tensor(rng.standard_normal((batch, STEPS, units)))
    heard = x[:, 0] * torch.as_tensor(masks["input"][0])  # (B, F)
    g_1 = torch.tanh(heard @ layer.weight_ih[2 * units : 3 * units].T + 0.5)  # (B, H)

    def last_cell(g):
        into_g = torch.ones(STEPS, batch, units).double()
        into_g = torch.cat([(g / g_1.detach())[None], into_g[1:]])
        return layer(x, masks={k: torch.as_tensor(m) for k, m in masks.items()} | {"candidate": into_g})[2]

    _, moved = torch.autograd.functional.jvp(last_cell, g_1.detach(), torch.ones_like(g_1))
    assert np.allclose(reached[:, -1], moved.numpy(), rtol=1e-8, atol=1e-10)
    still = influence.measured(drops, FORGET, STEPS, masks, batch=batch, units=units)
    assert not np.allclose(reached[:, -1], still[:, -1], rtol=1e-2)


def test_refusals_say_what_to_change():
    with pytest.raises(RecdropError, match="gaussian noise at 'cell'"):
        influence.mean((Drop("cell", P, noise="gaussian"),), FORGET, STEPS)
    for forget in (0.0, 1.5):
        with pytest.raises(RecdropError, match="expected 0 < forget <= 1"):
            influence.mean((), forget, STEPS)
    with pytest.raises(RecdropError, match="expected 0 < forget < 1"):
        influence.measured((), 1.0, STEPS, {})
