"""Layers one upon the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from recdrop_lessons.layers.bidirectional import Bidirectional
from recdrop_lessons.layers.dropout import Dropout, Embedding
from recdrop_lessons.layers.recurrent import Recurrent
from recdrop_lessons.layers.timewise import RepeatVector, TimeDistributed
from recdrop_lessons.support.errors import MaskError, RecdropError, ShapeError


class Stack(nn.Module):
    """Layers one upon the other; masks, lengths and generators go to those that know them.

    Shapes: each layer reads what the one below returns; every recurrent layer but the last needs
        `return_sequences=True`, or a `RepeatVector` above it.
    Masks: a list, one entry a layer, {} or None for those that have none.
    Raises `ShapeError` that names the layer which breaks, the cause and the cure.
    """

    def __init__(self, *layers: nn.Module | Sequence[nn.Module]) -> None:
        super().__init__()
        given = list(layers[0]) if len(layers) == 1 and isinstance(layers[0], (list, tuple)) else list(layers)
        if not given or not all(isinstance(layer, nn.Module) for layer in given):
            raise RecdropError(f"Stack was given {given!r}; expected one or more layers.")
        self.layers = nn.ModuleList(given)  # type: ignore[arg-type]

    def sample_masks(self, batch: int, steps: int, *, generator: torch.Generator | None = None) -> list[Any]:
        """Draw the masks of one pass, one entry a layer."""
        drawn: list[Any] = []
        features = self.features_before
        for k, layer in enumerate(self.layers):
            if isinstance(layer, Dropout):
                if not features:
                    raise MaskError(
                        f"Nothing in the stack says how many features enter layer {k}, a Dropout; "
                        "draw its mask by its own sample_masks(batch, steps, features)."
                    )
                drawn.append(layer.sample_masks(batch, steps, features, generator=generator))
            elif isinstance(layer, (Recurrent, Bidirectional, Embedding, Stack)):
                drawn.append(layer.sample_masks(batch, steps, generator=generator))
            else:
                drawn.append({})
            steps = layer.n if isinstance(layer, RepeatVector) else steps
            features = _features_after(layer, features)
        return drawn

    @property
    def features_before(self) -> int:
        """The features that enter the stack, as the first layer that knows says; 0 where none does."""
        return next(filter(None, map(_features_before, self.layers)), 0)

    def forward(
        self,
        x: Tensor,
        *,
        lengths: Tensor | None = None,
        masks: Sequence[Any] | None = None,
        generator: torch.Generator | None = None,
    ) -> Any:
        """Send x through the layers from the first to the last."""
        if masks is not None and len(masks) != len(self.layers):
            raise MaskError(
                f"masks has {len(masks)} entries; expected {len(self.layers)}, one for each layer."
            )
        for k, layer in enumerate(self.layers):
            arguments: dict[str, Any] = {}
            if isinstance(layer, (Recurrent, Bidirectional, Dropout, Embedding, Stack)):
                arguments = {"masks": masks[k] if masks is not None else None, "generator": generator}
            if isinstance(layer, (Recurrent, Bidirectional, Stack)):
                arguments["lengths"] = lengths
            if isinstance(layer, RepeatVector):
                lengths = None  # from here on every row has n steps
            try:
                x = layer(x, **arguments)
            except ShapeError as error:
                raise ShapeError(
                    f"Layer {k} of the stack cannot take its input: {error.cause}", error.cure
                ) from None
        return x


def _features_before(layer: nn.Module) -> int:
    """The features that a layer reads, 0 where it takes any number."""
    inner = getattr(layer, "forward_layer", None) or getattr(layer, "module", layer)
    names = ("input_size", "in_features", "features_before")
    return int(next((getattr(inner, name) for name in names if hasattr(inner, name)), 0))


def _features_after(layer: nn.Module, before: int) -> int:
    """The features that leave a layer; one that does not say keeps what it is given."""
    if isinstance(layer, TimeDistributed):
        return _features_after(layer.module, before)
    if isinstance(layer, (Stack, nn.Sequential)):
        for inner in layer.layers if isinstance(layer, Stack) else layer:
            before = _features_after(inner, before)
        return before
    names = ("hidden_size", "out_features", "features")
    return int(next((getattr(layer, name) for name in names if hasattr(layer, name)), before))
