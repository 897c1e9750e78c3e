"""The operators of Tensor: x + y is add(x, y)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._dtypes import is_number
from ._operation import FUNCTIONS
from ._tensor import Tensor


def _operator(function: Callable[..., Any], swapped: bool) -> Callable[..., Any]:
    def operate(self: Tensor, other: Any) -> Any:
        if isinstance(other, np.ndarray):
            other = Tensor._of(other)
        if not isinstance(other, Tensor) and not is_number(other):
            return NotImplemented
        return function(other, self) if swapped else function(self, other)

    return operate


def _written(name: str) -> Callable[..., Any]:
    def operate(self: Tensor, other: Any) -> Any:
        if not isinstance(other, Tensor) and not is_number(other):
            return NotImplemented
        return getattr(self, f"{name}_")(other)

    return operate


_ARITHMETIC = {
    "add": "add",
    "sub": "sub",
    "mul": "mul",
    "truediv": "div",
    "pow": "pow",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
}
for _sign, _name in _ARITHMETIC.items():
    setattr(Tensor, f"__{_sign}__", _operator(FUNCTIONS[_name], False))
    setattr(Tensor, f"__r{_sign}__", _operator(FUNCTIONS[_name], True))
    setattr(Tensor, f"__i{_sign}__", _written(_name))
for _sign in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Tensor, f"__{_sign}__", _operator(FUNCTIONS[_sign], False))
