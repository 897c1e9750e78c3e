"""Lesson 09: how uncertain many passes with dropout left on are, and how many passes it takes.

`figure(**settings)` is a pure function; `view(**settings)` puts it on the page. The model is an LSTM with
fixed random weights, whose readout is fitted in closed form, with the dropout on, to 24 points of a curve.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from recdrop_lessons.algebra import variants
from recdrop_lessons.algebra.drops import Drop
from recdrop_lessons.explorers.frame import Again, Choice, Frame, Settings, Slider, complete
from recdrop_lessons.explorers.view import Explorer
from recdrop_lessons.plots import charts, svg
from recdrop_lessons.plots.style import BLUE, EMBER, GREY, INK, SKY
from recdrop_lessons.twins import equations as twins
from recdrop_lessons.twins import sampling

TITLE = "Uncertainty from many passes"
STEPS, FEATURES, UNITS, TRAINED = 4, 16, 32, 24
MASKS = {
    "gal": "one per sequence, on x and h",
    "per_step": "a new one at each step",
    "recurrent": "one per sequence, on h",
    "output": "one per sequence, on what is sent up",
}
CONTROLS = (
    Slider("p", "Drop rate p", value=0.1, low=0.0, high=0.6, step=0.05),
    Slider("passes", "Passes S", value=30, low=1, high=100, step=1),
    Slider("x", "Look at x", value=1.5, low=-2.0, high=2.0, step=0.1),
    Choice("masks", "Masks", "gal", MASKS),
    Again("seed", "Draw new masks"),
)
GRID = np.linspace(-2, 2, 33)


def view(**settings: Any) -> Explorer:
    """The explorer as a widget, at these settings to begin with."""
    return Explorer(TITLE, CONTROLS, figure, given=settings)


def figure(**settings: Any) -> Frame:
    """Draw the predictions of many passes as mean and spread, and how the mean settles with their number.

    Settings: `p` in [0, 0.6]; `passes` from 1 to 100; `x` in [-2, 2], where the passes are counted; `masks`,
    a key of `MASKS`; `seed`.
    Raises `SettingsError` for a setting out of range.
    """
    s = complete(CONTROLS, settings)
    curves = predictions(s)  # (S, X)
    at = int(np.abs(GRID - s["x"]).argmin())
    mean, spread = curves.mean(0), curves.std(0)
    error = float(spread[at]) / np.sqrt(s["passes"])
    status = (
        f"At x = {GRID[at]:.1f} the mean of {s['passes']} passes is {mean[at]:.2f}, the passes spread by "
        f"{spread[at]:.3f}, and the mean is known to {error:.3f}. Inside the data (|x| ≤ 1) they spread by "
        f"{spread[np.abs(GRID) <= 1].mean():.3f}, outside by {spread[np.abs(GRID) > 1].mean():.3f}."
    )
    return Frame(
        svg.document(svg.beside(_curves(curves, s, at), _settling(curves[:, at], s)), label=status),
        alt=f"Left, the predictions of {s['passes']} passes over x with their mean and a band of two "
        f"standard deviations; right, the mean at one x against the number of passes. {status}",
        status=status,
        numbers={"mean": mean, "spread": spread, "curves": curves},
    )


def target(x: twins.Array) -> twins.Array:
    """The curve to be learnt."""
    return np.sin(3 * x)


def predictions(s: Settings) -> twins.Array:
    """One curve a pass: (S, X). A pass keeps its masks over all x, so it is one function."""
    different = s["passes"] if drops_of(s) else 1  # where nothing is dropped, one pass is all of them
    drawn = _features(GRID, s, different, np.random.default_rng([s["seed"], 1]))
    return np.repeat(drawn @ _readout(s), s["passes"] // different, axis=0)


def _readout(s: Settings) -> twins.Array:
    """Ridge regression from the last h to the curve, over passes with the dropout on: (H + 1,)."""
    x = np.linspace(-1, 1, TRAINED)
    passes = 8 if s["p"] else 1
    H = _features(x, s, passes, np.random.default_rng([s["seed"], 0])).reshape(-1, UNITS + 1)
    y = np.tile(target(x), passes)
    return np.linalg.solve(H.T @ H + 0.1 * np.eye(UNITS + 1), H.T @ y)


def _features(x: twins.Array, s: Settings, passes: int, rng: np.random.Generator) -> twins.Array:
    """The last h of the LSTM for each x, with a 1 for the bias, under each pass's masks: (S, X, H + 1)."""
    fixed = np.random.default_rng(11)
    slope, shift = 2 * fixed.standard_normal(FEATURES), 2 * fixed.standard_normal((STEPS, FEATURES))
    W = fixed.standard_normal((4 * UNITS, FEATURES)) / np.sqrt(FEATURES)  # (4H, F)
    U = fixed.standard_normal((4 * UNITS, UNITS)) / np.sqrt(UNITS)  # (4H, H)
    b = fixed.standard_normal(4 * UNITS)
    sequence = x[:, None, None] * slope + shift  # (X, T, F)
    masks = {}
    for drop in drops_of(s):
        size = {"steps": STEPS, "batch": passes, "units": UNITS, "features": FEATURES, "gates": 4}
        mask = sampling.mask(drop, **size, rng=rng)  # (T or 1, S, units)
        # a pass is one function: all its x share the draw
        masks[str(drop.site)] = mask.repeat(len(x), axis=1)
    # float32 is three times as fast here, and far finer than the spread
    x32, *weights = (np.asarray(v, np.float32) for v in (np.tile(sequence, (passes, 1, 1)), W, U, b))
    masks = {site: mask.astype(np.float32) for site, mask in masks.items()}
    h = twins.run("LSTM", x32, *weights, masks=masks).outputs[:, -1].astype(float)  # (S·X, H)
    return np.concatenate([h, np.ones((len(h), 1))], axis=1).reshape(passes, len(x), UNITS + 1)


