"""The prediction quiz: what is kept is never overwritten, and the two sittings are compared fairly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recdrop_lessons import quiz
from recdrop_lessons.course.marked_text import inline_html

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


@pytest.mark.parametrize("when", quiz.WHEN)
def test_each_question_has_one_right_letter_and_the_letters_differ(when: str) -> None:
    questions = quiz.asked(when)
    assert len(questions) == 6
    assert all(question.right in quiz.LETTERS for question in questions)
    assert len({question.name for question in questions}) == 6
    assert all(len(set(question.options)) == 4 for question in questions)
    assert len({question.right for question in questions}) == 4  # no letter is a safe guess


def test_the_end_asks_other_questions_on_the_same_ideas() -> None:
    for opening, closing in zip(quiz.QUESTIONS, quiz.CLOSING, strict=True):
        assert opening.name == closing.name
        assert opening.text != closing.text and not set(opening.options) & set(closing.options)
    # Who has learnt the letters by heart gets most of them wrong.
    assert sum(RIGHT[name] == right for name, right in RIGHT_AT_THE_END.items()) <= 1


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


def test_before_any_answer_there_is_a_comparison_that_says_so() -> None:
    assert "not answered" in repr(quiz.comparison())
    assert quiz.comparison().right_before == 0


def test_not_sure_is_neither_right_nor_wrong() -> None:
    quiz.keep("opening", UNSURE)
    assert quiz.comparison().right_before == 0
    assert "✘" not in repr(quiz.comparison())


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


def test_the_closing_widget_shows_both_sittings() -> None:
    press(quiz.view("opening"), UNSURE)
    shown = press(quiz.view("closing"), RIGHT_AT_THE_END)
    assert "at the opening 0 of 6 right; at the end 6 of 6 right" in shown


def test_subscripts_and_code_are_set_as_such() -> None:
    assert inline_html("h_{t-1} < `a_b`") == "<i>h</i><sub>t-1</sub> &lt; <code>a_b</code>"
