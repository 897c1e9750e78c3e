"""One notebook to one record: a pure function of the file, the lesson and the seed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from recdrop_lessons import checks
from recdrop_lessons.checks.answer import AnswerError, AnswerLost, Status
from recdrop_lessons.checks.parts import Lesson, Part, PartResult
from recdrop_lessons.grading.finding import MAX_FILE
from recdrop_lessons.grading.fork_server import GradingError
from recdrop_lessons.grading.learner_process import Budget, LearnerProcess, RemoteAnswer, Times
from recdrop_lessons.grading.merge import CellStep, Merged, course_imports, late_imports, merge
from recdrop_lessons.grading.names import shown_code
from recdrop_lessons.grading.spawner import Server, Spawner

# The best of several tries counts.
_RANK = (Status.OK, Status.FAILED, Status.TIMEOUT, Status.DIED, Status.MISSING, Status.UNREADABLE)


@dataclass(frozen=True)
class Graded:
    """One notebook's results.

    `lesson`: its name.
    `parts`: a result for each of the lesson's parts, in order.
    `isolation`: how the learner's process was locked.
    `answers`: the learner's code by part number.
    `notes`: sentences about the notebook, by part number; "" for the whole.
    """

    lesson: str
    parts: tuple[PartResult, ...]
    isolation: str
    answers: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def points(self) -> int:
        return sum(part.points for part in self.parts)

    @property
    def exit_code(self) -> int:
        """0: all parts that have points are right; 1: not all; 2: the notebook could not be graded."""
        statuses = {part.status for part in self.parts if part.max_points}
        return 2 if statuses <= {Status.UNREADABLE} else 0 if statuses == {Status.OK} else 1

    def record(self) -> dict[str, Any]:
        return {
            "lesson": self.lesson,
            "points": self.points,
            "max_points": sum(part.max_points for part in self.parts),
            "isolation": self.isolation,
            "parts": [part.record() for part in self.parts],
        }


class Checker:
    """Grades notebooks one after another.

    `server`: where the learners' processes come from, and under which locks.
    `times`: wall time limits.
    """

    def __init__(self, server: Server, times: Times | None = None) -> None:
        self.server = server
        self.isolation = server.sandbox.name
        self.times = times or Times()
        self._spawners: dict[tuple[str, ...], Spawner] = {}  # by the libraries that are loaded there

    def spawner(self, lesson: Lesson, more: tuple[str, ...] = ()) -> Spawner:
        """Where that lesson's learners come from, with more modules loaded.

        Raises GradingError where the locks fail.
        """
        libraries = course_imports(lesson) + more
        if libraries not in self._spawners:
            self._spawners[libraries] = self.server.spawner(libraries)
        return self._spawners[libraries]

    def close(self) -> None:
        for spawner in self._spawners.values():
            spawner.close()
        self._spawners.clear()

    def __enter__(self) -> Checker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def grade(self, data: bytes, lesson: Lesson, seed: int) -> Graded:
        """The lesson's parts, each checked on fresh inputs from the seed."""
        budget = Budget(self.times.notebook)
        notebook = self.open(lesson, budget)
        try:
            found = notebook.read(data)
        except AnswerLost as lost:
            return self.unreadable(lesson, lost.message, self.isolation)
        except BaseException:
            notebook.close()
            raise
        if "unreadable" in found:
            notebook.close()
            return self.unreadable(lesson, str(found["unreadable"]), self.isolation)
        merged = merge(lesson, found["cells"])
        more = late_imports(found["cells"])
        if more:
            notebook.close()
            notebook = self.open(lesson, budget, more)
        run = _Run(self, lesson, merged, budget, notebook, seed=seed, more=more)
        results = run.parts()
        answers = {
            part.number: step.source for part in lesson.parts if (step := merged.answer(part)) is not None
        }
        notes = dict(merged.notes)
        if broken := [
            _not_python(step, raised) for step, raised in run.trouble.items() if step.kind == "own"
        ]:
            notes[""] = " ".join(filter(None, broken))
        if not answers:
            notes[""] = f"None of the notebook's cells is a part of {lesson.name}: is it the right notebook?"
        return Graded(lesson.name, tuple(results), self.isolation, answers, notes)

    @staticmethod
    def unreadable(lesson: Lesson, why: str, isolation: str) -> Graded:
        """The record of a notebook that could not be read: a sentence, never a silent zero."""
        parts = tuple(part.result(Status.UNREADABLE, why) for part in lesson.parts)
        return Graded(lesson.name, parts, isolation, {}, {"": why})

    def open(self, lesson: Lesson, budget: Budget, more: tuple[str, ...] = ()) -> LearnerProcess:
        """A fresh learner's process."""
        return LearnerProcess(self.spawner(lesson, more), self.times, budget, MAX_FILE + 1)


