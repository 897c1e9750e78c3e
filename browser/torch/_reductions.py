"""Sums, means, extremes and all else that makes an axis shorter."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ._absent import lacking
from ._binary import maximum, minimum
from ._dtypes import SPOKEN, as_numpy, dtype
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
    n = a.dtype.type(builtins.max(math.prod(a.shape[i] for i in over) - less, 0))
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
        rows = flat.reshape(*flat.shape[: flat.ndim - builtins.max(len(over), 1)], -1)
        ones = np.ones_like(rows[..., :1])
        before = np.concatenate([ones, rows[..., :-1]], -1).cumprod(-1)
        after = np.concatenate([ones, rows[..., :0:-1]], -1).cumprod(-1)[..., ::-1]
        others = (before * after).reshape(flat.shape)
        others = np.moveaxis(others, range(-len(over), 0), over) if over else others[..., 0]
        return spread(g, over, keepdim, a.shape) * others

    return result(z, (input,), (pull,), ((input,),))


class Extreme(NamedTuple):
    values: Tensor
    indices: Tensor


def _at(input: Tensor, dim: int, indices: Array, keepdim: bool) -> Extreme:
    """The values at one index along an axis, with their gradient."""
    a = input._a
    if not a.ndim:
        return Extreme(result(a.copy(), (input,), (lambda g: g,)), Tensor._indices(0))
    at = np.expand_dims(indices, dim)

    def pull(g: Array) -> Array:
        whole = np.zeros(a.shape, g.dtype)
        np.put_along_axis(whole, at, g if keepdim else np.expand_dims(g, dim), dim)
        return whole

    values = np.take_along_axis(a, at, dim)
    return Extreme(
        result(values if keepdim else values.squeeze(dim), (input,), (pull,)),
        Tensor._indices(at if keepdim else indices),
    )


def _extreme(input: Tensor, dim: Any, keepdim: bool, sign: int) -> Any:
    name = "max" if sign > 0 else "min"
    if isinstance(dim, Tensor):
        return maximum(input, dim) if sign > 0 else minimum(input, dim)
    a = input._a
    if dim is not None:
        k = axis(dim, a.ndim)
        if a.ndim and a.shape[k] == 0:
            raise IndexError(f"{name}(): Expected reduction dim {k} to have non-zero size.")
        return _at(input, k, (a.argmax(k) if sign > 0 else a.argmin(k)) if a.ndim else np.asarray(0), keepdim)
    if a.size == 0:
        raise RuntimeError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim "
            "with the 'dim' argument."
        )
    return _evenly(input, (), False, sign)


def _evenly(input: Tensor, dim: Any, keepdim: bool, sign: int) -> Tensor:
    """The largest or smallest value; where several are, its gradient is shared evenly."""
    a, over = input._a, axes(dim, input._a.ndim)
    z = a.max(over, keepdims=True) if sign > 0 else a.min(over, keepdims=True)
    hit = a == z

    def pull(g: Array) -> Array:
        return (spread(g, over, keepdim, a.shape) * hit / hit.sum(over, keepdims=True)).astype(a.dtype)

    return result(z if keepdim else np.asarray(z.squeeze(over)), (input,), (pull,), ((input,),))


@operation()
def max(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    return _extreme(input, dim if other is None else other, keepdim, 1)


@operation()
def min(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    return _extreme(input, dim if other is None else other, keepdim, -1)


@operation()
def amax(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    return _evenly(input, dim, keepdim, 1)


@operation()
def amin(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    return _evenly(input, dim, keepdim, -1)


@operation()
def aminmax(input: Tensor, *, dim: Any = None, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    return amin(input, dim, keepdim), amax(input, dim, keepdim)


def _index_of(input: Tensor, dim: int | None, keepdim: bool, function: Callable[..., Any]) -> Tensor:
    if dim is None:
        if input._a.size == 0:
            raise IndexError("argmax(): Expected reduction dim to be specified for input.numel() == 0.")
        return Tensor._indices(function(input._a))
    k = axis(dim, input._a.ndim)
    found = function(input._a, axis=k) if input._a.ndim else np.asarray(0)
    return Tensor._indices(np.expand_dims(found, k) if keepdim and input._a.ndim else found)


@operation()
def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    return _index_of(input, dim, keepdim, np.argmax)


@operation()
def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    return _index_of(input, dim, keepdim, np.argmin)


@operation()
def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The lower of the two middle values."""
    if dim is None:
        flat = input.flatten()
        return flat[int(np.argsort(flat._a, kind="stable")[(flat._a.size - 1) // 2])]
    k = axis(dim, input._a.ndim)
    order = np.argsort(input._a, axis=k, kind="stable")
    return _at(input, k, order.take((input._a.shape[k] - 1) // 2, k), keepdim)


@operation()
def quantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Tensor:
    if interpolation != "linear":
        raise lacking("torch.quantile with interpolation=")
    if input.requires_grad:
        raise lacking("The gradient of torch.quantile")
    if isinstance(q, Tensor) and q.dtype is not input.dtype:
        raise RuntimeError("quantile() q tensor must be same dtype as the input tensor")
    at = q._a if isinstance(q, Tensor) else q
    return Tensor._of(np.asarray(np.quantile(input._a, at, axis=dim, keepdims=keepdim), input._a.dtype))


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


def _running(input: Tensor, dim: int, function: Any, keep: Callable[[Array, Array], Array]) -> Extreme:
    k = axis(dim, input._a.ndim)
    values = function.accumulate(input._a, axis=k)
    hit = keep(input._a, values)
    places = np.arange(input._a.shape[k]).reshape([-1 if i == k else 1 for i in range(input._a.ndim)])
    at = np.maximum.accumulate(np.where(hit, places, 0), axis=k)
    return Extreme(input.gather(k, Tensor._indices(at)), Tensor._indices(at))


@operation()
def cummax(input: Tensor, dim: int) -> Extreme:
    return _running(input, dim, np.maximum, np.equal)


@operation()
def cummin(input: Tensor, dim: int) -> Extreme:
    return _running(input, dim, np.minimum, np.equal)


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
def softmax(input: Tensor, dim: int | None = None, dtype: Any = None) -> Tensor:
    input = cast(input, dtype)
    a, k = _floats("softmax", input), axis(_last(dim, input._a.ndim), input._a.ndim)
    if a.size == 0 or not a.ndim:
        return result(np.ones_like(a), (input,), (np.zeros_like,))
    with np.errstate(all="ignore"):
        e = np.exp(a - a.max(k, keepdims=True))
        z = e / e.sum(k, keepdims=True)
    return result(z, (input,), (lambda g: z * (g - (g * z).sum(k, keepdims=True)),), ((RESULT,),))


@operation()
def log_softmax(input: Tensor, dim: int | None = None, dtype: Any = None) -> Tensor:
    input = cast(input, dtype)
    a, k = _floats("log_softmax", input), axis(_last(dim, input._a.ndim), input._a.ndim)
    with np.errstate(all="ignore"):
        shifted = a - a.max(k, keepdims=True)
        z = shifted - np.log(np.exp(shifted).sum(k, keepdims=True))
    return result(z, (input,), (lambda g: g - np.exp(z) * g.sum(k, keepdims=True),), ((RESULT,),))


def _last(dim: int | None, ndim: int) -> int:
    """What torch takes, with a warning, where no axis is given."""
    return dim if dim is not None else 0 if ndim in (0, 1, 3) else 1


def _floats(name: str, input: Tensor) -> Array:
    if input._a.dtype.kind != "f":
        raise RuntimeError(f"\"{name}_lastdim_kernel_impl\" not implemented for '{SPOKEN[input.dtype.name]}'")
    return input._a


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


__all__ = ["as_numpy", "cast", "spread"]
