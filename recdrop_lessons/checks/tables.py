"""Checks of small tables: from a name to a word or a shape, each wrong entry a misconception of its own.

A report says which entry is wrong, and never what is right there: a table is learnt by looking it up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from recdrop_lessons.checks.answer import Answer, Value
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.compare import compare
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.general import WORD
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.outcomes import untold
from recdrop_lessons.checks.parts import Check
from recdrop_lessons.checks.steps import Failed, Reply, Step, Steps, kept, stepwise

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

    def judge(reply: Reply) -> None:
        difference = compare(reply.value, right(**reply.arguments), (output,), 1e-9)
        if difference is None:
            return
        failed = untold(difference, reply.value, output, reply.step.label, reply.arguments)
        said = failed.details.get("said", failed.message)
        if isinstance(reply.value, str) and reply.value not in words():
            raise reply.fail(WORD, difference=said)
        for entry in entries:
            if entry.shows(reply.arguments, reply.value):
                raise reply.fail(entry.misconception, difference=said)
        raise Failed(failed)

    def words() -> list[Value]:
        """All answers of the table, where they are words."""
        return [right(**case.arguments) for case in cases(Draw(0, name))]

    @kept
    def every(seed: int) -> Steps:
        return Steps(Step(case.label, case.arguments, judge) for case in cases(Draw(seed, name)))

    @stepwise
    def check(answer: Answer, seed: int) -> str:
        every(seed).ask(answer)
        return f"Right on {len(every(seed))} inputs."

    return check
