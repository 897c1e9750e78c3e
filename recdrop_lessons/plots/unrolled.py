"""The picture of question 1: a recurrent layer over three time steps, the middle cell opened up.

Every site where a mask can act has its place on it. A place without a mask is a dashed, pale strip; a place
with one shows the mask's own pattern at each step, so that one mask per sequence looks the same three times
and a mask per step does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from recdrop_lessons.algebra.sites import Site
from recdrop_lessons.plots import svg, tokens
from recdrop_lessons.plots.opened import (
    BOTTOM,
    CEILING,
    CELLS,
    FLOOR,
    INSIDE,
    LEFT,
    OPEN,
    RIGHT,
    TOP,
    OpenCell,
    Place,
)
from recdrop_lessons.plots.style import EMBER, GREEN, GREY, PAPER, YELLOW, Picture
from recdrop_lessons.twins import sampling
from recdrop_lessons.twins.equations import Array

if TYPE_CHECKING:
    from recdrop_lessons.algebra.drops import Drop

WIDTH, HEIGHT = 1060, 640
STEPS = ("t-1", "t", "t+1")
SMALL = 0.68  # symbols in a closed cell


def picture(
    cell: str = "LSTM",
    drops: Iterable[Drop] = (),
    *,
    masks: Mapping[str, Array] | None = None,
    notes: Mapping[str, str] | None = None,
    seed: int = 3,
) -> Picture:
    """Draw the unrolled `cell` as a picture with its alt text; the arguments are those of `sheet`."""
    drops = tuple(drops)
    drawn = sheet(cell, drops, masks=masks, notes=notes, seed=seed)
    return Picture(svg.document(drawn, label=f"Unrolled {cell}", role="group"), alt=describe(cell, drops))


def sheet(
    cell: str,
    drops: Iterable[Drop],
    *,
    masks: Mapping[str, Array] | None = None,
    notes: Mapping[str, str] | None = None,
    seed: int = 3,
    pickable: bool = True,
) -> svg.Sheet:
    """Draw the unrolled `cell` ("LSTM" or "GRU") with the masks of `drops` at their sites.

    `masks`: the masks themselves by site, (T or 1, B or 1, [G,] units), T ≥ 3; None draws them from `seed`.
    `notes`: a second line under a site's name, such as the framework's argument.
    `pickable`: each site is a button that an explorer reads.
    Raises KeyError for another cell.
    """
    drawn, rows, notes = CELLS[cell], {str(drop.site): drop for drop in drops}, notes or {}
    if masks is None:
        masks = _masks(drawn, rows, np.random.default_rng(seed))
    zoneout = any(drop.site.carried == "c" and drop.fill == "previous" for drop in rows.values())
    parts = [*_cells(drawn), *drawn.wires(zoneout), *_arrows(drawn)]
    for site, place in drawn.places.items():
        parts.append(_site(site, place, rows.get(site), masks.get(site), notes.get(site, ""), pickable))
    parts += _legend(rows)
    return svg.Sheet(WIDTH, HEIGHT, tuple(parts))


def _masks(cell: OpenCell, rows: Mapping[str, Drop], rng: np.random.Generator) -> dict[str, Array]:
    """Draw masks for the picture. Half of the units are dropped whatever p, so that four show a pattern."""
    shown = {site: replace(drop, p=0.5 if drop.p else 0.0) for site, drop in rows.items()}
    size = {"steps": 3, "batch": 1, "units": tokens.UNITS, "gates": cell.gates}
    return {site: sampling.mask(drop, **size, rng=rng) for site, drop in shown.items()}


def _at(mask: Array, site: Site, step: int) -> Array:
    """The strip, or the strips, that the symbol shows at one of the three steps: (units,) or (G, units)."""
    if site.matrix:
        return mask
    return mask[step if mask.shape[0] > 1 else 0, 0]


def _site(site: Site, place: Place, drop: Drop | None, mask: Array | None, note: str, pickable: bool) -> str:
    """One site: its symbol and name in the open cell; where a mask acts, its symbol at each step."""
    parts = [_label(site, place, drop, note)]
    if place.tie is not None:
        parts.append(svg.line(place.tie, stroke=GREY, stroke_dasharray="3 3"))
    if drop is None or mask is None:
        parts.insert(0, tokens.token(*place.open, None))
    else:
        parts = [*_lit(site, place, drop, mask), *parts]
    if not pickable:
        return svg.group(*parts)
    lit = drop is not None
    parts.append(_reach(place, site))
    says = f"{site.words}: {'mask on' if lit else 'no mask'}"
    button: dict[str, Any] = {
        "role": "button",
        "tabindex": 0,
        "aria_pressed": str(lit).lower(),
        "aria_label": says,
    }
    return svg.group(*parts, data_name="site", data_value=site, style="cursor:pointer", **button)


def _reach(place: Place, site: Site) -> str:
    """The area that belongs to a site's symbol and its name, gaps included, for a pointer to hit."""
    lines = place.lines or (site.words,)
    wide = 11.0 * max(map(len, lines)) + (26 if not place.lines else 0)
    x, y = place.label
    left = {"start": x, "middle": x - wide / 2, "end": x - wide}[place.anchor]
    width, height = tokens.size(1)
    edges_x = (left, left + wide, place.open[0] - width / 2, place.open[0] + width / 2)
    edges_y = (y - 18, y + 22 * len(lines) - 16, place.open[1] - height / 2, place.open[1] + height / 2)
    low_x, low_y = min(edges_x), min(edges_y)
    return svg.rect(
        low_x, low_y, max(edges_x) - low_x, max(edges_y) - low_y, fill="none", pointer_events="all"
    )


