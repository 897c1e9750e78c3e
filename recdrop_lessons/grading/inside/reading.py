"""A submitted notebook's bytes to its cells, whatever the bytes are. No torch, no nbformat.

It runs in the learner's process, under its limits and before any of the learner's code, so a file made to
exhaust a reader costs that process alone.
"""

from __future__ import annotations

import ast
import json
import re
from typing import Any

MAX_CELLS = 5000
MAX_SOURCE = 1 << 19  # characters of all cells together that are kept
Cell = dict[str, Any]

_MAGIC = re.compile(r"^(\s*)(?:[%!?]|[\w.]+\?{1,2}\s*$)")
_UNUSUAL_NAMES = frozenset(
    {"setattr", "delattr", "exec", "eval", "globals", "vars", "__import__", "__builtins__"}
    | {"builtins", "gc", "sys", "ctypes", "inspect", "threading"}
)


class Unreadable(ValueError):
    """No notebook could be read. The text is a sentence for the learner."""


def read(data: bytes) -> list[Cell]:
    """The notebook's cells in order: `code`, `source`, `grade_id`, `defines`, `plain`.

    `defines`: the names that the cell's top level defines. `plain`: it only imports, defines and names
    things, so it cannot change how another cell works.

    Raises `Unreadable`: with a sentence that says what is wrong and how to fix it.
    """
    tree = _parse(_text(data))
    if not isinstance(tree, dict):
        raise Unreadable("The file is JSON but no notebook: it holds no object with cells.")
    cells = tree.get("cells")
    if cells is None and isinstance(tree.get("worksheets"), list):  # nbformat 2 and 3
        sheets = [sheet for sheet in tree["worksheets"] if isinstance(sheet, dict)]
        cells = [cell for sheet in sheets for cell in sheet.get("cells") or ()]
    if not isinstance(cells, list):
        raise Unreadable("The file is JSON but no notebook: it has no list of cells.")
    if len(cells) > MAX_CELLS:
        raise Unreadable(f"The notebook has {len(cells)} cells; at most {MAX_CELLS} are read.")
    found = [_cell(cell) for cell in cells if isinstance(cell, dict)]
    if sum(len(cell["source"]) for cell in found) > MAX_SOURCE:
        raise Unreadable(f"The notebook's cells hold more than {MAX_SOURCE} characters of text.")
    return found


def _text(data: bytes) -> str:
    if not data.strip():
        raise Unreadable("The file is empty: the notebook was not saved, or the upload was cut off.")
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"The file is not UTF-8 text (byte {error.start}): open it in Jupyter and save it again."
        ) from None


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"at line {error.lineno}, column {error.colno}"
        if error.pos >= len(text.rstrip()) or "Unterminated" in error.msg:
            why = f"its JSON breaks off {place}. The upload may have been cut off; hand it in again."
        else:
            why = f"its JSON is broken {place}. Save it in Jupyter and hand it in again."
        raise Unreadable(f"The file is not a notebook: {why}") from None
    except RecursionError:
        raise Unreadable("The file is nested too deep to be a notebook.") from None
    except ValueError as error:
        raise Unreadable(f"The file is not a notebook: {error}.") from None


def _cell(cell: dict[str, Any]) -> Cell:
    source = cell.get("source", cell.get("input", ""))  # `input` in nbformat 3
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    if not isinstance(source, str):
        source = ""
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    code = cell.get("cell_type") == "code"
    defines, plain = _look(source) if code else ([], True)
    return {
        "code": code,
        "source": source,
        "grade_id": grade_id if isinstance(grade_id, str) else None,
        "defines": defines,
        "plain": plain,
    }


def _look(source: str) -> tuple[list[str], bool]:
    try:
        body = parse_cell(source).body
    except SyntaxError:
        return [], True  # it will not run, so it changes nothing
    defines: list[str] = []
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            defines.append(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            defines += [target.id for target in targets if isinstance(target, ast.Name)]
    return defines, all(_is_plain(node) for node in body)


def _is_plain(node: ast.stmt) -> bool:
    """Whether a statement of a cell's top level can have no effect beyond the names that it binds."""
    allowed = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign, ast.Expr)
    if not isinstance(node, allowed):
        return False
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.Expr)) and any(
        isinstance(inner, ast.Call) for inner in ast.walk(node)
    ):
        return False
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute) and (
            isinstance(inner.ctx, (ast.Store, ast.Del)) or inner.attr.startswith("__")
        ):
            return False
        if isinstance(inner, ast.Name) and inner.id in _UNUSUAL_NAMES:
            return False
        if isinstance(inner, (ast.Global, ast.Nonlocal)):
            return False
        if isinstance(inner, ast.alias) and inner.name.split(".")[0] in _UNUSUAL_NAMES:
            return False
    return True


def parse_cell(source: str, filename: str = "<cell>") -> ast.Module:
    """A cell's syntax tree; IPython's magics and shell lines are left out. Raises SyntaxError."""
    try:
        return _parse_python(source, filename)
    except SyntaxError as error:
        lines = source.split("\n")
        if lines and lines[0].startswith("%%"):
            lines[0] = ""
        kept = [_MAGIC.sub(r"\1pass  # ", line) if _MAGIC.match(line) else line for line in lines]
        if kept == source.split("\n"):
            raise
        try:
            return _parse_python("\n".join(kept), filename)
        except SyntaxError:
            raise error from None


def _parse_python(source: str, filename: str) -> ast.Module:
    try:
        return ast.parse(source, filename)
    except (ValueError, RecursionError, MemoryError) as error:  # null bytes; nested too deep
        raise SyntaxError(f"the cell cannot be read as Python: {error or type(error).__name__}") from None
