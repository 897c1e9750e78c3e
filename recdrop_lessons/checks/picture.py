"""A difference as plain data that a report can draw: yours beside the right value."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Value
from recdrop_lessons.checks.compare import Difference, number

_ROWS, _COLUMNS = 6, 8  # as much as is readable side by side


def picture(difference: Difference) -> dict[str, Any]:
    """What differs, as JSON: `output`, `first` (index), `yours` and `right`, each with a window of values.

    A window is at most 6 × 8 numbers of the last two axes, where the first difference is; `marks` says which
    of them differ.
    """
    yours, right = difference.yours, difference.right
    told: dict[str, Any] = {
        "output": difference.output,
        "reason": difference.reason,
        "first": list(difference.index),
        "yours": _shown(yours, difference.index),
        "right": _shown(right, difference.index, difference.reason == "dtype"),
    }
    if isinstance(yours, Tensor) and isinstance(right, Tensor) and yours.shape == right.shape:
        apart = ~torch.isclose(
            _window(yours, difference.index), _window(right, difference.index), rtol=1e-4, atol=1e-6
        )
        told["marks"] = apart.tolist()
        told["corner"] = list(_corner(difference.index))
    return told


def _shown(value: Value, index: tuple[int, ...], with_dtype: bool = True) -> dict[str, Any]:
    # The right value is always computed in float64, so its dtype is shown only where dtypes matter.
    if not isinstance(value, Tensor):
        return {"text": repr(value)[:200] if not isinstance(value, (tuple, list)) else _short(value)}
    rows = [[number(x) for x in row] for row in _window(value, index).tolist()]
    dtype = str(value.dtype).removeprefix("torch.") if with_dtype else ""
    return {"shape": list(value.shape), "dtype": dtype, "values": rows}


def _window(value: Tensor, index: tuple[int, ...]) -> Tensor:
    """At most 6 × 8 numbers around the index, as a matrix."""
    plane = value.double()
    leading = index[: max(0, value.dim() - 2)] if index else (0,) * max(0, value.dim() - 2)
    for i in leading:
        if plane.dim() <= 2 or plane.shape[0] == 0:
            break
        plane = plane[i]
    while plane.dim() < 2:
        plane = plane.unsqueeze(0)
    row, column = _corner(index)
    return plane[row : row + _ROWS, column : column + _COLUMNS]


def _corner(index: tuple[int, ...]) -> tuple[int, int]:
    """Where the window starts: a whole number of windows in, so small tensors show from their start."""
    row, column = (0, *index)[-2:] if index else (0, 0)
    return row // _ROWS * _ROWS, column // _COLUMNS * _COLUMNS


def _short(value: Value) -> str:
    inner = ", ".join(
        f"tensor{tuple(item.shape)}" if isinstance(item, Tensor) else repr(item)[:40] for item in value[:8]
    )
    more = ", …" if len(value) > 8 else ""
    return f"({inner}{more})" if isinstance(value, tuple) else f"[{inner}{more}]"
