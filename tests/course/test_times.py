"""A lesson says how long it takes: its words at 200 a minute, and a minute for each code cell."""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
README = ROOT / "README.md"


def minutes(nb: nbformat.NotebookNode) -> float:
    prose = " ".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    words = re.findall(r"\w[\w'’-]*", re.sub(r"\]\([^)]*\)|<[^>]+>", "", prose))
    return len(words) / 200 + sum(cell.cell_type == "code" for cell in nb.cells)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_the_time_that_a_lesson_states_is_measured(path: Path) -> None:
    nb = nbformat.read(path, as_version=4)
    (stated,) = re.findall(r"About (\d+) minutes", nb.cells[0].source)
    assert int(stated) == pytest.approx(minutes(nb), abs=6)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_code_cells_are_short_and_narrow(path: Path) -> None:
    """At most 15 lines, the mark for nbval not counted, and none that scrolls sideways on a usual screen."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    lines = {cell.id: cell.source.removeprefix("# NBVAL_CHECK_OUTPUT\n").splitlines() for cell in cells}
    assert {name: len(own) for name, own in lines.items() if len(own) > 15} == {}
    assert [(name, line) for name, own in lines.items() for line in own if len(line) > 100] == []


def test_lesson_00_and_the_readme_know_how_long_the_lessons_are() -> None:
    first, *others = [nbformat.read(path, as_version=4) for path in LESSONS]
    stated = [int(re.findall(r"About (\d+) minutes", nb.cells[0].source)[0]) for nb in (first, *others)]
    (said,) = [
        re.findall(r"takes, (\d+) to (\d+) minutes", c.source) for c in first.cells if c.id == "map-text"
    ]
    assert [(int(low), int(high)) for low, high in said] == [(min(stated[1:]), max(stated))]
    (hours,) = re.findall(r"The lessons take about (\d+) hours", README.read_text(encoding="utf-8"))
    assert int(hours) == pytest.approx(sum(stated) / 60, abs=0.5)
