"""The equations of a step as a picture: a mask is pale where one could act, and lit where one does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from recdrop_lessons.algebra.sites import SITES, Site, site_named, sites_of
from recdrop_lessons.plots import svg
from recdrop_lessons.plots.style import EMBER, FAINT, INK

if TYPE_CHECKING:
    from recdrop_lessons.algebra.drops import Drop

#: In braces, a site: its mask stands there. What a mask on a whole state multiplies is in brackets.
#: `{read}` is the cell that h reads. `|` is a wide space.
LSTM = (
    "a = W ({input}x_t) + ({recurrent_weight}U) ({recurrent}h_{t-1}) + b",
    "i, f, o = σ(a_i), σ(a_f), σ(a_o)|g = tanh(a_g)",
    "c_t = {cell}[f ∘ c_{t-1} + i ∘ ({candidate}g)]",
    "h_t = {hidden}[o ∘ tanh({read})]|sent up: {output}h_t",
)
GRU = (
    "w = W ({input}x_t) + b_w|u = ({recurrent_weight}U) ({recurrent}h_{t-1}) + b_u",
    "r, z = σ(w_r + u_r), σ(w_z + u_z)|n = tanh(w_n + r ∘ u_n)",
    "h_t = {hidden}[(1 - z) ∘ ({candidate}n) + z ∘ h_{t-1}]|sent up: {output}h_t",
)
LINES: Mapping[str, tuple[str, ...]] = {"LSTM": LSTM, "GRU": GRU}


def sheet(cell: str, drops: Iterable[Drop], *, size: float = 20) -> svg.Sheet:
    """Set the equations of one step of `cell` ("LSTM" or "GRU") with the masks of `drops` lit."""
    rows = {str(drop.site): drop for drop in drops}
    lines, parts = lines_of(cell), []
    for k, words in enumerate(lines):
        place = svg.attributes(x=20.0, y=32.0 + k * 37, font_size=size, fill=INK)
        parts.append(f"<text{place}>{_line(words, rows, size)}</text>")
    return svg.Sheet(37 * size, 37 * len(lines) + 10, tuple(parts))


def lines_of(cell: str) -> tuple[str, ...]:
    """The equations of one step, with a line more for the sites of the cell that they do not name."""
    written = "".join(LINES[cell])
    others = [site for site in sites_of(cell) if f"{{{site}}}" not in written]
    more = "|".join(
        f"{site.carried}_t = {{{site}}}[{site.carried}_t]"
        if site.carried
        else f"{site.letter} ← {{{site}}}{site.letter}"
        for site in others
    )
    return (*LINES[cell], *([more] if more else []))


def _line(words: str, rows: Mapping[str, Drop], size: float) -> str:
    """Set one equation; what stands in braces becomes the mask of its site."""
    zoneout = any(drop.site.carried == "c" and _keeps(drop) for drop in rows.values())
    words = re.sub(r"(\w)_t = \{(\w+)\}\[(.*?)\]", lambda found: _state(found, rows), words)
    words = words.replace("{read}", "c̃_t" if zoneout else "c_t").replace("|", "\u2003\u2003")
    plain, *rest = re.split(rf"\{{({'|'.join(SITES)})\}}", words)  # plain, site, plain, site, …
    pieces = [svg.subscripts(plain, size, closed=True)]
    for site, after in zip(rest[::2], rest[1::2], strict=True):
        pieces += [_mask(site_named(site), rows.get(site), size), svg.subscripts(after, size, closed=True)]
    return "".join(pieces)


def _state(found: re.Match[str], rows: Mapping[str, Drop]) -> str:
    """Write a new state under its mask; zoneout mixes it with the old one, so there it has a name, c̃ or h̃."""
    state, site, new = found.groups()
    if _keeps(rows.get(site)):
        return f"{state}̃_t = {new}|{state}_t = {{{site}}}"
    return f"{state}_t = {{{site}}}({new})"


def _keeps(drop: Drop | None) -> bool:
    """Whether a dropped unit keeps its old value."""
    return drop is not None and drop.fill == "previous"


def _mask(site: Site, drop: Drop | None, size: float) -> str:
    """Set the mask of one site; zoneout's is the whole mixture of old and new."""
    sign, state = mask_name(site, drop), site.carried
    words = f"{sign} ∘ {state}_{{t-1}} + (1 - {sign}) ∘ {state}̃_t" if _keeps(drop) else f"{sign} ∘ "
    look = {"fill": FAINT} if drop is None else {"fill": EMBER, "font_weight": "bold"}
    return f"<tspan{svg.attributes(**look)}>{svg.subscripts(words, size, closed=True)}</tspan>"


def mask_name(site: Site, drop: Drop | None) -> str:
    """Name a mask: its site's letter, then k where each gate has its own, then t where each step has."""
    marks = [site.letter]
    if drop is not None:
        marks += (["k"] if drop.per_gate else []) + ([] if "time" in drop.shared else ["t"])
    return f"{'d' if _keeps(drop) else 'm'}_{{{','.join(marks)}}}"
