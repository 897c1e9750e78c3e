"""torch.special: what statistics and information theory ask for."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ._absent import module_getattr
from ._binary import xlogy
from ._softmax import log_softmax, logsumexp, softmax
from ._special_values import normal_cdf, normal_quantile
from ._tensor import Tensor
from ._unary import erf, erfc, exp2, expm1, log1p, logit, round, unary
from ._unary import sigmoid as expit

_DENSITY = 1 / math.sqrt(2 * math.pi)


def entr(input: Tensor) -> Tensor:
    """-x log x; 0 at 0, -∞ below."""
    return unary(
        input,
        lambda x: np.where(np.isnan(x), x, np.where(x > 0, -x * np.log(x), np.where(x == 0, 0, -np.inf))),
        lambda x, z: -np.log(x) - 1,
    )


def ndtr(input: Tensor) -> Tensor:
    """Φ(x)"""
    return unary(input, normal_cdf, lambda x, z: _DENSITY * np.exp(-x * x / 2))


def ndtri(input: Tensor) -> Tensor:
    """Φ⁻¹(p)"""
    return unary(input, normal_quantile, lambda x, z: np.exp(z * z / 2) / _DENSITY, "r")


def log_ndtr(input: Tensor) -> Tensor:
    return ndtr(input).log()


def xlog1py(input: Any, other: Any) -> Tensor:
    return xlogy(input, 1 + other)


__all__ = [
    "entr",
    "erf",
    "erfc",
    "exp2",
    "expit",
    "expm1",
    "log1p",
    "log_ndtr",
    "log_softmax",
    "logit",
    "logsumexp",
    "ndtr",
    "ndtri",
    "round",
    "softmax",
    "xlog1py",
    "xlogy",
]
__getattr__ = module_getattr("torch.special")
