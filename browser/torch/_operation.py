"""`@operation`: a function of this package becomes torch's, a method of Tensor, and works in place too."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from . import _graph
from ._absent import lacking
from ._tensor import Tensor

F = TypeVar("F", bound=Callable[..., Any])
#: Arguments that many of torch's functions take. Where one of ours does not, the argument is what is lacking.
_COMMON = {
    "accumulate",
    "alpha",
    "beta",
    "correction",
    "create_graph",
    "dim",
    "dtype",
    "eps",
    "generator",
    "include_self",
    "indexing",
    "inplace",
    "interpolation",
    "keepdim",
    "memory_format",
    "mode",
    "non_blocking",
    "out",
    "p",
    "reduce",
    "reduction",
    "requires_grad",
    "rounding_mode",
    "side",
    "sorted",
    "stable",
    "unbiased",
    "value",
    "weight",
    "weights",
}
_ALIASES = {"axis": "dim", "keepdims": "keepdim", "axes": "dim"}
_MANY = ("dims", "size", "shape", "repeats")  # what may be given as f(2, 3), f((2, 3)) and by name
_IGNORED = ("device", "layout", "pin_memory", "memory_format", "non_blocking")


def operation(
    *, method: bool = True, inplace: bool = False, also: str = "", function: bool = True
) -> Callable[[F], F]:
    """Makes the function check its arguments as torch does, and hands it to Tensor.

    `method`: whether `x.name(...)` is to exist.
    `inplace`: whether `x.name_(...)` is.
    `also`: other names, separated by spaces.
    `function`: whether `torch.name` exists (see `FUNCTIONS`).
    """

    def make(inner: F) -> F:
        called = checked(inner)
        for name in (inner.__name__, *also.split()):
            if function:
                FUNCTIONS[name] = called
            if method:
                setattr(Tensor, name, called)
            if inplace:
                FUNCTIONS[f"{name}_"] = _in_place(called, name)
                setattr(Tensor, f"{name}_", FUNCTIONS[f"{name}_"])
        return called  # type: ignore[return-value]

    return make


#: What `torch` offers, by name.
FUNCTIONS: dict[str, Callable[..., Any]] = {}


def checked(inner: Callable[..., Any]) -> Callable[..., Any]:
    """The function with torch's names for arguments, `out=`, and torch's refusals."""
    stated = inspect.signature(inner).parameters
    names = {name for name, one in stated.items() if one.kind is not one.VAR_KEYWORD}
    open_ended = any(one.kind is one.VAR_KEYWORD for one in stated.values())
    spread = any(one.kind is one.VAR_POSITIONAL for one in stated.values())
    first = next(iter(stated.values()), None)
    takes_tensor = first is not None and first.name == "input" and first.annotation == "Tensor"

    @functools.wraps(inner)
    def called(*args: Any, **named: Any) -> Any:
        if not named:
            if takes_tensor and args and not isinstance(args[0], Tensor):
                raise TypeError(_not_tensor(inner.__name__, args[0]))
            return inner(*args)
        out = None
        for name in _MANY if spread else ():  # x.flip(dims=(0,)) is x.flip(0)
            if name in named and len(args) < 2:
                args = (*args, named.pop(name))
        for name in list(named):
            if name in names or open_ended:
                continue
            value = named.pop(name)
            if name in _ALIASES and _ALIASES[name] in names:
                named[_ALIASES[name]] = value
            elif name == "out":
                out = value
            elif name not in _IGNORED:
                if name in _COMMON:
                    raise lacking(f"torch.{inner.__name__} with the argument {name}=")
                raise TypeError(f"{inner.__name__}() got an unexpected keyword argument '{name}'")
        if takes_tensor:
            given = args[0] if args else named.get("input")
            if not isinstance(given, Tensor):
                raise TypeError(_not_tensor(inner.__name__, given))
        made = inner(*args, **named)
        return made if out is None else _into(out, made)

    return called


def _not_tensor(name: str, given: Any) -> str:
    if given is None:
        return f"{name}(): argument 'input' (position 1) must be Tensor, not NoneType"
    return f"{name}(): argument 'input' (position 1) must be Tensor, not {type(given).__name__}"


def _into(out: Any, made: Any) -> Any:
    """The result in memory that is given."""
    if isinstance(made, tuple):
        return type(made)(_into(one, its) for one, its in zip(out, made, strict=True))
    if _graph.is_grad_enabled() and (made.requires_grad or out.requires_grad):
        raise RuntimeError(
            "functions with out=... arguments don't support automatic differentiation, but one of the arguments "
            "requires grad."
        )
    if out._a.shape == made._a.shape:
        np.copyto(out._a, made._a, casting="unsafe")
    else:
        out._a = made._a.astype(out._a.dtype)
    out._version.count += 1
    return out


def _in_place(called: Callable[..., Any], name: str) -> Callable[..., Any]:
    def written(self: Tensor, *args: Any, **named: Any) -> Tensor:
        operands = (*args, *named.values())
        noted = any(isinstance(one, Tensor) and (one is self or one.requires_grad) for one in operands)
        self._may_be_written(noted)
        start = self._frozen() if noted or self.requires_grad else self
        args = tuple(start if one is self else one for one in args)
        return self._become(called(start, *args, **named))

    written.__name__ = f"{name}_"
    return written


def need_tensor(name: str, argument: str, position: int, given: Any) -> None:
    """Raises torch's TypeError where an argument is no tensor."""
    if not isinstance(given, Tensor):
        raise TypeError(
            f"{name}(): argument '{argument}' (position {position}) must be Tensor, not {type(given).__name__}"
        )


def axis(dim: Any, ndim: int) -> int:
    """An axis counted from the front. Raises IndexError where there is none."""
    n = max(ndim, 1)
    if not isinstance(dim, (int, np.integer)):
        dim = dim.__index__()
    if not -n <= dim < n:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got {dim})"
        )
    return int(dim) % n


def axes(dim: Any, ndim: int) -> tuple[int, ...]:
    """Axes counted from the front; all of them where `dim` is None or empty."""
    if dim is None or (isinstance(dim, (tuple, list)) and not dim):
        return tuple(range(ndim))
    found = tuple(axis(d, ndim) for d in (dim if isinstance(dim, (tuple, list)) else (dim,)))
    if len(set(found)) != len(found):
        raise RuntimeError(f"dim {found[0]} appears multiple times in the list of dims")
    return found if ndim else ()


def sizes(given: tuple[Any, ...]) -> tuple[int, ...]:
    """A shape that is given as f(2, 3) or f((2, 3))."""
    items = given[0] if len(given) == 1 and isinstance(given[0], (tuple, list)) else given
    for item in items:
        if isinstance(item, float) or not hasattr(item, "__index__"):
            raise TypeError(f"expected a tuple of ints as the size, but got {type(item).__name__}")
    return tuple(item.__index__() for item in items)
