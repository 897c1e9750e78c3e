"""Yours beside the right one: the picture of a wrong answer, from the plain data that a check makes of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from recdrop_lessons.plots import svg, tokens
from recdrop_lessons.plots.style import BLUE, EMBER, GREY, INK, ORANGE, PAPER, Picture

PictureOf = dict[str, Any]  # what is drawn, as plain data
Panel = dict[str, Any]  # `title`, `shape`, `across`, `down`, and `values`, a matrix
_CELL, _TALL = 76.0, 30.0  # a number's place
_UNIT = 26.0  # a mask's place
_WIDE = 360  # maps beside one another: a picture that a phone need not shrink much
_FEW = 24  # of a mask with more places the words say how it is shared and how much is dropped


def yours_beside_right(told: PictureOf) -> list[Picture]:
    """Draw what `checks/counterexample.py` tells: the masks that go in, yours, and the right result.

    `told`: `input` in words, `masks`, `yours` and `right` as panels; `mask`, whether the two are masks. A
    mask is filled where it keeps and crossed where it drops. A number that differs has a thick frame and ≠;
    blue is below zero, orange above it. They are pictures of their own, so that they stand below one another
    on a narrow page. [] where there is nothing to draw.
    """
    masks, yours, right = (told.get(key, []) for key in ("masks", "yours", "right"))
    largest = max((abs(v) for panel in (*yours, *right) for v in _numbers(panel)), default=0.0)
    rows = {"masks": _row("the masks that go in", [_mask(_scaled(one)) for one in masks])}
    for key, side, others in (("yours", yours, right), ("right", right, yours)):
        if told.get("mask"):
            sheets = [_mask(one) for one in side]
        else:
            sheets = [_values(one, largest, _partner(one, others)) for one in _shaped(side, others)]
        rows[key] = _row(key, sheets, told.get(f"{key}_said", ""))
    return [_picture(told, key, sheet) for key, sheet in rows.items() if told.get(key)]


def _picture(told: PictureOf, key: str, sheet: svg.Sheet) -> Picture:
    lines = [f"On {told['input']}", *_side_in_words(told, key)]
    alt = " ".join(f"{line}." for line in lines)
    return Picture(svg.document(sheet, label=alt), alt=alt)


def _row(title: str, sheets: list[svg.Sheet], said: str = "") -> svg.Sheet:
    """Sheets next to one another, as many as fit, below a title."""
    head = [svg.text(10, 24, title, size=18, anchor="start", fill=EMBER, font_weight="bold", plain=True)]
    height = 34.0
    if said:
        head.append(svg.text(10, 46, said, size=15, anchor="start", fill=INK, plain=True))
        height = 54.0
    width = max(12.0 * len(title), 8.4 * len(said)) + 20
    lines, line = [], list[svg.Sheet]()
    for sheet in sheets:
        if line and sum(one.width for one in line) + sheet.width > _WIDE:
            lines.append(svg.beside(*line, gap=10))
            line = []
        line.append(sheet)
    if not line:
        return svg.Sheet(width, height, tuple(head))
    body = svg.stack(*lines, svg.beside(*line, gap=10), gap=6)
    return svg.stack(svg.Sheet(width, height, tuple(head)), body, gap=0)


def _mask(panel: Panel) -> svg.Sheet:
    """A mask: filled is kept, crossed is dropped."""
    values = np.array([[_plain(v) for v in row] for row in panel["values"]])
    left, top = 40.0, 50.0
    boxes = {
        (row, column): (left + column * _UNIT, top + row * _UNIT, _UNIT - 3, _UNIT - 3)
        for row, column in np.ndindex(values.shape)
    }
    return _framed(panel, left, top, (_UNIT, _UNIT), [tokens.units(boxes, np.abs(values))])


def _scaled(panel: Panel) -> Panel:
    """By how much a mask multiplies what it keeps, in its title."""
    kept = {v for row in panel["values"] for v in row if v}
    return panel | {"title": f"{panel['title']}, kept ×{_written(kept.pop())}"} if len(kept) == 1 else panel


def _values(panel: Panel, top_value: float, partner: Panel | None) -> svg.Sheet:
    """Numbers on the colour of their sign and size."""
    left, top = 40.0, 50.0
    parts, frames = [], []
    apart, written = _apart(panel, partner), _all_written(panel, partner)
    cell = max(_CELL, 8.0 * max(len(words) for row in written for words in row) + 26)  # with "≠ " before it
    for row, line in enumerate(panel["values"]):
        for column, value in enumerate(line):
            x, y = left + column * cell, top + row * _TALL
            differs = apart[row][column]
            parts.append(
                svg.rect(x, y, cell - 4, _TALL - 4, fill=_colour(_plain(value), top_value), stroke=GREY)
            )
            words = f"{'≠ ' if differs else ''}{written[row][column]}"
            parts.append(svg.text(x + (cell - 4) / 2, y + 19, words, size=14, plain=True))
            if differs:
                frames.append(svg.rect(x, y, cell - 4, _TALL - 4, stroke=INK, stroke_width=3))
    return _framed(panel, left, top, (cell, _TALL), parts + frames)


def _framed(panel: Panel, left: float, top: float, step: tuple[float, float], parts: list[str]) -> svg.Sheet:
    """A map with its title, and the words or numbers of its axes."""
    rows, columns = len(panel["values"]), len(panel["values"][0])
    width, height = left + columns * step[0] + 4, top + rows * step[1] + 4
    title = panel["title"]
    parts = [*parts, svg.text(left, 18, title, size=15, anchor="start", plain=True, font_weight="bold")]
    if panel["across"]:
        turn = f"rotate(-90 {left - 10} {top})"
        down = f"← {panel['down']}"
        parts.append(svg.text(left, 40, f"{panel['across']} →", size=14, anchor="start", fill=GREY))
        parts.append(svg.text(left - 10, top, down, size=14, anchor="end", fill=GREY, transform=turn))
        return svg.Sheet(max(width, left + 100, left + 9.5 * len(title)), max(height, top + 80), tuple(parts))
    parts += [
        svg.text(left + (column + 0.45) * step[0], top - 8, str(column), size=13, fill=GREY)
        for column in range(columns)
    ]
    parts += [
        svg.text(left - 8, top + (row + 0.6) * step[1], str(row), size=13, anchor="end", fill=GREY)
        for row in range(rows)
    ]
    return svg.Sheet(max(width, left + 9.5 * len(title)), height, tuple(parts))


def _shaped(side: Sequence[Panel], others: Sequence[Panel]) -> list[Panel]:
    """The shape in the title where the other side's is another one."""
    shapes = {one["title"]: one["shape"] for one in others}
    return [
        one
        if shapes.get(one["title"]) == one["shape"]
        else one | {"title": f"{one['title']}, shape {tuple(one['shape'])}"}
        for one in side
    ]


