"""What a deterministic part is tested on."""

from __future__ import annotations

from dataclasses import dataclass

from recdrop_lessons.checks.answer import Value


@dataclass(frozen=True)
class Case:
    """Arguments to try, floats in float64, and what is special about them: "B=1, F=3, H=2".

    `gradients` is False where the values alone are looked at. A gradient that is cut is cut everywhere or at
    an edge (an axis of one element, another kind of mask), so sizes that differ in nothing else need none.
    `unrounded` are the same arguments before they were rounded, where they are: an answer that is right on
    these and wrong on the others compares too strictly.
    """

    label: str
    arguments: dict[str, Value]
    gradients: bool = True
    unrounded: dict[str, Value] | None = None
