"""Grading on a Dask cluster: the same pure function of a task, run where the scheduler sends it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import torch

from recdrop_lessons.grading.checker import Checker
from recdrop_lessons.grading.classroom import GradingTask, grade_task
from recdrop_lessons.grading.fork_server import GradingError
from recdrop_lessons.grading.isolation import locked_server
from recdrop_lessons.grading.records import Record, checks_version
from recdrop_lessons.grading.spawner import Server
from recdrop_lessons.support.optional import need

_AHEAD = 4  # tasks sent to the cluster for each of its threads, so that none waits and few are in memory


class ClusterPool:
    """Grades on the workers of a scheduler. A worker that is lost has its tasks graded by another.

    `address`: the scheduler's, "tcp://host:8786".
    `kind`: of isolation, probed on each worker.
    `trusted`: go on without isolation where none holds.
    Raises `ImportError`: dask.distributed is not installed.
    Raises `GradingError`: no worker, a worker with another version of the course, or one without isolation.
    """

    def __init__(self, address: str, kind: str, trusted: bool) -> None:
        self._distributed = need("distributed", "distributed")
        self._kind, self._trusted = kind, trusted
        try:
            self._client = self._distributed.Client(address, timeout=10)
        except (OSError, TimeoutError) as error:
            raise GradingError(f"No Dask scheduler answers at {address}: {error}") from None
        try:
            self.isolation = self._agreed()
        except BaseException:
            self._client.close()
            raise

    def _agreed(self) -> str:
        """The isolation that all workers have."""
        found: dict[str, tuple[str, str]] = self._client.run(_introduce, self._kind, self._trusted)
        if not found:
            raise GradingError("The cluster has no worker.")
        if any(version != checks_version() for version, _ in found.values()):
            raise GradingError("A worker of the cluster has another version of the course: install the same.")
        kinds = {kind for _, kind in found.values()}
        if len(kinds) > 1:
            found_kinds = ", ".join(sorted(kinds))
            raise GradingError(
                f"The cluster's workers differ in isolation ({found_kinds}): --isolation names one."
            )
        return kinds.pop()

    def run(self, tasks: Iterator[tuple[Any, GradingTask]]) -> Iterator[tuple[Any, Record]]:
        """Each task's key and result, as they are done."""
        keys: dict[Any, Any] = {}
        done = self._distributed.as_completed()
        more = True
        while more or keys:
            ahead = _AHEAD * max(1, sum(self._client.nthreads().values()))
            while more and len(keys) < ahead:
                following = next(tasks, None)
                if following is None:
                    more = False
                    break
                key, task = following
                # pure=False: two students with the same notebook are two tasks.
                future = self._client.submit(_grade, task, self._kind, self._trusted, pure=False, retries=2)
                keys[future] = key
                done.add(future)
            if keys:
                future = next(done)
                yield keys.pop(future), future.result()

    def __enter__(self) -> ClusterPool:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()


class _Here:
    """What one worker process of the cluster keeps between tasks: the fork server, and a checker a thread."""

    lock = threading.Lock()
    server: Server | None = None
    threads = threading.local()


def _checker(kind: str, trusted: bool) -> Checker:
    with _Here.lock:
        if _Here.server is None or not _Here.server.alive:
            _Here.server = locked_server(kind, trusted=trusted)
        server = _Here.server
    checker: Checker | None = getattr(_Here.threads, "checker", None)
    if checker is None or checker.server is not server:
        torch.set_num_threads(1)  # small tensors: a second thread would only wait, and take a core to do so
        checker = _Here.threads.checker = Checker(server)
    return checker


def _introduce(kind: str, trusted: bool) -> tuple[str, str]:
    return checks_version(), _checker(kind, trusted).isolation


def _grade(task: GradingTask, kind: str, trusted: bool) -> Record:
    try:
        return grade_task(_checker(kind, trusted), task)
    except GradingError:  # its spawner is lost; the next try gets another
        _Here.threads.checker = None
        raise
