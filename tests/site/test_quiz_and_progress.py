"""Quiz and progress on the served site: as in JupyterLab, and one file moves them, both ways."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recdrop_lessons import quiz
from recdrop_lessons.course import predictions, progress
from recdrop_lessons.course.progress.moving import merged
from recdrop_lessons.course.progress.store import readable

Visit = Callable[..., Any]
OPENING, CLOSING = "notebooks/00_start_here.html", "notebooks/10_capstone.html"
PROGRESS = "docs/site/progress.html"
LETTERS = {question.name: "a" for question in quiz.QUESTIONS}  # some are right, some are wrong
RIGHT = {question.name: question.right for question in quiz.CLOSING}


@pytest.fixture(autouse=True)
def learner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RECDROP_FOLDER", str(tmp_path))
    return tmp_path


def answer(page: Any, label: str, answers: dict[str, str]) -> Any:
    root = page.locator(f'section[aria-label="{label}"]')
    for name, letter in answers.items():
        root.locator(f'input[name="{name}"][value="{letter}"]').check()
    root.get_by_role("button", name="Keep my answers").click()
    return root


def words(html: str) -> list[str]:
    """The cells of a table and the line below it."""
    found = re.findall(r"<t[hd][^>]*>.*?</t[hd]>|<p>.*?</p>", html)
    return [unescape(re.sub("<[^>]*>", "", one)).strip() for one in found]


@pytest.mark.browser
def test_the_quiz_is_answered_on_the_site_and_goes_to_jupyterlab_by_one_file(
    visit: Visit, learner: Path
) -> None:
    page = visit(OPENING)
    few = dict(list(LETTERS.items())[:3])
    root = answer(page, "The opening quiz", few)
    root.get_by_text("Still open: question 4, 5, 6.").wait_for()
    root = answer(page, "The opening quiz", LETTERS)
    root.get_by_text("Your first answers wait for lesson 10").wait_for()
    assert "✔" not in root.inner_text(), "the opening says nothing of what is right"
    answer(page, "The opening quiz", RIGHT)  # a second sitting changes nothing of the first

    page.goto(page.url.replace(OPENING, CLOSING))
    compared = page.locator(".recdrop-quiz", has_text="at the opening").last
    assert "at the end not answered" in compared.inner_text()
    answer(page, "The closing quiz", RIGHT).get_by_text("at the end 6 of 6 right").wait_for()

    page.goto(page.url.replace(CLOSING, PROGRESS))
    page.get_by_text("Quiz: opening answered, closing answered").wait_for()
    with page.expect_download() as got:
        page.get_by_role("button", name="Export progress").click()
    assert got.value.suggested_filename == "progress.json"
    got.value.save_as(learner / "from_site.json")
    progress.take(learner / "from_site.json")
    native = quiz.comparison()
    assert (native.right_after, len(quiz.sittings("opening"))) == (6, 2)
    assert native.before is not None and native.before.answers == LETTERS

    page.goto(page.url.replace(PROGRESS, CLOSING))
    place = page.locator(".recdrop-quiz").last  # it holds an empty table until the page's script has run
    place.get_by_text("at the end 6 of 6 right").wait_for()
    shown = place.evaluate("element => element.innerHTML")
    assert words(shown) == words(native._repr_html_())


@pytest.mark.browser
def test_what_was_done_in_jupyterlab_is_on_the_site_by_one_file(visit: Visit, learner: Path) -> None:
    quiz.keep("opening", LETTERS)
    number = predictions.find("05-survival")
    predictions.keep(number, number.right)
    with progress.store.changing() as store:
        entry = progress.store.entry_of(store, "1.1")
        entry["solved"], entry["points"], entry["checks"] = True, 20, 3
    progress.save(learner / "from_lab.json")

    page = visit(PROGRESS)
    page.get_by_text("0 of").first.wait_for()
    page.locator("input[type=file]").set_input_files(learner / "from_lab.json")
    page.get_by_text("from_lab.json was added").wait_for()
    page.get_by_text("1 of 44 predictions made, 1 right. Quiz: opening answered").wait_for()
    page.get_by_role("link", name="1.1 rnn_step, solved").click()
    page.locator('.recdrop-exercise[data-state="ready"]').wait_for(state="attached")
    page.get_by_text("✓ 20 of 20 points").wait_for()
    page.goto(page.url.partition("/exercises/")[0] + "/notebooks/05_recurrent_dropout_family.html")
    page.get_by_text(f"Kept: {number.right:g}").wait_for()

    wrong = learner / "note.json"
    wrong.write_text('{"cells": []}', encoding="utf-8")
    page.goto(page.url.partition("/notebooks/")[0] + f"/{PROGRESS}")
    page.locator("input[type=file]").set_input_files(wrong)
    page.get_by_text("note.json is no progress.json").wait_for()
    page.get_by_text("1 of 44 predictions made").wait_for()


def test_without_scripts_the_page_says_where_else_the_board_is(site: Path) -> None:
    assert "recdrop progress" in (site / PROGRESS).read_text(encoding="utf-8").partition("<script type")[0]


# ---- two stores in one: the same by the course and by the page ----

COUNTS = st.integers(0, 5)
ENTRIES = st.fixed_dictionaries(
    {
        "solved": st.booleans(),
        "points": COUNTS,
        "checks": COUNTS,
        "hints": COUNTS,
        "misconceptions": st.lists(st.sampled_from(["one", "two", "three"]), unique=True),
    }
)
MOMENTS = st.sampled_from(["2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00", None])
KEPT = st.fixed_dictionaries({"at": MOMENTS, "answer": st.sampled_from(["a", "b", 0.5])}) | COUNTS
STORES = st.fixed_dictionaries(
    {
        "parts": st.dictionaries(st.sampled_from(["1.1", "1.2"]), ENTRIES | st.just("damaged")),
        "kept": st.dictionaries(st.sampled_from(["prediction 01-a", "prediction 02-b"]), KEPT),
    }
)


@pytest.mark.browser
def test_the_page_unites_two_stores_as_the_course_does(visit: Visit) -> None:
    page = visit(PROGRESS)
    pairs: list[tuple[Any, Any]] = []

    @settings(max_examples=150, database=None, derandomize=True)
    @given(STORES, STORES)
    def collect(own: Any, other: Any) -> None:
        pairs.append((own, other))

    collect()
    united = page.evaluate(
        """async (pairs) => {
          const { merged, readable } = await import("/_static/live/progress.mjs");
          return pairs.map(([own, other]) => merged(readable(own), readable(other)));
        }""",
        [list(pair) for pair in pairs],
    )
    assert united == [merged(readable(own), readable(other)) for own, other in pairs]


@settings(max_examples=100, database=None, derandomize=True)
@given(STORES, STORES)
def test_nothing_is_lost_when_two_stores_become_one(own: Any, other: Any) -> None:
    own, other = readable(own), readable(other)
    both = merged(own, other)
    for store in (own, other):
        assert both["parts"].keys() >= store["parts"].keys() and both["kept"].keys() >= store["kept"].keys()
        for part, entry in store["parts"].items():
            assert all(
                both["parts"][part][key] >= entry[key] for key in ("solved", "points", "checks", "hints")
            )
            assert set(both["parts"][part]["misconceptions"]) >= set(entry["misconceptions"])
    assert merged(both, other) == both, "the same file twice changes nothing"


def test_a_file_that_holds_no_progress_is_refused_and_changes_nothing(learner: Path) -> None:
    wrong = learner / "note.ipynb"
    wrong.write_text('{"cells": []}', encoding="utf-8")
    with pytest.raises(progress.ProgressError, match="holds no progress"):
        progress.take(wrong)
    with pytest.raises(progress.ProgressError, match="cannot be read"):
        progress.take(learner / "absent.json")
    assert json.loads(json.dumps(progress.load())) == {"version": 1, "parts": {}, "kept": {}}
