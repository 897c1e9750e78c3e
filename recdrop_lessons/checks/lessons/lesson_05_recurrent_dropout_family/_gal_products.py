"""What goes wrong in 5.2 with the products of masks that are one per gate."""

from __future__ import annotations

import torch
from torch import Tensor

from recdrop_lessons.checks.lstm import State, gates


def _from_sums(z: Tensor, c: Tensor) -> State:
    i, f, g, o = gates(z)
    c = f * c + i * g
    return o * c.tanh(), c


def always_tied(
    x: Tensor, h: Tensor, c: Tensor, W: Tensor, U: Tensor, b: Tensor, m_x: Tensor, m_h: Tensor
) -> State:
    """One product each, whatever the masks: with one per gate each has an axis more, (4, B, 4H)."""
    return _from_sums((x * m_x) @ W.T + (h * m_h) @ U.T + b, c)


def summed(
    x: Tensor, h: Tensor, c: Tensor, W: Tensor, U: Tensor, b: Tensor, m_x: Tensor, m_h: Tensor
) -> State:
    """Each mask of a gate with the whole matrix."""
    z = b
    for v, m, weights in ((x, m_x, W), (h, m_h, U)):
        for its in m if m.dim() == 3 else [m]:
            z = z + (v * its) @ weights.T
    return _from_sums(z, c)


def products_reshaped(
    x: Tensor, h: Tensor, c: Tensor, W: Tensor, U: Tensor, b: Tensor, m_x: Tensor, m_h: Tensor
) -> State:
    """(4, B, H) → (B, 4H) in the order of memory."""
    z = b
    for v, m, weights in ((x, m_x, W), (h, m_h, U)):
        if m.dim() == 2:
            z = z + (v * m) @ weights.T
        else:
            each = [(v * its) @ w.T for its, w in zip(m, weights.chunk(4), strict=True)]
            z = z + torch.stack(each).reshape(len(v), -1)  # (B, 4H)
    return _from_sums(z, c)
