"""Small tables as plain text: what a lesson's cell prints, and nbval compares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from recdrop_lessons.algebra import variants


def table(
    rows: Mapping[str, Sequence[Any]] | Sequence[Sequence[Any]],
    columns: Sequence[str] = (),
    form: str | Sequence[str] = "",
) -> None:
    """Print rows under their columns' names: words to the left, numbers to the right.

    `rows`: values by the row's name, or a sequence of rows; `columns`: their names, the first above the rows'
    names; `form`: a format for all numbers, such as ".2f", or one for each column after the first.
    True, False and None are printed as yes, no and –. Raises ValueError for rows of different lengths.
    """
    listed = [(name, *values) for name, values in rows.items()] if isinstance(rows, Mapping) else list(rows)
    forms = [form] * 99 if isinstance(form, str) else list(form)
    lines = [list(map(str, columns))] if columns else []
    lines += [[str(first), *map(_word, rest, forms)] for first, *rest in listed]
    if len({len(line) for line in lines}) > 1:
        raise ValueError(f"The rows have {sorted({len(line) for line in lines})} values; give each the same.")
    right = [all(_is_number(row[k]) for row in listed) for k in range(len(lines[0]))]
    widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    for line in lines:
        cells = (f"{word:{'>' if r else '<'}{w}}" for word, w, r in zip(line, widths, right, strict=True))
        print("   ".join(cells).rstrip())


def methods(keys: Iterable[str] | None = None) -> None:
    """Print these rows of `variants.ROWS`, or all of them: a line for each mask."""
    lines = []
    for key in keys or variants.ROWS:
        for k, drop in enumerate(variants.ROWS[key].make(0.5)):
            name = variants.ROWS[key].name if k == 0 else ""
            over_time = "one mask" if "time" in drop.shared else "new"
            gates = "one each" if drop.per_gate else "one"
            lines.append((name, drop.site, over_time, gates, drop.noise, drop.fill))
    table(lines, ("method", "site", "over time", "gates", "noise", "fill"))


def _word(value: Any, form: str) -> str:
    if value is None:
        return "–"
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    return format(value, form) if _is_number(value) else str(value)


def _is_number(value: Any) -> bool:
    return hasattr(value, "__float__") and not isinstance(value, (bool, np.bool_, str))