def _partner(panel: Panel, others: Sequence[Panel]) -> Panel | None:
    """The other side's matrix of the same title and size; None where it has none."""
    sizes = [len(row) for row in panel["values"]]
    same = (one for one in others if one["title"] == panel["title"])
    return next((one for one in same if [len(row) for row in one["values"]] == sizes), None)


def _apart(panel: Panel, partner: Panel | None) -> list[list[bool]]:
    """Which numbers are not those of the other side; all where it has no such matrix."""
    if partner is None:
        return [[True] * len(row) for row in panel["values"]]
    return [
        [a != b for a, b in zip(row, its, strict=True)]
        for row, its in zip(panel["values"], partner["values"], strict=True)
    ]


def _all_written(panel: Panel, partner: Panel | None) -> list[list[str]]:
    """The numbers in words, with as many digits as it takes to see that the other side's differ."""
    return [
        [_written(a, b) for a, b in zip(row, its, strict=True)]
        for row, its in zip(panel["values"], (partner or panel)["values"], strict=True)
    ]


def _plain(value: float | str) -> float:
    return 0.0 if isinstance(value, str) else value


def _numbers(panel: Panel) -> Iterator[float]:
    for row in panel["values"]:
        yield from (_plain(value) for value in row)


def _written(value: float | str, other: float | str = "") -> str:
    """With three digits, or as many as it takes to tell it from the other one."""
    if isinstance(value, str):
        return value
    digits = 3
    if not isinstance(other, str) and other != value:
        digits = next((k for k in range(3, 17) if f"{value:.{k}g}" != f"{other:.{k}g}"), 17)
    return f"{value:.{digits}g}"


def _colour(value: float, top: float) -> str:
    """From white to half of orange or of blue, so that the number on it reads."""
    part = 0.5 * min(1.0, abs(value) / top) if top else 0.0
    full = ORANGE if value > 0 else BLUE
    mixed = [
        round((1 - part) * int(PAPER[k : k + 2], 16) + part * int(full[k : k + 2], 16)) for k in (1, 3, 5)
    ]
    return "#" + "".join(f"{one:02x}" for one in mixed)


def in_words(told: PictureOf) -> list[str]:
    """The pictures line by line: each panel's numbers."""
    lines = [line for key in ("masks", "yours", "right") for line in _side_in_words(told, key)]
    return [*lines, f"Yours: {told['said']}"] if told.get("said") else lines


def _side_in_words(told: PictureOf, key: str) -> list[str]:
    name = {"masks": "Mask", "yours": "Yours", "right": "Right"}[key]
    panels, said = told.get(key, []), told.get(f"{key}_said")
    others = told.get({"yours": "right", "right": "yours"}.get(key, ""), [])
    lines = [f"{name}: {said}"] if said else []
    if told.get("mask") and sum(len(row) for panel in panels for row in panel["values"]) > _FEW:
        return lines
    for panel in panels if key == "masks" else _shaped(panels, others):
        rows = "; ".join(map(" ".join, _all_written(panel, _partner(panel, others))))
        lines.append(f"{name}, {panel['title']}: {rows}")
    return lines
