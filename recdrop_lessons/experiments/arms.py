"""The arms of the reference comparison: site × sharing, one site at a time, and the papers' combinations.

An arm is a function from a rate p to the drops of the one LSTM layer. "none" is an arm as well: it takes a
rate and drops nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from recdrop_lessons.algebra import variants
from recdrop_lessons.algebra.drops import Drop

Arm = Callable[[float], tuple[Drop, ...]]

STEP: tuple[str, ...] = ()
SEQUENCE = ("time",)


def one_site(site: str, shared: tuple[str, ...]) -> Arm:
    """Return the arm that masks `site` alone."""
    return lambda p: (Drop(site, p, shared=shared),)


def awd(p: float) -> tuple[Drop, ...]:
    """Merity et al. 2018 in one layer: U itself, and locked masks on what enters and what leaves."""
    return (*variants.weight_drop(p), Drop("input", p), *variants.locked(p))


def cell(shared: tuple[str, ...]) -> Arm:
    """Return Moon's mask on the cell, drawn once for each sequence (his), or anew at each step."""
    return lambda p: tuple(
        Drop(drop.site, p, shared=shared, noise=drop.noise, fill=drop.fill) for drop in variants.moon(p)
    )


#: In the order in which they are run: no dropout and the arms that answer most come first.
ARMS: dict[str, Arm] = {
    "none": lambda p: (),
    "gal": variants.gal,
    "input, sequence": one_site("input", SEQUENCE),
    "recurrent, sequence": one_site("recurrent", SEQUENCE),
    "output, step": one_site("output", STEP),
    "candidate, step": one_site("candidate", STEP),
    "zoneout": lambda p: variants.zoneout(p, p / 10),
    "input, step": one_site("input", STEP),
    "weight": variants.weight_drop,
    "recurrent, step": one_site("recurrent", STEP),
    "candidate, sequence": one_site("candidate", SEQUENCE),
    "hidden, step": one_site("hidden", STEP),
    "hidden, sequence": one_site("hidden", SEQUENCE),
    "cell, sequence": cell(SEQUENCE),
    "cell, step": cell(STEP),
    "output, sequence": one_site("output", SEQUENCE),
    "gal, untied": lambda p: variants.gal(p, tied=False),
    "zaremba": lambda p: (*variants.zaremba(p), *variants.torch_between_layers(p)),
    "locked": lambda p: (Drop("input", p), *variants.locked(p)),
    "awd": awd,
    "zoneout, cell": lambda p: variants.zoneout(p)[:1],
    "zoneout, hidden": lambda p: variants.zoneout(p)[1:],
}

#: What a reader calls them.
NAMES: dict[str, str] = {
    "none": "no dropout",
    "gal": "Gal: input and h, per sequence",
    "input, sequence": "input, per sequence",
    "recurrent, sequence": "h into the gates, per sequence",
    "output, step": "output, per step",
    "candidate, step": "candidate, per step (Semeniuta)",
    "zoneout": "zoneout, cell p and hidden p/10",
    "input, step": "input, per step",
    "weight": "recurrent matrix (weight drop)",
    "recurrent, step": "h into the gates, per step",
    "candidate, sequence": "candidate, per sequence",
    "hidden, step": "hidden state, per step",
    "hidden, sequence": "hidden state, per sequence",
    "cell, sequence": "cell, per sequence (Moon)",
    "cell, step": "cell, per step",
    "output, sequence": "output, per sequence",
    "gal, untied": "Gal, one mask for each gate (Keras)",
    "zaremba": "Zaremba: input and output, per step",
    "locked": "locked: input and output, per sequence",
    "awd": "AWD: recurrent matrix, input, output",
    "zoneout, cell": "zoneout of the cell alone",
    "zoneout, hidden": "zoneout of h alone",
}
