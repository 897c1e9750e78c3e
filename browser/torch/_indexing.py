"""x[key] and x[key] = value, by torch's rules."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._dtypes import is_number
from ._graph import Pull, is_grad_enabled, sum_to
from ._tensor import Tensor, result

Array = np.ndarray


def _item(k: Any) -> tuple[Any, bool]:
    """One item of a key for NumPy, and whether it only looks (a view)."""
    if isinstance(k, Tensor):
        if k._a.dtype.kind == "f":
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
        if k._a.ndim == 0 and k._a.dtype.kind in "iu":
            return int(k._a), True
        return (k._a.astype(np.bool_) if k._a.dtype == np.uint8 else k._a), False
    if isinstance(k, (bool, np.bool_)):
        return np.bool_(k), False
    if isinstance(k, (list, range, np.ndarray)):
        found = np.asarray([_item(i)[0] for i in k] if isinstance(k, list) else k)
        return (found.astype(np.int64) if found.size == 0 else found), False
    if isinstance(k, slice):
        parts = [None if i is None else i.__index__() for i in (k.start, k.stop, k.step)]
        if parts[2] is not None and parts[2] <= 0:
            raise ValueError("step must be greater than zero")
        return slice(*parts), True
    if k is None or k is Ellipsis:
        return k, True
    if hasattr(k, "__index__"):
        return k.__index__(), True
    if isinstance(k, str):
        raise TypeError("new(): invalid data type 'str'")
    raise IndexError(
        "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got "
        f"{type(k).__name__})"
    )


def _key(key: Any, shape: tuple[int, ...]) -> tuple[Any, bool]:
    """A key for NumPy that always gives an array, and whether it gives a view. Raises IndexError."""
    items = [_item(k) for k in (key if isinstance(key, tuple) else (key,))]
    place = 0
    for k, _ in items:
        if k is None or isinstance(k, np.bool_):
            continue
        if k is Ellipsis:
            taken = sum(
                0
                if i is None or i is Ellipsis
                else i.ndim
                if isinstance(i, np.ndarray) and i.dtype == bool
                else 1
                for i, _ in items
            )
            place += max(len(shape) - taken, 0)
            continue
        mask = isinstance(k, np.ndarray) and k.dtype == np.bool_
        width = k.ndim if mask else 1
        if place + width > len(shape):
            raise IndexError(f"too many indices for tensor of dimension {len(shape)}")
        if mask and k.shape != shape[place : place + width]:
            raise IndexError(
                f"The shape of the mask {list(k.shape)} at index 0 does not match the shape of the indexed tensor "
                f"{list(shape)} at index {place}"
            )
        if mask or isinstance(k, slice):
            place += width
            continue
        low, high = -shape[place], shape[place] - 1
        if isinstance(k, int) and not low <= k <= high:
            raise IndexError(f"index {k} is out of bounds for dimension {place} with size {shape[place]}")
        if isinstance(k, np.ndarray) and k.size and not (low <= k.min() and k.max() <= high):
            worst = k.max() if k.max() > high else k.min()
            raise IndexError(f"index {worst} is out of bounds for dimension {place} with size {shape[place]}")
        place += width
    made = tuple(k for k, _ in items)
    looks = all(its for _, its in items)
    return (made if any(k is Ellipsis for k in made) else (*made, Ellipsis)), looks


def _get(self: Tensor, key: Any) -> Tensor:
    k, looks = _key(key, self._a.shape)
    shape = self._a.shape

    def back(g: Array) -> Array:
        whole = np.zeros(shape, g.dtype)
        if looks:
            whole[k] = g
        else:
            np.add.at(whole, k, g)
        return whole

    if looks:
        return self._view(lambda a: a[k], back)
    try:
        found = self._a[k]
    except IndexError as error:
        raise IndexError(_shape_mismatch(error)) from None
    return result(found, (self,), (back,))


def _shape_mismatch(error: IndexError) -> str:
    return str(error).replace(
        "indexing arrays could not be broadcast together with shapes",
        "shape mismatch: indexing tensors could not be broadcast together with shapes",
    )


def _set(self: Tensor, key: Any, value: Any) -> None:
    k, _ = _key(key, self._a.shape)
    if not isinstance(value, Tensor) and not is_number(value):
        if not isinstance(value, np.ndarray):
            raise TypeError(
                f"can't assign a {type(value).__name__} to a torch.{self.dtype.name.title()}Tensor"
            )
        value = Tensor._of(value)
    v = value._a if isinstance(value, Tensor) else np.asarray(value)
    target = self._a[k].shape
    given = v.shape
    while len(given) > len(target) and given[0] == 1:  # torch drops axes of one in front
        given = given[1:]
    try:
        if np.broadcast_shapes(given, target) != target:
            raise ValueError
    except ValueError:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(v.shape)} cannot be broadcast to indexing result of shape "
            f"{list(target)}"
        ) from None
    needs = isinstance(value, Tensor) and value.requires_grad
    self._may_be_written(needs)
    pull: Pull | None = None
    if needs:
        pull = lambda g: sum_to(g, given).reshape(v.shape).astype(v.dtype, copy=False)  # noqa: E731
    source = value._frozen() if isinstance(value, Tensor) and np.shares_memory(v, self._a) else value
    array = source._a if isinstance(source, Tensor) else v
    node = value._graph_node() if needs and is_grad_enabled() else None
    self._write(k, array.reshape(given), node, pull)


Tensor.__getitem__ = _get  # type: ignore[method-assign, assignment]
Tensor.__setitem__ = _set  # type: ignore[method-assign, assignment]
