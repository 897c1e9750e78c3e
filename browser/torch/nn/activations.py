"""Activations as functions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .._operation import FUNCTIONS, need_tensor
from .._softmax import softmax
from .._tensor import Tensor
from .._unary import sigmoid, tanh, unary

Array = np.ndarray


def _applied(
    name: str, forward: Callable[..., Array], slope: Callable[..., Any], *names: str, **defaults: Any
) -> Callable[..., Tensor]:
    """An activation with settings: forward(x, *settings), slope(x, result, *settings)."""

    def activation(input: Tensor, *given: Any, inplace: bool = False, **named: Any) -> Tensor:
        need_tensor(name, "input", 1, input)
        if set(named) - set(defaults):
            raise TypeError(f"{name}() got an unexpected keyword argument '{next(iter(named))}'")
        settings = (defaults | dict(zip(defaults, given, strict=False)) | named).values()
        made = unary(
            input._frozen() if inplace else input,
            lambda x: forward(x, *settings),
            lambda x, z: slope(x, z, *settings),
            "xr",
        )
        return input._become(made) if inplace else made

    activation.__name__ = name
    return activation


def _logistic(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


leaky_relu = _applied(
    "leaky_relu",
    lambda x, s: np.where(x > 0, x, s * x),
    lambda x, z, s: np.where(x > 0, 1, s),
    negative_slope=0.01,
)
elu = _applied(
    "elu",
    lambda x, a: np.where(x > 0, x, a * np.expm1(np.minimum(x, 0))),
    lambda x, z, a: np.where(x > 0, 1, z + a),
    alpha=1.0,
)
celu = _applied(
    "celu",
    lambda x, a: np.where(x > 0, x, a * np.expm1(np.minimum(x, 0) / a)),
    lambda x, z, a: np.where(x > 0, 1, z / a + 1),
    alpha=1.0,
)
relu6 = _applied("relu6", lambda x: np.clip(x, 0, 6), lambda x, z: (x > 0) & (x < 6))
hardtanh = _applied(
    "hardtanh",
    lambda x, a, b: np.clip(x, a, b),
    lambda x, z, a, b: (x > a) & (x < b),
    min_val=-1.0,
    max_val=1.0,
)
hardsigmoid = _applied(
    "hardsigmoid",
    lambda x: np.clip(x + 3, 0, 6) / 6,
    lambda x, z: ((x > -3) & (x < 3)) * float(np.float32(1 / 6)),
)
hardswish = _applied(
    "hardswish",
    lambda x: x * np.clip(x + 3, 0, 6) / 6,
    lambda x, z: np.where(x <= -3, 0, np.where(x < 3, x / 3 + 0.5, 1)),
)
silu = _applied("silu", lambda x: x * _logistic(x), lambda x, z: _logistic(x) * (1 + x * (1 - _logistic(x))))
softsign = _applied("softsign", lambda x: x / (1 + np.abs(x)), lambda x, z: 1 / (1 + np.abs(x)) ** 2)
logsigmoid = _applied(
    "logsigmoid", lambda x: np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x))), lambda x, z: _logistic(-x)
)
softplus = _applied(
    "softplus",
    lambda x, b, t: np.where(x * b > t, x, np.logaddexp(0, b * x) / b),
    lambda x, z, b, t: np.where(x * b > t, 1, _logistic(b * x)),
    beta=1.0,
    threshold=20.0,
)
selu = _applied(
    "selu",
    lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0))),
    lambda x, z: np.where(x > 0, 1.0507009873554805, z + 1.0507009873554805 * 1.6732632423543772),
)
mish = _applied(
    "mish",
    lambda x: x * np.tanh(np.logaddexp(0, x)),
    lambda x, z: np.tanh(np.logaddexp(0, x)) + x * (1 - np.tanh(np.logaddexp(0, x)) ** 2) * _logistic(x),
)
threshold = _applied(
    "threshold",
    lambda x, t, v: np.asarray(np.where(x > t, x, v)),
    lambda x, z, t, v: x > t,
    threshold=0.0,
    value=0.0,
)
tanhshrink = _applied("tanhshrink", lambda x: x - np.tanh(x), lambda x, z: np.tanh(x) ** 2)


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    need_tensor("relu", "input", 1, input)
    return input.relu_() if inplace else input.relu()


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    if approximate == "tanh":
        return 0.5 * input * (1 + tanh(math.sqrt(2 / math.pi) * (input + 0.044715 * input**3)))
    return 0.5 * input * (1 + FUNCTIONS["erf"](input / math.sqrt(2)))


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    shape = [1] * input.dim()
    if weight.numel() > 1:
        shape[1] = weight.numel()
    return FUNCTIONS["where"](input > 0, input, weight.reshape(shape) * input)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    a, b = input.chunk(2, dim)
    return a * sigmoid(b)


def softmin(input: Tensor, dim: int) -> Tensor:
    return softmax(-input, dim)


def _in_place(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    return lambda input, *args, **named: function(input, *args, inplace=True, **named)


relu_, elu_, celu_, leaky_relu_, hardtanh_, selu_, threshold_ = (
    _in_place(one) for one in (relu, elu, celu, leaky_relu, hardtanh, selu, threshold)
)
