"""The smallest input on which an answer still fails in the same way: one size after another is cut down.

An input's sizes are told apart by their values, so it begins as a case whose sizes all differ. A list of
numbers is cut as a tensor is; where there is neither, whole numbers are made smaller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Value, tensors

_TRIALS = 60  # calls of the answer at most


@dataclass(frozen=True)
class Failing:
    """An input on which an answer fails, what it gave there and what is right.

    `sizes`: the names of the input's sizes, {"B": 1, "T": 2}; {} where they have none.
    """

    arguments: dict[str, Value]
    sizes: dict[str, int]
    yours: Value
    right: Value


#: Ask the answer again: how it fails on these arguments; None where it does not, or in another way.
Fails = Callable[[dict[str, Value], dict[str, int]], Failing | None]


def smallest(failing: Failing, fails: Fails, least: int = 1) -> Failing:
    """Keep one index of each size, or else leave out all that are not needed, as long as the answer fails so.

    `least`: how short an axis may become.
    """
    axes = {name: _axes(value, _hidden(failing.arguments)) for name, value in failing.arguments.items()}
    first = failing.sizes
    kept = {size: list(range(size)) for size in _in_order(failing.arguments) if size > least}
    trials = _TRIALS
    for size, some in _attempts(list(kept), least):
        fewer = [k for k in kept[size] if k in some]
        if not least <= len(fewer) < len(kept[size]) or not trials:
            continue
        trials -= 1
        given = _cut(failing.arguments, axes, size, [kept[size].index(k) for k in fewer])
        sizes = {name: len(fewer) if first[name] == size else now for name, now in failing.sizes.items()}
        found = fails(given, sizes) if given is not None else None
        if found is not None:
            failing, kept[size] = found, fewer
    return failing if kept else _smaller_numbers(failing, fails)


def _smaller_numbers(failing: Failing, fails: Fails) -> Failing:
    """Each whole number as small as can be, one after the other."""
    for name, value in failing.arguments.items():
        if isinstance(value, int) and not isinstance(value, bool):
            tried = (
                fails(failing.arguments | {name: less}, failing.sizes) for less in range(1, min(value, 10))
            )
            failing = next((found for found in tried if found is not None), failing)
    return failing


def numbers(value: Value) -> Tensor | None:
    """A list of floats, or of such lists of one length, as a tensor; None for anything else."""
    rows = value if isinstance(value, list) else []
    if rows and all(isinstance(one, float) for one in rows):
        return torch.tensor(rows, dtype=torch.float64)
    inner = [one for row in rows if (one := numbers(row)) is not None]
    same = len(inner) == len(rows) and len({one.shape for one in inner}) == 1
    return torch.stack(inner) if same else None


def _in_order(arguments: dict[str, Value]) -> list[int]:
    """The different sizes, edges first: a node without edges can be cut."""
    edges = arguments.get("edges")
    first = [edges.shape[1]] if isinstance(edges, Tensor) else []
    listed = [one for value in arguments.values() if (one := numbers(value)) is not None]
    every = [size for one in (*tensors(list(arguments.values())), *listed) for size in one.shape]
    return list(dict.fromkeys([*first, *every]))


def _attempts(sizes: list[int], least: int) -> Iterator[tuple[int, set[int]]]:
    """What may be kept of each size: its first indices alone, its last, and all but one."""
    for size in sizes:
        yield size, set(range(least))
    for size in sizes:
        yield size, set(range(size - least, size))
    for size in sizes:
        for k in reversed(range(size)):
            yield size, set(range(size)) - {k}


# ---------------------------------------------------------------- which axis is which size


def _hidden(arguments: Any) -> tuple[int, int]:
    """H and how many blocks the weights U (4H, H) have; in a layer (W, U, b) they are the second tensor."""
    U = arguments.get("U") if isinstance(arguments, dict) else arguments[1]
    return (U.shape[1], U.shape[0] // U.shape[1]) if isinstance(U, Tensor) and U.dim() == 2 else (0, 1)


def _axes(value: Value, hidden: tuple[int, int]) -> Any:
    """For each axis of a tensor its size and how many blocks of that size it has; nested as the value is."""
    if (listed := numbers(value)) is not None:
        return [(length, 1) for length in listed.shape]
    if isinstance(value, Tensor):
        H, blocks = hidden
        return [(H, blocks) if length == H * blocks else (length, 1) for length in value.shape]
    if isinstance(value, (tuple, list)):
        layer = len(value) == 3 and all(isinstance(one, Tensor) for one in value)
        return [_axes(item, _hidden(value) if layer else hidden) for item in value]
    return value


def _cut(
    given: dict[str, Value], axes: dict[str, Any], size: int, kept: list[int]
) -> dict[str, Value] | None:
    """The arguments with these indices alone wherever that size is; None where they make no sense."""
    cut = {}
    for name, value in given.items():
        if name == "edges":
            ends = _cut_edges(value, axes, size, kept)
            if ends is None:
                return None
            cut[name] = ends
        elif name == "lengths" and size != axes[name][0][0]:
            cut[name] = _cut_lengths(value, axes, size, kept)
        else:
            cut[name] = _cut_value(value, axes[name], size, kept)
    return cut


def _cut_value(value: Value, axes: Any, size: int, kept: list[int]) -> Value:
    if (listed := numbers(value)) is not None:
        return _cut_value(listed, axes, size, kept).tolist()
    if isinstance(value, Tensor):
        for axis, (its, blocks) in enumerate(axes):
            if its == size:
                length = value.shape[axis] // blocks
                index = [block * length + k for block in range(blocks) for k in kept]
                value = value.index_select(axis, torch.tensor(index))
        return value
    if isinstance(value, (tuple, list)):
        return type(value)(_cut_value(item, its, size, kept) for item, its in zip(value, axes, strict=True))
    number = isinstance(value, int) and not isinstance(value, bool)
    return len(kept) if number and axes == size else value  # a number of nodes


def _cut_edges(edges: Tensor, axes: dict[str, Any], size: int, kept: list[int]) -> Tensor | None:
    """Edges (2, E): some of them; or between the nodes that are kept, None where one leads elsewhere."""
    if axes["edges"][1][0] == size:
        return edges[:, kept]
    nodes = axes.get("nodes") or next(its[0][0] for its in axes.values() if len(its) == 2)
    if nodes != size:
        return edges
    if not set(edges.flatten().tolist()) <= set(kept):
        return None
    return torch.tensor([[kept.index(node) for node in end] for end in edges.tolist()], dtype=edges.dtype)


def _cut_lengths(lengths: Tensor, axes: dict[str, Any], size: int, kept: list[int]) -> Tensor:
    """How many of the steps that are kept are valid, at least one."""
    steps = next(its[1][0] for name, its in axes.items() if name != "lengths")
    if steps != size:
        return lengths
    valid = [sum(k < length for k in kept) for length in lengths.tolist()]
    return torch.tensor(valid, dtype=lengths.dtype).clamp(min=1)
