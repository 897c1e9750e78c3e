"""Wrong answers made by machine: a right one with one small change. No library."""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

Found = TypeVar("Found")
Change = Callable[[ast.expr], "ast.expr | None"]  # to the changed expression; None where it does not apply


def swap(node: ast.expr) -> ast.expr | None:
    """a - b → b - a; f(a, b) → f(b, a)."""
    if isinstance(node, ast.BinOp):
        return ast.BinOp(node.right, node.op, node.left)
    if isinstance(node, ast.Call) and len(node.args) > 1:
        first, second, *rest = node.args
        return ast.Call(node.func, [second, first, *rest], node.keywords)
    return None


def negate(node: ast.expr) -> ast.expr | None:
    return ast.UnaryOp(ast.USub(), node) if isinstance(node, ast.BinOp) else None


def drop(node: ast.expr) -> ast.expr | None:
    """a + b → a, and so for each other operation; f(a) → a."""
    if isinstance(node, ast.BinOp):
        return node.left
    return node.args[0] if isinstance(node, ast.Call) and len(node.args) == 1 else None


def drop_first(node: ast.expr) -> ast.expr | None:
    return node.right if isinstance(node, ast.BinOp) else None


def transpose(node: ast.expr) -> ast.expr | None:
    """a.T → a, and a @ b → a @ b.T."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        return ast.BinOp(node.left, node.op, ast.Attribute(node.right, "T", ast.Load()))
    return None


def detach(node: ast.expr) -> ast.expr | None:
    if not isinstance(node, ast.BinOp):
        return None
    return ast.Call(ast.Attribute(node, "detach", ast.Load()), [], [])


def off_by_one(node: ast.expr) -> ast.expr | None:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return ast.Constant(node.value + 1)
    return None


CHANGES: tuple[Change, ...] = (swap, negate, drop, drop_first, transpose, detach, off_by_one)


def reads_unfilled_memory(function: ast.AST) -> bool:
    """It takes torch.empty or its kin; where a change leaves that unfilled, the numbers differ each time."""
    return any(isinstance(node, ast.Attribute) and "empty" in node.attr for node in ast.walk(function))


class _At(ast.NodeTransformer):
    """Makes a change at one of the places where it applies; counts them."""

    def __init__(self, change: Change, place: int) -> None:
        self.change, self.place, self.seen = change, place, 0

    def visit(self, node: ast.AST) -> ast.AST:
        changed = self.change(node) if isinstance(node, ast.expr) else None
        if changed is not None:
            self.seen += 1
            if self.seen - 1 == self.place:
                return changed
        return self.generic_visit(node)


@dataclass(frozen=True)
class Mutant:
    """One change at one place of a function. Its source is written only when asked for: few of many are."""

    name: str
    tree: ast.Module
    index: int  # of the function in the file
    change: Change
    place: int

    @property
    def source(self) -> str:
        """The whole file with that function changed."""
        changed = copy.deepcopy(self.tree)
        body = changed.body[self.index]
        assert isinstance(body, ast.FunctionDef)
        body.body = [_At(self.change, self.place).visit(statement) for statement in body.body]  # type: ignore[misc]
        return ast.unparse(ast.fix_missing_locations(changed))


def mutants(source: str, function: str) -> Iterator[Mutant]:
    """The function changed, for every change and place; none where it may read unfilled memory."""
    tree = ast.parse(source)
    names = [node.name if isinstance(node, ast.FunctionDef) else "" for node in tree.body]
    if function not in names:  # made by another function, or a lambda
        return
    index = names.index(function)
    if reads_unfilled_memory(tree.body[index]):
        return
    for change in CHANGES:
        counter = _At(change, -1)
        counter.visit(copy.deepcopy(tree.body[index]))
        for place in range(counter.seen):
            yield Mutant(f"{function}, {change.__name__} {place}", tree, index, change, place)


def sample(found: Sequence[Found], count: int, seed: int) -> list[Found]:
    """That many of them, the same for a seed."""
    return random.Random(seed).sample(found, min(count, len(found)))
