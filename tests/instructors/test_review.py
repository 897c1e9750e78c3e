"""Reviewing a lesson's change: `git diff` as CONTRIBUTING.md says, with nbdime and without."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LESSON = "notebooks/01_cells.ipynb"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with the shipped .gitattributes and one lesson, whose title has been changed."""
    (tmp_path / "notebooks").mkdir()
    for name in (".gitattributes", LESSON):
        shutil.copy(ROOT / name, tmp_path / name)
    for command in ("init -q -b main", "add .", "commit -q -m lesson"):
        done = bash(f"git -c user.name=Ada -c user.email=ada@example.org {command}", tmp_path)
        assert done.returncode == 0, done.stderr
    notebook = json.loads((tmp_path / LESSON).read_text(encoding="utf-8"))
    notebook["cells"][0]["source"][0] = "# 01 · Another title\n"
    text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True)
    (tmp_path / LESSON).write_text(f"{text}\n", encoding="utf-8")
    return tmp_path


def bash(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """As after `source .venv/bin/activate`, with no settings of the person's own."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {"PATH": path, "HOME": str(folder), "GIT_PAGER": "cat", "LANG": "C.UTF-8"}
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_a_clone_without_nbdime_shows_the_lines(clone: Path) -> None:
    done = bash("git diff -- notebooks", clone)
    assert done.returncode == 0 and "\n+    " in done.stdout and "# 01 · Another title" in done.stdout
    assert "diff --git" in done.stdout


def test_with_nbdime_it_shows_the_cell_as_contributing_says(clone: Path) -> None:
    pytest.importorskip("nbdime")
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```\n(source .venv/bin/activate.*?nbdiff-web.*?)```", text, re.S)
    enable, show, web = (line.partition("  ")[0] for line in block.splitlines()[1:])
    assert bash(enable, clone).returncode == 0
    done = bash(show, clone)
    assert done.returncode == 0, done.stderr
    assert "modified /cells/0/source" in done.stdout and "Another title" in done.stdout
    command, *asked = web.split()
    assert command == "nbdiff-web" and bash(" ".join(["nbdiff", *asked]), clone).returncode == 0
    assert bash("nbdime config-git --disable", clone).returncode == 0
    assert "diff --git" in bash(show, clone).stdout
