"""`check(lstm_step, "1.2")`: what a check cell of an exercise runs."""

from __future__ import annotations

import contextlib
import io
import os
import secrets
from collections.abc import Callable
from typing import Any

from recdrop_lessons.checks.answer import LocalAnswer, Status
from recdrop_lessons.checks.parts import PictureData
from recdrop_lessons.checks.registry import part as find_part
from recdrop_lessons.checks.registry import run
from recdrop_lessons.checks.report import Report
from recdrop_lessons.course import progress

_PRINTED = 2000  # characters of the answer's own output that are shown


class PartFailed(AssertionError):
    """The part is not right yet. Raised after its report is shown, so that nbgrader scores the cell 0."""

    def _render_traceback_(self) -> list[str]:
        # The report above says it all; a traceback through the checks would only hide it.
        return [str(self)]


def check(function: Callable[..., Any], part: str | None = None, *, seed: int | None = None) -> None:
    """Check an answer on fresh inputs, show the report and keep the progress.

    `function`: the answer.
    `part`: its number, "1.2"; found by the function's name where left out.
    `seed`: for the same inputs again; a new one each time where left out.
    Raises `PartFailed`: the answer is not right.
    """
    found = find_part(part or str(getattr(function, "__name__", "")))
    printed = Limited()
    with contextlib.redirect_stdout(printed):
        result = run(found, LocalAnswer(function, found.name), secrets.randbits(32) if seed is None else seed)
    if "NBGRADER_EXECUTION" not in os.environ:  # an instructor's run is nobody's progress
        result = progress.note_check(result)
    _show(Report(result, printed.getvalue()), result.picture)
    if result.status != Status.OK:
        reason = f" ({result.misconception})" if result.misconception else ""
        raise PartFailed(f"{result.part} {result.name} is not right yet{reason}: see the report above.")


class Limited(io.StringIO):
    """Keeps the first characters that are printed, and lets the rest go."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, _PRINTED - self.tell())])
        return len(text)


def _show(report: Report, picture: PictureData | None) -> None:
    """The report, and below it a button that opens the explorer of the mistake."""
    try:
        from IPython.core.getipython import get_ipython
        from IPython.display import display
    except ImportError:
        print(report)
        return
    if get_ipython() is None:
        print(report)
        return
    display(report)
    if picture and "explorer" in picture and "NBGRADER_EXECUTION" not in os.environ:
        with contextlib.suppress(ImportError):  # without widgets the picture says it
            from recdrop_lessons.explorers.opener import opener

            display(opener(picture["explorer"], picture["words"], picture["settings"]))
