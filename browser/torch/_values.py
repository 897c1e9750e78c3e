"""What a tensor is read as: numbers, lists, arrays, text, a place in a loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ._dtypes import CPU, OF_ARRAY, Layout, Size, device, dtype, strided

if TYPE_CHECKING:
    from ._graph import Node, Version


class Values:
    """The part of Tensor that only reads; `_a` is the array."""

    __slots__ = ("_a", "_version", "_wants")
    _a: np.ndarray
    _wants: bool  # a leaf that gradients are to reach
    _version: Version
    if TYPE_CHECKING:  # Tensor has them

        @property
        def requires_grad(self) -> bool: ...

        @property
        def is_leaf(self) -> bool: ...

        @property
        def grad_fn(self) -> Node | None: ...

        def unbind(self, dim: int = 0) -> Any: ...

    @property
    def dtype(self) -> dtype:
        return OF_ARRAY[self._a.dtype]

    @property
    def shape(self) -> Size:
        return Size(self._a.shape)

    @property
    def ndim(self) -> int:
        return self._a.ndim

    @property
    def device(self) -> device:
        return CPU

    @property
    def layout(self) -> Layout:
        return strided

    @property
    def _version_count(self) -> int:
        return self._version.count

    is_cuda = is_sparse = is_quantized = is_meta = is_mps = False

    def __len__(self) -> int:
        if not self._a.ndim:
            raise TypeError("len() of a 0-d tensor")
        return len(self._a)

    def __iter__(self) -> Iterator[Any]:
        if not self._a.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __bool__(self) -> bool:
        if self._a.size != 1:
            what = "no" if self._a.size == 0 else "more than one"
            raise RuntimeError(
                f"Boolean value of Tensor with {what} value{'s' if self._a.size == 0 else ''} is ambiguous"
            )
        return bool(self._a.reshape(-1)[0])

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        if self._a.dtype.kind not in "iub" or self._a.size != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.item())

    def item(self) -> Any:
        if self._a.size != 1:
            raise RuntimeError(f"a Tensor with {self._a.size} elements cannot be converted to Scalar")
        return self._a.reshape(-1)[0].item()

    def tolist(self) -> Any:
        return self._a.tolist()

    def numpy(self, *, force: bool = False) -> np.ndarray:
        if self.requires_grad and not force:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
            )
        return self._a

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.numpy() if dtype is None else self.numpy().astype(dtype)

    def __hash__(self) -> int:
        return id(self)

    def __contains__(self, element: Any) -> bool:
        return bool((self._a == getattr(element, "_a", element)).any())

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if not self.is_leaf:
            raise RuntimeError("Only Tensors created explicitly by the user support the deepcopy protocol")
        copied = type(self).__new__(type(self))
        copied._a, copied._wants = self._a.copy(order="K"), self._wants
        memo[id(self)] = copied
        return copied

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _rebuilt, (type(self), self._a, self._wants)

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if self._a.ndim == 0 else object.__format__(self, spec)

    def __repr__(self) -> str:
        with np.printoptions(precision=4, suppress=True, floatmode="maxprec_equal"):
            shown = np.array2string(self._a, separator=", ", prefix="tensor(")
        shown = "[]" if not self._a.size else shown
        kind = "" if self.dtype.name in ("float32", "int64", "bool") else f", dtype={self.dtype}"
        graph = ", requires_grad=True" if self._wants else "" if self.is_leaf else f", grad_fn={self.grad_fn}"
        return f"tensor({shown}{kind}{graph})"


def _rebuilt(kind: Any, array: np.ndarray, wants: bool) -> Any:
    made = kind.__new__(kind)
    made._a, made._wants = array, wants
    return made
