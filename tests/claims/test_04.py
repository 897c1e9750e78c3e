"""The claims of lesson 04, decided by Keras 3 itself."""

import math

import numpy as np
import pytest
import torch

from recdrop_lessons import LSTM, frameworks

keras = pytest.importorskip("keras", reason="the extra `frameworks` brings Keras")

KINDS = ("SimpleRNN", "GRU", "LSTM")
B, T, F = 4, 12, 6


def see_through(kind, **arguments):
    """A Keras layer that hands x_t on as it is: out of ones comes its input mask (B, T, F)."""
    layer = getattr(keras.layers, kind)(F, activation="linear", return_sequences=True, **arguments)
    layer.build((None, None, F))
    kernel, recurrent, bias = (np.zeros(w.shape, "float32") for w in layer.get_weights())
    # f or z shut, i and o open, in Keras's order of blocks
    order = {"SimpleRNN": [0], "LSTM": [40, -40, 0, 40], "GRU": [-40, 0, 0]}[kind]
    bias.reshape(-1, kernel.shape[1])[0] = np.repeat(order, F)
    kernel[:, -F:] = np.eye(F)
    if kind == "LSTM":
        kernel[:, -F:], kernel[:, 2 * F : 3 * F] = 0, np.eye(F)
    layer.set_weights([kernel, recurrent, bias])
    return layer


def input_mask(layer, training=True):
    return layer(torch.ones(B, T, F), training=training).detach()


