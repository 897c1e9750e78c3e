"""Norms and distances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ._dtypes import SPOKEN
from ._extremes import amax, amin
from ._operation import axes, operation
from ._reductions import cast, spread, sum
from ._tensor import RESULT, Tensor, result

Array = np.ndarray


@operation()
def norm(input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
    """(Σ |x|ᵖ)^(1/p)"""
    input = cast(input, dtype)
    p = 2 if p in ("fro", None) else p
    a = input._a
    if a.dtype.kind != "f":
        raise RuntimeError(
            f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {SPOKEN[input.dtype.name]}"
        )
    if p == math.inf:
        return amax(input.abs(), dim, keepdim)
    if p == -math.inf:
        return amin(input.abs(), dim, keepdim)
    if p == 0:
        return sum((input != 0).to(input.dtype), dim, keepdim)
    if p != 2:
        return sum(input.abs() if p == 1 else input.abs() ** p, dim, keepdim) ** (1 / p)
    over = axes(dim, a.ndim)
    z = np.asarray(np.sqrt((a * a).sum(over, keepdims=keepdim)), a.dtype)

    def pull(g: Array) -> Array:
        whole = spread(z, over, keepdim, a.shape)
        with np.errstate(all="ignore"):
            return np.where(whole == 0, 0, a * (spread(g, over, keepdim, a.shape) / whole)).astype(a.dtype)

    return result(z, (input,), (pull,), ((input, RESULT),))


@operation(method=False)
def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    return norm(input - other, p)
