"""Facts by release: a row a fact, a column a release, and in words what was observed.

Neighbours that agree share a box. Its colour compares it with the newest release, so that a reader sees at
once what an upgrade changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from recdrop_lessons.plots import svg
from recdrop_lessons.plots.style import GREY, ORANGE, PALE, PAPER, SKY, VERMILION, Picture
from recdrop_lessons.releases import matrix as facts
from recdrop_lessons.releases import words

LABEL, ROW = 300, 27  # width of a label, height of a row
CELL, FEW = 48, 8  # width of one of many columns; fewer than this are as wide as their words need
LETTER = 7.2  # width of a letter at size 13, about
#: What the matrix says, in words that go on from a row's label.
SAID = {
    "asks": "asked for",
    "does not ask": "not asked for",
    "has no single function to ask": "cannot be told",
    "takes it": "accepted",
    "the output, h and c": "called on the output, h and c",
}
#: What is written where the whole words do not fit.
SHORT = {
    "h before its product": "h",
    "drops everything": "all",
    "drops nothing": "none",
    "multiplied by the scaled mask at each step": "multiplied by the scaled mask",
    "has no single function to ask": "not known",
    "no mask": "none",
    "one mask per gate": "per gate",
    "one mask for all gates": "for all",
    "one mask for the sequence": "one for all",
    "a new mask at each step": "new at each",
    "the rate of `dropout`": "dropout's",
    "leaves the seed as it is": "same seed",
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
    rows = {fact.fact: list(_runs([seen[fact.fact, column] for column in columns])) for fact in asked}
    needed = [_needed(*run) for runs in rows.values() for run in runs]
    cell = CELL if len(columns) >= FEW else max(CELL, *needed)

    title = f"{framework}: what each release does"
    parts = [svg.text(16, 24, title, size=18, anchor="start", font_weight="bold")]
    for number, column in enumerate(columns):
        x = LABEL + (number + 0.5) * cell
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
        for first, length, said in rows[fact.fact]:
            box = (LABEL + first * cell, y, length * cell)
            parts.append(_box(*box, said, newest=seen[fact.fact, newest]))
    width, height = LABEL + len(columns) * cell + 16, top + len(asked) * ROW + 16
    sheet = svg.Sheet(width, height, tuple(parts))
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
        "What was observed, for each release and backend: blue as in the newest release, orange otherwise, "
        "red an error."
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


def _runs(observed: list[str | None]) -> Iterator[tuple[int, int, str]]:
    """Neighbours that agree, errors with errors: the first one's number, how many, what was observed."""
    for same, run in groupby(enumerate(observed), key=lambda one: _error(one[1]) or one[1]):
        found = list(run)
        if same is not None:
            its = dict.fromkeys(said for _, said in found if said)
            yield found[0][0], len(found), ", ".join(its)


def _error(said: str | None) -> str | None:
    return "error" if said and said.startswith("raises") else None


def _whole(said: str) -> str:
    return _error(said) or SAID.get(said, said).replace("`", "")


def _needed(_: int, length: int, said: str) -> float:
    """How wide a column must be for the whole words of a run."""
    return (LETTER * len(_whole(said)) + 12) / length


def _box(x: float, y: float, width: float, said: str, *, newest: str | None) -> str:
    """A run of columns, in the words that fit; all of them are its title."""
    if _error(said):
        colour = VERMILION
    elif said == "no such argument":
        colour = PALE
    else:
        colour = SKY if said == newest else ORANGE
    whole = _whole(said)
    seen = whole if LETTER * len(whole) < width - 8 else SHORT.get(said, whole)
    box = svg.rect(x + 1, y + 1, width - 2, ROW - 2, fill=colour, stroke=PAPER)
    return svg.group(box, svg.text(x + width / 2, y + 18, seen, size=13, plain=True), title=said)
