"""Lesson 01: one step of an LSTM cell. Turn the gates by hand, and watch c and h.

`figure(**settings)` is a pure function; `view(**settings)` puts it on the page.
"""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from recdrop_lessons.explorers.frame import Choice, Frame, Settings, Slider, complete
from recdrop_lessons.explorers.view import Explorer
from recdrop_lessons.plots import charts, svg
from recdrop_lessons.plots.opened import BUS, CARRY, CELLS, OPEN
from recdrop_lessons.plots.style import BLUE, EMBER, GREEN, GREY, INK, ORANGE
from recdrop_lessons.twins import equations as twins

TITLE = "One step of a cell"
AGAIN = 20  # how often the same step is repeated in the chart
FUNCTIONS = {"tanh": "tanh", "sigmoid": "σ, the sigmoid", "relu": "relu", "linear": "linear"}
SIGNS = {"tanh": "tanh", "sigmoid": "σ", "relu": "relu", "linear": "lin"}
CONTROLS = (
    Slider("a_f", "Forget gate, a_f", value=2.0, low=-6, high=6, step=0.5),
    Slider("a_i", "Input gate, a_i", value=0.0, low=-6, high=6, step=0.5),
    Slider("a_g", "Candidate, a_g", value=1.0, low=-6, high=6, step=0.5),
    Slider("a_o", "Output gate, a_o", value=1.0, low=-6, high=6, step=0.5),
    Slider("c", "Cell before, c", value=1.0, low=-3, high=3, step=0.25),
    Choice("activation", "activation", "tanh", FUNCTIONS),
    Choice("recurrent_activation", "recurrent_activation", "sigmoid", FUNCTIONS),
)
GATES = "ifgo"


def view(**settings: Any) -> Explorer:
    """The explorer as a widget, at these settings to begin with."""
    return Explorer(TITLE, CONTROLS, figure, given=settings)


def figure(**settings: Any) -> Frame:
    """Draw one step with the gates at these settings, and what comes of repeating it.

    Settings: `a_i`, `a_f`, `a_g`, `a_o` in [-6, 6], the gates before their functions; `c` in [-3, 3], the
    cell before the step; `activation` and `recurrent_activation`, each "tanh", "sigmoid", "relu" or "linear".
    Raises `SettingsError` for a setting out of range.
    """
    s = complete(CONTROLS, settings)
    step = one_step(s, s["c"])
    after, h = float(step.c[0, 0]), float(step.h[0, 0])  # type: ignore[index]
    gates = {name: float(step.gates[name][0, 0]) for name in GATES}
    cells, hiddens = repeated(s)
    said = ", ".join(f"{name} = {gates[name]:.2f}" for name in "figo")
    status = f"{said}. c goes from {s['c']:.2f} to {after:.2f}; h = {h:.2f}."
    return Frame(
        svg.document(_sheet(s, gates, after, h, cells, hiddens), label=status),
        alt=f"An LSTM cell opened up, with numbers on its wires. {status} After {AGAIN} such steps c is "
        f"{cells[-1]:.2f} and h is {hiddens[-1]:.2f}.",
        status=status,
        panel=_panel(s, gates, after, h),
        numbers={"c": after, "h": h, **gates, "cells": cells, "hiddens": hiddens},
    )


def one_step(s: Settings, c: float) -> twins.TwinStep:
    """One step of the NumPy twin for one unit, its gates given before their functions: W = I, U = 0."""
    a = np.array([[s["a_i"], s["a_f"], s["a_g"], s["a_o"]]])  # (1, 4)
    functions = {name: s[name] for name in ("activation", "recurrent_activation")}
    state = np.zeros((1, 1)), np.full((1, 1), c)  # (B, H) each
    return twins.lstm_step(a, *state, np.eye(4), np.zeros((4, 1)), np.zeros(4), **functions)


def repeated(s: Settings) -> tuple[twins.Array, twins.Array]:
    """The cell and h when the step is taken again and again: c_0 … c_20, and h_1 … h_20 after a gap."""
    cells, hiddens = [s["c"]], [np.nan]
    for _ in range(AGAIN):
        step = one_step(s, cells[-1])
        cells.append(float(step.c[0, 0]))  # type: ignore[index]
        hiddens.append(float(step.h[0, 0]))
    return np.array(cells), np.array(hiddens)


