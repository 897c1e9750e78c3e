"""What real torch has and this one lacks: said by name, so that nobody takes it for a mistake of their own.

`names.txt` lists the public names of real torch (tools/torch_names.py writes it). A name in that list is
lacking here; any other is misspelt, and torch's own AttributeError is raised.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

CURE = "is not in the browser's torch; open this exercise in JupyterLab"


class NotInBrowser(AttributeError):
    """A function, or an argument of one, that real torch has and the browser's has not."""


def lacking(name: str) -> NotInBrowser:
    """The error that says by name what is not here: `raise lacking("torch.fft.rfft")`."""
    return NotInBrowser(f"{name} {CURE}.")


def not_here(error: BaseException) -> str | None:
    """The sentence for a learner where an exception comes from what the browser lacks; else None.

    Also where a whole package is missing: scipy, Keras and PyG are not in the browser.
    """
    if isinstance(error, NotInBrowser):
        return str(error)
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"The package {error.name} is not in the browser; open this exercise in JupyterLab."
    if isinstance(error, ImportError) and (error.name or "").split(".")[0] == "torch":
        lost = str(error).split("'")[1:2]
        if lost and lost[0] in public_names(str(error.name)):
            return f"{error.name}.{lost[0]} {CURE}."
    return None


@cache
def _names() -> dict[str, frozenset[str]]:
    """The public names of real torch by what holds them: "torch", "torch.Tensor", "torch.nn"."""
    text = Path(__file__).with_name("names.txt").read_text(encoding="utf-8")
    lines = (line.split(": ") for line in text.splitlines() if line)
    return {holder: frozenset(names.split()) for holder, names in lines}


def public_names(holder: str) -> frozenset[str]:
    return _names().get(holder, frozenset())


def module_getattr(module: str) -> Callable[[str], Any]:
    """The `__getattr__` of a module: what to raise for a name that it lacks."""

    def __getattr__(name: str) -> Any:
        if name in public_names(module):
            raise lacking(f"{module}.{name}")
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return __getattr__


def missing_method(name: str) -> AttributeError:
    """What to raise for an attribute that a tensor lacks."""
    if name in public_names("torch.Tensor"):
        return lacking(f"torch.Tensor.{name}")
    return AttributeError(f"'Tensor' object has no attribute '{name}'")
