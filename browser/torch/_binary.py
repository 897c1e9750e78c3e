"""Operations on two operands, element by element, and the operators of Tensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._dtypes import bool_, dtype, get_default_dtype, is_number, promote
from ._graph import sum_to
from ._operation import FUNCTIONS, need_tensor, operation
from ._tensor import RESULT, Tensor, result

Array = np.ndarray
_SAVED = {"a": 0, "b": 1}


def array_of(x: Any, kind: dtype) -> Array:
    return x._a.astype(kind.np, copy=False) if isinstance(x, Tensor) else np.asarray(x, kind.np)


def fit(x: Array, y: Array) -> None:
    """Raises RuntimeError where two shapes do not broadcast."""
    for k in range(1, min(x.ndim, y.ndim) + 1):
        if x.shape[-k] != y.shape[-k] and 1 not in (x.shape[-k], y.shape[-k]):
            raise RuntimeError(
                f"The size of tensor a ({x.shape[-k]}) must match the size of tensor b ({y.shape[-k]}) at "
                f"non-singleton dimension {max(x.ndim, y.ndim) - k}"
            )


def operands(name: str, a: Any, b: Any) -> None:
    for position, (argument, x) in enumerate((("input", a), ("other", b)), 1):
        if not isinstance(x, Tensor) and not is_number(x):
            need_tensor(name, argument, position, x)


def binary(
    name: str,
    a: Any,
    b: Any,
    forward: Callable[[Array, Array], Array],
    pull_a: Callable[[Array, Array, Array, Array], Array],
    pull_b: Callable[[Array, Array, Array, Array], Array],
    saves: tuple[str, str] = ("", ""),
    floats: bool = False,
) -> Tensor:
    """forward(a, b), broadcast; the pulls take (gradient, a, b, result).

    `saves`: which of "a", "b" and "r" (the result) each pull reads.
    `floats`: whether integers become torch's default dtype.
    """
    operands(name, a, b)
    kind = promote(a, b)
    if floats and not kind.is_floating_point:
        kind = get_default_dtype()
    x, y = array_of(a, kind), array_of(b, kind)
    fit(x, y)
    with np.errstate(all="ignore"):
        z = np.asarray(forward(x, y), kind.np)

    def back(pull: Callable[..., Array], operand: Any, shape: tuple[int, ...]) -> Callable[[Array], Array]:
        def pulled(g: Array) -> Array:
            with np.errstate(all="ignore"):
                found = sum_to(pull(g, x, y, z), shape)
            return found.astype(operand._a.dtype, copy=False)

        return pulled

    which = {"a": a, "b": b, "r": RESULT}
    return result(
        z,
        (a, b),
        (back(pull_a, a, x.shape), back(pull_b, b, y.shape)),
        [[which[letter] for letter in letters] for letters in saves],
    )


def _plain(x: Any, alpha: float) -> Any:
    return x if alpha == 1 else mul(x, alpha)


@operation(inplace=True)
def add(input: Any, other: Any, *, alpha: float = 1) -> Tensor:
    other = _plain(other, alpha)
    return binary("add", input, other, np.add, lambda g, *_: g, lambda g, *_: g)


@operation(inplace=True, also="subtract")
def sub(input: Any, other: Any, *, alpha: float = 1) -> Tensor:
    other = _plain(other, alpha)
    operands("sub", input, other)
    if any(promote(x) is bool_ for x in (input, other)):
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a "
            "mask, use the `~` or `logical_not()` operator instead."
        )
    return binary("sub", input, other, np.subtract, lambda g, *_: g, lambda g, *_: -g)


@operation(inplace=True, also="multiply")
def mul(input: Any, other: Any) -> Tensor:
    pulls = (lambda g, x, y, z: g * y, lambda g, x, y, z: g * x)
    return binary("mul", input, other, np.multiply, *pulls, saves=("b", "a"))


@operation(inplace=True, also="divide true_divide")
def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    if rounding_mode == "floor":
        zero = (lambda g, *_: np.zeros_like(g),) * 2
        return binary("div", input, other, np.floor_divide, *zero)
    if rounding_mode is not None and not promote(input, other).is_floating_point:
        kind = promote(input, other)
        return Tensor._of(np.trunc(array_of(input, kind) / array_of(other, kind)).astype(kind.np))
    pulls = (lambda g, x, y, z: g / y, lambda g, x, y, z: -g * (x / y) / y)
    quotient = binary("div", input, other, np.divide, *pulls, saves=("b", "ab"), floats=True)
    return quotient if rounding_mode is None else FUNCTIONS["trunc"](quotient)


def _power(x: Array, y: Array) -> Array:
    if x.dtype.kind in "iu" and (y < 0).any():
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    return np.power(x, y)


@operation(inplace=True)
def pow(input: Any, exponent: Any) -> Tensor:
    return binary(
        "pow",
        input,
        exponent,
        _power,
        lambda g, x, y, z: np.where(y == 0, 0, g * y * np.power(x, np.where(y == 0, 1, y - 1))),
        lambda g, x, y, z: np.where((x == 0) & (y >= 0), 0, g * z * np.log(x)),
        saves=("ab", "abr"),
    )


@operation(inplace=True)
def floor_divide(input: Any, other: Any) -> Tensor:
    def refused(*_: Array) -> Array:
        raise RuntimeError("derivative for aten::floor_divide is not implemented")

    return binary("floor_divide", input, other, np.floor_divide, refused, refused)


@operation(inplace=True)
def remainder(input: Any, other: Any) -> Tensor:
    pulls = (lambda g, *_: g, lambda g, x, y, z: -g * np.floor_divide(x, y))
    return binary("remainder", input, other, np.remainder, *pulls, saves=("", "ab"))


@operation(inplace=True)
def fmod(input: Any, other: Any) -> Tensor:
    pulls = (lambda g, *_: g, lambda g, x, y, z: -g * np.trunc(x / y))
    return binary("fmod", input, other, np.fmod, *pulls, saves=("", "ab"))


def _of_the_larger(sign: int) -> tuple[Callable[..., Array], Callable[..., Array]]:
    """Gradients of max (sign 1) and min (-1): half to each where both are equal."""

    def first(g: Array, x: Array, y: Array, z: Array) -> Array:
        return np.where(x == y, g / 2, np.where(sign * x > sign * y, g, 0))

    def second(g: Array, x: Array, y: Array, z: Array) -> Array:
        return np.where(x == y, g / 2, np.where(sign * y > sign * x, g, 0))

    return first, second


@operation()
def maximum(input: Tensor, other: Any) -> Tensor:
    need_tensor("maximum", "other", 2, other)
    return binary("maximum", input, other, np.maximum, *_of_the_larger(1), saves=("ab", "ab"))


@operation()
def minimum(input: Tensor, other: Any) -> Tensor:
    need_tensor("minimum", "other", 2, other)
    return binary("minimum", input, other, np.minimum, *_of_the_larger(-1), saves=("ab", "ab"))


@operation(inplace=True)
def atan2(input: Tensor, other: Tensor) -> Tensor:
    pulls = (lambda g, x, y, z: g * y / (x * x + y * y), lambda g, x, y, z: -g * x / (x * x + y * y))
    return binary("atan2", input, other, np.arctan2, *pulls, saves=("ab", "ab"), floats=True)


@operation(inplace=True)
def xlogy(input: Any, other: Any) -> Tensor:
    """x log y, 0 where x = 0."""
    return binary(
        "xlogy",
        input,
        other,
        lambda x, y: np.where(np.isnan(y), np.nan, np.where(x == 0, 0, x * np.log(y))),
        lambda g, x, y, z: np.where((x == 0) & (y <= 0), 0, g * np.log(y)),
        lambda g, x, y, z: g * x / y,
        saves=("ab", "ab"),
        floats=True,
    )


@operation()
def logaddexp(input: Tensor, other: Tensor) -> Tensor:
    pulls = (lambda g, x, y, z: g * np.exp(x - z), lambda g, x, y, z: g * np.exp(y - z))
    return binary("logaddexp", input, other, np.logaddexp, *pulls, saves=("ar", "br"))


@operation(inplace=True)
def hypot(input: Tensor, other: Tensor) -> Tensor:
    pulls = (lambda g, x, y, z: g * x / z, lambda g, x, y, z: g * y / z)
    return binary("hypot", input, other, np.hypot, *pulls, saves=("ar", "br"))


@operation(inplace=True)
def heaviside(input: Tensor, values: Tensor) -> Tensor:
    """0 below 0, 1 above, `values` at 0"""
    if input.dtype is not values.dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")
    fit(input._a, values._a)
    return Tensor._of(np.asarray(np.heaviside(input._a, values._a), input._a.dtype))


@operation(inplace=True)
def lerp(input: Tensor, end: Tensor, weight: Any) -> Tensor:
    """input + weight (end - input)"""
    if input.dtype is not end.dtype:
        raise RuntimeError(f"expected dtype {input.dtype.name} for `end` but got dtype {end.dtype.name}")
    return add(input, mul(weight, sub(end, input)))


@operation(inplace=True)
def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    product = mul(tensor1, tensor2)
    return add(input, product if value == 1 else mul(product, value))


@operation(inplace=True)
def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    return add(input, mul(div(tensor1, tensor2), value))
