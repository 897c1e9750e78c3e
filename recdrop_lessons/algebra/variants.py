"""Papers and frameworks as rows of the algebra.

Each function returns the tuple of `Drop`s that its paper, or its framework's argument, stands for:

    LSTM(12, 64, drops=variants.gal(0.2))

`ROWS` lists those of recurrent layers for tables and menus, `GRAPH_ROWS` those of graph layers. `matching`
reads a row back from its drops.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from recdrop_lessons.algebra.drops import Drop

Drops = tuple[Drop, ...]


def zaremba(p: float) -> Drops:
    """The vertical arrows only, a new mask at each step.

    Equation: x_t → m_t ∘ x_t, in each layer of the stack.
    Source: Zaremba, Sutskever & Vinyals 2014. The paper also drops what the top layer sends to the softmax:
    add `Drop("output", p, shared=())` to the last layer.
    """
    return (Drop("input", p, shared=()),)


def moon(p: float) -> Drops:
    """The cell, one mask per sequence: what is dropped is forgotten for good.

    Equation: c_t = m ∘ (f_t∘c_{t-1} + i_t∘g_t), m 0 or 1; at evaluation m is its mean, 1 - p.
    The mask is not scaled, since it meets the same cell at every step: see `cell_scaled`.
    Source: Moon et al. 2015, RNNDrop.
    """
    return (Drop("cell", p, noise="binary"),)


def cell_scaled(p: float) -> Drops:
    """A trap, and nobody's method: Moon's mask with the usual scale 1/(1-p).

    Equation: c_t = m ∘ (f_t∘c_{t-1} + i_t∘g_t), m 0 or 1/(1-p).
    The scale acts again at each step, so that after t steps a kept unit has been divided by (1-p)^t: where
    the forget gate is open, it grows without bound. Lesson 05 shows it. It is not in `ROWS`.
    """
    return (Drop("cell", p),)


def gal(p: float, p_recurrent: float | None = None, *, tied: bool = True) -> Drops:
    """Inputs and recurrent connections, one mask per sequence; tied (one for all gates) or untied (one each).

    Equation: a_k = W_k (m_x∘x_t) + U_k (m_h∘h_{t-1}) + b_k, the masks with an index k where untied.
    `p_recurrent`: the rate on h; None takes p.
    Source: Gal & Ghahramani 2016.
    """
    p_recurrent = p if p_recurrent is None else p_recurrent
    return Drop("input", p, per_gate=not tied), Drop("recurrent", p_recurrent, per_gate=not tied)


def semeniuta(p: float, *, per_step: bool = True) -> Drops:
    """The candidate only: what a step would write is dropped, what the cell holds is never touched.

    Equation: c_t = f_t∘c_{t-1} + i_t∘(m∘g_t).
    `per_step`: a new mask at each step, or one per sequence; the paper tries both.
    Source: Semeniuta, Severyn & Barth 2016.
    """
    return (Drop("candidate", p, shared=() if per_step else ("time",)),)


def zoneout(p_cell: float, p_hidden: float | None = None) -> Drops:
    """Some units keep the value of the step before, drawn anew at each step.

    Equation: c_t = d∘c_{t-1} + (1-d)∘c̃_t, and h likewise with a d of its own; at evaluation d is its mean.
    `p_hidden`: the rate on h; None takes p_cell. The h of a step reads c̃_t, the cell before its zoneout.
    Source: Krueger et al. 2017.
    """
    p_hidden = p_cell if p_hidden is None else p_hidden
    return (
        Drop("cell", p_cell, shared=(), fill="previous"),
        Drop("hidden", p_hidden, shared=(), fill="previous"),
    )


def zoneout_hidden(p: float) -> Drops:
    """Zoneout for a cell that has h alone (SimpleRNN, GRU).

    Equation: h_t = d∘h_{t-1} + (1-d)∘h̃_t.
    Source: Krueger et al. 2017.
    """
    return (Drop("hidden", p, shared=(), fill="previous"),)


def weight_drop(p: float) -> Drops:
    """The recurrent matrix itself: one mask per pass, shared by the batch.

    Equation: a = W x_t + (M∘U) h_{t-1} + b.
    Source: Merity, Keskar & Socher 2018, AWD-LSTM, after Wan et al. 2013, DropConnect.
    """
    return (Drop("recurrent_weight", p),)


def locked(p: float) -> Drops:
    """What a layer sends up, one mask per sequence (also called variational or locked dropout).

    Equation: y_t = m ∘ h_t; h_t itself is carried on whole.
    Source: Merity, Keskar & Socher 2018.
    """
    return (Drop("output", p),)


def word_type(p: float) -> Drops:
    """Whole words, by type: a dropped word is dropped wherever it stands in the batch. For `Embedding`.

    Equation: E → m ∘ E, m (V, 1): one draw a row of the embedding matrix.
    Source: Gal & Ghahramani 2016; AWD-LSTM's embedding dropout.
    """
    return (Drop("embedding", p, shared=("time", "features")),)


def keras(dropout: float = 0.0, recurrent_dropout: float = 0.0) -> Drops:
    """What Keras 3's LSTM and GRU do with these two arguments: Gal's masks, one per sequence.

    Equation: a_k = W_k (m_xk∘x_t) + U_k (m_hk∘h_{t-1}) + b_k.
    With `recurrent_dropout=0` all gates share one input mask (Keras's implementation 2). As soon as it is not
    0, Keras falls back to its implementation 1, and each gate has a mask of its own, for x and for h.
    A rate of 0 is no row. Source: read in, and run against, Keras 3.
    """
    per_gate = recurrent_dropout != 0
    rows = (("input", dropout), ("recurrent", recurrent_dropout))
    return tuple(Drop(site, p, per_gate=per_gate) for site, p in rows if p != 0)


def torch_between_layers(p: float) -> Drops:
    """What `torch.nn.LSTM(dropout=p)` does, on each layer of a stack but the last.

    Equation: y_t = m_t ∘ h_t, a new mask at each step; h_t is carried on whole, and so is the last h_n.
    Source: read in, and run against, PyTorch 2.
    """
    return (Drop("output", p, shared=()),)


def drop_message(p: float) -> Drops:
    """Each number that an edge carries, drawn by itself. For `GraphConv`.

    Equation: y_v = Σ_u m_uv ∘ (ã_uv W x_u), m (E, F'): one draw an edge and feature.
    Source: Fang et al. 2023, DropMessage.
    """
    return (Drop("message", p, shared=()),)


def drop_edge(p: float) -> Drops:
    """Whole edges: all numbers of a message share one draw, and the normalisation stays as it was.

    Equation: y_v = Σ_u m_uv ã_uv W x_u, m (E, 1): one draw an edge, 0 or 1/(1-p), so that the mean is kept.
    Source: Rong et al. 2020, DropEdge. The paper's code removes edges instead and normalises what is left,
    which does not keep the mean: see `layers.edges.remove_edges`.
    """
    return (Drop("message", p, shared=("features",)),)


def drop_node(p: float) -> Drops:
    """Whole nodes: all messages that one node sends share one draw.

    Equation: y_v = Σ_u m_u ã_uv W x_u, m (N, 1): one draw a source. W is linear, so the same mask on the rows
    of x gives the same y: this is also `Drop("input", p, shared=("features",))`.
    Source: Feng et al. 2020, GRAND.
    """
    return (Drop("message", p, shared=("features", "source")),)


def gat_attention(p: float) -> Drops:
    """What `GATConv(dropout=p)` of PyTorch Geometric drops: coefficients, for each head and edge.

    Equation: y_v = Σ_u m_uv α_uv W x_u, m (E, heads), after the softmax and not renormalised.
    Source: Veličković et al. 2018; read in, and run against, PyTorch Geometric 2.
    """
    return (Drop("attention", p),)


@dataclass(frozen=True)
class Row:
    """A named row of the table: how to make it, where it comes from (`framework_map` says who offers it)."""

    name: str
    make: Callable[[float], Drops]
    source: str


ROWS: dict[str, Row] = {
    "zaremba": Row("Zaremba", zaremba, "Zaremba et al. 2014"),
    "moon": Row("Moon (RNNDrop)", moon, "Moon et al. 2015"),
    "gal": Row("Gal, tied", gal, "Gal & Ghahramani 2016"),
    "gal_untied": Row("Gal, untied", lambda p: gal(p, tied=False), "Gal & Ghahramani 2016"),
    "semeniuta": Row("Semeniuta, per step", semeniuta, "Semeniuta et al. 2016"),
    "semeniuta_sequence": Row(
        "Semeniuta, per sequence", lambda p: semeniuta(p, per_step=False), "Semeniuta et al. 2016"
    ),
    "zoneout": Row("Zoneout", zoneout, "Krueger et al. 2017"),
    "weight_drop": Row("AWD weight drop", weight_drop, "Merity et al. 2018"),
    "locked": Row("Locked", locked, "Merity et al. 2018"),
    "keras_dropout": Row(
        "Keras, dropout alone", lambda p: keras(p, 0), "Gal & Ghahramani 2016, the input mask"
    ),
    "keras_recurrent": Row(
        "Keras, recurrent_dropout alone", lambda p: keras(0, p), "Gal & Ghahramani 2016, the h masks, untied"
    ),
    "torch_between_layers": Row("PyTorch, between layers", torch_between_layers, "Zaremba et al. 2014"),
}


#: The rows of graph layers. Recurrent layers, their pictures and menus have none of these sites.
GRAPH_ROWS: dict[str, Row] = {
    "drop_message": Row("DropMessage", drop_message, "Fang et al. 2023"),
    "drop_edge": Row("DropEdge", drop_edge, "Rong et al. 2020"),
    "drop_node": Row("DropNode", drop_node, "Feng et al. 2020"),
    "gat_attention": Row("GATConv(dropout=)", gat_attention, "Veličković et al. 2018"),
}


def matching(drops: Iterable[Drop], rows: Mapping[str, Row] = ROWS) -> list[str]:
    """Return the keys of the rows that these drops are, whatever their rates (order does not matter).

    `rows`: `ROWS`, or `GRAPH_ROWS` for a graph layer.
    """

    def shape(drop: Drop) -> tuple[object, ...]:
        return drop.site, drop.shared, drop.noise, drop.fill, drop.per_gate

    wanted = {shape(drop) for drop in drops}
    return [key for key, row in rows.items() if {shape(drop) for drop in row.make(0.5)} == wanted]
