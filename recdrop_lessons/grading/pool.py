"""Workers on this machine: where it can fork, from this process, which has torch and the checks loaded."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkContext, SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch

from recdrop_lessons import checks
from recdrop_lessons.grading.checker import Checker
from recdrop_lessons.grading.classroom import GradingTask, grade_task
from recdrop_lessons.grading.fork_server import GradingError, can_fork
from recdrop_lessons.grading.inside import sandbox
from recdrop_lessons.grading.isolation import locked_server
from recdrop_lessons.grading.learner_process import Times
from recdrop_lessons.grading.records import Record
from recdrop_lessons.grading.spawner import Server

_TRIES = 2  # of a task whose worker is lost: the machine may have been short of memory
# How a worker ends whose learners' side is gone: its place needs a fresh spawner, or a fresh server.
_SPAWNER_LOST, _SERVER_LOST = 3, 4


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    server: Server
    key: Any = None
    task: GradingTask | None = None
    deadline: float = 0.0
    tries: int = field(default=0)


class LocalPool:
    """Grades with several processes, each with a spawner of its own of one server.

    `jobs`: how many.
    `server`: gives a fork server; called again should it be lost.
    `times`: wall time limits of a notebook.
    """

    def __init__(
        self, jobs: int, kind: str, shut: list[Path], trusted: bool, times: Times | None = None
    ) -> None:
        self._jobs = jobs
        self._kind, self._shut, self._trusted = kind, shut, trusted
        self._times = times or Times()
        self._server = self._start()
        self.isolation = self._server.sandbox.name
        self._forks = can_fork()
        self._context: ForkContext | SpawnContext = (
            multiprocessing.get_context("fork") if self._forks else multiprocessing.get_context("spawn")
        )
        self._workers: list[_Worker] = []

    def _start(self) -> Server:
        server = locked_server(self._kind, shut=self._shut, trusted=self._trusted)
        server.start()  # here, since of the workers only one could
        return server

    def run(self, tasks: Iterator[tuple[Any, GradingTask]]) -> Iterator[tuple[Any, Record]]:
        """Each task's key and result, as they are done. A task is read only when a worker is free for it."""
        waiting: list[tuple[Any, GradingTask, int]] = []  # whose worker was lost
        results: list[tuple[Any, Record]] = []
        more = True
        while True:
            while more or waiting:
                worker = self._free()
                if worker is None:
                    break
                if waiting:
                    self._give(worker, *waiting.pop())
                    continue
                following = next(tasks, None)
                if following is None:
                    more = False
                else:
                    self._give(worker, *following, 0)
            yield from results  # only now, so that the worker goes on while the result is written
            results.clear()
            busy = [worker for worker in self._workers if worker.task is not None]
            if not busy:
                return
            for worker in self._done(busy):
                key, task = worker.key, worker.task
                assert task is not None
                try:
                    result = worker.pipe.recv()
                except (EOFError, OSError):
                    self._bury(worker)
                    if worker.tries + 1 < _TRIES:
                        waiting.append((key, task, worker.tries + 1))
                    else:
                        results.append((key, _lost(task, self.isolation)))
                    continue
                worker.key = worker.task = None
                results.append((key, result))

    def _free(self) -> _Worker | None:
        for worker in self._workers:
            if worker.task is None:
                return worker
        if len(self._workers) >= self._jobs:
            return None
        ours, theirs = self._context.Pipe()
        others = [worker.pipe for worker in self._workers] + [ours] if self._forks else []
        process = self._context.Process(
            target=_work, args=(theirs, others, self._server, self._times), daemon=True
        )
        process.start()
        theirs.close()
        self._workers.append(_Worker(process, ours, self._server))
        return self._workers[-1]

    def _give(self, worker: _Worker, key: Any, task: GradingTask, tries: int) -> None:
        worker.key, worker.task, worker.tries = key, task, tries
        worker.deadline = time.monotonic() + (2 * self._times.notebook + 60) * len(task.attempts)
        with contextlib.suppress(OSError):  # if it has died meanwhile, receiving says so
            worker.pipe.send(task)

    def _done(self, busy: list[_Worker]) -> list[_Worker]:
        """The workers that have answered or died; one that is far over its time is killed first."""
        ready = wait([worker.pipe for worker in busy], timeout=5)
        for worker in busy:
            if worker.pipe not in ready and time.monotonic() > worker.deadline:
                worker.process.kill()
        return [worker for worker in busy if worker.pipe in ready]

    def _bury(self, worker: _Worker) -> None:
        worker.pipe.close()
        worker.process.join()
        self._workers.remove(worker)
        # The worker's word counts: a server's spawners may be gone before the whole process is.
        lost = worker.process.exitcode == _SERVER_LOST or not worker.server.alive
        if lost and worker.server is self._server:
            self._server.close()
            self._server = self._start()
            self._retire()

    def _retire(self) -> None:
        """End the idle workers of a server that is gone: each would lose the task that it is given."""
        for worker in [one for one in self._workers if one.task is None and one.server is not self._server]:
            worker.pipe.close()
            worker.process.join()
            self._workers.remove(worker)

    def close(self) -> None:
        for worker in self._workers:
            worker.pipe.close()
        for worker in self._workers:
            worker.process.join(2)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
        self._server.close()

    def __enter__(self) -> LocalPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _work(pipe: Connection, others: list[Connection], server: Server, times: Times) -> None:
    """A worker's life: grade what comes, until the pipe ends."""
    sandbox.die_with_parent()
    for other in others:  # else the end of this process's own pipe would never be seen
        other.close()
    torch.set_num_threads(1)  # small tensors: a second thread would only wait, and take a core to do so
    status = 0
    try:
        checker = Checker(server, times)
        while True:
            task = pipe.recv()
            pipe.send(grade_task(checker, task))
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        pass
    except GradingError:
        status = _SPAWNER_LOST if _gives_spawners(server) else _SERVER_LOST
    finally:
        os._exit(status)


def _gives_spawners(server: Server) -> bool:
    try:
        server.spawner().close()
    except GradingError:
        return False
    return True


def _lost(task: GradingTask, isolation: str) -> Record:
    """The result of a task that cost its worker each time: a status, never a silent zero."""
    lesson = checks.lesson(task.lesson)
    why = "Grading this notebook ended the grader itself, twice. Look at it by hand."
    graded = Checker.unreadable(lesson, why, isolation)
    record = graded.record()
    for part in record["parts"]:
        part["status"] = checks.Status.DIED
    return {"record": record, "answers": {}, "notes": {"": why}, "attempt": 1, "attempts": len(task.attempts)}
