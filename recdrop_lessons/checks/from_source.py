"""An answer that comes as text, and its result as plain data: what a page of the site asks for.

The text is run in this process, as a notebook's cells are. A page runs it in a worker that it can stop.
"""

from __future__ import annotations

import contextlib
import dataclasses
import linecache
from typing import Any

import torch

from recdrop_lessons.checks.answer import AnswerError, AnswerLost, LocalAnswer, Status, answer_error
from recdrop_lessons.checks.notebook import Limited
from recdrop_lessons.checks.parts import Part, PartResult
from recdrop_lessons.checks.registry import part as find_part
from recdrop_lessons.checks.registry import run
from recdrop_lessons.checks.report import Report
from recdrop_lessons.course import progress

_FILE = "<your answer>"


def check(part: str, source: str, seed: int, *, before: str = "", counted: bool = False) -> dict[str, Any]:
    """Run the text, check the part's function in it on inputs from the seed.

    `part`: its number, "1.2", or its function's name.
    `source`: the learner's cell, whose lines a traceback counts.
    `before`: what runs before it: the exercise's setup, and other cells.
    `counted`: whether it counts in the learner's progress, as a check in the notebook does.
    `seed`: the same seed gives the same inputs, and the same numbers from torch's own generator.

    Gives what a record of `recdrop check --json` says of a part (`status`, `misconception`, `message`,
    `points`, perhaps `picture`, and the rest); `html`, the report as JupyterLab shows it, without the hint;
    and `text`, the same in plain text. The status is "not here" where the browser lacks what the answer uses:
    then nothing is said of the answer.

    Raises `KeyError`: there is no such part.
    """
    found = find_part(part)
    printed = Limited()
    with contextlib.redirect_stdout(printed):
        result = _result(found, source, seed, before)
    if counted and result.status != Status.NOT_HERE:
        result = progress.note_check(result)
    report = Report(dataclasses.replace(result, hint=""), printed.getvalue())
    return result.record() | {"html": report._repr_html_(), "text": report.text()}


def _result(part: Part, source: str, seed: int, before: str) -> PartResult:
    linecache.cache[_FILE] = (len(source), None, source.splitlines(keepends=True), _FILE)
    names: dict[str, Any] = {"__name__": "__main__"}
    torch.manual_seed(seed)
    try:
        exec(compile(before, "<before your answer>", "exec"), names)
        exec(compile(source, _FILE, "exec"), names)
    except (Exception, SystemExit) as error:
        return _failed(part, answer_error(error))
    function = names.get(part.name)
    if not callable(function):
        said = f"There is no function {part.name} in your code: keep the `def` line as it was."
        return part.result(Status.MISSING, said)
    try:
        return run(part, LocalAnswer(function, part.name), seed)
    except Exception as error:  # the check itself may use what the browser lacks
        lost = answer_error(error)
        if isinstance(lost, AnswerLost):
            return _failed(part, lost)
        raise


def _failed(part: Part, error: AnswerError | AnswerLost) -> PartResult:
    """The result where the text does not run."""
    if isinstance(error, AnswerLost):
        return part.result(error.status, error.message)
    details = {"traceback": error.traceback_text}
    return part.result(Status.FAILED, f"Your code does not run: {error}.", None, details)
