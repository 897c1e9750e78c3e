"""Each word of the glossary is a link where a lesson first uses it, and no word is there in vain."""

import importlib.util
import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
spec = importlib.util.spec_from_file_location("glossary_links", ROOT / "tools" / "glossary_links.py")
tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tool)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_word_is_linked_at_its_first_use(path):
    nb = nbformat.read(path, as_version=4)
    assert [cell.source for cell in nb.cells[1:] if cell.cell_type == "markdown"] == tool.with_links(nb)


def test_every_word_is_linked_from_a_lesson():
    texts = "".join(path.read_text(encoding="utf-8") for path in LESSONS)
    linked = set(re.findall(r"glossary\.md#([\w-]+)", texts))
    assert {tool.anchor(word) for word in tool.words()} - linked == set()


def test_every_word_names_the_lesson_that_explains_it_and_that_lesson_links_it():
    page = tool.PAGE.read_text(encoding="utf-8")
    for word, entry in re.findall(r"^### (.+)\n((?:.+\n?)+)", page, re.MULTILINE):
        (lesson,) = re.findall(r"\[\d\d\]\((\d\d_\w+\.ipynb)\)", entry)
        assert f"glossary.md#{tool.anchor(word)}" in (ROOT / "notebooks" / lesson).read_text(
            encoding="utf-8"
        ), word


def test_code_formulas_headings_and_links_stay_as_they_are():
    text = "# Gates\n`gate` $gate$ [gate](x.md) <summary>gate</summary> one gate, another gate"
    assert tool.linked(text, "Gate") == text.replace("one gate,", "one [gate](glossary.md#gate),")
    assert tool.linked("# Gate\n`gate`", "Gate") is None


def test_a_longer_word_is_found_before_a_shorter_one_in_it():
    cells = [new_markdown_cell("# 01"), new_markdown_cell("the forget gate, then a gate")]
    (text,) = tool.with_links(new_notebook(cells=cells))
    assert text == "the [forget gate](glossary.md#forget-gate), then a [gate](glossary.md#gate)"
