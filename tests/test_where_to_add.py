"""docs/architecture.md, "Where to add", followed literally: in a copy of the tree, then run there.

An entry has a table: in which file, after which line, what to write. The new thing then has to work in every
place, and the tests that are there have to find it.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"
IGNORED = shutil.ignore_patterns("__pycache__", "course", "answers", "attacks", "browser", "grading", "site")


class Line(NamedTuple):
    """One line to write: where, and what."""

    file: str
    after: str
    text: str


def entry(title: str) -> list[Line]:
    """The table of one entry of "Where to add"."""
    page = PAGE.read_text(encoding="utf-8")
    (found,) = re.findall(rf"^- \*\*{title}\*\*.*?(?=^- \*\*|^## )", page, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^ +\| `([^`]+)` \| `([^`]+)` \| `([^`]+)` \|$", found, re.MULTILINE)
    assert rows, f"{PAGE.name} has no table for {title}"
    return [Line(*row) for row in rows]


def write(line: Line, root: Path) -> None:
    """Write a line after the only one that begins as the page says, as far in as that, or as what follows."""
    path = root / "recdrop_lessons" / line.file
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
    told = subprocess.run(
        [sys.executable, "-m", "pytest", *plain, *arguments],
        cwd=tree,
        env=os.environ | {"COPY": str(tree), "PYTHONPATH": os.pathsep.join([str(tree), str(tree / "tests")])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout


def test_a_site(tree):
    lines = entry("A site")
    assert {line.file for line in lines} == {"algebra/sites.py", "layers/cells.py", "twins/equations.py"}
    for line in lines:
        write(line, tree)
    run(tree, "tests/adding/a_site.py")
    rooms = ("tests/layers/test_recurrent.py", "tests/algebra/test_sites.py")
    found = run(tree, *rooms, "-k", "forget")
    assert int(re.findall(r"(\d+) passed", found)[-1]) > 10


def test_a_site_without_its_line_in_the_twin_is_found_out(tree):
    for line in entry("A site"):
        if line.file != "twins/equations.py":
            write(line, tree)
    with pytest.raises(AssertionError, match="differs by"):
        run(tree, "tests/adding/a_site.py", "-k", "equals_the_twin")


def test_a_row(tree):
    lines = entry("A row")
    assert {line.file for line in lines} == {"algebra/variants.py"}
    for line in lines:
        write(line, tree)
    run(tree, "tests/adding/a_row.py")
    rooms = ("algebra/test_variants.py", "explorers/test_where.py", "layers/test_recurrent.py")
    found = run(tree, *(f"tests/{room}" for room in rooms), "-k", "gaussian_input")
    assert int(re.findall(r"(\d+) passed", found)[-1]) >= 4
