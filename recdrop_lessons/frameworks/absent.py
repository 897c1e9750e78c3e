"""Lessons where Keras or PyTorch Geometric is not installed: what needs it is left out, and says so.

`%load_ext recdrop_lessons` in a notebook turns this on. A cell is left out as a whole; one that imports the
framework, statement by statement. What a later cell needs of them is left out with it, so that no number is
computed from half of the names.
"""

from __future__ import annotations

import ast
import importlib.util
import symtable
from collections.abc import Iterable, Iterator
from typing import Any

# Its name by the module that is imported.
FRAMEWORKS = {"keras": "Keras", "torch_geometric": "PyTorch Geometric"}


def absent() -> list[str]:
    """The modules of those that are not installed."""
    return [module for module in FRAMEWORKS if not _is_here(module)]


def _is_here(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ValueError:  # sys.modules has None for it
        return False


def turn_on(shell: Any) -> None:
    """For the cells from here on of a notebook's shell; nothing where all frameworks are installed."""
    shell.ast_transformers = [one for one in shell.ast_transformers if not isinstance(one, LeavesOut)]
    if missing := absent():
        shell.ast_transformers.append(LeavesOut(missing))


class LeavesOut:
    """Takes out of a cell's tree what needs a missing framework; IPython calls `visit` for each cell.

    `modules`: those that are not installed.
    """

    def __init__(self, modules: Iterable[str]) -> None:
        self._modules = set(modules)
        self._missing: dict[str, str] = {}  # a name in the notebook, and the module that it would need

    def visit(self, tree: ast.Module) -> ast.Module:
        whole_cell = not any(self._imported(statement) for statement in tree.body)
        if whole_cell:
            kept, needed = self._whole(tree.body)
        else:
            kept, needed = self._by_statement(tree.body)
        if not needed:
            return tree
        what = "This cell needs" if whole_cell else "Lines of this cell need"
        names = " and ".join(FRAMEWORKS[module] for module in sorted(needed))
        text = (
            f"{what} {names}, not installed here, and were left out: pip install {' '.join(sorted(needed))}"
        )
        text = text.replace("were", "was") if whole_cell else text
        told = ast.parse(f"print({text!r})").body
        return ast.fix_missing_locations(ast.Module([*told, *kept], tree.type_ignores))

    def _whole(self, body: list[ast.stmt]) -> tuple[list[ast.stmt], set[str]]:
        """All of the cell, or nothing where one of its statements needs what is missing."""
        before, needed, made = dict(self._missing), set[str](), set[str]()
        for statement in body:
            uses, makes = _names(statement)
            needed |= {self._missing[name] for name in uses if name in self._missing}
            made |= makes
            self._make_known(makes)
        if not needed:
            return body, needed
        self._missing = before | dict.fromkeys(made, min(needed))
        return [], needed

    def _by_statement(self, body: list[ast.stmt]) -> tuple[list[ast.stmt], set[str]]:
        kept, all_needed = [], set[str]()
        for statement in body:
            uses, makes = _names(statement)
            needed = self._imported(statement) | {self._missing[one] for one in uses if one in self._missing}
            if needed:
                self._missing |= dict.fromkeys(makes, min(needed))
                all_needed |= needed
            else:
                self._make_known(makes)
                kept.append(statement)
        return kept, all_needed

    def _make_known(self, names: Iterable[str]) -> None:
        for name in names:
            self._missing.pop(name, None)

    def _imported(self, statement: ast.stmt) -> set[str]:
        """The missing modules that the statement imports."""
        roots = set[str]()
        if isinstance(statement, ast.Import):
            roots = {alias.name.partition(".")[0] for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
            roots = {statement.module.partition(".")[0]}
        return roots & self._modules


def _names(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """The notebook's names that a statement uses, functions' bodies included, and those that it makes."""
    source = ast.unparse(ast.Module([statement], []))
    top = symtable.symtable(source, "cell", "exec")
    makes = {one.get_name() for one in top.get_symbols() if one.is_assigned() or one.is_imported()}
    uses = {name for table in _tables(top) for name in _used(table)}
    stored = [node for node in ast.walk(statement) if isinstance(node, ast.Name) and _is_stored(node)]
    goes_on = {node.target for node in ast.walk(statement) if isinstance(node, ast.AugAssign)}
    if hasattr(statement, "body") and not isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        uses -= {node.id for node in stored}  # made before it is used: `for name in names: print(name)`
    return uses | {node.id for node in stored if node in goes_on}, makes


def _is_stored(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def _tables(top: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield top
    for child in top.get_children():
        yield from _tables(child)


def _used(table: symtable.SymbolTable) -> Iterator[str]:
    for symbol in table.get_symbols():
        is_the_notebooks = table.get_type() == "module" or symbol.is_global()
        if symbol.is_referenced() and is_the_notebooks:
            yield symbol.get_name()
