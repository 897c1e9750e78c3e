"""Stacks of layers: what each kind makes of a shape, and stacks that hold or break, for 6.1."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw

Shape = tuple[Any, ...]  # the batch may be None

Rule = Callable[..., "Shape | None"]  # (shape, *settings of the layer); None where it cannot take the shape

Spec = tuple[Any, ...]  # ("LSTM", units, return_sequences) and the like

RECURRENT = ("LSTM", "Bidirectional")


@dataclass(frozen=True)
class Break:
    """The stack breaks at this layer, and the message has to hold its index."""

    index: int


def recurrent(
    directions: int,
    takes: Callable[[int], bool] = lambda rank: rank == 3,
    flag: Callable[[bool], bool] = bool,
    kept: Callable[[Shape], Shape] = lambda shape: shape[:-1],
) -> Rule:
    """(B, T, F) → (B, T, units) with return_sequences, else (B, units); `kept` says what stands for B, T."""

    def rule(shape: Shape, units: int, return_sequences: bool) -> Shape | None:
        if not takes(len(shape)):
            return None
        return (*(kept(shape) if flag(return_sequences) else shape[:1]), directions * units)

    return rule


def last_axis(least: int) -> Rule:
    """(…, F) → (…, units), from a least rank on."""
    return lambda shape, units: (*shape[:-1], units) if len(shape) >= least else None


def _repeat(shape: Shape, n: int) -> Shape | None:
    """(B, F) → (B, n, F)."""
    return (shape[0], n, shape[1]) if len(shape) == 2 else None


RULES: dict[str, Rule] = {
    "LSTM": recurrent(1),
    "Bidirectional": recurrent(2),
    "Dense": last_axis(2),
    "RepeatVector": _repeat,
    "TimeDistributed": last_axis(3),
}


def leaves(
    layers: Sequence[Spec],
    input_shape: Shape,
    *,
    named: Callable[[int], int] = lambda k: k,
    rules: dict[str, Rule] = RULES,
) -> Shape | Break:
    """The shape that leaves, or where it breaks; other rules and another naming make mistakes."""
    shape = tuple(input_shape)
    for k, (kind, *settings) in enumerate(layers):
        its = rules[kind](shape, *settings)
        if its is None:
            return Break(named(k))
        shape = its
    return shape


def shape_cases(draw: Draw) -> Iterator[Case]:
    """Stacks that hold and stacks that break; no size or unit could be taken for an index."""

    def size() -> int:
        return draw.integer(20, 99)

    def lstm(sequences: bool, kind: str = "LSTM") -> Spec:
        return kind, size(), sequences

    def both(sequences: bool) -> Spec:
        return lstm(sequences, "Bidirectional")

    def dense() -> Spec:
        return "Dense", size()

    def repeat() -> Spec:
        return "RepeatVector", size()

    def each() -> Spec:
        return "TimeDistributed", size()

    holding: list[tuple[str, list[Spec]]] = [
        ("one layer, last step", [lstm(False)]),
        ("one layer, all steps", [lstm(True)]),
        ("both directions, all steps", [both(True)]),
        ("both directions, last step", [both(False)]),
        *((f"two layers, {kind} first", [lstm(True, kind), lstm(False)]) for kind in RECURRENT),
        ("all steps to the end", [lstm(True), both(True), each()]),
        ("Dense on all steps", [lstm(True), dense(), lstm(False), dense()]),
        ("an encoder and a decoder", [both(False), repeat(), lstm(True), each(), dense()]),
        ("Dense alone", [dense()]),
        ("no layer", []),
    ]
    breaking: list[tuple[str, list[Spec]]] = [
        ("repeated at once", [repeat(), lstm(False)]),
        *((f"the last step into {kind}", [lstm(False), lstm(True, kind), dense()]) for kind in RECURRENT),
        ("the last step of both directions", [both(False), lstm(False)]),
        ("a long stack", [lstm(True), dense(), both(True), lstm(False), both(False), dense()]),
        ("repeated steps", [lstm(True), each(), dense(), both(True), each(), repeat(), lstm(False)]),
        ("one step to TimeDistributed", [dense(), lstm(True), lstm(True), both(False), dense(), each()]),
        ("steps into RepeatVector", [lstm(True), repeat(), lstm(False), repeat(), lstm(False), dense()]),
        ("a decoder, repeated twice", [lstm(False), repeat(), lstm(True), dense(), repeat(), dense()]),
        ("many layers", [*(lstm(True) for _ in range(9)), dense(), lstm(False), lstm(False), dense()]),
    ]
    twice = lstm(False)
    breaking += [
        ("an equal layer further up", [twice, repeat(), twice, twice, dense()]),
        ("two layers that break", [lstm(True), lstm(False), lstm(False), each(), dense(), lstm(True)]),
    ]
    B, T, F = size(), size(), size()
    for k, (label, layers) in enumerate(holding + breaking):
        yield Case(label, {"layers": layers, "input_shape": (None if k % 2 else B, T, F)})
    shapes: list[tuple[str, list[Spec], Shape]] = [
        ("rank 2 into Dense", [dense(), dense()], (None, F)),
        ("rank 2 into RepeatVector", [repeat(), lstm(True)], (B, F)),
        *((f"rank 2 into {kind}", [lstm(True, kind)], (B, F)) for kind in RECURRENT),
        ("rank 2 into TimeDistributed", [each()], (None, F)),
        ("rank 4", [dense(), each()], (B, T, size(), F)),
        ("rank 4 into a recurrent layer", [each(), dense(), dense(), each(), lstm(False)], (None, T, B, F)),
        ("rank 4 into both directions", [dense(), both(True)], (B, T, size(), F)),
        ("rank 4 into RepeatVector", [dense(), dense(), each(), dense(), repeat()], (B, T, size(), F)),
        *((f"rank 1 into {spec[0]}", [spec], (None,)) for spec in (lstm(True), both(False), dense())),
        *((f"rank 1 into {spec[0]}", [spec], (B,)) for spec in (repeat(), each())),
        ("batch of 1", [lstm(True), lstm(False), repeat()], (1, T, F)),
        ("one step, one feature", [both(True), ("LSTM", 1, False)], (B, 1, 1)),
    ]
    for label, layers, shape in shapes:
        yield Case(label, {"layers": layers, "input_shape": shape})
