"""Operations on one tensor, element by element."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ._binary import fit, maximum, minimum
from ._dtypes import get_default_dtype
from ._graph import sum_to
from ._operation import operation
from ._special_values import erf as _erf
from ._tensor import RESULT, Tensor, result

Array = np.ndarray


def unary(
    input: Tensor,
    forward: Callable[[Array], Array],
    slope: Callable[[Array, Array], Any],
    saves: str = "x",
    floats: bool = True,
) -> Tensor:
    """forward(x), element by element; `slope` is its derivative, of (x, result).

    `saves`: what the slope reads: "x", "r" for the result, or both.
    `floats`: whether integers become torch's default dtype.
    """
    x = input._a
    if floats and x.dtype.kind != "f":
        x = x.astype(get_default_dtype().np)
    with np.errstate(all="ignore"):
        z = np.asarray(forward(x)).astype(x.dtype, copy=False)

    def pull(g: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(g * slope(x, z)).astype(x.dtype, copy=False)

    return result(z, (input,), (pull,), ([{"x": input, "r": RESULT}[one] for one in saves],))


def _simple(
    name: str,
    forward: Callable[..., Array],
    slope: Callable[..., Any],
    saves: str = "x",
    *,
    floats: bool = True,
    also: str = "",
) -> Callable[..., Tensor]:
    def applied(input: Tensor) -> Tensor:
        return unary(input, forward, slope, saves, floats)

    applied.__name__ = name
    applied.__annotations__["input"] = "Tensor"
    return operation(inplace=True, also=also)(applied)


def logistic(x: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


_LOG2, _LOG10, _ROOT_PI = math.log(2), math.log(10), math.sqrt(math.pi)

tanh = _simple("tanh", np.tanh, lambda x, z: 1 - z * z, "r")
sigmoid = _simple("sigmoid", logistic, lambda x, z: z * (1 - z), "r", also="expit")
exp = _simple("exp", np.exp, lambda x, z: z, "r")
exp2 = _simple("exp2", np.exp2, lambda x, z: z * _LOG2, "r")
expm1 = _simple("expm1", np.expm1, lambda x, z: z + 1, "r")
log = _simple("log", np.log, lambda x, z: 1 / x)
log2 = _simple("log2", np.log2, lambda x, z: 1 / (x * x.dtype.type(_LOG2)))
log10 = _simple("log10", np.log10, lambda x, z: 1 / (x * x.dtype.type(_LOG10)))
log1p = _simple("log1p", np.log1p, lambda x, z: 1 / (1 + x))
sqrt = _simple("sqrt", np.sqrt, lambda x, z: 0.5 / z, "r")
rsqrt = _simple("rsqrt", lambda x: 1 / np.sqrt(x), lambda x, z: -0.5 * z * z * z, "r")
reciprocal = _simple("reciprocal", lambda x: 1 / x, lambda x, z: -z * z, "r")
square = _simple("square", np.square, lambda x, z: 2 * x, floats=False)
neg = _simple("neg", np.negative, lambda x, z: -1, "", floats=False, also="negative")
abs = _simple("abs", np.abs, lambda x, z: np.sign(x), floats=False, also="absolute")
sign = _simple(
    "sign", lambda x: np.where(x != x, 0, np.sign(x)), lambda x, z: 0, "", floats=False, also="sgn"
)
floor = _simple("floor", np.floor, lambda x, z: 0, "", floats=False)
ceil = _simple("ceil", np.ceil, lambda x, z: 0, "", floats=False)
trunc = _simple("trunc", np.trunc, lambda x, z: 0, "", floats=False, also="fix")
frac = _simple("frac", lambda x: x - np.trunc(x), lambda x, z: 1, "")
relu = _simple("relu", lambda x: np.maximum(x, 0), lambda x, z: z > 0, "r", floats=False)
sin = _simple("sin", np.sin, lambda x, z: np.cos(x))
cos = _simple("cos", np.cos, lambda x, z: -np.sin(x))
tan = _simple("tan", np.tan, lambda x, z: 1 + z * z, "r")
sinh = _simple("sinh", np.sinh, lambda x, z: np.cosh(x))
cosh = _simple("cosh", np.cosh, lambda x, z: np.sinh(x))
asin = _simple("asin", np.arcsin, lambda x, z: 1 / np.sqrt(1 - x * x), also="arcsin")
acos = _simple("acos", np.arccos, lambda x, z: -1 / np.sqrt(1 - x * x), also="arccos")
atan = _simple("atan", np.arctan, lambda x, z: 1 / (1 + x * x), also="arctan")
asinh = _simple("asinh", np.arcsinh, lambda x, z: 1 / np.sqrt(x * x + 1), also="arcsinh")
acosh = _simple("acosh", np.arccosh, lambda x, z: 1 / np.sqrt(x * x - 1), also="arccosh")
atanh = _simple("atanh", np.arctanh, lambda x, z: 1 / (1 - x * x), also="arctanh")
erf = _simple("erf", _erf, lambda x, z: 2 / _ROOT_PI * np.exp(-x * x))
erfc = _simple("erfc", lambda x: 1 - _erf(x), lambda x, z: -2 / _ROOT_PI * np.exp(-x * x))
deg2rad = _simple("deg2rad", np.deg2rad, lambda x, z: math.pi / 180, "")


@operation(inplace=True)
def logit(input: Tensor, eps: float | None = None) -> Tensor:
    def forward(x: Array) -> Array:
        x = x if eps is None else np.clip(x, eps, 1 - eps)
        return np.log(x / (1 - x))

    return unary(
        input,
        forward,
        lambda x, z: np.where(
            (x < (eps or 0)) | (x > 1 - (eps or 0)), 0 if eps else np.nan, 1 / (x * (1 - x))
        ),
    )


@operation(inplace=True)
def round(input: Tensor, *, decimals: int = 0) -> Tensor:
    return unary(input, lambda x: np.round(x, decimals), lambda x, z: 0, "", floats=False)


@operation(inplace=True)
def nan_to_num(
    input: Tensor, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    def forward(x: Array) -> Array:
        return np.nan_to_num(x, nan=nan or 0.0, posinf=posinf, neginf=neginf)

    return unary(input, forward, lambda x, z: np.isfinite(x), floats=False)


@operation(inplace=True, also="clip")
def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if isinstance(min, Tensor) or isinstance(max, Tensor):
        found = input if min is None else _clamped(input, min, maximum)
        return found if max is None else _clamped(found, max, minimum)
    x = input._a
    kind = (
        np.result_type(x.dtype, get_default_dtype().np)
        if x.dtype.kind in "biu" and any(isinstance(b, float) for b in (min, max))
        else x.dtype
    )
    low, high = (None if bound is None else kind.type(bound) for bound in (min, max))
    inside = np.ones(x.shape, np.bool_)
    if low is not None:
        inside &= x >= low
    if high is not None:
        inside &= x <= high
    return result(
        np.asarray(np.clip(x.astype(kind, copy=False), low, high)),
        (input,),
        (lambda g: np.where(inside, g, 0),),
        ((input,),),
    )


def _clamped(input: Tensor, bound: Any, extreme: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    bound = bound if isinstance(bound, Tensor) else Tensor._of(np.asarray(bound, input._a.dtype))
    return extreme(input, bound)


@operation(inplace=True)
def clamp_min(input: Tensor, min: Any) -> Tensor:
    return clamp(input, min=min)


@operation(inplace=True)
def clamp_max(input: Tensor, max: Any) -> Tensor:
    return clamp(input, max=max)


@operation(inplace=True)
def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    if mask._a.dtype != np.bool_:
        raise RuntimeError(
            f"masked_fill only supports boolean masks, but got mask with dtype {mask.dtype.name}"
        )
    x, m = input._a, mask._a
    fit(x, m)
    if isinstance(value, Tensor):
        if value._a.ndim:
            raise RuntimeError(
                f"masked_fill_ only supports a 0-dimensional value tensor, but got tensor with {value._a.ndim} "
                "dimension(s)."
            )
        fill = value._a.astype(x.dtype)
    else:
        fill = np.asarray(value).astype(x.dtype)
    pulls = (
        lambda g: sum_to(np.where(m, 0, g), x.shape).astype(x.dtype, copy=False),
        lambda g: np.asarray(np.where(m, g, 0).sum()).astype(value._a.dtype),
    )
    return result(np.where(m, fill, x), (input, value), pulls)


def _asked(name: str, function: Callable[[Array], Array]) -> Callable[..., Tensor]:
    def ask(input: Tensor) -> Tensor:
        return Tensor._of(np.asarray(function(input._a)))

    ask.__name__ = name
    return operation()(ask)


isnan, isinf, isfinite = _asked("isnan", np.isnan), _asked("isinf", np.isinf), _asked("isfinite", np.isfinite)
signbit = _asked("signbit", np.signbit)
logical_not = _asked("logical_not", np.logical_not)


@operation()
def bitwise_not(input: Tensor) -> Tensor:
    if input._a.dtype.kind == "f":
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return Tensor._of(np.asarray(~input._a))


Tensor.__invert__ = bitwise_not  # type: ignore[method-assign, assignment]
Tensor.__neg__ = neg  # type: ignore[method-assign]
Tensor.__pos__ = lambda self: self  # type: ignore[method-assign, assignment, return-value]
Tensor.__abs__ = abs  # type: ignore[method-assign]
