"""What remains of Tensor's methods: sizes and strides, casts, copies, the backward pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._absent import lacking
from ._dtypes import (
    Size,
    bool_,
    device,
    dtype,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    named,
    promote,
    uint8,
)
from ._operation import axis, operation
from ._tensor import Tensor, result

_TO = {
    "double": float64,
    "float": float32,
    "half": float16,
    "long": int64,
    "int": int32,
    "short": int16,
    "char": int8,
    "byte": uint8,
    "bool": bool_,
}


# ---- sizes ----


@operation(function=False)
def size(input: Tensor, dim: int | None = None) -> Any:
    return Size(input._a.shape) if dim is None else input._a.shape[axis(dim, input._a.ndim)]


@operation(function=False, also="ndimension")
def dim(input: Tensor) -> int:
    return input._a.ndim


@operation(also="nelement")
def numel(input: Tensor) -> int:
    return input._a.size


@operation(function=False)
def element_size(input: Tensor) -> int:
    return input._a.itemsize


@operation(function=False)
def stride(input: Tensor, dim: int | None = None) -> Any:
    steps = tuple(n // input._a.itemsize for n in input._a.strides)
    return steps if dim is None else steps[axis(dim, input._a.ndim)]


@operation(function=False)
def is_contiguous(input: Tensor, **_: Any) -> bool:
    step = input._a.itemsize
    for n, given in zip(reversed(input._a.shape), reversed(input._a.strides), strict=True):
        if n != 1 and given != step:
            return input._a.size == 0
        step *= max(n, 1)
    return True


@operation(function=False)
def data_ptr(input: Tensor) -> int:
    return input._a.__array_interface__["data"][0]


@operation()
def is_floating_point(input: Tensor) -> bool:
    return input._a.dtype.kind == "f"


@operation()
def is_complex(input: Tensor) -> bool:
    return False


@operation()
def is_nonzero(input: Tensor) -> bool:
    return bool(input)


@operation(function=False)
def get_device(input: Tensor) -> int:
    return -1


# ---- copies and casts ----


@operation()
def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    spread = 0 in input._a.strides and input._a.size > 1
    return result(input._a.copy(order="C" if spread else "K"), (input,), (lambda g: g,))


@operation(function=False)
def contiguous(input: Tensor, **_: Any) -> Tensor:
    return input if is_contiguous(input) else result(np.array(input._a, order="C"), (input,), (lambda g: g,))


@operation(function=False)
def to(input: Tensor, *target: Any, dtype: Any = None, copy: bool = False, **_: Any) -> Tensor:
    for one in target:
        if isinstance(one, Tensor):
            dtype = one.dtype
        elif isinstance(one, (str, device)):
            device(one)
        elif not isinstance(one, bool):
            dtype = one
    if dtype in (float, int, bool):
        dtype = {float: float64, int: int64, bool: bool_}[dtype]
    if dtype is None or dtype is input.dtype:
        return clone(input) if copy else input
    if not hasattr(dtype, "np"):
        raise TypeError(
            f"to() received an invalid combination of arguments - got ({dtype.__class__.__name__})"
        )
    old = input._a.dtype
    with np.errstate(all="ignore"):
        cast = input._a.astype(dtype.np)
    return result(cast, (input,), (lambda g: g.astype(old),))


def _caster(kind: dtype) -> Callable[..., Tensor]:
    return lambda self, **_: to(self, kind)


for _name, _kind in _TO.items():
    setattr(Tensor, _name, _caster(_kind))


@operation(function=False)
def type(input: Tensor, dtype: Any = None, **_: Any) -> Any:
    if dtype is None:
        spoken = next(n for n, k in _TO.items() if k is input.dtype)
        return f"torch.{spoken.title()}Tensor"
    if isinstance(dtype, str):
        word = dtype.removeprefix("torch.").removesuffix("Tensor").lower()
        dtype = _TO.get(word) or named(word)
    return to(input, dtype)


@operation(function=False)
def type_as(input: Tensor, other: Tensor) -> Tensor:
    return to(input, other.dtype)


@operation(function=False)
def cpu(input: Tensor) -> Tensor:
    return input


@operation(function=False)
def cuda(input: Tensor, *_: Any) -> Tensor:
    raise RuntimeError("No CUDA GPUs are available")


@operation(method=False)
def detach(input: Tensor) -> Tensor:
    return input.detach()


@operation(function=False)
def as_subclass(input: Tensor, cls: Any) -> Tensor:
    if cls is Tensor:
        return input
    raise lacking("A subclass of torch.Tensor")


@operation(method=False)
def is_tensor(obj: Any) -> bool:
    return isinstance(obj, Tensor)


@operation(method=False)
def result_type(tensor1: Any, tensor2: Any) -> dtype:
    return promote(tensor1, tensor2)


@operation(method=False)
def promote_types(type1: dtype, type2: dtype) -> dtype:
    return promote(*(Tensor._of(np.zeros(1, one.np)) for one in (type1, type2)))


# ---- in place ----


@operation(function=False)
def copy_(input: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    given = src if isinstance(src, Tensor) else Tensor._of(np.asarray(src))
    return input._become(to(given, input.dtype), computed=False)


@operation(function=False)
def fill_(input: Tensor, value: Any) -> Tensor:
    given = value if isinstance(value, Tensor) else Tensor._of(np.asarray(value).astype(input._a.dtype))
    return input._become(to(given, input.dtype), computed=False)


@operation(function=False)
def zero_(input: Tensor) -> Tensor:
    return fill_(input, 0)


def _shape_in_place(name: str) -> Callable[..., Tensor]:
    def changed(self: Tensor, *args: Any) -> Tensor:
        if self.requires_grad:
            raise lacking(f"The gradient of torch.Tensor.{name}_")
        self._a = getattr(self, name)(*args)._a
        return self

    return changed


for _name in ("squeeze", "unsqueeze", "transpose", "t", "swapaxes"):
    setattr(Tensor, f"{_name}_", _shape_in_place(_name))