def _lit(site: Site, place: Place, drop: Drop, mask: Array) -> list[str]:
    """A site with a mask: the open cell's symbol on a halo, and the small symbols of the steps beside it."""
    zoneout = drop.fill == "previous"
    (x, y), (width, height) = place.open, tokens.size(len(tokens.strip(_at(mask, site, 1))))
    parts = [svg.rect(x - width / 2 - 9, y - height / 2 - 9, width + 18, height + 18, fill=YELLOW, rx=10)]
    parts.append(tokens.token(x, y, _at(mask, site, 1), zoneout=zoneout))
    clear: dict[str, Any] = {
        "stroke": PAPER,
        "stroke_width": 5,
        "paint_order": "stroke",
    }  # keeps letters clear of arrows
    for step, left in ((0, LEFT[0]), (2, RIGHT[0])):
        x, y = left + place.closed[0], place.closed[1]
        below = y + height * SMALL / 2 + 18
        parts.append(tokens.token(x, y, _at(mask, site, step), zoneout=zoneout, scale=SMALL))
        parts.append(svg.text(x, below, letter(drop, step), size=16, fill=EMBER, **clear))
    return parts


def letter(drop: Drop, step: int) -> str:
    """The name of a mask at one of the three steps: m where one serves all, else m with the step."""
    sign = "d" if drop.fill == "previous" else "m"
    return sign if "time" in drop.shared else f"{sign}_{{{STEPS[step]}}}"


def _label(site: Site, place: Place, drop: Drop | None, note: str) -> str:
    """The site's name beside its symbol, with the letter of its mask where one acts, and a note below."""
    x, y = place.label
    lines = list(place.lines or (site.words,))
    look: dict[str, Any] = {"fill": GREY}
    if drop is not None:
        look = {"fill": EMBER, "font_weight": "bold"}
        lines[-1] = f"{lines[-1]}  {letter(drop, 1)}".strip()
    name = [
        svg.text(x, y + 22 * k, words, size=19, anchor=place.anchor, **look) for k, words in enumerate(lines)
    ]
    if note:
        below = 22 * len(lines) if place.note is None else place.note
        name.append(svg.text(x, y + below, note, size=16, anchor=place.anchor, plain=True))
    return "".join(name)


