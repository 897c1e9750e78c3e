"""A failure is told in steps: what was done and by how much; what is meant only when it comes again."""

from __future__ import annotations

from pathlib import Path

import pytest
from bank import wrong_answers

from recdrop_lessons.checks import LocalAnswer, PartFailed, all_lessons, check, part, run
from recdrop_lessons.checks.compare import compare
from recdrop_lessons.checks.general import VALUES_MISSING
from recdrop_lessons.checks.in_steps import in_steps
from recdrop_lessons.checks.report import SAID_LATER, Report, told
from recdrop_lessons.checks.symptoms import of_difference
from recdrop_lessons.course import progress
from recdrop_lessons.grading.checker import Graded
from recdrop_lessons.grading.learners_check import note_progress, text

TABLES = ("3.3", "4.2")  # from a name to a word or a shape
WORDS = ("3.4", "5.6", "8.5", "12.2")  # one of a few words


@pytest.fixture(autouse=True)
def learner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RECDROP_FOLDER", str(tmp_path))
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("sentence", "steps"),
    [
        ("You do this thing here. It is that.", ("You do this thing here.", "It is that.")),
        ("Your gates have no bias: b is added.", ("Your gates have no bias.", "b is added.")),
        ("You reset the thing: the state stays.", ("You reset the thing.", "The state stays.")),
        ("You call `f(a: b)` (as in x; y). It is g.", ("You call `f(a: b)` (as in x; y).", "It is g.")),
        ("Your result is wrong by a factor of 1.5.", ("Your result is wrong by a factor of 1.5.", "")),
    ],
)
def test_a_sentence_is_cut_after_its_first_statement(sentence: str, steps: tuple[str, str]) -> None:
    assert in_steps(sentence) == steps


def wrong(number: str, slug: str):
    return next(answer for its, found, answer in wrong_answers() if (its, found) == (number, slug))


def test_the_notebook_says_what_is_meant_at_the_second_failure(capsys: pytest.CaptureFixture[str]) -> None:
    answer, misconception = wrong("1.2", "tanh-stored"), part("1.2").misconception("tanh-stored")
    shown = []
    for _ in range(2):
        with pytest.raises(PartFailed):
            check(answer, "1.2")
        shown.append(capsys.readouterr().out)
    first, second = shown
    for one in shown:
        assert misconception.done in one
        assert "yours" in one and "right" in one, "a counter-example with numbers"
    assert misconception.meant not in first and SAID_LATER in first
    assert SAID_LATER not in second
    lines = [line.strip() for line in second.splitlines()]
    assert lines[lines.index(misconception.done) + 1] == misconception.meant, "directly behind it"


def test_the_command_says_it_at_the_second_failure_and_its_json_stays() -> None:
    found = run(part("1.2"), LocalAnswer(wrong("1.2", "tanh-stored"), "lstm_step"), 0)
    graded = Graded("01_cells", (found,), "none", {}, {})
    first, second = (note_progress(graded, Path("01_cells.ipynb")) for _ in range(2))
    assert found.meant not in text(first) and SAID_LATER in text(first)
    assert found.meant in text(second) and "yours" in text(second)
    assert second.record()["parts"][0]["message"] == found.message
    assert set(found.record()) - {"picture"} == {
        "part", "name", "points", "max_points", "status", "misconception", "message", "hint"
    }  # fmt: skip


def test_an_instructors_run_says_the_first_step_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    for _ in range(2):
        with pytest.raises(PartFailed):
            check(wrong("1.2", "tanh-stored"), "1.2")
    assert part("1.2").misconception("tanh-stored").meant not in capsys.readouterr().out


RIGHT_ENTRIES = {
    "3.3": {
        "torch-dropout-not-recurrent": "between layers",
        "keras-dropout-is-input": "input",
        "recurrent-dropout-is-state": "recurrent",
        "layer-after-is-output": "output",
        "gat-dropout-is-attention": "attention",
    },
    "4.2": {
        "spatial-drops-channels": "time axis",
        "whole-steps-share-features": "feature axis",
        "mask-per-row": "batch axis",
    },
}


@pytest.mark.parametrize("number", TABLES)
def test_a_tables_right_entry_is_never_said(number: str) -> None:
    for slug, entry in RIGHT_ENTRIES[number].items():
        told = part(number).misconception(slug)
        for said in (told.sentence, told.hint, *part(number).hints):
            if slug == "recurrent-dropout-is-state":  # the argument itself has the word in it
                said = said.replace("`recurrent_dropout`", "")
            assert entry not in said, slug


@pytest.mark.parametrize("number", [*TABLES, *WORDS])
def test_the_report_of_a_table_or_a_word_shows_no_right_value(number: str) -> None:
    for its, slug, answer in wrong_answers():
        if its == number:
            result = run(part(number), LocalAnswer(answer), 0)
            assert "right" not in result.details, slug
            assert "Right," not in Report(result).text() and "is expected" not in Report(result).text(), slug


def test_every_part_is_looked_at() -> None:
    """A new table or word part belongs to this file's lists."""
    from recdrop_lessons.checks.exact import Exact

    words = [
        one.number
        for lesson in all_lessons()
        for one in lesson.parts
        if isinstance(one.check, Exact) and not one.check.told
    ]
    assert set(words) <= {*WORDS, "4.5"}  # 4.5 asks for a tuple of words


def test_words_that_are_missing_from_a_tuple_are_no_missing_return_value() -> None:
    for yours, right in (((), ("batch",)), (("batch", "time"), ()), (("time",), ("batch", "time"))):
        difference = compare(yours, right, ("the axes",), 1e-9)
        assert difference is not None and of_difference(difference) is None
    missing = compare((1.0,), (1.0, 2.0), ("a", "b"), 1e-9)
    assert missing is not None and of_difference(missing) is VALUES_MISSING


def test_nothing_written_yet_takes_no_hint_until_one_was_asked_for() -> None:
    def unwritten(x, h, c, W, U, b):
        raise NotImplementedError

    found = run(part("1.2"), LocalAnswer(unwritten, "lstm_step"), 0)
    assert found.hint, "the record has the first one"
    assert progress.note_check(found).hint == ""
    progress.hint("1.2")
    assert progress.note_check(found).hint == part("1.2").hints[0]


def test_a_message_and_where_it_was_found_stand_on_lines_of_their_own() -> None:
    def one_branch(p, features, steps, how):
        return (p**features, p**steps) if how == "layer" else part("4.6").function(p, features, steps, how)

    lines = told(run(part("4.6"), LocalAnswer(one_branch, "blank_chances"), 0))
    assert lines[0].startswith("Your function is right for other names") and lines[1].startswith("On p=")
