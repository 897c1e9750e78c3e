"""Predictions: the file is sound, answers are kept and never overwritten, and no kernel is needed to read."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from typer.testing import CliRunner

from recdrop_lessons import predict, reveal
from recdrop_lessons.cli import app
from recdrop_lessons.course import predictions as asked
from recdrop_lessons.course import progress
from recdrop_lessons.course.marked_text import inline_html
from recdrop_lessons.course.predictions import class_answers, prediction_widget
from recdrop_lessons.course.predictions.prediction_file import UNSURE, Prediction, read
from recdrop_lessons.course.predictions.prediction_widget import PredictionWidget
from recdrop_lessons.course.predictions.predictions_shown import told
from recdrop_lessons.course.predictions.written_number import written_number

ROOT = Path(__file__).parents[2]
EVERY = list(asked.predictions().values())
NUMBER = Prediction("99-number", "l", "c", "s", "How many?", 0.5, "Why.", "Trap.", tolerance=0.1)
CHOICE = Prediction("99-choice", "l", "c", "s", "Which?", "b", "Why.", "Trap.", choices=("One.", "Two."))


@pytest.fixture(autouse=True)
def learner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RECDROP_FOLDER", str(tmp_path))
    return tmp_path


# ---- the file ----


def said_by(cell: Any) -> str:
    """All words in a cell's stored outputs, with single spaces: what is printed, and pictures in words."""
    words = [
        text
        for output in cell.outputs
        for text in (output.get("text", ""), *map(str, output.get("data", {}).values()))
    ]
    return " ".join(" ".join(words).split())


def test_the_lessons_own_cell_shows_what_decides() -> None:
    for lesson in {one.lesson for one in EVERY}:
        notebook = nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", as_version=4)
        cells = {cell.id: cell for cell in notebook.cells if cell.cell_type == "code"}
        for one in (one for one in EVERY if one.lesson == lesson):
            assert one.cell in cells, f"data/predictions.toml, [{one.name}]: name the cell that decides"
            assert one.shows in said_by(cells[one.cell]), one.name


def test_each_prediction_can_be_missed_and_tells_why_after_it_was_asked() -> None:
    for one in EVERY:
        assert len(set(one.choices)) == len(one.choices) != 1 and one.is_right(one.right), one.name
        assert one.why not in repr(predict(one.name)) and one.trap not in repr(predict(one.name))
        silent = [letter for letter in one.letters if letter not in (one.right, *one.traps)]
        assert len(silent) <= 1 and one.traps.keys() <= set(one.letters or one.traps), one.name
        for given, fault in one.traps.items():
            assert ("About your answer", fault) in told(one, one.read_answer(given), None)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ('right = "c"\nchoices = ["A.", "B."]', "one of"),
        ("right = 1", "tolerance"),
        ('right = "a"', "needs a number"),
        ("right = 1\ntolerance = 1\nunknown = 1", "unknown"),
    ],
)
def test_a_faulty_entry_is_refused_by_its_name(entry: str, says: str, tmp_path: Path) -> None:
    base = 'lesson = "l"\ncell = "c"\nshows = "s"\nquestion = "Q?"\nwhy = "W."\ntrap = "T."\n'
    (tmp_path / "p.toml").write_text(f"[99-one]\n{base}{entry}\n", encoding="utf-8")
    with pytest.raises(asked.PredictionError, match=f"99-one.*{says}"):
        read(tmp_path / "p.toml")


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(asked.PredictionError, match="05-survival"):
        predict("05-survivel")


# ---- answers ----


@pytest.mark.parametrize(("given", "right"), [("0.6", True), ("0,41", True), (0.61, False), ("-1", False)])
def test_a_number_is_right_within_its_tolerance(given: object, right: bool) -> None:
    assert NUMBER.is_right(NUMBER.read_answer(given)) == right


