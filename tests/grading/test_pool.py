"""The workers themselves: one that dies costs nobody a point, and they all end."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import submissions
from submissions import solved, write

from recdrop_lessons import checks
from recdrop_lessons.grading import pool as pools
from recdrop_lessons.grading.classroom import GradingTask, grade_class
from recdrop_lessons.grading.pool import LocalPool
from recdrop_lessons.grading.records import Store
from recdrop_lessons.grading.submissions import find_submissions

GOOD = submissions.notebook(solved())


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[LocalPool]:
    with LocalPool(2, "auto", [tmp_path], False) as made:
        yield made


def tasks(count: int) -> Iterator[tuple[int, GradingTask]]:
    return ((number, GradingTask(f"{number}", submissions.LESSON, (GOOD,), 3)) for number in range(count))


def test_a_killed_worker_is_replaced_and_its_task_done_again(pool: LocalPool) -> None:
    results = {}
    for number, result in pool.run(tasks(8)):
        results[number] = result["record"]["points"]
        if len(results) in (1, 5):  # a task that is lost once is done again; one lost twice would be given up
            for worker in [one for one in pool._workers if one.tries == 0]:
                os.kill(worker.process.pid, signal.SIGKILL)
    assert results == dict.fromkeys(range(8), 100)


def test_a_killed_locked_server_is_replaced(pool: LocalPool) -> None:
    results = {}
    for number, result in pool.run(tasks(6)):
        results[number] = result["record"]["points"]
        if number == 2:
            pool._server.process._process.kill()
    assert results == dict.fromkeys(range(6), 100)


def test_no_idle_worker_of_a_killed_locked_server_is_given_what_another_lost(pool: LocalPool) -> None:
    dict(pool.run(tasks(4)))
    assert [worker.task for worker in pool._workers] == [None, None]
    pool._server.process._process.kill()
    pool._server.process._process.wait()
    results = dict(pool.run(tasks(1)))
    assert results[0]["record"]["points"] == 100


def test_a_server_that_only_seems_to_live_is_replaced(
    pool: LocalPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a process with threads does, whose main thread has ended before the others."""
    dict(pool.run(tasks(2)))
    process = pool._server.process._process
    monkeypatch.setattr(process, "poll", lambda: None)
    process.kill()
    process.wait()
    results = dict(pool.run(tasks(2)))
    assert [results[number]["record"]["points"] for number in range(2)] == [100, 100]


def test_a_task_that_ends_every_worker_has_a_status(pool: LocalPool, monkeypatch: pytest.MonkeyPatch) -> None:
    def end(checker: object, task: GradingTask) -> dict:
        if task.student == "1":
            os._exit(9)
        return grade_task(checker, task)

    grade_task = pools.grade_task
    monkeypatch.setattr(pools, "grade_task", end)  # the workers are forked, so they see it
    results = dict(pool.run(tasks(4)))
    assert [results[number]["record"]["points"] for number in range(4)] == [100, 0, 100, 100]
    assert {part["status"] for part in results[1]["record"]["parts"]} == {"died"}
    assert "by hand" in results[1]["record"]["parts"][0]["message"]


def test_every_record_is_there_before_the_next_is_done(pool: LocalPool, tmp_path: Path) -> None:
    for name in "abc":
        write(tmp_path / "class" / name, solved())
    found = find_submissions(tmp_path / "class", [lesson.name for lesson in checks.all_lessons()])
    stored: list[int] = []

    def count() -> None:
        stored.append(len(list((tmp_path / "out").glob("*/01_cells.json"))))

    grade_class(found.submissions, Store(tmp_path / "out", 1), pool, progress=count)
    assert stored == [1, 2, 3]
