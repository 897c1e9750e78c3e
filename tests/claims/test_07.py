"""The claims of lesson 07, run against Keras and PyTorch."""

import os

import pytest
import torch
from torch import nn

from recdrop_lessons import frameworks

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="the extra `frameworks` brings Keras")

B, F, H = 4, 3, 5


@pytest.mark.parametrize(("kind", "gates"), [("SimpleRNN", 1), ("GRU", 3), ("LSTM", 4)])
def test_regularisers_see_the_whole_matrices(kind, gates):
    seen = {}

    def looks(name):
        return lambda weight: seen.setdefault(name, tuple(weight.shape)) and 0.0 * keras.ops.sum(weight)

    names = ("kernel_regularizer", "recurrent_regularizer")
    layer = getattr(keras.layers, kind)(H, **{name: looks(name) for name in names})
    layer(torch.randn(B, 2, F))
    assert len(layer.losses) == 2
    assert seen == {"kernel_regularizer": (F, gates * H), "recurrent_regularizer": (H, gates * H)}


def test_activation_stands_in_two_places_of_an_lstm_and_one_of_a_gru():
    x, h, c = torch.randn(B, F), torch.randn(B, H), torch.full((B, H), 2.0)
    lstm = keras.layers.LSTM(H, activation="relu")
    lstm.build((None, None, F))
    _, (h_new, c_new) = lstm.cell(x, [h, c])
    gates = frameworks.from_keras(lstm).step(x, (h, c), {}).gates
    assert torch.allclose(c_new, gates["f"] * c + gates["i"] * gates["g"], atol=1e-6)
    assert (gates["g"] == 0).any() and (gates["g"] >= 0).all()  # the candidate went through relu
    assert torch.allclose(h_new, gates["o"] * c_new.relu(), atol=1e-6)
    assert not torch.allclose(h_new, gates["o"] * c_new.tanh(), atol=1e-2)

    gru = keras.layers.GRU(H, activation="relu")
    gru.build((None, None, F))
    _, (h_new,) = gru.cell(x, [h])
    gates = frameworks.from_keras(gru).step(x, (h,), {}).gates
    assert torch.allclose(h_new, (1 - gates["z"]) * gates["n"] + gates["z"] * h, atol=1e-6)
    assert (gates["n"] >= 0).all() and (h_new < 0).any()  # no second relu on the way out


def test_batch_norm_after_dropout_shrinks_at_test_time():
    """Variance 1/(1-p) = 2 in training, 1 at test time: half is left. Error of the variance: below 0.02."""
    torch.manual_seed(0)
    x = torch.randn(4000, 64)
    for norm, left in ((nn.BatchNorm1d(64), 0.5), (nn.LayerNorm(64), 1.0)):
        net = nn.Sequential(nn.Dropout(0.5), norm)
        for _ in range(60):
            net(x)
        assert abs(net.eval()(x).var().item() - left) < 0.02