WRITTEN = {
    "0.12": 0.12, "0,12": 0.12, " ,5 ": 0.5, "1.": 1, "-3": -3, "−3,5": -3.5, "+2e-3": 0.002, "1E2": 100,
    "０．１２": 0.12, "٠٫١٢": 0.12, "۰٫۵": 0.5, "०.५": 0.5, "1,000": 1, "1.000,5": None, "1,000.5": None,
    "": None, "-": None, ".": None, "12 %": None, "1/2": None, "0x10": None, "1_000": None, "nan": None,
    "Infinity": None, "1e999": None, "½": None, "five": None, "constructor": None,
}  # fmt: skip


def test_a_number_is_read_as_people_write_it() -> None:
    assert {text: written_number(text) for text in WRITTEN} == WRITTEN


@pytest.mark.skipif(shutil.which("node") is None, reason="no node on this machine")
def test_the_site_reads_the_same_numbers() -> None:
    module = (ROOT / "docs" / "_browser" / "number.mjs").as_uri()
    program = f"import {{ readNumber }} from '{module}'; const given = {json.dumps([*WRITTEN])};"
    program += "console.log(JSON.stringify(given.map(readNumber)));"
    done = subprocess.run(
        ["node", "--input-type=module", "-e", program], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [*WRITTEN.values()]


@pytest.mark.parametrize(
    ("prediction", "given"),
    [
        (NUMBER, "many"),
        (NUMBER, ""),
        (NUMBER, "nan"),
        (NUMBER, math.inf),
        (CHOICE, "c"),
        (CHOICE, ""),
        (CHOICE, 1),
    ],
)
def test_an_answer_that_is_none_is_refused_and_not_kept(prediction: Prediction, given: object) -> None:
    with pytest.raises(asked.PredictionError, match="expected"):
        asked.keep(prediction, given)
    assert asked.kept_answer(prediction) is None


def test_the_first_answer_counts() -> None:
    assert asked.keep(CHOICE, "a") == asked.keep(CHOICE, "b") == asked.kept_answer(CHOICE) == "a"


def test_only_the_predictions_leave_the_store_and_they_can_be_read_again() -> None:
    progress.keep("quiz opening", "mine")
    one = EVERY[0]
    asked.keep(one, one.right)
    exported = json.loads(json.dumps(asked.only_predictions(progress.load())))
    assert list(exported["kept"]) == [f"prediction {one.name}"]
    assert asked.answers_in(exported) == {one.name: one.right}


def test_the_command_shows_them_and_saves_nothing_else(tmp_path: Path) -> None:
    progress.keep("quiz opening", "mine")
    asked.keep(asked.find("05-goes-up"), "c")
    asked.keep(asked.find("05-survival"), 0.12)
    done = CliRunner().invoke(app, ["predictions", "--save", str(tmp_path / "mine.json")])
    assert done.exit_code == 0, done.output
    for name, mark, mine in (("05-goes-up", "✘", "c)"), ("05-survival", "✔", "0.12")):
        assert f"{mark} {name}: {asked.find(name).question}\n    yours: {mine}" in done.output
    saved = json.loads((tmp_path / "mine.json").read_text(encoding="utf-8"))
    assert asked.answers_in(saved) == {"05-goes-up": "c", "05-survival": 0.12}
    assert "mine" not in json.dumps(saved["kept"])


@pytest.mark.parametrize("damaged", [None, [], {"kept": None}, {"kept": {"prediction 05-survival": 1}}])
def test_a_store_that_cannot_be_read_has_no_answers(damaged: Any) -> None:
    assert asked.answers_in(damaged if isinstance(damaged, dict) else {"kept": damaged}) == {}


# ---- what is shown ----


def test_without_widgets_the_question_is_text_and_the_answer_is_folded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = "recdrop_lessons.course.predictions.prediction_widget"
    monkeypatch.setitem(sys.modules, module, None)  # importing it raises ImportError
    bundle = predict("05-survival")._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    before_the_fold, folded = bundle["text/html"].split("<details>")
    assert "0.12" not in before_the_fold and "0.12" not in bundle["text/plain"] and "0.12" in folded


def test_reveal_shows_the_learners_answer_the_right_one_and_the_class() -> None:
    one = asked.find("05-goes-up")
    assert "Your prediction" not in repr(reveal(one.name))
    asked.keep(one, "c")
    shown = repr(reveal(one.name))
    assert "Your prediction: c)" in shown and "✘" in shown and one.why in shown and "class" not in shown


def test_the_class_is_counted_and_shown_beside_the_answer(learner: Path) -> None:
    one = asked.find("05-goes-up")
    answers = [{one.name: letter} for letter in ("b", "c", "c", "a", UNSURE)]
    counts = class_answers.count_class([*answers, {}])
    assert (counts[one.name].answered, counts[one.name].wrong, counts[one.name].unsure) == (5, 3, 1)
    (learner / class_answers.CLASS_FILE).write_text(class_answers.as_file(counts), encoding="utf-8")
    assert class_answers.class_count(one) == counts[one.name]
    assert "3 of 5 (60 %) of the class got it wrong, 1 were not sure" in repr(reveal(one.name))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"05-goes-up": {"answered": "x"}}', '{"05-goes-up": 1}'])
