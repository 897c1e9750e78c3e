"""Every argument of the framework map, run: the framework's training pass is ours with the drops it names."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from recdrop_lessons import GATConv, Stack
from recdrop_lessons.frameworks import from_keras, from_pyg, from_torch, import_keras, keras_masks
from recdrop_lessons.frameworks.map import GRAPH_LIBRARIES, MAP, PROBED, Argument, in_words
from recdrop_lessons.releases import matrix

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
keras = import_keras()
pyg = pytest.importorskip("torch_geometric.nn", reason="the extra `frameworks` brings PyTorch Geometric")
B, T, FEATURES, H, P = 16, 12, 8, 6, 0.5
INSTALLED = [argument for argument in MAP if argument.framework not in PROBED]


def name(argument: Argument) -> str:
    return f"{argument.framework} {argument.written} {argument.place}".strip()


def sequences():
    return torch.randn(B, T, FEATURES, generator=torch.Generator().manual_seed(0))


# ---- Each returns the framework's training pass, the masks it drew, and our pass with these masks. ----


def keras_argument(**rates):
    layer, x = keras.layers.LSTM(H, return_sequences=True, seed=1, **rates), sequences()
    masks = keras_masks(layer, x)
    theirs = layer(x, training=True)
    return theirs, masks, from_keras(layer)(x, masks=masks)


def keras_layer_beside(kind, after=False, **arguments):
    lstm, x = keras.layers.LSTM(H, return_sequences=True, seed=1), sequences()
    read = lstm(x)
    drop, again = (getattr(keras.layers, kind)(P, seed=2, **arguments) for _ in range(2))  # one mask, twice
    mask = drop(torch.ones_like(read if after else x), training=True).transpose(0, 1)
    theirs = again(read, training=True) if after else lstm(again(x, training=True))
    masks = {"output" if after else "input": mask}
    return theirs, masks, from_keras(lstm)(x, masks=masks)


def torch_between_layers():
    lstm, x = nn.LSTM(FEATURES, H, num_layers=2, dropout=P, batch_first=True), sequences()
    torch.manual_seed(3)
    theirs = lstm(x)[0]
    torch.manual_seed(3)
    masks = {"output": F.dropout(torch.ones(T, B, H), P)}
    ours = from_torch(lstm)
    assert isinstance(ours, Stack)
    lower, upper = ours.layers
    return theirs, masks, upper(lower(x, masks=masks), masks={})


def torch_layer_before(drop, features_first=False):
    def dropped(v):
        torch.manual_seed(4)
        return drop(v.transpose(1, 2)).transpose(1, 2) if features_first else drop(v)

    lstm, x = nn.LSTM(FEATURES, H, batch_first=True), sequences()
    masks = {"input": dropped(torch.ones_like(x)).transpose(0, 1)}
    return lstm(dropped(x))[0], masks, from_torch(lstm)(x, masks=masks)


def graph(site):
    nodes, heads = 30, 3
    conv = pyg.GATConv(FEATURES, H, heads=heads, dropout=P if site == "attention" else 0.0)
    ours = GATConv(FEATURES, H, heads=heads)
    ours.load_state_dict(from_pyg(conv).state_dict())
    x, edges = torch.randn(nodes, FEATURES), torch.randint(0, nodes, (2, 90))
    rows, columns = x.shape if site == "input" else (ours.edges_with_loops(edges, nodes).shape[1], heads)

    torch.manual_seed(5)
    theirs = conv(F.dropout(x, P) if site == "input" else x, edges)
    torch.manual_seed(5)
    masks = {site: F.dropout(torch.ones(rows, columns), P)}
    return theirs, masks, ours(x, edges, masks=masks)


RUNS = {
    "Keras LSTM(dropout=p)": lambda: keras_argument(dropout=P),
    "Keras LSTM(recurrent_dropout=p)": lambda: keras_argument(recurrent_dropout=P),
    "Keras LSTM(dropout=p, recurrent_dropout=p)": lambda: keras_argument(dropout=P, recurrent_dropout=P),
    "Keras Dropout(p) before the layer": lambda: keras_layer_beside("Dropout"),
    "Keras SpatialDropout1D(p) before the layer": lambda: keras_layer_beside("SpatialDropout1D"),
    "Keras Dropout(p, noise_shape=(None, None, 1)) before the layer: whole steps": lambda: keras_layer_beside(
        "Dropout", noise_shape=(None, None, 1)
    ),
    "Keras GaussianDropout(p) before the layer": lambda: keras_layer_beside("GaussianDropout"),
    "Keras Dropout(p) after the layer": lambda: keras_layer_beside("Dropout", after=True),
    "Keras SpatialDropout1D(p) after the layer": lambda: keras_layer_beside("SpatialDropout1D", after=True),
    "PyTorch nn.LSTM(num_layers=2, dropout=p) between the layers": torch_between_layers,
    "PyTorch nn.Dropout(p) before the layer": lambda: torch_layer_before(nn.Dropout(P)),
    "PyTorch nn.Dropout1d(p) on (B, F, T), before the layer": lambda: torch_layer_before(
        nn.Dropout1d(P), features_first=True
    ),
    "PyG GATConv(dropout=p)": lambda: graph("attention"),
    "PyG F.dropout(x, p) before the layer": lambda: graph("input"),
}


def shared_along(mask, axis):
    return torch.equal(mask, mask.narrow(axis, 0, 1).expand_as(mask))


def test_every_argument_of_an_installed_framework_is_run():
    assert [name(argument) for argument in INSTALLED] == list(RUNS)


@pytest.mark.parametrize("argument", INSTALLED, ids=name)
def test_the_argument_is_the_row(argument):
    theirs, masks, ours = RUNS[name(argument)]()
    drops = {drop.site: drop for drop in argument.drops(P)}
    assert masks.keys() == drops.keys()
    assert torch.allclose(ours, theirs, atol=1e-6)  # where
    for site, mask in masks.items():
        drop = drops[site]
        before = ("batch",) if argument.framework in GRAPH_LIBRARIES else ("time", "batch")
        axes = (*before, "gates", "features") if drop.per_gate else (*before, "features")
        along = {axis for k, axis in enumerate(axes) if shared_along(mask, k)}
        assert along == set(drop.shared), site  # how shared
        assert mask.dim() == len(axes), site
        if drop.noise == "bernoulli":
            assert set(mask.unique().tolist()) == {0.0, 1 / (1 - P)}, site  # which noise, and the fill zero
        else:
            assert (mask != 0).all() and abs(mask.mean() - 1) < 0.2 and abs(mask.std() - 1) < 0.2, site
        assert drop.fill == "zero"


#: What a probe must have observed for a row of the map to be right.
OBSERVED = {
    "fastai AWD_LSTM(weight_p=p)": {
        "fastai_weight_p_site": "elements of the recurrent matrix",
        "fastai_weight_p_sharing": "all examples share one mask, new at each call",
    },
    "fastai AWD_LSTM(input_p=p)": {"fastai_input_p_sharing": "the steps share a mask, each example its own"},
    "fastai AWD_LSTM(hidden_p=p)": {
        "fastai_hidden_p_sharing": "the steps share a mask, each example its own"
    },
    "fastai AWD_LSTM(embed_p=p)": {
        "fastai_embed_p_sharing": "whole words are dropped, wherever they stand, in all examples"
    },
    "DGL GATConv(attn_drop=p)": {
        "DGL_attn_drop_site": "coefficients after the softmax, each edge by itself, not renormalised",
        "DGL_attn_drop_heads": "a mask each",
    },
    "DGL GATConv(feat_drop=p)": {
        "DGL_feat_drop_site": "the features of the nodes",
        "DGL_feat_drop_heads": "one mask for all",
    },
}


@pytest.mark.parametrize("argument", [one for one in MAP if one.framework in PROBED], ids=name)
def test_what_is_not_installed_was_run_by_the_probes(argument):
    """In each release that was asked, the answers are those of the row."""
    asked = matrix.read()
    assert asked.releases(argument.framework)
    for release in asked.releases(argument.framework):
        for fact, answer in OBSERVED[f"{argument.framework} {argument.written}"].items():
            assert asked.observed(fact, argument.framework, release, "torch") == answer, (fact, release)


def test_two_sites_of_one_argument_are_shared_alike():
    """`in_words` reads the sharing from the first site."""
    for argument in MAP:
        kinds = {(drop.shared, drop.per_gate, drop.noise) for drop in argument.drops(P)}
        assert len(kinds) == 1, argument
        assert all(in_words(argument)) and argument.source, argument
