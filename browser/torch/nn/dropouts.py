"""Dropout as functions: x times a mask that is drawn anew."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .._operation import FUNCTIONS, need_tensor
from .._tensor import Tensor


def _check_rate(p: float) -> None:
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _dropped(input: Tensor, p: float, training: bool, inplace: bool, shape: tuple[int, ...]) -> Tensor:
    """x · m / (1 - p), the mask m drawn in a shape that broadcasts to x's."""
    _check_rate(p)
    if not training or p == 0 or not input.numel():
        return input
    mask = Tensor._of(np.empty(shape, input._a.dtype))
    if shape == input._a.shape:
        mask = FUNCTIONS["empty_like"](input)
    mask.bernoulli_(1 - p)
    if p < 1:
        mask.div_(1 - p)
    return input.mul_(mask) if inplace else input * mask


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    need_tensor("dropout", "input", 1, input)
    return _dropped(input, p, training, inplace, input._a.shape)


def _channels(first: int) -> Callable[..., Tensor]:
    def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        whole = input.dim() == first  # without a batch
        x = input.unsqueeze(0) if whole else input
        y = _dropped(x, p, training, inplace, (*x._a.shape[:2], *(1,) * (x.dim() - 2)))
        return y.squeeze(0) if whole else y

    return dropout


dropout1d, dropout2d, dropout3d = _channels(2), _channels(-1), _channels(4)
_ALPHA = 1.7580993408473766  # λα of SELU


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    _check_rate(p)
    if not training or p == 0:
        return input
    kept = FUNCTIONS["empty_like"](input).bernoulli_(1 - p)
    a = 1 / math.sqrt((_ALPHA**2 * p + 1) * (1 - p))
    shift = (kept - 1) * (_ALPHA * a) + _ALPHA * a * p
    return input * (kept * a) + shift


def feature_dropout(input: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    return _dropped(input, p, training, False, (*input._a.shape[:2], *(1,) * (input.dim() - 2)))
