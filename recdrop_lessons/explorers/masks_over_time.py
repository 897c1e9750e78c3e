"""Lesson 04: one mask or many? Masks over time, batch, features and gates for every sharing.

`figure(**settings)` is a pure function; `view(**settings)` puts it on the page.
"""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from recdrop_lessons.algebra import variants
from recdrop_lessons.algebra.drops import Drop
from recdrop_lessons.algebra.sites import site_named, sites_of
from recdrop_lessons.explorers.frame import Again, Choice, Frame, Settings, Slider, Toggle, complete
from recdrop_lessons.explorers.view import Explorer
from recdrop_lessons.plots import heatmaps, svg
from recdrop_lessons.twins import equations as twins
from recdrop_lessons.twins import sampling

TITLE = "Masks over time"
STEPS, BATCH, GATES = 12, 3, "ifgo"
CONTROLS = (
    Slider("p", "Drop rate p", value=0.5, low=0.05, high=0.9, step=0.05),
    Toggle("time", "Steps share one mask", True),
    Toggle("batch", "Examples share it", False),
    Toggle("features", "Features share it", False),
    Toggle("gates", "Gates share it", True),
    Slider("units", "Features F", value=6, low=1, high=8, step=1),
    Choice("site", "Site", "input", {str(site): site.words for site in sites_of("LSTM") if not site.matrix}),
    Again("seed", "Draw new masks"),
)


def view(**settings: Any) -> Explorer:
    """The explorer as a widget, at these settings to begin with."""
    return Explorer(TITLE, CONTROLS, figure, settle, settle({}, complete(CONTROLS, settings)))


def settle(_: Settings, now: Settings) -> Settings:
    """What does not branch into the gates, such as the output, has one mask for all."""
    return {**now, "gates": now["gates"] or not site_named(now["site"]).per_gate}


def figure(**settings: Any) -> Frame:
    """Draw the masks of three examples, steps across and features down, for one sharing.

    Settings: `p` in [0.05, 0.9]; `time`, `batch`, `features`, `gates`: what shares one draw; `units` from 1
    to 8; `site`, one of the LSTM's that is not a matrix; `seed`.
    Raises `SettingsError` for a setting out of range, `DropError` for gates where nothing branches into them.
    """
    s = complete(CONTROLS, settings)
    drop = drop_of(s)
    mask = drawn(s)  # (T, B, G, F)
    gone = float((mask == 0).all(-1).mean())
    chance = chance_step_vanishes(s)
    status = (
        f"{_name(drop)} Mask {_shape(s)}: {_draws(s)}. A whole step vanishes with probability {chance:.3g}; "
        f"here {round(100 * gone)} % of the steps did."
    )
    return Frame(
        svg.document(_sheet(mask, s), label=status),
        alt=f"Heat maps of the masks, {STEPS} steps across and {s['units']} features down, for {BATCH} "
        f"examples. {status}",
        status=status,
        panel=_panel(s, drop),
        numbers={"mask": mask, "chance": chance, "gone": gone, "drop": drop},
        off=() if site_named(s["site"]).per_gate else ("gates",),
    )


def drop_of(s: Settings) -> Drop:
    """The `Drop` that the toggles say."""
    shared = [axis for axis in ("time", "batch", "features") if s[axis]]
    return Drop(s["site"], s["p"], shared=shared, per_gate=not s["gates"])


def drawn(s: Settings) -> twins.Array:
    """Draw the mask and spread it over all axes: (T, B, G, F), G of length 1 where the gates share it."""
    size = {"steps": STEPS, "batch": BATCH, "units": s["units"], "gates": len(GATES)}
    mask = sampling.mask(drop_of(s), **size, rng=np.random.default_rng(s["seed"]))
    mask = mask if not s["gates"] else mask[:, :, None]
    return np.broadcast_to(mask, (STEPS, BATCH, mask.shape[2], s["units"]))


def chance_step_vanishes(s: Settings) -> float:
    """The chance that a step loses all its features: p^F, or p where the features share one draw."""
    return float(s["p"]) if s["features"] else float(s["p"] ** s["units"])


def _shape(s: Settings) -> str:
    sizes = [("1" if s["time"] else "T"), ("1" if s["batch"] else "B"), ("1" if s["features"] else "F")]
    if not s["gates"]:
        sizes.insert(2, "4")
    return f"({', '.join(sizes)})"


def _draws(s: Settings) -> str:
    count = (1 if s["time"] else STEPS) * (1 if s["batch"] else BATCH) * (1 if s["features"] else s["units"])
    count *= 1 if s["gates"] else len(GATES)
    return f"{count} draw{'s' if count > 1 else ''} here"


def _name(drop: Drop) -> str:
    """The named row that this is."""
    same = [variants.ROWS[key].name for key in variants.matching([drop])]
    return f"{' and '.join(same)}." if same else "No named row."


def _sheet(mask: twins.Array, s: Settings) -> svg.Sheet:
    """A row of maps for each example: one map, or one for each gate."""
    column = 22 if s["gates"] else 15
    rows = []
    for example in range(BATCH):
        maps = []
        for gate in range(mask.shape[2]):
            title = f"example {example + 1}" + ("" if s["gates"] else f", gate {GATES[gate]}")
            maps.append(heatmaps.sheet(mask[:, example, gate], title=title, down="F", column=column))
        rows.append(svg.beside(*maps, gap=2))
    return svg.beside(*rows, gap=20) if s["gates"] else svg.stack(*rows, gap=4)


def _panel(s: Settings, drop: Drop) -> str:
    """The same in the words of Keras's noise_shape, and of this library."""
    shape = ", ".join(
        ("1" if s[axis] else letter) for axis, letter in (("batch", "B"), ("time", "T"), ("features", "F"))
    )
    keras = {
        (False, False, False): "keras.layers.Dropout(p)",
        (True, False, False): "keras.layers.SpatialDropout1D(p)",
    }.get((s["time"], s["batch"], s["features"]), f"keras.layers.Dropout(p, noise_shape=({shape}))")
    layer = {"input": "before the layer", "output": "after the layer"}.get(s["site"])
    said = (
        f"As a layer of its own: {keras} {layer}"
        if layer
        else f"No layer of its own can mask {drop.site.description}"
    )
    if not s["gates"]:
        said = "Only the layer itself can give each gate a mask of its own"
    given = (
        f'Drop("{drop.site}", {drop.p:g}, shared={drop.shared!r}{", per_gate=True" if drop.per_gate else ""})'
    )
    return f"<p>{escape(said)}.</p><p>In this library: <code>{escape(given)}</code></p>"
