"""Lesson 03: where dropout happens. Choose a site, or a whole row of the table, on the unrolled picture.

`figure(**settings)` is a pure function; `view(**settings)` puts it on the page.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from recdrop_lessons.algebra import sites, variants
from recdrop_lessons.algebra.drops import Drop
from recdrop_lessons.explorers import arguments
from recdrop_lessons.explorers.frame import Again, Choice, Frame, Settings, Slider, Toggle, complete
from recdrop_lessons.explorers.view import Explorer
from recdrop_lessons.plots import charts, formulas, heatmaps, svg, tokens, unrolled
from recdrop_lessons.plots.opened import CELLS
from recdrop_lessons.plots.style import BLUE, EMBER, GREEN
from recdrop_lessons.twins import equations as twins
from recdrop_lessons.twins import sampling

TITLE = "Where dropout happens"
STEPS, FEATURES, UNITS = 12, 8, 8
GATES = {"LSTM": "ifgo", "GRU": "rzn"}
ROWS = {key: row.name for key, row in variants.ROWS.items()}
SITES = {
    str(site): f"{site}: {site.description}"
    for site in sites.ALL
    if any(site in cell.places for cell in CELLS.values())
}
NOISES = {"bernoulli": "Bernoulli", "gaussian": "Gaussian", "binary": "0 or 1, not scaled"}
CONTROLS = (
    Choice(
        "row", "Paper or framework", "keras_recurrent", {"none": "no dropout", "own": "my own row"} | ROWS
    ),
    Choice("site", "Site", "recurrent", SITES),
    Slider("p", "Drop rate p", value=0.5, low=0.0, high=0.9, step=0.05),
    Toggle("each_step", "A new mask at each step", False),
    Toggle("per_gate", "One mask per gate", True),
    Toggle("zoneout", "Keep the old value (zoneout)", False),
    Choice("noise", "Noise", "bernoulli", NOISES),
    Choice("cell", "Cell", "LSTM", {"LSTM": "LSTM", "GRU": "GRU"}),
    Choice("compare", "Compare with", "nothing", {"nothing": "nothing", "none": "no dropout"} | ROWS),
    Again("seed", "Draw new masks"),
)
OWN = ("each_step", "per_gate", "zoneout", "noise")  # what makes a row one's own


def view(**settings: Any) -> Explorer:
    """The explorer as a widget, at these settings to begin with."""
    return Explorer(TITLE, CONTROLS, figure, settle, settle({}, complete(CONTROLS, settings)))


def figure(**settings: Any) -> Frame:
    """Draw the picture, the equations, the mask of the chosen site, and what it does to h and c.

    Settings: `row`, a key of `variants.ROWS`, "own" or "none"; `site`; `p` in [0, 0.9]; `each_step`,
    `per_gate`, `zoneout` and `noise` for an own row; `cell`; `compare`, a second row; `seed`.
    Raises `SettingsError` for a setting out of range, `DropError` for a row that means nothing.
    """
    s = complete(CONTROLS, settings)
    drops = chosen(s)
    with_it, without = passes(s["cell"], drops, s["seed"]), passes(s["cell"], (), s["seed"])
    number = float(np.abs(with_it.outputs - without.outputs).mean())
    site = next((drop for drop in drops if drop.site == s["site"]), drops[0] if drops else None)
    status, alt = _words(s, drops, number), unrolled.describe(s["cell"], drops)
    picture = _sheet(s, drops, site) if s["compare"] == "nothing" else _compared(s, drops)
    return Frame(
        svg.document(picture, label=alt, role="group"),
        alt=f"{alt} {status}",
        status=status,
        panel="" if site is None else arguments.html(drops, site),
        numbers={"moved": number, "drops": drops, "masks": drawn(s["cell"], drops, s["seed"])},
        off=_off(s),
    )


def chosen(s: Settings) -> variants.Drops:
    """The drops that the settings stand for, as far as the cell has their sites."""
    if s["row"] == "none" or s["p"] == 0:
        return ()
    if s["row"] == "own":
        return (_own(s),)
    return _row(s["row"], s["p"], s["cell"])


def _own(s: Settings) -> Drop:
    shared = () if s["each_step"] else ("time",)
    fill = "previous" if s["zoneout"] else "zero"
    return Drop(s["site"], s["p"], shared=shared, noise=s["noise"], fill=fill, per_gate=s["per_gate"])


def _row(key: str, p: float, cell: str) -> variants.Drops:
    return tuple(drop for drop in variants.ROWS[key].make(p) if drop.site in CELLS[cell].places)


def settle(before: Settings, now: Settings) -> Settings:
    """Make settings agree: a row brings its site and toggles, a changed toggle makes the row one's own."""
    now = dict(now)
    if any(before.get(name, now[name]) != now[name] for name in OWN):
        now["row"] = "own"
    if now["row"] not in ("own", "none"):
        rows = _row(now["row"], 0.5, now["cell"])
        at_site = [drop for drop in rows if drop.site == now["site"]]
        picked = before.get("site", now["site"]) != now["site"]
        if not rows or (picked and not at_site):
            now["row"] = "own"
        else:
            return now | _toggles((at_site or rows)[0])
    elif before.get("site", now["site"]) != now["site"]:
        now["row"] = "own"
    places = CELLS[now["cell"]].places
    if now["site"] not in places:  # a GRU has no cell state: the state that it has
        now["site"] = str(next(site for site in places if site.carried))
    site = sites.site_named(now["site"])
    now["zoneout"] = now["zoneout"] and bool(site.carried)
    now["per_gate"] = now["per_gate"] and site.per_gate
    now["each_step"] = now["each_step"] and not site.matrix
    if now["zoneout"]:
        now["noise"] = "bernoulli"
    return now


