"""Reverse mode: what a result came from, and how a gradient goes back.

PyTorch's rules: a result that needs a gradient holds a `Node`; a node holds the nodes of its operands and,
for each, a function from the gradient of the result to that of the operand. Gradients are NumPy arrays. A
node notes the version of what it saved: a tensor that is changed in place after that raises, as in torch.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

Pull = Callable[[np.ndarray], np.ndarray]


class Version:
    """How many times a piece of memory was written to; views share it."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class Node:
    """One operation that was done, or a leaf: a tensor that gradients end at.

    `parents`: the nodes of its operands.
    `pulls`: for each, the gradient of the result → the gradient of the operand.
    `saved`: the versions of what the pulls read, as they were: (version, count, shape).
    `leaf`: the tensor, where it is one.
    """

    __slots__ = ("hooks", "leaf", "name", "parents", "pulls", "retained", "saved")

    def __init__(
        self,
        parents: Sequence[Node] = (),
        pulls: Sequence[Pull] = (),
        saved: Iterable[tuple[Version, int, str]] = (),
        leaf: Any = None,
        name: str = "Backward",
    ) -> None:
        self.parents, self.pulls, self.saved, self.leaf = list(parents), list(pulls), list(saved), leaf
        self.hooks: list[Callable[[Any], Any]] = []
        self.retained: Any = None
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.name}>"

    @property
    def next_functions(self) -> tuple[tuple[Node, int], ...]:
        return tuple((parent, 0) for parent in self.parents)

    def check(self) -> None:
        """Raises RuntimeError where what was saved has been changed in place or let go since."""
        for version, count, what in self.saved:
            if version.count != count:
                raise RuntimeError(
                    "one of the variables needed for gradient computation has been modified by an inplace "
                    f"operation: {what} is at version {version.count}; expected version {count} instead."
                )

    def release(self) -> None:
        if self.saved:
            self.saved, self.pulls = [], [_released] * len(self.pulls)


def _released(gradient: np.ndarray) -> np.ndarray:
    raise RuntimeError(
        "Trying to backward through the graph a second time (or directly access saved tensors after they have "
        "already been freed). Specify retain_graph=True if you need to backward through the graph a second "
        "time."
    )


# ---- whether operations are noted at all ----

_noting = True


def is_grad_enabled() -> bool:
    return _noting


class _Mode:
    """A context, and a decorator of functions, in which operations are noted or not."""

    def __init__(self, noting: bool) -> None:
        self.noting, self._before = noting, [_noting]

    def __enter__(self) -> None:
        global _noting
        self._before.append(_noting)
        _noting = self.noting

    def __exit__(self, *exception: object) -> None:
        global _noting
        _noting = self._before.pop()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def called(*args: Any, **named: Any) -> Any:
            with _Mode(self.noting):
                return function(*args, **named)

        return called


class no_grad(_Mode):
    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        return object.__new__(cls) if function is None else _Mode(False)(function)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__(False)


class enable_grad(_Mode):
    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        return object.__new__(cls) if function is None else _Mode(True)(function)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__(True)


class inference_mode(_Mode):
    def __new__(cls, mode: Any = True) -> Any:
        return _Mode(False)(mode) if callable(mode) else object.__new__(cls)

    def __init__(self, mode: bool = True) -> None:
        super().__init__(not mode)


class set_grad_enabled(_Mode):
    """Takes effect at once, and ends with the context where it is used as one."""

    def __init__(self, mode: bool) -> None:
        global _noting
        super().__init__(mode)
        _noting = mode

    def __enter__(self) -> None:
        pass


# ---- the backward pass ----


def sum_to(gradient: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The gradient of what was broadcast: the sum over the axes that were."""
    if gradient.shape == shape:
        return gradient
    gradient = gradient.sum(tuple(range(gradient.ndim - len(shape))))
    axes = tuple(i for i, (wide, size) in enumerate(zip(gradient.shape, shape, strict=True)) if size != wide)
    return gradient.sum(axes, keepdims=True) if axes else gradient


def _sorted(roots: Iterable[Node]) -> list[Node]:
    """The nodes that the roots depend on, each after its parents."""
    order: list[Node] = []
    seen: set[int] = set()
    for root in roots:
        stack = [(root, iter(root.parents))] if id(root) not in seen else []
        seen.add(id(root))
        while stack:
            node, parents = stack[-1]
            parent = next(parents, None)
            if parent is None:
                order.append(node)
                stack.pop()
            elif id(parent) not in seen:
                seen.add(id(parent))
                stack.append((parent, iter(parent.parents)))
    return order


def backward(
    seeds: Sequence[tuple[Node, np.ndarray]],
    wanted: Iterable[Node] = (),
    keep: bool = False,
    wrap: Any = None,
) -> list[tuple[Node, np.ndarray]]:
    """Gradients at the leaves and at the wanted nodes, from those at the roots.

    `seeds`: the roots with their gradients.
    `keep`: whether the graph may be gone through again.
    `wrap`: makes a tensor of an array, for hooks.
    """
    targets = {id(node) for node in wanted}
    gradients: dict[int, np.ndarray] = {}
    for node, gradient in seeds:
        gradients[id(node)] = gradients[id(node)] + gradient if id(node) in gradients else gradient
    found = []
    for node in reversed(_sorted(node for node, _ in seeds)):
        if id(node) not in gradients:
            continue
        gradient = gradients.pop(id(node))
        for hook in node.hooks:
            changed = hook(wrap(gradient))
            gradient = gradient if changed is None else changed._a
        if node.leaf is not None or id(node) in targets or node.retained is not None:
            found.append((node, gradient))
        node.check()
        for parent, pull in zip(node.parents, node.pulls, strict=True):
            part = pull(gradient)
            have = gradients.get(id(parent))
            gradients[id(parent)] = part if have is None else have + part
        if not keep:
            node.release()
    return found
