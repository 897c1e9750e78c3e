"""Canvas: the gradebook's own CSV, as Canvas exported it, with the points filled in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from recdrop_lessons.grading.exports import Record, platform_csv
from recdrop_lessons.grading.finding import NotFound
from recdrop_lessons.grading.names import Remark

# A student of the class's folder is looked for in these columns.
_KEYS = ("SIS Login ID", "SIS User ID", "ID", "Student")


def fill(roster: Path, results: Iterable[tuple[str, Record]]) -> tuple[str, list[Remark]]:
    """The roster with a column a lesson, and the students who have no row of their own.

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
    places = [table.head.index(key) for key in _KEYS if key in table.head]
    students = [row for row in rows[1:] if row is not possible]
    graded = list(results)
    own, remarks = platform_csv.own_rows(
        (student for student, _ in graded),
        students,
        lambda student, row: platform_csv.stands_in(student, row, places),
        "roster",
    )
    for student, record in graded:
        at = _column(rows, record["lesson"])
        if possible is not None and not possible[at]:
            possible[at] = str(record["max_points"])
        if student in own:
            own[student][at] = str(record["points"])
    return table.text(), remarks


def _column(rows: list[list[str]], lesson: str) -> int:
    head = rows[0]
    for at, name in enumerate(head):
        if name == lesson or name.startswith(f"{lesson} ("):
            return at
    for row in rows:
        row.append("")
    head[-1] = lesson
    return len(head) - 1
