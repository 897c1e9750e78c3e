"""Order and counts: sorting, places by value, how often a value is there."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ._absent import lacking
from ._dtypes import SPOKEN, is_number
from ._gathering import gather
from ._operation import axis, operation
from ._tensor import Tensor

Array = np.ndarray


class Sorted(NamedTuple):
    values: Tensor
    indices: Tensor


@operation()
def argsort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Tensor:
    a = input._a
    if not a.ndim:
        return Tensor._indices(0)
    k = axis(dim, a.ndim)
    if descending:  # the stable order of the reverse, read from its end
        n = a.shape[k]
        order = n - 1 - np.flip(np.argsort(np.flip(a, k), axis=k, kind="stable"), k)
    else:
        order = np.argsort(a, axis=k, kind="stable")
    return Tensor._indices(order)


@operation()
def sort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Sorted:
    order = argsort(input, dim, descending)
    return Sorted(gather(input, dim, order), order)


@operation()
def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Sorted:
    if k > input._a.shape[axis(dim, input._a.ndim)]:
        raise RuntimeError("selected index k out of range")
    order = argsort(input, dim, largest).narrow(dim, 0, k)
    return Sorted(gather(input, dim, order), order)


@operation()
def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Sorted:
    order = argsort(input, dim).narrow(dim, k - 1, 1)
    values = gather(input, dim, order)
    return Sorted(values, order) if keepdim else Sorted(values.squeeze(dim), order.squeeze(dim))


@operation()
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    if as_tuple:
        return tuple(Tensor._indices(one) for one in np.nonzero(np.atleast_1d(input._a)))
    return Tensor._indices(np.argwhere(input._a))


@operation()
def argwhere(input: Tensor) -> Tensor:
    return Tensor._indices(np.argwhere(input._a))


@operation()
def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    find: Any = np.unique  # its overloads know no flag that is decided later
    found = find(  # NaN is equal to nothing, not even to another NaN
        input._a,
        return_inverse=return_inverse,
        return_counts=return_counts,
        axis=dim,
        equal_nan=False,
    )
    if not isinstance(found, tuple):
        return Tensor._of(found)
    values, *more = found
    if return_inverse:
        more[0] = more[0].reshape(input._a.shape if dim is None else -1)
    return (Tensor._of(values), *(Tensor._indices(one) for one in more))


@operation()
def unique_consecutive(input: Tensor, return_inverse: bool = False, return_counts: bool = False) -> Any:
    if return_inverse:
        raise lacking("torch.unique_consecutive with return_inverse=")
    flat = input._a.reshape(-1)
    starts = (
        np.flatnonzero(np.concatenate([[True], flat[1:] != flat[:-1]]))
        if flat.size
        else np.zeros(0, np.int64)
    )
    values = Tensor._of(flat[starts])
    return (values, Tensor._indices(np.diff(np.append(starts, flat.size)))) if return_counts else values


@operation()
def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    if input._a.ndim != 1 or (input._a.size and input._a.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if input._a.dtype.kind == "f":
        raise RuntimeError(f"\"bincount_cpu\" not implemented for '{SPOKEN[input.dtype.name]}'")
    at = input._a.astype(np.intp)
    if weights is None:
        return Tensor._indices(np.bincount(at, None, minlength))
    kind = weights._a.dtype if weights._a.dtype == np.float32 else np.float64
    return Tensor._of(np.bincount(at, weights._a, minlength).astype(kind))


@operation()
def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    low, high = (min, max) if (min, max) != (0, 0) else (float(input._a.min()), float(input._a.max()))
    if low == high:
        low, high = low - 1, high + 1
    a = input._a[(input._a >= low) & (input._a <= high)]
    at = ((a - a.dtype.type(low)) * a.dtype.type(bins) / a.dtype.type(high - low)).astype(np.intp)
    return Tensor._of(np.bincount(np.minimum(at, bins - 1), minlength=bins).astype(input._a.dtype))


@operation(method=False)
def bucketize(input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    a = input._a if isinstance(input, Tensor) else np.asarray(input)
    return Tensor._indices(np.searchsorted(boundaries._a, a, side="right" if right else "left"))


@operation(method=False)
def searchsorted(
    sorted_sequence: Tensor,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
) -> Tensor:
    if sorted_sequence._a.ndim > 1:
        raise lacking("torch.searchsorted in more than one row")
    return bucketize(input, sorted_sequence, right=right or side == "right")


@operation(method=False)
def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    a, b = (one._a if isinstance(one, Tensor) else np.asarray(one) for one in (elements, test_elements))
    return Tensor._of(np.asarray(np.isin(a, b, invert=invert)))


@operation(method=False)
def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    size = (shape,) if is_number(shape) else tuple(shape)
    return tuple(Tensor._indices(one) for one in np.unravel_index(indices._a.astype(np.intp), size))
