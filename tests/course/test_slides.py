"""Which cell of a lesson is a slide."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from recdrop_lessons.course.slides import set_slides, slide_type

SHOWN = [new_output("stream", text="1\n")]


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        (new_markdown_cell("# 05 · The family"), "slide"),
        (new_markdown_cell("## 1 · Five ideas\n\nText."), "slide"),
        (new_markdown_cell("The answer. " * 50 + "\n\n## 2 · The next"), "slide"),
        (new_markdown_cell("### Memory again"), "subslide"),
        (new_markdown_cell("> **Predict.** What comes out?"), "subslide"),
        (new_markdown_cell("So\n\n$$\nc = f\n$$"), "subslide"),
        (new_markdown_cell("| a | b |\n|---|---|\n| 1 | 2 |"), "subslide"),
        (new_markdown_cell("Both places."), "fragment"),
        (new_markdown_cell("What follows from it. " * 40), "notes"),
        (new_code_cell("print(1)", outputs=SHOWN), "subslide"),
        (new_code_cell("import torch"), "skip"),
        (new_code_cell("# not a heading\n## nor this"), "skip"),
    ],
)
def test_a_cell_is_the_slide_that_it_looks_like(cell, kind):
    assert slide_type(cell) == kind


def test_only_the_slides_metadata_changes_and_a_second_time_nothing_does():
    lesson = new_notebook(cells=[new_markdown_cell("# A"), new_code_cell("1", outputs=SHOWN)])
    lesson.cells[1].metadata = {"tags": ["raises-exception"]}
    before = [(cell.id, cell.source, list(cell.get("outputs", []))) for cell in lesson.cells]
    assert set_slides(lesson) and not set_slides(lesson)
    assert [(cell.id, cell.source, list(cell.get("outputs", []))) for cell in lesson.cells] == before
    assert lesson.cells[1].metadata == {"tags": ["raises-exception"], "slideshow": {"slide_type": "subslide"}}
