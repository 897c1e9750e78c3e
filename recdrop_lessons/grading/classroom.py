"""A class graded: every submission to a record, in parallel, going on where a run was cut off."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from recdrop_lessons import checks
from recdrop_lessons.grading import feedback_steps
from recdrop_lessons.grading.checker import Checker, Graded
from recdrop_lessons.grading.finding import read_file
from recdrop_lessons.grading.inside.reading import Unreadable
from recdrop_lessons.grading.records import Record, Store, checks_version
from recdrop_lessons.grading.submissions import Attempt, Submission


@dataclass(frozen=True)
class GradingTask:
    """What a worker grades: bytes and names, so that it can be sent to another machine."""

    student: str
    lesson: str
    attempts: tuple[bytes | str, ...]  # a notebook's bytes, or the sentence that says why there are none
    seed: int


class Pool(Protocol):
    """Something that grades tasks in any order."""

    isolation: str

    def run(self, tasks: Iterator[tuple[Any, GradingTask]]) -> Iterator[tuple[Any, Record]]:
        """Each task's key with its result, as they are done."""
        ...


def grade_task(checker: Checker, task: GradingTask) -> Record:
    """The task's result. A pure function of the task.

    Record, answers, notes, which attempt counted, and what feedback in steps needs (feedback_steps.py): what
    is meant, part by part, which parts failed, and which had failed in an attempt before the one that counts.
    """
    lesson = checks.lesson(task.lesson)
    best: Graded | None = None
    counted = 0
    failures: list[set[str]] = []
    for number, attempt in enumerate(task.attempts, 1):
        if isinstance(attempt, str):
            graded = Checker.unreadable(lesson, attempt, checker.isolation)
            if attempt.startswith(("There is no notebook", "Nothing was handed in")):
                graded = replace(
                    graded, parts=tuple(replace(part, status=checks.Status.MISSING) for part in graded.parts)
                )
        else:
            graded = checker.grade(attempt, lesson, task.seed)
        failures.append(feedback_steps.failed(graded))
        if best is None or graded.points >= best.points:
            best, counted = graded, number
    assert best is not None
    return {
        "record": best.record(),
        "answers": best.answers,
        "notes": best.notes,
        "attempt": counted,
        "attempts": len(task.attempts),
        "meant": {part.part: part.meant for part in best.parts if part.meant},
        "failed": sorted(failures[counted - 1]),
        "failed_before": sorted(set().union(*failures[: counted - 1])),
    }


@dataclass(frozen=True)
class GradedSubmission:
    """One submission with its result; both moments in seconds since 1970.

    `handed_in`: of the attempt that counts. `due`: None where nothing is late.
    """

    submission: Submission
    result: Record
    handed_in: float
    due: float | None

    @property
    def late(self) -> bool | None:
        return None if self.due is None else self.handed_in > self.due


def grade_class(
    submissions: Sequence[Submission],
    store: Store,
    pool: Pool,
    *,
    attempts: str = "last",
    due: float | None = None,
    progress: Callable[[], None] = lambda: None,
) -> list[GradedSubmission]:
    """Grade what is not graded yet; every result is on disk before the next counts as done.

    `submissions`: what was handed in.
    `store`: where the records are and go.
    `pool`: who grades.
    `attempts`: "last", or "best" of several.
    `due`: seconds since 1970, after which an attempt is late.
    `progress`: called for each submission that is done.
    Returns a row for each submission, in their order.
    """
    results: dict[Submission, Record] = {}

    def open_tasks() -> Iterator[tuple[tuple[Submission, Record], GradingTask]]:
        for submission in submissions:
            chosen = submission.attempts if attempts == "best" else submission.attempts[-1:]
            data = tuple(_read(attempt) for attempt in chosen)
            basis = {
                "attempts": [_digest(one) for one in data],
                "seed": store.seed,
                "checks": checks_version(),
                "isolation": pool.isolation,
            }
            found = store.find(submission.student, submission.lesson, basis)
            if found is not None:
                results[submission] = found
                progress()
            else:
                yield (
                    (submission, basis),
                    GradingTask(submission.student, submission.lesson, data, store.seed),
                )

    for (submission, basis), result in pool.run(open_tasks()):
        earlier = store.last(submission.student, submission.lesson)
        full = feedback_steps.told(result, earlier, basis) | {"student": submission.student, "basis": basis}
        store.write(submission.student, submission.lesson, full)
        results[submission] = full
        progress()
    return [
        GradedSubmission(one, results[one], _counted(one, results[one], attempts).handed_in, due)
        for one in submissions
    ]


def _read(attempt: Attempt) -> bytes | str:
    if attempt.path is None:
        return attempt.why
    try:
        return read_file(attempt.path)
    except Unreadable as error:
        return str(error)


def _digest(data: bytes | str) -> str:
    return data if isinstance(data, str) else hashlib.sha256(data).hexdigest()


def _counted(submission: Submission, result: Record, attempts: str) -> Attempt:
    return submission.attempts[result["attempt"] - 1 if attempts == "best" else -1]
