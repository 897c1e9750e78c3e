"""The example that a model is given: any structure that holds tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence


def tensors_in(value: object, depth: int = 6) -> Iterator[Tensor]:
    """Every tensor in a structure of lists, dictionaries, dataclasses, namespaces and the like."""
    if isinstance(value, Tensor):
        yield value
    elif depth and not isinstance(value, (str, bytes, int, float, nn.Module, type, type(None))):
        for part in _parts(value):
            yield from tensors_in(part, depth - 1)


def _parts(value: object) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value)
    return list(vars(value).values()) if hasattr(value, "__dict__") else []


def changed(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """The same structure with each of its tensors changed; what it cannot build anew stays as it is."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, PackedSequence):
        return value
    if isinstance(value, Mapping):
        try:
            return type(value)({key: changed(part, change) for key, part in value.items()})  # type: ignore[call-arg]
        except TypeError:
            return {key: changed(part, change) for key, part in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(changed(part, change) for part in value))
    if isinstance(value, (list, tuple)):
        return type(value)(changed(part, change) for part in value)
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(**{one.name: changed(getattr(value, one.name), change) for one in fields(value)})
    return value


def inputs_of(example: object) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Positional and keyword inputs of an example."""
    if isinstance(example, tuple) and not isinstance(example, PackedSequence):
        return tuple(example), {}
    if isinstance(example, dict):
        return (), dict(example)
    return (example,), {}


def copied(example: Any) -> Any:
    """The example once more, in memory of its own: some models write into their input."""
    return changed(example, torch.clone)
