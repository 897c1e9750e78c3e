"""Sums, means, extremes and all else that makes an axis shorter."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ._absent import lacking
from ._dtypes import SPOKEN, dtype
from ._operation import axes, axis, operation
from ._tensor import RESULT, Tensor, result
from ._unary import sqrt

Array = np.ndarray


def spread(g: Array, over: tuple[int, ...], keepdim: bool, shape: tuple[int, ...]) -> Array:
    """A reduced gradient, back over the axes that were reduced."""
    if not keepdim:
        g = np.expand_dims(g, tuple(sorted(over)))
    return np.broadcast_to(g, shape)


def cast(input: Tensor, kind: dtype | None) -> Tensor:
    return input if kind is None else input.to(kind)


@operation()
def sum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    input = cast(input, dtype)
    a, over = input._a, axes(dim, input._a.ndim)
    z = a.sum(over, keepdims=keepdim, dtype=np.int64 if a.dtype.kind in "biu" else None)
    return result(z, (input,), (lambda g: spread(g, over, keepdim, a.shape),))


@operation()
def nansum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    input = cast(input, dtype)
    return sum(input.masked_fill(input.isnan(), 0), dim, keepdim)


@operation()
def mean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    input = cast(input, dtype)
    a = input._a
    if a.dtype.kind != "f":
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            f"Got: {SPOKEN[input.dtype.name]}"
        )
    over = axes(dim, a.ndim)
    n = math.prod(a.shape[i] for i in over)
    with np.errstate(all="ignore"):
        z = np.asarray(a.sum(over, keepdims=keepdim) / a.dtype.type(n), a.dtype)
    return result(z, (input,), (lambda g: spread(g / a.dtype.type(n), over, keepdim, a.shape),))


def _correction(dim: Any, unbiased: bool | None, correction: float | None) -> tuple[Any, float]:
    if isinstance(dim, bool):  # var(x, False)
        dim, unbiased = None, dim
    if correction is not None:
        return dim, correction
    return dim, 1 if unbiased in (None, True) else 0


@operation()
def var(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> Tensor:
    """Σ (x - mean)² / (n - correction)"""
    dim, less = _correction(dim, unbiased, correction)
    a = input._a
    if a.dtype.kind != "f":
        raise RuntimeError("std and var only support floating point and complex dtypes")
    over = axes(dim, a.ndim)
    n = a.dtype.type(max(math.prod(a.shape[i] for i in over) - less, 0))
    with np.errstate(all="ignore"):
        centred = a - a.mean(over, keepdims=True)
        z = np.asarray((centred * centred).sum(over, keepdims=keepdim) / n, a.dtype)

    def pull(g: Array) -> Array:
        with np.errstate(all="ignore"):
            return spread(g, over, keepdim, a.shape) * (2 / n) * centred

    return result(z, (input,), (pull,), ((input,),))


@operation()
def std(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> Tensor:
    return sqrt(var(input, dim, unbiased, keepdim, correction=correction))


@operation(method=False)
def var_mean(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> tuple[Tensor, Tensor]:
    over, _ = _correction(dim, unbiased, correction)
    return var(input, dim, unbiased, keepdim, correction=correction), mean(input, over, keepdim)


@operation(method=False)
def std_mean(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> tuple[Tensor, Tensor]:
    over, _ = _correction(dim, unbiased, correction)
    return std(input, dim, unbiased, keepdim, correction=correction), mean(input, over, keepdim)


@operation()
def prod(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    input = cast(input, dtype)
    a, over = input._a, axes(dim, input._a.ndim)
    z = a.prod(over, keepdims=keepdim, dtype=np.int64 if a.dtype.kind in "biu" else None)

    def pull(g: Array) -> Array:
        """The product of all others: without a division, so that zeros do no harm."""
        flat = np.moveaxis(a, over, range(-len(over), 0)) if over else a[..., None]
        rows = flat.reshape(*flat.shape[: flat.ndim - max(len(over), 1)], -1)
        ones = np.ones_like(rows[..., :1])
        before = np.concatenate([ones, rows[..., :-1]], -1).cumprod(-1)
        after = np.concatenate([ones, rows[..., :0:-1]], -1).cumprod(-1)[..., ::-1]
        others = (before * after).reshape(flat.shape)
        others = np.moveaxis(others, range(-len(over), 0), over) if over else others[..., 0]
        return spread(g, over, keepdim, a.shape) * others

    return result(z, (input,), (pull,), ((input,),))


def _whether(input: Tensor, dim: Any, keepdim: bool, function: Callable[..., Any]) -> Tensor:
    found = np.asarray(function(input._a, axis=axes(dim, input._a.ndim), keepdims=keepdim))
    return Tensor._of(found.astype(np.uint8) if input._a.dtype == np.uint8 else found)


@operation()
def all(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    return _whether(input, dim, keepdim, np.all)


@operation()
def any(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    return _whether(input, dim, keepdim, np.any)


@operation()
def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    return Tensor._indices(np.count_nonzero(input._a, axis=axes(dim, input._a.ndim)))


@operation()
def cumsum(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    input = cast(input, dtype)
    a, k = input._a, axis(dim, input._a.ndim)
    if not a.ndim:
        return input.clone()
    z = a.cumsum(k, dtype=np.int64 if a.dtype.kind in "biu" else a.dtype)
    return result(z, (input,), (lambda g: np.flip(np.flip(g, k).cumsum(k), k),))


@operation()
def cumprod(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    input = cast(input, dtype)
    a, k = input._a, axis(dim, input._a.ndim)
    z = a.cumprod(k, dtype=np.int64 if a.dtype.kind in "biu" else a.dtype)

    def pull(g: Array) -> Array:
        if (a == 0).any():
            raise lacking("The gradient of torch.cumprod through a zero")
        return np.flip(np.flip(g * z, k).cumsum(k), k) / a

    return result(z, (input,), (pull,), ((input, RESULT),))
