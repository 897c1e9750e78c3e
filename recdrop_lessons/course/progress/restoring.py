"""One part put back as it was in the exercise; a copy of the notebook is kept first."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path

from recdrop_lessons.course import outline
from recdrop_lessons.course.folders import folder_of, is_working_copy, learners_folder
from recdrop_lessons.course.outline import LessonOutline, PartOutline, lesson_of
from recdrop_lessons.course.progress.answer_cells import (
    course_cell,
    course_notebook,
    find_cell,
    read_notebook,
    source_of,
)
from recdrop_lessons.course.progress.notes import Note, ProgressError, find_part
from recdrop_lessons.course.progress.store import changing, entry_of, unwritable
from recdrop_lessons.support.files import write_whole


def reset(part: str, notebook: str | Path | None = None) -> Note:
    """Put one part's answer cell back as it was in the exercise; a copy of the notebook is kept first.

    `part`: its number or name.
    `notebook`: the learner's notebook; by default the lesson's one in the learner's folder.
    Raises `ProgressError`: the notebook or its cell cannot be found or read; nothing is changed then.
    """
    found = find_part(part)
    lesson = lesson_of(found)
    path = Path(notebook) if notebook is not None else _own_notebook(lesson)
    if path.is_dir():
        path = path / f"{path.resolve().name}.ipynb"
    text = read_notebook(path)
    try:
        document = json.loads(text)
        cells = document["cells"]
        own = find_cell(cells, found.name)
        heading = next((source_of(cell) for cell in cells if cell["cell_type"] == "markdown"), "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ProgressError(
            f"{path} is not a notebook of format 4 ({type(error).__name__}: {error}), so nothing was "
            f"changed. "
            "Open it in Jupyter and save it, or take the exercise afresh."
        ) from None
    if (number := outline.lesson_headed(heading)) and "nbgrader" not in (own or {}).get("metadata", {}):
        raise ProgressError(
            f"{path} is lesson {number} and not an exercise, so nothing was changed. To put back the part in "
            f"your exercise: `recdrop reset {found.number}`."
        )
    if own is None:
        raise ProgressError(
            f"{path} has no cell for {found.name}, so nothing was changed. "
            "Rename the file and take the exercise afresh; your own cells are then in the renamed one."
        )
    pristine = course_cell(course_notebook("exercises", lesson), found.name)
    # Keep the form that the file has: one string or a list of lines.
    as_lines = isinstance(own["source"], list)
    own["source"] = source_of(pristine).splitlines(keepends=True) if as_lines else source_of(pristine)
    own["outputs"], own["execution_count"] = [], None
    own["metadata"] = pristine["metadata"]
    folder = learners_folder() if notebook is None else folder_of(path)
    try:
        backup = _backup(folder, path, text, found)
        write_whole(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise ProgressError(f"{unwritable(error)} So nothing was changed in {path}.") from None
    with contextlib.suppress(OSError), changing(folder) as store:
        entry = entry_of(store, found.number)
        entry["solved"], entry["points"] = False, 0
    return Note(
        f"{found.number} {found.name} is as it was in {path}. What was there is kept in {backup}. "
        "If the notebook is open, reload it from disk (File → Reload Notebook from Disk)."
    )


def _own_notebook(lesson: LessonOutline) -> Path:
    here = learners_folder()
    for candidate in (
        here / "exercises" / lesson.name / f"{lesson.name}.ipynb",
        here / lesson.name / f"{lesson.name}.ipynb",
        here / f"{lesson.name}.ipynb",
    ):
        if candidate.is_file():
            return candidate
    cure = "Run this in your copy of the course, or name the notebook."
    if is_working_copy(here):
        cure = "`recdrop update` brings it back."
    raise ProgressError(f"No {lesson.name}.ipynb is in {here}. {cure}")


def _backup(folder: Path, path: Path, text: str, part: PartOutline) -> Path:
    """A copy beside the progress file, under a name that none has yet."""
    room = folder / ".recdrop" / "before-reset"
    room.mkdir(parents=True, exist_ok=True)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for i in range(1000):
        target = room / f"{path.stem}-{part.number}-{stamp}{f'-{i}' if i else ''}.ipynb"
        if not target.exists():
            write_whole(target, text)
            return target
    raise ProgressError(f"{room} is full of copies of this second; try again.")
