"""Which argument of which framework is the chosen site, in words, from the framework map."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

from recdrop_lessons.algebra import variants
from recdrop_lessons.frameworks.map import MAP

if TYPE_CHECKING:
    from recdrop_lessons.algebra.drops import Drop

FRAMEWORKS = {"Keras": "Keras 3.8 and newer", "PyTorch": "PyTorch", "fastai": "fastai", "PyG": "PyG"}
NONE = "no argument"
#: A graph has no time axis, so nothing of PyG's is the same.
NEAREST = {
    "input": "no time axis; F.dropout(x) before a graph layer comes closest",
    "output": "no time axis; F.dropout(x) after a graph layer comes closest",
}


def table(drop: Drop) -> list[tuple[str, str]]:
    """Return framework and argument for `drop`, whatever its rate, one pair a framework."""
    return [(title, "; ".join(_said(framework, drop)) or NONE) for framework, title in FRAMEWORKS.items()]


def _said(framework: str, drop: Drop) -> list[str]:
    zeros = drop.noise == "bernoulli" and drop.fill == "zero"
    if framework == "PyG":
        return [NEAREST[drop.site]] if zeros and drop.site in NEAREST else []
    with_it = [one for one in MAP if one.framework == framework and replace(drop, p=0.5) in one.drops(0.5)]
    alone = [one for one in with_it if len(one.drops(0.5)) == 1]
    said = [f"{one.written} {one.place}".strip() for one in alone or with_it]
    # the recurrent mask of one drawing for all gates
    untied = replace(drop, p=0.5, per_gate=True) if drop.site.per_gate else drop
    if framework == "Keras" and not said and untied in variants.keras(0, 0.5):
        return ["LSTM(recurrent_dropout=p) comes close: it draws one mask for each gate"]
    return said


def papers(drops: tuple[Drop, ...], site: str) -> list[str]:
    """Return the rows that these drops are, each with its source; else the rows that use `site`."""
    same = variants.matching(drops)
    if same:
        return [f"{variants.ROWS[key].name} ({variants.ROWS[key].source})" for key in same]
    use = [row for row in variants.ROWS.values() if any(drop.site == site for drop in row.make(0.5))]
    return [f"no named row; the site is used by {', '.join(row.name for row in use) or 'none'}"]


def html(drops: tuple[Drop, ...], drop: Drop) -> str:
    """The panel: which argument this is, and whose paper."""
    pairs = table(drop)
    heads = "".join(f"<th scope='col'>{escape(name)}</th>" for name, _ in pairs)
    cells = "".join(f"<td>{escape(said)}</td>" for _, said in pairs)
    said = escape("; ".join(papers(drops, drop.site)))
    title = f"<caption>What the frameworks call a mask on “{drop.site.words}”</caption>"
    return f"<table>{title}<tr>{heads}<th scope='col'>Papers</th></tr><tr>{cells}<td>{said}</td></tr></table>"
