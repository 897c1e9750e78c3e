"""Submissions for the graders' tests: notebooks of lesson 01, built cell by cell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from recdrop_lessons.cli import app

LESSON = "01_cells"
RIGHT = {
    "rnn_step": """
def rnn_step(x, h, W, U, b):
    return torch.tanh(x @ W.T + h @ U.T + b)
""",
    "lstm_step": """
def lstm_step(x, h, c, W, U, b):
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, dim=-1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c
""",
    "gru_step": """
def gru_step(x, h, W, U, b_w, b_u):
    x_r, x_z, x_n = (x @ W.T + b_w).chunk(3, dim=-1)
    h_r, h_z, h_n = (h @ U.T + b_u).chunk(3, dim=-1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    return (1 - z) * torch.tanh(x_n + r * h_n) + z * h
""",
    "lstm_step_with": """
def lstm_step_with(x, h, c, W, U, b, activation, recurrent_activation):
    named = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid, "linear": lambda value: value}
    inner, gate = named[activation], named[recurrent_activation]
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, dim=-1)
    c = gate(f) * c + gate(i) * inner(g)
    return gate(o) * inner(c), c
""",
}
NUMBERS = {"rnn_step": "1.1", "lstm_step": "1.2", "gru_step": "1.3", "lstm_step_with": "1.4"}
# A right answer with two gates swapped: the first misconception of the course.
SWAPPED = RIGHT["lstm_step"].replace("i, f, g, o", "f, i, g, o")
STUB = 'def {name}(*arguments, **named):\n    """To do."""\n    raise NotImplementedError\n'


def cell(source: str, grade_id: str | None = None, kind: str = "code", **marks: Any) -> dict[str, Any]:
    """A cell of format 4, with nbgrader's metadata where it has a grade_id."""
    found: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": source}
    if kind == "code":
        found |= {"execution_count": None, "outputs": []}
    if grade_id is not None:
        found["metadata"]["nbgrader"] = {"grade_id": grade_id, "schema_version": 3, **marks}
    return found


def answer(name: str, source: str | None = None) -> dict[str, Any]:
    """The answer cell of a part; by default the right one."""
    return cell(RIGHT[name] if source is None else source, name, solution=True, grade=False, locked=False)


def check(name: str) -> dict[str, Any]:
    return cell(f"check({name})", f"check_{name}", solution=False, grade=True, locked=True, points=25)


def solved(**changed: str | None) -> list[dict[str, Any]]:
    """The cells of a solved notebook; `changed` puts other code in a part's place, None deletes it."""
    setup = cell("import torch\nfrom recdrop_lessons.checks import check", "setup", locked=True, grade=False)
    cells = [cell("# Cells", kind="markdown"), setup]
    for name in RIGHT:
        if changed.get(name, "") is not None:
            cells.append(answer(name, changed.get(name)))
        cells.append(check(name))
    return cells


def notebook(cells: list[dict[str, Any]]) -> bytes:
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1).encode()


def write(folder: Path, data: bytes | list[dict[str, Any]], name: str = f"{LESSON}.ipynb") -> Path:
    """A notebook in `folder/01_cells/`."""
    room = folder / LESSON
    room.mkdir(parents=True, exist_ok=True)
    path = room / name
    path.write_bytes(notebook(data) if isinstance(data, list) else data)
    return path


@dataclass(frozen=True)
class Done:
    """What a command printed and its exit code."""

    returncode: int
    stdout: str
    stderr: str


def grade(*arguments: str | Path, cwd: Path) -> Done:
    """`recdrop grade` in this process, which has torch loaded already."""
    before = Path.cwd()
    os.chdir(cwd)
    try:
        result = CliRunner().invoke(app, ["grade", *map(str, arguments)])
    finally:
        os.chdir(before)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return Done(result.exit_code, result.stdout, result.stderr)


def recdrop(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command line as it is typed."""
    command = [sys.executable, "-c", "from recdrop_lessons.cli import app; app()", *map(str, arguments)]
    environment = {**os.environ, "RECDROP_FOLDER": str(cwd), "NO_COLOR": "1"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)
