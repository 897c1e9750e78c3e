"""Whole slices by an index along one axis: index_add and its kind."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._dtypes import SPOKEN
from ._gathering import need_indices, need_same, scatter_reduce
from ._graph import sum_to
from ._operation import axis, operation
from ._tensor import Tensor, result

Array = np.ndarray


@operation(inplace=True)
def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
    if source.dtype is not input.dtype:
        raise RuntimeError(
            f"index_add_(): self ({SPOKEN[input.dtype.name]}) and source ({SPOKEN[source.dtype.name]}) must have the "
            "same scalar type"
        )
    at = _along("index_add_", input, dim, index, source)
    z = input._a.copy()
    np.add.at(z, at, source._a if alpha == 1 else source._a * source._a.dtype.type(alpha))
    return result(z, (input, source), (lambda g: g, lambda g: alpha * g[at].reshape(source._a.shape)))


def _along(name: str, input: Tensor, dim: int, index: Tensor, source: Tensor) -> Any:
    k = axis(dim, input._a.ndim)
    need_indices(name, index)
    if index._a.ndim > 1:
        raise IndexError(f"{name}: Index is supposed to be a vector, but got dim: {index._a.ndim}")
    i = index._a.reshape(-1)
    if source._a.ndim and i.size != source._a.shape[k]:
        raise RuntimeError(
            f"{name}(): Number of indices ({i.size}) should be equal to source.size(dim): ({source._a.shape[k]}), for "
            f"dim: {k}"
        )
    others = [[n for d, n in enumerate(one._a.shape) if d != k] for one in (input, source)]
    if source._a.ndim and others[0] != others[1]:
        raise RuntimeError(
            f"source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = "
            f"{list(input._a.shape)} source.shape = {list(source._a.shape)}"
        )
    size = input._a.shape[k] if input._a.ndim else 1
    if i.size and not (0 <= i.min() and i.max() < size):
        raise IndexError("index out of range in self")
    return (slice(None),) * k + (i,)


@operation(inplace=True)
def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    at = _along("index_copy_", input, dim, index, source)
    z = input._a.copy()
    z[at] = source._a

    def keep(g: Array) -> Array:
        g = g.copy()
        g[at] = 0
        return g

    return result(z, (input, source), (keep, lambda g: g[at]))


@operation(inplace=True)
def index_reduce(
    input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    k = axis(dim, input._a.ndim)
    _along("index_reduce_", input, dim, index, source)
    shape = [-1 if d == k else 1 for d in range(input._a.ndim)]
    wide = index.reshape(shape).expand(source._a.shape)
    return scatter_reduce(input, k, wide, source, reduce, include_self=include_self)


@operation(inplace=True)
def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    made = input.clone()
    made[(slice(None),) * axis(dim, input._a.ndim) + (index,)] = value
    return made


@operation(inplace=True)
def index_put(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    need_same("index_put", input, values)
    at: Any = tuple(slice(None) if one is None else one._a for one in indices)
    z = input._a.copy()
    if accumulate:
        np.add.at(z, at, values._a)
    else:
        z[at] = values._a

    def keep(g: Array) -> Array:
        if accumulate:
            return g
        g = g.copy()
        g[at] = 0
        return g

    return result(z, (input, values), (keep, lambda g: sum_to(g[at], values._a.shape)))
