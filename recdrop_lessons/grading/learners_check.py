"""`recdrop check`: one's own notebook, by the same engine as a class."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path

from recdrop_lessons import checks
from recdrop_lessons.checks.answer import Status
from recdrop_lessons.checks.parts import scored
from recdrop_lessons.checks.report import pictured, told
from recdrop_lessons.course import outline, progress
from recdrop_lessons.course.folders import folder_of
from recdrop_lessons.grading.checker import Checker, Graded
from recdrop_lessons.grading.finding import NotFound, lesson_of_file, notebook_at, read_file
from recdrop_lessons.grading.inside.reading import Unreadable, read
from recdrop_lessons.grading.isolation import locked_server
from recdrop_lessons.grading.names import shown
from recdrop_lessons.support.typed import quoted, recdrop


def check_notebook(path: Path, seed: int | None = None, isolation: str = "auto") -> Graded:
    """Grade a learner's own notebook on this machine. The file is only read.

    Where no isolation holds it is graded without: it is the learner's own code.

    Raises `NotFound`: there is no such notebook, it is of no lesson, or it is a lesson itself.
    """
    path = notebook_at(path)
    lessons = checks.all_lessons()
    try:
        data = read_file(path)
    except Unreadable as error:
        lesson = lesson_of_file(path, b"", lessons)
        return Checker.unreadable(lesson, str(error), isolation="none")
    if (number := _lesson(data)) is not None:
        raise NotFound(
            f"{shown(str(path))} is lesson {number}, and a check grades exercises. {_meant(number)}"
        )
    lesson = lesson_of_file(path, data, lessons)
    seed = secrets.randbits(32) if seed is None else seed
    with locked_server(isolation, trusted=True) as server, Checker(server) as checker:
        return checker.grade(data, lesson, seed)


def _lesson(data: bytes) -> str | None:
    """Return the number of the lesson that this notebook is, by its heading; None for an exercise."""
    try:
        cells = read(data)
    except Unreadable:
        return None
    heading = next((cell["source"] for cell in cells if not cell["code"]), "")
    return None if any(cell["grade_id"] for cell in cells) else outline.lesson_headed(heading)


def _meant(number: str) -> str:
    try:
        outline.exercise(number)
    except KeyError as error:
        return str(error.args[0])
    return f"To check your exercise {number}: `recdrop check {number}`."


def text(graded: Graded) -> str:
    """The result for a terminal: a line a part, what to learn from it, the next hint."""
    lines = [f"{graded.lesson}: {graded.points} of {sum(part.max_points for part in graded.parts)} points"]
    if graded.exit_code == 2:
        return "\n".join([*lines, f"  {graded.notes.get('', '')}"])
    if "" in graded.notes:
        lines.append(f"  {graded.notes['']}")
    for part in graded.parts:
        mark = "✓" if part.status == Status.OK else "✗"
        state = "" if part.status in (Status.OK, Status.FAILED, Status.MISSING) else f"  [{part.status}]"
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


def note_progress(graded: Graded, notebook: Path) -> Graded:
    """Keep what was solved in the learner's folder; the hints come from there, one after another."""
    where, parts = folder_of(notebook), []
    for part in graded.parts:
        graded_at_all = part.status not in (Status.UNREADABLE, Status.MISSING)
        parts.append(progress.note_check(part, where) if graded_at_all else replace(part, hint=""))
    return replace(graded, parts=tuple(parts))


def next_step(graded: Graded, notebook: Path) -> str:
    """Return what to do if nothing is written yet or nothing could be read, after the result; else ""."""
    if graded.exit_code == 2:
        return (
            "\nTo begin this exercise again: rename the file, then run `recdrop update`. JupyterLab keeps an "
            "earlier state in the folder .ipynb_checkpoints beside the file."
        )
    untouched = [part for part in graded.parts if part.details.get("unwritten")]
    if len(untouched) < len(graded.parts):
        return ""
    path = notebook_at(notebook)
    if path.absolute().is_relative_to(Path.cwd()):
        path = path.absolute().relative_to(Path.cwd())
    return (
        "\nNothing is written yet, or the notebook is not saved. To open this exercise:\n"
        f"    {recdrop()} lab {quoted(path)}\n"
        f"For a first hint:\n    {recdrop()} hint {untouched[0].part}"
    )
