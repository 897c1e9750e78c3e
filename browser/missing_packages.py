"""Packages that the course has natively and the browser has not: importing one is free, using it is refused.

An exercise imports them at its top, whichever part needs them. So a page calls `announce()` once, and a name
taken from such a package says what it is when it is used, not before. A package that is there is unaffected.
"""

from __future__ import annotations

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

PACKAGES = (
    *("absl", "jax", "joblib", "keras", "matplotlib", "ml_dtypes", "networkx", "packaging", "pandas", "rich"),
    *("scipy", "sklearn", "torch_geometric"),
)


class _Missing(ModuleType):
    """A module in name alone."""

    __path__ = []  # noqa: RUF012  importlib asks a package for it

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Name(f"{self.__name__}.{name}", self.__name__.split(".")[0])


class _Name:
    """Whatever is taken from such a module."""

    def __init__(self, name: str, package: str) -> None:
        self._name, self._package = name, package

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Name(f"{self._name}.{name}", self._package)

    def __call__(self, *args: Any, **named: Any) -> Any:
        raise ModuleNotFoundError(f"No module named {self._package!r}", name=self._package)


class _Finder(MetaPathFinder, Loader):
    """Last in line: asked only for what nobody else has."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        return ModuleSpec(name, self, is_package=True) if name.split(".")[0] in PACKAGES else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Missing(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


def announce() -> None:
    """Let the packages that are missing be imported, and refuse where they are used."""
    if not any(isinstance(one, _Finder) for one in sys.meta_path):
        sys.meta_path.append(_Finder())
