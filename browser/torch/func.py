"""torch.func: vector-Jacobian products, Jacobians, gradients and maps of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._absent import lacking, module_getattr
from ._graph import enable_grad
from ._joining import stack
from ._tensor import Tensor
from .autograd import functional
from .autograd import grad as _grad
from .nn.module import Module


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """func(*primals), and the function from a cotangent of it to cotangents of the primals."""
    leaves = [one.detach().clone().requires_grad_() for one in primals]
    with enable_grad():
        found = func(*leaves)
    out, aux = found if has_aux else (found, None)

    def pull(cotangents: Any, *more: Any) -> tuple[Tensor, ...]:
        given = (cotangents, *more) if more else cotangents
        outs, seeds = (out, given) if isinstance(out, Tensor) else (list(out), list(given))
        return _grad(outs, leaves, seeds, retain_graph=True, materialize_grads=True)

    plain = out.detach() if isinstance(out, Tensor) else tuple(one.detach() for one in out)
    return (plain, pull, aux) if has_aux else (plain, pull)


def grad(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    def gradient(*args: Any, **named: Any) -> Any:
        places = (argnums,) if isinstance(argnums, int) else argnums
        leaves = {k: args[k].detach().clone().requires_grad_() for k in places}
        with enable_grad():
            found = func(*(leaves.get(k, one) for k, one in enumerate(args)), **named)
        out, aux = found if has_aux else (found, None)
        got = _grad(out, list(leaves.values()), materialize_grads=True)
        made = got[0] if isinstance(argnums, int) else got
        return (made, aux) if has_aux else made

    return gradient


def jacrev(func: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    def jacobian(*args: Any) -> Any:
        def alone(x: Tensor) -> Any:
            return func(*(x if k == argnums else one for k, one in enumerate(args)))

        return functional.jacobian(alone, args[argnums])

    return jacobian


jacfwd = jacrev


def vmap(
    func: Callable[..., Any], in_dims: Any = 0, out_dims: int = 0, randomness: str = "error", **_: Any
) -> Callable[..., Any]:
    """func on each slice, one after the other."""

    def mapped(*args: Any) -> Any:
        dims = in_dims if isinstance(in_dims, tuple) else (in_dims,) * len(args)
        n = next(one.shape[d] for one, d in zip(args, dims, strict=True) if d is not None)
        outs = [
            func(*(one if d is None else one.select(d, k) for one, d in zip(args, dims, strict=True)))
            for k in range(n)
        ]
        if isinstance(outs[0], tuple):
            return tuple(stack(parts, out_dims) for parts in zip(*outs, strict=True))
        return stack(outs, out_dims)

    return mapped


def functional_call(
    module: Module, parameter_and_buffer_dicts: Any, args: Any = (), kwargs: Any = None, **_: Any
) -> Any:
    """The module called with other tensors in the place of its own."""
    given = parameter_and_buffer_dicts
    values = dict(given) if isinstance(given, dict) else {k: v for one in given for k, v in one.items()}
    kept = []
    for name, value in values.items():
        path, _, last = name.rpartition(".")
        owner = module.get_submodule(path)
        shelf = owner._parameters if last in owner._parameters else owner._buffers
        if last not in shelf:
            raise RuntimeError(f"functional_call got an unexpected key '{name}'")
        kept.append((shelf, last, shelf[last]))
        shelf[last] = value
    try:
        return module(*(args if isinstance(args, tuple) else (args,)), **(kwargs or {}))
    finally:
        for shelf, last, value in kept:
            shelf[last] = value


def jvp(*_: Any, **__: Any) -> Any:
    raise lacking("torch.func.jvp")


__getattr__ = module_getattr("torch.func")
