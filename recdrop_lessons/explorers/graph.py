"""Lesson 08: graph attention, and the three places where it can drop.

`figure(**settings)` is a pure function; `view(**settings)` puts it on the page. The graph is Zachary's karate
club: 34 members, and who met whom outside the club.
"""

from __future__ import annotations

import json
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from recdrop_lessons.explorers.frame import Again, Frame, Settings, Slider, Toggle, complete
from recdrop_lessons.explorers.view import Explorer
from recdrop_lessons.plots import charts, svg
from recdrop_lessons.plots.style import BLUE, EMBER, INK, PALE, PAPER, SKY
from recdrop_lessons.twins import equations as twins

TITLE = "Graph attention and its dropout"
STORED = Path(__file__).parents[1] / "data" / "karate_club.json"
FEATURES, HIDDEN = 4, 4
CONTROLS = (
    Slider("p_attention", "Coefficients: GATConv(dropout=p)", value=0.5, low=0.0, high=0.9, step=0.1),
    Slider("p_input", "Node features: F.dropout(x, p)", value=0.0, low=0.0, high=0.9, step=0.1),
    Slider("p_projected", "Projected features", value=0.0, low=0.0, high=0.9, step=0.1),
    Slider("node", "Node", value=6, low=0, high=33, step=1),
    Toggle("training", "Training", True),
    Again("seed", "Draw new masks"),
)


class Club(NamedTuple):
    """The graph: places of the nodes (N, 2) in [0, 1], edges (2, E) both ways with a self-loop a node."""

    places: twins.Array
    edges: twins.Array


@cache
def club() -> Club:
    """The karate club, laid out by Kamada and Kawai's method; stored, so that a browser needs no networkx."""
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    places = np.array(stored["places"])  # (N, 2)
    pairs = np.array(stored["edges"]).T  # (2, E/2)
    loops = np.arange(len(places))
    edges = np.concatenate([pairs, pairs[::-1], np.stack([loops, loops])], axis=1)  # (2, E)
    return Club(places, edges)


class Pass(NamedTuple):
    """One pass: coefficients before and after their mask (E,), the masks, and what each node gets (N, F')."""

    alpha: twins.Array
    dropped: twins.Array
    masks: dict[str, twins.Array]
    out: twins.Array


def view(**settings: Any) -> Explorer:
    """The explorer as a widget, at these settings to begin with."""
    return Explorer(TITLE, CONTROLS, figure, given=settings)


def figure(**settings: Any) -> Frame:
    """Draw the graph with the edges into one node, and that node's row of attention with and without mask.

    Settings: `p_attention`, `p_input`, `p_projected` in [0, 0.9]; `node` from 0 to 33; `training`; `seed`.
    Raises `SettingsError` for a setting out of range.
    """
    s = complete(CONTROLS, settings)
    run = one_pass(s)
    row = np.flatnonzero(club().edges[1] == s["node"])
    before, after = float(run.alpha[row].sum()), float(run.dropped[row].sum())
    gone = int((run.dropped[row] == 0).sum())
    loop = ", the loop too" if run.dropped[row[-1]] == 0 else ""
    said = "it is not renormalised" if gone else "nothing was dropped"
    status = (
        f"Node {s['node']} has {len(row)} incoming edges, its own loop among them; {gone} dropped{loop}. "
        f"The row sums to {before:.2f} before and {after:.2f} after: {said}."
    )
    drawn = svg.beside(_graph(run, s, row), _rows(run, s, row))
    return Frame(
        svg.document(drawn, label=status, role="group"),
        alt=f"The karate club as a graph, the edges into node {s['node']} thick by their attention and "
        f"dashed where dropped; beside it that node's row of attention as bars. {status}",
        status=status,
        panel=_panel(s, run),
        numbers={
            "before": before,
            "after": after,
            "alpha": run.alpha[row],
            "dropped": run.dropped[row],
            "pass": run,
        },
    )


