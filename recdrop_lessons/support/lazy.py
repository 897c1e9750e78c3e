"""A package's public names, each imported when first asked for: `recdrop` need not wait for torch.

The package's `__init__.pyi` lists them, each as `from .file import Name as Name`: for editors, mypy and this.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path


def attach(package: str, file: str) -> tuple[Callable[[str], object], Callable[[], list[str]], list[str]]:
    """What an `__init__.py` needs: its `__getattr__`, `__dir__` and `__all__`.

    `package`: its `__name__`.
    `file`: its `__file__`; the list is read beside it.
    """
    stub = ast.parse(Path(file).with_suffix(".pyi").read_text(encoding="utf-8"))
    home = {
        name.name: f"{package}.{line.module}"
        for line in stub.body
        if isinstance(line, ast.ImportFrom)
        for name in line.names
    }

    def get(name: str) -> object:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        room = import_module(home[name])
        if name in vars(sys.modules[package]):
            return vars(sys.modules[package])[name]  # a room of that name, which the import has set
        value = getattr(room, name, None) or import_module(f"{home[name]}.{name}")  # a name in it, or a file
        setattr(sys.modules[package], name, value)
        return value

    public = sorted(home)
    return get, lambda: sorted({*vars(sys.modules[package]), *public}), public
