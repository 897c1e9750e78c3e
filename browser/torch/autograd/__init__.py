"""torch.autograd: gradients asked for by name."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import _graph
from .._absent import lacking, module_getattr
from .._graph import enable_grad, inference_mode, no_grad, set_grad_enabled
from .._pulling import seeds
from .._tensor import Tensor
from . import function, functional
from .function import Function

__all__ = [
    "Function",
    "enable_grad",
    "function",
    "functional",
    "grad",
    "gradcheck",
    "inference_mode",
    "no_grad",
    "set_grad_enabled",
]


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """Σ grad_outputs · ∂outputs/∂input, for each input. Raises RuntimeError where one takes no part."""
    if create_graph or is_grads_batched:
        raise lacking(
            f"torch.autograd.grad with {'create_graph' if create_graph else 'is_grads_batched'}=True"
        )
    wanted = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    for one in wanted:
        if not one.requires_grad:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
    nodes = [one._graph_node() for one in wanted]
    roots = seeds(outputs, grad_outputs)
    found = {id(node): g for node, g in _graph.backward(roots, nodes, bool(retain_graph), Tensor._of)}
    gradients: list[Any] = []
    for one, node in zip(wanted, nodes, strict=True):
        if id(node) in found:
            gradients.append(Tensor._of(np.array(found[id(node)], dtype=one._a.dtype)))
        elif materialize_grads:
            gradients.append(Tensor._of(np.zeros_like(one._a)))
        elif allow_unused:
            gradients.append(None)
        else:
            raise RuntimeError(
                "One of the differentiated Tensors appears to not have been used in the graph. Set "
                "allow_unused=True if this is the desired behavior."
            )
    return tuple(gradients)


def backward(tensors: Any, grad_tensors: Any = None, retain_graph: bool | None = None) -> None:
    given = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    seeds_of = (
        [grad_tensors] * len(given)
        if grad_tensors is None or isinstance(grad_tensors, Tensor)
        else grad_tensors
    )
    for one, g in zip(given, seeds_of, strict=True):
        one.backward(g, retain_graph=retain_graph or len(given) > 1)


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    **_: Any,
) -> bool:
    """The gradients against finite differences, each output weighted at random."""
    inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    leaves = [one for one in inputs if isinstance(one, Tensor) and one.requires_grad]
    rng = np.random.default_rng(0)

    def outputs() -> list[Tensor]:
        found = func(*inputs)
        return [found] if isinstance(found, Tensor) else [one for one in found if isinstance(one, Tensor)]

    weights = [rng.standard_normal(one._a.shape) for one in outputs()]

    def value() -> float:
        with no_grad():
            return float(sum((w * one._a).sum() for w, one in zip(weights, outputs(), strict=True)))

    got = [one for one in outputs() if one.requires_grad]
    kept = [Tensor._of(w) for w, one in zip(weights, outputs(), strict=True) if one.requires_grad]
    found = grad(got, leaves, kept, allow_unused=True)
    for leaf, g in zip(leaves, found, strict=True):
        for at in np.ndindex(leaf._a.shape):
            before = leaf._a[at]
            leaf._a[at] = before + eps
            above = value()
            leaf._a[at] = before - eps
            slope = (above - value()) / (2 * eps)
            leaf._a[at] = before
            mine = 0.0 if g is None else float(g._a[at])
            if abs(slope - mine) > atol + rtol * abs(slope):
                if not raise_exception:
                    return False
                raise RuntimeError(f"Jacobian mismatch: numerical {slope}, analytical {mine}")
    return True


@contextlib.contextmanager
def set_detect_anomaly(mode: bool = True, check_nan: bool = True) -> Iterator[None]:
    yield


detect_anomaly = set_detect_anomaly
__getattr__ = module_getattr("torch.autograd")
