"""Answers that learners give, right and wrong: one file a part, `lesson_NN_name/function.py`, beside this.

Each holds `bank = Bank()`, `RIGHT, WRONG = bank.RIGHT, bank.WRONG`, and the answers, decorated by
`@bank.right` or `@bank.wrong("gate-order")`. A file that begins with _ is what several parts share.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from recdrop_lessons.checks import all_lessons

Function = Callable[..., Any]
ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT))


class Bank:
    """Collects the answers to one part."""

    def __init__(self) -> None:
        self.RIGHT: list[Function] = []
        self.WRONG: list[tuple[str | None, Function]] = []

    def right(self, function: Function) -> Function:
        self.RIGHT.append(function)
        return function

    def wrong(self, slug: str | None = None) -> Callable[[Function], Function]:
        """A wrong answer, and the misconception that must be named; None where none of the part's may be."""

        def keep(function: Function) -> Function:
            self.WRONG.append((slug, function))
            return function

        return keep


@cache
def banks() -> dict[str, ModuleType]:
    """The banks by their part's number. Raises ModuleNotFoundError where a part has none."""
    return {
        part.number: importlib.import_module(f"lesson_{lesson.name}.{part.name}")
        for lesson in all_lessons()
        for part in lesson.parts
    }


def right_answers() -> list[tuple[str | None, Function]]:
    """Number and answer of all that are right."""
    return [(number, answer) for number, bank in banks().items() for answer in bank.RIGHT]


def wrong_answers() -> list[tuple[str, str | None, Function]]:
    """Number, misconception and answer of all that are wrong."""
    return [(number, slug, answer) for number, bank in banks().items() for slug, answer in bank.WRONG]


def _mapped(change: Function, value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return change(value)
    if isinstance(value, (tuple, list)):
        return type(value)(_mapped(change, item) for item in value)
    return value


def _first_tensor(value: Any) -> torch.Tensor | None:
    if isinstance(value, torch.Tensor):
        return value
    if isinstance(value, (tuple, list)):
        return next((found for item in value if (found := _first_tensor(item)) is not None), None)
    return None


def _as_float32(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor


def edge_mistakes(right: Function, differentiable: bool) -> list[tuple[str | None, Function]]:
    """A right answer spoilt at one edge each: what any deterministic part must notice."""

    def changes_its_input(**given: Any) -> Any:
        value = _mapped(torch.clone, right(**given))
        for item in given.values():
            tensor = _first_tensor(item)
            if tensor is not None and tensor.is_floating_point():
                tensor.mul_(0.5)
                break
        return value

    def only_float32(**given: Any) -> Any:
        return right(**{name: _mapped(_as_float32, item) for name, item in given.items()})

    def through_float32(**given: Any) -> Any:
        dtype = next(t.dtype for item in given.values() if (t := _first_tensor(item)) is not None)
        return _mapped(lambda t: t.to(dtype), only_float32(**given))

    def only_contiguous(**given: Any) -> Any:
        for item in given.values():
            _mapped(lambda t: t.view(-1), item)
        return right(**given)

    memory: dict[str, Any] = {}

    def remembers(**given: Any) -> Any:
        key = str([(t.dtype, *t.shape) for item in given.values() if (t := _first_tensor(item)) is not None])
        if key not in memory:
            memory[key] = _mapped(torch.clone, right(**given))
        return memory[key]

    def returns_nothing(**given: Any) -> None:
        right(**given)

    def renamed(first: Any, second: Any) -> Any:
        return first

    def cuts_gradients(**given: Any) -> Any:
        return _mapped(torch.detach, right(**given))

    mistakes: list[tuple[str | None, Function]] = [
        ("changes-input", changes_its_input),
        ("dtype-changed", only_float32),
        ("imprecise", through_float32),
        ("needs-contiguous", only_contiguous),
        (None, remembers),
        ("nothing-returned", returns_nothing),
        ("arguments-renamed", renamed),
    ]
    return mistakes + ([("gradient-cut", cuts_gradients)] if differentiable else [])
