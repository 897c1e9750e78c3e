"""`recdrop check`: one's own notebook, by the same engine as a class."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path

from recdrop_lessons import checks
from recdrop_lessons.checks.answer import Status
from recdrop_lessons.checks.parts import scored
from recdrop_lessons.checks.report import pictured, told
from recdrop_lessons.course import progress
from recdrop_lessons.grading.checker import Checker, Graded
from recdrop_lessons.grading.finding import lesson_of_file, notebook_at, read_file
from recdrop_lessons.grading.inside.reading import Unreadable
from recdrop_lessons.grading.isolation import locked_server


def check_notebook(path: Path, seed: int | None = None, isolation: str = "auto") -> Graded:
    """Grade a learner's own notebook on this machine. The file is only read.

    Where no isolation holds it is graded without: it is the learner's own code.

    Raises `NotFound`: there is no such notebook, or it is of no lesson.
    """
    path = notebook_at(path)
    lessons = checks.all_lessons()
    try:
        data = read_file(path)
    except Unreadable as error:
        lesson = lesson_of_file(path, b"", lessons)
        return Checker.unreadable(lesson, str(error), isolation="none")
    lesson = lesson_of_file(path, data, lessons)
    seed = secrets.randbits(32) if seed is None else seed
    with locked_server(isolation, trusted=True) as server, Checker(server) as checker:
        return checker.grade(data, lesson, seed)


def text(graded: Graded) -> str:
    """The result for a terminal: a line a part, what to learn from it, the next hint."""
    lines = [f"{graded.lesson}: {graded.points} of {sum(part.max_points for part in graded.parts)} points"]
    if graded.exit_code == 2:
        return "\n".join([*lines, f"  {graded.notes.get('', '')}"])
    if "" in graded.notes:
        lines.append(f"  {graded.notes['']}")
    for part in graded.parts:
        mark = "✓" if part.status == Status.OK else "✗"
        state = "" if part.status in (Status.OK, Status.FAILED) else f"  [{part.status}]"
        lines.append(f"{mark} {part.part} {part.name}: {scored(part.points, part.max_points)}{state}")
        if part.part in graded.notes:
            lines.append(f"    {graded.notes[part.part]}")
        if part.status != Status.OK:
            if part.misconception:
                lines.append(f"    Misconception: {part.misconception}")
            lines += [f"    {line}" for line in told(part)]
            lines += [f"    {name}: {value}" for name, value in part.details.get("measured", [])]
            lines += [f"    {line}" for line in pictured(part.picture)]
            if part.hint:
                lines.append(f"    Hint: {part.hint}")
    if graded.isolation == "none":
        lines.append("Graded without isolation; `recdrop doctor --deep` says what is missing.")
    return "\n".join(lines)


def note_progress(graded: Graded) -> Graded:
    """Keep what was solved in the learner's folder; the hints come from there, one after another."""
    parts = []
    for part in graded.parts:
        graded_at_all = part.status not in (Status.UNREADABLE, Status.MISSING)
        parts.append(progress.note_check(part) if graded_at_all else part)
    return replace(graded, parts=tuple(parts))
