"""The lessons' charts, drawn once by matplotlib: curves with bands, bars, pairs of runs, intervals.

Each takes plain numbers by name and returns a figure for `plots.show`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from recdrop_lessons.plots.style import BLUE, CYCLE, DASHES, EMBER, GREEN, GREY, INK, PALE, SKY, look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HATCHES, FILLS = ("", "//", "..", "xx"), (INK, BLUE, GREEN, EMBER)


class HasEnds(Protocol):
    """An interval, as experiments.intervals makes it."""

    mean: float
    low: float
    high: float


def curves(
    panels: Mapping[str, Mapping[str, Any]],
    *,
    x: str,
    y: str | Sequence[str],
    at: Sequence[float] | None = None,
    dots: Mapping[str, Mapping[str, tuple[Any, Any]]] | None = None,
    height: float = 4.2,
    **axis: Any,
) -> Figure:
    """Curves by name in panels side by side, with one legend below.

    `panels`: for each panel's title its curves: (T,), or (runs, T) for the median with a band over all runs;
    `y`: one name for all panels, or one each; `at`: where the T values lie, else 0 … T-1; `dots`: for a panel
    and a curve the (x, y) of points, drawn in the curve's colour; `axis`: matplotlib's settings of the axes
    (`yscale`, `ylim`, …), a tuple for one each.
    """
    names = list(dict.fromkeys(name for lines in panels.values() for name in lines))
    handles: dict[str, Any] = {}  # a name has one colour and dash, whichever panel it is in
    with look() as figure:
        made, axes = figure(1, len(panels), height=height)
        for k, (ax, (title, lines)) in enumerate(zip(axes[0], panels.items(), strict=True)):
            for name, values in lines.items():
                runs = np.atleast_2d(np.asarray(values, dtype=float))  # (runs, T)
                where = np.arange(runs.shape[1]) if at is None else np.asarray(at)
                colour, dash = (cycle[names.index(name) % len(cycle)] for cycle in (CYCLE, DASHES))
                (handles[name],) = ax.plot(
                    where, np.median(runs, axis=0), color=colour, linestyle=dash, label=name
                )
                if len(runs) > 1:
                    ax.fill_between(where, runs.min(0), runs.max(0), color=colour, alpha=0.2)
                if dots and name in dots.get(title, {}):
                    ax.plot(*dots[title][name], "o", color=colour, markersize=5)
            ylabel = y if isinstance(y, str) else y[k]
            own = {name: v[k] if isinstance(v, list) else v for name, v in axis.items()}
            ax.set(title=title, xlabel=x, ylabel=ylabel if k == 0 or not isinstance(y, str) else "", **own)
        if len(handles) > 1:
            made.legend(handles.values(), handles, loc="outside lower center", ncols=2, fontsize=11)
    return made


def bars(groups: Mapping[str, Sequence[float]], labels: Sequence[str], *, x: str, y: str) -> Figure:
    """Bars side by side at each label, one of each group; colour and hatch both tell the groups apart."""
    with look() as figure:
        made, axes = figure(height=3.6)
        width = 0.8 / len(groups)
        for k, (name, values) in enumerate(groups.items()):
            places = np.arange(len(labels)) + width * (k - (len(groups) - 1) / 2)
            axes[0, 0].bar(
                places, values, 0.9 * width, label=name, color=FILLS[k], hatch=HATCHES[k], edgecolor="white"
            )
        axes[0, 0].set(xticks=range(len(labels)), xticklabels=labels, xlabel=x, ylabel=y)
        made.legend(loc="outside lower center", ncols=2, fontsize=11)
    return made


def noises(panels: Mapping[str, tuple[Any, Any, Mapping[float, float]]], *, x: str) -> Figure:
    """In each panel a density (places, heights) as a curve, and probabilities by value as bars."""
    with look() as figure:
        made, axes = figure(1, len(panels))
        for ax, (title, (at, density, probabilities)) in zip(axes[0], panels.items(), strict=True):
            ax.plot(at, density, color=BLUE, linestyle="-", label="Gaussian (density)")
            ax.bar(
                list(probabilities),
                list(probabilities.values()),
                0.16,
                color=EMBER,
                label="Bernoulli (fraction)",
            )
            ax.axvline(1, color=GREY, linestyle=":", linewidth=1.5)
            ax.set(title=title, xlabel=x, ylim=(0, 0.9))
        made.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return made


def matrices(panels: Mapping[str, Any], shown: Any, *, x: str, y: str) -> Figure:
    """Square matrices as tables side by side, entries where `shown` is true, and each row's sum behind it."""
    with look() as figure:
        made, axes = figure(1, len(panels), height=3.6)
        for ax, (title, values) in zip(axes[0], panels.items(), strict=True):
            matrix = np.asarray(values, dtype=float)
            ax.imshow(matrix, cmap="Blues", vmin=0, vmax=2)
            for v, u in np.argwhere(np.asarray(shown)):
                words = f"{matrix[v, u]:.2f}" if matrix[v, u] else "×"
                ax.text(u, v, words, ha="center", va="center", fontsize=10)
            for v, total in enumerate(matrix.sum(1)):
                ax.text(len(matrix) - 0.2, v, f"{total:.2f}", va="center", color=EMBER)
            ax.set(title=title, xlabel=x, ylabel=y, xticks=range(len(matrix)), yticks=range(len(matrix)))
    return made


