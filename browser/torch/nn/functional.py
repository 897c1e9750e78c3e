"""torch.nn.functional: layers as functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import _softmax
from .._absent import lacking, module_getattr
from .._dtypes import SPOKEN
from .._operation import FUNCTIONS, need_tensor
from .._tensor import Tensor, result
from .._unary import rsqrt, sigmoid, tanh
from .activations import (
    celu,
    celu_,
    elu,
    elu_,
    gelu,
    glu,
    hardsigmoid,
    hardswish,
    hardtanh,
    hardtanh_,
    leaky_relu,
    leaky_relu_,
    logsigmoid,
    mish,
    prelu,
    relu,
    relu6,
    relu_,
    selu,
    selu_,
    silu,
    softmin,
    softplus,
    softsign,
    tanhshrink,
    threshold,
    threshold_,
)
from .dropouts import alpha_dropout, dropout, dropout1d, dropout2d, dropout3d, feature_dropout
from .losses import *  # noqa: F403

Array = np.ndarray


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x Wᵀ + b"""
    need_tensor("linear", "input", 1, input)
    need_tensor("linear", "weight", 2, weight)
    y = input @ weight.t()
    return y if bias is None else y + bias


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    y = FUNCTIONS["einsum"]("...i,oij,...j->...o", input1, weight, input2)
    return y if bias is None else y + bias


# ---- norms ----


def _standardised(x: Tensor, over: Any, eps: float) -> Tensor:
    return (x - x.mean(over, True)) * rsqrt(x.var(over, False, True) + eps)


