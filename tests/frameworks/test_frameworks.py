"""Handing layers and masks to frameworks: what is refused, with the cure. Values are in tests/parity."""

import subprocess
import sys

import numpy as np
import pytest
import torch
import torch_geometric.nn
from torch import nn

from recdrop_lessons import (
    GRU,
    LSTM,
    Bidirectional,
    Drop,
    MaskError,
    RecdropError,
    SimpleRNN,
    Stack,
    variants,
)
from recdrop_lessons.frameworks import (
    from_keras,
    from_pyg,
    from_torch,
    import_keras,
    keras_masks,
    set_keras_masks,
    to_keras,
    to_torch,
)

# Keras reads torch tensors in a way that NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
B, T, F, H = 3, 4, 2, 5


@pytest.fixture(scope="module")
def layers():
    return import_keras().layers


def built(layer, features=F):
    layer.build((None, None, features))
    return layer


def assert_refused(error, call, *cures):
    with pytest.raises(error) as caught:
        call()
    assert isinstance(caught.value, RecdropError)
    for cure in cures:
        assert cure in str(caught.value), str(caught.value)


# ---- imports ----


def test_the_library_and_its_bridges_import_without_keras():
    code = (
        "import sys; import recdrop_lessons.frameworks as f; "
        "assert not {'keras', 'tensorflow', 'torch_geometric'} & set(sys.modules); "
        "import os; os.environ.pop('KERAS_BACKEND', None); keras = f.import_keras(); "
        "assert keras.backend.backend() == 'torch'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_where_keras_is_missing_a_sentence_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(ImportError, match="pip install keras"):
        from_keras(object())


# ---- from Keras ----


def test_what_from_keras_refuses(layers):
    assert_refused(
        RecdropError, lambda: from_keras(layers.LSTM(H)), "no weights yet", "build((None, None, features))"
    )
    assert_refused(
        RecdropError, lambda: from_keras(layers.Dense(3)), "Dense was given", "SimpleRNN, GRU, LSTM"
    )
    stateful = layers.LSTM(H, stateful=True)
    stateful.build((B, None, F))
    assert_refused(RecdropError, lambda: from_keras(stateful), "stateful=False", "layer(x, state)")
    swish = built(layers.LSTM(H, activation="swish"))
    assert_refused(RecdropError, lambda: from_keras(swish), "activation was 'silu'", "'tanh'")
    added = built(layers.Bidirectional(layers.LSTM(H), merge_mode="sum"))
    assert_refused(RecdropError, lambda: from_keras(added), 'merge_mode="concat"')
    everything = built(layers.LSTM(H, dropout=1.0))
    assert_refused(RecdropError, lambda: from_keras(everything), "Choose 0 <= p < 1")


@pytest.mark.parametrize("rates", [(0.0, 0.0), (0.3, 0.0), (0.0, 0.4), (0.3, 0.4)])
@pytest.mark.parametrize("kind", [SimpleRNN, GRU, LSTM])
def test_the_drops_that_are_read_are_those_of_kerass_words(layers, kind, rates):
    theirs = built(getattr(layers, kind.__name__)(H, dropout=rates[0], recurrent_dropout=rates[1]))
    assert from_keras(theirs).drops == kind(F, H, dropout=rates[0], recurrent_dropout=rates[1]).drops


def test_implementation_one_is_read_as_one_mask_per_gate(layers):
    theirs = built(layers.LSTM(H, dropout=0.3, implementation=1, use_cudnn=False))
    ours, x = from_keras(theirs), torch.randn(B, T, F)
    assert ours.drops == (Drop("input", 0.3, per_gate=True),)
    masks = keras_masks(theirs, x)
    assert (ours(x, masks=masks) - theirs(x, training=True)).abs().max() < 1e-6


# ---- to Keras ----


@pytest.mark.parametrize(
    "drops",
    [
        variants.gal(0.3),
        variants.moon(0.3),
        variants.semeniuta(0.3),
        variants.zaremba(0.3),
        (Drop("input", 0.3, noise="gaussian"),),
        (Drop("input", 0.3, shared=("time", "batch")),),
    ],
)
def test_drops_that_keras_has_not_are_refused(layers, drops):
    ours = LSTM(F, H, drops=drops)
    assert_refused(RecdropError, lambda: to_keras(ours), "keras.layers.LSTM(5)", "variants.keras")
    theirs = to_keras(ours, layers.LSTM(H))  # the weights alone
    x, nothing_dropped = torch.randn(B, T, F), {drop.site: torch.ones(1, 1, 1) for drop in drops}
    assert (ours(x, masks=nothing_dropped) - theirs(x)).abs().max() < 1e-6


def test_a_drop_of_rate_zero_is_no_drop():
    theirs = to_keras(LSTM(F, H, drops=[Drop("cell", 0), Drop("input", 0.2)]))
    assert (theirs.dropout, theirs.recurrent_dropout) == (0.2, 0)


def test_a_keras_layer_that_does_not_fit_is_refused(layers):
    ours = LSTM(F, H)
    assert_refused(RecdropError, lambda: to_keras(ours, layers.GRU(H)), "two layers of the same kind")
    assert_refused(RecdropError, lambda: to_keras(ours, layers.LSTM(H + 1)), "5 units")
    assert_refused(
        RecdropError, lambda: to_keras(ours, built(layers.LSTM(H), F + 1)), "build it for 2 features"
    )
    assert_refused(
        RecdropError, lambda: to_keras(ours, layers.LSTM(H, activation="relu")), "activation='tanh'", "'relu'"
    )
    assert_refused(
        RecdropError, lambda: to_keras(ours, layers.LSTM(H, recurrent_activation="relu")), "make both alike"
    )
    assert_refused(
        RecdropError, lambda: to_keras(GRU(F, H), layers.GRU(H, reset_after=False)), "reset_after=True"
    )
    assert_refused(RecdropError, lambda: to_keras(ours, layers.LSTM(H, use_bias=False)), "use_bias=True")
    assert_refused(RecdropError, lambda: to_keras(Bidirectional(ours), layers.LSTM(H)), "same kind")
    assert_refused(
        RecdropError, lambda: to_keras(ours, layers.Bidirectional(layers.LSTM(H))), "SimpleRNN, GRU, LSTM"
    )


# ---- masks ----


def test_keras_draws_masks_once_for_its_next_call_even_before_it_is_built(layers):
    layer, x = layers.LSTM(H, dropout=0.3, recurrent_dropout=0.3), torch.randn(B, T, F)
    masks = keras_masks(layer, x)
    again = keras_masks(layer, x)
    assert set(masks) == {"input", "recurrent"}
    assert all(torch.equal(again[site], masks[site]) for site in masks)
    layer(x)
    assert not torch.equal(keras_masks(layer, x)["recurrent"], masks["recurrent"])
    assert keras_masks(layers.GRU(H), x) == {}


def test_masks_that_keras_would_not_use_are_refused(layers):
    shared = built(layers.LSTM(H, dropout=0.3))
    apart = built(layers.LSTM(H, recurrent_dropout=0.3))
    one = torch.ones(1, B, H)
    assert_refused(MaskError, lambda: set_keras_masks(apart, {"cell": one}), "'input' and 'recurrent'")
    assert_refused(
        MaskError,
        lambda: set_keras_masks(shared, {"recurrent": one}),
        "make it with 0 < recurrent_dropout < 1",
    )
    assert_refused(
        MaskError, lambda: set_keras_masks(apart, {"recurrent": torch.ones(T, B, H)}), 'shared=("time",)'
    )
    assert_refused(
        MaskError, lambda: set_keras_masks(shared, {"input": torch.ones(1, B, 4, F)}), "per_gate=False"
    )
    assert_refused(
        RecdropError,
        lambda: keras_masks(layers.LSTM(H, recurrent_dropout=1.0), torch.ones(B, T, F)),
        "p was 1",
    )


# ---- torch.nn ----


def test_what_from_torch_refuses():
    assert_refused(
        RecdropError, lambda: from_torch(nn.Linear(2, 3)), "Linear; expected nn.RNN, nn.GRU or nn.LSTM"
    )
    assert_refused(RecdropError, lambda: from_torch(nn.LSTM(F, H, proj_size=2)), "use proj_size=0")


@pytest.mark.parametrize(
    "layer, cure",
    [
        (LSTM(F, H, activation="relu"), "torch.nn has only 'tanh'"),
        (LSTM(F, H, recurrent_activation="tanh"), "torch.nn has only 'sigmoid'"),
        (GRU(F, H, reset_after=False), "torch.nn has only True"),
        (SimpleRNN(F, H, activation="linear"), "torch.nn has only 'tanh' or 'relu'"),
        (LSTM(F, H, go_backwards=True), "x.flip(1)"),
        (nn.Linear(F, H), "expected SimpleRNN, GRU, LSTM, Bidirectional, or a Stack of them"),
        (Stack(LSTM(F, H), nn.Tanh()), "expected SimpleRNN, GRU, LSTM, Bidirectional, or a Stack of them"),
        (Stack(LSTM(F, H), GRU(H, H)), "Layer 1 is not like layer 0"),
        (Stack(LSTM(F, H), LSTM(H, H + 1)), "Convert them one by one"),
        (Stack(LSTM(F, H), Bidirectional(LSTM(H, H))), "number of directions"),
        (LSTM(F, H, recurrent_dropout=0.2), "torch_between_layers(p) on each layer but the last"),
        (LSTM(F, H, drops=variants.torch_between_layers(0.2)), "load_state_dict"),
        (Stack(LSTM(F, H, drops=variants.gal(0.2)), LSTM(H, H)), "load_state_dict"),
        (
            Stack(
                LSTM(F, H, drops=variants.torch_between_layers(0.2)),
                LSTM(H, H, drops=variants.torch_between_layers(0.3)),
                LSTM(H, H),
            ),
            "all with one p",
        ),
    ],
)
def test_what_to_torch_refuses(layer, cure):
    assert_refused(RecdropError, lambda: to_torch(layer), cure)


def test_the_weights_that_come_are_copies(layers):
    module = nn.LSTM(F, H)
    ours = from_torch(module)
    nn.init.zeros_(ours.weight_ih)
    assert module.weight_ih_l0.any()
    theirs = built(layers.LSTM(H))
    ours = from_keras(theirs)
    nn.init.zeros_(ours.weight_ih)
    assert np.any(theirs.get_weights()[0])


# ---- PyTorch Geometric ----


@pytest.mark.parametrize("arguments", [{}, {"concat": False, "bias": False}, {"add_self_loops": False}])
def test_a_gatconv_of_pyg_becomes_ours(arguments):
    theirs = torch_geometric.nn.GATConv(4, 3, heads=2, dropout=0.4, negative_slope=0.3, **arguments)
    if theirs.bias is not None:
        nn.init.normal_(theirs.bias)
    ours, x, edges = from_pyg(theirs), torch.randn(6, 4), torch.randint(0, 6, (2, 15))
    assert ours.drops == (Drop("attention", 0.4),)
    assert (ours.eval()(x, edges) - theirs.eval()(x, edges)).abs().max() < 1e-6


def test_what_from_pyg_refuses():
    make = torch_geometric.nn.GATConv
    assert_refused(RecdropError, lambda: from_pyg(nn.Linear(2, 3)), "expected torch_geometric.nn.GATConv")
    assert_refused(RecdropError, lambda: from_pyg(make(4, 3, edge_dim=2)), "use edge_dim=None")
    assert_refused(RecdropError, lambda: from_pyg(make(4, 3, residual=True)), "use residual=False")
    assert_refused(RecdropError, lambda: from_pyg(make((4, 5), 3)), "one number of features")
    assert_refused(RecdropError, lambda: from_pyg(make(4, 3, dropout=1.0)), "Choose 0 <= p < 1")
