"""torch.nn.init: first values of parameters."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .._absent import module_getattr
from .._graph import no_grad
from .._tensor import Tensor


def _filled(fill: Callable[..., Any]) -> Callable[..., Tensor]:
    def init(tensor: Tensor, *args: Any, **named: Any) -> Tensor:
        with no_grad():
            fill(tensor, *args, **named)
        return tensor

    return init


def _fans(tensor: Tensor) -> tuple[int, int]:
    if tensor.dim() < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    area = math.prod(tensor._a.shape[2:])
    return tensor._a.shape[1] * area, tensor._a.shape[0] * area


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    gains = {"tanh": 5 / 3, "relu": math.sqrt(2), "selu": 0.75}
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + (0.01 if param is None else param) ** 2))
    return gains.get(nonlinearity, 1.0)


zeros_ = _filled(lambda t: t.fill_(0))
ones_ = _filled(lambda t: t.fill_(1))
constant_ = _filled(lambda t, val: t.fill_(val))
uniform_ = _filled(lambda t, a=0.0, b=1.0, generator=None: t.uniform_(a, b, generator=generator))
normal_ = _filled(lambda t, mean=0.0, std=1.0, generator=None: t.normal_(mean, std, generator=generator))
eye_ = _filled(lambda t: t.copy_(Tensor._of(np.eye(*t._a.shape, dtype=t._a.dtype))))


def _xavier_bound(tensor: Tensor, gain: float) -> float:
    return gain * math.sqrt(6 / sum(_fans(tensor)))


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    return calculate_gain(nonlinearity, a) / math.sqrt(_fans(tensor)[0 if mode == "fan_in" else 1])


@_filled
def xavier_uniform_(t: Tensor, gain: float = 1.0, generator: Any = None) -> None:
    bound = _xavier_bound(t, gain)
    t.uniform_(-bound, bound, generator=generator)


@_filled
def xavier_normal_(t: Tensor, gain: float = 1.0, generator: Any = None) -> None:
    t.normal_(0, gain * math.sqrt(2 / sum(_fans(t))), generator=generator)


@_filled
def kaiming_uniform_(
    t: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> None:
    bound = math.sqrt(3) * _kaiming_std(t, a, mode, nonlinearity)
    t.uniform_(-bound, bound, generator=generator)


@_filled
def kaiming_normal_(
    t: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> None:
    t.normal_(0, _kaiming_std(t, a, mode, nonlinearity), generator=generator)


@_filled
def orthogonal_(t: Tensor, gain: float = 1, generator: Any = None) -> None:
    rows, columns = t._a.shape[0], t.numel() // t._a.shape[0]
    flat = Tensor._of(np.empty((rows, columns), t._a.dtype)).normal_(generator=generator)._a
    q, r = np.linalg.qr(flat.T if rows < columns else flat)
    q = q * np.sign(np.diag(r))
    t.copy_(Tensor._of((gain * (q.T if rows < columns else q)).reshape(t._a.shape)))


@_filled
def trunc_normal_(
    t: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Any = None
) -> None:
    from .._special_values import normal_cdf, normal_quantile

    low, high = (float(normal_cdf(np.asarray([(x - mean) / std]))[0]) for x in (a, b))
    u = Tensor._of(np.empty(t._a.shape)).uniform_(low, high, generator=generator)._a
    t.copy_(Tensor._of(np.clip(mean + std * normal_quantile(u), a, b)))


__getattr__ = module_getattr("torch.nn.init")
