"""A model and an example from words: FILE:NAME, and shapes such as 8x20x50."""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from recdrop_lessons.xray.passes import XrayError

_SHAPE = re.compile(r"(?:(?P<name>\w+)=)?(?P<sizes>\d+(?:x\d+)*)(?::(?P<kind>int|bool|float)(?P<below>\d*))?")
VOCABULARY = 10


def load(place: str) -> nn.Module:
    """The model that FILE:NAME names: a class, a function that returns a model, or the model itself.

    Raises `XrayError` if there is no such file or name, or if it cannot be called without arguments.
    """
    file, _, name = place.rpartition(":")
    path = Path(file)
    if not name or not path.is_file():
        raise XrayError(f"There is no file {file or place!r}: write FILE:NAME, such as my_model.py:Tagger.")
    module = _imported(path)
    if not hasattr(module, name):
        models = [
            key
            for key, value in vars(module).items()
            if _is_model(value) and value.__module__ == module.__name__
        ]
        raise XrayError(f"{path.name} has no {name!r}. It has {', '.join(models) or 'no model'}.")
    found = getattr(module, name)
    if callable(found) and not isinstance(found, nn.Module):
        found = _made(found, name)
    if not isinstance(found, nn.Module):
        raise XrayError(
            f"{name} is {type(found).__name__}: name a model, its class, or a function that returns it."
        )
    return found


def _imported(path: Path) -> Any:
    name = path.stem if path.stem not in sys.modules else f"xrayed_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise XrayError(f"{path} is no file of Python: its name ends in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise XrayError(f"{path.name} cannot be imported: {type(error).__name__}: {error}") from error
    return module


def _is_model(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, nn.Module)


def _made(make: Any, name: str) -> Any:
    try:
        needed = [
            one.name
            for one in inspect.signature(make).parameters.values()
            if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
        ]
    except (TypeError, ValueError):
        needed = []
    if needed:
        raise XrayError(
            f"{name} needs {', '.join(needed)}: "
            "write a function without arguments that returns the model, and name it."
        )
    try:
        return make()
    except Exception as error:
        raise XrayError(f"{name}() fails: {type(error).__name__}: {error}") from error


def example(
    shapes: Sequence[str], device: torch.device | str = "cpu"
) -> tuple[Tensor, ...] | dict[str, Tensor]:
    """Random inputs of these shapes, positional, or by keyword with NAME=SHAPE.

    8x20x50 are normal numbers; 8x20:int are whole numbers below 10, 8x20:int500 below 500; 8x20:bool True or
    False.
    Raises `XrayError` for another form.
    """
    generator = torch.Generator().manual_seed(0)
    named, listed = {}, []
    for text in shapes:
        match = _SHAPE.fullmatch(text)
        if match is None:
            raise XrayError(f"--input {text!r} is no shape: write 8x20x50, 8x20:int500, or NAME=8x20x50.")
        sizes = [int(size) for size in match["sizes"].split("x")]
        if match["kind"] in ("int", "bool"):
            below = 2 if match["kind"] == "bool" else int(match["below"] or VOCABULARY)
            made = torch.randint(below, sizes, generator=generator)
            made = made.bool() if match["kind"] == "bool" else made
        else:
            made = torch.randn(sizes, generator=generator)
        if match["name"]:
            named[match["name"]] = made.to(device)
        else:
            listed.append(made.to(device))
    if named and listed:
        raise XrayError("Some of --input have a name and some have none: give all a name, or none.")
    return named or tuple(listed)
