"""The open cell of the unrolled picture: its wires, its gates, and the places of its sites."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from recdrop_lessons.algebra.sites import Site, sites_of
from recdrop_lessons.plots import svg
from recdrop_lessons.plots.style import BLUE, GREEN, GREY, INK, PALE, PAPER

LEFT, OPEN, RIGHT = (15, 115), (165, 900), (945, 1045)  # the three cells, from x to x
TOP, BOTTOM = 95, 530  # of every cell
CARRY, BUS = 150, 430  # the heights of the two lines that run from step to step
FLOOR, CEILING = 605, 24  # where x comes in and where h goes out
INSIDE = "#F7F7F7"


@dataclass(frozen=True)
class Place:
    """Where a site's symbol and name stand in the open cell, and its symbol in a closed one."""

    open: svg.Point
    label: svg.Point
    anchor: str
    closed: svg.Point
    lines: tuple[str, ...] = ()  # the name over several lines, where one would be too long
    note: float | None = None  # how far a note stands below the name's first line; None: right below the name
    tie: tuple[svg.Point, svg.Point] | None = None  # a dotted line to what the symbol masks


@dataclass(frozen=True)
class OpenCell:
    """A cell to open up: its places, its states (each with its height and colour), and what draws its inside.

    `wires(zoneout=False, activation="tanh", recurrent_activation="σ")` returns the inside's elements.
    """

    name: str
    gates: int
    places: Mapping[Site, Place]
    wires: Callable[..., list[str]]
    carried: tuple[tuple[str, float, str], ...]


def every_place(cell: str, drawn: Mapping[str, Place], gates: Mapping[str, float]) -> dict[Site, Place]:
    """Return a place for every site of `cell`: the one drawn for it, else one above the gate of its letter.

    `gates`: each gate's letter and how far to the right it stands. A site that masks no gate, and has no
    place drawn for it, stands in the free corner below the gates.
    """
    places, corner = {}, 0
    for site in sites_of(cell):
        if site in drawn:
            places[site] = drawn[site]
        elif site.letter in gates:
            x = gates[site.letter]
            places[site] = Place((x, 282), (x - 44, 280), "end", (50, 280))
        else:
            y = 470 + 34.0 * corner
            places[site] = Place((600, y), (644, y + 6), "start", (50, 284))
            corner += 1
    return places


def gate(x: float, name: str, function: str) -> str:
    """A gate's box with its letter and its function; the arrow from the bus below comes up to it."""
    return (
        svg.arrow([(x, BUS), (x, 364)], width=2.5)
        + svg.rect(x - 26, 312, 52, 52, fill=PAPER, stroke=INK, stroke_width=2, rx=6)
        + svg.text(x, 335, name, size=22, font_style="italic")
        + svg.text(x, 356, function, size=16, fill=GREY)
    )


def point(x: float, y: float, sign: str) -> str:
    """A point where two lines meet: × multiplies, + adds."""
    return svg.circle(x, y, 13, fill=PAPER, stroke=INK, stroke_width=2) + svg.text(x, y + 7, sign, size=20)


def matrix(x: float, y: float, name: str) -> str:
    """A weight matrix."""
    return svg.rect(x - 19, y - 17, 38, 34, fill=PALE, stroke=INK, stroke_width=2) + svg.text(
        x, y + 7, name, size=20
    )


def oval(x: float, y: float, words: str) -> str:
    """A function that has no weights."""
    box = svg.rect(x - 27, y - 17, 54, 34, fill=PAPER, stroke=INK, stroke_width=2, rx=16)
    return box + svg.text(x, y + 6, words, size=17, fill=GREY)


def ahead(points: list[svg.Point]) -> str:
    """Black wires between gates."""
    return svg.arrow(points, width=2.5)


# where x_t and h_{t-1} meet, and U; the same in both cells
MEET, U = 380, 312
GATE_TOP = 312


def into_the_gates(end: float) -> list[str]:
    """a = (m_x∘x) Wᵀ + (m_h∘h) Uᵀ + b: x from below, h from the left, and the bus to the last gate."""
    return [
        svg.arrow([(MEET, FLOOR), (MEET, BUS + 13)], width=3),
        svg.text(MEET - 54, FLOOR - 1, "x_t", size=19),
        svg.line([(MEET, BUS), (end, BUS)], width=2.5),
        matrix(U, BUS, "U"),
        matrix(MEET, 496, "W"),
        point(MEET, BUS, "+"),
        svg.text(MEET + 20, BUS + 24, "+ b", size=16, anchor="start", fill=GREY),
    ]


def up_and_out(x: float, start: float, crossed: float, colour: str) -> list[str]:
    """The branch of h_t that goes up and out, over the carried line."""
    return [
        svg.line([(x, crossed - 10), (x, crossed + 10)], stroke=INSIDE, width=12),
        svg.line([(x - 8, crossed), (x - 6, crossed)], stroke=colour, width=4),
        svg.arrow([(x, start), (x, CEILING)], stroke=GREEN, width=4),
        svg.circle(x, start, 5, fill=GREEN),
        svg.text(x + 24, 34, "h_t", size=19),
    ]


