"""x.backward(), and what it starts from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import _graph
from ._absent import lacking
from ._dtypes import (
    Size,
)
from ._operation import operation
from ._tensor import Tensor


def seeds(outputs: Any, gradients: Any) -> list[tuple[_graph.Node, np.ndarray]]:
    """The roots of a backward pass with the gradients that it starts from."""
    outputs = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    gradients = [gradients] if gradients is None or isinstance(gradients, Tensor) else list(gradients)
    gradients = gradients * len(outputs) if gradients == [None] else gradients
    roots = []
    for k, (y, g) in enumerate(zip(outputs, gradients, strict=True)):
        if not y.requires_grad:
            raise RuntimeError(f"element {k} of tensors does not require grad and does not have a grad_fn")
        if g is None:
            if y._a.size != 1:
                raise RuntimeError("grad can be implicitly created only for scalar outputs")
            start = np.ones_like(y._a)
        else:
            start = g._a
            if start.shape != y._a.shape:
                raise RuntimeError(
                    f"Mismatch in shape: grad_output[{k}] has a shape of {Size(start.shape)} and output[{k}] has a "
                    f"shape of {Size(y._a.shape)}."
                )
        roots.append((y._graph_node(), start.astype(y._a.dtype, copy=False)))
    return roots


@operation(function=False)
def backward(
    input: Tensor,
    gradient: Tensor | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
) -> None:
    if create_graph:
        raise lacking("backward with create_graph=True")
    for node, g in _graph.backward(seeds(input, gradient), keep=bool(retain_graph), wrap=Tensor._of):
        for leaf in (node.leaf if node.leaf is not None and node.leaf._wants else None, node.retained):
            if leaf is not None:
                new = np.array(g, dtype=leaf._a.dtype)
                leaf._grad = Tensor._of(new if leaf._grad is None else leaf._grad._a + new)


@operation(function=False)
def retain_grad(input: Tensor) -> None:
    if not input.is_leaf:
        input._graph_node().retained = input


class Handle:
    """Takes a hook away again."""

    def __init__(self, hooks: Any, hook: Any) -> None:
        self._hooks, self._hook = hooks, hook

    def remove(self) -> None:
        if self._hook in self._hooks:
            self._hooks.remove(self._hook)


@operation(function=False)
def register_hook(input: Tensor, hook: Callable[..., Any]) -> Handle:
    if not input.requires_grad:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    hooks = input._graph_node().hooks
    hooks.append(hook)
    return Handle(hooks, hook)
