"""Lesson 02: what noise does to one sum of inputs, and what a non-linearity makes of it.

`figure(**settings)` is a pure function; `view(**settings)` puts it on the page. The distributions are exact,
not sampled: a binomial for Bernoulli noise, a normal for Gaussian noise.
"""

from __future__ import annotations

import math
from html import escape
from typing import Any

import numpy as np

from recdrop_lessons.explorers.frame import Choice, Frame, Settings, Slider, Toggle, complete
from recdrop_lessons.explorers.view import Explorer
from recdrop_lessons.plots import charts, svg
from recdrop_lessons.plots.style import BLUE, EMBER, GREY, INK, SKY
from recdrop_lessons.twins import equations as twins

TITLE = "Noise and a non-linearity"
CONTROLS = (
    Slider("p", "Drop rate p", value=0.5, low=0.0, high=0.9, step=0.05),
    Slider("x", "Input x", value=1.0, low=-3, high=3, step=0.25),
    Slider("n", "Inputs averaged, n", value=1, low=1, high=32, step=1),
    Choice("noise", "Noise", "bernoulli", {"bernoulli": "Bernoulli", "gaussian": "Gaussian"}),
    Choice(
        "function",
        "Function",
        "tanh",
        {"tanh": "tanh", "sigmoid": "sigmoid", "relu": "relu", "linear": "linear"},
    ),
    Toggle("inverted", "Scale by 1/(1-p)", True),
)


def view(**settings: Any) -> Explorer:
    """The explorer as a widget, at these settings to begin with."""
    return Explorer(TITLE, CONTROLS, figure, settle, settle({}, complete(CONTROLS, settings)))


def settle(_: Settings, now: Settings) -> Settings:
    """Gaussian noise has mean 1 by itself: there is nothing to scale."""
    return {**now, "inverted": now["inverted"] or now["noise"] == "gaussian"}


def figure(**settings: Any) -> Frame:
    """Draw the distribution of a = 1/n Σ m_k x, and of f(a), with their means.

    Settings: `p` in [0, 0.9]; `x` in [-3, 3]; `n` from 1 to 32; `noise`; `function`, "tanh", "sigmoid",
    "relu" or "linear"; `inverted`, whether kept units are scaled by 1/(1-p).
    Raises `SettingsError` for a setting out of range.
    """
    s = complete(CONTROLS, settings)
    values, chances = outcomes(s)
    f = twins.ACTIVATIONS[s["function"]]
    mean = float(chances @ values)
    variance = float(chances @ (values - mean) ** 2)
    of_mean, mean_of = float(f(np.array(mean))), float(chances @ f(values))
    kept = "kept" if abs(mean - s["x"]) < 1e-9 else f"not x = {s['x']:g}"
    name = s["function"]
    status = (
        f"Mean {mean:.2f}, {kept}; variance {variance:.2f}. "
        f"E[{name}(a)] = {mean_of:.3f}, {name}(E[a]) = {of_mean:.3f}: they differ by {mean_of - of_mean:.3f}."
    )
    return Frame(
        svg.document(
            svg.beside(_spread(s, values, chances, mean), _through(s, values, chances, mean)), label=status
        ),
        alt=f"Left, the distribution of a, the average of {s['n']} noisy inputs of {s['x']:g}. Right, "
        f"{name} with the outcomes on it, and the two means. {status}",
        status=status,
        panel=_panel(s, mean_of - of_mean),
        numbers={"mean": mean, "variance": variance, "mean_of": mean_of, "of_mean": of_mean},
        off=("inverted",) if s["noise"] == "gaussian" else (),
    )


def outcomes(s: Settings) -> tuple[twins.Array, twins.Array]:
    """The values that a can take and their probabilities; for Gaussian noise on a grid of ±6 deviations."""
    p, x, n = s["p"], s["x"], s["n"]
    if s["noise"] == "bernoulli":
        kept = np.arange(n + 1.0)  # how many of n inputs are kept: binomial
        chances = np.array([math.comb(n, k) * (1 - p) ** k * p ** (n - k) for k in range(n + 1)])
        scale = 1 / (1 - p) if s["inverted"] else 1.0
        return x * scale * kept / n, chances
    z = np.linspace(-6, 6, 601)
    weights = np.exp(-z * z / 2)
    return x + abs(x) * math.sqrt(p / (1 - p) / n) * z, weights / weights.sum()


