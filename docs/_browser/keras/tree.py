"""In the place of dm-tree, which is compiled: the part that Keras uses where it has no optree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any


class MAP_TO_NONE:
    """What a function returns to have None put there."""


def is_nested(structure: Any) -> bool:
    return isinstance(structure, Mapping | list | tuple)


def traverse(fn: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """Replace each part by what `fn` returns for it; None goes on into the part."""
    if top_down:
        found = fn(structure)
        if found is None:
            return _sequence_like(structure, (traverse(fn, one) for one in _items(structure)))
        return _told(found)
    structure = _sequence_like(structure, (traverse(fn, one, False) for one in _items(structure)))
    found = fn(structure)
    return structure if found is None else _told(found)


def map_structure(func: Callable[..., Any], *structures: Any) -> Any:
    return map_structure_up_to(structures[0], func, *structures)


def map_structure_up_to(shallow: Any, func: Callable[..., Any], *structures: Any) -> Any:
    """`func` of the leaves of `shallow` and of what stands there in the others."""
    if not is_nested(shallow):
        return func(*structures)
    inside = zip(_items(shallow), *map(_items, structures), strict=True)
    return _sequence_like(shallow, (map_structure_up_to(one, func, *others) for one, *others in inside))


def _told(found: Any) -> Any:
    return None if found is MAP_TO_NONE else found


def _items(structure: Any) -> list[Any]:
    if isinstance(structure, Mapping):
        return [structure[key] for key in sorted(structure)]
    return list(structure) if is_nested(structure) else []


def _sequence_like(structure: Any, items: Iterable[Any]) -> Any:
    """The items in a structure of that kind; dictionaries in the order of their keys."""
    if isinstance(structure, Mapping):
        found = dict(zip(sorted(structure), items, strict=True))
        return type(structure)((key, found[key]) for key in structure)
    if not is_nested(structure):
        return structure
    return type(structure)(*items) if hasattr(structure, "_fields") else type(structure)(items)
