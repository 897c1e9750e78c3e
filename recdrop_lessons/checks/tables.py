"""Checks of small tables: from a name to a word or a shape, each wrong entry a misconception of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from recdrop_lessons.checks.answer import Answer, Value
from recdrop_lessons.checks.compare import compare
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import Case, differs
from recdrop_lessons.checks.parts import Check, Misconception
from recdrop_lessons.checks.steps import Failed, ask, fail, stepwise

Confusion = Callable[[dict[str, Value], Value], bool]


@dataclass(frozen=True)
class Entry:
    """A misconception, and whether an answer to such arguments shows it."""

    misconception: Misconception
    shows: Confusion


def table(
    name: str,
    right: Callable[..., Value],
    cases: Callable[[Draw], Sequence[Case]],
    entries: Sequence[Entry],
    output: str = "result",
) -> Check:
    """The check of a table: ask for every entry, in an order that varies; the first wrong one is named."""

    @stepwise
    def check(answer: Answer, seed: int) -> str:
        draw = Draw(seed, name)
        every = list(cases(draw))
        for case in every:
            value = ask(answer, case.arguments, case.label)
            difference = compare(value, right(**case.arguments), (output,), 1e-9)
            if difference is None:
                continue
            for entry in entries:
                if entry.shows(case.arguments, value):
                    raise fail(
                        entry.misconception, case.label, case.arguments, difference=difference.sentence
                    )
            raise Failed(differs(difference, case.label, case.arguments))
        return f"Right on {len(every)} inputs."

    return check
