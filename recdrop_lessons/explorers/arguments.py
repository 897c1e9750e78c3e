"""Which argument of which framework is which site, in words; the parity tests hold the facts behind them."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from .. import variants

if TYPE_CHECKING:
    from ..drops import Drop

NONE = "no argument"
PYG = "no time axis; F.dropout(x) before a graph layer is its nearest relative"
#: By site and by "is the mask one per sequence?": Keras 3, PyTorch, fastai, PyG.
ARGUMENTS: dict[tuple[str, bool], tuple[str, str, str, str]] = {
    ("input", True): ("LSTM(dropout=p)", NONE, "RNNDropout before the layer; AWD_LSTM(input_p=p)", PYG),
    ("input", False): ("Dropout(p) before the layer", "nn.Dropout(p) before the layer", "nn.Dropout(p)", PYG),
    ("recurrent", True): ("LSTM(recurrent_dropout=p)", NONE, NONE, NONE),
    ("recurrent", False): (NONE, NONE, NONE, NONE),
    ("recurrent_weight", True): (NONE, NONE, "WeightDropout; AWD_LSTM(weight_p=p)", NONE),
    ("candidate", True): (NONE, NONE, NONE, NONE),
    ("candidate", False): (NONE, NONE, NONE, NONE),
    ("cell", True): (NONE, NONE, NONE, NONE),
    ("cell", False): (NONE, NONE, NONE, NONE),
    ("hidden", True): (NONE, NONE, NONE, NONE),
    ("hidden", False): (NONE, NONE, NONE, NONE),
    ("output", True): (
        "SpatialDropout1D(p) after the layer", NONE, "RNNDropout after the layer; AWD_LSTM(hidden_p=p)",
        "F.dropout(x) after a graph layer is its nearest relative",
    ),
    ("output", False): (
        "Dropout(p) after the layer", "nn.LSTM(num_layers=2, dropout=p): between the layers", "nn.Dropout(p)",
        "F.dropout(x) after a graph layer is its nearest relative",
    ),
}  # fmt: skip
FRAMEWORKS = ("Keras 3", "PyTorch", "fastai", "PyG")


def table(drop: Drop) -> list[tuple[str, str]]:
    """Return framework and argument for the site and the sharing of `drop`, one pair a framework."""
    arguments = list(ARGUMENTS[drop.site, "time" in drop.shared])
    if drop.fill == "previous" or drop.noise == "gaussian":
        arguments = [NONE] * len(FRAMEWORKS)
    elif drop.site == "recurrent" and "time" in drop.shared and not drop.per_gate:
        arguments[0] = "LSTM(recurrent_dropout=p) comes close: it draws one mask for each gate"
    elif drop.site == "input" and "time" in drop.shared:
        arguments[0] += " with recurrent_dropout > 0" if drop.per_gate else " with recurrent_dropout=0"
    return list(zip(FRAMEWORKS, arguments, strict=True))


def papers(drops: tuple[Drop, ...], site: str) -> list[str]:
    """Return the rows that these drops are, each with its source; else the rows that use `site`."""
    same = variants.matching(drops)
    if same:
        return [f"{variants.ROWS[key].name} ({variants.ROWS[key].source})" for key in same]
    use = [row for row in variants.ROWS.values() if any(drop.site == site for drop in row.make(0.5))]
    return [f"no named row; the site is used by {', '.join(row.name for row in use) or 'none'}"]


def html(drops: tuple[Drop, ...], drop: Drop) -> str:
    """The panel: which argument this is, and whose paper."""
    pairs = table(drop)
    heads = "".join(f"<th scope='col'>{escape(name)}</th>" for name, _ in pairs)
    cells = "".join(f"<td>{escape(said)}</td>" for _, said in pairs)
    said = escape("; ".join(papers(drops, drop.site)))
    title = f"<caption>What the frameworks call a mask on “{drop.site.replace('_', ' ')}”</caption>"
    return f"<table>{title}<tr>{heads}<th scope='col'>Papers</th></tr><tr>{cells}<td>{said}</td></tr></table>"
