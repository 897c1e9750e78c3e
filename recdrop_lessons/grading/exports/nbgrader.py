"""nbgrader: the points into its gradebook, through its own API."""

from __future__ import annotations

import os
import sysconfig
import warnings
from collections.abc import Iterable
from typing import Any

from recdrop_lessons.grading.exports import Record
from recdrop_lessons.grading.names import Remark, composed, with_odd_bytes_escaped
from recdrop_lessons.support.optional import need


def write(url: str, results: Iterable[tuple[str, Record]]) -> tuple[int, list[Remark]]:
    """Each part's points as its grade cell's automatic score; returns how many submissions were written.

    And a remark on each that was not: the gradebook takes names in UTF-8 alone.

    Assignment, notebook and cells are made where `nbgrader generate_assignment` has not. What an instructor
    graded by hand (manual score, extra credit, comments) stays.

    `url`: of the gradebook, "sqlite:///gradebook.db".
    `results`: students' names and records.
    Raises `ImportError`: nbgrader is not installed.
    """
    api = need("nbgrader.api", "nbgrader")
    # It starts `alembic`, which lies beside this Python, whether its environment is activated or not.
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    count = 0
    remarks: list[Remark] = []
    with api.Gradebook(url) as book, warnings.catch_warnings():
        # nbgrader's own queries cause it, and nobody here can do anything about it.
        warnings.filterwarnings("ignore", "Object of type <Submitted")
        known = {composed(one.id): one.id for one in book.students}
        for student, record in results:
            if with_odd_bytes_escaped(student) != student:
                remarks.append(Remark((student,), " is not in UTF-8: rename that student's folder."))
            else:
                _write_one(book, known.get(composed(student), student), record)
                count += 1
    return count, remarks


def _write_one(book: Any, student: str, record: Record) -> None:
    lesson = record["lesson"]
    book.update_or_create_assignment(lesson)
    notebook = book.update_or_create_notebook(lesson, lesson)
    known = {cell.name for cell in notebook.grade_cells}
    for part in record["parts"]:
        cell = f"check_{part['name']}"
        if cell not in known:
            book.update_or_create_grade_cell(
                cell, lesson, lesson, max_score=part["max_points"], cell_type="code"
            )
    book.update_or_create_student(student)
    book.update_or_create_submission(lesson, student)
    for part in record["parts"]:
        grade = book.find_grade(f"check_{part['name']}", lesson, lesson, student)
        grade.auto_score = part["points"]
    book.db.commit()
