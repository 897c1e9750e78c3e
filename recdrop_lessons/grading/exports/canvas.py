"""Canvas: the gradebook's own CSV, as Canvas exported it, with the points filled in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from recdrop_lessons.grading.exports import Record, platform_csv
from recdrop_lessons.grading.finding import NotFound

# A student of the class's folder is looked for in these columns, in this order.
_KEYS = ("SIS Login ID", "SIS User ID", "ID", "Student")


def fill(roster: Path, results: Iterable[tuple[str, Record]]) -> tuple[str, list[str]]:
    """The roster with a column a lesson, and the students who are not on it.

    A column that is there, "01_cells (1234)", is filled; another is added, and Canvas makes an assignment of
    it. The row "Points Possible" keeps its place; Canvas needs it second.

    Raises `NotFound`: the file is not an export of a Canvas gradebook.
    """
    table = platform_csv.read(roster)
    rows = table.rows
    if not rows or not {"Student", "ID"} <= set(table.head):
        raise NotFound(
            f'{roster} is not an export of a Canvas gradebook: it has no columns "Student" and "ID".'
        )
    possible = next((row for row in rows[1:3] if row and row[0].strip() == "Points Possible"), None)
    strangers: list[str] = []
    for student, record in results:
        at = _column(rows, record["lesson"])
        if possible is not None and not possible[at]:
            possible[at] = str(record["max_points"])
        own = _row_of(student, rows, possible)
        if own is None:
            strangers.append(student)
        else:
            own[at] = str(record["points"])
    return table.text(), sorted(set(strangers))


def _column(rows: list[list[str]], lesson: str) -> int:
    head = rows[0]
    for at, name in enumerate(head):
        if name == lesson or name.startswith(f"{lesson} ("):
            return at
    for row in rows:
        row.append("")
    head[-1] = lesson
    return len(head) - 1


def _row_of(student: str, rows: list[list[str]], possible: list[str] | None) -> list[str] | None:
    head = rows[0]
    for key in (key for key in _KEYS if key in head):
        at = head.index(key)
        found = [row for row in rows[1:] if row is not possible and platform_csv.same(row[at], student)]
        if len(found) == 1:
            return found[0]
    return None
