"""Elements by index tensors: gather and scatter, index_add and its kind, sorting, counting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._absent import lacking
from ._operation import axis, operation
from ._tensor import Tensor, result

Array = np.ndarray


def need_same(name: str, input: Tensor, src: Tensor) -> None:
    if src.dtype is not input.dtype:
        raise RuntimeError(f"{name}(): Expected self.dtype to be equal to src.dtype")


def need_indices(name: str, index: Tensor) -> None:
    if index._a.dtype.kind not in "iu" or index._a.dtype.itemsize < 4:
        raise RuntimeError(f"{name}(): Expected dtype int64 for index")


def _places(name: str, input: Tensor, dim: int, index: Tensor) -> tuple[Any, int]:
    """For each element of `index`, its place in `input`: the index along `dim`, its own place elsewhere."""
    k = axis(dim, input._a.ndim)
    need_indices(name, index)
    i = index._a
    if i.ndim != input._a.ndim and i.size:
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    for d, (n, m) in enumerate(zip(i.shape, input._a.shape, strict=False)):
        if d != k and n > m and i.size:
            raise RuntimeError(
                f"Size does not match at dimension {d} expected index {list(i.shape)} to be no larger than self "
                f"{list(input._a.shape)} apart from dimension {k}"
            )
    size = input._a.shape[k] if input._a.ndim else 1
    if i.size and not (0 <= i.min() and i.max() < size):
        worst = int(i.max() if i.max() >= size else i.min())
        raise RuntimeError(f"index {worst} is out of bounds for dimension {k} with size {size}")
    places: list[Any] = list(np.indices(i.shape, sparse=True))
    if places:
        places[k] = i
    return tuple(places), k


@operation()
def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    at, _ = _places("gather", input, dim, index)
    shape = input._a.shape

    def pull(g: Array) -> Array:
        whole = np.zeros(shape, g.dtype)
        np.add.at(whole, at, g)
        return whole

    return result(input._a[at], (input,), (pull,))


@operation()
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    if dim is None:
        return gather(input.flatten(), 0, indices.flatten())
    k = axis(dim, input._a.ndim)
    shape = [max(a, b) for a, b in zip(input._a.shape, indices._a.shape, strict=True)]
    shape[k] = indices._a.shape[k]
    wide = list(shape)
    wide[k] = input._a.shape[k]
    return gather(input.expand(wide), k, indices.expand(shape))


@operation()
def take(input: Tensor, index: Tensor) -> Tensor:
    return input.flatten()[index]


@operation()
def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    need_indices("index_select", index)
    if index._a.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    return input[(slice(None),) * axis(dim, input._a.ndim) + (index.reshape(-1),)]


@operation()
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    shape = np.broadcast_shapes(input._a.shape, mask._a.shape)
    return input.expand(shape)[mask.expand(shape)]


def _part(index: Tensor, src: Tensor) -> tuple[slice, ...]:
    """The part of `src` that `index` speaks of."""
    for d, (n, m) in enumerate(zip(index._a.shape, src._a.shape, strict=False)):
        if n > m:
            raise RuntimeError(
                f"Expected index {list(index._a.shape)} to be no larger than src {list(src._a.shape)} apart from "
                f"dimension {d}"
            )
    return tuple(slice(0, n) for n in index._a.shape)


def _back_to(src: Tensor, part: tuple[slice, ...], at: Any) -> Callable[[Array], Array]:
    def pull(g: Array) -> Array:
        found = g[at]
        if found.shape != src._a.shape:
            raise RuntimeError(
                f"Function ScatterBackward0 returned an invalid gradient at index 1 - got {list(found.shape)} but expected "
                f"shape compatible with {list(src._a.shape)}"
            )
        return found

    return pull


@operation(inplace=True)
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    need_same("scatter", input, src)
    at, _ = _places("scatter", input, dim, index)
    part = _part(index, src)
    z = input._a.copy()
    np.add.at(z, at, src._a[part])
    return result(z, (input, src), (lambda g: g, _back_to(src, part, at)))


@operation(inplace=True)
def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: str | None = None
) -> Tensor:
    src = value if src is None else src
    if reduce is not None:
        raise lacking("torch.scatter with reduce=")
    at, _ = _places("scatter", input, dim, index)
    z = input._a.copy()

    def keep(g: Array) -> Array:
        g = g.copy()
        g[at] = 0
        return g

    if not isinstance(src, Tensor):
        z[at] = src
        return result(z, (input,), (keep,))
    need_same("scatter", input, src)
    part = _part(index, src)
    z[at] = src._a[part]
    return result(z, (input, src), (keep, _back_to(src, part, at)))


_REDUCED = {
    "sum": (np.add, 0),
    "prod": (np.multiply, 1),
    "mean": (np.add, 0),
    "amax": (np.maximum, -np.inf),
    "amin": (np.minimum, np.inf),
}


@operation(inplace=True)
def scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    if reduce not in _REDUCED:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}.")
    need_same("scatter", input, src)
    at, _ = _places("scatter", input, dim, index)
    part = _part(index, src)
    x, s = input._a, src._a[part]
    return _reduced(input, src, x, s, at, part, reduce, include_self)


def _reduced(
    input: Tensor, src: Tensor, x: Array, s: Array, at: Any, part: Any, reduce: str, include_self: bool
) -> Tensor:
    function, start = _REDUCED[reduce]
    touched = np.zeros(x.shape, np.bool_)
    touched[at] = True
    own = np.ones(x.shape, np.bool_) if include_self else ~touched  # where the old value counts
    z = x.copy()
    if not include_self:
        z[at] = (
            start
            if x.dtype.kind == "f"
            else (
                np.iinfo(x.dtype).min
                if start == -np.inf
                else np.iinfo(x.dtype).max
                if start == np.inf
                else start
            )
        )
    function.at(z, at, s)
    counts = np.zeros(x.shape, x.dtype)
    np.add.at(counts, at, 1)
    counts = np.maximum(counts + own, 1).astype(x.dtype)
    if reduce == "mean":
        z = z / counts if x.dtype.kind == "f" else z // counts

    def shares(g: Array) -> Array:
        """What each contribution's gradient is multiplied by, at the place it went to."""
        return g / counts if reduce == "mean" else g

    if reduce == "prod":

        def pull_self(g: Array) -> Array:
            return np.where(own, g * z / np.where(x == 0, 1, x), 0)

        def pull_source(g: Array) -> Array:
            if (s == 0).any() or (include_self and (x == 0).any()):
                raise lacking("The gradient of torch.scatter_reduce of a product with a zero")
            return (g * z)[at] / s
    elif reduce in ("amax", "amin"):
        hit, own_hit = s == z[at], own & (x == z)
        ties = np.zeros(x.shape, x.dtype)
        np.add.at(ties, at, hit)
        ties = np.maximum(ties + own_hit, 1)

        def pull_self(g: Array) -> Array:
            return np.where(own_hit, g / ties, 0)

        def pull_source(g: Array) -> Array:
            return np.where(hit, (g / ties)[at], 0)
    else:

        def pull_self(g: Array) -> Array:
            return np.where(own, shares(g), 0)

        def pull_source(g: Array) -> Array:
            return shares(g)[at]

    def pull_src(g: Array) -> Array:
        whole = np.zeros(src._a.shape, g.dtype)
        whole[part] = pull_source(g)
        return whole

    return result(z, (input, src), (pull_self, pull_src), ((input,), (src,)))
