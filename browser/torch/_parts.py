"""Parts of a tensor, seen in the same memory."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np

from ._absent import lacking
from ._operation import axis, operation
from ._tensor import Tensor

Array = np.ndarray


@operation()
def select(input: Tensor, dim: int, index: int) -> Tensor:
    return input[(slice(None),) * axis(dim, input._a.ndim) + (int(index),)]


@operation()
def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    k, start = axis(dim, input._a.ndim), int(start)
    size = input._a.shape[k]
    if not -size <= start <= size:
        raise IndexError(
            f"start out of range (expected to be in range of [{-size}, {size}], but got {start})"
        )
    start += size if start < 0 else 0
    if start + length > size:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return input[(slice(None),) * k + (slice(start, start + length),)]


def several(name: str, views: Iterable[Tensor]) -> tuple[Tensor, ...]:
    """Views that come from one call: torch refuses to change them in place where a gradient takes part."""
    made = tuple(views)
    for k, one in enumerate(made):
        one._of_many = f"Output {k} of {name}Backward0"
    return made


@operation()
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    k = axis(dim, input._a.ndim)
    return several("Unbind", (select(input, k, i) for i in range(input._a.shape[k])))


@operation()
def split(input: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    k, given = axis(dim, input._a.ndim), split_size_or_sections
    total = input._a.shape[k]
    if isinstance(given, (list, tuple)):
        parts = [int(n) for n in given]
        if math.fsum(parts) != total:
            raise RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {total} (input tensor's size at dimension "
                f"{k}), but got split_sizes={parts}"
            )
    else:
        if not isinstance(given, (int, np.integer)) and not isinstance(given, Tensor):
            raise TypeError(f"split(): argument 'split_size' must be int, not {type(given).__name__}")
        n = int(given)
        if n < 0:
            raise RuntimeError("split_with_sizes expects split_size to be non-negative")
        parts = [min(n, total - i) for i in range(0, total, n)] if total else [0]
    starts = [0]
    for n in parts:
        starts.append(starts[-1] + n)
    return several("Split", (narrow(input, k, start, n) for start, n in zip(starts, parts, strict=False)))


@operation()
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    k = axis(dim, input._a.ndim)
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    return split(input, max(-(-input._a.shape[k] // chunks), 1), k)


Tensor.split_with_sizes = split  # type: ignore[attr-defined]


@operation()
def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    k, given = axis(dim, input._a.ndim), indices_or_sections
    total = input._a.shape[k]
    if isinstance(given, (list, tuple, Tensor)) and not (isinstance(given, Tensor) and given._a.ndim == 0):
        cuts = [0, *(int(i) for i in given), total]
    else:
        each, more = divmod(total, int(given))
        cuts = [0]
        for i in range(int(given)):
            cuts.append(cuts[-1] + each + (i < more))
    return tuple(input[(slice(None),) * k + (slice(a, b),)] for a, b in pairwise(cuts))


@operation()
def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    shape = input._a.shape

    def look(a: Array) -> Array:
        seen = np.diagonal(a, offset, dim1, dim2)
        seen.flags.writeable = a.flags.writeable
        return seen

    def back(g: Array) -> Array:
        whole = np.zeros(shape, g.dtype)
        look(whole)[...] = g
        return whole

    return input._view(look, back)


def _memory(a: Array) -> Array:
    """The whole memory that an array lies in, as one row."""
    while isinstance(a.base, np.ndarray):
        a = a.base
    return np.lib.stride_tricks.as_strided(a, (a.nbytes // max(a.itemsize, 1),), (a.itemsize,))


@operation(function=False)
def storage_offset(input: Tensor) -> int:
    start = _memory(input._a).__array_interface__["data"][0]
    return (input._a.__array_interface__["data"][0] - start) // input._a.itemsize


@operation()
def as_strided(input: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    if input.requires_grad:
        raise lacking("The gradient of torch.as_strided")
    offset = input.storage_offset() if storage_offset is None else storage_offset
    step = input._a.itemsize
    made = Tensor._of(
        np.lib.stride_tricks.as_strided(
            _memory(input._a)[offset:], tuple(size), tuple(s * step for s in stride)
        )
    )
    made._version = input._version
    return made


@operation(function=False)
def unfold(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    k, shape = axis(dimension, input._a.ndim), input._a.shape
    every = (slice(None),) * k + (slice(None, None, step),)

    def look(a: Array) -> Array:
        return np.lib.stride_tricks.sliding_window_view(a, size, k)[every]

    places = look(np.arange(input._a.size).reshape(shape))

    def back(g: Array) -> Array:
        flat = np.bincount(places.reshape(-1), np.ascontiguousarray(g).reshape(-1), math.prod(shape))
        return flat.reshape(shape).astype(g.dtype)

    return input._view(look, back)
