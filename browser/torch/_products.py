"""Products of matrices and sums over shared axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._absent import lacking
from ._dtypes import SPOKEN
from ._graph import sum_to
from ._operation import need_tensor, operation
from ._tensor import Tensor, result

Array = np.ndarray


def _shown(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _same_kind(a: Tensor, b: Tensor) -> None:
    if a.dtype is not b.dtype:
        raise RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {a.dtype.name.replace('float64', 'double').replace('float32', 'float')} != "
            f"{b.dtype.name.replace('float64', 'double').replace('float32', 'float')}"
        )


def _pull_first(x: Array, y: Array) -> Callable[[Array], Array]:
    def pull(g: Array) -> Array:
        if x.ndim == y.ndim == 1:
            return g * y
        if y.ndim == 1:
            return sum_to(g[..., None] * y, x.shape)
        if x.ndim == 1:
            return sum_to((y @ g[..., None])[..., 0], x.shape)
        return sum_to(g @ y.swapaxes(-1, -2), x.shape)

    return pull


def _pull_second(x: Array, y: Array) -> Callable[[Array], Array]:
    def pull(g: Array) -> Array:
        if x.ndim == y.ndim == 1:
            return g * x
        if y.ndim == 1:
            return (x * g[..., None]).reshape(-1, x.shape[-1]).sum(0)
        if x.ndim == 1:
            return sum_to(x[:, None] * g[..., None, :], y.shape)
        return sum_to(x.swapaxes(-1, -2) @ g, y.shape)

    return pull


@operation()
def matmul(input: Tensor, other: Tensor) -> Tensor:
    need_tensor("matmul", "other", 2, other)
    x, y = input._a, other._a
    if not x.ndim or not y.ndim:
        raise RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {x.ndim}D and {y.ndim}D"
        )
    if x.shape[-1] != y.shape[-2 if y.ndim > 1 else 0]:
        if x.ndim == y.ndim == 1:
            raise RuntimeError(
                f"inconsistent tensor size, expected tensor [{x.size}] and src [{y.size}] to have the same number of elements, but got {x.size} and {y.size} elements respectively"
            )
        if y.ndim == 1:
            raise RuntimeError(
                f"size mismatch, got input ({x.shape[-2]}), mat ({_shown(x.shape[-2:])}), vec ({y.size})"
            )
        left = (1, x.size) if x.ndim == 1 else x.shape
        if y.ndim == 2:
            left = (left[0] if len(left) == 2 else int(np.prod(left[:-1])), left[-1])
            raise RuntimeError(
                f"mat1 and mat2 shapes cannot be multiplied ({_shown(left)} and {_shown(y.shape)})"
            )
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{y.shape[0]}, {x.shape[-1]}] but got: "
            f"{list(y.shape[-3:-1])}."
        )
    _same_kind(input, other)
    try:
        z = np.asarray(np.matmul(x, y))
    except ValueError:
        raise RuntimeError(
            f"The size of tensor a ({x.shape[-3]}) must match the size of tensor b ({y.shape[-3]}) at non-singleton "
            "dimension 0"
        ) from None
    return result(z, (input, other), (_pull_first(x, y), _pull_second(x, y)), ((other,), (input,)))


def _times(self: Tensor, other: Any) -> Any:
    return matmul(self, other) if isinstance(other, Tensor) else NotImplemented


Tensor.__matmul__ = _times  # type: ignore[method-assign, assignment]


@operation()
def mm(input: Tensor, mat2: Tensor) -> Tensor:
    for name, one in (("self", input), ("mat2", mat2)):
        if one._a.ndim != 2:
            raise RuntimeError(f"{name} must be a matrix")
    return matmul(input, mat2)


@operation()
def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    for name, one in (("batch1", input), ("batch2", mat2)):
        if one._a.ndim != 3:
            raise RuntimeError(f"{name} must be a 3D tensor")
    if input._a.shape[0] != mat2._a.shape[0]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{input._a.shape[0]}, "
            f"{input._a.shape[2]}] but got: {list(mat2._a.shape[:2])}."
        )
    return matmul(input, mat2)


@operation()
def mv(input: Tensor, vec: Tensor) -> Tensor:
    if input._a.ndim != 2 or vec._a.ndim != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got 1, {input._a.ndim}, {vec._a.ndim}")
    return matmul(input, vec)


@operation(also="vdot")
def dot(input: Tensor, tensor: Tensor) -> Tensor:
    need_tensor("dot", "tensor", 2, tensor)
    if input._a.ndim != 1 or tensor._a.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {input._a.ndim}D and {tensor._a.ndim}D tensors")
    if input.dtype is not tensor.dtype:
        raise RuntimeError(
            f"dot : expected both vectors to have same dtype, but found {SPOKEN[input.dtype.name]} and "
            f"{SPOKEN[tensor.dtype.name]}"
        )
    return matmul(input, tensor)


@operation(also="ger")
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    if input._a.ndim != 1 or vec2._a.ndim != 1:
        raise RuntimeError(f"outer: Expected 1-D argument self, but got {input._a.ndim}-D")
    return input.unsqueeze(1) * vec2.unsqueeze(0)


def _sum(input: Tensor, product: Tensor, beta: float, alpha: float) -> Tensor:
    scaled = product if alpha == 1 else product * alpha
    return scaled if beta == 0 else (input if beta == 1 else input * beta) + scaled


@operation(inplace=True)
def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    return _sum(input, mm(mat1, mat2), beta, alpha)


@operation(inplace=True)
def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    return _sum(input, bmm(batch1, batch2), beta, alpha)


@operation(inplace=True)
def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    return _sum(input, mv(mat, vec), beta, alpha)


@operation(inplace=True)
def addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    return _sum(input, bmm(batch1, batch2).sum(0), beta, alpha)


@operation()
def trace(input: Tensor) -> Tensor:
    if input._a.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input._a.ndim}")
    return input.diagonal().sum()


@operation(method=False)
def chain_matmul(*matrices: Tensor) -> Tensor:
    made = matrices[0]
    for one in matrices[1:]:
        made = mm(made, one)
    return made


@operation(method=False)
def kron(input: Tensor, other: Tensor) -> Tensor:
    if input.requires_grad or other.requires_grad:
        raise lacking("The gradient of torch.kron")
    return Tensor._of(np.kron(input._a, other._a))


@operation()
def cross(input: Tensor, other: Tensor, dim: int = -1) -> Tensor:
    first, second = (input.roll(-1, dim), other.roll(-1, dim))
    return (input * second - first * other).roll(-1, dim)
