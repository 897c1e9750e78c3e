"""Facts by release: a row a fact, a column a release, a letter for what was observed.

A cell's colour compares it with the newest release, so that a reader sees at once what an upgrade changes.
"""

from __future__ import annotations

import string
from dataclasses import dataclass

from recdrop_lessons.plots import svg
from recdrop_lessons.plots.style import GREY, INK, ORANGE, PALE, PAPER, SKY, VERMILION, Picture
from recdrop_lessons.releases import matrix as facts
from recdrop_lessons.releases import words

LABEL, CELL, ROW = 300, 46, 27  # widths of a label and a cell, height of a row
#: Letters that remind of the word; what is not here gets the next free capital.
LETTERS = {
    "x before its product": "x",
    "x before its product, twice at the first step": "X",
    "h before its product": "h",
    "h before its product, and h elsewhere": "H",
    "nothing": "0",
    "no mask": "0",
    "drops nothing": "0",
    "not masked": "0",
    "drops everything": "A",
    "one mask for the sequence": "S",
    "a new mask at each step": "N",
    "one mask for all gates": "1",
    "one mask per gate": "G",
    "kept as it is": "K",
    "multiplied by the scaled mask at each step": "M",
    "asks": "F",
    "does not ask": "f",
    "its own rate": "r",
    "the rate of `dropout`": "d",
    "no such argument": "–",
    "advances the seed": "s",
    "leaves the seed as it is": "k",
    "takes it": "T",
    "the output, h and c": "3",
    "the output alone": "o",
}


@dataclass(frozen=True)
class _Column:
    """A release, and the backends on which it answers alike."""

    framework: str
    release: str
    backends: tuple[str, ...]


def picture(framework: str = "Keras", matrix: facts.Matrix | None = None) -> Picture:
    """Draw the main facts of a framework for each release that was asked; tf_keras stands beside Keras."""
    known = matrix or facts.read()
    asked = [fact for fact in known.asked(framework) if fact.fact in words.HEADLINES]
    columns = _columns(known, framework, [fact.fact for fact in asked])
    last = (framework, known.releases(framework)[-1])
    newest = next(column for column in columns if (column.framework, column.release) == last)
    seen = {(fact.fact, column): _observed(known, fact.fact, column) for fact in asked for column in columns}
    letters = _letters([said for said in seen.values() if said is not None])

    title = f"{framework}: what each release does"
    parts = [svg.text(16, 24, title, size=18, anchor="start", font_weight="bold")]
    for number, column in enumerate(columns):
        x = LABEL + (number + 0.5) * CELL
        name = words.line(column.release)
        parts.append(svg.text(x, 52, name, size=14, font_weight="bold"))
        for place, backend in enumerate(_short(known, column)):
            parts.append(svg.text(x, 68 + 14 * place, backend, size=11, fill=GREY, plain=True))
    top = 76 + 14 * max(len(_short(known, column)) for column in columns)
    for row, fact in enumerate(asked):
        y = top + row * ROW
        parts.append(
            svg.text(LABEL - 10, y + 18, words.HEADLINES[fact.fact], size=14, anchor="end", plain=True)
        )
        for number, column in enumerate(columns):
            said = seen[fact.fact, column]
            if said is not None:
                parts.append(_cell(LABEL + number * CELL, y, said, seen[fact.fact, newest], letters[said]))
    legend = _legend(letters, top + len(asked) * ROW + 12, LABEL + len(columns) * CELL)
    width, height = LABEL + len(columns) * CELL + 16, top + len(asked) * ROW + 24 + legend.height
    sheet = svg.Sheet(width, height, (*parts, *legend.parts))
    changed = [
        words.HEADLINES[fact.fact]
        for fact in asked
        if len({seen[fact.fact, c] for c in columns if c.framework == framework} - {None}) > 1
    ]
    alt = (
        f"A table: {len(asked)} facts about {framework}, one a row, and "
        f"{len(known.releases(framework))} releases, oldest first. "
        + (f"These changed from release to release: {'; '.join(changed)}." if changed else "None changed.")
    )
    caption = (
        "Blue cells are as in the newest release, orange ones differ, red ones raise an error; the letters "
        "say what was observed."
    )
    return Picture(svg.document(sheet, label=alt), alt=alt, caption=caption)


def _columns(known: facts.Matrix, framework: str, asked: list[str]) -> list[_Column]:
    """A column for each release, or for each group of its backends that answer alike."""
    columns = []
    for name in ["tf_keras", framework] if framework == "Keras" else [framework]:
        for release in known.releases(name):
            groups: dict[tuple[str | None, ...], list[str]] = {}
            for backend in known.backends(name, release):
                answers = tuple(known.observed(fact, name, release, backend) for fact in asked)
                groups.setdefault(answers, []).append(backend)
            columns += [_Column(name, release, tuple(group)) for group in groups.values()]
    return columns


def _short(known: facts.Matrix, column: _Column) -> list[str]:
    """The lines under a release: its backends, where they differ."""
    if column.framework == "tf_keras":
        return ["tf_keras"]
    every = known.backends(column.framework, column.release)
    if column.backends == tuple(every):
        return [""] if every == [""] else ["all"] if len(every) > 1 else [_NAMES[every[0]]]
    return [_NAMES[backend] for backend in column.backends]


_NAMES = {"": "", "torch": "torch", "jax": "JAX", "tensorflow": "TF", "numpy": "NumPy"}


def _observed(known: facts.Matrix, fact: str, column: _Column) -> str | None:
    return known.observed(fact, column.framework, column.release, column.backends[0])


def _letters(observed: list[str]) -> dict[str, str]:
    """A letter for each thing observed; errors share "!"."""
    chosen: dict[str, str] = {}
    free = (letter for letter in string.ascii_uppercase if letter not in LETTERS.values())
    for said in observed:
        if said not in chosen:
            chosen[said] = "!" if said.startswith("raises") else LETTERS.get(said) or next(free)
    return chosen


def _cell(x: float, y: float, said: str, newest: str | None, letter: str) -> str:
    if said.startswith("raises"):
        colour = VERMILION
    elif said == "no such argument":
        colour = PALE
    else:
        colour = SKY if said == newest else ORANGE
    box = svg.rect(x + 1, y + 1, CELL - 2, ROW - 2, fill=colour, stroke=PAPER)
    return svg.group(box, svg.text(x + CELL / 2, y + 19, letter, size=15, plain=True), title=said)


def _legend(letters: dict[str, str], top: float, width: float) -> svg.Sheet:
    """What the letters stand for, in two columns where there is place for them."""
    entries: dict[str, list[str]] = {}
    for said, letter in letters.items():
        entries.setdefault(letter, []).append("raises an error" if letter == "!" else said)
    lines = [(letter, ", or ".join(dict.fromkeys(said))) for letter, said in entries.items()]
    across = 2 if width > 680 else 1
    half = -(-len(lines) // across)
    parts = []
    for number, (letter, said) in enumerate(lines):
        column, row = divmod(number, half)
        x, y = 24 + column * width / across, top + 20 + 19 * row
        parts.append(svg.text(x, y, letter, size=14, font_weight="bold", fill=INK, plain=True))
        parts.append(svg.text(x + 18, y, said.replace("`", ""), size=13, anchor="start", plain=True))
    return svg.Sheet(width, 20 + 19 * half, tuple(parts))
