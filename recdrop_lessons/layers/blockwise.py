"""A block of time steps at once: the masks, the products and the weights' gradients of the kernels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.algebra.drops import Masks

#: The gates of a block of steps are about so many numbers, what a core's cache holds in float32.
NUMBERS = 600_000
#: And a block has at least so many rows (steps · batch), without which a product is slow.
ROWS = 256


def blocks(steps: int, batch: int, units: int) -> list[slice]:
    """Cut T steps into blocks."""
    size = max(1, max(ROWS, NUMBERS // (4 * units)) // max(1, batch))
    return [slice(start, min(start + size, steps)) for start in range(0, steps, size)]


def each_step(masks: Masks, site: str, steps: int) -> Sequence[Any]:
    """Return a site's mask of each step, or None: (B, H), or (G, B, H) with one per gate."""
    if site not in masks:
        return [None] * steps
    mask = masks[site].transpose(1, 2) if masks[site].dim() == 4 else masks[site]
    return mask.unbind(0) * (steps // len(mask))


def during(masks: Masks, site: str, block: slice) -> Tensor:
    """Return a site's masks of a block of steps, (steps or 1, B, H)."""
    return masks[site][block] if len(masks[site]) > 1 else masks[site]


def rows(v: Tensor, block: slice) -> Tensor:
    """Lay the steps of a block one below the other: v ([G,] T, B, F) → ([G,] N, F)."""
    return v[..., block, :, :].flatten(-3, -2)


def backwards(block: slice, *arrays: Tensor) -> Iterator[Any]:
    """Walk through a block from its last step to its first, and through arrays (steps, …) of the block."""
    return zip(range(block.stop - 1, block.start - 1, -1), *(a.unbind(0)[::-1] for a in arrays), strict=True)


class Products:
    """The products with W and U, whole, or gate by gate where what they read differs by gate.

    Shapes: x (T, B, F), or (4, T, B, F) gate by gate; W (4·H, F) writes all four rows of a (T, B, 4, H),
    U (G·H, H) adds to the last G of them.
    """

    def __init__(self, x: Tensor, W: Tensor, U: Tensor) -> None:
        H, self.x, self.by_gate = U.shape[1], x, x.dim() == 4
        self.W, self.U = (M.unflatten(0, (-1, H)) if self.by_gate else M for M in (W, U))
        self.gates = len(U) // H
        self.multiply: Any = torch.bmm if self.by_gate else torch.mm
        self.add: Any = Tensor.baddbmm_ if self.by_gate else Tensor.addmm_

    def fold(self, a: Tensor) -> Tensor:
        """(…, B, G, H) as a product reads it: (…, B, G·H), or (…, G, B, H)."""
        return a.transpose(-3, -2) if self.by_gate else a.flatten(-2)

    def empty_gates(self, *shape: int) -> Tensor:
        """Memory (T, B, G, H), in the order in which one product of a step writes it."""
        T, B, G, H = shape
        return self.x.new_empty(T, G, B, H).transpose(1, 2) if self.by_gate else self.x.new_empty(shape)

    def inputs(self, units: int) -> Tensor:
        """Memory for what U reads: (T, B, H), or (G, T, B, H)."""
        return self.x.new_empty(*(self.gates,) * self.by_gate, *self.x.shape[-3:-1], units)

    def input_projection(self, block: slice, a: Tensor) -> None:
        """a = W x for a block of steps."""
        x = rows(self.x, block)
        if self.by_gate:
            a.copy_(torch.bmm(x, self.W.mT).unflatten(1, a.shape[:2]).movedim(0, 2))
        else:
            torch.mm(x, self.W.mT, out=a.flatten(0, 1).flatten(1))


class Gradients:
    """The gradients of W, U and x, gathered block by block."""

    def __init__(self, by: Products, into: Tensor, x_learns: bool) -> None:
        self.by, self.into = by, into
        self.dW, self.dU = torch.zeros_like(by.W), torch.zeros_like(by.U)
        self.dx = torch.empty_like(by.x) if x_learns else None

    def add(self, block: slice, da: Tensor) -> None:
        """Take in the gradient of what W and U have written, da (steps, B, 4, H)."""
        by, da = self.by, da.flatten(0, 1)
        by.add(self.dW, by.fold(da).mT, rows(by.x, block))
        by.add(self.dU, by.fold(da[:, -by.gates :]).mT, rows(self.into, block))
        if self.dx is not None:
            by.multiply(by.fold(da), by.W, out=rows(self.dx, block))
