"""What holds once the site "forget" is added as docs/architecture.md says; see test_where_to_add.py."""

import os
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch
from replayed import assert_same_pass, made

import recdrop_lessons
from recdrop_lessons import GRU, LSTM, SITES, Drop, DropError, MaskError, RecdropError, frameworks
from recdrop_lessons.explorers import arguments, masks_over_time, where
from recdrop_lessons.explorers import cell_memory as memory_explorer
from recdrop_lessons.layers import fast
from recdrop_lessons.plots import formulas, unrolled
from recdrop_lessons.twins import influence

ONE = Drop("forget", 0.3)


def test_this_is_the_copy():
    assert recdrop_lessons.__file__.startswith(os.environ["COPY"])


def test_the_layer_has_it_and_equals_the_twin():
    layer = made("LSTM", drops=[ONE, *[Drop(site, 0.2) for site in LSTM.sites if site != "forget"]])
    masks = layer.sample_masks(2, 3, generator=torch.Generator().manual_seed(0))
    assert set(masks) == set(LSTM.sites) and "forget" in LSTM.sites
    assert_same_pass(layer, masks)


def test_the_mask_acts_where_it_says():
    layer, x = made("LSTM", drops=ONE), torch.randn(2, 3, 2)
    zero = layer(x, masks={"forget": torch.zeros(1, 1, 1)})[0]
    with torch.no_grad():
        layer.bias[3:6] = -1e4  # the forget gate shut
    assert torch.equal(zero, layer(x, masks={"forget": torch.ones(1, 1, 1)})[0])


@pytest.mark.parametrize("noise", ["bernoulli", "gaussian", "binary"])
def test_every_noise_and_evaluation(noise):
    layer = made("LSTM", drops=Drop("forget", 0.3, shared=(), noise=noise))
    x = torch.randn(2, 3, 2)
    layer.train()(x)
    mean = {"forget": torch.full((1, 1, 1), 0.7 if noise == "binary" else 1.0)}
    torch.testing.assert_close(layer.eval()(x)[0], layer(x, masks=mean)[0], atol=1e-6, rtol=0)


def test_the_fast_form_steps_aside():
    layer, x = LSTM(2, 3, drops=ONE), torch.randn(2, 3, 2)
    assert not fast.knows(layer, x, layer.sample_masks(2, 3))
    assert fast.knows(layer, x, {})


def test_other_layers_refuse_it_by_name():
    with pytest.raises(DropError, match=f"GRU has no site 'forget': {SITES['forget']}"):
        GRU(2, 3, drops=ONE)
    with pytest.raises(MaskError, match=f"GRU has no site 'forget': {SITES['forget']}"):
        GRU(2, 3)(torch.randn(1, 2, 2), masks={"forget": torch.ones(1, 1, 3)})
    with pytest.raises(MaskError, match=r"The mask 'forget' has shape \(1, 1, 4\)"):
        LSTM(2, 3)(torch.randn(1, 2, 2), masks={"forget": torch.ones(1, 1, 4)})
    with pytest.raises(DropError, match="not carried from step to step"):
        Drop("forget", 0.2, fill="previous")
    with pytest.raises(DropError, match="does not branch into the gates"):
        Drop("forget", 0.2, per_gate=True)
    with pytest.raises(RecdropError, match="The drops are not those"):
        frameworks.to_torch(LSTM(2, 3, drops=ONE, return_sequences=True))


def test_the_pictures_show_it():
    lit = unrolled.picture("LSTM", [ONE])
    assert "Masks at: forget (one mask per sequence)" in lit.alt
    marks = [node for node in ET.fromstring(lit.svg).iter() if node.get("data-value") == "forget"]
    assert marks and marks[0].get("aria-label") == "forget: mask on"
    assert 'data-value="forget"' not in unrolled.picture("GRU", []).svg
    plain, masked = (formulas.sheet("LSTM", drops) for drops in ((), [ONE]))
    assert len(formulas.lines_of("LSTM")) == 5 and len(formulas.lines_of("GRU")) == 3
    assert "bold" in masked.parts[-1] and "bold" not in plain.parts[-1]


def test_the_explorers_offer_it():
    assert where.SITES["forget"] == f"forget: {SITES['forget']}"
    frame = where.figure(row="own", site="forget", per_gate=False)
    assert frame.numbers["moved"] > 0 and set(frame.numbers["masks"]) == {"forget"}
    assert "forget one mask per sequence" in frame.status
    asked = {"row": "own", "site": "forget", "per_gate": True}
    moved = where.settle({}, where.complete(where.CONTROLS, asked))
    assert not moved["per_gate"] and where.settle(moved, {**moved, "cell": "GRU"})["site"] == "hidden"
    assert masks_over_time.figure(site="forget").numbers["drop"].site == "forget"
    assert dict(arguments.table(ONE))["Keras 3.8 and newer"] == arguments.NONE
    memory_explorer.figure()


def test_the_memory_follows_from_what_the_site_says_of_itself():
    n, steps, f = 20_000, 6, 0.9
    with_zoneout = Drop("forget", 0.3, shared=(), noise="binary"), Drop("cell", 0.2, fill="previous")
    for drops in ((ONE,), with_zoneout):
        masks = LSTM(1, 1, drops=drops).sample_masks(n, steps, generator=torch.Generator().manual_seed(0))
        masks = {site: mask.double().numpy() for site, mask in masks.items()}
        left = influence.measured(drops, f, steps, masks, batch=n, units=1)[:, :, 0]
        error = left.std(0) / np.sqrt(n)
        assert np.all(abs(left.mean(0) - influence.mean(drops, f, steps)) <= 4.5 * error + 1e-12)
        alive = influence.surviving(drops, f, steps)
        spread = np.sqrt(alive * (1 - alive) / n)
        assert np.all(abs((left != 0).mean(0) - alive) <= 4.5 * spread + 1e-12)