def layer_norm(
    input: Tensor, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Tensor:
    shape = tuple(normalized_shape)
    if tuple(input._a.shape[-len(shape) :]) != shape:
        raise RuntimeError(
            f"Given normalized_shape={list(shape)}, expected input with shape [*, {', '.join(map(str, shape))}], but "
            f"got input of size{list(input._a.shape)}"
        )
    for name, one in (("weight", weight), ("bias", bias)):
        if one is not None and one._a.shape != shape:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape {list(one._a.shape)} "
                f"and normalized_shape = {list(shape)}"
            )
        if one is not None and one.dtype is not input.dtype:
            raise RuntimeError(
                f"mixed dtype (CPU): expect parameter to have scalar type of {SPOKEN[input.dtype.name]}"
            )
    y = _standardised(input, tuple(range(-len(shape), 0)), eps)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def native_layer_norm(
    input: Tensor, normalized_shape: Any, weight: Any, bias: Any, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """torch.native_layer_norm: the norm, its mean and 1/√(variance + eps)."""
    over = tuple(range(-len(tuple(normalized_shape)), 0))
    y = layer_norm(input, normalized_shape, weight, bias, eps)
    return y, input.mean(over, True), rsqrt(input.var(over, False, True) + eps)


def rms_norm(input: Tensor, normalized_shape: Any, weight: Any = None, eps: float | None = None) -> Tensor:
    over = tuple(range(-len(tuple(normalized_shape)), 0))
    eps = float(np.finfo(input._a.dtype).eps) if eps is None else eps
    y = input * rsqrt((input * input).mean(over, True) + eps)
    return y if weight is None else y * weight


def group_norm(
    input: Tensor, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Tensor:
    B, C = input._a.shape[:2]
    if C % num_groups:
        raise RuntimeError(
            f"Expected number of channels in input to be divisible by num_groups, but got input of shape {list(input._a.shape)} and num_groups={num_groups}"
        )
    if input.numel() // num_groups <= 1:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {list(input._a.shape)}"
        )
    y = _standardised(input.reshape(B, num_groups, -1), -1, eps).reshape(input._a.shape)
    return _scaled(y, weight, bias, (1, C) + (1,) * (input.dim() - 2))


def instance_norm(
    input: Tensor, *_: Any, eps: float = 1e-5, use_input_stats: bool = True, **__: Any
) -> Tensor:
    return _standardised(input, tuple(range(2, input.dim())), eps)


def _scaled(y: Tensor, weight: Any, bias: Any, shape: tuple[int, ...]) -> Tensor:
    y = y if weight is None else y * weight.reshape(shape)
    return y if bias is None else y + bias.reshape(shape)


def batch_norm(
    input: Tensor,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    over = (0, *range(2, input.dim()))
    shape = (1, -1) + (1,) * (input.dim() - 2)
    n = input.numel() // max(input._a.shape[1], 1)
    if not training:
        y = (input - running_mean.reshape(shape)) * rsqrt(running_var.reshape(shape) + eps)
        return _scaled(y, weight, bias, shape)
    if n <= 1:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {input.shape}"
        )
    if running_mean is not None:
        a = input._a
        running_mean._a += (momentum * (a.mean(over) - running_mean._a)).astype(a.dtype)
        running_var._a += (momentum * (a.var(over, ddof=1) - running_var._a)).astype(a.dtype)
    return _scaled(_standardised(input, over, eps), weight, bias, shape)


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    return input / input.norm(p, dim, True).clamp_min(eps)


# ---- tables, edges, attention ----


def _axis_without_dim(ndim: int) -> int:
    """What torch takes, with a warning, where no axis is given."""
    return 0 if ndim in (0, 1, 3) else 1


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    need_tensor("softmax", "input", 1, input)
    return _softmax.softmax(input, _axis_without_dim(input.dim()) if dim is None else dim, dtype)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    need_tensor("log_softmax", "input", 1, input)
    return _softmax.log_softmax(input, _axis_without_dim(input.dim()) if dim is None else dim, dtype)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    a = tensor._a
    if a.dtype != np.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if a.size and a.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    if num_classes > 0 and a.size and a.max() >= num_classes:
        raise RuntimeError("Class values must be smaller than num_classes.")
    n = num_classes if num_classes > 0 else int(a.max()) + 1
    return Tensor._of((a[..., None] == np.arange(n)).astype(np.int64))


def embedding(input: Tensor, weight: Tensor, padding_idx: Any = None, *_: Any, **__: Any) -> Tensor:
    if input._a.size and not (0 <= input._a.min() and input._a.max() < weight._a.shape[0]):
        raise IndexError("index out of range in self")
    return weight[input]


def pad(input: Tensor, pad: Any, mode: str = "constant", value: float | None = None) -> Tensor:
    if mode != "constant":
        raise lacking(f"torch.nn.functional.pad with mode={mode!r}")
    widths = [(0, 0)] * input.dim()
    for k in range(len(pad) // 2):
        widths[-1 - k] = (pad[2 * k], pad[2 * k + 1])
    cut = tuple(slice(max(-a, 0), n - max(-b, 0)) for (a, b), n in zip(widths, input._a.shape, strict=True))
    room = [(max(a, 0), max(b, 0)) for a, b in widths]
    inside = input[cut]
    at = tuple(slice(a, a + n) for (a, _), n in zip(room, inside._a.shape, strict=True))
    return result(np.pad(inside._a, room, constant_values=value or 0), (inside,), (lambda g: g[at],))


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    scores = query @ key.transpose(-2, -1) * (1 / math.sqrt(query._a.shape[-1]) if scale is None else scale)
    if is_causal:
        attn_mask = Tensor._of(np.tril(np.ones(scores._a.shape[-2:], np.bool_)))
    if attn_mask is not None:
        blocked = attn_mask._a.dtype == np.bool_
        scores = scores.masked_fill(~attn_mask, -math.inf) if blocked else scores + attn_mask
    return dropout(softmax(scores, -1), dropout_p, dropout_p > 0) @ value


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    return (x1 * x2).sum(dim) / (x1.norm(2, dim).clamp_min(eps) * x2.norm(2, dim).clamp_min(eps))


__all__ = [
    "alpha_dropout",
    "celu",
    "celu_",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "elu",
    "elu_",
    "feature_dropout",
    "gelu",
    "glu",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hardtanh_",
    "leaky_relu",
    "leaky_relu_",
    "logsigmoid",
    "mish",
    "prelu",
    "relu",
    "relu6",
    "relu_",
    "selu",
    "selu_",
    "sigmoid",
    "silu",
    "softmin",
    "softplus",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
    "threshold_",
]
__getattr__ = module_getattr("torch.nn.functional")
