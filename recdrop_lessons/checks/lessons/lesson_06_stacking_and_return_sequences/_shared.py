"""What several parts of lesson 06 share."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw


def padded_cases(draw: Draw, name: str) -> Iterator[Case]:
    """Sequences (B, T, F) with lengths; then one example or step, four examples, all full, all short."""

    def case(b: int, t: int, f: int, lengths: Tensor, what: str = "", gradients: bool = True) -> Case:
        given = {name: draw.normal(b, t, f), "lengths": lengths}
        return Case(f"B={b}, T={t}, F={f}{what}", given, gradients)

    def mixed(b: int, t: int) -> Tensor:
        """From 1 to t; where it is long enough both ends are among them, and one between."""
        lengths = torch.randint(1, t + 1, (b,), generator=draw.torch)
        ends = torch.tensor([draw.integer(1, t), 1, t][:b])
        if t > 2:
            ends[0] = draw.integer(2, t - 1)
        lengths[: len(ends)] = ends
        return lengths[torch.randperm(b, generator=draw.torch)]

    B, T, F = draw.sizes(3, low=3)
    sizes = [(B, T, F)] * 2 + [(draw.integer(9, 13), draw.integer(14, 17), F)]
    sizes += [(1, T, F), (B, 1, F), (4, T, F), (B, T, 1), (1, 1, 1), (B, B, F), (T, T, T), (B, F, F)]
    for k, (b, t, f) in enumerate(sizes):
        yield case(b, t, f, mixed(b, t), gradients=k == 0 or 1 in (b, t, f))
    yield case(B, T, F, torch.full((B,), T), ", all lengths T")
    yield case(B, T, F, torch.ones(B, dtype=torch.int64), ", all lengths 1")
    yield case(B, T, F, torch.full((B,), T - 1), ", all lengths T-1", False)


def valid(length: int, lengths: Tensor) -> Tensor:
    """1 at the valid steps, (B, T, 1)."""
    return (torch.arange(length) < lengths[:, None]).double()[:, :, None]
