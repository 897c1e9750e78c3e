"""The prediction quiz: what is kept is never overwritten, and the two sittings are compared fairly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recdrop_lessons import quiz

RIGHT = {question.name: question.right for question in quiz.QUESTIONS}
RIGHT_AT_THE_END = {question.name: question.right for question in quiz.CLOSING}
UNSURE = dict.fromkeys(RIGHT, quiz.UNSURE)
ALL_A = dict.fromkeys(RIGHT, "a")


@pytest.fixture(autouse=True)
def learner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RECDROP_FOLDER", str(tmp_path))
    return tmp_path


def press(view: object, answers: dict[str, str]) -> str:
    """Choose the letters, press the button, return what the widget then says."""
    *rows, button, message = view.children  # type: ignore[attr-defined]
    for row, question in zip(rows, quiz.QUESTIONS, strict=True):
        row.children[1].value = answers.get(question.name)
    button.click()
    return message.value


def test_the_sheet_asks_and_does_not_tell() -> None:
    for shown in (repr(quiz.sheet()), quiz.sheet()._repr_html_()):
        assert all(question.why not in shown for question in quiz.QUESTIONS)
    assert all(option in repr(quiz.sheet()) for question in quiz.QUESTIONS for option in question.options)


def test_a_second_sitting_leaves_the_first_as_it_was() -> None:
    first = quiz.keep("opening", ALL_A)
    quiz.keep("opening", RIGHT)
    assert quiz.sittings("opening")[0] == first
    assert [sitting.answers for sitting in quiz.sittings("opening")] == [ALL_A, RIGHT]
    assert quiz.sittings("closing") == []


def test_the_comparison_takes_the_first_opening_and_the_last_closing() -> None:
    quiz.keep("opening", ALL_A)
    quiz.keep("opening", RIGHT)
    quiz.keep("closing", UNSURE)
    quiz.keep("closing", RIGHT_AT_THE_END)
    both = quiz.comparison()
    assert both.right_before == sum(right == "a" for right in RIGHT.values())
    assert both.right_after == 6
    assert "at the end 6 of 6 right" in repr(both)
    assert both._repr_html_().count("✘") == 5


@pytest.mark.parametrize(
    ("when", "answers", "says"),
    [
        ("opening", {**RIGHT, "gaussian": "e"}, "'gaussian' was 'e'"),
        ("opening", {name: "a" for name in RIGHT if name != "stacked"}, "'stacked' was None"),
        ("opening", {**RIGHT, "another": "a"}, "no question 'another'"),
        ("midway", RIGHT, "expected 'opening' or 'closing'"),
    ],
)
def test_what_is_no_answer_is_refused_and_not_kept(
    when: str, answers: dict[str, str], says: str, learner: Path
) -> None:
    with pytest.raises(quiz.QuizError, match=says):
        quiz.keep(when, answers)
    assert not list(learner.rglob("*.json"))


def test_other_things_that_are_kept_stay_and_a_strange_sitting_is_passed_over(learner: Path) -> None:
    quiz.keep("opening", RIGHT)
    file = learner / ".recdrop" / "progress.json"
    store = json.loads(file.read_text(encoding="utf-8"))
    store["kept"]["quiz opening 1999"] = {"answers": 7}
    store["kept"]["mine"] = [1, 2]
    file.write_text(json.dumps(store), encoding="utf-8")
    assert len(quiz.sittings("opening")) == 1
    quiz.keep("closing", RIGHT)
    kept = json.loads(file.read_text(encoding="utf-8"))["kept"]
    assert kept["mine"] == [1, 2] and kept["quiz opening 1999"] == {"answers": 7}


def test_the_widget_asks_for_what_is_missing_and_keeps_nothing_until_then() -> None:
    view = quiz.view("opening")
    assert "question 2" in press(view, {name: "a" for name in RIGHT if name != "graph-attention"})
    assert quiz.sittings("opening") == []
    assert "Kept" in press(view, ALL_A)
    assert [sitting.answers for sitting in quiz.sittings("opening")] == [ALL_A]
