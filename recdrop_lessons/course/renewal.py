"""One exercise renewed: text and tests are the course's new ones, answers and own cells stay the learner's.

A cell belongs to the course's cell with the same grade_id, else the same id; an answer whose marks are gone,
to the one whose function it defines. Of the learner's nothing is dropped but changes to locked cells.
"""

from __future__ import annotations

import copy
import hashlib
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import nbformat
from nbformat import NotebookNode


class NotANotebook(ValueError):
    """The text is not a notebook that can be read; says why."""


def parse(data: bytes) -> NotebookNode:
    """The notebook, in format 4. Raises NotANotebook."""
    try:
        notebook = nbformat.reads(data.decode("utf-8-sig"), as_version=4)
        nbformat.validate(notebook)
    except Exception as error:  # nbformat lets through whatever a broken file makes it stumble over
        reason = next(iter(str(error).splitlines()), "")
        raise NotANotebook(f"{type(error).__name__}: {reason[:100]}") from None
    return notebook


def cell_digest(cell: NotebookNode) -> str:
    """What is written in a cell, without what its run showed."""
    return hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:16]


def renew(own: NotebookNode, new: NotebookNode, given: Collection[str]) -> NotebookNode:
    """The new notebook with the learner's answers and own cells in it.

    `own`: the learner's.
    `new`: the course's.
    `given`: digests of the cells that the course gave before: those the learner did not write.
    """
    known = {*given, *map(cell_digest, new.cells)}
    answers: dict[int, list[NotebookNode]] = {}  # by the course's cell that they answer
    own_after: dict[int, list[NotebookNode]] = {}  # by the course's cell that they follow
    place = -1
    for cell, found in zip(own.cells, _matched(own, new), strict=True):
        written = cell_digest(cell) not in known
        place = place if found is None else found
        if written and found is not None and _is_answer(new.cells[found]):
            answers.setdefault(found, []).append(_with_metadata(cell, new.cells[found].metadata))
        elif written and (found is None or "nbgrader" not in cell.metadata):
            own_after.setdefault(place, []).append(_as_own(cell))

    merged = copy.deepcopy(new)
    frame = merged.cells
    merged.metadata = own.metadata  # the kernel that the learner chose
    merged.cells = own_after.get(-1, [])
    for index, cell in enumerate(frame):
        merged.cells += [*answers.get(index, [cell]), *own_after.get(index, [])]
    _give_ids(merged.cells, frame)
    return merged


def _matched(own: NotebookNode, new: NotebookNode) -> Iterator[int | None]:
    """For each of the learner's cells the place of the course's cell that it is."""
    places = {_name(cell): place for place, cell in enumerate(new.cells)}
    labelled = {_name(cell) for cell in own.cells}
    lost = {
        f"def {name}(": place
        for name, place in places.items()
        if name not in labelled and _is_answer(new.cells[place])
    }
    for cell in own.cells:
        lines = cell.source.splitlines() if cell.cell_type == "code" else ()
        defined = (place for start, place in lost.items() if any(line.startswith(start) for line in lines))
        yield places[_name(cell)] if _name(cell) in places else next(defined, None)


def _name(cell: NotebookNode) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id") or cell.get("id", ""))


def _is_answer(cell: NotebookNode) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def _as_own(cell: NotebookNode) -> NotebookNode:
    """Without the marks of a part that the course no longer has."""
    marks = ("nbgrader", "deletable", "editable")
    return _with_metadata(cell, {key: value for key, value in cell.metadata.items() if key not in marks})


def _with_metadata(cell: NotebookNode, metadata: Mapping[str, Any]) -> NotebookNode:
    return NotebookNode({**cell, "metadata": NotebookNode(metadata)})


def _give_ids(cells: Sequence[NotebookNode], frame: Sequence[NotebookNode]) -> None:
    """Ids for cells that have none or another's; the course's cells keep theirs."""
    course = {id(cell) for cell in frame}
    taken = {cell.id for cell in cells if id(cell) in course}
    for cell in cells:
        if id(cell) not in course:
            if not cell.get("id") or cell.id in taken:
                cell["id"] = uuid.uuid4().hex[:8]
            taken.add(cell.id)
