"""A lesson as a learner gets it: without stored results, so that the prediction comes first."""

from __future__ import annotations

import copy

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from recdrop_lessons.course.renewal import parse

# The id of the cell that says where the results are.
NOTE = "your-copy"


def without_results(name: str, data: bytes) -> bytes:
    """The file "notebooks/05_….ipynb" with no output in it and a note below its title; any other as it is.

    Raises `NotANotebook` for one that cannot be read.
    """
    if not (name.startswith("notebooks/") and name.endswith(".ipynb")):
        return data
    lesson = copy.deepcopy(parse(data))
    for cell in lesson.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    lesson.cells.insert(1, _note(name))
    return nbformat.writes(lesson).encode()


def _note(name: str) -> NotebookNode:
    number = name.removeprefix("notebooks/")[:2]
    text = (
        "*This is your own copy, without results: predict, then run. To see the stored results, run "
        f"`recdrop results {number}` in a terminal: it puts the lesson with them beside this one.*"
    )
    return new_markdown_cell(text, id=NOTE)