def _limits(values: twins.Array, chances: twins.Array) -> tuple[float, float]:
    """From the least to the largest value of more than one in a million, and 0, with some room."""
    seen = values[chances > 1e-6]
    return charts.padded(np.array([seen.min(), seen.max(), -0.5, 0.5]))


def _spread(s: Settings, values: twins.Array, chances: twins.Array, mean: float) -> svg.Sheet:
    """The distribution of a: bars for a few outcomes, a curve for many."""
    axes = charts.Axes(400, 250, _limits(values, chances), (0, 1.08 * float(chances.max())))
    ticks = _ticks(s, chances)
    parts = axes.frame(title="Distribution of a = mean of m∘x", x="a", y="probability", y_ticks=ticks)
    if s["noise"] == "bernoulli":
        wide = (axes.xlim[1] - axes.xlim[0]) / max(60, 2 * len(values))
        parts += [
            axes.bar(float(v), float(o), width=wide, colour=SKY) for v, o in zip(values, chances, strict=True)
        ]
    else:
        parts.append(axes.line(charts.Line("", values, chances, BLUE)))
    parts.append(axes.upright(s["x"], colour=INK, dash="2 5"))
    parts.append(axes.upright(mean, colour=EMBER))
    marks = [_mark("x", INK, "2 5"), _mark("mean of a", EMBER)]
    sheet = axes.sheet(parts)
    return svg.stack(sheet, charts.names(marks, sheet.width), gap=0)


def _ticks(s: Settings, chances: twins.Array) -> dict[float, str]:
    """A density on a grid has no probabilities to read off."""
    return (
        {v: charts.plain(v) for v in charts.ticks(0, float(chances.max()))}
        if s["noise"] == "bernoulli"
        else {0.0: "0"}
    )


def _through(s: Settings, values: twins.Array, chances: twins.Array, mean: float) -> svg.Sheet:
    """The function, the outcomes on it, and the two means: of what comes out, and what comes of the mean."""
    f, limits = twins.ACTIVATIONS[s["function"]], _limits(values, chances)
    grid = np.linspace(*limits, 81)
    axes = charts.Axes(400, 250, limits, charts.padded(np.append(f(grid), 0.0)))
    name = s["function"]
    parts = axes.frame(title=f"Through {name}", x="a", y=f"{name}(a)")
    parts.append(axes.line(charts.Line("", grid, f(grid), GREY)))
    if s["noise"] == "bernoulli":
        parts += [
            axes.dot(float(v), float(f(v)), colour=BLUE, radius=3 + 9 * math.sqrt(o))
            for v, o in zip(values, chances, strict=True)
            if o > 1e-3
        ]
    parts.append(axes.level(float(chances @ f(values)), colour=EMBER))
    parts.append(axes.level(float(f(np.array(mean))), colour=BLUE, dash="7 4"))
    marks = [_mark(f"E[{name}(a)], training", EMBER), _mark(f"{name}(E[a]), evaluation mode", BLUE, "7 4")]
    sheet = axes.sheet(parts)
    return svg.stack(sheet, charts.names(marks, sheet.width), gap=0)


def _mark(name: str, colour: str, dash: str | None = None) -> charts.Line:
    """A line of the legend alone."""
    return charts.Line(name, np.zeros(1), np.zeros(1), colour, dash)


def _panel(s: Settings, gap: float) -> str:
    """What to see in it."""
    p = s["p"]
    spread = (
        f"{p / (1 - p) * s['x'] ** 2 / s['n']:.2f}"
        if s["inverted"]
        else f"{p * (1 - p) * s['x'] ** 2 / s['n']:.2f}"
    )
    equation = "x² p/(1-p)/n" if s["inverted"] else "x² p(1-p)/n"
    sides = (
        ""
        if abs(gap) < 5e-4
        else f" {s['function']} is curved, so E[{s['function']}(a)] is not {s['function']}(E[a])."
    )
    return f"<p>{escape(f'Variance {equation} = {spread}.')}{escape(sides)}</p>"