def histogram(values: Any, *, x: str, mark: float, name: str) -> Figure:
    """How many of the values lie in each of 40 bins, and a dashed line at `mark` with its name."""
    with look() as figure:
        made, axes = figure(height=3.0)
        axes[0, 0].hist(np.asarray(values).ravel(), bins=40, color=SKY, edgecolor="white")
        axes[0, 0].axvline(mark, color=EMBER, linestyle="--", label=name)
        axes[0, 0].set(xlabel=x, ylabel="how many")
        axes[0, 0].legend()
    return made


def reliability(panels: Mapping[str, tuple[Any, Any]]) -> Figure:
    """Reliability diagrams side by side: (confidence, fraction of right answers) of bins; the diagonal."""
    with look() as figure:
        made, axes = figure(1, len(panels))
        for ax, (title, (sure, right)) in zip(axes[0], panels.items(), strict=True):
            ax.plot((0, 1), (0, 1), ":", color=INK, linewidth=1)
            ax.plot(sure, right, "o-", color=BLUE)
            ax.set(title=title, xlabel="confidence", xlim=(0.2, 1.02), ylim=(0.2, 1.02))
        axes[0, 0].set_ylabel("fraction of right answers")
    return made


def pairs(first: Sequence[float], second: Sequence[float], names: tuple[str, str], *, y: str) -> Figure:
    """A line for each pair of runs, from its first score to its second."""
    with look() as figure:
        made, axes = figure(height=3.2)
        for ends in zip(first, second, strict=True):
            axes[0, 0].plot((0, 1), ends, "o-", color=BLUE, linewidth=1.5)
        axes[0, 0].set(xticks=(0, 1), xticklabels=names, xlim=(-0.4, 1.4), ylabel=y)
    return made


def intervals(named: Mapping[str, HasEnds], *, x: str, scale: float = 1.0) -> Figure:
    """Means with their intervals, one below the other; those that reach across 0 are grey."""
    with look() as figure:
        made, axes = figure(height=1.4 + 0.45 * len(named))
        ax = axes[0, 0]
        for place, found in enumerate(named.values()):
            colour = GREY if found.low <= 0 <= found.high else BLUE
            ax.plot((scale * found.low, scale * found.high), (place, place), "-", color=colour, linewidth=3)
            ax.plot(scale * found.mean, place, "o", color=colour)
        ax.axvline(0, color=EMBER, linestyle="--")
        ax.set(yticks=range(len(named)), yticklabels=named, xlabel=x)
        ax.invert_yaxis()
    return made


def ranking(
    means: Mapping[str, HasEnds], groups: Sequence[Sequence[str]], *, x: str, hollow: Sequence[str] = ()
) -> Figure:
    """Means with their intervals, best on top; an upright line joins rows that cannot be told apart.

    `groups`: the largest sets of rows of which no two can be told apart; a row on no common line with another
    differs from it. `hollow`: rows of another kind, drawn with hollow dots.
    """
    with look() as figure:
        labels = [textwrap.fill(name, 26) for name in means]
        made, axes = figure(1, 2, height=1.3 + 0.36 * sum(label.count("\n") + 1 for label in labels))
        left, right = axes[0]
        left.get_gridspec().set_width_ratios((3, max(0.8, 0.2 * len(groups))))
        for place, (name, found) in enumerate(means.items()):
            left.plot((found.low, found.high), (place, place), "-", color=BLUE, linewidth=2.5)
            fill = "white" if name in hollow else BLUE
            left.plot(found.mean, place, "o", color=BLUE, markerfacecolor=fill, markersize=7)
        places = {name: place for place, name in enumerate(means)}
        for column, members in enumerate(groups):
            rows = sorted(places[name] for name in members)
            right.plot([column] * len(rows), rows, "-o", color=INK, linewidth=2, markersize=6)
        left.set(yticks=range(len(means)), xlabel=x)
        left.set_yticklabels(labels, fontsize=11)
        right.set(yticks=[], xticks=[], xlabel="not\ntold apart", xlim=(-0.7, max(0, len(groups) - 1) + 0.7))
        right.spines[["left", "bottom"]].set_visible(False)
        for ax in (left, right):
            ax.set_ylim(len(means) - 0.4, -0.6)
            for place in places.values():
                ax.axhline(place, color=PALE, linewidth=0.8, zorder=0)
    return made
