"""One warm parent for all tests of the grader: it is what a class is graded with."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import submissions

from recdrop_lessons import checks
from recdrop_lessons.grading.checker import Checker, Graded
from recdrop_lessons.grading.inside.sandbox import Limits
from recdrop_lessons.grading.isolation import warm_parent
from recdrop_lessons.grading.merge import course_imports
from recdrop_lessons.grading.remote import Times
from recdrop_lessons.grading.warm import Nursery

sys.path.insert(0, str(Path(__file__).parent))  # fuzz.py, which is a program too


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    with warm_parent(limits=Limits(cpu_seconds=20), preload=course_imports()) as parent:
        room = parent.nursery()
        yield room
        room.close()


@pytest.fixture
def grade(nursery: Nursery) -> Callable[..., Graded]:
    """Grades cells or bytes as lesson 01, with short times."""
    times = Times(call=2, cell=2, notebook=30)

    def run(data: bytes | list, seed: int = 7) -> Graded:
        raw = submissions.notebook(data) if isinstance(data, list) else data
        return Checker(nursery, "test", times).grade(raw, checks.lesson(submissions.LESSON), seed)

    return run
