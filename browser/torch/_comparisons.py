"""Comparisons, logic, and a choice by a condition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._binary import array_of, fit, operands
from ._dtypes import is_number, promote
from ._graph import sum_to
from ._operation import need_tensor, operation
from ._tensor import Tensor, result

Array = np.ndarray


def _compared(name: str, function: Callable[[Array, Array], Array], also: str = "") -> Callable[..., Tensor]:
    def compare(input: Any, other: Any) -> Tensor:
        operands(name, input, other)
        kind = promote(input, other)
        if is_number(other) and isinstance(input, Tensor) and not kind.is_floating_point:
            x, y = input._a, np.asarray(other)  # a number beyond the dtype's range still compares
        else:
            x, y = array_of(input, kind), array_of(other, kind)
        fit(x, y)
        return Tensor._of(function(x, y))

    compare.__name__ = name
    return operation(inplace=True, also=also)(compare)


eq, ne = _compared("eq", np.equal), _compared("ne", np.not_equal, "not_equal")
lt, le = _compared("lt", np.less, "less"), _compared("le", np.less_equal, "less_equal")
gt, ge = _compared("gt", np.greater, "greater"), _compared("ge", np.greater_equal, "greater_equal")


def _logical(name: str, function: Callable[..., Array]) -> Callable[..., Tensor]:
    def logic(input: Tensor, other: Tensor) -> Tensor:
        need_tensor(name, "other", 2, other)
        fit(input._a, other._a)
        return Tensor._of(function(input._a, other._a))

    logic.__name__ = name
    return operation(inplace=True)(logic)


def _bitwise(name: str, function: Callable[..., Array]) -> Callable[..., Tensor]:
    def logic(input: Any, other: Any) -> Tensor:
        operands(name, input, other)
        kind = promote(input, other)
        if kind.is_floating_point:
            raise RuntimeError(f"\"{name}_cpu\" not implemented for '{kind.name.title()}'")
        x, y = array_of(input, kind), array_of(other, kind)
        fit(x, y)
        return Tensor._of(np.asarray(function(x, y)))

    logic.__name__ = name
    return operation(inplace=True)(logic)


logical_and, logical_or = _logical("logical_and", np.logical_and), _logical("logical_or", np.logical_or)
logical_xor = _logical("logical_xor", np.logical_xor)
bitwise_and, bitwise_or = _bitwise("bitwise_and", np.bitwise_and), _bitwise("bitwise_or", np.bitwise_or)
bitwise_xor = _bitwise("bitwise_xor", np.bitwise_xor)


@operation()
def equal(input: Tensor, other: Tensor) -> bool:
    return input._a.shape == other._a.shape and bool((input._a == other._a).all())


def _same_kind(name: str, a: Tensor, b: Tensor) -> None:
    need_tensor(name, "other", 2, b)
    if a.dtype is not b.dtype:
        raise RuntimeError(f"{a.dtype.name.title()} did not match {b.dtype.name.title()}")


@operation()
def isclose(
    input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    _same_kind("isclose", input, other)
    fit(input._a, other._a)
    return Tensor._of(np.asarray(np.isclose(input._a, other._a, rtol, atol, equal_nan)))


@operation()
def allclose(
    input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> bool:
    return bool(isclose(input, other, rtol, atol, equal_nan)._a.all())


@operation(method=False)
def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:
    need_tensor("where", "condition", 1, condition)
    if input is None and other is None:
        return tuple(Tensor._indices(one) for one in np.nonzero(condition._a))
    operands("where", input, other)
    kind, chosen = promote(input, other), condition._a
    if chosen.dtype != np.bool_:
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype {condition.dtype.name}"
        )
    x, y = array_of(input, kind), array_of(other, kind)
    fit(x, y)
    fit(chosen, x)
    fit(chosen, y)

    def back(operand: Any, shape: tuple[int, ...], of_first: bool) -> Callable[[Array], Array]:
        def pulled(g: Array) -> Array:
            part = np.where(chosen, g, 0) if of_first else np.where(chosen, 0, g)
            return sum_to(part, shape).astype(operand._a.dtype, copy=False)

        return pulled

    pulls = (back(input, x.shape, True), back(other, y.shape, False))
    return result(np.where(chosen, x, y), (input, other), pulls)


Tensor.where = lambda self, condition, other: where(condition, self, other)  # type: ignore[attr-defined]
