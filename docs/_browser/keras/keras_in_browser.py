"""Keras as PyPI has it, on its NumPy backend, without what no layer needs.

`prepare()` before `import keras`: namespaces that no page uses stay empty, which halves the import, and of
Keras's JAX backend, from which the NumPy one takes its Fourier transforms, there are only the names. Packages
that are missing are named when they are used; see browser/missing_packages.py.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import Any

EMPTY = (
    *("keras._tf_keras", "keras.applications", "keras.datasets", "keras.distillation", "keras.wrappers"),
    *("keras.src.applications", "keras.src.datasets", "keras.src.visualization", "keras.visualization"),
    *("keras.src.backend.jax", "keras.src.backend.jax.math"),
)


class _Empty(ModuleType):
    """A module whose names can be imported, and not used."""

    __path__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return None


def prepare() -> None:
    """Let `import keras` find its NumPy backend, and nothing that it cannot have here."""
    import missing_packages

    os.environ["KERAS_BACKEND"] = "numpy"
    missing_packages.announce()
    for name in EMPTY:
        sys.modules.setdefault(name, _Empty(name))
