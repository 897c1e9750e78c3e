"""Lesson 10: the capstone's results, each method against any other.

`figure(**settings)` is a pure function; `view(**settings)` puts it on the page.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from recdrop_lessons.experiments import results as runs
from recdrop_lessons.experiments.intervals import Interval, paired_interval, paired_p_value
from recdrop_lessons.experiments.paired_splits import holm
from recdrop_lessons.explorers.frame import Choice, Frame, Settings, Slider, Toggle, complete
from recdrop_lessons.explorers.view import Explorer
from recdrop_lessons.plots import charts, svg
from recdrop_lessons.plots.style import BLUE, EMBER, GREY, INK

TITLE = "The capstone's first comparison"
#: Methods in the order of the picture, as a reader knows them.
METHODS = {
    "none": "no dropout",
    "zaremba": "Zaremba, input and output, per step",
    "locked": "locked, input and output",
    "gal": "Gal, tied",
    "gal_untied": "Gal, untied (Keras, both)",
    "recurrent": "Gal, untied, h alone (Keras)",
    "cell_scaled": "cell, scaled at each step",
    "semeniuta": "Semeniuta, per step",
    "semeniuta_sequence": "Semeniuta, per sequence",
    "zoneout": "zoneout",
    "weight_drop": "AWD weight drop",
}
TASKS = {"digits": "digits in rows, accuracy", "text": "characters of the manual, loss"}
CONTROLS = (
    Choice("task", "Task", "digits", TASKS),
    Choice("against", "Compared with", "none", METHODS),
    Slider("level", "Level in per cent", value=95, low=50, high=99, step=1),
    Toggle("correct", "Correct for the ten comparisons (Holm)", True),
)


def view(**settings: Any) -> Explorer:
    """The explorer as a widget, at these settings to begin with."""
    return Explorer(TITLE, CONTROLS, figure, given=settings)


def gains(task: str, against: str, level: float) -> dict[str, Interval]:
    """Return how much better each method is than `against` on the test part, within pairs of one seed.

    A gain in accuracy, or a fall in loss: more is better in both.
    """
    scores = runs.final_scores(runs.shipped(), task)
    sign = 1 if runs.SCORES[task] == "accuracy" else -1
    return {
        method: paired_interval(
            [sign * score for score in scores[method]], [sign * score for score in scores[against]], level
        )
        for method in METHODS
        if method != against
    }


def differ(task: str, against: str, level: float, correct: bool) -> list[str]:
    """Return the methods that differ from `against`, with a probability of 1 - level for a false one.

    Without `correct` that holds for each comparison alone; with it, for all together (Holm).
    """
    scores = runs.final_scores(runs.shipped(), task)
    others = [method for method in METHODS if method != against]
    p_values = [paired_p_value(scores[method], scores[against]) for method in others]
    if correct:
        p_values = holm(p_values)
    return [method for method, p in zip(others, p_values, strict=True) if p <= 1 - level]


def figure(**settings: Any) -> Frame:
    """Draw the paired difference of each method to one of them, with its interval.

    Settings: `task`; `against`, a method; `level` in per cent, 50 to 99, of each interval; `correct`: call
    those different that are so by Holm's correction for the comparisons shown, else each by its interval.
    Raises `SettingsError` for a setting out of range.
    """
    s = complete(CONTROLS, settings)
    others = len(METHODS) - 1
    level = s["level"] / 100
    found = gains(s["task"], s["against"], level)
    told = differ(s["task"], s["against"], level, s["correct"])
    better = [m for m in told if found[m].mean > 0]
    worse = [m for m in told if found[m].mean < 0]
    rates = runs.chosen_rates(runs.shipped(), s["task"])
    status = (
        f"{TASKS[s['task']]}, against {METHODS[s['against']]}, {100 * level:.3g} %"
        f"{', corrected' if s['correct'] else ''}: "
        f"{len(better)} better, {len(worse)} worse, {others - len(better) - len(worse)} cannot be told apart."
    )
    return Frame(
        svg.document(_forest(found, told, rates, s), label=status),
        alt=status + " " + " ".join(f"{METHODS[m]}: {found[m]}." for m in found),
        status=status,
        numbers={"gains": found, "better": better, "worse": worse, "rates": rates},
    )


def _forest(found: dict[str, Interval], told: list[str], rates: dict[str, float], s: Settings) -> svg.Sheet:
    """One row a method: its mean difference and the interval; full dots are `told`, hollow ones are not."""
    ends = np.array([(i.low, i.high) for i in found.values()] + [(0.0, 0.0)])
    low, high = charts.padded(ends.ravel())
    row, left = 30, 345
    axes = charts.Axes(430, row * len(found), (low, high), (0.0, float(len(found))), left=left)
    unit = "accuracy gained" if s["task"] == "digits" else "loss saved, nats a character"
    parts = axes.frame(title=f"Against {METHODS[s['against']]}", x=unit, y="", y_ticks={-1.0: ""})
    parts.append(axes.upright(0.0, colour=GREY, dash="5 4"))
    for k, (method, interval) in enumerate(found.items()):
        y = len(found) - k - 0.5
        (x0, at_y), (x1, _), (x, _) = (axes.at(v, y) for v in (interval.low, interval.high, interval.mean))
        colour = BLUE if interval.mean > 0 else EMBER
        edge, fill, width = (colour, colour, 4) if method in told else (GREY, "white", 2)
        parts.append(svg.line([(x0, at_y), (x1, at_y)], stroke=edge, width=width))
        parts.append(svg.circle(x, at_y, 6, fill=fill, stroke=edge, stroke_width=2))
        name = METHODS[method] + (f", p = {rates[method]:g}" if rates[method] else "")
        parts.append(svg.text(left - 14, at_y + 5, name, size=14, anchor="end", fill=INK))
    return axes.sheet(parts)