def _toggles(drop: Drop) -> Settings:
    """The settings that say this drop."""
    return {
        "site": str(drop.site), "each_step": "time" not in drop.shared, "per_gate": drop.per_gate,
        "zoneout": drop.fill == "previous", "noise": drop.noise,
    }  # fmt: skip


def _off(s: Settings) -> tuple[str, ...]:
    """The toggles that mean nothing at this site."""
    off, site = [], sites.site_named(s["site"])
    if not site.carried:
        off.append("zoneout")
    if not site.per_gate:
        off.append("per_gate")
    if site.matrix:
        off.append("each_step")
    if s["zoneout"]:
        off.append("noise")
    return tuple(off)


def drawn(cell: str, drops: variants.Drops, seed: int) -> dict[str, twins.Array]:
    """Draw the masks of `drops`, one row of a batch: site → (T or 1, 1, [G,] units), U's (G·H, H)."""
    size = {"steps": STEPS, "batch": 1, "units": UNITS, "gates": len(GATES[cell])}
    # every site has a stream of its own, so that its mask stays when others come and go
    streams = {d.site: np.random.default_rng([seed, *d.site.encode()]) for d in drops}
    return {d.site: sampling.mask(d, **size, rng=streams[d.site]) for d in drops}


def passes(cell: str, drops: variants.Drops, seed: int) -> twins.TwinRun:
    """Run the NumPy twin over one fixed input with the masks of `drops`: states (1, T, H)."""
    rng, gates = np.random.default_rng(7), len(GATES[cell])
    x = rng.standard_normal((1, STEPS, FEATURES))  # (1, T, F)
    W = 0.5 * rng.standard_normal((gates * UNITS, FEATURES))  # (G·H, F)
    U = 0.5 * rng.standard_normal((gates * UNITS, UNITS))  # (G·H, H)
    biases = [np.zeros(gates * UNITS)] * (1 if cell == "LSTM" else 2)
    previous = [drop.site for drop in drops if drop.fill == "previous"]
    return twins.run(cell, x, W, U, *biases, masks=drawn(cell, drops, seed), previous=previous)


def _sheet(s: Settings, drops: variants.Drops, site: Drop | None) -> svg.Sheet:
    """One row: picture, equations, mask, effect."""
    made = drawn(s["cell"], drops, s["seed"])
    middle = [formulas.sheet(s["cell"], drops)]
    if site is not None:
        middle.append(_heat_map(s["cell"], site, made[site.site]))
    return svg.stack(
        unrolled.sheet(s["cell"], drops, masks=made),
        svg.beside(*middle, gap=4),
        _effect(s["cell"], s["seed"], drops, (), ("with the masks", "without")),
    )


