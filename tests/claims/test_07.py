"""The claims of lesson 07, run against Keras and PyTorch."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from recdrop_lessons import BatchNormLSTM, LayerNormLSTM, frameworks

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


@pytest.mark.parametrize(("p", "mean", "left"), [(0.5, 0, 0.5), (0.2, 0, 0.8), (0.5, 2, 1 / 6)])
def test_batch_norm_after_dropout_shrinks_at_test_time(p, mean, left):
    """Variance (1 + p·mean²)/(1-p) in training, 1 at test time. Error of the variance: below 0.02."""
    torch.manual_seed(0)
    x = mean + torch.randn(4000, 64)
    between = nn.Sequential(nn.Linear(64, 64), nn.BatchNorm1d(64))
    for norm, expected in ((nn.BatchNorm1d(64), left), (between, left), (nn.LayerNorm(64), None)):
        net = nn.Sequential(nn.Dropout(p), norm)
        with torch.no_grad():
            for _ in range(60):
                in_training = net(x).var().item()
            in_evaluation = net.eval()(x).var().item()
        assert abs(in_training - 1) < 0.02
        assert abs(in_evaluation - (expected or 1)) < 0.02


def test_a_norm_takes_out_a_factor_of_w_in_training_unless_eps_counts():
    """Batch norm in evaluation mode divides by the running deviation of the old W."""
    torch.manual_seed(0)
    x = torch.randn(B, 6, F)

    def change(kind, factor, training, **arguments):
        cell = kind(F, H, **arguments)
        for _ in range(60):
            cell(x)
        before = cell.train(training)(x)
        cell.weight_ih.data *= factor
        return (cell(x) - before).abs().max().item()

    for kind, arguments in ((LayerNormLSTM, {}), (BatchNormLSTM, {"max_steps": 6})):
        assert change(kind, 10, True, **arguments) < 1e-3
        assert change(kind, 1e-3, True, **arguments) > 1e-2
    assert change(LayerNormLSTM, 10, False) < 1e-3
    assert change(BatchNormLSTM, 10, False, max_steps=6) > 1e-2


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
        one = keras.ops.split(weight, self.blocks, axis=-1)[self.block]
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


@pytest.mark.parametrize(("kind", "blocks", "block"), [("GRU", 3, 0), ("LSTM", 4, 1)])
def test_the_last_axis_has_the_blocks_of_w_u_and_b(kind, blocks, block):
    penalty = OneBlock(block, blocks)
    names = ("kernel_regularizer", "recurrent_regularizer", "bias_regularizer")
    layer = getattr(keras.layers, kind)(H, bias_initializer="random_normal", **dict.fromkeys(names, penalty))
    layer.build((None, None, F))
    for loss, weight in zip(layer.losses, layer.get_weights(), strict=True):
        one = weight.reshape(-1, blocks, H)[:, block]
        assert loss.item() == pytest.approx(0.01 * np.square(one).sum(), rel=1e-5)


def test_a_program_without_the_registered_class_cannot_load_the_file(tmp_path):
    layer = keras.layers.LSTM(H, recurrent_regularizer=OneBlock(1, 4))
    keras.Sequential([keras.Input((2, F)), layer]).save(tmp_path / "model.keras")
    program = "import keras, sys; keras.models.load_model(sys.argv[1])"
    path = str(tmp_path / "model.keras")
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=False)
    assert done.returncode and "OneBlock" in done.stderr


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


def test_with_relu_in_both_places_keras_goes_above_one_at_the_weights_that_training_makes():
    """Training in lesson 07 makes W × 2.7 and U × 2.4. Eight networks, over 60 steps."""
    units, largest = 16, {}
    for of_w, of_u in ((1, 1), (1, 2.5), (2.5, 2.5), (1, 3)):
        for activation in ("tanh", "relu"):
            lstm = keras.layers.LSTM(units, activation=activation, return_sequences=True)
            lstm.build((None, None, F))
            for seed in range(8):
                rng = np.random.default_rng(seed)
                x = rng.normal(size=(8, 60, F)).astype("float32")
                W, U = (rng.uniform(-1, 1, (4 * units, n)) / np.sqrt(units) for n in (F, units))
                lstm.set_weights([of_w * W.T, of_u * U.T, np.repeat([0, 0.1, 0, 0], units)])
                h = float(abs(keras.ops.convert_to_numpy(lstm(x))).max())
                largest.setdefault((of_w, of_u, activation), []).append(h)
    assert all(max(found) < 1 for (*_, activation), found in largest.items() if activation == "tanh")
    assert max(largest[1, 1, "relu"]) < 1 and max(largest[1, 2.5, "relu"]) < 1
    assert min(largest[2.5, 2.5, "relu"]) > 1 and max(largest[2.5, 2.5, "relu"]) > 1000
    assert sum(h > 1 for h in largest[1, 3, "relu"]) == 2 and max(largest[1, 3, "relu"]) > 1000


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