def one_pass(s: Settings) -> Pass:
    """One head of attention over the club, by the NumPy twin, with the masks of these settings."""
    places, edges = club()
    rng = np.random.default_rng(5)
    x = rng.standard_normal((len(places), FEATURES))  # (N, F)
    W = rng.standard_normal((HIDDEN, FEATURES)) / 2  # (F', F)
    a_src, a_dst = rng.standard_normal(HIDDEN), rng.standard_normal(HIDDEN)
    sizes = {"input": x.shape, "attention": (edges.shape[1],), "projected": (len(places), HIDDEN)}
    masks = {}
    for k, (site, size) in enumerate(sizes.items()):
        p = s[f"p_{site}"]
        if s["training"] and p:
            masks[site] = (np.random.default_rng([s["seed"], k]).random(size) >= p) / (1 - p)
    z = twins.drop(x, masks.get("input")) @ W.T  # (N, F')
    alpha = twins.attention_coefficients(z, edges, a_src, a_dst)  # (E,)
    out = twins.gat_head(x, edges, W, a_src, a_dst, masks=masks)  # (N, F')
    return Pass(alpha, twins.drop(alpha, masks.get("attention")), masks, out)


SIDE, EDGE = 470, 26


def _graph(run: Pass, s: Settings, row: twins.Array) -> svg.Sheet:
    """All nodes, each a button; a node's disc is as full as its features are kept."""
    places, edges = club()
    at = EDGE + places * (SIDE - 2 * EDGE)
    pairs = {tuple(sorted(edge)) for edge in edges.T.tolist() if edge[0] != edge[1]}
    parts = [svg.line([tuple(at[u]), tuple(at[v])], stroke=PALE, width=1.5) for u, v in sorted(pairs)]
    for e in row:
        u, v = edges[:, e]
        if u != v:
            gone = run.dropped[e] == 0
            look: dict[str, Any] = {"stroke": EMBER, "width": 2.5, "stroke_dasharray": "5 5"}
            if not gone:
                look = {"stroke": BLUE, "width": 2 + 9 * float(run.alpha[e])}
            parts.append(svg.line([tuple(at[u]), tuple(at[v])], **look))
    kept = run.masks.get("input", np.ones((len(places), FEATURES))) > 0  # (N, F)
    for node, (x, y) in enumerate(at):
        chosen = node == s["node"]
        edge: dict[str, Any] = {"stroke": EMBER if chosen else INK, "stroke_width": 4 if chosen else 1.2}
        full = float(kept[node].mean())
        disc = [svg.circle(x, y, 12, fill=PAPER, **edge), svg.circle(x, y, 10.5 * np.sqrt(full), fill=SKY)]
        disc.append(svg.text(x, y + 5, str(node), size=13, font_weight="bold" if chosen else None))
        says = f"Node {node}, {round(100 * full)} % of its features kept"
        button: dict[str, Any] = {"role": "button", "tabindex": 0, "aria_pressed": str(chosen).lower()}
        parts.append(svg.group(*disc, data_name="node", data_value=node, aria_label=says, **button))
    parts.append(
        svg.text(10, SIDE + 20, "thick: attention into the node; dashed: dropped", size=15, anchor="start")
    )
    parts.append(
        svg.text(10, SIDE + 42, "disc: fraction of the node's features kept", size=15, anchor="start")
    )
    return svg.Sheet(SIDE, SIDE + 54, tuple(parts))


def _rows(run: Pass, s: Settings, row: twins.Array) -> svg.Sheet:
    """The node's row of attention: before its mask, and after, with their sums."""
    sources = club().edges[0][row]
    high = 1.1 * max(float(run.dropped[row].max()), float(run.alpha[row].max()))
    sheets = []
    for values, name in ((run.alpha[row], "softmax"), (run.dropped[row], "after the mask")):
        axes = charts.Axes(440, 150, (-0.6, len(row) - 0.4), (0, high))
        labels = {float(k): str(source) for k, source in enumerate(sources)}
        title = f"Row of node {s['node']}, {name}: sum {values.sum():.2f}"
        parts = axes.frame(title=title, x="from node", y="coefficient", x_ticks=labels)
        for k, value in enumerate(values):
            if value:
                parts.append(axes.bar(float(k), float(value), width=0.7, colour=SKY))
            else:
                x, y = axes.at(float(k), 0)
                parts.append(svg.text(x, y - 4, "×", size=20, fill=EMBER, font_weight="bold"))
        sheets.append(axes.sheet(parts))
    return svg.stack(*sheets, gap=6)


def _panel(s: Settings, run: Pass) -> str:
    """Which rate is which argument."""
    said = (
        "Coefficients: PyG GATConv(dropout=p), DGL attn_drop. Node features: F.dropout(x) before the layer, "
        "DGL feat_drop. Projected features: the third site of the authors' own code. Three sites, three "
        "hyperparameters."
    )
    kept = "" if s["training"] else " At evaluation no mask acts."
    return f"<p>{escape(said)}{kept}</p>"
