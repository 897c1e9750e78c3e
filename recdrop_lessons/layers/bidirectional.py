"""A recurrent layer read forwards and its twin read backwards."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from recdrop_lessons.algebra.drops import Masks
from recdrop_lessons.layers.recurrent import Recurrent, Shape
from recdrop_lessons.layers.tensors import reverse
from recdrop_lessons.support.errors import MaskError, RecdropError


class Bidirectional(nn.Module):
    """A recurrent layer read forwards, a twin of it read backwards, side by side.

    Shapes: x (B, T, F) → (B, 2H), or (B, T, 2H) where the layer returns sequences; with `return_state` also
        the states of the forward and then of the backward layer: five tensors for an LSTM.
    Equation: y_t = [→h_t ; ←h_t]; the backward outputs are put back in the order of time, within `lengths`.
    Masks: {"forward": …, "backward": …}.
    Raises `RecdropError` for anything but a recurrent layer that reads forwards.
    Source: Schuster & Paliwal 1997.
    """

    def __init__(self, layer: Recurrent) -> None:
        super().__init__()
        if not isinstance(layer, Recurrent) or layer.go_backwards:
            raise RecdropError(
                f"Bidirectional was given {layer!r}; expected a SimpleRNN, GRU or LSTM that reads forwards "
                "(go_backwards=False)."
            )
        self.forward_layer = layer
        self.backward_layer = copy.deepcopy(layer)
        self.backward_layer.go_backwards = True
        self.backward_layer.reset_parameters()

    @property
    def return_sequences(self) -> bool:
        return self.forward_layer.return_sequences

    @property
    def hidden_size(self) -> int:
        return 2 * self.forward_layer.hidden_size

    def sample_masks(
        self, batch: int, steps: int, *, generator: torch.Generator | None = None
    ) -> dict[str, dict[str, Tensor]]:
        """Draw the masks of one pass of both directions, each its own."""
        return {
            "forward": self.forward_layer.sample_masks(batch, steps, generator=generator),
            "backward": self.backward_layer.sample_masks(batch, steps, generator=generator),
        }

    def forward(
        self,
        x: Tensor,
        *,
        lengths: Tensor | None = None,
        masks: dict[str, Masks] | None = None,
        generator: torch.Generator | None = None,
    ) -> Any:
        """Read x (B, T, F) in both directions."""
        if masks is not None and set(masks) != {"forward", "backward"}:
            raise MaskError(f'masks has {sorted(masks)}; Bidirectional expects "forward" and "backward".')
        directions = (self.forward_layer, "forward"), (self.backward_layer, "backward")
        results = [
            layer(x, lengths=lengths, masks=masks and masks[name], generator=generator)
            for layer, name in directions
        ]
        states: list[Tensor] = []
        if self.forward_layer.return_state:
            states = [state for result in results for state in result[1:]]
            results = [result[0] for result in results]
        if self.return_sequences:
            results[1] = reverse(results[1], lengths)  # (B, T, H)
        joined = torch.cat(results, dim=-1)  # (B, 2H) or (B, T, 2H)
        return (joined, *states) if states else joined

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape that leaves for one that enters."""
        return (*self.forward_layer.output_shape(shape)[:-1], self.hidden_size)