def _sheet(
    s: Settings, gates: dict[str, float], after: float, h: float, cells: twins.Array, hiddens: twins.Array
) -> svg.Sheet:
    """The open cell with its numbers on the left, the repeated step on the right."""
    left, right = OPEN
    box = svg.rect(left, 95, right - left, 390, fill="#F7F7F7", stroke=GREY, stroke_width=2, rx=14)
    parts = [
        box,
        *CELLS["LSTM"].wires(False, SIGNS[s["activation"]], SIGNS[s["recurrent_activation"]]),
        *_numbers(s, gates, after, h),
    ]
    moved = svg.group(*parts, transform=f"translate({110 - left} -12)")
    cell = svg.Sheet(right - left + 240, 606, (moved,))
    steps = np.arange(AGAIN + 1.0)
    curves = [charts.Line("c", steps, cells, BLUE), charts.Line("h", steps, hiddens, GREEN, "6 4")]
    again = charts.lines(
        curves, title=f"This step, {AGAIN} times over", x="step", y="value", width=860, height=150
    )
    return svg.stack(cell, again, gap=0)


def _numbers(s: Settings, gates: dict[str, float], after: float, h: float) -> list[str]:
    """The values on the wires; a gate's box is filled as far as the gate is open."""
    f, i, g, o = 440, 510, 580, 745  # where the wires of `opened` run
    parts = []
    rows = (410, 390, 410, 410)  # i's name stands higher, clear of f's
    for name, x, y in zip("figo", (f, i, g, o), rows, strict=True):
        parts.append(_level(x, gates[name], candidate=name == "g"))
        parts.append(_value(x - 8, y, s[f"a_{name}"], "end", f"a_{name}"))
    before = s["c"]
    parts += [
        _value(OPEN[0] - 12, CARRY - 14, before, "end", "c_{t-1}"),
        _value(f + 17, CARRY - 12, gates["f"] * before, "start", "f∘c_{t-1}"),
        _value(g + 12, 200, gates["i"] * gates["g"], "start", "i∘g"),
        _value(OPEN[1] + 10, CARRY - 14, after, "start", "c_t"),
        _value(OPEN[1] + 10, BUS - 14, h, "start", "h_t"),
    ]
    return parts


def _value(x: float, y: float, value: float, anchor: str, name: str) -> str:
    """A name and its value, clear of the wires."""
    clear: dict[str, Any] = {"stroke": "#FFFFFF", "stroke_width": 5, "paint_order": "stroke"}
    words = f"{name} = {charts.plain(round(value, 2) + 0.0)}"
    return svg.text(x, y, words, size=17, anchor=anchor, fill=EMBER, font_weight="bold", **clear)


def _level(x: float, value: float, *, candidate: bool) -> str:
    """A tube beside a gate's box, filled as far as the gate is open; the candidate's from its middle."""
    top, height, left = 312.0, 52.0, x + 28
    low, high = (-1.0, 1.0) if candidate else (0.0, 1.0)
    at = {v: top + height * (1 - (min(max(v, low), high) - low) / (high - low)) for v in (value, 0.0)}
    tube = svg.rect(left, top, 10, height, fill="#FFFFFF", stroke=INK)
    fill = svg.rect(left, min(at.values()), 10, abs(at[value] - at[0.0]), fill=ORANGE, stroke=INK)
    clear: dict[str, Any] = {"stroke": "#FFFFFF", "stroke_width": 4, "paint_order": "stroke"}
    return tube + fill + svg.text(x + 8, 306, charts.plain(round(value, 2)), size=16, anchor="start", **clear)


def _panel(s: Settings, gates: dict[str, float], after: float, h: float) -> str:
    """The two equations with their numbers, and which functions stand where."""
    φ, σ = FUNCTIONS[s["activation"]], FUNCTIONS[s["recurrent_activation"]]
    i, f, g, o = (f"{gates[name]:.2f}" for name in GATES)
    read = float(twins.ACTIVATIONS[s["activation"]](np.array(after)))
    lines = (
        f"c_t = f∘c_(t-1) + i∘g = {f} × {s['c']:.2f} + {i} × {g} = {after:.2f}",
        f"h_t = o∘{SIGNS[s['activation']]}(c_t) = {o} × {read:.2f} = {h:.2f}",
        f"recurrent_activation ({σ}) makes i, f and o; activation ({φ}) makes g, and acts on c_t for h_t.",
    )
    return "".join(f"<p>{escape(line)}</p>" for line in lines)
