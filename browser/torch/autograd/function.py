"""torch.autograd.Function: an operation whose backward pass is written by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import _graph
from .._absent import module_getattr
from .._graph import Node, no_grad
from .._tensor import Tensor


class FunctionCtx:
    """What forward hands to backward."""

    def __init__(self) -> None:
        self.saved_tensors: tuple[Any, ...] = ()
        self.needs_input_grad: tuple[bool, ...] = ()
        self._constant: tuple[Any, ...] = ()
        self._materialize = True

    def save_for_backward(self, *tensors: Any) -> None:
        self.saved_tensors = tensors

    def mark_non_differentiable(self, *tensors: Any) -> None:
        self._constant = tensors

    def mark_dirty(self, *tensors: Any) -> None:
        pass

    def set_materialize_grads(self, value: bool) -> None:
        self._materialize = value


class Function:
    """Subclasses define `forward(ctx, ...)` and `backward(ctx, *gradients)`."""

    @staticmethod
    def forward(*args: Any, **named: Any) -> Any:
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function."
        )

    @classmethod
    def apply(cls, *args: Any) -> Any:
        ctx = FunctionCtx()
        ctx.needs_input_grad = tuple(isinstance(one, Tensor) and one.requires_grad for one in args)
        with no_grad():
            if hasattr(cls, "setup_context"):
                out = cls.forward(*args)
                cls.setup_context(ctx, args, out)
            else:
                out = cls.forward(ctx, *args)
        if not any(ctx.needs_input_grad) or not _graph.is_grad_enabled():
            return out
        made = _joined(cls, ctx, args, out if isinstance(out, tuple) else (out,))
        return made if isinstance(out, tuple) else made[0]


def _joined(cls: Any, ctx: FunctionCtx, args: tuple[Any, ...], outs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The outputs with their places in the graph.

    Each output's node hands its gradient to one node that all share; that calls `backward` once.
    """
    received: dict[int, np.ndarray] = {}
    operands = [(k, one) for k, one in enumerate(args) if ctx.needs_input_grad[k]]

    def gradients() -> dict[int, np.ndarray]:
        given = [
            Tensor._of(received[i])
            if i in received
            else Tensor._of(np.zeros_like(one._a))
            if ctx._materialize and isinstance(one, Tensor)
            else None
            for i, one in enumerate(outs)
        ]
        with no_grad():
            found = cls.backward(ctx, *given)
        found = found if isinstance(found, tuple) else (found,)
        if (
            len(found) != len(args)
            and any(one is not None for one in found[len(args) :])
            or len(found) < len(args)
        ):
            raise RuntimeError(
                f"function {cls.__name__}Backward returned an incorrect number of gradients (expected {len(args)}, "
                f"got {len(found)})"
            )
        received.clear()
        return {k: np.zeros_like(one._a) if found[k] is None else found[k]._a for k, one in operands}

    shared = Node([one._graph_node() for _, one in operands], name=f"{cls.__name__}Backward")
    current: dict[int, np.ndarray] = {}

    def to_operand(k: int) -> Callable[[np.ndarray], np.ndarray]:
        def pull(_: np.ndarray) -> np.ndarray:
            if received:
                current.clear()
                current.update(gradients())
            return current[k]

        return pull

    shared.pulls = [to_operand(k) for k, _ in operands]

    def from_output(i: int) -> Callable[[np.ndarray], np.ndarray]:
        def pull(g: np.ndarray) -> np.ndarray:
            received[i] = g
            return np.zeros(())

        return pull

    made = []
    for i, one in enumerate(outs):
        fixed = (
            not isinstance(one, Tensor)
            or any(one is its for its in ctx._constant)
            or one._a.dtype.kind != "f"
        )
        if fixed:
            made.append(one)
            continue
        wrapped = Tensor._of(one._a)
        wrapped._node = Node([shared], [from_output(i)], name=f"{cls.__name__}Backward")
        made.append(wrapped)
    return tuple(made)


def once_differentiable(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


__getattr__ = module_getattr("torch.autograd.function")
