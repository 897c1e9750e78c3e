"""Libraries that the course needs and the core does not: imported when they are used."""

from __future__ import annotations

import importlib
from typing import Any


def need(module: str, package: str) -> Any:
    """The imported `module`; if it is not installed, an `ImportError` that says how to install `package`."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"This needs {package}, which cannot be imported here ({error}). "
            f"Install it with `pip install {package}`, or the whole course with "
            f"`pip install 'recdrop_lessons[course]'`."
        ) from error
