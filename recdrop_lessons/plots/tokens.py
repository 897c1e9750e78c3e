"""The symbol of a mask: a strip of four units, filled as far as the mask lets them through.

A kept unit is filled, a dropped one is empty and crossed, so that the symbol reads without colour. The same
strip at every step is the same mask; with one mask per gate the symbol has a row for each gate.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from recdrop_lessons.plots import svg
from recdrop_lessons.plots.style import GREY, INK, PALE, PAPER, SKY, VERMILION
from recdrop_lessons.twins.equations import Array

UNITS = 4
Box = tuple[float, float, float, float]  # x, y, width, height


def strip(mask: Array | None) -> Array:
    """Cut a mask down to what its symbol shows: (rows, 4), one row, or one per gate.

    Shapes: None (a place without a mask), (units,) or (gates, units) → (rows, UNITS).
    """
    if mask is None:
        return np.full((1, UNITS), np.nan)
    rows = np.atleast_2d(mask)[:UNITS]
    return np.broadcast_to(rows, (len(rows), UNITS)) if rows.shape[1] == 1 else rows[:, :UNITS]


def size(rows: int, scale: float = 1.0) -> tuple[float, float]:
    """Width and height of a symbol with so many rows."""
    return (UNITS * 14 + 6) * scale, (rows * _height(rows) + 6) * scale


def _height(rows: int) -> float:
    return 14 if rows == 1 else 9


def token(x: float, y: float, mask: Array | None, *, zoneout: bool = False, scale: float = 1.0) -> str:
    """Draw the symbol of `mask` centred at (x, y); `mask=None` draws the empty place where one could act.

    `zoneout`: a unit that keeps its old value is filled with the colour of the past, not crossed.
    """
    values = strip(mask)
    width, height = size(len(values), scale)
    left, top = x - width / 2, y - height / 2
    lit = mask is not None
    frame = {"stroke": VERMILION, "stroke_width": 3.5} if lit else {"stroke": GREY, "stroke_dasharray": "4 3"}
    parts = [svg.rect(left, top, width, height, fill=PAPER, rx=4 * scale, **frame)]
    step, rise = 14 * scale, _height(len(values)) * scale
    boxes: dict[tuple[int, int], Box] = {
        (row, unit): (
            left + 3 * scale + unit * step + 1,
            top + 3 * scale + row * rise + 1,
            step - 2,
            rise - 2,
        )
        for row, unit in np.ndindex(values.shape)
    }
    if not lit:
        return "".join(parts) + svg.boxes(boxes.values(), fill=PALE)
    return "".join(parts) + units(boxes, values, zoneout=zoneout)


def units(boxes: Mapping[tuple[int, int], Box], values: Array, *, zoneout: bool = False) -> str:
    """Draw units in their boxes (x, y, width, height): filled from below in proportion, crossed at zero.

    `boxes`: by index into `values`. Full is the largest multiplier. With `zoneout`, a unit that keeps
    its old value has the colour of the past, and one that takes the new value is empty.
    """
    largest = max(float(values.max(initial=0)), 1.0)
    kept = {place: box for place, box in boxes.items() if values[place] > 0}
    dropped = [box for place, box in boxes.items() if values[place] == 0]
    if zoneout:
        return svg.boxes(kept.values(), fill=SKY, stroke=INK) + svg.boxes(dropped, fill=PAPER, stroke=INK)
    filled = []
    for place, (x, y, width, height) in kept.items():
        share = height * float(values[place]) / largest
        filled.append((x, y + height - share, width, share))
    return (
        svg.boxes(boxes.values(), fill=PAPER, stroke=INK) + svg.boxes(filled, fill=INK) + svg.crosses(dropped)
    )