def _cells(cell: OpenCell) -> list[str]:
    """The boxes of the three cells and their names."""
    boxes = []
    for (left, right), step in zip((LEFT, OPEN, RIGHT), STEPS, strict=True):
        boxes.append(
            svg.rect(left, TOP, right - left, BOTTOM - TOP, fill=INSIDE, stroke=GREY, stroke_width=2, rx=14)
        )
        boxes.append(svg.text((left + right) / 2, HEIGHT - 14, f"step {step}", size=17, fill=GREY))
    for left, _ in (LEFT, RIGHT):
        boxes.append(svg.text(left + 50, TOP + 235, cell.name, size=19))
        boxes.append(svg.text(left + 50, TOP + 258, "same weights", size=13, fill=GREY))
    return boxes


def _arrows(cell: OpenCell) -> list[str]:
    """The arrows between the cells, into them and out of them, each with its letter."""
    parts = []
    for state, y, colour in cell.carried:
        parts.append(svg.arrow([(LEFT[1], y), (OPEN[0], y)], stroke=colour, width=4))
        parts.append(svg.arrow([(OPEN[1], y), (RIGHT[0], y)], stroke=colour, width=4))
        parts.append(svg.text(140, y - 14, f"{state}_{{t-1}}", size=19))
        parts.append(svg.text(920, y - 14, f"{state}_t", size=19))
    for left, step in ((LEFT[0], "t-1"), (RIGHT[0], "t+1")):
        parts.append(svg.arrow([(left + 50, FLOOR), (left + 50, BOTTOM)], width=3))
        parts.append(svg.text(left + 84, 592, f"x_{{{step}}}", size=19))
        parts.append(svg.arrow([(left + 66, TOP), (left + 66, CEILING)], stroke=GREEN, width=3))
        parts.append(svg.text(left + 36, 34, f"h_{{{step}}}", size=19))
    return parts


def _legend(rows: Mapping[str, Drop]) -> list[str]:
    """What the symbols and the letters mean, in the free place above the open cell."""
    fills = {drop.fill for drop in rows.values()} or {"zero"}
    gates = "; one row a gate" if any(drop.per_gate for drop in rows.values()) else ""
    parts, x, y = [], OPEN[0], 38
    if "zero" in fills:
        parts.append(tokens.token(x + 22, y - 6, np.array([2.0, 0, 2, 0]), scale=SMALL))
        words = f"mask: filled passes, crossed is dropped{gates}"
        parts.append(svg.text(x + 54, y, words, size=16, anchor="start"))
        y += 27
    if "previous" in fills:
        parts.append(tokens.token(x + 22, y - 6, np.array([1.0, 0, 1, 0]), zoneout=True, scale=SMALL))
        words = "zoneout: filled units keep the value of the step before"
        parts.append(svg.text(x + 54, y, words, size=16, anchor="start"))
        y += 27
    said = dict.fromkeys(_letter_means(drop) for drop in rows.values())
    parts.append(svg.text(x, y, ";  ".join(said), size=16, anchor="start", fill=EMBER))
    return parts


def _letter_means(drop: Drop) -> str:
    sign = letter(drop, 1)[0]
    return f"{sign}: same at every step" if "time" in drop.shared else f"{sign}_t: new at each step"


def describe(cell: str, drops: Iterable[Drop]) -> str:
    """Say in words what the picture shows."""
    said = "; ".join(f"{drop.site.words} ({sharing(drop)})" for drop in drops)
    where = f"Masks at: {said}." if said else "No mask is set; each site where one can act is marked."
    return f"{cell} unrolled over three time steps, the middle cell opened up. {where}"


def sharing(drop: Drop) -> str:
    """Say how a mask is shared over time and gates."""
    time = "one mask per sequence" if "time" in drop.shared else "a new mask at each step"
    return time + (", one per gate" if drop.per_gate else "")
