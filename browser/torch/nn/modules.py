"""The layers that keep no state over time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .._making import ones, zeros
from .._operation import FUNCTIONS
from .._tensor import Tensor
from . import functional as F
from . import init
from .module import Module, Parameter


def uniform(bound: float, *shape: int, dtype: Any = None) -> Parameter:
    """A parameter, uniform on [-bound, bound)."""
    return Parameter(FUNCTIONS["empty"](*shape, dtype=dtype).uniform_(-bound, bound))


class Identity(Module):
    def forward(self, input: Any) -> Any:
        return input


class Linear(Module):
    """x Wᵀ + b; weight (out, in)"""

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(FUNCTIONS["empty"](out_features, in_features, dtype=dtype))
        self.register_parameter(
            "bias", Parameter(FUNCTIONS["empty"](out_features, dtype=dtype)) if bias else None
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
        )


class Embedding(Module):
    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None, **named: Any
    ) -> None:
        super().__init__()
        self.num_embeddings, self.embedding_dim, self.padding_idx = num_embeddings, embedding_dim, padding_idx
        self.weight = Parameter(FUNCTIONS["randn"](num_embeddings, embedding_dim, dtype=named.get("dtype")))
        if padding_idx is not None:
            self.weight._a[padding_idx] = 0

    def forward(self, input: Tensor) -> Tensor:
        return F.embedding(input, self.weight, self.padding_idx)


class _Dropout(Module):
    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"

    def forward(self, input: Tensor) -> Tensor:
        return type(self).function(input, self.p, self.training, self.inplace)  # type: ignore[attr-defined]


def _dropout(name: str, function: Callable[..., Tensor]) -> type[_Dropout]:
    return type(name, (_Dropout,), {"function": staticmethod(function)})


Dropout, AlphaDropout = _dropout("Dropout", F.dropout), _dropout("AlphaDropout", F.alpha_dropout)
Dropout1d, Dropout2d, Dropout3d = (_dropout(f"Dropout{k}d", getattr(F, f"dropout{k}d")) for k in (1, 2, 3))


class LayerNorm(Module):
    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape, self.eps, self.elementwise_affine = shape, eps, elementwise_affine
        self.register_parameter("weight", Parameter(ones(shape, dtype=dtype)) if elementwise_affine else None)
        self.register_parameter(
            "bias", Parameter(zeros(shape, dtype=dtype)) if elementwise_affine and bias else None
        )

    def forward(self, input: Tensor) -> Tensor:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)


class RMSNorm(Module):
    def __init__(
        self, normalized_shape: Any, eps: float | None = None, elementwise_affine: bool = True, **named: Any
    ) -> None:
        super().__init__()
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape, self.eps = shape, eps
        self.register_parameter("weight", Parameter(ones(shape)) if elementwise_affine else None)

    def forward(self, input: Tensor) -> Tensor:
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)


class GroupNorm(Module):
    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, **named: Any
    ) -> None:
        super().__init__()
        self.num_groups, self.num_channels, self.eps = num_groups, num_channels, eps
        self.register_parameter("weight", Parameter(ones(num_channels)) if affine else None)
        self.register_parameter("bias", Parameter(zeros(num_channels)) if affine else None)

    def forward(self, input: Tensor) -> Tensor:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)


class BatchNorm1d(Module):
    """Statistics of the batch in training, running ones in evaluation; channels on axis 1."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.register_parameter("weight", Parameter(ones(num_features, dtype=dtype)) if affine else None)
        self.register_parameter("bias", Parameter(zeros(num_features, dtype=dtype)) if affine else None)
        self.register_buffer(
            "running_mean", zeros(num_features, dtype=dtype) if track_running_stats else None
        )
        self.register_buffer("running_var", ones(num_features, dtype=dtype) if track_running_stats else None)
        self.register_buffer("num_batches_tracked", FUNCTIONS["tensor"](0) if track_running_stats else None)

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() not in (2, 3):
            raise ValueError(f"expected 2D or 3D input (got {input.dim()}D input)")
        if self.training and self.track_running_stats:
            self.num_batches_tracked._a += 1
        alone = self.training or self.running_mean is None
        return F.batch_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias, alone, self.momentum, self.eps
        )


def _layer(name: str, function: Callable[..., Any], **defaults: Any) -> type[Module]:
    """A layer without parameters: its settings in order, handed to the function after its inputs."""

    def __init__(self: Any, *given: Any, **named: Any) -> None:
        Module.__init__(self)
        if set(named) - set(defaults) or len(given) > len(defaults):
            raise TypeError(f"{name}.__init__() got an unexpected argument: {named or given}")
        self._settings = defaults | dict(zip(defaults, given, strict=False)) | named
        self.__dict__.update(self._settings)

    def forward(self: Any, *inputs: Any) -> Any:
        return function(*inputs, **{key: getattr(self, key) for key in defaults})

    return type(name, (Module,), {"__init__": __init__, "forward": forward})


Tanh, Sigmoid = _layer("Tanh", FUNCTIONS["tanh"]), _layer("Sigmoid", FUNCTIONS["sigmoid"])
ReLU = _layer("ReLU", F.relu, inplace=False)
ReLU6, Hardsigmoid, Hardswish, SiLU, SELU, Mish = (
    _layer(n, getattr(F, n.lower()), inplace=False)
    for n in ("ReLU6", "Hardsigmoid", "Hardswish", "SiLU", "SELU", "Mish")
)
Softsign, Tanhshrink = _layer("Softsign", F.softsign), _layer("Tanhshrink", F.tanhshrink)
LogSigmoid = _layer("LogSigmoid", F.logsigmoid)
GELU = _layer("GELU", F.gelu, approximate="none")
ELU, CELU = _layer("ELU", F.elu, alpha=1.0, inplace=False), _layer("CELU", F.celu, alpha=1.0, inplace=False)
LeakyReLU = _layer("LeakyReLU", F.leaky_relu, negative_slope=0.01, inplace=False)
Hardtanh = _layer("Hardtanh", F.hardtanh, min_val=-1.0, max_val=1.0, inplace=False)
Softplus = _layer("Softplus", F.softplus, beta=1.0, threshold=20.0)
Softmax, LogSoftmax, GLU = (
    _layer("Softmax", F.softmax, dim=None),
    _layer("LogSoftmax", F.log_softmax, dim=None),
    _layer("GLU", F.glu, dim=-1),
)
Flatten = _layer("Flatten", FUNCTIONS["flatten"], start_dim=1, end_dim=-1)
Unflatten = _layer("Unflatten", FUNCTIONS["unflatten"], dim=1, sizes=())
MSELoss, L1Loss = (
    _layer("MSELoss", F.mse_loss, reduction="mean"),
    _layer("L1Loss", F.l1_loss, reduction="mean"),
)
CrossEntropyLoss = _layer(
    "CrossEntropyLoss",
    F.cross_entropy,
    weight=None,
    size_average=None,
    ignore_index=-100,
    reduce=None,
    reduction="mean",
    label_smoothing=0.0,
)
NLLLoss = _layer("NLLLoss", F.nll_loss, weight=None, reduction="mean")
BCELoss = _layer("BCELoss", F.binary_cross_entropy, weight=None, reduction="mean")
BCEWithLogitsLoss = _layer(
    "BCEWithLogitsLoss", F.binary_cross_entropy_with_logits, weight=None, reduction="mean"
)
HuberLoss = _layer("HuberLoss", F.huber_loss, reduction="mean", delta=1.0)
CosineSimilarity = _layer("CosineSimilarity", F.cosine_similarity, dim=1, eps=1e-8)
