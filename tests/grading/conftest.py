"""One fork server for all tests of the grader: it is what a class is graded with."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import submissions

from recdrop_lessons import checks
from recdrop_lessons.grading.checker import Checker, Graded
from recdrop_lessons.grading.inside.sandbox import Limits
from recdrop_lessons.grading.isolation import locked_server
from recdrop_lessons.grading.learner_process import Times
from recdrop_lessons.grading.spawner import LockedServer, Spawner

sys.path.insert(0, str(Path(__file__).parent))  # fuzz.py, which is a program too


@pytest.fixture(scope="session")
def server() -> Iterator[LockedServer]:
    with locked_server(limits=Limits(cpu_seconds=20)) as made:
        yield made


@pytest.fixture(scope="session")
def spawner(server: LockedServer) -> Iterator[Spawner]:
    room = server.spawner()
    yield room
    room.close()


@pytest.fixture(scope="session")
def checker(server: LockedServer) -> Iterator[Checker]:
    with Checker(server, Times(call=2, cell=2, notebook=30)) as made:  # short times
        yield made


@pytest.fixture
def grade(checker: Checker) -> Callable[..., Graded]:
    """Grades cells or bytes as lesson 01."""

    def run(data: bytes | list, seed: int = 7) -> Graded:
        raw = submissions.notebook(data) if isinstance(data, list) else data
        return checker.grade(raw, checks.lesson(submissions.LESSON), seed)

    return run
