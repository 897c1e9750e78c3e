"""What holds once lesson 12 is added as docs/architecture.md says (test_where_to_add.py)."""

import os
from pathlib import Path

import recdrop_lessons
from recdrop_lessons.course import folders, outline, workspace
from recdrop_lessons.explorers import board

COPY = Path(os.environ["COPY"])
NAME = "12_words_dropped"


def test_this_is_the_copy():
    assert Path(recdrop_lessons.__file__).is_relative_to(COPY) and folders.COURSE == COPY


def test_the_list_of_lessons_has_it():
    last = outline.notebooks()[-1]
    assert (last.name, last.title, last.questions) == (NAME, "Words dropped", "1")
    assert board.LESSONS[-1] == last


def test_the_pages_of_lessons_and_claims_have_it():
    page = (COPY / "docs" / "site" / "lessons.md").read_text(encoding="utf-8")
    assert (
        f"| 12 | [Words dropped](../../notebooks/{NAME}.ipynb) | What does a mask on the embedding do? |  |"
        in page
    )
    claims = (COPY / "notebooks" / "claims.md").read_text(encoding="utf-8")
    (row,) = [line for line in claims.splitlines() if "A word is dropped everywhere." in line]
    assert "✘ false" in row and row.endswith("a common belief |")


def test_a_working_copy_gets_it(tmp_path):
    workspace.start(tmp_path / "course")
    assert (tmp_path / "course" / "notebooks" / f"{NAME}.ipynb").exists()
