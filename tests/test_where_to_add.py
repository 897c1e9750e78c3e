"""docs/architecture.md, "Where to add", followed literally: in a copy of the tree, then run there.

An entry has a table: in which file, after which line, what to write; and perhaps commands to run after that.
The new thing then has to work in every place, and the tests that are there have to find it. How to add a part
is a page of its own, docs/instructors/adapting.md, and tests/instructors/ follows it in the same way.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"
IGNORED = shutil.ignore_patterns("__pycache__", "course", "answers", "attacks", "browser", "grading", "site")


class Line(NamedTuple):
    """One line to write: where, and what."""

    file: str
    after: str
    text: str


def entry(title: str) -> str:
    """One entry of "Where to add"."""
    page = PAGE.read_text(encoding="utf-8")
    (found,) = re.findall(rf"^- \*\*{title}\*\*.*?(?=^- \*\*|^## )", page, re.MULTILINE | re.DOTALL)
    return found


def table(title: str) -> list[Line]:
    """The table of an entry."""
    rows = re.findall(r"^ +\| `([^`]+)` \| `([^`]+)` \| `([^`]+)` \|$", entry(title), re.MULTILINE)
    assert rows, f"{PAGE.name} has no table for {title}"
    return [Line(*(cell.replace(r"\|", "|") for cell in row)) for row in rows]


def commands(title: str) -> list[str]:
    """The commands of an entry."""
    (block,) = re.findall(r"```bash\n(.*?)```", entry(title), re.DOTALL)
    return [line.strip() for line in block.splitlines() if line.strip()]


def write(line: Line, root: Path) -> None:
    """Write a line after the only one that begins as the page says, as far in as that, or as what follows."""
    path = root / "recdrop_lessons" / line.file
    if path.suffix == ".ipynb":
        notebook = nbformat.read(path, as_version=4)
        (cell,) = [cell for cell in notebook.cells if f"\n{line.after}" in cell.source]
        cell.source = re.sub(rf"(\n{re.escape(line.after)}.*)", rf"\1\n{line.text}", cell.source)
        nbformat.write(notebook, path)
        return
    lines = path.read_text(encoding="utf-8").splitlines()
    (at,) = [k for k, each in enumerate(lines) if each.strip().startswith(line.after)]
    opens = lines[at].rstrip().endswith(("(", "{", "["))
    indent = re.match(r" *", lines[at + 1] if opens else lines[at])
    assert indent is not None
    lines.insert(at + 1, indent[0] + line.text)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def tree(tmp_path):
    """A copy of the library and of its tests."""
    for room in ("recdrop_lessons", "tests"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=IGNORED)
    shutil.copytree(ROOT / "recdrop_lessons" / "course", tmp_path / "recdrop_lessons" / "course")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def run(tree: Path, *arguments: str) -> str:
    """Run pytest in the copy, with the copy's library; returns what it printed."""
    plain = ("-q", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib")
    return python(tree, "-m", "pytest", *plain, *arguments)


def python(tree: Path, *arguments: str) -> str:
    """Run Python in the copy, with the copy's library; returns what it printed."""
    told = subprocess.run(
        [sys.executable, *arguments],
        cwd=tree,
        env=os.environ | {"COPY": str(tree), "PYTHONPATH": os.pathsep.join([str(tree), str(tree / "tests")])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout


def test_a_site(tree):
    lines = table("A site")
    assert {line.file for line in lines} == {"algebra/sites.py", "layers/cells.py", "twins/equations.py"}
    for line in lines:
        write(line, tree)
    run(tree, "tests/adding/a_site.py")
    rooms = ("tests/layers/test_recurrent.py", "tests/algebra/test_sites.py")
    found = run(tree, *rooms, "-k", "forget")
    assert int(re.findall(r"(\d+) passed", found)[-1]) > 10


def test_a_site_without_its_line_in_the_twin_is_found_out(tree):
    for line in table("A site"):
        if line.file != "twins/equations.py":
            write(line, tree)
    with pytest.raises(AssertionError, match="differs by"):
        run(tree, "tests/adding/a_site.py", "-k", "equals_the_twin")


def test_a_row(tree):
    lines = table("A row")
    assert {line.file for line in lines} == {"algebra/variants.py"}
    for line in lines:
        write(line, tree)
    run(tree, "tests/adding/a_row.py")
    rooms = ("algebra/test_variants.py", "explorers/test_where.py", "layers/test_recurrent.py")
    found = run(tree, *(f"tests/{room}" for room in rooms), "-k", "gaussian_input")
    assert int(re.findall(r"(\d+) passed", found)[-1]) >= 4


def lesson() -> nbformat.NotebookNode:
    """Lesson 13, with one claim."""
    claim = """\
# NBVAL_CHECK_OUTPUT
from recdrop_lessons.course.claims import trial

steps = ("word", "feature")
trial("A word is dropped everywhere.", holds=len(steps) == 1, because="Each step draws anew.")"""
    tagged = {"tags": ["claim"]}
    cells = [
        new_markdown_cell("# 13 · Words dropped\n\n*What does a mask on the embedding do?*\n", id="title"),
        new_code_cell(claim, id="claim-a-word-is-dropped-everywhere", metadata=tagged),
    ]
    kernel = {"name": "python3", "display_name": "Python 3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def test_a_lesson(tree):
    for room in ("notebooks", "exercises", "docs", "tools", "tests/course"):
        shutil.copytree(ROOT / room, tree / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "README.md", tree)
    nbformat.write(lesson(), tree / "notebooks" / "13_words_dropped.ipynb")
    for line in table("A lesson"):
        write(line, tree)
    for command in commands("A lesson"):
        name, *arguments = command.split()
        assert name == "python"
        python(tree, *arguments)
    files = ("adding/a_lesson.py", "test_notebooks.py", "course/test_claims.py")
    found_there = "a_lesson or 00_start_here or 13_words_dropped or in_step or source"
    found = run(tree, *(f"tests/{file}" for file in files), "-k", found_there)
    assert int(re.findall(r"(\d+) passed", found)[-1]) >= 9