@pytest.mark.parametrize("kind", KINDS)
def test_keras_masks_are_the_same_at_every_step(kind):
    mask = input_mask(see_through(kind, dropout=0.5, seed=1))
    assert set(mask.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(mask, mask[:, :1].expand_as(mask))
    assert torch.equal(
        input_mask(see_through(kind, dropout=0.5, seed=1), training=False), torch.ones(B, T, F)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_keras_masks_differ_between_rows(kind):
    mask = input_mask(see_through(kind, dropout=0.5, seed=1))
    assert not torch.equal(mask[0], mask[1])


@pytest.mark.parametrize("kind", KINDS)
def test_keras_draws_afresh_at_each_call(kind):
    layer = see_through(kind, dropout=0.5, seed=1)
    assert not torch.equal(input_mask(layer), input_mask(layer))


def test_the_mask_on_h_is_the_same_at_every_step():
    layer = keras.layers.SimpleRNN(
        500, activation="linear", recurrent_dropout=0.5, return_sequences=True, seed=2,
        kernel_initializer="zeros", recurrent_initializer="identity",
    )  # fmt: skip
    h = layer(torch.zeros(1, 6, 1), initial_state=torch.ones(1, 500), training=True).detach()[0]  # (T, H)
    for t, values in enumerate(h, start=1):
        assert set(values.unique().tolist()) == {0.0, 2.0**t}


@pytest.mark.parametrize("features", [1, 2, 5])
@pytest.mark.parametrize("p", [0.3, 0.7])
def test_a_whole_step_vanishes_with_probability_p_to_the_f(features, p):
    n = 200_000
    ones, expected = torch.ones(1, n, features), p**features
    share = (keras.layers.Dropout(p, seed=3)(ones, training=True) == 0).all(-1).double().mean().item()
    assert abs(share - expected) < 5 * math.sqrt(expected * (1 - expected) / n)
    whole = keras.layers.Dropout(p, noise_shape=(None, None, 1), seed=3)(ones, training=True)
    share = (whole == 0).all(-1).double().mean().item()
    assert abs(share - p) < 5 * math.sqrt(p * (1 - p) / n)


@pytest.mark.parametrize("kind", KINDS)
def test_spatial_dropout_in_front_is_the_argument_inside(kind):
    x, H = torch.randn(B, T, F), 5
    plain, inside = (
        getattr(keras.layers, kind)(H, return_sequences=True, dropout=rate, seed=1) for rate in (0.0, 0.5)
    )
    for layer in (plain, inside):
        layer.build((None, None, F))
    inside.set_weights(plain.get_weights())
    mask = keras.layers.SpatialDropout1D(0.5, seed=4)(torch.ones(B, T, F), training=True)  # (B, T, F)
    assert torch.equal(mask, mask[:, :1].expand_as(mask))
    frameworks.set_keras_masks(inside, {"input": mask[:, 0].unsqueeze(0)})
    assert torch.allclose(plain(x * mask), inside(x, training=True), atol=1e-6)
    plain_dropout = keras.layers.Dropout(0.5, seed=4)(torch.ones(B, T, F), training=True)
    assert not torch.equal(plain_dropout, plain_dropout[:, :1].expand_as(mask))


@pytest.mark.parametrize("kind", ["GRU", "LSTM"])
def test_recurrent_dropout_unties_the_input_masks(kind):
    x = torch.randn(B, T, F)
    alone = frameworks.keras_masks(getattr(keras.layers, kind)(5, dropout=0.5, seed=5), x)["input"]
    both = getattr(keras.layers, kind)(5, dropout=0.5, recurrent_dropout=0.1, seed=5)
    beside = frameworks.keras_masks(both, x)["input"]
    gates = {"GRU": 3, "LSTM": 4}[kind]
    assert alone.shape == (1, B, F) and beside.shape == (1, B, gates, F)
    assert not torch.equal(beside, beside[:, :, :1].expand_as(beside))


def test_a_test_pass_moves_the_seed():
    first, second = (see_through("LSTM", dropout=0.5, seed=7) for _ in range(2))
    input_mask(second, training=False)
    assert not torch.equal(input_mask(first), input_mask(second))


def test_a_dropout_layer_draws_nothing_in_evaluation_mode():
    first, second = (keras.layers.Dropout(0.5, seed=7) for _ in range(2))
    second(torch.ones(B, T, F), training=False)
    assert torch.equal(*(one(torch.ones(B, T, F), training=True) for one in (first, second)))


def test_dropout1d_takes_steps_for_channels():
    steps_gone = torch.nn.Dropout1d(0.5)(torch.ones(B, 50, F))  # (B, T, F)
    assert torch.equal(steps_gone, steps_gone[:, :, :1].expand_as(steps_gone))
    assert not torch.equal(steps_gone, steps_gone[:, :1].expand_as(steps_gone))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("features", [1, 2])
def test_the_argument_blanks_the_whole_sequence_with_probability_p_to_the_f(kind, features):
    p, examples = 0.3, 4000
    layer = getattr(keras.layers, kind)(4, dropout=p, seed=2)
    nothing = layer(torch.zeros(1, 20, features), training=False).detach()
    x = torch.ones(1, 20, features).expand(examples, -1, -1)
    blank = (layer(x, training=True).detach() - nothing).abs().amax(1) < 1e-7
    expected = p**features
    # five standard errors of a fraction: a right layer fails with a probability below 1e-6
    assert abs(float(blank.float().mean()) - expected) < 5 * math.sqrt(expected * (1 - expected) / examples)


@pytest.mark.parametrize(("kind", "gates"), [("GRU", 3), ("LSTM", 4)])
def test_beside_recurrent_dropout_one_feature_is_hidden_from_all_gates_with_probability_p_to_the_gates(
    kind, gates
):
    """The biases are drawn: at 0 a blank candidate alone gives the state 0, as if nothing had come in."""
    p, examples = 0.5, 4000
    biases = keras.initializers.RandomNormal(stddev=0.5, seed=1)
    for rates, expected in (({}, p), ({"recurrent_dropout": 1e-9}, p**gates)):
        layer = getattr(keras.layers, kind)(4, dropout=p, seed=2, bias_initializer=biases, **rates)
        nothing = layer(torch.zeros(1, 10, 1), training=False).detach()
        x = torch.randn(1, 10, 1, generator=torch.Generator().manual_seed(0)).expand(examples, -1, -1)
        blank = (layer(x, training=True).detach() - nothing).abs().amax(1) < 1e-6
        error = 5 * math.sqrt(expected * (1 - expected) / examples)
        assert abs(float(blank.float().mean()) - expected) < error


def test_a_stateful_layer_draws_again_for_each_chunk():
    units = 4000
    layer = keras.layers.SimpleRNN(
        units,
        activation="linear",
        recurrent_dropout=0.5,
        stateful=True,
        seed=3,
        kernel_initializer="zeros",
        recurrent_initializer="identity",
    )
    layer.build((1, 3, 1))
    layer.states[0].assign(np.ones((1, units)))
    for alive in (0.5, 0.25):
        h = layer(torch.zeros(1, 3, 1), training=True)[0].detach()
        assert abs(float((h > 0).float().mean()) - alive) < 5 * math.sqrt(alive * (1 - alive) / units)


def test_a_mask_on_h_is_one_sample_of_the_weights():
    lstm = LSTM(F, 5, return_sequences=True)
    x, mask = torch.randn(1, T, F), torch.tensor([0.0, 2.0, 2.0, 0.0, 2.0]).reshape(1, 1, 5)
    with torch.no_grad():
        masked = lstm(x, masks={"recurrent": mask})
        lstm.weight_hh.mul_(mask[0])
        assert torch.allclose(masked, lstm(x), atol=1e-6)