class _Run:
    """The steps of one notebook in a process that is replaced when it is lost, the good cells replayed."""

    def __init__(
        self,
        checker: Checker,
        lesson: Lesson,
        merged: Merged,
        budget: Budget,
        notebook: LearnerProcess,
        *,
        seed: int,
        more: tuple[str, ...],
    ) -> None:
        self.checker, self.lesson, self.merged, self.budget, self.seed = checker, lesson, merged, budget, seed
        self.more = more  # modules to load before
        self.notebook = notebook
        self.bad: dict[CellStep, AnswerLost] = {}  # cells that cost a process; they are not run again
        self.trouble: dict[CellStep, AnswerError] = {}  # what cells raised

    def parts(self) -> list[PartResult]:
        try:
            results = self._in_order()
            for part in self.lesson.parts:
                result = results[part.number]
                if result.status != Status.OK and self._may_be_disturbed(part):
                    results[part.number] = self._apart(part, result)
        finally:
            self.notebook.close()
        return [results[part.number] for part in self.lesson.parts]

    def _in_order(self) -> dict[str, PartResult]:
        """From top to bottom, each part checked where its check stands, as the notebook would run."""
        results: dict[str, PartResult] = {}
        done: list[CellStep] = []
        for step in self.merged.steps:
            if self.notebook.lost is not None:
                self._replace(done)
            if step.kind != "check":
                if self._run(step):
                    done.append(step)
            else:
                for part in step.parts:
                    results[part.number] = self._check(part)
        return results

    def _may_be_disturbed(self, part: Part) -> bool:
        """Whether another cell could be why the part is not right."""
        own = self.merged.answer(part)
        others = [step for step in self.merged.steps if step.kind in ("own", "answer") and step != own]
        return own is not None and any(not step.plain or step in self.bad for step in others)

    def _apart(self, part: Part, result: PartResult) -> PartResult:
        """The best of: without the other answers, without any other cell of the learner's."""
        answer = self.merged.answer(part)
        locked = [step for step in self.merged.steps if step.kind == "locked"]
        own = [step for step in self.merged.steps if step.kind == "own" and step not in self.bad]
        for steps in ([*locked, *own, answer], [*locked, answer]):
            if self.budget.spent or answer is None:
                break
            self.notebook.close()
            retried = self.bad.pop(answer, None)
            self._replace([step for step in steps if step is not None])
            again = self._check(part)
            if retried is not None:
                self.bad.setdefault(answer, retried)
            result = min(result, again, key=lambda one: _RANK.index(one.status))
            if result.status == Status.OK:
                break
        return result

    def _run(self, step: CellStep) -> bool:
        """Run a cell; False if it cost the process."""
        try:
            raised = self.notebook.run(step.source, step.label)
        except AnswerLost as lost:
            self.bad[step] = lost
            return False
        self.trouble.pop(step, None)
        if raised is not None:
            self.trouble[step] = raised
        return True

    def _replace(self, steps: Sequence[CellStep]) -> None:
        """A fresh process with the good ones of these cells run."""
        while True:
            self.notebook = self.checker.open(self.lesson, self.budget, self.more)
            if all(self._run(step) for step in steps if step not in self.bad):
                return

    def _check(self, part: Part) -> PartResult:
        answer = self.merged.answer(part)
        if answer is not None and answer in self.bad:
            lost = self.bad[answer]
            return part.result(lost.status, f"In {answer.label}: {lost.message}")
        try:
            if not self.notebook.has(part.name):
                return part.result(Status.MISSING, self._why_missing(part, answer))
            return checks.run(part, RemoteAnswer(self.notebook, part.name), self.seed)
        except AnswerLost as lost:
            return part.result(lost.status, lost.message)
        except GradingError:  # the grader's own process is gone: nobody's answer is to blame
            raise
        except Exception as error:  # a check that stumbles over a strange value costs this part alone
            return part.result(
                Status.FAILED,
                f"The check could not judge this answer ({type(error).__name__}: {error}).",
            )

    def _why_missing(self, part: Part, answer: CellStep | None) -> str:
        if answer is None:
            return (
                f"No cell defines `{part.name}`: was it deleted or renamed? "
                f"`recdrop reset {part.number}` puts it back."
            )
        if answer in self.trouble:
            raised = self.trouble[answer]
            return (
                _not_python(answer, raised)
                or f"{answer.label.capitalize()} raised {raised} before `{part.name}` was defined."
            )
        return f"{answer.label.capitalize()} does not define a function `{part.name}`: was it renamed?"


def _not_python(step: CellStep, raised: AnswerError) -> str:
    """Return which line of the cell Python cannot read, and why; "" if the cell raised something else."""
    if raised.type_name not in ("SyntaxError", "IndentationError", "TabError"):
        return ""
    what = f" with `{step.parts[0].name}`" if step.parts else ""
    place = re.fullmatch(r"(.*) \(<cell \d+>, line (\d+)\)", raised.message, re.DOTALL)
    if place is None:
        return f"The cell{what} ({step.label}, text cells included) is not valid Python: {raised.message}."
    why, line = place[1], int(place[2])
    lines = step.source.splitlines()
    code = shown_code(lines[line - 1].strip())[:80] if line <= len(lines) else ""
    return (
        f"Line {line} of the cell{what} ({step.label}, text cells included) is not valid Python: "
        f"{why}{f' in `{code}`' * bool(code)}."
    )
