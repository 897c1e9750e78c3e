"""Lesson 12: which numbers that the edges carry share one draw, and which method that is.

`figure(**settings)` is a pure function; `view(**settings)` puts it on the page.
"""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from recdrop_lessons.algebra import variants
from recdrop_lessons.algebra.drops import Drop
from recdrop_lessons.explorers.frame import Again, Frame, Settings, SettingsError, Slider, Toggle, complete
from recdrop_lessons.explorers.view import Explorer
from recdrop_lessons.plots import heatmaps, svg
from recdrop_lessons.plots.style import BLUE, EMBER, GREY, INK, PALE, PAPER
from recdrop_lessons.twins import sampling
from recdrop_lessons.twins.equations import Array

TITLE = "Dropping messages"
FEATURES = 4
PLACES = (
    (50, 160), (150, 50), (150, 270), (265, 50), (265, 270),
    (380, 270), (380, 50), (495, 270), (495, 50), (595, 160),
)  # fmt: skip
PAIRS = ((0, 1), (0, 2), (1, 2), (1, 3), (2, 4), (3, 4), (4, 5), (5, 6), (5, 7), (6, 8), (7, 8), (8, 9))
NODES = len(PLACES)
WHOLE = np.ones((NODES, NODES))  # nothing is removed
CONTROLS = (
    Slider("p", "Drop rate p", value=0.5, low=0.0, high=0.9, step=0.1),
    Toggle("features", "Features of a message share one draw", True),
    Toggle("source", "Messages from one node share it", False),
    Toggle("anew", "Remove edges and normalise again", False),
    Again("seed", "Draw new masks"),
)


def edges() -> Array:
    """The edges of the ten nodes, both ways, and a self-loop a node: (2, E), sorted by their source."""
    both = [*PAIRS, *((v, u) for u, v in PAIRS), *((v, v) for v in range(NODES))]
    return np.array(sorted(both)).T


def view(**settings: Any) -> Explorer:
    """The explorer as a widget, at these settings to begin with."""
    return Explorer(TITLE, CONTROLS, figure, settle, settle({}, complete(CONTROLS, settings)))


def settle(_: Settings, now: Settings) -> Settings:
    """Only a whole edge can be removed."""
    return {**now, "anew": now["anew"] and _whole_edges(now)}


def figure(**settings: Any) -> Frame:
    """Draw ten nodes with the four numbers of each message, and all messages as a map.

    Settings: `p` in [0, 0.9]; `features`, `source`: what shares one draw; `anew`: edges are removed, nothing
        is scaled, and the degrees are those of what is left; `seed`.
    Raises `SettingsError` for a setting out of range, and for `anew` where no whole edges are dropped.
    """
    s = complete(CONTROLS, settings)
    if s["anew"] and not _whole_edges(s):
        raise SettingsError(
            "anew was True; only whole edges can be removed: set features=True, source=False."
        )
    drop = drop_of(s)
    times = multiplier(s)  # (E, F')
    gone = times == 0
    status = (
        f"{name_of(s)} {int(gone.sum())} of {gone.size} numbers vanish, "
        f"and {int(gone.all(1).sum())} of {len(gone)} messages vanish whole."
    )
    title = "all messages, by the node that sends them"
    rows = heatmaps.sheet(times, title=title, across="message", down="features", column=16.5)
    drawn = svg.stack(_graph(times), svg.stack(rows, _senders(), gap=0))
    between, loops = mean_carried(s)
    return Frame(
        svg.document(drawn, label=status),
        alt="Ten nodes in two groups that one edge joins. Each message has four dots near the node that "
        f"receives it, filled where kept. Below a map of all messages, four rows of features. {status}",
        status=status,
        panel=_panel(s, drop, between, loops),
        numbers={"multiplier": times, "drop": drop, "carried": (between, loops)},
        off=() if _whole_edges(s) else ("anew",),
    )


def drop_of(s: Settings) -> Drop:
    """The `Drop` that the two switches of sharing say."""
    return Drop("message", s["p"], shared=tuple(axis for axis in ("features", "source") if s[axis]))


def multiplier(s: Settings) -> Array:
    """What each number of each message is multiplied by, compared with no dropout: (E, F')."""
    rng = np.random.default_rng(s["seed"])
    source, target = edges()
    if s["anew"]:
        (there,) = _graphs_left(s["p"], 1, rng)  # (N, N)
        before, after = (
            _normalised(WHOLE)[source, target],
            _normalised(there)[source, target],
        )
        return np.repeat((after / before)[:, None], FEATURES, axis=1)
    drop = drop_of(s)
    shape = (NODES if s["source"] else len(source), 1 if s["features"] else FEATURES)
    drawn = sampling.noise(drop, shape, rng)
    return np.broadcast_to(drawn[source] if s["source"] else drawn, (len(source), FEATURES))


