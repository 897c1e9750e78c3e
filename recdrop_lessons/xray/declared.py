"""The rates that a model declares: `p` of a dropout layer, and numbers whose name says that they drop."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
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
    own = {name: value for name, value in vars(module).items() if not name.startswith("_") or "drop" in name}
    buffers = {
        name: value for name, value in module._buffers.items() if value is not None and value.numel() == 1
    }
    for name, value in {**own, **buffers}.items():
        for one in value if isinstance(value, (list, tuple)) else [value]:
            rate = as_rate(name.lower(), one)
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
    return value if name == "p" or "drop" in name or "zoneout" in name else None


def _owner_path(named: Mapping[str, nn.Module], path: str) -> str:
    """The path of the nearest module around another whose class is the reader's own."""
    while path:
        path = path.rpartition(".")[0]
        if path in named and not lines.is_library(type(named[path])):
            return path
    return ""


def ignored_argument(module: nn.Module) -> str | None:
    """An argument of the constructor that is a rate by default, and that the module keeps nowhere."""
    if lines.is_library(type(module)):
        return None
    try:
        parameters = inspect.signature(type(module).__init__).parameters
    except (TypeError, ValueError):
        return None
    names = [name for name, one in parameters.items() if "drop" in name and as_rate(name, one.default)]
    return next((name for name in names if not any(name in kept for kept in vars(module))), None)


def kept_at(model: nn.Module, stray: nn.Module) -> Line:
    """The line that sets the plain attribute, list or dictionary in which a module is kept."""
    for module in model.modules():
        for name, value in vars(module).items():
            parts = (
                value.values()
                if isinstance(value, dict)
                else value
                if isinstance(value, (list, tuple))
                else [value]
            )
            if not name.startswith("_") and any(part is stray for part in parts):
                number = next((str(k) for k, part in enumerate(parts) if part is stray), "")
                return lines.of_attribute(module, f"{name}.{number}")
    return Line()
