"""Leave no trace: what a pass may change is written down before, and put back after, also after an error."""

from __future__ import annotations

import random
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


class Snapshot:
    """The state of a model: weights, buffers, plain attributes, flags, hooks and its own generators.

    Objects are never copied, since some refuse it (pruned models): their contents are written down and put
    back.
    """

    def __init__(self, model: nn.Module) -> None:
        self._put_back: dict[int, Callable[[], object]] = {}
        self._generators: dict[int, Callable[[], object]] = {}
        self.generators: list[object] = []  # of NumPy and `random`, that the model keeps
        self._kept: list[object] = []
        self._look(model, 8)

    def restore(self, *, generators_outside: bool = True) -> None:
        """Put everything back. `generators_outside`: also NumPy's, which no seed of torch reaches."""
        for put_back in self._put_back.values():
            put_back()
        if generators_outside:
            for put_back in self._generators.values():
                put_back()

    def _look(self, value: Any, depth: int) -> None:
        if (
            not depth
            or id(value) in self._put_back
            or isinstance(value, (str, bytes, int, float, type(None), type))
        ):
            return
        self._kept.append(value)  # so that its id stays its own
        if isinstance(value, Tensor):
            self._put_back[id(value)] = _of_tensor(value)
        elif isinstance(value, torch.Generator):
            state = value.get_state()
            self._put_back[id(value)] = lambda: value.set_state(state)
        elif isinstance(value, (np.random.Generator, np.random.RandomState, random.Random)):
            self._generators[id(value)] = _of_generator(value)
            self.generators.append(value)
        elif isinstance(value, np.ndarray):
            array = value.copy()
            self._put_back[id(value)] = lambda: np.copyto(value, array) if value.flags.writeable else None
        elif isinstance(value, dict):
            self._put_back[id(value)] = _of_dict(value)
            self._look_at_all(list(value.values()), depth)
        elif isinstance(value, (list, deque, set)):
            self._put_back[id(value)] = _of_collection(value)
            self._look_at_all(list(value), depth)
        elif isinstance(value, tuple):
            self._look_at_all(list(value), depth)
        elif _is_plain(value):
            content = vars(value)
            self._put_back[id(value)] = _of_dict(content)
            self._look_at_all(
                list(content.values()), depth if isinstance(value, nn.Module) else min(depth, 3)
            )

    def _look_at_all(self, values: list[Any], depth: int) -> None:
        for value in values:
            self._look(value, depth if isinstance(value, nn.Module) else depth - 1)


def _is_plain(value: object) -> bool:
    """Whether an object has a dictionary of attributes that its owner may write to."""
    return hasattr(value, "__dict__") and not callable(value) or isinstance(value, nn.Module)


def _of_tensor(tensor: Tensor) -> Callable[[], object]:
    memory, values, grad_needed = tensor.detach(), tensor.detach().clone(), tensor.requires_grad

    def put_back() -> None:
        with torch.no_grad():
            if tensor.is_leaf and tensor.data_ptr() != memory.data_ptr():
                tensor.data = memory
            if not torch.equal(memory, values):  # also unequal for NaN, which is copied again
                memory.data.copy_(values)
        if tensor.is_leaf and tensor.requires_grad != grad_needed:
            tensor.requires_grad_(grad_needed)

    return put_back


def _of_generator(value: Any) -> Callable[[], object]:
    if isinstance(value, np.random.Generator):
        state = value.bit_generator.state
        return lambda: setattr(value.bit_generator, "state", state)
    if isinstance(value, np.random.RandomState):
        old = value.get_state()
        return lambda: value.set_state(old)
    kept = value.getstate()
    return lambda: value.setstate(kept)


def _of_dict(value: dict[Any, Any]) -> Callable[[], object]:
    items = dict(value)

    def put_back() -> None:
        if value.keys() != items.keys() or any(value[key] is not items[key] for key in items):
            value.clear()
            value.update(items)

    return put_back


def _of_collection(value: Any) -> Callable[[], object]:
    items = list(value)

    def put_back() -> None:
        if len(value) != len(items) or any(a is not b for a, b in zip(value, items, strict=True)):
            value.clear()
            value.update(items) if isinstance(value, set) else value.extend(items)

    return put_back


@contextmanager
def untouched(model: nn.Module) -> Iterator[Snapshot]:
    """Within it, passes may do anything to the model and to the generators of torch, NumPy and `random`."""
    on_gpu = torch.cuda.is_available() and torch.cuda.is_initialized()
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002 (a model may use it)
    gpu_states = torch.cuda.get_rng_state_all() if on_gpu else []
    snapshot = Snapshot(model)
    try:
        with warnings.catch_warnings(), _eager():
            warnings.simplefilter("ignore")
            yield snapshot
    finally:
        snapshot.restore()
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        random.setstate(states[2])
        if on_gpu:
            torch.cuda.set_rng_state_all(gpu_states)


@contextmanager
def _eager() -> Iterator[None]:
    """Functions under torch.compile run as they are written."""
    if "torch._dynamo" not in sys.modules:
        yield
        return
    with torch.compiler.set_stance("force_eager"):
        yield


def seed(torch_seed: int, outside_seed: int) -> None:
    """Seed torch's generators with one number, and those of NumPy and `random` with another."""
    torch.manual_seed(torch_seed)
    np.random.seed(outside_seed)  # noqa: NPY002
    random.seed(outside_seed)
