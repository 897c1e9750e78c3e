"""The same memory seen otherwise: shapes, axes, parts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ._dtypes import Size, dtype
from ._graph import sum_to
from ._operation import axes, axis, operation, sizes
from ._tensor import Tensor, result

Array = np.ndarray


def filled_in(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    """The shape, its -1 replaced. Raises RuntimeError where the numbers of elements differ."""
    wrong = RuntimeError(f"shape '{list(shape)}' is invalid for input of size {size}")
    if shape.count(-1) > 1:
        raise RuntimeError("only one dimension can be inferred")
    if -1 in shape:
        known = math.prod(n for n in shape if n != -1)
        if known == 0 or size % known:
            raise wrong
        shape = tuple(size // known if n == -1 else n for n in shape)
    if math.prod(shape) != size or min(shape, default=0) < 0:
        raise wrong
    return shape


def _reshaped(a: Array, shape: tuple[int, ...]) -> Array | None:
    """`a` in another shape without a copy, or None."""
    seen = a.view()
    try:
        seen.shape = shape
    except AttributeError:
        return None
    return seen


@operation(function=False)
def view(input: Tensor, *shape: Any) -> Tensor:
    if len(shape) == 1 and isinstance(shape[0], dtype):
        return Tensor._of(input._a.view(shape[0].np))
    to, old = filled_in(sizes(shape), input._a.size), input._a.shape
    seen = _reshaped(input._a, to)
    if seen is None:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across "
            "two contiguous subspaces). Use .reshape(...) instead."
        )
    return input._view(lambda a: a.reshape(to), lambda g: g.reshape(old), seen)


@operation()
def reshape(input: Tensor, *shape: Any) -> Tensor:
    to, old = filled_in(sizes(shape), input._a.size), input._a.shape
    seen = _reshaped(input._a, to)
    if seen is None:
        return result(input._a.reshape(to), (input,), (lambda g: g.reshape(old),))
    return input._view(lambda a: a.reshape(to), lambda g: g.reshape(old), seen)


@operation(function=False)
def view_as(input: Tensor, other: Tensor) -> Tensor:
    return input.view(other.shape)


@operation(function=False)
def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    return input.reshape(other.shape)


@operation()
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    shape = input._a.shape
    if not shape:
        return reshape(input, 1)
    start, end = axis(start_dim, len(shape)), axis(end_dim, len(shape))
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if start == end:
        return input
    return reshape(input, (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))


@operation()
def ravel(input: Tensor) -> Tensor:
    return reshape(input, -1)


@operation()
def unflatten(input: Tensor, dim: int, sizes: Any) -> Tensor:
    k, shape = axis(dim, input._a.ndim), input._a.shape
    known = math.prod(n for n in sizes if n != -1)
    if (-1 not in sizes and known != shape[k]) or (-1 in sizes and (known == 0 or shape[k] % known)):
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {k} ({shape[k]}) in "
            "the input tensor"
        )
    return view(input, shape[:k] + filled_in(tuple(sizes), shape[k]) + shape[k + 1 :])


@operation(inplace=False)
def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    shape = input._a.shape
    over = axes(dim, len(shape)) if dim is not None else tuple(range(len(shape)))
    return reshape(input, tuple(n for i, n in enumerate(shape) if n != 1 or i not in over))


@operation()
def unsqueeze(input: Tensor, dim: int) -> Tensor:
    k, old = axis(dim, input._a.ndim + 1), input._a.shape
    return input._view(lambda a: np.expand_dims(a, k), lambda g: g.reshape(old))


@operation(also="swapaxes swapdims")
def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    i, j = axis(dim0, input._a.ndim), axis(dim1, input._a.ndim)
    if not input._a.ndim:
        return input
    return input._view(lambda a: a.swapaxes(i, j), lambda g: g.swapaxes(i, j))


@operation()
def permute(input: Tensor, *dims: Any) -> Tensor:
    order = tuple(axis(d, input._a.ndim) for d in sizes(dims))
    if sorted(order) != list(range(input._a.ndim)):
        if len(order) != input._a.ndim:
            raise RuntimeError(
                "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the "
                f"desired ordering of dimensions i.e. input.dim() = {input._a.ndim} is not equal to len(dims) = "
                f"{len(order)}"
            )
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    back = tuple(int(i) for i in np.argsort(order))
    return input._view(lambda a: a.transpose(order), lambda g: g.transpose(back))


@operation(also="moveaxis")
def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    return input._view(
        lambda a: np.moveaxis(a, source, destination), lambda g: np.moveaxis(g, destination, source)
    )


@operation()
def t(input: Tensor) -> Tensor:
    if input._a.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input._a.ndim}D")
    return permute(input, *reversed(range(input._a.ndim)))


Tensor.T = property(lambda self: permute(self, *reversed(range(self._a.ndim))))  # type: ignore[attr-defined]
Tensor.mT = property(lambda self: transpose(self, -2, -1))  # type: ignore[attr-defined]
Tensor.H = property(t)  # type: ignore[attr-defined]


@operation(function=False)
def expand(input: Tensor, *shape: Any) -> Tensor:
    old, to = input._a.shape, sizes(shape)
    more = len(to) - len(old)
    if more < 0:
        raise RuntimeError(
            f"expand(torch.{input.dtype.name.title()}Tensor{{{list(old)}}}, size={list(to)}): the number of sizes "
            f"provided ({len(to)}) must be greater or equal to the number of dimensions in the tensor ({len(old)})"
        )
    wide = tuple(old[i - more] if n == -1 and i >= more else n for i, n in enumerate(to))
    for i, n in enumerate(old):
        if n not in (1, wide[i + more]):
            raise RuntimeError(
                f"The expanded size of the tensor ({wide[i + more]}) must match the existing size ({n}) at "
                f"non-singleton dimension {i + more}.  Target sizes: {list(to)}.  Tensor sizes: {list(old)}"
            )

    def look(a: Array) -> Array:
        steps = [0] * more + [
            0 if n == 1 and w != 1 else s for n, w, s in zip(old, wide[more:], a.strides, strict=True)
        ]
        return np.lib.stride_tricks.as_strided(a, wide, steps)

    return input._view(look, lambda g: sum_to(g, old))


@operation(function=False)
def expand_as(input: Tensor, other: Tensor) -> Tensor:
    return expand(input, other.shape)


@operation()
def broadcast_to(input: Tensor, size: Any) -> Tensor:
    return expand(input, size)


@operation(method=False)
def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    shape = broadcast_shapes(*(one._a.shape for one in tensors))
    return tuple(expand(one, shape) for one in tensors)


@operation(method=False)
def broadcast_shapes(*shapes: Any) -> Size:
    try:
        return Size(np.broadcast_shapes(*[(s,) if isinstance(s, int) else tuple(s) for s in shapes]))
    except ValueError:
        raise RuntimeError("Shape mismatch: objects cannot be broadcast to a single shape") from None
