"""The hints of a part one after the other, and its solution."""

from __future__ import annotations

from recdrop_lessons.course.outline import PartOutline, lesson_of
from recdrop_lessons.course.progress.answer_cells import course_cell, course_notebook, source_of
from recdrop_lessons.course.progress.notes import Note, ProgressError, find_part
from recdrop_lessons.course.progress.store import changing, entry_of, load, unwritable


def hint(part: str, remember: bool = True) -> Note:
    """The next hint of a part: one after the other, then all again and how to see the solution.

    `remember`: keep in the learner's folder that it was read. If not, it is the first hint.
    In a folder that cannot be written the hint is still shown, with a sentence that says so.
    """
    found = find_part(part)
    if not remember:
        return _note(found, 0)
    read = min(load()["parts"].get(found.number, {}).get("hints", 0), len(found.hints))
    unkept = ""
    try:
        with changing() as store:
            entry = entry_of(store, found.number)
            read = min(entry["hints"], len(found.hints))
            entry["hints"] = min(read + 1, len(found.hints))
    except OSError as error:
        unkept = f"\nThat you have read it could not be stored: {unwritable(error)}"
    if read < len(found.hints):
        return _note(found, read, unkept)
    every = "\n".join(f"{i}. {text}" for i, text in enumerate(found.hints, 1))
    return Note(
        f"{found.number} {found.name}: you have read all {len(found.hints)} hints.\n{every}\n"
        f"To see the solution: recdrop solution {found.number} --force"
    )


def _note(part: PartOutline, read: int, unkept: str = "") -> Note:
    return Note(
        f"{part.number} {part.name}, hint {read + 1} of {len(part.hints)}: {part.hints[read]}{unkept}"
    )


class Unsolved(ProgressError):
    """Raised when a solution is asked for too early."""


def solution(part: str, force: bool = False) -> Note:
    """A part's solution, once it is solved, or by force.

    Raises `Unsolved`, which names the next hint, or once all are read the option that shows the solution.
    Raises `ProgressError`: the course's solutions are not here.
    """
    found = find_part(part)
    entry = load()["parts"].get(found.number, {})
    if not force and not entry.get("solved"):
        read, most = min(entry.get("hints", 0), len(found.hints)), len(found.hints)
        raise Unsolved(
            f"{found.number} {found.name} is not solved yet. "
            + (
                f"You have read {read} of its {most} hints. For the next one: `recdrop hint {found.number}`."
                if read < most
                else f"To see the solution now: `recdrop solution {found.number} --force`."
            )
        )
    cell = course_cell(course_notebook("solutions", lesson_of(found)), found.name)
    marks = ("### BEGIN SOLUTION", "### END SOLUTION")
    code = "\n".join(line for line in source_of(cell).splitlines() if line.strip() not in marks)
    return Note(f"{found.number} {found.name}, one solution of several:", code)
