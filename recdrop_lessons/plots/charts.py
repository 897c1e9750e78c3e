"""Small charts as SVG, for explorers: lines and bars on a pair of axes.

matplotlib takes 60 to 120 ms for such a chart, most of the time that a change may take to show; these take
about one. Lessons that draw once use matplotlib through `style.look`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recdrop_lessons.plots import svg
from recdrop_lessons.plots.style import BLUE, GREY, INK, PALE, PAPER
from recdrop_lessons.twins.equations import Array


@dataclass(frozen=True)
class Line:
    """A curve (x, y) with its name; colour and dash both tell it apart."""

    name: str
    x: Array
    y: Array
    colour: str = BLUE
    dash: str | None = None
    width: float = 2.5


@dataclass(frozen=True)
class Axes:
    """A frame on a sheet, from data to places: `left`, `top`, `width`, `height` in pixels."""

    width: float
    height: float
    xlim: tuple[float, float]
    ylim: tuple[float, float]
    left: float = 62
    top: float = 40

    def at(self, x: float, y: float) -> svg.Point:
        """The place of a value; what lies outside is set on the border."""
        (x0, x1), (y0, y1) = self.xlim, self.ylim
        across = min(max((x - x0) / (x1 - x0), 0), 1)
        up = min(max((y - y0) / (y1 - y0), 0), 1)
        return self.left + across * self.width, self.top + (1 - up) * self.height

    def frame(
        self,
        *,
        title: str,
        x: str,
        y: str,
        x_ticks: Mapping[float, str] | None = None,
        y_ticks: Mapping[float, str] | None = None,
    ) -> list[str]:
        """The axes with their numbers and names; ticks by value and label, or round numbers."""
        bottom = self.top + self.height
        parts = [svg.text(16, 22, title, size=17, anchor="start", font_weight="bold")]
        for value, label in (y_ticks or {v: plain(v) for v in ticks(*self.ylim)}).items():
            _, at_y = self.at(self.xlim[0], value)
            parts.append(svg.line([(self.left, at_y), (self.left + self.width, at_y)], stroke=PALE, width=1))
            parts.append(svg.text(self.left - 8, at_y + 5, label, size=14, anchor="end", fill=GREY))
        for value, label in (x_ticks or {v: plain(v) for v in ticks(*self.xlim)}).items():
            at_x, _ = self.at(value, self.ylim[0])
            parts.append(svg.text(at_x, bottom + 19, label, size=14, fill=GREY))
        corner = [(self.left, self.top), (self.left, bottom), (self.left + self.width, bottom)]
        parts.append(svg.line(corner, stroke=GREY, width=1.5))
        parts.append(svg.text(self.left + self.width / 2, bottom + 40, x, size=15))
        turn = f"rotate(-90 16 {svg.number(self.top + self.height / 2)})"
        parts.append(svg.text(16, self.top + self.height / 2, y, size=15, transform=turn))
        return parts

    def line(self, curve: Line) -> str:
        """A curve, cut where it is not a number."""
        pieces, points = [], []
        for x, y in zip(curve.x, curve.y, strict=True):
            if math.isfinite(y):
                points.append(self.at(float(x), float(y)))
            elif points:
                pieces.append(points)
                points = []
        pieces.append(points)
        look: dict[str, Any] = {"stroke": curve.colour, "width": curve.width, "stroke_dasharray": curve.dash}
        return "".join(svg.line(piece, **look) for piece in pieces if piece)

    def upright(self, x: float, *, colour: str, dash: str | None = None, width: float = 2.5) -> str:
        """A line from bottom to top at x."""
        low, high = self.ylim
        return svg.line(
            [self.at(x, low), self.at(x, high)], stroke=colour, width=width, stroke_dasharray=dash
        )

    def level(self, y: float, *, colour: str, dash: str | None = None, width: float = 2.5) -> str:
        """A line from left to right at y."""
        low, high = self.xlim
        return svg.line(
            [self.at(low, y), self.at(high, y)], stroke=colour, width=width, stroke_dasharray=dash
        )

    def dot(self, x: float, y: float, *, colour: str, radius: float = 5) -> str:
        """A point."""
        return svg.circle(*self.at(x, y), radius, fill=colour, stroke=PAPER, stroke_width=1.5)

    def band(self, x: Array, low: Array, high: Array, *, colour: str) -> str:
        """The area between two curves."""
        edge = [self.at(float(a), float(b)) for a, b in zip(x, high, strict=True)]
        edge += [self.at(float(a), float(b)) for a, b in zip(x[::-1], low[::-1], strict=True)]
        points = " ".join(f"{svg.number(a)},{svg.number(b)}" for a, b in edge)
        return f"<polygon{svg.attributes(points=points, fill=colour, fill_opacity=0.35)}/>"

    def bar(self, x: float, y: float, *, width: float, colour: str, base: float = 0.0) -> str:
        """A bar from `base` to y, `width` wide in data."""
        (x0, y0), (x1, y1) = self.at(x - width / 2, max(y, base)), self.at(x + width / 2, min(y, base))
        return svg.rect(x0, y0, x1 - x0, max(y1 - y0, 0.5), fill=colour, stroke=INK, stroke_width=0.8)

    def sheet(self, parts: Sequence[str]) -> svg.Sheet:
        """The sheet that holds the frame and what is drawn in it."""
        return svg.Sheet(self.left + self.width + 22, self.top + self.height + 52, tuple(parts))


def lines(
    curves: Sequence[Line],
    *,
    title: str,
    x: str,
    y: str,
    ylim: tuple[float, float] | None = None,
    width: float = 400,
    height: float = 190,
    legend: bool = True,
) -> svg.Sheet:
    """Curves on one pair of axes, their names in a legend below."""
    every_x, every_y = np.concatenate([c.x for c in curves]), np.concatenate([c.y for c in curves])
    low, high = ylim or padded(every_y)
    axes = Axes(width, height, (float(every_x.min()), float(every_x.max())), (low, high))
    drawn = axes.sheet([*axes.frame(title=title, x=x, y=y), *(axes.line(curve) for curve in curves)])
    return svg.stack(drawn, names(curves, drawn.width), gap=4) if legend else drawn


def names(curves: Sequence[Line], width: float) -> svg.Sheet:
    """The legend: a piece of each line and its name, in as many rows as they need."""
    parts, x, y = [], 16.0, 18.0
    for curve in curves:
        wide = 52 + 8.6 * len(curve.name)
        if x > 16 and x + wide > width:
            x, y = 16.0, y + 24
        parts.append(
            svg.line([(x, y - 5), (x + 34, y - 5)], stroke=curve.colour, width=3, stroke_dasharray=curve.dash)
        )
        parts.append(svg.text(x + 40, y, curve.name, size=15, anchor="start"))
        x += wide
    return svg.Sheet(width, y + 8, tuple(parts))


def padded(values: Array) -> tuple[float, float]:
    """Limits a little wider than the values, whatever they are; rounding does not set equal ones apart."""
    kept = values[np.isfinite(values)]
    if not kept.size:
        return 0.0, 1.0
    low, high = float(kept.min()), float(kept.max())
    apart = high - low > 1e-9 * max(abs(low), abs(high))
    room = 0.06 * (high - low) if apart else 0.5
    return low - room, high + room


def ticks(low: float, high: float, wanted: int = 4) -> list[float]:
    """Round numbers between two limits, 1, 2 or 5 times a power of ten apart."""
    span = high - low
    power = 10 ** math.floor(math.log10(span / wanted))
    step = next(s * power for s in (1, 2, 5, 10) if s * power >= span / wanted)
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 10) for k in range(first, math.floor(high / step + 1e-9) + 1)]


def plain(value: float) -> str:
    """A number as one reads it on an axis."""
    return f"{value:g}".replace("-", "−")
