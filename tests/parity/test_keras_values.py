"""Equal to the installed Keras 3, evaluation and training, values and gradients, with Keras's own masks.

In float32 alone: on its torch backend Keras multiplies in float32 in a float64 layer too (test_keras_facts).
"""

import numpy as np
import pytest
import torch
from replayed import assert_close

from recdrop_lessons import Bidirectional, Stack
from recdrop_lessons.frameworks import from_keras, import_keras, keras_masks, set_keras_masks, to_keras

# Keras reads torch tensors in a way that NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
keras = import_keras()
B, T, F, H = 3, 5, 2, 4

KINDS = {
    "SimpleRNN": (keras.layers.SimpleRNN, {}),
    "LSTM": (keras.layers.LSTM, {}),
    "GRU, reset after": (keras.layers.GRU, {"reset_after": True}),
    "GRU, reset before": (keras.layers.GRU, {"reset_after": False}),
}
RATES = [(0.3, 0.0), (0.0, 0.4), (0.3, 0.4)]
#: Block k of ours among Keras's columns, written down here a second time.
ORDER = {"SimpleRNN": [0], "LSTM": [0, 1, 2, 3], "GRU": [1, 0, 2]}


def made(kind, features=F, **arguments):
    """A built Keras layer with every weight drawn anew, biases too."""
    layer_kind, own = KINDS[kind]
    layer = layer_kind(H, **{"return_sequences": True, "seed": 1, **own, **arguments})
    layer.build((None, None, features))
    return redrawn(layer)


def redrawn(layer, bound=0.8):
    rng = np.random.default_rng(0)
    layer.set_weights([rng.uniform(-bound, bound, w.shape) for w in layer.get_weights()])
    return layer


def x_of():
    return torch.randn(B, T, F, generator=torch.Generator().manual_seed(0))


def each(results):
    return list(results) if isinstance(results, (tuple, list)) else [results]


def assert_equal(ours, theirs):
    ours, theirs = each(ours), each(theirs)
    assert len(ours) == len(theirs)
    for k, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        assert_close(a.detach(), b.detach(), 1e-6, f"result {k}")


@pytest.mark.parametrize("kind", KINDS)
def test_evaluation(kind):
    theirs = made(kind, return_state=True)
    ours = from_keras(theirs).eval()
    x = x_of()
    assert_equal(ours(x), theirs(x))
    state = [torch.randn(B, H) for _ in ours.state_names]
    assert_equal(ours(x, state), theirs(x, initial_state=state))


