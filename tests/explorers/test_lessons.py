"""Every lesson shows its explorer alive, and a static picture of it for a page without a kernel."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from recdrop_lessons.explorers import LESSONS

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.mark.parametrize(("name", "lesson"), LESSONS.items())
def test_the_lesson_holds_its_explorer_and_a_picture_of_it(name: str, lesson: str) -> None:
    cells = json.loads((NOTEBOOKS / f"{lesson}.ipynb").read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    imported = re.search(rf"explorers import .*?\b{name}\b(?: as (\w+))?", "\n".join(code))
    assert imported, f"{lesson} does not import recdrop_lessons.explorers.{name}"
    called = imported[1] or name
    views = [k for k, source in enumerate(code) if re.search(rf"^{called}\.view\([^\n]*\)$", source.rstrip())]
    pictures = [k for k, source in enumerate(code) if f"{called}.figure(" in source]
    assert views, f"no cell of {lesson} ends in {called}.view()"
    assert pictures and pictures[0] < views[0], f"{lesson} shows no {called}.figure(…) before its view"
