"""Losses, with torch's three reductions."""

from __future__ import annotations

import math
from typing import Any

from .._absent import lacking
from .._softmax import log_softmax
from .._tensor import Tensor

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "gaussian_nll_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "nll_loss",
    "smooth_l1_loss",
]


def _reduced(loss: Tensor, reduction: str) -> Tensor:
    if reduction == "none":
        return loss
    if reduction not in ("mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return loss.mean() if reduction == "mean" else loss.sum()


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    return _reduced((input - target) ** 2, reduction)


def l1_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    return _reduced((input - target).abs(), reduction)


def huber_loss(input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0) -> Tensor:
    away = (input - target).abs()
    return _reduced((0.5 * away**2).where(away < delta, delta * (away - 0.5 * delta)), reduction)


def smooth_l1_loss(input: Tensor, target: Tensor, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    return huber_loss(input, target, reduction, beta) / beta


def _picked(scores: Tensor, target: Tensor) -> Tensor:
    """Each example's score of its own class: scores (B, K, ...), target (B, ...)."""
    if scores.dim() == 1:
        return scores[target]
    return scores.gather(1, target.unsqueeze(1)).squeeze(1)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Any = None,
    reduction: str = "mean",
    ignore_index: int = -100,
    **_: Any,
) -> Tensor:
    counted = target != ignore_index
    loss = -_picked(input, target.masked_fill(~counted, 0))
    each = counted.to(input.dtype) if weight is None else weight[target.masked_fill(~counted, 0)] * counted
    loss = loss * each
    return loss.sum() / each.sum() if reduction == "mean" else _reduced(loss, reduction)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Any = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    logs = log_softmax(input, 0 if input.dim() == 1 else 1)
    if target.is_floating_point():
        loss = -(logs * target).sum(0 if input.dim() == 1 else 1)
        return _reduced(loss, reduction)
    if label_smoothing:
        raise lacking("torch.nn.functional.cross_entropy with label_smoothing=")
    return nll_loss(logs, target, weight, reduction, ignore_index)


def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Any = None, reduction: str = "mean", **_: Any
) -> Tensor:
    loss = -(target * input.log().clamp_min(-100) + (1 - target) * (1 - input).log().clamp_min(-100))
    return _reduced(loss if weight is None else loss * weight, reduction)


def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Any = None, reduction: str = "mean", **_: Any
) -> Tensor:
    # max(x, 0) - x y + log(1 + exp(-|x|))
    loss = input.clamp_min(0) - input * target + (-input.abs()).exp().log1p()
    return _reduced(loss if weight is None else loss * weight, reduction)


def kl_div(
    input: Tensor, target: Tensor, reduction: str = "mean", log_target: bool = False, **_: Any
) -> Tensor:
    loss = target.exp() * (target - input) if log_target else target.xlogy(target) - target * input
    return loss.sum() / input._a.shape[0] if reduction == "batchmean" else _reduced(loss, reduction)


def gaussian_nll_loss(
    input: Tensor, target: Tensor, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Tensor:
    var = var.clamp_min(eps)
    loss = 0.5 * (var.log() + (input - target) ** 2 / var)
    return _reduced(loss + 0.5 * math.log(2 * math.pi) if full else loss, reduction)
