"""Moodle: an assignment's grading worksheet, as Moodle gave it, with grades and feedback filled in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from recdrop_lessons.checks.parts import scored
from recdrop_lessons.grading.exports import Record, part_text, platform_csv
from recdrop_lessons.grading.finding import NotFound

# A student of the class's folder is looked for in these columns, in this order.
_KEYS = ("Identifier", "ID number", "Username", "Email address", "Full name")
_GRADE, _MOST, _FEEDBACK = "Grade", "Maximum grade", "Feedback comments"


def fill(worksheet: Path, results: Iterable[tuple[str, Record]]) -> tuple[str, list[str]]:
    """The worksheet with each student's grade, and the students who are not on it.

    Grades are written on the scale of the worksheet, with a decimal comma where it has one.

    `results`: of one lesson.
    Raises `NotFound`: the file is not a grading worksheet in English.
    """
    table = platform_csv.read(worksheet)
    if not table.rows or not {"Identifier", _GRADE} <= set(table.head):
        raise NotFound(
            f'{worksheet} is not a grading worksheet of Moodle: it has no "Identifier" and "{_GRADE}". '
            "Download it with Moodle's language set to English."
        )
    grade, head = table.head.index(_GRADE), table.head
    strangers: list[str] = []
    for student, record in results:
        own = _row_of(student, table)
        if own is None:
            strangers.append(student)
            continue
        most = own[head.index(_MOST)] if _MOST in head else ""
        own[grade] = _grade(record, most)
        if _FEEDBACK in head:
            own[head.index(_FEEDBACK)] = _feedback(record)
    return table.text(), sorted(strangers)


def _grade(record: Record, most: str) -> str:
    """The points on the scale of the maximum, "10,00" or "100.00"."""
    scale = float(most.replace(",", ".")) if most.strip() else float(record["max_points"])
    text = f"{record['points'] * scale / record['max_points']:.2f}"
    return text.replace(".", ",") if "," in most else text


def _feedback(record: Record) -> str:
    parts = (f"{one['part']} {one['name']}: {scored(one['points'], one['max_points'])}. {part_text(one)}"
             for one in record["parts"])  # fmt: skip
    return "\n".join(parts)


def _row_of(student: str, table: platform_csv.Table) -> list[str] | None:
    """By a number, "Participant 1234" has 1234; else by what stands in one of the columns."""
    for key in (key for key in _KEYS if key in table.head):
        at = table.head.index(key)
        found = [row for row in table.rows[1:] if _is(student, row[at], key)]
        if len(found) == 1:
            return found[0]
    return None


def _is(student: str, value: str, key: str) -> bool:
    number = re.search(r"\d+$", value.strip()) if key == "Identifier" else None
    return platform_csv.same(student, value) or (number is not None and number[0] == student)