@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("rates", RATES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_training_pass_with_kerass_own_masks(kind, rates, go_backwards):
    dropout, recurrent_dropout = rates
    theirs = made(
        kind,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
        go_backwards=go_backwards,
    )
    ours = from_keras(theirs)
    x_ours, x_theirs = x_of().requires_grad_(), x_of().requires_grad_()
    masks = keras_masks(theirs, x_theirs)
    assert set(masks) == {s for s, p in zip(("input", "recurrent"), rates, strict=True) if p}
    a, b = ours(x_ours, masks=masks), theirs(x_theirs, training=True)
    assert_equal(a, b)
    weigh = torch.randn(a.shape, generator=torch.Generator().manual_seed(1))
    (a * weigh).sum().backward()
    (b * weigh).sum().backward()
    assert_close(x_ours.grad, x_theirs.grad, 1e-6, "the gradient of x")
    order = ORDER[kind.split(",")[0]]
    for mine, name in ((ours.weight_ih, "kernel"), (ours.weight_hh, "recurrent_kernel")):
        columns = np.split(getattr(theirs.cell, name).value.grad.numpy(), len(order), axis=1)
        grad = np.concatenate([columns[k].T for k in order])
        assert_close(mine.grad, grad, 1e-6, f"the gradient of {name}")


@pytest.mark.parametrize("rates", RATES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_training_pass_with_our_masks_handed_to_keras(kind, rates):
    theirs = made(kind, dropout=rates[0], recurrent_dropout=rates[1])
    ours, x = from_keras(theirs), x_of()
    for seed in (0, 1):
        masks = ours.sample_masks(B, T, generator=torch.Generator().manual_seed(seed))
        set_keras_masks(theirs, masks)
        assert_equal(ours(x, masks=masks), theirs(x, training=True))
    # and the call after that draws its own again
    assert not np.allclose(theirs(x, training=True).detach(), ours(x, masks=masks).detach())


def test_gals_tied_masks_can_be_handed_to_keras_too():
    theirs, x = made("LSTM", dropout=0.3, recurrent_dropout=0.4), x_of()
    ours = from_keras(theirs)
    generator = torch.Generator().manual_seed(0)
    masks = {
        "input": (torch.rand(1, B, F, generator=generator) > 0.3) / 0.7,
        "recurrent": (torch.rand(1, B, H, generator=generator) > 0.4) / 0.6,
    }
    set_keras_masks(theirs, masks)
    assert_equal(ours(x, masks=masks), theirs(x, training=True))


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu", "linear"])
@pytest.mark.parametrize("recurrent_activation", ["tanh", "sigmoid", "relu", "linear"])
def test_activations(activation, recurrent_activation):
    for kind in KINDS:
        own = {} if kind == "SimpleRNN" else {"recurrent_activation": recurrent_activation}
        theirs = redrawn(made(kind, activation=activation, **own), 0.4)  # a linear net must not blow up
        assert_equal(from_keras(theirs)(x_of()), theirs(x_of()))


@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_masked_tail_is_our_lengths(kind, go_backwards):
    lengths = torch.tensor([5, 2, 3])
    mask = torch.arange(T) < lengths.unsqueeze(1)
    theirs = made(kind, return_sequences=False, return_state=True, go_backwards=go_backwards)
    assert_equal(from_keras(theirs)(x_of(), lengths=lengths), theirs(x_of(), mask=mask))


@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("rates", [(0.0, 0.0), *RATES])
@pytest.mark.parametrize("kind", KINDS)
def test_bidirectional(kind, rates, return_sequences):
    layer_kind, own = KINDS[kind]
    inner = layer_kind(
        H,
        return_sequences=return_sequences,
        return_state=True,
        dropout=rates[0],
        recurrent_dropout=rates[1],
        seed=1,
        **own,
    )
    theirs = keras.layers.Bidirectional(inner)
    theirs.build((None, None, F))
    redrawn(theirs)
    ours, x = from_keras(theirs), x_of()
    assert isinstance(ours, Bidirectional)
    assert_equal(ours.eval()(x), theirs(x))
    masks = keras_masks(theirs, x)
    assert_equal(ours(x, masks=masks), theirs(x, training=True))
    masks = ours.sample_masks(B, T, generator=torch.Generator().manual_seed(0))
    back = to_keras(ours)
    set_keras_masks(back, masks)
    assert_equal(ours(x, masks=masks), back(x, training=True))


@pytest.mark.parametrize("kind", KINDS)
def test_stacked(kind):
    rates = {"dropout": 0.3, "recurrent_dropout": 0.2}
    model = [made(kind, **rates), made(kind, features=H, **rates)]
    ours, x = Stack(*map(from_keras, model)), x_of()
    assert_equal(ours.eval()(x), model[1](model[0](x)))
    masks = [keras_masks(model[0], x), keras_masks(model[1], torch.ones(B, T, H))]
    assert_equal(ours(x, masks=masks), model[1](model[0](x, training=True), training=True))


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_without_bias(kind):
    theirs = made(kind, use_bias=False)
    ours = from_keras(theirs)
    assert_equal(ours(x_of()), theirs(x_of()))
    with torch.no_grad():
        ours.weight_hh.mul_(2)
    assert_equal(ours(x_of()), to_keras(ours, theirs)(x_of()))


def test_a_float64_layer_becomes_a_float64_layer():
    theirs = made("LSTM", dtype="float64")
    ours = from_keras(theirs)
    assert ours.weight_hh.dtype == torch.float64
    assert to_keras(ours).compute_dtype == "float64"
    assert_equal(ours(x_of().double()), theirs(x_of().double()))


@pytest.mark.parametrize("kind", KINDS)
def test_there_and_back_again(kind):
    rates = {"dropout": 0.3, "recurrent_dropout": 0.4}
    theirs = made(kind, activation="relu", go_backwards=True, return_state=True, **rates)
    ours = from_keras(theirs)
    again = to_keras(ours)
    assert again is not theirs and type(again) is type(theirs)
    for name in ("units", "dropout", "recurrent_dropout", "return_sequences", "return_state", "go_backwards"):
        assert getattr(again, name) == getattr(theirs, name)
    assert_equal(again(x_of()), theirs(x_of()))
    third = from_keras(again)
    assert third.drops == ours.drops
    for name, parameter in third.state_dict().items():
        if kind == "GRU, reset before" and "bias" in name:
            continue  # its two biases come back as their sum
        assert torch.equal(parameter, ours.state_dict()[name])
