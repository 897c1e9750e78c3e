"""Which argument of which framework is which row of the algebra: for pages, lessons and explorers.

`tests/parity/test_framework_map.py` runs each one of an installed framework. Those of the others,
`PROBED`, were run by the probes of `tools/releases.py` in environments of their own; the test compares what
they observed with the rows here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from recdrop_lessons.algebra import variants
from recdrop_lessons.algebra.drops import Drop
from recdrop_lessons.algebra.variants import Drops

#: Frameworks that this project does not install: what they do stands in data/releases.csv.
PROBED = ("fastai", "DGL")
GRAPH_LIBRARIES = ("PyG", "DGL")


@dataclass(frozen=True)
class Argument:
    """What a framework lets you write, and the drops that it makes at rate p."""

    framework: str
    written: str  # code
    drops: Callable[[float], Drops]
    place: str = ""  # where the code stands, in words
    paper: str = ""  # where no row of `variants.ROWS` names it

    @property
    def source(self) -> str:
        """The paper of the first row of `variants.ROWS` with these drops; else the paper given here."""
        same = variants.matching(self.drops(0.5))
        return variants.ROWS[same[0]].source if same and not self.paper else self.paper


def _whole_steps(p: float) -> Drops:
    return (Drop("input", p, shared=("features",)),)


def _gaussian(p: float) -> Drops:
    return (Drop("input", p, shared=(), noise="gaussian"),)


def _input_per_sequence(p: float) -> Drops:
    return (Drop("input", p),)


def _node_features(p: float) -> Drops:
    return (Drop("input", p, shared=()),)


def _coefficients(p: float) -> Drops:
    return (Drop("attention", p, shared=()),)


_GAT = "Veličković et al. 2018"
MAP = (
    Argument("Keras", "LSTM(dropout=p)", lambda p: variants.keras(p, 0)),
    Argument("Keras", "LSTM(recurrent_dropout=p)", lambda p: variants.keras(0, p)),
    Argument(
        "Keras", "LSTM(dropout=p, recurrent_dropout=p)", lambda p: variants.keras(p, p),
        paper="Gal & Ghahramani 2016, untied",
    ),
    Argument("Keras", "Dropout(p)", variants.zaremba, "before the layer"),
    Argument("Keras", "SpatialDropout1D(p)", _input_per_sequence, "before the layer"),
    Argument(
        "Keras", "Dropout(p, noise_shape=(None, None, 1))", _whole_steps, "before the layer: whole steps", "–"
    ),
    Argument(
        "Keras", "GaussianDropout(p)", _gaussian, "before the layer", "Srivastava et al. 2014, section 10"
    ),
    Argument("Keras", "Dropout(p)", variants.torch_between_layers, "after the layer"),
    Argument("Keras", "SpatialDropout1D(p)", variants.locked, "after the layer"),
    Argument(
        "PyTorch", "nn.LSTM(num_layers=2, dropout=p)", variants.torch_between_layers, "between the layers"
    ),
    Argument("PyTorch", "nn.Dropout(p)", variants.zaremba, "before the layer"),
    Argument("PyTorch", "nn.Dropout1d(p)", _input_per_sequence, "on (B, F, T), before the layer"),
    Argument("PyG", "GATConv(dropout=p)", _coefficients, paper=_GAT),
    Argument("PyG", "F.dropout(x, p)", _node_features, "before the layer", _GAT),
    Argument(
        "fastai", "AWD_LSTM(weight_p=p)", variants.weight_drop, "(WeightDropout: one mask for the batch)"
    ),
    Argument("fastai", "AWD_LSTM(input_p=p)", _input_per_sequence, "(RNNDropout before the layers)"),
    Argument("fastai", "AWD_LSTM(hidden_p=p)", variants.locked, "(RNNDropout between the layers)"),
    Argument(
        "fastai", "AWD_LSTM(embed_p=p)", variants.word_type, "(EmbeddingDropout: whole words)",
        "Gal & Ghahramani 2016, word types",
    ),
    Argument("DGL", "GATConv(attn_drop=p)", _coefficients, paper=_GAT),
    Argument("DGL", "GATConv(feat_drop=p)", _node_features, paper=_GAT),
)  # fmt: skip


def in_words(argument: Argument) -> tuple[str, str, str, str]:
    """Site, sharing over time, sharing over gates (a graph layer's heads), and noise of an argument."""
    drops, graph = argument.drops(0.5), argument.framework in GRAPH_LIBRARIES
    (one, *_) = drops  # two sites of one argument are shared in the same way
    sites = ", ".join(drop.site.words for drop in drops)
    time = "–" if graph else "one mask" if "time" in one.shared else "new at each step"
    each = one.per_gate or one.site.by_head
    gates = "one each" if each else "one for all" if one.site.per_gate else "–"
    return sites, time, gates, one.noise.capitalize()
