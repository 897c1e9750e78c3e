"""Where our layers keep their biases, which both frameworks split in their own ways."""

from __future__ import annotations

from torch import nn

from recdrop_lessons.layers.recurrent import GRU, Recurrent


def biases_of(layer: Recurrent) -> list[nn.Parameter]:
    """The one bias, or the GRU's two."""
    return [layer.bias_ih, layer.bias_hh] if isinstance(layer, GRU) else [layer.bias]
