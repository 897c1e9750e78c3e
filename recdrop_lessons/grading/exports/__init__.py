"""Results as instructors' platforms read them, one platform a file. Each takes what `recdrop grade` wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from recdrop_lessons.checks.answer import Status
from recdrop_lessons.grading.finding import NotFound

Record = dict[str, Any]


def results(out: Path) -> Iterator[tuple[str, Record]]:
    """Each student's name with a record, sorted, from the folder that `recdrop grade` wrote.

    Raises `NotFound`: it holds no results.
    """
    found = False
    for student in sorted(path for path in out.iterdir() if path.is_dir() and path.name != ".recdrop"):
        for path in sorted(student.glob("*.json")):
            found = True
            yield student.name, json.loads(path.read_text(encoding="utf-8"))
    if not found:
        raise NotFound(f"{out} holds no results: run `recdrop grade SUBMISSIONS --out {out}` first.")


def part_text(part: Record) -> str:
    """What a student reads of a part: misconception, message, hint."""
    lines = [f"Misconception: {part['misconception']}"] if part["misconception"] else []
    lines.append(part["message"])
    if part["hint"] and part["status"] != Status.OK:
        lines.append(f"Hint: {part['hint']}")
    return "\n".join(lines)
