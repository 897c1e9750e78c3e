"""A made-up class: released exercises, filled in as students fill them in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LESSON = "01_cells"

Cells = dict[str, str]  # an answer cell's source by its function's name


def answers(lesson: str = LESSON, root: Path = ROOT) -> Cells:
    """The solutions, as a student who knows everything writes them."""
    path = root / "solutions" / lesson / f"{lesson}.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return {cell["id"]: "".join(cell["source"]) for cell in cells if _is_answer(cell)}


def stub(name: str, lesson: str = LESSON, root: Path = ROOT) -> str:
    """What stands in the released exercise where learners are to write."""
    path = root / "exercises" / lesson / f"{lesson}.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return next("".join(cell["source"]) for cell in cells if cell["id"] == name)


def fill(written: Mapping[str, str], lesson: str = LESSON, root: Path = ROOT) -> str:
    """The released exercise with these answers in their cells; the others stay as they were released."""
    path = root / "exercises" / lesson / f"{lesson}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if _is_answer(cell) and cell["id"] in written:
            cell["source"] = written[cell["id"]]
    return json.dumps(notebook)


def hand_in(folder: Path, text: str, lesson: str = LESSON) -> None:
    """The notebook as `folder/lesson/lesson.ipynb`, folder being a student's."""
    path = folder / lesson / f"{lesson}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def right(cells: Cells) -> Cells:
    return cells


def gates_swapped(cells: Cells) -> Cells:
    return cells | {"lstm_step": cells["lstm_step"].replace("i, f, g, o =", "i, g, f, o =")}


def half(cells: Cells) -> Cells:
    return {name: cells[name] for name in ("rnn_step", "gru_step")}


def dies(cells: Cells) -> Cells:
    return cells | {"gru_step": "import os\ndef gru_step(x, h, W, U, b_w, b_u):\n    os._exit(1)"}


def predictions(letters: Mapping[str, str], name: str = "05-goes-up") -> dict[str, dict[str, Any]]:
    """What each student's store holds after one prediction."""
    return {
        student: {"version": 1, "parts": {}, "kept": {f"prediction {name}": {"at": "", "answer": letter}}}
        for student, letter in letters.items()
    }


def notebook(kind: Callable[[Cells], Cells]) -> str:
    """The exercise as such a student hands it in."""
    return fill(kind(answers()))


def _is_answer(cell: dict[str, Any]) -> bool:
    return bool(cell["metadata"].get("nbgrader", {}).get("solution"))
