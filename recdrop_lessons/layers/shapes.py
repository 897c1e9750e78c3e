"""What enters and leaves each layer of a model, and where and why it breaks."""

from __future__ import annotations

import copy
import html
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from recdrop_lessons.layers.recurrent import Shape
from recdrop_lessons.layers.stacking import Stack
from recdrop_lessons.layers.timewise import TimeDistributed
from recdrop_lessons.support.errors import ShapeError

#: Modules of torch that hand on the shape they are given.
_SHAPE_KEEPERS = (
    nn.Dropout,
    nn.Identity,
    nn.ReLU,
    nn.Tanh,
    nn.Sigmoid,
    nn.GELU,
    nn.LayerNorm,
    nn.Softmax,
    nn.LogSoftmax,
)


def output_shape(layer: nn.Module, shape: Shape) -> Shape:
    """Return the shape that leaves `layer` for one that enters, without computing any values.

    Shapes: None is an axis that is open, the batch or time; what depends on it stays None.
    Raises `ShapeError`, with cause and cure, where the layer cannot take it.
    """
    own_rule = getattr(layer, "output_shape", None)
    if callable(own_rule):
        return tuple(own_rule(shape))
    if isinstance(layer, TimeDistributed):
        layer.check_shape(shape)
        return (*shape[:2], *output_shape(layer.module, (None, *shape[2:]))[1:])
    if isinstance(layer, nn.Linear):
        return _through_linear(layer, shape)
    if isinstance(layer, _SHAPE_KEEPERS):
        return tuple(shape)
    return _by_trying(layer, shape)


def _through_linear(layer: nn.Linear, shape: Shape) -> Shape:
    """(…, in_features) → (…, out_features)."""
    if shape[-1] not in (None, layer.in_features):
        raise ShapeError(
            f"Linear({layer.in_features}, {layer.out_features}) was given {shape[-1]} features, in the "
            f"shape {tuple(shape)}.",
            f"Make it as Linear({shape[-1]}, {layer.out_features}).",
        )
    return (*shape[:-1], layer.out_features)


#: Two sizes for an axis that is open: the batch's, and any other's, long enough for most kernels.
_BATCHES, _LENGTHS = (2, 3), (128, 192)


def _by_trying(layer: nn.Module, shape: Shape) -> Shape:
    """Send zeros through a copy of a layer that this library does not know.

    With open axes, twice, with two sizes for each: what leaves with two sizes is open too.
    """
    tries = []
    for batch, length in zip(_BATCHES, _LENGTHS, strict=True):
        sizes = [(length if axis else batch) if size is None else size for axis, size in enumerate(shape)]
        tries.append(_leaving(layer, shape, sizes))
        if None not in shape:
            return tries[0]
    one, other = tries
    if len(one) != len(other):
        raise ShapeError(
            f"{type(layer).__name__} gives another number of axes for another size of {tuple(shape)}.",
            "Give trace_shapes a shape without None.",
        )
    return tuple(a if a == b else None for a, b in zip(one, other, strict=True))


def _leaving(layer: nn.Module, shape: Shape, sizes: list[int]) -> tuple[int, ...]:
    """The shape that leaves for zeros of `sizes`: numbers of the layer's own kind, else whole numbers."""
    copied = copy.deepcopy(layer).eval()
    own = next((p for p in copied.parameters() if p.is_floating_point()), torch.zeros(()))
    refusals = []
    for dtype in (own.dtype, torch.long):
        try:
            with torch.no_grad():
                result = copied(torch.zeros(sizes, dtype=dtype, device=own.device))
        except Exception as error:
            refusals.append(error)
        else:
            first = result[0] if isinstance(result, tuple) else result
            return tuple(first.shape)
    raise ShapeError(
        f"{type(layer).__name__} cannot take the shape {tuple(shape)}: {str(refusals[0]).splitlines()[0]}.",
        "Change what stands before it, or its sizes.",
    ) from refusals[0]


@dataclass(frozen=True)
class ShapeRow:
    """One layer of the table: its name, what enters, what leaves (None where it breaks)."""

    layer: str
    enters: Shape
    leaves: Shape | None


@dataclass(frozen=True)
class ShapeTable:
    """The table of `trace_shapes`: its rows, and the cause and the cure where it breaks."""

    rows: tuple[ShapeRow, ...]
    cause: str | None = None
    cure: str | None = None

    @property
    def ok(self) -> bool:
        """True where every layer can take what it is given."""
        return self.cause is None

    @property
    def output(self) -> Shape | None:
        """The shape that leaves the last layer, or None."""
        return self.rows[-1].leaves if self.ok else None

    def _cells(self) -> list[tuple[str, str, str, str]]:
        head = ("", "layer", "enters", "leaves")
        body = [
            (str(k), row.layer, str(row.enters), "breaks here" if row.leaves is None else str(row.leaves))
            for k, row in enumerate(self.rows)
        ]
        return [head, *body]

    def __str__(self) -> str:
        cells = self._cells()
        widths = [max(len(row[k]) for row in cells) for k in range(4)]
        lines = [
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
            for row in cells
        ]
        return "\n".join(lines if self.ok else [*lines, f"Cause: {self.cause}", f"Cure: {self.cure}"])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head, *body = self._cells()
        rows = "".join(_html_row("td", texts) for texts in body)
        table = f"<table><thead>{_html_row('th', head)}</thead><tbody>{rows}</tbody></table>"
        if self.ok:
            return table
        notes = (("Cause", self.cause), ("Cure", self.cure))
        return table + "".join(
            f"<p><strong>{name}:</strong> {html.escape(text or '')}</p>" for name, text in notes
        )


def _html_row(tag: str, texts: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(text)}</{tag}>" for text in texts) + "</tr>"


def _name(layer: nn.Module) -> str:
    """The layer in a few words: its class, its sizes, and whether it returns sequences."""
    inner = getattr(layer, "forward_layer", None) or getattr(layer, "module", None)
    if isinstance(inner, nn.Module):
        return f"{type(layer).__name__}({_name(inner)})"
    if hasattr(layer, "return_sequences"):
        every = ", return_sequences=True" if layer.return_sequences else ""
        return f"{type(layer).__name__}({layer.input_size}, {layer.hidden_size}{every})"
    if isinstance(layer, nn.Linear):
        return f"Linear({layer.in_features}, {layer.out_features})"
    return f"{type(layer).__name__}({layer.extra_repr()})"


def trace_shapes(model: nn.Module | Sequence[nn.Module], shape: Shape) -> ShapeTable:
    """Return the table of what enters and leaves each layer; where it breaks, the cause and the cure.

    `model`: a `Stack`, an `nn.Sequential`, a list of layers, or one layer.
    Shapes: `shape` as (B, T, F); B and T may be None.
    Raises nothing for a stack that breaks: the table says where and why.
    """
    layers = model.layers if isinstance(model, Stack) else model
    layers = (
        [layers]
        if isinstance(layers, nn.Module) and not isinstance(layers, (nn.Sequential, nn.ModuleList))
        else layers
    )
    rows: list[ShapeRow] = []
    for layer in layers:
        try:
            leaves = output_shape(layer, tuple(shape))
        except ShapeError as error:
            rows.append(ShapeRow(_name(layer), tuple(shape), None))
            return ShapeTable(tuple(rows), error.cause, error.cure)
        rows.append(ShapeRow(_name(layer), tuple(shape), leaves))
        shape = leaves
    return ShapeTable(tuple(rows))
