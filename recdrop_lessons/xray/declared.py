"""The rates that a model declares: `p` of a dropout layer, and numbers whose name says that they drop."""

from __future__ import annotations

import ast
import inspect
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from torch import Tensor, nn

from recdrop_lessons.xray import lines
from recdrop_lessons.xray.lines import Line


@dataclass(frozen=True)
class Rate:
    """A rate that a module declares, as a fraction that is dropped.

    `name`: the attribute. `layer`: whether the module is a library's layer, which drops by itself.
    `owner`, `attribute`: the object whose class has the line that makes the layer, or sets the rate.
    `around`: the path of the library's layer that this one is a part of, or its own.
    """

    path: str
    module: nn.Module
    name: str
    value: float
    layer: bool
    owner: object
    attribute: str
    around: str = ""

    @property
    def line(self) -> Line:
        return lines.of_attribute(self.owner, self.attribute)

    def __str__(self) -> str:
        return f"{self.path}.{self.name}" if self.path else self.name


def declared(model: nn.Module, others: Iterable[nn.Module] = ()) -> list[Rate]:
    """All rates above 0, of the model's modules and of others that it calls."""
    found = []
    named = dict(model.named_modules())
    for path, module in [*named.items(), *((f"({type(one).__name__})", one) for one in others)]:
        layer = lines.is_library(type(module))
        around = _owner_path(named, path) if layer else path
        for name, value in _rates(module):
            attribute = path.removeprefix(around).lstrip(".") if layer else name
            part = ".".join(path.split(".")[: around.count(".") + 2 if around else 1])
            found.append(Rate(path, module, name, value, layer, named.get(around, module), attribute, part))
    return found


def _rates(module: nn.Module) -> Iterator[tuple[str, float]]:
    if isinstance(module, nn.modules.dropout._DropoutNd):
        if 0 < module.p <= 1:
            yield "p", float(module.p)
        return
    kept: Any = _kept_as
    own = {name: value for name, value in vars(module).items() if not name.startswith("_") or "drop" in name}
    buffers = {
        name: value for name, value in module._buffers.items() if value is not None and value.numel() == 1
    }
    for name, value in {**own, **buffers}.items():
        for one in value if isinstance(value, (list, tuple)) else [value]:
            rate = as_rate("p" if name in kept(type(module)) else name.lower(), one)
            if rate is not None:
                yield name, rate


def as_rate(name: str, value: Any) -> float | None:
    """A number as the fraction that is dropped, if its name says that it is a rate."""
    if (
        isinstance(value, Tensor)
        and value.numel() == 1
        and not value.requires_grad
        and value.is_floating_point()
    ):
        value = float(value)
    if not isinstance(value, float) or not 0 < value < 1:
        return None
    if "keep" in name or "surviv" in name:
        return 1 - value
    return value if _is_rate(name) else None


def _is_rate(name: str) -> bool:
    return name == "p" or "drop" in name or "zoneout" in name


def _owner_path(named: Mapping[str, nn.Module], path: str) -> str:
    """The path of the nearest module around another whose class is the reader's own."""
    while path:
        path = path.rpartition(".")[0]
        if path in named and not lines.is_library(type(named[path])):
            return path
    return ""


def ignored_argument(module: nn.Module) -> tuple[str, Line] | None:
    """An argument of the constructor that is a rate by default, and that the constructor never reads."""
    cls = type(module)
    if lines.is_library(cls) or "__init__" not in vars(cls):
        return None
    init = lines.constructor(cls)
    read = {node.id for node in ast.walk(init) if isinstance(node, ast.Name)} if init else set()
    for name in _arguments(cls):
        if init is not None and name not in read:
            return name, replace(lines.of_class(cls), line=init.lineno)
    return None


def _arguments(cls: type) -> list[str]:
    """The arguments of a constructor that are a rate by default."""
    try:
        parameters = inspect.signature(cls.__init__).parameters  # type: ignore[misc]
    except (TypeError, ValueError):
        return []
    return [name for name, one in parameters.items() if as_rate(name.lower(), one.default)]


@lru_cache(maxsize=256)
def _kept_as(cls: type) -> frozenset[str]:
    """Attributes that a constructor sets to an argument that names a rate: self.rate = dropout."""
    init = None if lines.is_library(cls) else lines.constructor(cls)
    if init is None:
        return frozenset()
    rates = {name.arg for name in (*init.args.args, *init.args.kwonlyargs) if _is_rate(name.arg.lower())}
    return frozenset(
        node.targets[0].attr
        for node in ast.walk(init)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute)
        if isinstance(node.value, ast.Name) and node.value.id in rates
    )


def kept_at(model: nn.Module, stray: nn.Module) -> Line:
    """The line that sets the plain attribute, list or dictionary in which a module is kept."""
    for module in model.modules():
        for name, value in vars(module).items():
            path = None if name.startswith("_") else _path_to(value, stray, 3)
            if path is not None:
                return lines.of_attribute(module, f"{name}.{path}")
    return Line()


def _path_to(value: object, stray: nn.Module, depth: int) -> str | None:
    """The number of the element that holds a module, "" for the value itself, None if it does not."""
    if isinstance(value, nn.Module):
        return "" if any(one is stray for one in value.modules()) else None
    if not depth or not isinstance(value, (dict, list, tuple, set, deque)):
        return None
    for number, part in enumerate(value.values() if isinstance(value, dict) else value):
        if _path_to(part, stray, depth - 1) is not None:
            return str(number)
    return None
