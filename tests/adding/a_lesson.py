"""What holds once lesson 13 is added as docs/architecture.md says (test_where_to_add.py)."""

import os
from pathlib import Path

import recdrop_lessons
from recdrop_lessons.course import folders, outline, workspace
from recdrop_lessons.explorers import board

COPY = Path(os.environ["COPY"])
NAME = "13_words_dropped"


def test_this_is_the_copy():
    assert Path(recdrop_lessons.__file__).is_relative_to(COPY) and folders.COURSE == COPY


def test_the_list_of_lessons_has_it():
    last = outline.notebooks()[-1]
    assert (last.name, last.title, last.questions) == (NAME, "Words dropped", "1")
    assert board.LESSONS[-1] == last


def test_readme_and_the_page_of_claims_have_it():
    readme = (COPY / "README.md").read_text(encoding="utf-8")
    assert (
        f"| 13 | [Words dropped](notebooks/{NAME}.ipynb) | What does a mask on the embedding do? |  |"
        in readme
    )
    claims = (COPY / "notebooks" / "claims.md").read_text(encoding="utf-8")
    (row,) = [line for line in claims.splitlines() if "A word is dropped everywhere." in line]
    assert "✘ false" in row and row.endswith("a common belief |")


def test_a_working_copy_gets_it(tmp_path):
    workspace.start(tmp_path / "course")
    assert (tmp_path / "course" / "notebooks" / f"{NAME}.ipynb").exists()