def _compared(s: Settings, drops: variants.Drops) -> svg.Sheet:
    """Two rows side by side: both pictures, both first masks, and the states under both."""
    other = () if s["compare"] == "none" else _row(s["compare"], s["p"] or 0.5, s["cell"])
    columns = []
    for rows, name, pickable in (
        (drops, "A: " + _name(s, drops), True),
        (other, "B: " + _title(s["compare"]), False),
    ):
        made = drawn(s["cell"], rows, s["seed"])
        picture = unrolled.sheet(s["cell"], rows, masks=made, pickable=pickable)
        said = svg.text(20, 30, name, size=28, anchor="start", font_weight="bold", plain=True)
        heading = svg.Sheet(1060, 40, (said,))
        maps = [_heat_map(s["cell"], drop, made[drop.site]) for drop in rows]
        parts = [heading, picture, formulas.sheet(s["cell"], rows, size=24)]
        columns.append(svg.stack(*parts, *([svg.shrunk(svg.beside(*maps), 1.4)] if maps else [])))
    return svg.stack(
        svg.shrunk(svg.beside(*columns, gap=30), 0.493),
        _effect(s["cell"], s["seed"], drops, other, ("A", "B")),
    )


def _heat_map(cell: str, drop: Drop, mask: twins.Array) -> svg.Sheet:
    """The mask of one site over time; U's, which has no time, as the matrix it is."""
    title = f"{drop.site.words}  {formulas.mask_name(drop.site, drop)}"
    zoneout = drop.fill == "previous"
    if drop.site.matrix:
        across = f"rows of U, gates {' '.join(GATES[cell])}"
        return heatmaps.sheet(mask, title=title, across=across, down="columns", column=8.5)
    across, blocks = "time step", ""  # a letter a gate
    if drop.per_gate:  # as many units as the symbol in the picture, so that a row is high enough to read
        mask, blocks = mask[..., : tokens.UNITS], GATES[cell]
        across = f"{tokens.UNITS} units of each gate; time step"
    over_time = np.broadcast_to(mask[:, 0], (STEPS, *mask.shape[2:])).reshape(STEPS, -1)  # (T, [G·] units)
    return heatmaps.sheet(over_time, title=title, zoneout=zoneout, across=across, blocks=blocks)


def _effect(
    cell: str, seed: int, drops: variants.Drops, other: variants.Drops, names: tuple[str, str]
) -> svg.Sheet:
    """The states of three units over time: the same input and weights, under two rows."""
    runs, steps = (passes(cell, drops, seed), passes(cell, other, seed)), np.arange(1, STEPS + 1)
    pictures = []
    for state, kept in (("h", "outputs"), ("c", "c")) if cell == "LSTM" else (("h", "outputs"),):
        curves = []
        for run, name, dash in zip(runs, names, (None, "3 5"), strict=True):
            for unit, colour in enumerate((BLUE, EMBER, GREEN)):
                values = getattr(run, kept)[0, :, unit]  # (T,)
                curves.append(charts.Line(f"unit {unit + 1}, {name}", steps, values, colour, dash))
        title = f"{state}: solid {names[0]}, dotted {names[1]}"
        drawing = charts.lines(
            curves, title=title, x="time step", y=state, width=436, height=150, legend=False
        )
        units = [charts.Line(f"unit {unit + 1}", steps, steps, curves[unit].colour) for unit in range(3)]
        pictures.append(svg.stack(drawing, charts.names(units, drawing.width), gap=0))
    return svg.beside(*pictures)


def _title(row: str) -> str:
    return {"none": "no dropout", "own": "my own row"}.get(row) or ROWS[row]


def _name(s: Settings, drops: variants.Drops) -> str:
    """What the row is called, and, for an own row, which named rows it is."""
    same = variants.matching(drops) if s["row"] == "own" and drops else []
    return _title(s["row"]) + (f", which is {' and '.join(ROWS[key] for key in same)}" if same else "")


def _words(s: Settings, drops: variants.Drops, number: float) -> str:
    """The settings and the main number in a sentence."""
    if not drops:
        return f"{s['cell']}, no dropout: no mask, so nothing changes."
    said = "; ".join(f"{drop.site.words} {unrolled.sharing(drop)}" for drop in drops)
    row = f"{s['cell']}, {_name(s, drops)}, p = {s['p']:g}. Masks: {said}."
    return f"{row} h, as sent up, differs from a pass without masks by {number:.3f} on average."
