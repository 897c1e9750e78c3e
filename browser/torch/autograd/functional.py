"""torch.autograd.functional: whole Jacobians."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import _graph
from .._absent import lacking, module_getattr
from .._graph import enable_grad
from .._pulling import seeds
from .._tensor import Tensor


def _rows(output: Tensor, leaves: list[Tensor]) -> list[np.ndarray]:
    """∂output/∂leaf for each leaf, of shape (*output, *leaf)."""
    found = [np.zeros((output._a.size, *leaf._a.shape), output._a.dtype) for leaf in leaves]
    for k in range(output._a.size if output.requires_grad else 0):
        unit = np.zeros(output._a.size, output._a.dtype)
        unit[k] = 1
        start = seeds(output, Tensor._of(unit.reshape(output._a.shape)))
        got = {id(node): g for node, g in _graph.backward(start, keep=True, wrap=Tensor._of)}
        for whole, leaf in zip(found, leaves, strict=True):
            if id(leaf._graph_node()) in got:
                whole[k] = got[id(leaf._graph_node())]
    return [one.reshape(*output._a.shape, *leaf._a.shape) for one, leaf in zip(found, leaves, strict=True)]


def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    if create_graph:
        raise lacking("torch.autograd.functional.jacobian with create_graph=True")
    alone = isinstance(inputs, Tensor)
    leaves = [one.detach().clone().requires_grad_() for one in ((inputs,) if alone else inputs)]
    with enable_grad():
        outputs = func(*leaves)
    found = [
        tuple(Tensor._of(row) for row in _rows(one, leaves))
        for one in ((outputs,) if isinstance(outputs, Tensor) else outputs)
    ]
    shown = [row[0] if alone else row for row in found]
    return shown[0] if isinstance(outputs, Tensor) else tuple(shown)


def vjp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> Any:
    from . import grad

    alone = isinstance(inputs, Tensor)
    leaves = [one.detach().clone().requires_grad_() for one in ((inputs,) if alone else inputs)]
    with enable_grad():
        outputs = func(*leaves)
    found = grad(outputs, leaves, v, allow_unused=True, materialize_grads=True)
    return outputs, found[0] if alone else found


__getattr__ = module_getattr("torch.autograd.functional")
