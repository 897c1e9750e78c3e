"""The reader's own lines: where a mask meets its value, and where a layer is made."""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
import sysconfig
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import torch

_HERE = str(Path(__file__).parent)
_TORCH = str(Path(torch.__file__).parent)
_COURSE = str(Path(__file__).parents[1])
_LIBRARIES = (
    _COURSE,
    *{sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib")},
    "site-packages",
    "dist-packages",
    "torch_geometric.",  # layers that it writes into a temporary file
)
_FUNCTIONAL = str(Path(_TORCH, "nn", "functional.py"))


@dataclass(frozen=True)
class Line:
    """A line of a file, and the function it is in. `calls` tells two ways to it apart."""

    file: str = ""
    line: int = 0
    function: str = ""
    calls: int = 0

    def __bool__(self) -> bool:
        return bool(self.line)

    def __str__(self) -> str:
        return f"{Path(self.file).name}:{self.line}" if self.line else "–"


def here() -> tuple[Line, str]:
    """The reader's innermost line on the stack, and the function of torch.nn.functional it came to.

    A line of a library counts if the reader has none, as with a model that is a library's own.
    """
    frame: FrameType | None = sys._getframe(1)
    function, own, library, calls = "", None, None, []
    while frame is not None:
        kind = _kind(frame.f_code)
        if kind == "end":
            break
        if kind == "functional":
            function = frame.f_code.co_name
        if kind in ("own", "library"):
            calls.append((frame.f_code.co_filename, frame.f_lasti))
        own = own or (frame if kind == "own" else None)
        library = library or (frame if kind == "library" else None)
        frame = frame.f_back
    found = own or library
    if found is None:
        return Line(), function
    return Line(found.f_code.co_filename, found.f_lineno, found.f_code.co_name, hash(tuple(calls))), function


@lru_cache(maxsize=4096)
def _kind(code: CodeType) -> str:
    """Whose code this is: the reader's own, a library's, PyTorch's, or ours, where a pass begins."""
    file = code.co_filename
    if file.startswith(_HERE):
        return "end" if code.co_name in ("call", "_outputs") else "ours"
    if file == _FUNCTIONAL:
        return "functional"
    if file.startswith((_TORCH, "<frozen", "<string")):
        return "torch"
    return "library" if any(part in file for part in _LIBRARIES) else "own"


def is_own(code: CodeType) -> bool:
    """Whether this is the reader's own code."""
    return _kind(code) == "own"


def is_library(cls: type) -> bool:
    """Whether a class comes with PyTorch or another library."""
    if cls.__module__ == "__main__":  # in a notebook its file is a library's
        return False
    file = getattr(sys.modules.get(cls.__module__), "__file__", None) or ""
    return file.startswith(_TORCH) or any(part in file for part in _LIBRARIES)


def of_attribute(owner: Any, path: str) -> Line:
    """Where the class of `owner` sets `self.NAME`; in a list or nn.Sequential, the line of that element.

    `path`: the name, with the number of an element: "rnn", "layers.2". Without such a line, that of the
        class.
    """
    name, _, rest = path.partition(".")
    for cls in type(owner).__mro__:
        if is_library(cls) or cls is object:
            continue
        found = _assignment(cls, name)
        if found is not None:
            file, value = found
            for number in rest.split("."):
                items = _items(value)
                if number.isdecimal() and int(number) < len(items):
                    value = items[int(number)]
            return Line(file, value.lineno, "__init__")
    return of_class(type(owner))


def of_class(cls: type) -> Line:
    """The line on which a class begins."""
    found = _source(cls)
    return Line(found[0], found[1].lineno, cls.__name__) if found else Line()


def constructor(cls: type) -> ast.FunctionDef | None:
    """The source of a class's `__init__`."""
    found = _source(cls)
    functions = [node for node in found[1].body if isinstance(node, ast.FunctionDef)] if found else []
    return next((node for node in functions if node.name == "__init__"), None)


@lru_cache(maxsize=256)
def _source(cls: type) -> tuple[str, ast.ClassDef] | None:
    """The file and the source of a class, also of one in a notebook's cell, which `inspect` does not find."""
    for function in vars(cls).values():
        code = function.__code__ if inspect.isfunction(function) else None
        if code is not None and (tree := _tree(code.co_filename)):
            classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
            for node in classes:
                within = node.lineno <= code.co_firstlineno <= (node.end_lineno or 0)
                if within and node.name == cls.__name__:
                    return code.co_filename, node
    return None


def _tree(file: str) -> ast.Module | None:
    linecache.checkcache(file)  # it may have been edited since
    try:
        return ast.parse("".join(linecache.getlines(file)))
    except SyntaxError:
        return None


def _assignment(cls: type, name: str) -> tuple[str, ast.expr] | None:
    """The value that the source of a class gives to self.NAME first."""
    found = _source(cls)
    for node in ast.walk(found[1]) if found else ():
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        if found and isinstance(value, ast.expr) and any(_sets(target, name) for target in targets):
            return found[0], value
    return None


def _sets(target: ast.AST | None, name: str) -> bool:
    if isinstance(target, ast.Tuple):
        return any(_sets(one, name) for one in target.elts)
    return isinstance(target, ast.Attribute) and target.attr == name


def _items(value: ast.expr) -> list[ast.expr]:
    """The elements of a list as written, or of the call of nn.Sequential, nn.ModuleList and the like."""
    if isinstance(value, ast.Call):
        inner = value.args[0] if len(value.args) == 1 else None
        return inner.elts if isinstance(inner, (ast.List, ast.Tuple)) else value.args
    return value.elts if isinstance(value, (ast.List, ast.Tuple)) else []
