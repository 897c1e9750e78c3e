"""Fresh inputs from a seed: sizes, rates and float64 tensors, and the same tensors laid out otherwise."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TypeVar

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Value

Item = TypeVar("Item")


class Draw:
    """All randomness of one check. The same seed and name give the same inputs."""

    def __init__(self, seed: int, name: str) -> None:
        # Each part has its own stream, so that one seed for a class gives no two parts the same numbers.
        mixed = zlib.crc32(f"{seed}/{name}".encode())
        self.torch = torch.Generator().manual_seed(mixed)

    def integer(self, low: int, high: int) -> int:
        """An integer from low to high, both included."""
        return int(torch.randint(low, high + 1, (), generator=self.torch))

    def sizes(self, count: int, low: int = 2, high: int = 7) -> list[int]:
        """`count` different sizes: two axes that are swapped then show in the shape."""
        order = torch.randperm(high - low + 1, generator=self.torch)
        return (order[:count] + low).tolist()

    def uniform(self, low: float, high: float) -> float:
        return low + (high - low) * float(torch.rand((), generator=self.torch, dtype=torch.float64))

    def normal(self, *shape: int, scale: float = 1.0) -> Tensor:
        return scale * torch.randn(shape, generator=self.torch, dtype=torch.float64)

    def mask(self, *shape: int, p: float | None = None) -> Tensor:
        """An inverted Bernoulli mask, {0, 1/(1-p)}, that holds both values if it has two elements or more."""
        p = self.uniform(0.3, 0.6) if p is None else p
        kept = torch.rand(*shape, generator=self.torch, dtype=torch.float64) >= p
        flat = kept.view(-1)
        if flat.numel() > 1 and bool(flat.all() | ~flat.any()):
            flat[self.integer(0, flat.numel() - 1)] ^= True
        return kept.double() / (1 - p)

    def choice(self, items: Sequence[Item]) -> Item:
        return items[self.integer(0, len(items) - 1)]

    def generator(self) -> torch.Generator:
        """A new generator for the answer to draw from."""
        return torch.Generator().manual_seed(self.integer(0, 2**40))


def as_dtype(value: Value, dtype: torch.dtype) -> Value:
    """Floating-point tensors, nested ones too, in another dtype; all else as it is."""
    if isinstance(value, Tensor):
        return value.to(dtype) if value.is_floating_point() else value
    if isinstance(value, dict):
        return {name: as_dtype(item, dtype) for name, item in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(as_dtype(item, dtype) for item in value)
    return value


def non_contiguous(value: Value) -> Value:
    """The same numbers with gaps between them and the axes in reverse order in memory."""
    if isinstance(value, Tensor):
        if value.dim() == 0:
            return value
        memory = value.new_zeros([2 * size for size in reversed(value.shape)])
        view = memory[(slice(None, None, 2),) * value.dim()].permute(*reversed(range(value.dim())))
        view.copy_(value)
        return view
    if isinstance(value, dict):
        return {name: non_contiguous(item) for name, item in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(non_contiguous(item) for item in value)
    return value
