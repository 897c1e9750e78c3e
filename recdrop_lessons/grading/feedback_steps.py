"""Feedback in steps, from one submission to the next.

The first time that a part fails, its message says what was done. Where the part failed in an earlier
submission too, the message also says what is meant.
"""

from __future__ import annotations

from typing import Any

from recdrop_lessons.checks.answer import Status
from recdrop_lessons.grading.checker import Graded

Record = dict[str, Any]


def failed(graded: Graded) -> set[str]:
    """The parts that were answered, and not right. A part that nobody has written yet is none of them."""
    return {
        part.part
        for part in graded.parts
        if part.status == Status.FAILED and not part.details.get("unwritten")
    }


def told(result: Record, earlier: Record | None, basis: Record) -> Record:
    """The result of a submission with what is meant in the messages where it is due.

    `earlier`: the result that stands on disk: of an earlier submission, or of this one on other inputs.
    `basis`: what this result rests on.
    """
    before = set(result.get("failed_before", ()))
    if earlier is not None:
        before |= set(earlier.get("failed_before", ()))
        if earlier.get("basis", {}).get("attempts") != basis["attempts"]:
            before |= set(earlier.get("failed", ()))
    record, meant = result["record"], result.get("meant", {})
    due = meant.keys() & before
    parts = [
        part | {"message": f"{part['message']} {meant[part['part']]}"} if part["part"] in due else part
        for part in record["parts"]
    ]
    said = {"failed_before": sorted(before), "told_later": sorted(meant.keys() - before)}
    return result | said | {"record": record | {"parts": parts}}
