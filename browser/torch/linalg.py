"""torch.linalg: norms, and what NumPy has of the rest (without gradients)."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ._absent import lacking, module_getattr
from ._norms import norm as _norm
from ._operation import checked
from ._products import matmul
from ._tensor import Tensor, result


@checked
def vector_norm(
    x: Tensor, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    return _norm(x, ord, dim, keepdim, dtype)


@checked
def matrix_norm(
    A: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """Frobenius, nuclear (Σ σ), spectral (largest σ), or the largest sum of a row (∞) or a column (1)."""
    if ord == "fro":
        return _norm(A, 2, dim, keepdim, dtype)
    if keepdim or dtype is not None or A.dim() != 2 or ord not in ("nuc", 2, 1, math.inf):
        raise lacking(f"torch.linalg.matrix_norm with ord={ord!r} and these arguments")
    if ord in (1, math.inf):
        return A.abs().sum(0 if ord == 1 else 1).max()
    u, sigma, vh = np.linalg.svd(A._a, full_matrices=False)
    k = 1 if ord == 2 else sigma.size  # ∂σ/∂A = u vᵀ
    slope = u[:, :k] @ vh[:k]
    return result(np.asarray(sigma[:k].sum()), (A,), (lambda g: g * slope,), ((A,),))


@checked
def norm(A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    of_matrix = ord is not None and ord != "fro" and dim is None and A.dim() == 2
    if of_matrix or (isinstance(dim, tuple) and len(dim) == 2 and ord is not None):
        return matrix_norm(A, ord, dim or (-2, -1), keepdim, dtype=dtype)
    return _norm(A, 2 if ord in (None, "fro") else ord, dim, keepdim, dtype)


def _plain(name: str, x: Tensor) -> np.ndarray:
    if x.requires_grad:
        raise lacking(f"The gradient of torch.linalg.{name}")
    return x._a


class QR(NamedTuple):
    Q: Tensor
    R: Tensor


def qr(A: Tensor, mode: Any = "reduced") -> QR:
    return QR(*(Tensor._of(one) for one in np.linalg.qr(_plain("qr", A), mode)))


class SVD(NamedTuple):
    U: Tensor
    S: Tensor
    Vh: Tensor


def svd(A: Tensor, full_matrices: bool = True) -> SVD:
    return SVD(*(Tensor._of(one) for one in np.linalg.svd(_plain("svd", A), full_matrices)))


def svdvals(A: Tensor) -> Tensor:
    return Tensor._of(np.linalg.svd(_plain("svdvals", A), compute_uv=False))


def inv(A: Tensor) -> Tensor:
    return Tensor._of(np.linalg.inv(_plain("inv", A)))


def pinv(A: Tensor) -> Tensor:
    return Tensor._of(np.linalg.pinv(_plain("pinv", A)))


def det(A: Tensor) -> Tensor:
    return Tensor._of(np.asarray(np.linalg.det(_plain("det", A))))


def solve(A: Tensor, B: Tensor) -> Tensor:
    b = _plain("solve", B)
    one = b.ndim == 1 or (b.ndim == A.dim() - 1 and b.shape == A._a.shape[:-1])
    found = np.linalg.solve(_plain("solve", A), b[..., None] if one else b)
    return Tensor._of(found[..., 0] if one else found)


def matrix_power(A: Tensor, n: int) -> Tensor:
    return Tensor._of(np.linalg.matrix_power(_plain("matrix_power", A), n))


def multi_dot(tensors: Any) -> Tensor:
    made, *rest = tensors
    for one in rest:
        made = matmul(made, one)
    return made


__getattr__ = module_getattr("torch.linalg")
