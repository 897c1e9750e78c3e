"""The claims of lesson 07, run against Keras and PyTorch."""

import os

import numpy as np
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


def test_an_activity_regulariser_is_called_on_the_states_too_when_they_are_returned():
    shapes = []

    def looks(y):
        shapes.append(tuple(y.shape))
        return 0.0 * keras.ops.sum(y)

    keras.layers.LSTM(H, activity_regularizer=looks)(torch.randn(B, 2, F))
    assert shapes == [(B, H)]
    shapes.clear()
    layer = keras.layers.LSTM(H, return_sequences=True, return_state=True, activity_regularizer=looks)
    layer(torch.randn(B, 2, F))
    assert shapes == [(B, 2, H), (B, H), (B, H)]


@keras.saving.register_keras_serializable("recdrop tests")
class OneBlock(keras.regularizers.Regularizer):
    """L2 on one block of columns."""

    def __init__(self, block, blocks, l2=0.01):
        self.block, self.blocks, self.l2 = block, blocks, l2

    def __call__(self, weight):
        one = keras.ops.split(weight, self.blocks, axis=1)[self.block]
        return self.l2 * keras.ops.sum(keras.ops.square(one))

    def get_config(self):
        return {"block": self.block, "blocks": self.blocks, "l2": self.l2}


@pytest.mark.parametrize(("kind", "blocks", "block"), [("GRU", 3, 0), ("LSTM", 4, 1)])
def test_a_registered_regulariser_survives_a_file(tmp_path, kind, blocks, block):
    layer = getattr(keras.layers, kind)(H, recurrent_regularizer=OneBlock(block, blocks))
    model = keras.Sequential([keras.Input((2, F)), layer])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    expected = 0.01 * layer.cell.recurrent_kernel.value[:, block * H : (block + 1) * H].square().sum()
    assert torch.allclose(loaded.losses[0], expected.detach())


def test_adamw_decouples_weight_decay_and_adam_does_not():
    def step(kind, gradient):
        weight = nn.Parameter(torch.ones(1))
        optimiser = kind([weight], lr=0.1, weight_decay=0.5)
        weight.grad = torch.full((1,), gradient)
        optimiser.step()
        return 1 - weight.item()

    # Without a gradient AdamW shrinks by lr · decay; Adam treats the penalty as a gradient: a step of lr.
    assert step(torch.optim.AdamW, 0.0) == pytest.approx(0.05, abs=1e-6)
    assert step(torch.optim.Adam, 0.0) == pytest.approx(0.1, abs=1e-6)


@pytest.mark.parametrize("kind", ["SGD", "Adam", "AdamW", "RMSprop", "Nadam"])
def test_kerass_weight_decay_is_decoupled_in_adam_too(kind):
    weight = keras.Variable(torch.ones(1))
    optimiser = getattr(keras.optimizers, kind)(learning_rate=0.1, weight_decay=0.5)
    optimiser.build([weight])
    optimiser.apply([torch.zeros(1)])
    assert 1 - weight.value.item() == pytest.approx(0.05, abs=1e-6)  # lr · decay


def test_with_relu_in_both_places_keras_can_explode_at_three_times_the_drawn_recurrent_weights():
    """Training makes U × 2.4 in lesson 07, × 2.7 to 3.0 with 64 units after 100 epochs. Over 60 steps."""
    rng, units = np.random.default_rng(6), 16
    x = rng.normal(size=(8, 60, F)).astype("float32")
    W, U = (rng.uniform(-1, 1, (4 * units, n)) / np.sqrt(units) for n in (F, units))
    bias = np.repeat([0, 0.1, 0, 0], units)
    largest = {}
    for factor in (2.5, 3.0):
        for activation in ("tanh", "relu"):
            lstm = keras.layers.LSTM(units, activation=activation, return_sequences=True)
            lstm.build(x.shape)
            lstm.set_weights([W.T, factor * U.T, bias])
            largest[factor, activation] = float(abs(keras.ops.convert_to_numpy(lstm(x))).max())
    assert largest[2.5, "tanh"] < 1 and largest[3.0, "tanh"] < 1
    assert largest[2.5, "relu"] < 10 and largest[3.0, "relu"] > 1000


def test_a_model_with_a_plain_function_for_a_regulariser_loads_only_when_told_what_it_is(tmp_path):
    def penalty(weight):
        return 0.01 * keras.ops.sum(keras.ops.square(weight))

    layer = keras.layers.LSTM(H, recurrent_regularizer=penalty)
    model = keras.Sequential([keras.Input((2, F)), layer])
    model.save(tmp_path / "model.keras")
    with pytest.raises((TypeError, ValueError), match="penalty"):
        keras.models.load_model(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", custom_objects={"penalty": penalty})
    assert torch.allclose(loaded.losses[0], model.losses[0])
