"""Tensors from numbers, and tensors of one number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._dtypes import as_numpy, get_default_dtype
from ._operation import FUNCTIONS, operation, sizes
from ._tensor import Tensor


def _made(array: np.ndarray, requires_grad: bool = False) -> Tensor:
    found = Tensor._of(array)
    return found.requires_grad_() if requires_grad else found


def _plain(x: Any) -> Any:
    """Nested lists of numbers, of what may hold tensors."""
    if isinstance(x, Tensor):
        return x._a
    if isinstance(x, (list, tuple, range)):
        return [_plain(one) for one in x]
    return x


def _first(x: Any) -> Any:
    while isinstance(x, (list, tuple)) and len(x):
        x = x[0]
    return x


@operation(method=False)
def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    kind = as_numpy(dtype)
    if isinstance(data, Tensor):
        return _made(data._a.astype(kind or data._a.dtype), requires_grad)
    whole = isinstance(data, (np.ndarray, np.generic))
    try:
        a = np.array(data if whole else _plain(data))
    except ValueError:
        raise ValueError(_ragged(data)) from None
    if a.dtype.kind not in "biuf":
        bad = _first(data)
        if isinstance(bad, str):
            raise TypeError("new(): invalid data type 'str'")
        raise RuntimeError(f"Could not infer dtype of {type(bad).__name__}")
    if kind is None and not whole:
        first = _first(data)
        if a.dtype.kind == "f":
            kind = (
                first._a.dtype
                if isinstance(first, Tensor)
                else getattr(first, "dtype", get_default_dtype().np)
            )
            kind = kind if np.dtype(kind).kind == "f" else get_default_dtype().np
        elif a.dtype.kind in "iu":
            kind = np.dtype(np.int64)
    return _made(a.astype(kind or a.dtype), requires_grad)


def _ragged(data: Any) -> str:
    lengths = [len(one) for one in data if hasattr(one, "__len__")]
    n = lengths[0] if lengths else 0
    place, other = next(((k, m) for k, m in enumerate(lengths) if m != n), (1, 0))
    return (
        f"expected sequence of length {n} at dim 1 (got {other})"
        if place
        else "expected sequences of equal length"
    )


@operation(method=False, also="asarray")
def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    if isinstance(data, np.ndarray):
        return Tensor._of(data if dtype is None else data.astype(as_numpy(dtype)))
    return tensor(data, dtype=dtype)


@operation(method=False)
def from_numpy(ndarray: Any) -> Tensor:
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    return Tensor._of(ndarray)


@operation(method=False)
def scalar_tensor(s: Any, *, dtype: Any = None) -> Tensor:
    return tensor(s, dtype=dtype or get_default_dtype())


def _filled(name: str, make: Callable[..., np.ndarray]) -> Callable[..., Tensor]:
    def fill(*size: Any, dtype: Any = None, requires_grad: bool = False, **named: Any) -> Tensor:
        if "size" in named:
            size = (named.pop("size"),)
        out = named.pop("out", None)
        if set(named) - {"device", "layout", "pin_memory", "memory_format", "names"}:
            raise TypeError(f"{name}() got an unexpected keyword argument '{next(iter(named))}'")
        kind = as_numpy(dtype) or get_default_dtype().np
        shape = sizes(size)
        if any(n < 0 for n in shape):
            raise RuntimeError(f"Trying to create tensor with negative dimension {min(shape)}: {list(shape)}")
        made = _made(make(shape, kind), requires_grad)
        if out is not None:
            out._a, made = made._a.astype(out._a.dtype), out
        return made

    fill.__name__ = name
    return fill


zeros, ones, empty = (
    FUNCTIONS.setdefault(n, _filled(n, f))
    for n, f in (("zeros", np.zeros), ("ones", np.ones), ("empty", np.zeros))
)


@operation(method=False)
def full(size: Any, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    value = fill_value.item() if isinstance(fill_value, Tensor) and fill_value._a.size == 1 else fill_value
    if isinstance(value, Tensor):
        raise TypeError("full(): argument 'fill_value' (position 2) must be Number, not Tensor")
    kind = as_numpy(dtype)
    if kind is None:
        whole = {bool: np.bool_, int: np.int64}.get(type(value))
        kind = np.dtype(whole) if whole else get_default_dtype().np
    return _made(np.full(sizes((size,)), value, kind), requires_grad)


def _like(input: Tensor, value: Any, dtype: Any, requires_grad: bool) -> Tensor:
    kind = as_numpy(dtype) or input._a.dtype
    strided = 0 not in input._a.strides
    made = np.empty_like(input._a, dtype=kind) if strided else np.empty(input._a.shape, kind)
    made[...] = value
    return _made(made, requires_grad)


@operation(method=False)
def zeros_like(input: Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    return _like(input, 0, dtype, requires_grad)


@operation(method=False)
def ones_like(input: Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    return _like(input, 1, dtype, requires_grad)


@operation(method=False)
def empty_like(input: Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    return _like(input, 0, dtype, requires_grad)


@operation(method=False)
def full_like(input: Tensor, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    return _like(input, value, dtype, requires_grad)


@operation(method=False)
def empty_strided(size: Any, stride: Any, *, dtype: Any = None) -> Tensor:
    span = 1 + sum((n - 1) * s for n, s in zip(size, stride, strict=True)) if all(size) else 0
    return empty(span, dtype=dtype).as_strided(size, stride, 0)


@operation(method=False)
def arange(*bounds: Any, dtype: Any = None, requires_grad: bool = False, **named: Any) -> Tensor:
    given = dict(zip(("start", "end", "step") if len(bounds) > 1 else ("end",), bounds, strict=False)) | named
    for place, (name, value) in enumerate(given.items(), 1):
        if isinstance(value, Tensor) and value._a.size != 1:
            raise TypeError(f"arange(): argument '{name}' (position {place}) must be Number, not Tensor")
    numbers = {
        k: v.item() if isinstance(v, Tensor) else v for k, v in given.items() if k in ("start", "end", "step")
    }
    whole = all(isinstance(v, (int, np.integer)) for v in numbers.values())
    kind = as_numpy(dtype) or (np.dtype(np.int64) if whole else get_default_dtype().np)
    start, end, step = numbers.get("start", 0), numbers["end"], numbers.get("step", 1)
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    count = int(np.ceil((end - start) / step))
    return _made((start + step * np.arange(count)).astype(kind), requires_grad)


@operation(method=False)
def linspace(start: Any, end: Any, steps: int, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    kind = as_numpy(dtype) or get_default_dtype().np
    low, high, steps = float(start), float(end), int(steps)
    if steps < 2:
        return _made(np.full(steps, low, kind), requires_grad)
    step = (
        kind.type((kind.type(high) - kind.type(low)) / kind.type(steps - 1))
        if kind.kind == "f"
        else (high - low) / (steps - 1)
    )
    up = kind.type(low) + step * np.arange(steps).astype(kind if kind.kind == "f" else np.float64)
    down = kind.type(high) - step * (steps - 1 - np.arange(steps)).astype(
        kind if kind.kind == "f" else np.float64
    )
    return _made(np.where(np.arange(steps) < steps // 2, up, down).astype(kind), requires_grad)


@operation(method=False)
def logspace(start: Any, end: Any, steps: int, base: float = 10.0, *, dtype: Any = None) -> Tensor:
    exponents = np.linspace(float(start), float(end), steps)
    return _made((base**exponents).astype(as_numpy(dtype) or get_default_dtype().np))


@operation(method=False)
def eye(n: int, m: int | None = None, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    return _made(np.eye(n, m, dtype=as_numpy(dtype) or get_default_dtype().np), requires_grad)


@operation(method=False)
def tril_indices(row: int, col: int, offset: int = 0) -> Tensor:
    return Tensor._indices(np.stack(np.tril_indices(row, offset, col)))


@operation(method=False)
def triu_indices(row: int, col: int, offset: int = 0) -> Tensor:
    return Tensor._indices(np.stack(np.triu_indices(row, offset, col)))


# ---- x.new_zeros(...) and its kind ----


def _new(name: str) -> None:
    def new(self: Tensor, *size: Any, dtype: Any = None, **named: Any) -> Tensor:
        return FUNCTIONS[name](*size, dtype=dtype or self.dtype, **named)

    new.__name__ = f"new_{name}"
    setattr(Tensor, f"new_{name}", new)


for _name in ("zeros", "ones", "empty", "full", "tensor", "empty_strided"):
    _new(_name)
