"""Moodle: an assignment's grading worksheet, as Moodle gave it, with grades and feedback filled in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from recdrop_lessons.checks.parts import scored
from recdrop_lessons.grading.exports import Record, part_text, platform_csv
from recdrop_lessons.grading.finding import NotFound
from recdrop_lessons.grading.names import Remark

# A student of the class's folder is looked for in these columns.
_KEYS = ("Identifier", "ID number", "Username", "Email address", "Full name")
_GRADE, _MOST, _FEEDBACK = "Grade", "Maximum grade", "Feedback comments"


def fill(worksheet: Path, results: Iterable[tuple[str, Record]]) -> tuple[str, list[Remark]]:
    """The worksheet with each student's grade, and the students who have no row of their own.

    Grades are written on the scale of the worksheet, with a decimal comma where it has one.

    `results`: of one lesson.
    Raises `NotFound`: the file is not a grading worksheet in English, or its grades are no numbers.
    """
    table = platform_csv.read(worksheet)
    if not table.rows or not {"Identifier", _GRADE} <= set(table.head):
        raise NotFound(
            f'{worksheet} is not a grading worksheet of Moodle: it has no "Identifier" and "{_GRADE}". '
            "Download it with Moodle's language set to English."
        )
    grade, head = table.head.index(_GRADE), table.head
    places = [head.index(key) for key in _KEYS if key in head]
    identifier = head.index("Identifier")

    def fits(student: str, row: platform_csv.Row) -> bool:
        """By a number, "Participant 1234" has 1234; else by what stands in one of the columns."""
        number = re.search(r"\d+$", row[identifier].strip())
        return (number is not None and number[0] == student) or platform_csv.stands_in(student, row, places)

    records = dict(results)
    own, remarks = platform_csv.own_rows(records, table.rows[1:], fits, "worksheet")
    for student, row in own.items():
        row[grade] = _grade(records[student], row[head.index(_MOST)] if _MOST in head else "")
        if _FEEDBACK in head:
            row[head.index(_FEEDBACK)] = _feedback(records[student])
    return table.text(), remarks


def _grade(record: Record, most: str) -> str:
    """The points on the scale of the maximum, "10,00" or "100.00"."""
    try:
        scale = float(most.replace(",", ".")) if most.strip() else float(record["max_points"])
    except ValueError:
        raise NotFound(
            f"The worksheet's “{_MOST}” is {most!r}; expected a number, as 100.00 or 100,00. "
            "In Moodle, let the assignment's grade be of the type Point."
        ) from None
    text = f"{record['points'] * scale / record['max_points']:.2f}"
    return text.replace(".", ",") if "," in most else text


def _feedback(record: Record) -> str:
    parts = (f"{one['part']} {one['name']}: {scored(one['points'], one['max_points'])}. {part_text(one)}"
             for one in record["parts"])  # fmt: skip
    return "\n".join(parts)
