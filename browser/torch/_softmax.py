"""Logarithms of sums of exponentials, and softmax."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._dtypes import SPOKEN
from ._operation import axes, axis, operation
from ._reductions import cast, spread
from ._tensor import RESULT, Tensor, result

Array = np.ndarray


@operation()
def logsumexp(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    a, over = input._a, axes(dim, input._a.ndim)
    with np.errstate(all="ignore"):
        top = a.max(over, keepdims=True, initial=-np.inf)
        top = np.where(np.isfinite(top), top, 0)
        z = np.log(np.exp(a - top).sum(over, keepdims=True)) + top

    def pull(g: Array) -> Array:
        with np.errstate(all="ignore"):
            return (spread(g, over, keepdim, a.shape) * np.exp(a - z)).astype(a.dtype)

    return result(
        np.asarray(z if keepdim else z.squeeze(over), a.dtype), (input,), (pull,), ((input, RESULT),)
    )


@operation(inplace=False)
def softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    input = cast(input, dtype)
    a, k = _floats("softmax", input), axis(dim, input._a.ndim)
    if a.size == 0 or not a.ndim:
        return result(np.ones_like(a), (input,), (np.zeros_like,))
    with np.errstate(all="ignore"):
        e = np.exp(a - a.max(k, keepdims=True))
        z = e / e.sum(k, keepdims=True)
    return result(z, (input,), (lambda g: z * (g - (g * z).sum(k, keepdims=True)),), ((RESULT,),))


@operation()
def log_softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    input = cast(input, dtype)
    a, k = _floats("log_softmax", input), axis(dim, input._a.ndim)
    with np.errstate(all="ignore"):
        shifted = a - a.max(k, keepdims=True)
        z = shifted - np.log(np.exp(shifted).sum(k, keepdims=True))
    return result(z, (input,), (lambda g: g - np.exp(z) * g.sum(k, keepdims=True),), ((RESULT,),))


def _floats(name: str, input: Tensor) -> Array:
    if input._a.dtype.kind != "f":
        raise RuntimeError(f"\"{name}_lastdim_kernel_impl\" not implemented for '{SPOKEN[input.dtype.name]}'")
    return input._a
