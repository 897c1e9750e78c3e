"""No output that nbval compares depends on what the global generators happen to draw.

`make luck` looks at every lesson; the tool itself is tried on three cells here.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))


def luck(*arguments: str) -> tuple[int, str]:
    """Its exit code and what it printed."""
    command = [sys.executable, str(ROOT / "tools" / "notebook_luck.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def notebook(folder: Path, *sources: str) -> str:
    cells = [new_code_cell("import torch\nB, T, F = 8, 20, 6")]
    cells += [
        new_code_cell(f"# NBVAL_CHECK_OUTPUT\n{source}", id=f"c{i}") for i, source in enumerate(sources)
    ]
    path = folder / "lesson.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return str(path)


CONSTANT = (
    "mask = torch.nn.Dropout(0.5)(torch.ones(1, 1, {size}))\nprint(bool((mask == mask[..., :1]).all()))"
)
SEEDED = "torch.manual_seed(0)\nprint(torch.rand(1))"


def test_a_mask_of_six_numbers_is_constant_by_chance(tmp_path: Path) -> None:
    code, said = luck(notebook(tmp_path, CONSTANT.format(size=6)), "--seeds", "200")
    assert code == 1
    assert "c0: 200 more runs, 2 different outputs" in said


def test_what_no_draw_changes_passes(tmp_path: Path) -> None:
    code, said = luck(notebook(tmp_path, CONSTANT.format(size=50), SEEDED, "print(F)"), "--seeds", "50")
    assert code == 0, said
    assert "c0: 50 more runs, the same" in said and "c1: 50 more runs, the same" in said
    assert "c2" not in said  # it draws nothing


@pytest.mark.skipif(not os.environ.get("RECDROP_LUCK"), reason="make luck runs it")
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_no_output_of_a_lesson_depends_on_luck(path: Path) -> None:
    code, said = luck(str(path), "--seeds", "100", "--seconds", "1.5")
    assert code == 0, said
