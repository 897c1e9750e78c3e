"""Lessons for Colab and Kaggle: valid, linked to themselves, with a first cell that installs there alone."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hosted")
    command = [sys.executable, ROOT / "tools" / "hosted_notebooks.py", "--repository", "you/course"]
    for _ in range(2):  # twice is once
        subprocess.run([*command, "--into", folder], check=True, capture_output=True)
    return folder


def test_every_lesson_gets_both_cells_once_and_links_to_itself(hosted: Path) -> None:
    names = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert {path.name for path in hosted.glob("*.ipynb")} == names
    for name in names:
        notebook = nbformat.read(hosted / name, as_version=4)
        nbformat.validate(notebook)
        ids = [cell.id for cell in notebook.cells]
        assert ids.count("hosted-badges") == ids.count("without-frameworks") == 1
        assert ids.index("without-frameworks") < next(
            place for place, cell in enumerate(notebook.cells) if "import torch" in cell.source
        )
        (shown,) = (cell.source for cell in notebook.cells if cell.id == "hosted-badges")
        assert f"colab.research.google.com/github/you/course/blob/main/notebooks/{name}" in shown
        assert (
            f"kaggle.com/kernels/welcome?src=https://github.com/you/course/blob/main/notebooks/{name}"
            in shown
        )


def test_the_readme_gets_one_line_of_badges_and_keeps_its_text() -> None:
    spec = importlib.util.spec_from_file_location("hosted", ROOT / "tools" / "hosted_notebooks.py")
    assert spec is not None and spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    once = tool.with_badges("# The course\n\nText.\n", "you/course", "main")
    title, badges, text = once.split("\n\n")
    assert (title, text) == ("# The course", "Text.\n") and badges.count("you/course") == 4
    moved = tool.with_badges(once, "we/lessons", "main")
    assert "you/course" not in moved and moved.count("\n\n") == 2


@pytest.mark.parametrize(
    ("variable", "is_here", "installs"),
    [
        ("COLAB_RELEASE_TAG", False, True),
        ("KAGGLE_KERNEL_RUN_TYPE", False, True),
        ("COLAB_RELEASE_TAG", True, False),  # the cell is run again
        (None, False, False),
    ],
)
def test_the_first_cell_installs_where_it_must(
    hosted: Path, monkeypatch: pytest.MonkeyPatch, variable: str | None, is_here: bool, installs: bool
) -> None:
    notebook = nbformat.read(next(hosted.glob("00_*.ipynb")), as_version=4)
    (source,) = (cell.source for cell in notebook.cells if cell.id == "without-frameworks")
    asked: list[str] = []
    shell = InteractiveShell()
    shell.register_magic_function(asked.append, magic_name="pip")
    colab: Any = ModuleType("google.colab")
    colab.output = ModuleType("output")
    colab.output.enable_custom_widget_manager = lambda: asked.append("widgets")
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    for name in ("COLAB_RELEASE_TAG", "KAGGLE_KERNEL_RUN_TYPE"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv(variable, "1")
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: find(name) if is_here or name != "recdrop_lessons" else None
    )
    assert shell.run_cell(source).success
    installed = [one for one in asked if one.startswith("install")]
    assert installed == (
        ["install -q 'recdrop_lessons[course,frameworks] @ git+https://github.com/you/course@main'"]
        if installs
        else []
    )
    assert ("widgets" in asked) == (variable == "COLAB_RELEASE_TAG")
