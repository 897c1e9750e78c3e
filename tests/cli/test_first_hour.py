"""What a newcomer types in the first hour: right commands, wrong folders, wrong numbers, typing mistakes."""

from __future__ import annotations

import json
import logging
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import submissions
from typer.testing import CliRunner

from recdrop_lessons.checks import part
from recdrop_lessons.cli import app
from recdrop_lessons.course.folders import COURSE, own_folder
from recdrop_lessons.course.lab_log import AddressAlone
from recdrop_lessons.course.workspace import start

EXERCISE = Path("exercises", "01_cells", "01_cells.ipynb")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return start(tmp_path_factory.mktemp("learner") / "copy").folder


@pytest.fixture
def copy(fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working copy, with the working folder in it."""
    monkeypatch.delenv("RECDROP_FOLDER", raising=False)
    copy = Path(shutil.copytree(fresh, tmp_path / "my copy"))
    monkeypatch.chdir(copy)
    return copy


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without the course."""
    monkeypatch.delenv("RECDROP_FOLDER", raising=False)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def recdrop(*typed: str | Path) -> tuple[int, str]:
    """The exit code, and all that a terminal shows."""
    done = CliRunner().invoke(app, [str(one) for one in typed])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def files(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def change(notebook: Path, **sources: str) -> dict[str, Any]:
    """Write other code into cells, by their names; returns the notebook."""
    document: dict[str, Any] = json.loads(notebook.read_text(encoding="utf-8"))
    for cell in document["cells"]:
        cell["source"] = sources.get(cell["id"], cell["source"])
    notebook.write_text(json.dumps(document), encoding="utf-8")
    return document


# ---------------------------------------------------------------- a lesson is no exercise


def test_a_lesson_is_not_graded_and_the_command_that_is_meant_is_said(copy: Path) -> None:
    before = files(copy)
    code, said = recdrop("check", "notebooks/01_cells.ipynb")
    assert code == 2 and "is lesson 01" in said and "recdrop check 01" in said
    code, said = recdrop("check", "notebooks/00_start_here.ipynb")
    assert code == 2 and "Lesson 00 has no exercise" in said
    recdrop("results", "1")
    code, said = recdrop("check", "notebooks/01_cells.with-results.ipynb", "--json")
    assert code == 2 and '"parts": []' in said
    assert files(copy) - before == {copy / "notebooks" / "01_cells.with-results.ipynb"}, "no progress"


def test_every_lesson_is_known_as_one_and_no_exercise_is() -> None:
    from recdrop_lessons.grading.learners_check import _lesson

    for path in sorted((COURSE / "notebooks").glob("*.ipynb")):
        assert _lesson(path.read_bytes()) == path.name[:2]
    for room in ("exercises", "solutions"):
        for path in sorted((COURSE / room).glob("*/*.ipynb")):
            assert _lesson(path.read_bytes()) is None, path


def test_no_part_is_put_back_into_a_lesson(copy: Path) -> None:
    """Lesson 01 defines functions of the same names as its exercise."""
    before = (copy / "notebooks" / "01_cells.ipynb").read_bytes()
    code, said = recdrop("reset", "lstm_step", "notebooks/01_cells.ipynb")
    assert code == 2 and "is lesson 01" in said and "recdrop reset 1.2" in said
    assert (copy / "notebooks" / "01_cells.ipynb").read_bytes() == before


# ---------------------------------------------------------------- the wrong folder


@pytest.mark.parametrize("typed", ["check 01", "check 1", "check exercises/01_cells", "results 5", "update"])
def test_in_the_wrong_folder_the_way_out_is_said(elsewhere: Path, typed: str) -> None:
    code, said = recdrop(*typed.split())
    assert code == 2 and "recdrop start FOLDER" in said
    assert "recdrop check" not in said, "what failed is not the advice"
    assert not files(elsewhere)


@pytest.mark.parametrize("typed", ["progress --save p", "progress --take p", "predictions --save p"])
def test_no_empty_progress_is_saved_and_none_is_taken_into_a_strange_folder(
    elsewhere: Path, typed: str
) -> None:
    (elsewhere / "p").write_text('{"version": 1, "parts": {}, "kept": {}}')
    code, said = recdrop(*typed.split())
    assert code == 2 and "recdrop start FOLDER" in said
    assert files(elsewhere) == {elsewhere / "p"}


@pytest.mark.parametrize("typed", ["hint 1.1", "progress", "predictions"])
def test_what_needs_no_folder_says_that_it_is_the_wrong_one_and_leaves_nothing(
    elsewhere: Path, typed: str
) -> None:
    for _ in range(2):
        code, said = recdrop(*typed.split())
        assert code == 0 and "recdrop start FOLDER" in said
    if typed == "hint 1.1":
        assert part("1.1").hints[0] in said
    assert not files(elsewhere)


def test_a_strangers_recdrop_in_a_parent_folder_is_not_the_learners(elsewhere: Path) -> None:
    stranger = elsewhere.parent / ".recdrop"
    stranger.mkdir()
    (stranger / "progress.json").write_text("{}")
    (elsewhere.parent / "exercises" / "sheet_1").mkdir(parents=True)  # of another course
    assert own_folder() is None
    submissions.write(elsewhere, submissions.solved())
    assert recdrop("check", "01_cells")[0] == 0
    assert (stranger / "progress.json").read_text() == "{}"
    assert "100 of 100" in recdrop("progress")[1], "kept where the learner's notebook is"


@pytest.mark.parametrize(
    "name, state",
    [
        (".recdrop/copy.json", False),  # of `start`, in every release
        ("exercises/01_cells/01_cells.ipynb", False),  # a clone, or a copy made by hand
        ("01_cells/01_cells.ipynb", True),  # as nbgrader fetches it
        ("notebooks/01_cells.ipynb", True),
        ("01_cells.ipynb", True),
    ],
)
def test_a_copy_of_an_older_release_is_known_from_within(elsewhere: Path, name: str, state: bool) -> None:
    for path in [name] + [".recdrop/progress.json"] * state:
        (elsewhere / path).parent.mkdir(parents=True, exist_ok=True)
        (elsewhere / path).write_text("{}")
    inner = elsewhere / "exercises" / "01_cells"
    inner.mkdir(parents=True, exist_ok=True)
    (inner / "01_cells.ipynb").touch()
    assert own_folder(inner) == elsewhere


def test_progress_of_a_notebook_that_is_checked_from_elsewhere_goes_into_its_copy(
    copy: Path, elsewhere: Path
) -> None:
    assert recdrop("check", copy / EXERCISE)[0] == 1
    assert not files(elsewhere)
    stored = json.loads((copy / ".recdrop" / "progress.json").read_text(encoding="utf-8"))
    assert stored["parts"]["1.1"]["checks"] == 1


def test_a_part_that_is_reset_from_elsewhere_is_kept_and_noted_in_its_copy(
    copy: Path, elsewhere: Path
) -> None:
    change(copy / EXERCISE, rnn_step="mine = 1")
    before = (copy / EXERCISE).read_bytes()
    assert recdrop("reset", "1.1", copy / EXERCISE)[0] == 0
    (kept,) = (copy / ".recdrop" / "before-reset").iterdir()
    assert kept.read_bytes() == before
    assert not files(elsewhere)


def test_check_names_nothing_where_it_finds_one_notebook_and_says_where_to_go_if_not(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(copy / EXERCISE.parent)
    assert "01_cells: 0 of 100 points" in recdrop("check")[1]
    monkeypatch.chdir(copy / "notebooks")
    code, said = recdrop("check")
    assert code == 2 and "recdrop check 01" in said
    monkeypatch.chdir(copy.parent)
    code, said = recdrop("check", copy.name)
    assert code == 2 and f"Go to {copy}" in said


def test_in_a_clone_without_a_copy_it_is_said_that_the_notebook_is_the_courses(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (copy / ".recdrop" / "copy.json").unlink()
    (copy / "solutions" / "01_cells").mkdir(parents=True)
    code, said = recdrop("check", "1")
    assert code == 1 and "no working copy here yet" in said
    code, said = recdrop("start", "second")
    assert code == 2 and "inside the course" in said and not (copy / "second").exists()


def test_start_takes_a_path_upwards_out_of_a_copy(copy: Path) -> None:
    assert recdrop("start", "../second")[0] == 0
    assert own_folder(copy.parent / "second" / "notebooks") == copy.parent / "second"


def test_a_copy_within_a_copy_is_refused(copy: Path) -> None:
    before = files(copy)
    code, said = recdrop("start", "my-course")
    assert code == 2 and "inside your working copy" in said and "recdrop lab" in said
    assert files(copy) == before


# ---------------------------------------------------------------- the next command


@pytest.mark.parametrize("program", [[sys.executable, "-m", "recdrop_lessons"], ["bin/recdrop"]])
def test_the_next_command_works_where_it_is_typed(tmp_path: Path, program: list[str]) -> None:
    """`recdrop` is not on the path, as in a clone whose environment is not activated."""
    script = tmp_path / "bin" / "recdrop"
    script.parent.mkdir()
    script.write_text(f"#!{sys.executable}\nfrom recdrop_lessons.cli import main\nmain()\n")
    script.chmod(0o755)
    env = {key: value for key, value in os.environ.items() if key != "RECDROP_FOLDER"}
    env |= {"PATH": "/usr/bin:/bin", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    made = subprocess.run(
        [*program, "start", "my copy"], cwd=tmp_path, env=env, capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr
    go, command = (line.strip() for line in made.stdout.splitlines()[-2:])
    typed = f"{go} && {command.removesuffix('lab')} hint 1.1"
    done = subprocess.run(["sh", "-c", typed], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 0 and "hint 1 of" in done.stdout, done.stderr
    assert (tmp_path / "my copy" / ".recdrop" / "progress.json").is_file()


def test_an_untouched_check_gives_the_next_command(copy: Path) -> None:
    code, said = recdrop("check", "01")
    assert code == 1 and f"recdrop lab {EXERCISE}" in said and "recdrop hint 1.1" in said
    change(copy / EXERCISE, rnn_step=submissions.RIGHT["rnn_step"])
    assert "Nothing is written yet" not in recdrop("check", "01")[1]


@pytest.mark.parametrize("damage", ["missing", "broken"])
def test_a_lost_notebook_comes_back_as_the_check_says(copy: Path, damage: str) -> None:
    if damage == "broken":
        (copy / EXERCISE).write_text("{")
    else:
        (copy / EXERCISE).unlink()
        code, said = recdrop("reset", "1.1")
        assert code == 2 and "recdrop update" in said
    code, said = recdrop("check", "1")
    assert code == 2 and "recdrop update" in said
    if damage == "broken":
        assert "rename the file" in said
        (copy / EXERCISE).rename(copy / EXERCISE.with_name("old.ipynb"))
    assert recdrop("update")[0] == 0
    assert recdrop("check", "1")[0] == 1


def test_help_is_short_too() -> None:
    assert recdrop("-h")[0] == recdrop("check", "-h")[0] == 0


def test_a_solution_asks_for_the_hints_first(copy: Path) -> None:
    for read in range(len(part("1.1").hints)):
        code, said = recdrop("solution", "1.1")
        assert code == 1 and f"{read} of its 3 hints" in said and "recdrop hint 1.1" in said
        assert "--force" not in said
        recdrop("hint", "1.1")
    code, said = recdrop("solution", "1.1")
    assert code == 1 and "recdrop solution 1.1 --force" in said
    assert recdrop("solution", "1.1", "--force")[0] == 0


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize("number", ["5", "05", "05_recurrent_dropout_family"])
def test_a_number_is_read_alike_everywhere(copy: Path, number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from recdrop_lessons.course import lab
    from recdrop_lessons.course.named import own_notebook

    assert own_notebook(Path(number)) == copy / "exercises" / "05_recurrent_dropout_family"
    code, said = recdrop("results", number)
    assert code == 0 and "05_recurrent_dropout_family.with-results.ipynb" in said
    code, said = recdrop("hint", number)
    assert code == 2 and "5.1 " in said and "5.2 " in said
    opened: list[Path] = []
    monkeypatch.setattr(lab, "lab_command", lambda notebook, *_: opened.append(notebook) or ["true"])
    monkeypatch.setattr(lab.os, "execve", lambda *_: None)
    monkeypatch.setattr(lab.subprocess, "call", lambda *_, **__: 0)
    _, said = recdrop("lab", number)
    assert f"cd {shlex.quote(str(copy))}" in said and "recdrop check 01" in said
    assert opened == [copy / "notebooks" / "05_recurrent_dropout_family.ipynb"]


def test_a_parts_number_may_begin_with_a_zero_and_its_name_may_be_nearly_right(copy: Path) -> None:
    assert recdrop("hint", "01.2")[1].startswith("1.2 lstm_step")
    code, said = recdrop("hint", "lstm_stp")
    assert code == 2 and "lstm_step?" in said


@pytest.mark.parametrize(
    "typed, told",
    [
        ("check 00", "01 to 12"),
        ("check 13", "01 to 12"),
        ("check 1.2", "recdrop check 01"),
        ("check lstm_step", "recdrop check 01"),
        ("check 01_cels", "recdrop check 01"),
        ("check exercises", "recdrop check 01"),
        ("results 13", "00 to 12"),
        ("lab 13", "00 to 12"),
        ("hint 13", "12.1 to 12.2"),
        ("hint 13.1", "12.1 to 12.2"),
        ("hint 1.9", "1.4 "),
        ("solution 1.9", "1.4 "),
        ("reset 1.9", "1.4 "),
    ],
)
def test_a_wrong_number_is_told_with_the_right_ones(copy: Path, typed: str, told: str) -> None:
    before = files(copy)
    code, said = recdrop(*typed.split())
    assert code == 2 and told in said, said
    assert files(copy) == before


# ---------------------------------------------------------------- an answer that is not Python


def test_a_syntax_error_is_told_with_its_cell_and_line(copy: Path) -> None:
    document = change(
        copy / EXERCISE,
        rnn_step="def rnn_step(x, h, W, U, b):\n    a = x @ W.T + (h @ U.T\n    return a\n",
        lstm_step="def lstm_step(x, h, c, W, U, b):\n  i = 1\n    return i\n",
        gru_step="def gru_step(x, h, W, U, b_w, b_u)\n    return h\n",
        text_gru_step="",
    )
    cells = {cell["id"]: cell for cell in document["cells"]}
    cells["gru_step"]["metadata"] = {}  # as some editors save it
    cells["text_gru_step"] |= {
        "cell_type": "code",
        "source": "x = 1\ny = 2 +\n",
        "metadata": {},
        "outputs": [],
    }
    (copy / EXERCISE).write_text(json.dumps(document), encoding="utf-8")
    place = {cell["id"]: index for index, cell in enumerate(document["cells"], 1)}
    code, said = recdrop("check", "1")
    said = " ".join(said.split())
    assert code == 1
    for name, line, source in (
        ("rnn_step", 2, "a = x @ W.T + (h @ U.T"),
        ("lstm_step", 3, "return i"),
        ("gru_step", 1, "def gru_step(x, h, W, U, b_w, b_u)"),
    ):
        assert f"Line {line} of the cell with `{name}` (cell {place[name]}" in said
        assert f"`{source}`" in said
        assert part(name).hints[0] not in said, "no hint helps there"
    assert f"Line 2 of the cell (cell {place['text_gru_step']}" in said, "the learner's own cells too"


# ---------------------------------------------------------------- what `lab` prints


def test_of_jupyterlabs_log_errors_and_the_address_remain() -> None:
    address = "http://localhost:8888/lab/tree/notebooks/00_start_here.ipynb?token=abc"
    log = [
        (logging.INFO, "Jupyter Server 2.21.1 is running at:"),
        (logging.INFO, address),
        (logging.INFO, f"    {address.replace('localhost', '127.0.0.1')}"),
        (logging.CRITICAL, f"\n\n    To access the server, open this file:\n  file:///x.html\n    {address}"),
        (logging.WARNING, "Could not determine jupyterlab build status"),
        (logging.ERROR, "No space left"),
    ]
    quiet, shown = AddressAlone(), []
    for level, text in log:
        record = logging.LogRecord("ServerApp", level, "", 0, text, (), None)
        if quiet.filter(record):
            shown.append(record.getMessage())
    assert [one.splitlines()[-1] for one in shown] == [address, "No space left"]
