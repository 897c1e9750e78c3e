"""Lesson 05: how long a cell remembers under each row of the table.

`figure(**settings)` is a pure function; `view(**settings)` puts it on the page.
"""

from __future__ import annotations

import math
from html import escape
from typing import Any

import numpy as np

from recdrop_lessons.algebra import variants
from recdrop_lessons.algebra.drops import Drop
from recdrop_lessons.explorers.frame import Choice, Frame, Settings, Slider, complete
from recdrop_lessons.explorers.view import Explorer
from recdrop_lessons.plots import charts, svg
from recdrop_lessons.plots.style import BLUE, EMBER, GREEN, GREY, INK, ORANGE, PURPLE
from recdrop_lessons.twins import influence
from recdrop_lessons.twins.equations import Array

TITLE = "Memory of each method"
STEP_MASK, SCALED = "cell_step", "cell_scaled"
ROWS = {key: row.name for key, row in variants.ROWS.items()} | {
    STEP_MASK: "Cell mask, per step",
    SCALED: "Cell mask, scaled",
}
CONTROLS = (
    Slider("p", "Rate p", value=0.25, low=0.0, high=0.9, step=0.05),
    Slider("forget", "Forget gate f", value=0.95, low=0.5, high=1.0, step=0.01),
    Slider("steps", "Steps T", value=50, low=5, high=100, step=5),
    Choice("row", "Row", "moon", ROWS),
)
#: The rows that touch the memory, each with its colour and dash; the others leave it alone and look alike.
LOOKS = {
    "moon": (EMBER, "9 4"), STEP_MASK: (PURPLE, "3 4"), SCALED: (GREY, "1 3"), "zoneout": (GREEN, "12 4 3 4"),
    "semeniuta": (ORANGE, "6 3"), "semeniuta_sequence": (INK, "2 3"),
}  # fmt: skip


def view(**settings: Any) -> Explorer:
    """The explorer as a widget, at these settings to begin with."""
    return Explorer(TITLE, CONTROLS, figure, given=settings)


def figure(**settings: Any) -> Frame:
    """Draw what is left in the cell, after each step, of what the first step wrote.

    Settings: `p` in [0, 0.9]; `forget` in [0.5, 1]; `steps` from 5 to 100; `row`, whose numbers are said.
    Left the mean over masks, right the probability that anything is left (see `twins.influence`).
    Raises `SettingsError` for a setting out of range.
    """
    s = complete(CONTROLS, settings)
    means = {key: influence.mean(drops_of(key, s["p"]), s["forget"], s["steps"]) for key in ROWS}
    alive = {key: influence.surviving(drops_of(key, s["p"]), s["forget"], s["steps"]) for key in ROWS}
    last, left = float(means[s["row"]][-1]), float(alive[s["row"]][-1])
    status = (
        f"{ROWS[s['row']]}, p = {s['p']:g}, f = {s['forget']:g}: after {s['steps']} steps the mean influence "
        f"is {last:.3g}, and anything is left with probability {left:.3g}."
    )
    sheet = svg.beside(
        _chart(means, s, "Mean influence of step 1 on c_t", log=True),
        _chart(alive, s, "Probability that anything is left", log=False),
    )
    return Frame(
        svg.document(sheet, label=status),
        alt=f"Curves over {s['steps']} steps, one for each group of methods that agree. {status} "
        + " ".join(
            f"{', '.join(ROWS[key] for key in keys)}: {means[keys[0]][-1]:.3g}." for keys in groups(means)
        ),
        status=status,
        panel=_agreeing("Left", means) + _agreeing("Right", alive),
        numbers={"mean": means, "alive": alive},
    )


def drops_of(key: str, p: float) -> variants.Drops:
    """The drops of a row of the table, or of one of the two that are nobody's method."""
    if key == STEP_MASK:
        return (Drop("cell", p, shared=(), noise="binary"),)
    return variants.cell_scaled(p) if key == SCALED else variants.ROWS[key].make(p)


def groups(curves: dict[str, Array]) -> list[list[str]]:
    """The rows whose curves are the same, together."""
    found: dict[tuple[float, ...], list[str]] = {}
    for key, curve in curves.items():
        found.setdefault(tuple(np.round(curve, 10)), []).append(key)
    return list(found.values())


def _agreeing(where: str, curves: dict[str, Array]) -> str:
    """The panel: which rows lie on one curve of a chart."""
    said = "; ".join(" · ".join(ROWS[key] for key in keys) for keys in groups(curves) if len(keys) > 1)
    return f"<p>{where}, on one curve: {escape(said or 'none')}.</p>"


def _chart(curves: dict[str, Array], s: Settings, title: str, *, log: bool) -> svg.Sheet:
    """One curve a group, the chosen row's the thickest; the influence on a logarithmic scale."""
    steps = np.arange(1.0, s["steps"] + 1)
    together = groups(curves)
    drawn = [np.log10(np.maximum(curves[keys[0]], 1e-300)) if log else curves[keys[0]] for keys in together]
    low, high = (-4.0, 2.0) if log else (0.0, 1.05)
    axes = charts.Axes(430, 260, (1, float(s["steps"])), (low, high), left=82)
    y_ticks = {float(k): f"{10.0**k:g}" for k in range(-4, 3)} if log else None
    parts = axes.frame(title=title, x="time step t", y="influence" if log else "probability", y_ticks=y_ticks)
    lines = []
    for keys, curve in zip(together, drawn, strict=True):
        inside = np.where((curve >= low) & (curve <= high), curve, math.nan)
        width = 5.0 if s["row"] in keys else 2.2
        colour, dash = (BLUE, None) if set(keys) - set(LOOKS) else LOOKS[_first(keys, s["row"])]
        lines.append(charts.Line(_called(keys, s["row"]), steps, inside, colour, dash, width))
    sheet = axes.sheet([*parts, *(axes.line(line) for line in lines)])
    return svg.stack(sheet, charts.names(lines, sheet.width), gap=0)


def _first(keys: list[str], chosen: str) -> str:
    """The row that a group is named and coloured by: the chosen one, or its first."""
    return chosen if chosen in keys else keys[0]


def _called(keys: list[str], chosen: str) -> str:
    """A group by that row, and how many agree with it."""
    others = len(keys) - 1
    if chosen not in keys and set(keys) - set(LOOKS):
        return f"the other {len(keys)} rows"
    return ROWS[_first(keys, chosen)] + (f" and {others} more" if others else "")
