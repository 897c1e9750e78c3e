"""What several parts of lesson 08 share."""

from __future__ import annotations

from torch import Tensor


def sums(values: Tensor, target: Tensor) -> Tensor:
    """For each edge the sum over all edges into the same target."""
    return ((target[:, None] == target[None, :]) * values[None, :]).sum(1)


def renormalised(alpha: Tensor, m: Tensor, target: Tensor) -> Tensor:
    return alpha * m / sums(alpha * m, target)


def renormalised_safely(alpha: Tensor, m: Tensor, target: Tensor) -> Tensor:
    return renormalised(alpha, m, target).nan_to_num(0.0)
