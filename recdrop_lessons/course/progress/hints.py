"""The hints of a part one after the other, and its solution."""

from __future__ import annotations

from recdrop_lessons.course.outline import lesson_of
from recdrop_lessons.course.progress.answer_cells import course_cell, course_notebook, source_of
from recdrop_lessons.course.progress.notes import Note, ProgressError, find_part
from recdrop_lessons.course.progress.store import changing, entry_of, load, unwritable


def hint(part: str) -> Note:
    """The next hint of a part: one after the other, then all again and how to see the solution.

    In a folder that cannot be written the hint is still shown, with a sentence that says so.
    """
    found = find_part(part)
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
        return Note(
            f"{found.number} {found.name}, hint {read + 1} of {len(found.hints)}: {found.hints[read]}{unkept}"
        )
    every = "\n".join(f"{i}. {text}" for i, text in enumerate(found.hints, 1))
    return Note(
        f"{found.number} {found.name}: you have read all {len(found.hints)} hints.\n{every}\n"
        f"To see the solution: recdrop solution {found.number} --force"
    )


def solution(part: str, force: bool = False) -> Note:
    """A part's solution, once it is solved, or by force.

    Raises `ProgressError`: it is not solved yet, or the course's solutions are not here.
    """
    found = find_part(part)
    if not force and not load()["parts"].get(found.number, {}).get("solved"):
        raise ProgressError(
            f"{found.number} {found.name} is not solved yet. `recdrop hint {found.number}` gives the next "
            f"hint; `recdrop solution {found.number} --force` shows the solution now."
        )
    cell = course_cell(course_notebook("solutions", lesson_of(found)), found.name)
    marks = ("### BEGIN SOLUTION", "### END SOLUTION")
    code = "\n".join(line for line in source_of(cell).splitlines() if line.strip() not in marks)
    return Note(f"{found.number} {found.name}, one solution of several:", code)
