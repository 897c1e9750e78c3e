"""A few words of SVG: each function returns one element as text, so that a picture is a list of them.

No ids and no style sheets: several pictures can stand in one page without touching each other, and the same
picture is always the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from recdrop_lessons.plots.style import FONT, INK, PAPER

Point = tuple[float, float]


def number(value: float) -> str:
    """Write a coordinate short and the same everywhere: 12, 12.5, never 12.500000001."""
    return f"{value:.1f}".rstrip("0").rstrip(".") or "0"


def attributes(**given: Any) -> str:
    """Write keyword arguments as attributes: `stroke_width=2` becomes ` stroke-width="2"`, None nothing."""
    written = []
    for name, value in given.items():
        if value is not None:
            text = number(value) if isinstance(value, float) else str(value)
            written.append(f' {name.rstrip("_").replace("_", "-")}="{escape(text)}"')
    return "".join(written)


def rect(x: float, y: float, width: float, height: float, *, fill: str = "none", **more: Any) -> str:
    """A rectangle by its upper left corner."""
    place = attributes(x=float(x), y=float(y), width=float(width), height=float(height))
    return f"<rect{place}{attributes(fill=fill, **more)}/>"


def boxes(places: Iterable[tuple[float, float, float, float]], *, fill: str = "none", **more: Any) -> str:
    """Many rectangles (x, y, width, height) as one element: a heat map would be long otherwise."""
    path = "".join(
        f"M{number(x)} {number(y)}h{number(width)}v{number(height)}h{number(-width)}z"
        for x, y, width, height in places
    )
    return f'<path d="{path}"{attributes(fill=fill, **more)}/>' if path else ""


def crosses(places: Iterable[tuple[float, float, float, float]]) -> str:
    """A cross through each of many rectangles, as one element."""
    path = "".join(
        f"M{number(x)} {number(y)}l{number(w)} {number(h)}m0 {number(-h)}l{number(-w)} {number(h)}"
        for x, y, w, h in places
    )
    return f'<path d="{path}"{attributes(fill="none", stroke=INK, stroke_width=1.0)}/>' if path else ""


def circle(x: float, y: float, radius: float, *, fill: str = "none", **more: Any) -> str:
    """A circle by its centre."""
    return f"<circle{attributes(cx=float(x), cy=float(y), r=float(radius), fill=fill, **more)}/>"


def line(points: Iterable[Point], *, stroke: str = INK, width: float = 2, **more: Any) -> str:
    """A line through points, with round corners."""
    path = "M" + " L".join(f"{number(x)} {number(y)}" for x, y in points)
    look = attributes(fill="none", stroke=stroke, stroke_width=width, stroke_linejoin="round", **more)
    return f'<path d="{path}"{look}/>'


def arrow(
    points: Sequence[Point], *, stroke: str = INK, width: float = 2, head: float = 8, **more: Any
) -> str:
    """A line that ends in a head; its last piece must run along an axis."""
    (x0, y0), (x1, y1) = points[-2], points[-1]
    length = abs(x1 - x0) + abs(y1 - y0)
    dx, dy = (x1 - x0) / length, (y1 - y0) / length
    back = (x1 - dx * head, y1 - dy * head)
    wing = head * 0.6
    corners = [
        (x1, y1),
        (back[0] - dy * wing, back[1] + dx * wing),
        (back[0] + dy * wing, back[1] - dx * wing),
    ]
    tip = " ".join(f"{number(x)},{number(y)}" for x, y in corners)
    return (
        line([*points[:-1], back], stroke=stroke, width=width, **more)
        + f'<polygon points="{tip}" fill="{stroke}"/>'
    )


def text(
    x: float,
    y: float,
    words: str,
    *,
    size: float = 18,
    anchor: str = "middle",
    fill: str = INK,
    plain: bool = False,
    **more: Any,
) -> str:
    """Words on their base line. `h_{t-1}` and `m_t` are set with a subscript, unless `plain`."""
    place = attributes(x=float(x), y=float(y), font_size=size, text_anchor=anchor, fill=fill, **more)
    return f"<text{place}>{escape(words) if plain else subscripts(words, size)}</text>"


def subscripts(words: str, size: float, *, closed: bool = False) -> str:
    """Set `a_b` and `a_{bc}` with lowered, smaller letters; everything else as it is.

    `closed`: end on the base line even after a lowered letter, for words that more words will follow.
    """
    shift, small = number(size * 0.28), number(size * 0.74)
    normal, *rest = re.split(r"_(\{[^}]*\}|.)", words)  # normal, low, normal, low, …
    written = [escape(normal)]
    for low, after in zip(rest[::2], rest[1::2], strict=True):
        written.append(f'<tspan dy="{shift}" font-size="{small}">{escape(low.strip("{}"))}</tspan>')
        after = after or ("\u200b" if closed else "")  # only a letter can carry the line back up
        if after:
            written.append(f'<tspan dy="-{shift}">{escape(after)}</tspan>')
    return "".join(written)


def group(*parts: str, title: str | None = None, **more: Any) -> str:
    """Elements that belong together, with a name that a pointer or a screen reader can tell."""
    named = f"<title>{escape(title)}</title>" if title else ""
    return f"<g{attributes(**more)}>{named}{''.join(parts)}</g>"


@dataclass(frozen=True)
class Sheet:
    """A drawing with its size, still without a card: what `stack` and `beside` put together."""

    width: float
    height: float
    parts: tuple[str, ...]


def stack(*sheets: Sheet, gap: float = 14) -> Sheet:
    """Put sheets below one another."""
    parts, y = [], 0.0
    for sheet in sheets:
        parts.append(group(*sheet.parts, transform=f"translate(0 {number(y)})"))
        y += sheet.height + gap
    return Sheet(max(sheet.width for sheet in sheets), y - gap, tuple(parts))


def beside(*sheets: Sheet, gap: float = 14) -> Sheet:
    """Put sheets next to one another, their upper edges in line."""
    parts, x = [], 0.0
    for sheet in sheets:
        parts.append(group(*sheet.parts, transform=f"translate({number(x)} 0)"))
        x += sheet.width + gap
    return Sheet(x - gap, max(sheet.height for sheet in sheets), tuple(parts))


def shrunk(sheet: Sheet, scale: float) -> Sheet:
    """The same sheet, smaller."""
    return Sheet(
        sheet.width * scale, sheet.height * scale, (group(*sheet.parts, transform=f"scale({scale:.3f})"),)
    )


def document(sheet: Sheet, *, label: str, role: str = "img") -> str:
    """The whole picture on a white card, as wide as its place allows and never wider than drawn."""
    size = attributes(viewBox=f"0 0 {number(sheet.width)} {number(sheet.height)}", width=float(sheet.width))
    frame = attributes(role=role, aria_label=label, font_family=FONT, style="max-width:100%;height:auto")
    card = rect(0, 0, sheet.width, sheet.height, fill=PAPER, rx=8)
    return f'<svg xmlns="http://www.w3.org/2000/svg"{size}{frame}>{card}{"".join(sheet.parts)}</svg>'
