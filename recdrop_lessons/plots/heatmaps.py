"""Masks as heat maps, time × units: what is shared can be seen as rows and columns that look alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recdrop_lessons.plots import svg, tokens
from recdrop_lessons.plots.style import EMBER, GREY, Picture
from recdrop_lessons.twins.equations import Array

TALL = 176  # the height of a heat map with many rows; with few, a row is as high as wide
APART = 6  # between two blocks of rows


def picture(mask: Array, *, name: str = "mask", zoneout: bool = False) -> Picture:
    """Draw a mask (T, units) as a picture with its alt text."""
    drawn = sheet(mask, title=name, zoneout=zoneout)
    return Picture(svg.document(drawn, label=name), alt=describe(mask, name, zoneout=zoneout))


def compared(masks: Mapping[str, Any], *, down: str = "units", columns: int = 2) -> Picture:
    """Draw masks (T, units), `columns` side by side, each by its name: filled is kept, crossed is dropped."""
    arrays = {name: np.asarray(mask, dtype=float) for name, mask in masks.items()}
    sheets = [sheet(mask, title=name, down=down) for name, mask in arrays.items()]
    rows = (svg.beside(*sheets[k : k + columns], gap=30) for k in range(0, len(sheets), columns))
    drawn = svg.stack(*rows, gap=16)
    words = " ".join(describe(mask, name, down=down) for name, mask in arrays.items())
    return Picture(svg.document(drawn, label=words), alt=words)


def sheet(
    mask: Array,
    *,
    title: str,
    zoneout: bool = False,
    across: str = "time step",
    down: str = "units",
    blocks: Sequence[str] = (),
    column: float = 22,
) -> svg.Sheet:
    """Draw a mask, a column a time step and a row a unit: filled passes, crossed is dropped.

    Shapes: mask (T, units). A place is filled from below in proportion to the largest multiplier.
    `blocks`: names of equal blocks of rows, such as the gates, set beside them with a gap between two;
    `column`: a column's width.
    """
    columns, rows = mask.shape
    row = min(column, TALL / rows)
    left, top = 46, 58
    inside = rows // max(len(blocks), 1)  # the rows of a block
    parts = [
        svg.text(8, 24, title, size=18, anchor="start", fill=EMBER, font_weight="bold"),
        svg.text(left, 48, f"{across} →", size=15, anchor="start", fill=GREY),
    ]
    boxes: dict[tuple[int, int], tokens.Box] = {
        (k, unit): (left + k * column, top + unit * row + unit // inside * APART, column - 2, row - 1.5)
        for k, unit in np.ndindex(mask.shape)
    }
    parts.append(tokens.units(boxes, mask, zoneout=zoneout))
    if blocks:
        high = inside * row + APART
        middle = top + inside * row / 2 + 6
        parts += [svg.text(left - 12, middle + k * high, name, size=17) for k, name in enumerate(blocks)]
    else:
        turn = f"rotate(-90 {left - 12} {top})"
        parts.append(svg.text(left - 12, top, f"← {down}", size=15, anchor="end", fill=GREY, transform=turn))
    width = max(left + max(columns * column, 200) + 10, 20 + 11.5 * len(title))  # bold letters of size 18
    return svg.Sheet(width, top + rows * row + max(len(blocks) - 1, 0) * APART + 8, tuple(parts))


def describe(mask: Array, name: str, *, down: str = "units", zoneout: bool = False) -> str:
    """Say in words how much a mask (T, units) drops, and whether its steps differ."""
    steps, units = mask.shape
    hit = int(np.count_nonzero(mask)) if zoneout else int(mask.size - np.count_nonzero(mask))
    same = "the same at every step" if (mask == mask[:1]).all() else "different from step to step"
    done = "keep their old value" if zoneout else "are dropped"
    size = f"{steps} time steps by {units} {down}"
    return f"{name}: {size}; {hit} of {mask.size} {done}; the pattern is {same}."
