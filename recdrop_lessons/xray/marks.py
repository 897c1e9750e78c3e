"""What is known of each value of a pass: where it came from, and which masks it went through.

Marks follow the memory and not the tensor object, so that `out[:, t] = h` and the views of a packed sequence
keep them. A set of draws, weights or sites is the bits of an integer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

from torch import Tensor

Origin = tuple[str, str, int]  # a module's path, an operation, and the how-many-th of these in the pass


@dataclass(frozen=True, slots=True)
class Mark:
    """What is known of a value.

    `data`: it comes from the inputs or the weights; `inputs`: from the inputs.
    `draws`: the random draws it was computed from, if it is no data: it is a mask then, or noise.
    `apart`: its random elements are independent of each other.
    `params`, `sites`: the weights and the sites that it depends on.
    `near`: the sites whose masked value this still is.
    `origin`, `factor`: the operation that made the value, and the number that it was multiplied by since.
    `born`: when the operation made the value, counted in the pass.
    `indicator`: a comparison of data, such as the mask of a padding; `padded`: a mask that went through one,
        or that was drawn with probabilities from the data.
    """

    data: bool = False
    inputs: bool = False
    draws: int = 0
    apart: bool = True
    params: int = 0
    sites: int = 0
    near: int = 0
    origin: Origin | None = None
    factor: float = 1.0
    indicator: bool = False
    padded: bool = False
    born: int = 0

    @property
    def random(self) -> bool:
        return bool(self.draws) and not self.data


def join(marks: list[Mark]) -> Mark:
    """What is known of a value computed from several."""
    data = any(mark.data for mark in marks)
    return Mark(
        data=data,
        inputs=any(mark.inputs for mark in marks),
        draws=0 if data else reduce(int.__or__, (mark.draws for mark in marks), 0),
        apart=all(mark.apart for mark in marks),
        params=reduce(int.__or__, (mark.params for mark in marks), 0),
        sites=reduce(int.__or__, (mark.sites for mark in marks), 0),
        padded=any(mark.padded for mark in marks),
        born=max((mark.born for mark in marks), default=0),
    )


class Ledger:
    """The marks of all memory that a pass has touched. It keeps that memory: no address comes back."""

    def __init__(self) -> None:
        self.whole: dict[int, Mark] = {}
        self.parts: dict[tuple[Any, ...], tuple[int, Mark]] = {}
        self.writes: dict[int, int] = {}
        self.kept: dict[int, Any] = {}

    def get(self, tensor: Tensor) -> Mark | None:
        place = self.place(tensor)
        part = self.parts.get(self._region(place, tensor))
        if part is not None and part[0] == self.writes.get(place, 0):
            return part[1]
        return self.whole.get(place)

    def knows(self, tensor: Tensor) -> bool:
        """Whether this very part of the memory has a mark of its own."""
        place = self.place(tensor)
        part = self.parts.get(self._region(place, tensor))
        return part is not None and part[0] == self.writes.get(place, 0)

    def put(self, tensor: Tensor, mark: Mark, *, written: bool = False) -> None:
        """Mark a tensor; `written`: an operation in place has changed its memory."""
        place = self.place(tensor)
        old = self.whole.get(place)
        if written:
            self.writes[place] = self.writes.get(place, 0) + 1
        if old is None or written and self._is_all(tensor):
            self.whole[place] = mark
        elif written:
            self.whole[place] = replace(
                join([old, mark]), draws=0 if old.data or mark.data else old.draws | mark.draws
            )
        self.parts[self._region(place, tensor)] = self.writes.get(place, 0), mark

    def place(self, tensor: Tensor) -> int:
        """The address of the memory; a tensor without one, as a sparse tensor, counts as its own."""
        try:
            memory: Any = tensor.untyped_storage()
            place: int = memory.data_ptr()
        except (RuntimeError, NotImplementedError):
            memory, place = tensor, 0
        if not place:
            memory, place = tensor, -id(tensor)
        self.kept.setdefault(place, memory)
        return place

    @staticmethod
    def _region(place: int, tensor: Tensor) -> tuple[Any, ...]:
        if place < 0:
            return (place,)
        return place, tensor.storage_offset(), tensor.shape, tensor.stride()

    @staticmethod
    def _is_all(tensor: Tensor) -> bool:
        try:
            return tensor.numel() * tensor.element_size() >= tensor.untyped_storage().nbytes()
        except (RuntimeError, NotImplementedError):
            return True
