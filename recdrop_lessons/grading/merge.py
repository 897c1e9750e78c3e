"""Which cells run and in which order: tests and locked cells from the course, answers from the learner."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from recdrop_lessons.checks.parts import Lesson, Part
from recdrop_lessons.course.folders import COURSE

_SOLUTIONS = COURSE / "solutions"


@dataclass(frozen=True, eq=False)  # one cell is one step, whatever another holds
class CellStep:
    """A cell to run, or a part to check.

    `kind`: "locked" (the course's), "own" (the learner's), "answer" (the learner's, for `parts`), "check".
    `source`: the code; empty for a check.
    `label`: "cell 7" for the learner to find it.
    `parts`: of an answer, one or more, and of a check, one.
    `plain`: it can change nothing but the names it defines, and no part's name is among them.
    """

    kind: str
    source: str = ""
    label: str = ""
    parts: tuple[Part, ...] = ()
    plain: bool = True


@dataclass(frozen=True)
class Merged:
    """The steps in order, and sentences about what was odd in the notebook."""

    steps: tuple[CellStep, ...]
    notes: dict[str, str]  # part number → a sentence to show with the part

    def answer(self, part: Part) -> CellStep | None:
        """The learner's cell for a part."""
        return next(
            (step for step in self.steps if step.kind == "answer" and any(one is part for one in step.parts)),
            None,
        )


def merge(lesson: Lesson, cells: Sequence[dict[str, Any]]) -> Merged:
    """The learner's cells in the frame of the course's.

    An answer is the cell with the part's grade_id; where that does not define the function, the cell that
    does. Of several the last counts that is more than the untouched stub. Cells of the learner's own stay
    where they stand, after the course's cell that they follow.
    """
    frame = course_cells(lesson)
    position = {grade_id: place for place, (grade_id, _) in enumerate(frame)}
    notes: dict[str, str] = {}
    chosen: dict[int, tuple[Part, ...]] = {}
    for part in lesson.parts:
        candidates = _candidates(part, cells)
        if len(candidates) > 1:
            notes[part.number] = (
                f"There are {len(candidates)} cells for {part.name}; the last one was graded."
            )
        if candidates:
            chosen[candidates[-1]] = (*chosen.get(candidates[-1], ()), part)

    # (the place of the course's cell that it stands for or follows, its own index, the step)
    placed: list[tuple[float, int, CellStep]] = []
    names = {part.name for part in lesson.parts}
    anchor = -1.0
    for index, cell in enumerate(cells):
        label = f"cell {index + 1}"
        if index in chosen:
            anchor = float(min(position[part.name] for part in chosen[index]))
            placed.append(
                (anchor, index, CellStep("answer", cell["source"], label, chosen[index], cell["plain"]))
            )
        elif cell["grade_id"] in position:
            anchor = float(position[cell["grade_id"]])  # the course's own cell runs in its stead
        elif cell["code"]:
            plain = cell["plain"] and not names & set(cell["defines"])
            placed.append((anchor + 0.5, index, CellStep("own", cell["source"], label, (), plain)))
    placed += [(float(place), -1, step) for place, (_, step) in enumerate(frame) if step.kind != "answer"]
    placed.sort(key=lambda item: item[:2])
    return Merged(tuple(step for _, _, step in placed), notes)


def _candidates(part: Part, cells: Sequence[dict[str, Any]]) -> list[int]:
    code = [(i, cell) for i, cell in enumerate(cells) if cell["code"]]
    labelled = [i for i, cell in code if cell["grade_id"] == part.name]
    defining = [i for i, cell in code if part.name in cell["defines"]]
    # A cell that is not valid Python defines nothing, but says which part it is.
    speaking = [i for i, cell in code if re.search(rf"^def {part.name}\b", cell["source"], re.MULTILINE)]
    found = [i for i in defining if i in labelled] or defining or labelled or speaking
    written = [i for i in found if "raise NotImplementedError" not in cells[i]["source"]]
    return written or found[-1:]


def course_cells(lesson: Lesson) -> list[tuple[str, CellStep]]:
    """The course's code cells in order, by grade_id; the parts alone where its notebook is not here."""
    by_name = {part.name: part for part in lesson.parts}
    found: list[tuple[str, CellStep]] = []
    for cell in _notebook_cells(_SOLUTIONS / lesson.name / f"{lesson.name}.ipynb"):
        marks = cell.get("metadata", {}).get("nbgrader")
        if cell["cell_type"] != "code" or not marks:
            continue
        grade_id = marks["grade_id"]
        part = by_name.get(grade_id.removeprefix("check_"))
        parts = (part,) if part else ()
        if marks.get("solution"):
            found.append((grade_id, CellStep("answer", parts=parts)))
        elif marks.get("grade"):
            found.append((grade_id, CellStep("check", parts=parts)))
        else:
            found.append((grade_id, CellStep("locked", "".join(cell["source"]), grade_id)))
    checked = {part.number for _, step in found if step.kind == "check" for part in step.parts}
    for part in lesson.parts:
        if part.number not in checked:
            found += [
                (part.name, CellStep("answer", parts=(part,))),
                (f"check_{part.name}", CellStep("check", parts=(part,))),
            ]
    return found


@cache
def course_imports(lesson: Lesson) -> tuple[str, ...]:
    """The libraries beside torch that the exercise imports: worth loading before a class is graded."""
    found: set[str] = set()
    for cell in _notebook_cells(_SOLUTIONS / lesson.name / f"{lesson.name}.ipynb"):
        if cell["cell_type"] != "code":
            continue
        for node in ast.walk(ast.parse("".join(cell["source"]))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
    loaded = {"torch", "recdrop_lessons", *sys.stdlib_module_names}
    return tuple(sorted(name for name in found if name.split(".")[0] not in loaded))


# What torch imports a compiler's worth of modules for, three seconds long, when it is first called.
_FUNCTIONAL = re.compile(r"\b(torch\.func|functorch|vjp|jvp|jacrev|jacfwd|hessian|linearize|_dynamo)\b")


def late_imports(cells: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """What torch would import within a learner's call: worth loading before, once for all that need it."""
    needed = any(cell["code"] and _FUNCTIONAL.search(cell["source"]) for cell in cells)
    return ("torch._dynamo",) if needed else ()


@cache
def _notebook_cells(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        json.loads(path.read_text(encoding="utf-8"))["cells"] if path.is_file() else []
    )
    return found
