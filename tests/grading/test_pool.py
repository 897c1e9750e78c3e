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
from recdrop_lessons.grading.checker import Checker
from recdrop_lessons.grading.classroom import Task, grade_class
from recdrop_lessons.grading.pool import LocalPool
from recdrop_lessons.grading.records import Store
from recdrop_lessons.grading.remote import Budget, RemoteAnswer
from recdrop_lessons.grading.submissions import find_submissions

GOOD = submissions.notebook(solved())


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[LocalPool]:
    with LocalPool(2, "auto", [tmp_path], False) as made:
        yield made


def tasks(count: int) -> Iterator[tuple[int, Task]]:
    return ((number, Task(f"{number}", submissions.LESSON, (GOOD,), 3)) for number in range(count))


def test_a_killed_worker_is_replaced_and_its_task_done_again(pool: LocalPool) -> None:
    results = {}
    for number, result in pool.run(tasks(8)):
        results[number] = result["record"]["points"]
        if len(results) in (1, 5):  # a task that is lost once is done again; one lost twice would be given up
            for worker in [one for one in pool._workers if one.tries == 0]:
                os.kill(worker.process.pid, signal.SIGKILL)
    assert results == dict.fromkeys(range(8), 100)


def test_a_killed_warm_parent_is_replaced(pool: LocalPool) -> None:
    results = {}
    for number, result in pool.run(tasks(6)):
        results[number] = result["record"]["points"]
        if number == 2:
            pool._parent.zygote._process.kill()
    assert results == dict.fromkeys(range(6), 100)


def test_a_task_that_ends_every_worker_has_a_status(pool: LocalPool, monkeypatch: pytest.MonkeyPatch) -> None:
    def end(checker: object, task: Task) -> dict:
        if task.student == "1":
            os._exit(9)
        return grade_task(checker, task)

    grade_task = pools.grade_task
    monkeypatch.setattr(pools, "grade_task", end)  # the workers are forked, so they see it
    results = dict(pool.run(tasks(4)))
    assert [results[number]["record"]["points"] for number in range(4)] == [100, 0, 100, 100]
    assert {part["status"] for part in results[1]["record"]["parts"]} == {"died"}
    assert "by hand" in results[1]["record"]["parts"][0]["message"]


@pytest.fixture
def cores() -> Iterator[set[int]]:
    """At most two cores for this test, whatever the machine has."""
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("this system does not say its cores")
    before = os.sched_getaffinity(0)
    few = set(sorted(before)[:2])
    os.sched_setaffinity(0, few)
    yield few
    os.sched_setaffinity(0, before)


def test_workers_that_fill_the_machine_have_a_core_each(cores: set[int], tmp_path: Path) -> None:
    with LocalPool(len(cores), "auto", [tmp_path], False) as pool:
        assert len(dict(pool.run(tasks(2 * len(cores))))) == 2 * len(cores)
        taken = [os.sched_getaffinity(worker.process.pid) for worker in pool._workers]
        assert sorted(map(len, taken)) == [1] * len(cores) and set().union(*taken) == cores
        os.kill(pool._workers[0].process.pid, signal.SIGKILL)  # the next one gets its core
        assert len(dict(pool.run(tasks(2 * len(cores))))) == 2 * len(cores)
        taken = [os.sched_getaffinity(worker.process.pid) for worker in pool._workers]
        assert set().union(*taken) == cores
    with LocalPool(len(cores) + 1, "auto", [tmp_path], False) as pool:
        assert dict(pool.run(tasks(1)))
        assert os.sched_getaffinity(pool._workers[0].process.pid) == cores


def test_a_learner_runs_where_its_checker_does(cores: set[int], checker: Checker) -> None:
    os.sched_setaffinity(0, {min(cores)})
    checker.close()  # its nurseries run where they were asked for
    asks = "import os\ndef f(): return sorted(os.sched_getaffinity(0))"
    remote = checker.open(checks.lesson("01"), Budget(30))
    assert remote.run(asks, "cell 1") is None
    assert RemoteAnswer(remote, "f")() == [min(cores)]
    remote.close()
    checker.close()


def test_every_record_is_there_before_the_next_is_done(pool: LocalPool, tmp_path: Path) -> None:
    for name in "abc":
        write(tmp_path / "class" / name, solved())
    found = find_submissions(tmp_path / "class", [lesson.name for lesson in checks.all_lessons()])
    stored: list[int] = []

    class Bar:
        def update(self, count: int) -> None:
            stored.append(len(list((tmp_path / "out").glob("*/01_cells.json"))))

    grade_class(found.submissions, Store(tmp_path / "out", 1), pool, progress=Bar())
    assert stored == [1, 2, 3]