def drops_of(s: Settings) -> variants.Drops:
    """The drops behind each choice of masks."""
    if not s["p"]:
        return ()
    return {
        "gal": variants.gal(s["p"]),
        "per_step": (Drop("input", s["p"], shared=()), Drop("recurrent", s["p"], shared=())),
        "recurrent": (Drop("recurrent", s["p"]),),
        "output": variants.locked(s["p"]),
    }[s["masks"]]


def _curves(curves: twins.Array, s: Settings, at: int) -> svg.Sheet:
    """All passes thinly, their mean and band, the curve and where it was learnt."""
    mean, spread = curves.mean(0), curves.std(0)
    axes = charts.Axes(430, 270, (-2, 2), (-3, 3))
    parts = axes.frame(title=f"{s['passes']} passes: mean ± 2 standard deviations", x="x", y="prediction")
    parts.append(axes.band(GRID, mean - 2 * spread, mean + 2 * spread, colour=SKY))
    parts += [axes.line(charts.Line("", GRID, curve, GREY, width=0.6)) for curve in curves[:12]]
    parts.append(axes.line(charts.Line("", GRID, target(GRID), INK, "3 4", 2)))
    parts.append(axes.line(charts.Line("", GRID, mean, BLUE, width=3)))
    x = np.linspace(-1, 1, TRAINED)
    parts += [axes.dot(float(a), float(b), colour=INK, radius=3.5) for a, b in zip(x, target(x), strict=True)]
    parts.append(axes.upright(float(GRID[at]), colour=EMBER, dash="7 4", width=2))
    marks = [
        _mark("mean", BLUE),
        _mark("curve", INK, "3 4"),
        _mark("12 passes", GREY),
        _mark("x", EMBER, "7 4"),
    ]
    sheet = axes.sheet(parts)
    return svg.stack(sheet, charts.names(marks, sheet.width), gap=0)


def _mark(name: str, colour: str, dash: str | None = None) -> charts.Line:
    return charts.Line(name, np.zeros(1), np.zeros(1), colour, dash)


def _settling(values: twins.Array, s: Settings) -> svg.Sheet:
    """The mean of the first k passes, and what one standard error allows around the last mean."""
    k = np.arange(1.0, len(values) + 1)
    running = np.cumsum(values) / k
    error = values.std() / np.sqrt(k)
    low, high = charts.padded(np.concatenate([running, running[-1] - error, running[-1] + error]))
    axes = charts.Axes(400, 270, (1, max(float(len(values)), 2.0)), (low, high))
    parts = axes.frame(title=f"Mean at x = {s['x']:.1f} after k passes", x="passes k", y="mean")
    parts.append(axes.band(k, running[-1] - error, running[-1] + error, colour=SKY))
    parts.append(axes.line(charts.Line("", k, running, BLUE)))
    sheet = axes.sheet(parts)
    return svg.stack(
        sheet, charts.names([_mark("mean; band: ± one standard error", BLUE)], sheet.width), gap=0
    )
