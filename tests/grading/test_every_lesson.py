"""The grader takes every lesson: its own solutions, lesson by lesson, have all points."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from recdrop_lessons.checks import Lesson, Status, all_lessons
from recdrop_lessons.course.folders import COURSE
from recdrop_lessons.grading.checker import Checker
from recdrop_lessons.grading.isolation import locked_server


@pytest.fixture(scope="module")
def checker() -> Iterator[Checker]:
    with locked_server(trusted=True) as server, Checker(server) as checker:
        yield checker


@pytest.mark.parametrize("lesson", all_lessons(), ids=lambda lesson: lesson.name)
def test_the_solution_of_every_lesson_is_right_by_the_grader(lesson: Lesson, checker: Checker) -> None:
    data = (COURSE / "solutions" / lesson.name / f"{lesson.name}.ipynb").read_bytes()
    graded = checker.grade(data, lesson, 7)
    assert {part.status for part in graded.parts} == {Status.OK}, graded
