"""torch.nn.utils: gradients that are cut off, parameters as one vector."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._absent import module_getattr
from ..._joining import cat
from ..._tensor import Tensor
from . import rnn

__all__ = ["clip_grad_norm_", "clip_grad_value_", "parameters_to_vector", "rnn", "vector_to_parameters"]


def clip_grad_norm_(parameters: Any, max_norm: float, norm_type: float = 2.0, **_: Any) -> Tensor:
    given = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    gradients = [one.grad for one in given if one.grad is not None]
    norms = np.asarray([np.linalg.norm(g._a.reshape(-1), norm_type) for g in gradients], np.float32)
    total = np.asarray(np.linalg.norm(norms, norm_type) if norms.size else 0.0, np.float32)
    factor = min(float(max_norm / (total + 1e-6)), 1.0)
    for g in gradients:
        g._a *= g._a.dtype.type(factor)
    return Tensor._of(total)


def clip_grad_value_(parameters: Any, clip_value: float, **_: Any) -> None:
    for one in [parameters] if isinstance(parameters, Tensor) else parameters:
        if one.grad is not None:
            np.clip(one.grad._a, -clip_value, clip_value, out=one.grad._a)


def parameters_to_vector(parameters: Any) -> Tensor:
    return cat([one.reshape(-1) for one in parameters])


def vector_to_parameters(vec: Tensor, parameters: Any) -> None:
    start = 0
    for one in parameters:
        one._a = vec._a[start : start + one.numel()].reshape(one._a.shape)
        start += one.numel()


__getattr__ = module_getattr("torch.nn.utils")
