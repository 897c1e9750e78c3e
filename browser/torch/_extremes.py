"""The largest and the smallest, along an axis or over all; medians and quantiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ._absent import lacking
from ._binary import maximum, minimum
from ._operation import axes, axis, operation
from ._reductions import spread
from ._tensor import Tensor, result

Array = np.ndarray


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
    """The lower of the two middle values; NaN where there is one."""
    if dim is None:
        flat = input.flatten()
        return flat[int(_middle(flat._a, 0))]
    k = axis(dim, input._a.ndim)
    return _at(input, k, _middle(input._a, k), keepdim)


def _middle(a: Array, k: int) -> Array:
    """The places of the medians along an axis. In a sorted row NaN comes last."""
    n, order = a.shape[k], np.argsort(a, axis=k, kind="stable")
    missing = (a != a).sum(k, keepdims=True)
    return np.take_along_axis(order, np.where(missing > 0, n - missing, (n - 1) // 2), k).squeeze(k)


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


def _running(input: Tensor, dim: int, function: Any, keep: Callable[[Array, Array], Array]) -> Extreme:
    k = axis(dim, input._a.ndim)
    values = function.accumulate(input._a, axis=k)
    hit = keep(input._a, values) | (input._a != input._a)
    places = np.arange(input._a.shape[k]).reshape([-1 if i == k else 1 for i in range(input._a.ndim)])
    at = np.maximum.accumulate(np.where(hit, places, 0), axis=k)
    return Extreme(input.gather(k, Tensor._indices(at)), Tensor._indices(at))


@operation()
def cummax(input: Tensor, dim: int) -> Extreme:
    return _running(input, dim, np.maximum, np.equal)


@operation()
def cummin(input: Tensor, dim: int) -> Extreme:
    return _running(input, dim, np.minimum, np.equal)
