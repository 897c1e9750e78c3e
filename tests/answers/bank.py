"""Answers that learners give, right and wrong, part by part; each lesson has a file of them beside this."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch

Function = Callable[..., Any]


class Bank:
    """Collects a lesson's answers: `@bank.right("1.1")`, `@bank.wrong("1.2", "gate-order")`."""

    def __init__(self) -> None:
        self.RIGHT: dict[str, list[Function]] = defaultdict(list)
        self.WRONG: dict[str, list[tuple[str | None, Function]]] = defaultdict(list)

    def right(self, part: str) -> Callable[[Function], Function]:
        def keep(function: Function) -> Function:
            self.RIGHT[part].append(function)
            return function

        return keep

    def wrong(self, part: str, slug: str | None = None) -> Callable[[Function], Function]:
        """A wrong answer, and the misconception that must be named; None where none has that name."""

        def keep(function: Function) -> Function:
            self.WRONG[part].append((slug, function))
            return function

        return keep


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
        (None, through_float32),
        (None, only_contiguous),
        (None, remembers),
        (None, returns_nothing),
        ("arguments-renamed", renamed),
    ]
    return mistakes + ([("gradient-cut", cuts_gradients)] if differentiable else [])