def _lstm() -> OpenCell:
    """The LSTM: c along the top, h along the bottom; the sites in the order in which a step meets them."""
    f, i, g, o, tap, up, mix = 440, 510, 580, 745, 795, 868, 240

    def wires(zoneout: bool = False, activation: str = "tanh", recurrent_activation: str = "σ") -> list[str]:
        # h reads c after its mask, but before its zoneout (Krueger et al. 2017)
        tanh_from = [(625, CARRY), (625, 201), (tap - 27, 201)] if zoneout else [(tap, CARRY), (tap, 184)]
        return [
            svg.arrow([(OPEN[0], CARRY), (OPEN[1], CARRY)], stroke=BLUE, width=4),
            svg.arrow(tanh_from, stroke=BLUE, width=3),
            svg.circle(*tanh_from[0], 5, fill=BLUE),
            svg.arrow([(tap, 201), (tap, 252)], stroke=BLUE, width=3),
            oval(tap, 201, activation),
            svg.arrow([(OPEN[0], BUS), (MEET - 13, BUS)], stroke=GREEN, width=4),
            *into_the_gates(o),
            *(gate(x, name, recurrent_activation) for x, name in ((f, "f"), (i, "i"), (o, "o"))),
            gate(g, "g", activation),
            ahead([(f, GATE_TOP), (f, CARRY + 13)]),
            ahead([(i, GATE_TOP), (i, mix), (g - 13, mix)]),
            ahead([(g, GATE_TOP), (g, mix + 13)]),
            ahead([(g, mix), (g, CARRY + 13)]),
            ahead([(o, GATE_TOP), (o, 265), (tap - 13, 265)]),
            svg.line([(tap, 265), (tap, BUS), (OPEN[1] - 10, BUS)], stroke=GREEN, width=4),
            svg.arrow([(OPEN[1] - 14, BUS), (OPEN[1], BUS)], stroke=GREEN, width=4),
            *up_and_out(up, BUS, CARRY, BLUE),
            point(f, CARRY, "×"),
            point(g, CARRY, "+"),
            point(g, mix, "×"),
            point(tap, 265, "×"),
        ]

    drawn = {
        "input": Place((MEET, 564), (MEET + 44, 570), "start", (50, 564)),
        "recurrent": Place((227, BUS), (174, BUS - 36), "start", (25, BUS), note=-23),
        "recurrent_weight": Place(
            (U, 489), (U - 42, 476), "end", (50, 488), ("recurrent", "weight"), tie=((U, 447), (U, 474))
        ),
        "candidate": Place((g, 282), (g + 44, 280), "start", (50, 240), ("candidate", "")),
        "cell": Place((690, CARRY), (690, CARRY - 26), "middle", (68, CARRY), note=64),
        "hidden": Place((tap + 32, BUS), (tap + 30, BUS + 40), "middle", (75, BUS)),
        "output": Place((up, 64), (up - 48, 58), "end", (66, 64)),
    }
    places = every_place("LSTM", drawn, {"f": f, "i": i, "g": g, "o": o})
    return OpenCell("LSTM", 4, places, wires, (("c", CARRY, BLUE), ("h", BUS, GREEN)))


def _gru() -> OpenCell:
    """The GRU: h along the top, where z keeps the old value; the mask on h is on the branch below."""
    branch, r, z, n, up, mix = 200, 480, 560, 650, 868, 240

    def wires(_: bool = False, activation: str = "tanh", recurrent_activation: str = "σ") -> list[str]:
        return [
            svg.line([(OPEN[0], CARRY), (OPEN[1] - 10, CARRY)], stroke=GREEN, width=4),
            svg.arrow([(OPEN[1] - 14, CARRY), (OPEN[1], CARRY)], stroke=GREEN, width=4),
            svg.arrow([(branch, CARRY), (branch, BUS), (MEET - 13, BUS)], stroke=GREEN, width=4),
            svg.circle(branch, CARRY, 5, fill=GREEN),
            *into_the_gates(n),
            *(gate(x, name, recurrent_activation) for x, name in ((r, "r"), (z, "z"))),
            gate(n, "n", activation),
            ahead([(z, GATE_TOP), (z, CARRY + 13)]),
            ahead([(z, mix), (n - 13, mix)]),
            svg.text((z + n) / 2 - 8, mix - 8, "1-z", size=16, fill=GREY),
            ahead([(n, GATE_TOP), (n, mix + 13)]),
            ahead([(n, mix), (n, CARRY + 13)]),
            svg.arrow([(r, GATE_TOP), (r, 290), (n - 40, 290), (n - 40, 338), (n - 26, 338)], width=2.5),
            svg.text(r - 6, 300, "r∘(U h)", size=16, anchor="end", fill=GREY),
            *up_and_out(up, CARRY, CARRY - 200, GREEN),
            point(z, CARRY, "×"),
            point(n, CARRY, "+"),
            point(n, mix, "×"),
        ]

    drawn = {
        "input": Place((MEET, 564), (MEET + 44, 570), "start", (50, 564)),
        "recurrent": Place((247, BUS), (212, BUS - 36), "start", (27, BUS), note=-23),
        "recurrent_weight": Place(
            (U, 489), (U - 42, 476), "end", (50, 488), ("recurrent", "weight"), tie=((U, 447), (U, 474))
        ),
        "candidate": Place((n, 282), (n + 44, 288), "start", (50, 240)),
        "hidden": Place((760, CARRY), (760, CARRY - 26), "middle", (70, CARRY), note=64),
        "output": Place((up, 64), (up - 48, 58), "end", (66, 64)),
    }
    places = every_place("GRU", drawn, {"r": r, "z": z, "n": n})
    return OpenCell("GRU", 3, places, wires, (("h", CARRY, GREEN),))


CELLS: dict[str, OpenCell] = {"LSTM": _lstm(), "GRU": _gru()}
