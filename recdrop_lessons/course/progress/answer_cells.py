"""The answer cells of exercises and solutions: found by their grade_id, or by the function in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from recdrop_lessons.course.folders import COURSE
from recdrop_lessons.course.outline import LessonOutline
from recdrop_lessons.course.progress.notes import ProgressError


def course_notebook(room: str, lesson: LessonOutline) -> Path:
    return COURSE / room / lesson.name / f"{lesson.name}.ipynb"


def course_cell(path: Path, name: str) -> dict[str, Any]:
    """The course's own cell of that name."""
    try:
        found = find_cell(json.loads(read_notebook(path))["cells"], name)
    except (ValueError, KeyError) as error:
        raise ProgressError(f"The course's own {path} is damaged ({error}); update the course.") from None
    if found is None:
        raise ProgressError(f"The course's own {path} has no cell for {name}; update the course.")
    return found


def find_cell(cells: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    """The cell with that grade_id; where the metadata is gone, the one that defines the function."""
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    for cell in code:
        if cell.get("metadata", {}).get("nbgrader", {}).get("grade_id") == name:
            return cell
    for cell in code:
        if any(line.startswith(f"def {name}(") for line in source_of(cell).splitlines()):
            return cell
    return None


def source_of(cell: dict[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def read_notebook(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ProgressError(
            f"{path} is not there. Run this in your copy of the course, or name the notebook."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ProgressError(f"{path} cannot be read: {error}.") from None
