"""Kinds of numbers, and which kind a result has when kinds meet."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


class dtype:
    """A kind of number: torch's name of it, NumPy's, and its category (0 bool, 1 integer, 2 float)."""

    def __init__(self, name: str, array: type, category: int) -> None:
        self.name, self.np, self.category = name, np.dtype(array), category

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return named, (self.name,)

    @property
    def is_floating_point(self) -> bool:
        return self.category == 2

    is_complex = False

    @property
    def itemsize(self) -> int:
        return self.np.itemsize


bool_ = dtype("bool", np.bool_, 0)
uint8 = dtype("uint8", np.uint8, 1)
int8 = dtype("int8", np.int8, 1)
int16 = dtype("int16", np.int16, 1)
int32 = dtype("int32", np.int32, 1)
int64 = dtype("int64", np.int64, 1)
float16 = dtype("float16", np.float16, 2)
float32 = dtype("float32", np.float32, 2)
float64 = dtype("float64", np.float64, 2)
ALL = (bool_, uint8, int8, int16, int32, int64, float16, float32, float64)
OF_ARRAY = {kind.np: kind for kind in ALL}
_OF_PYTHON = {bool: bool_, int: int64, float: float64}
#: As torch's own messages call them.
SPOKEN = {
    "bool": "Bool",
    "uint8": "Byte",
    "int8": "Char",
    "int16": "Short",
    "int32": "Int",
    "int64": "Long",
    "float16": "Half",
    "float32": "Float",
    "float64": "Double",
}
_default = float32


def named(name: str) -> dtype:
    return next(kind for kind in ALL if kind.name == name)


def get_default_dtype() -> dtype:
    return _default


def set_default_dtype(d: dtype) -> None:
    global _default
    if not d.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    _default = d


def as_numpy(kind: Any) -> np.dtype | None:
    """NumPy's dtype of torch's or Python's."""
    if kind is None or isinstance(kind, dtype):
        return None if kind is None else kind.np
    if kind in _OF_PYTHON:
        return _OF_PYTHON[kind].np
    raise TypeError(f"dtype must be torch.dtype, not {type(kind).__name__}")


def is_number(x: Any) -> bool:
    return isinstance(x, (bool, int, float, np.number, np.bool_))


def _of_number(x: Any) -> dtype:
    if isinstance(x, (bool, np.bool_)):
        return bool_
    return int64 if isinstance(x, (int, np.integer)) else _default


def promote(*operands: Any) -> dtype:
    """torch's rule: the highest category decides, and within it axes come before scalars before numbers."""
    best: dtype | None = None
    groups: tuple[list[dtype], list[dtype], list[dtype]] = ([], [], [])
    for x in operands:
        if is_number(x):
            groups[2].append(_of_number(x))
        else:
            groups[0 if x.ndim else 1].append(x.dtype)
    for group in groups:
        if group:
            top = max(group, key=lambda kind: (kind.category, kind.itemsize))
            if uint8 in group and int8 in group and top.itemsize == 1:
                top = int16
            if best is None or top.category > best.category:
                best = top
    assert best is not None
    return best


class Size(tuple[int, ...]):
    """A shape: a tuple that counts its elements."""

    def numel(self) -> int:
        return math.prod(self)

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    __str__ = __repr__

    def __getitem__(self, i: Any) -> Any:
        found = tuple.__getitem__(self, i)
        return Size(found) if isinstance(i, slice) else found

    def __add__(self, other: Any) -> Size:
        return Size(tuple(self) + tuple(other))


class device:
    """Where a tensor lies: always the processor."""

    def __init__(self, type: Any = "cpu", index: int | None = None) -> None:
        self.type = str(getattr(type, "type", type)).split(":")[0]
        self.index = index
        if self.type != "cpu":
            raise RuntimeError(f"The browser's torch has the device 'cpu' alone, not {self.type!r}.")

    def __repr__(self) -> str:
        return f"device(type='{self.type}')"

    def __str__(self) -> str:
        return self.type

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, device)

    def __hash__(self) -> int:
        return hash(self.type)


class Layout:
    def __repr__(self) -> str:
        return "torch.strided"


CPU, strided = device(), Layout()


class finfo:
    """Limits of a floating-point dtype."""

    def __init__(self, d: dtype | None = None) -> None:
        found = np.finfo((d or _default).np)
        self.eps, self.max, self.min = float(found.eps), float(found.max), float(found.min)
        self.tiny = self.smallest_normal = float(found.tiny)
        self.bits, self.dtype = found.bits, (d or _default).name


class iinfo:
    """Limits of an integer dtype."""

    def __init__(self, d: dtype) -> None:
        found: Any = np.iinfo(d.np)
        self.max, self.min, self.bits = int(found.max), int(found.min), found.bits
