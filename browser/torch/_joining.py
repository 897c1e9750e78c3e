"""Tensors put together, repeated, turned round; parts above or below a diagonal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._dtypes import promote
from ._operation import axes, axis, operation, sizes
from ._tensor import Tensor, result

Array = np.ndarray


def _list(name: str, tensors: Any) -> list[Tensor]:
    if isinstance(tensors, Tensor):
        raise TypeError(f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor")
    if not isinstance(tensors, (list, tuple)):
        raise TypeError(
            f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not {type(tensors).__name__}"
        )
    for k, one in enumerate(tensors):
        if not isinstance(one, Tensor):
            raise TypeError(f"expected Tensor as element {k} in argument 0, but got {type(one).__name__}")
    return list(tensors)


@operation(method=False, also="concat concatenate")
def cat(tensors: Any, dim: int = 0) -> Tensor:
    given = _list("cat", tensors)
    if not given:
        raise RuntimeError("torch.cat(): expected a non-empty list of Tensors")
    kind = promote(*given).np
    if any(one._a.ndim == 0 for one in given):
        raise RuntimeError("zero-dimensional tensor (at position 0) cannot be concatenated")
    parts = [one for one in given if one._a.shape != (0,)] or given[:1]
    first = parts[0]._a.shape
    k = axis(dim, len(first))
    for place, one in enumerate(parts):
        shape = one._a.shape
        if len(shape) != len(first):
            raise RuntimeError(
                f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)}"
            )
        for d, (n, m) in enumerate(zip(first, shape, strict=True)):
            if d != k and n != m:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {k}. Expected size {n} but got size {m} for "
                    f"tensor number {place} in the list."
                )
    z = np.concatenate([one._a.astype(kind, copy=False) for one in parts], k)
    ends = np.cumsum([one._a.shape[k] for one in parts])

    def back(one: Tensor, end: int) -> Callable[[Array], Array]:
        at = (slice(None),) * k + (slice(end - one._a.shape[k], end),)
        return lambda g: g[at].astype(one._a.dtype, copy=False)

    return result(z, parts, [back(one, int(end)) for one, end in zip(parts, ends, strict=True)])


@operation(method=False)
def stack(tensors: Any, dim: int = 0) -> Tensor:
    given = _list("stack", tensors)
    if not given:
        raise RuntimeError("stack expects a non-empty TensorList")
    first = given[0]._a.shape
    for place, one in enumerate(given):
        if one._a.shape != first:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 and "
                f"{list(one._a.shape)} at entry {place}"
            )
    kind, k = promote(*given).np, axis(dim, len(first) + 1)
    z = np.stack([one._a.astype(kind, copy=False) for one in given], k)

    def back(one: Tensor, place: int) -> Callable[[Array], Array]:
        return lambda g: g.take(place, k).astype(one._a.dtype, copy=False)

    return result(z, given, [back(one, place) for place, one in enumerate(given)])


@operation(method=False)
def hstack(tensors: Any) -> Tensor:
    given = [atleast_1d(one) for one in _list("hstack", tensors)]
    return cat(given, 0 if given[0]._a.ndim == 1 else 1)


@operation(method=False, also="row_stack")
def vstack(tensors: Any) -> Tensor:
    return cat([atleast_2d(one) for one in _list("vstack", tensors)], 0)


@operation(method=False)
def dstack(tensors: Any) -> Tensor:
    return cat(
        [one[..., None] if one._a.ndim == 2 else one.reshape(1, -1, 1) for one in _list("dstack", tensors)], 2
    )


@operation(method=False)
def column_stack(tensors: Any) -> Tensor:
    return hstack([one.reshape(-1, 1) if one._a.ndim < 2 else one for one in _list("column_stack", tensors)])


@operation(method=False)
def atleast_1d(input: Tensor) -> Tensor:
    return input.reshape(1) if input._a.ndim == 0 else input


@operation(method=False)
def atleast_2d(input: Tensor) -> Tensor:
    return input.reshape((1,) * (2 - input._a.ndim) + input._a.shape) if input._a.ndim < 2 else input


@operation(method=False)
def block_diag(*tensors: Tensor) -> Tensor:
    parts = [atleast_2d(one) for one in tensors]
    rows, columns = (sum(one._a.shape[d] for one in parts) for d in (0, 1))
    made = Tensor._of(np.zeros((rows, columns), promote(*parts).np))
    r = c = 0
    for one in parts:
        made[r : r + one._a.shape[0], c : c + one._a.shape[1]] = one
        r, c = r + one._a.shape[0], c + one._a.shape[1]
    return made


@operation(method=False)
def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    given = list(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else list(tensors)
    if indexing == "xy" and len(given) > 1:
        given[:2] = given[1::-1]
    shape = [one._a.size for one in given]
    made = [
        one.reshape([-1 if d == k else 1 for d in range(len(given))]).expand(shape)
        for k, one in enumerate(given)
    ]
    if indexing == "xy" and len(given) > 1:
        made[:2] = made[1::-1]
    return tuple(made)


@operation(method=False)
def cartesian_prod(*tensors: Tensor) -> Tensor:
    return tensors[0] if len(tensors) == 1 else stack([one.flatten() for one in meshgrid(*tensors)], -1)


# ---- repeated and turned ----


@operation()
def flip(input: Tensor, *dims: Any) -> Tensor:
    over = axes(sizes(dims), input._a.ndim)
    return result(np.flip(input._a, over).copy(), (input,), (lambda g: np.flip(g, over),))


@operation()
def fliplr(input: Tensor) -> Tensor:
    return flip(input, 1)


@operation()
def flipud(input: Tensor) -> Tensor:
    return flip(input, 0)


@operation()
def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    back = tuple(-n for n in shifts) if isinstance(shifts, (tuple, list)) else -shifts
    shifts = tuple(shifts) if isinstance(shifts, list) else shifts
    dims = tuple(dims) if isinstance(dims, list) else dims
    for d in dims if isinstance(dims, tuple) else () if dims is None else (dims,):
        axis(d, input._a.ndim)
    return result(np.roll(input._a, shifts, dims), (input,), (lambda g: np.roll(g, back, dims),))


@operation(function=False)
def repeat(input: Tensor, *repeats: Any) -> Tensor:
    times, old = sizes(repeats), input._a.shape
    if len(times) < len(old):
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor"
        )
    full = (1,) * (len(times) - len(old)) + old
    split = [n for pair in zip(times, full, strict=True) for n in pair]

    def pull(g: Array) -> Array:
        return g.reshape(split).sum(tuple(range(0, len(split), 2))).reshape(old)

    return result(np.tile(input._a, times), (input,), (pull,))


@operation()
def tile(input: Tensor, *dims: Any) -> Tensor:
    times = sizes(dims)
    return repeat(input, (1,) * (input._a.ndim - len(times)) + times)


@operation()
def repeat_interleave(
    input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: Any = None
) -> Tensor:
    if repeats is None:
        return Tensor._indices(np.repeat(np.arange(input._a.size), input._a.astype(np.intp)))
    if dim is None:
        input, dim = input.flatten(), 0
    k = axis(dim, input._a.ndim)
    times = repeats._a.astype(np.intp) if isinstance(repeats, Tensor) else repeats
    if isinstance(repeats, Tensor) and repeats._a.size not in (1, input._a.shape[k]):
        raise RuntimeError("repeats must have the same size as input along dim")
    places = Tensor._indices(np.repeat(np.arange(input._a.shape[k]), times))
    return input[(slice(None),) * k + (places,)]


@operation()
def diff(input: Tensor, n: int = 1, dim: int = -1) -> Tensor:
    for _ in range(n):
        size = input._a.shape[axis(dim, input._a.ndim)]
        input = input.narrow(dim, 1, size - 1) - input.narrow(dim, 0, size - 1)
    return input


@operation(inplace=True)
def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    return result(np.tril(input._a, diagonal), (input,), (lambda g: np.tril(g, diagonal),))


@operation(inplace=True)
def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    return result(np.triu(input._a, diagonal), (input,), (lambda g: np.triu(g, diagonal),))


@operation()
def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    if input._a.ndim == 1:
        return result(np.diag(input._a, diagonal), (input,), (lambda g: np.diag(g, diagonal),))
    return input.diagonal(diagonal).clone()


@operation()
def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    n = input._a.shape[-1] + abs(offset)
    made = Tensor._of(np.zeros((*input._a.shape[:-1], n, n), input._a.dtype))
    made.diagonal(offset, -2, -1).copy_(input)
    return made.movedim((-2, -1), (dim1, dim2))


@operation(method=False)
def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: float = 1, dim: int = -1) -> Tensor:
    n = y._a.shape[axis(dim, y._a.ndim)]
    middle = (y.narrow(dim, 0, n - 1) + y.narrow(dim, 1, n - 1)) / 2
    return (middle * (dx if x is None else diff(x))).sum(dim)
