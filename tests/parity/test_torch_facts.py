"""What the course says about torch.nn, run against the installed one: a release that differs fails here."""

import inspect
import math

import pytest
import torch
from torch import nn

from recdrop_lessons import variants
from recdrop_lessons.frameworks import from_torch

B, T, F, H = 40, 5, 4, 4
KINDS = [nn.RNN, nn.GRU, nn.LSTM]


def see_through(layers=2, dropout=0.0, carry=0.0):
    """A relu net whose every layer hands on what it reads (and adds `carry` times its last h)."""
    module = nn.RNN(F, F, num_layers=layers, nonlinearity="relu", batch_first=True, dropout=dropout)
    with torch.no_grad():
        for k in range(layers):
            getattr(module, f"weight_ih_l{k}").copy_(torch.eye(F))
            getattr(module, f"weight_hh_l{k}").copy_(carry * torch.eye(F) if k == 0 else torch.zeros(F, F))
            getattr(module, f"bias_ih_l{k}").zero_(), getattr(module, f"bias_hh_l{k}").zero_()
    return module.train()


def test_what_an_lstm_returns():
    lstm = nn.LSTM(F, 7, num_layers=3, bidirectional=True, batch_first=True)
    out, (h, c) = lstm(torch.randn(B, T, F))
    assert out.shape == (B, T, 2 * 7) and h.shape == c.shape == (3 * 2, B, 7)


@pytest.mark.parametrize("kind, gates", [(nn.RNN, 1), (nn.GRU, 3), (nn.LSTM, 4)])
def test_there_are_two_bias_vectors(kind, gates):
    module = kind(F, 7)
    shapes = {name: tuple(p.shape) for name, p in module.named_parameters()}
    assert shapes == {
        "weight_ih_l0": (gates * 7, F),
        "weight_hh_l0": (gates * 7, 7),
        "bias_ih_l0": (gates * 7,),
        "bias_hh_l0": (gates * 7,),
    }


def test_the_lstms_gate_order_is_i_f_g_o():
    lstm = nn.LSTM(F, H, batch_first=True)
    x, h, c = torch.randn(B, 1, F), torch.randn(1, B, H), torch.randn(1, B, H)
    W, U, b, d = lstm.parameters()
    i, f, g, o = (x[:, 0] @ W.T + h[0] @ U.T + b + d).chunk(4, -1)
    c_new = f.sigmoid() * c[0] + i.sigmoid() * g.tanh()
    out, (h_last, c_last) = lstm(x, (h, c))
    assert torch.allclose(c_last[0], c_new, atol=1e-6)
    assert torch.allclose(h_last[0], o.sigmoid() * c_new.tanh(), atol=1e-6)
    assert torch.equal(out[:, 0], h_last[0])


def test_the_grus_gate_order_is_r_z_n_and_its_z_keeps():
    gru = nn.GRU(F, H, batch_first=True)
    x, h = torch.randn(B, 1, F), torch.randn(1, B, H)
    W, U, b, d = gru.parameters()
    w_r, w_z, w_n = (x[:, 0] @ W.T + b).chunk(3, -1)
    u_r, u_z, u_n = (h[0] @ U.T + d).chunk(3, -1)
    r, z = (w_r + u_r).sigmoid(), (w_z + u_z).sigmoid()
    n = (w_n + r * u_n).tanh()  # reset after the product
    assert torch.allclose(gru(x, h)[1][0], (1 - z) * n + z * h[0], atol=1e-6)


def test_dropout_acts_between_layers_on_each_element_at_each_step_inverted():
    torch.manual_seed(0)
    p, batch, steps = 0.3, 200, 50
    y, _ = see_through(dropout=p)(torch.ones(batch, steps, F))
    assert torch.allclose(y.unique(), torch.tensor([0.0, 1 / (1 - p)]))
    n = y.numel()
    assert abs((y == 0).double().mean() - p) < 4 * math.sqrt(p * (1 - p) / n)
    # a new mask at each step, and in each row, and for each unit
    for axis in range(3):
        first, second = y.select(axis, 0).flatten(), y.select(axis, 1).flatten()
        between = torch.corrcoef(torch.stack([first, second]).double())[0, 1]
        assert abs(between) < 4 / math.sqrt(len(first)), axis
    assert torch.equal(see_through(dropout=p).eval()(torch.ones(2, 3, F))[0], torch.ones(2, 3, F))


def test_dropout_spares_the_input_the_recurrence_h_n_and_the_last_layer():
    torch.manual_seed(0)
    x = torch.ones(B, T, F)
    y, h_n = see_through(layers=2, dropout=0.5, carry=1.0)(x)
    # Layer 0 counts the steps: its input and its recurrence are whole, and so is its last h.
    assert torch.equal(h_n[0], torch.full((B, F), float(T)))
    # Between the layers: twice the count, or nothing.
    count = torch.arange(1.0, T + 1).view(1, T, 1)
    assert ((y == 0) | (y == 2 * count)).all() and (y == 0).any() and (y != 0).any()
    # After the last layer there is no further mask: its h_n is its output.
    assert torch.equal(h_n[1], y[:, -1])
    last, _ = see_through(layers=3, dropout=0.5)(x)
    assert set(last.unique().tolist()) == {0.0, 4.0}  # two masks for three layers


@pytest.mark.parametrize("kind", KINDS)
def test_with_one_layer_dropout_does_nothing_and_warns(kind):
    with pytest.warns(UserWarning, match="num_layers greater than 1"):
        module = kind(F, H, dropout=0.5, batch_first=True)
    x = torch.randn(B, T, F)
    assert torch.equal(module.train()(x)[0], module.eval()(x)[0])


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_no_recurrent_dropout(kind):
    names = set(inspect.signature(nn.RNNBase.__init__).parameters) | set(vars(kind(F, H)))
    assert "dropout" in names and not any("recurrent" in name for name in names)
    with pytest.raises(TypeError, match="recurrent_dropout"):
        kind(F, H, recurrent_dropout=0.5)


def test_ours_read_from_it_drops_in_the_same_places():
    torch.manual_seed(0)
    ours = from_torch(see_through(layers=3, dropout=0.5, carry=1.0)).train()
    assert [layer.drops for layer in ours.layers] == [variants.torch_between_layers(0.5)] * 2 + [()]
    y = ours(torch.ones(B, T, F))
    count = torch.arange(1.0, T + 1).view(1, T, 1)
    assert ((y == 0) | (y == 4 * count)).all() and (y == 0).any() and (y != 0).any()
    zero = (y == 0).double().mean()
    assert abs(zero - 0.75) < 4 * math.sqrt(0.75 * 0.25 / y.numel())
