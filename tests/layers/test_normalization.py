"""The LSTMs with norms, against their twins and against their papers' equations."""

import numpy as np
import pytest
import torch

from recdrop_lessons import BatchNormLSTM, Drop, LayerNormLSTM, RecdropError, equations, record, variants

B, T, F, H = 4, 5, 3, 6


@pytest.mark.parametrize(
    "drops", [(), variants.gal(0.3), variants.gal(0.3, tied=False), variants.semeniuta(0.4)]
)
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_layer_norm_lstm_equals_its_twin_in_training(drops, dtype, bound):
    torch.manual_seed(0)
    layer = LayerNormLSTM(F, H, drops=drops, return_sequences=True).to(dtype)
    for name in ("gain_x", "gain_h", "gain_c", "shift_c"):
        torch.nn.init.normal_(getattr(layer, name))
    x = torch.randn(B, T, F, dtype=dtype)
    masks = layer.sample_masks(B, T, generator=torch.Generator().manual_seed(1))
    ours = layer(x, masks=masks).detach().numpy()
    weights = [getattr(layer, n).detach().numpy() for n in ("weight_ih", "weight_hh", "bias")]
    norms = [getattr(layer, n).detach().numpy() for n in ("gain_x", "gain_h", "gain_c", "shift_c")]
    numpy_masks = {site: mask.numpy() for site, mask in masks.items()}
    h = c = np.zeros((B, H))
    for t in range(T):
        now = equations.layer_norm_lstm_step(
            x[:, t].numpy(), h, c, *weights, *norms, layer.eps, masks=equations.masks_at(numpy_masks, t)
        )
        h, c = now.h, now.c
        assert np.abs(ours[:, t] - h).max() < bound


def test_layer_norm_knows_no_training_mode():
    layer, x = LayerNormLSTM(F, H), torch.randn(B, T, F)
    assert torch.equal(layer(x), layer.eval()(x))


def test_batch_norm_lstm_is_the_papers_equation_in_training():
    torch.manual_seed(2)
    layer = BatchNormLSTM(F, H, max_steps=T, drops=[Drop("recurrent", 0.3)], return_sequences=True).double()
    x = torch.randn(B, T, F, dtype=torch.float64)
    masks = layer.sample_masks(B, T, generator=torch.Generator().manual_seed(1))
    ours = layer(x, masks=masks).detach().numpy()
    W, U, b = (getattr(layer, n).detach().numpy() for n in ("weight_ih", "weight_hh", "bias"))
    gain = layer.norm_c.gain.detach().numpy()[0]  # 0.1 as float32 has it
    h = c = np.zeros((B, H))
    for t in range(T):
        m_h = masks["recurrent"][0].numpy()
        from_x, from_h = x[:, t].numpy() @ W.T, (h * m_h) @ U.T
        a = equations.batch_norm(from_x, gain) + equations.batch_norm(from_h, gain) + b
        i, f, g, o = np.split(a, 4, axis=-1)
        c = equations.sigmoid(f) * c + equations.sigmoid(i) * np.tanh(g)
        h = equations.sigmoid(o) * np.tanh(equations.batch_norm(c, gain))
        assert np.abs(ours[:, t] - h).max() < 1e-12


def test_each_step_has_statistics_of_its_own_and_late_steps_use_the_last():
    torch.manual_seed(3)
    layer = BatchNormLSTM(F, H, max_steps=2, momentum=1.0)
    x = torch.randn(64, 3, F) * torch.tensor([1.0, 10.0, 100.0]).view(1, 3, 1)
    layer(x)
    # With momentum 1 the running variance is the unbiased one of the last batch that used the row.
    expected = (x @ layer.weight_ih.T).var(0)  # (T, 4H)
    assert torch.allclose(layer.norm_x.running_var[0], expected[0], rtol=1e-4)
    assert torch.allclose(layer.norm_x.running_var[1], expected[2], rtol=1e-4)
    layer.eval()
    one = layer(x[:1])  # evaluation needs no batch
    assert torch.equal(one, layer(x[:1])) and one.isfinite().all()


def test_statistics_do_not_move_at_evaluation():
    layer = BatchNormLSTM(F, H, max_steps=T).eval()
    layer(torch.randn(B, T, F))
    assert float(layer.norm_h.running_var.min()) == float(layer.norm_h.running_var.max()) == 1


def test_records_as_every_layer_does():
    layer = BatchNormLSTM(F, H, max_steps=T)
    with record(layer) as trace:
        layer(torch.randn(B, T, F))
    assert trace.gates["f"].shape == trace.states["c"].shape == (B, T, H)


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: BatchNormLSTM(F, H, max_steps=0), "max_steps"),
        (lambda: BatchNormLSTM(F, H, max_steps=2)(torch.zeros(1, T, F)), "two or more"),
        (
            lambda: BatchNormLSTM(F, H, max_steps=2)(torch.zeros(2, T, F), lengths=torch.tensor([1, 2])),
            "padding",
        ),
    ],
)
def test_refusals_name_the_cure(act, words):
    with pytest.raises(RecdropError, match=words):
        act()