def mean_carried(s: Settings) -> tuple[float, float]:
    """What messages between two nodes, and self-loops, carry in the mean over masks, relative to no dropout.

    A mask on a fixed normalisation has the mean 1. Where edges are removed, 2000 graphs are drawn.
    """
    if not s["anew"]:
        return 1.0, 1.0
    left = _normalised(_graphs_left(s["p"], 2000, np.random.default_rng(0))).mean(0)  # (N, N)
    whole, loops = _normalised(WHOLE), np.eye(NODES, dtype=bool)
    return float(left[~loops].sum() / whole[~loops].sum()), float(left[loops].sum() / whole[loops].sum())


def _whole_edges(s: Settings) -> bool:
    return bool(s["features"] and not s["source"])


def _graphs_left(p: float, count: int, rng: np.random.Generator) -> Array:
    """Which entries of the adjacency matrix are left, (count, N, N); the layer adds its self-loops later."""
    return (rng.random((count, NODES, NODES)) >= p) | np.eye(NODES, dtype=bool)


def _normalised(there: Array) -> Array:
    """ã_uv = a_uv / √(d_u d_v) of the graph's edges that are left, (…, N, N)."""
    graph = np.zeros((NODES, NODES))
    graph[tuple(edges())] = 1
    left = graph * there
    root = left.sum(-2) ** -0.5  # (…, N), d_v = Σ_u a_uv
    return root[..., :, None] * left * root[..., None, :]


def name_of(s: Settings) -> str:
    """The method of these switches."""
    if s["anew"]:
        return "DropEdge as its authors run it: dropout_edge before a GCNConv."
    same = [variants.GRAPH_ROWS[key].name for key in variants.matching([drop_of(s)], variants.GRAPH_ROWS)]
    return f"{same[0]}." if same else "Dropout of the projected features of each node."


def _graph(times: Array) -> svg.Sheet:
    """The ten nodes; each message is a line with its four numbers as dots near the node that receives it."""
    lines, dots = [], []
    for (u, v), numbers in zip(edges().T, times, strict=True):
        start, end = np.array(PLACES[u], float), np.array(PLACES[v], float)
        if u == v:
            at = [end + _outside(v) + 7.5 * (2 * k - 3) * _outside(v)[::-1] / 28 for k in range(FEATURES)]
        else:
            along = (end - start) / np.linalg.norm(end - start)
            aside = 6 * np.array([-along[1], along[0]])
            look = {"stroke": GREY} if numbers.any() else {"stroke": EMBER, "stroke_dasharray": "4 5"}
            ends = [tuple(start + aside), tuple(end + aside)]
            lines.append(svg.line(ends, width=1.5, **look))
            at = [end + aside - along * (26 + 11 * k) for k in reversed(range(FEATURES))]
        for (x, y), number in zip(at, numbers, strict=True):
            look = {"fill": BLUE, "stroke": BLUE} if number else {"fill": PAPER, "stroke": EMBER}
            dots.append(svg.circle(x, y, 4, stroke_width=1.6, **look))
    nodes = [
        svg.group(
            svg.circle(x, y, 16, fill=PALE, stroke=INK, stroke_width=1.2),
            svg.text(x, y + 6, str(node), size=17, font_weight="bold"),
        )
        for node, (x, y) in enumerate(PLACES)
    ]
    said = "four dots: the numbers of a message, near the node that receives it; outside: its self-loop"
    words = svg.text(10, 336, said, size=13, anchor="start", fill=GREY)
    return svg.Sheet(640, 344, (*lines, *nodes, *dots, words))


def _outside(node: int) -> Array:
    """From a node's middle to its self-loop's numbers, away from all edges: left and right of 0 and 9."""
    x, y = PLACES[node]
    return np.array([0, 28 if y > 160 else -28] if y != 160 else [28 if x > 300 else -28, 0])


def _senders() -> svg.Sheet:
    """The node that sends, below each group of columns of the map."""
    source = edges()[0]
    at = {node: 46 + 16.5 * (np.flatnonzero(source == node).mean() + 0.5) for node in range(NODES)}
    return svg.Sheet(620, 26, tuple(svg.text(x, 14, str(node), size=15, fill=GREY) for node, x in at.items()))


def _panel(s: Settings, drop: Drop, between: float, loops: float) -> str:
    """The row in this library, and whether the mean is kept."""
    if s["anew"]:
        given = f"edges, _ = remove_edges(edges, {s['p']:g}, training=True)"
        mean = (
            "Nothing is scaled, and the rest is normalised again. In the mean over 2000 graphs a message "
            f"between two nodes carries {100 * between:.0f} % of what it carries without dropout, a "
            f"self-loop {100 * loops:.0f} %."
        )
    else:
        given = f'Drop("message", {drop.p:g}, shared={drop.shared!r})'
        mean = "What is kept is divided by 1-p, and the normalisation is fixed: the mean over masks is kept."
    return f"<p>{escape(mean)}</p><p>In this library: <code>{escape(given)}</code></p>"