def test_a_class_file_that_cannot_be_read_is_no_class(text: str, learner: Path) -> None:
    (learner / class_answers.CLASS_FILE).write_text(text, encoding="utf-8")
    assert class_answers.class_count(asked.find("05-goes-up")) is None


def names_of_fields(form: str) -> list[str]:
    return re.findall(r'name="answer" value="([^"]+)"', form)


def test_the_widget_asks_keeps_and_then_tells() -> None:
    one = asked.find("05-goes-up")
    widget = PredictionWidget(one)
    assert names_of_fields(widget.form) == [*one.letters, UNSURE]
    assert "Right:" not in widget.form
    widget.receive({"do": "keep", "answer": None})
    assert "Choose an answer first" in widget.form and asked.kept_answer(one) is None
    widget.receive({"do": "keep", "answer": "b"})
    assert asked.kept_answer(one) == "b" and "Right:" not in widget.form
    assert PredictionWidget(one).form == widget.form, "opened again it shows what is kept"
    widget.receive({"do": "show", "answer": None})
    assert inline_html(one.why) in widget.form and "Easy to get wrong" in widget.form and "✔" in widget.form


def test_the_answer_appears_when_the_cell_that_decides_has_run(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = InteractiveShell()
    monkeypatch.setattr(prediction_widget, "get_ipython", lambda: shell)
    answered, open_ = (PredictionWidget(asked.find(name)) for name in ("05-goes-up", "05-survival"))
    answered.receive({"do": "keep", "answer": "b"})
    shell.run_cell("1", cell_id="another-cell")
    shell.run_cell("1 / 0", cell_id="memory-figure")
    assert "Right:" not in answered.form
    for cell in ("memory-figure", "survival"):
        shell.run_cell("1", cell_id=cell)
    assert "✔" in answered.form
    assert "Right:" not in open_.form, "who has not answered is still asked"
    assert shell.events.callbacks["post_run_cell"].count(prediction_widget.cell_has_run) == 1


def test_the_widget_says_what_is_wrong_with_a_number() -> None:
    widget = PredictionWidget(asked.find("05-survival"))
    widget.receive({"do": "keep", "answer": "a <b>half</b>"})
    assert 'role="alert"' in widget.form and "<b>half" not in widget.form
    widget.receive({"do": "keep", "answer": "0.9"})
    widget.receive({"do": "show"})
    assert "0.9 ✘" in widget.form and "0.12" in widget.form


def test_a_folder_that_cannot_be_written_costs_the_memory_and_not_the_answer(
    monkeypatch: pytest.MonkeyPatch, learner: Path
) -> None:
    monkeypatch.setenv("RECDROP_FOLDER", str(learner / "file" / "below"))
    (learner / "file").write_text("", encoding="utf-8")
    widget = PredictionWidget(asked.find("05-survival"))
    widget.receive({"do": "keep", "answer": "0.9"})
    assert "could not be kept" in widget.form and "0.12" in widget.form
