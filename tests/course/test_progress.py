"""Progress is kept whole, hints come in steps, and a part goes back to what it was."""

import json
import os
import shutil
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from recdrop_lessons import progress
from recdrop_lessons.checks import all_lessons, part
from recdrop_lessons.course import outline
from recdrop_lessons.course.folders import learners_folder
from recdrop_lessons.course.progress import ProgressError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A learner's folder with exercise 01."""
    shutil.copytree(ROOT / "exercises" / "01_cells", tmp_path / "exercises" / "01_cells")
    monkeypatch.delenv("RECDROP_FOLDER", raising=False)
    monkeypatch.chdir(tmp_path / "exercises" / "01_cells")
    return tmp_path


def result(status, number="1.2", misconception=None):
    return part(number).result(status, "…", misconception)


def stored(folder):
    return json.loads((folder / ".recdrop" / "progress.json").read_text(encoding="utf-8"))


def test_the_folder_is_the_one_that_holds_the_exercises(folder):
    assert learners_folder() == folder
    assert progress.load() == {"version": 1, "parts": {}, "kept": {}}
    assert not (folder / ".recdrop").exists(), "looking writes nothing"


def test_what_is_meant_is_said_when_the_same_misconception_comes_again(folder):
    first = progress.note_check(result("failed", misconception="gate-order"))
    other = progress.note_check(result("failed", misconception="tanh-stored"))
    unnamed = [progress.note_check(result("failed")) for _ in range(2)]
    again = progress.note_check(result("failed", misconception="gate-order"))
    assert [one.again for one in (first, other, *unnamed, again)] == [False, False, False, False, True]


def test_a_check_is_counted_and_shows_the_hint_that_is_due(folder):
    named = result("failed", misconception="gate-order")
    for _ in range(2):
        assert progress.note_check(named).hint == named.hint  # the misconception's own
    assert progress.note_check(result("failed")).hint == part("1.2").hints[0]
    progress.hint("1.2")
    assert progress.note_check(result("failed")).hint == part("1.2").hints[1]
    assert progress.note_check(result("ok")).hint == ""
    assert stored(folder)["parts"]["1.2"] == {
        "solved": True,
        "points": 35,
        "checks": 5,
        "hints": 2,
        "misconceptions": ["gate-order"],
    }


def test_a_part_once_solved_stays_solved():
    progress.note_check(result("ok"))
    progress.note_check(result("failed"))
    assert progress.board().points == 35


@pytest.mark.parametrize("number", ["1.1", "1.2"])
def test_hints_come_one_by_one_and_then_point_to_the_solution(number):
    found = part(number)
    for k, expected in enumerate(found.hints, 1):
        assert f"hint {k} of {len(found.hints)}: {expected}" in progress.hint(number).text
    last = progress.hint(found.name).text
    assert all(each in last for each in found.hints)
    assert f"recdrop solution {number} --force" in last


def test_an_unknown_part_is_refused():
    for ask in (progress.hint, progress.solution, progress.reset):
        with pytest.raises(ProgressError, match=r"no part '7\.77'"):
            ask("7.77")


def test_the_solution_comes_once_solved_or_by_force():
    with pytest.raises(ProgressError, match="not solved yet"):
        progress.solution("1.2")
    forced = progress.solution("1.2", force=True)
    assert "def lstm_step(" in forced.code
    assert "SOLUTION" not in forced.code
    progress.note_check(result("ok"))
    assert progress.solution("1.2") == forced
    space = {}
    exec("import torch\n" + forced.code, space)
    assert callable(space["lstm_step"])


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "{",
        "[]",
        "null",
        '{"parts": 3, "kept": {}}',
        '{"parts": {"1.1": {}}, "kept": {}}',
        "\x00\x01",
        "[" * 100_000,
    ],
)
def test_a_broken_file_is_set_aside_and_not_lost(folder, broken):
    room = folder / ".recdrop"
    room.mkdir()
    (room / "progress.json").write_text(broken, encoding="utf-8")
    assert progress.note_check(result("ok")).hint == ""
    assert stored(folder)["parts"]["1.2"]["solved"]
    (aside,) = room.glob("progress.broken-*.json")
    assert aside.read_text(encoding="utf-8") == broken


GOOD = {"solved": True, "points": 35, "checks": 4, "hints": 2, "misconceptions": []}


@pytest.mark.parametrize(
    "damaged",
    [{**GOOD, "hints": -1}, {**GOOD, "solved": "yes"}, {**GOOD, "checks": None}, {}, 3, None],
)
def test_one_damaged_part_costs_no_other_part_and_nothing_kept(folder, damaged):
    (folder / ".recdrop").mkdir()
    path = folder / ".recdrop" / "progress.json"
    path.write_text(json.dumps({"version": 1, "parts": {"1.1": damaged, "1.2": GOOD}, "kept": {"quiz": "a"}}))
    before = path.read_text(encoding="utf-8")
    assert progress.kept("quiz") == "a"
    assert progress.board().points == 35
    (aside,) = path.parent.glob("progress.broken-*.json")
    assert aside.read_text(encoding="utf-8") == before
    progress.load()
    assert len(list(path.parent.glob("progress.broken-*.json"))) == 1, "what is left is whole"


def test_a_byte_order_mark_is_no_damage(folder):
    """Windows puts one before a file that was only opened and saved."""
    (folder / ".recdrop").mkdir()
    path = folder / ".recdrop" / "progress.json"
    path.write_text(json.dumps({"version": 1, "parts": {}, "kept": {"quiz": "a"}}), encoding="utf-8-sig")
    assert progress.kept("quiz") == "a"
    assert not list(path.parent.glob("progress.broken-*.json"))


@pytest.mark.parametrize("hints", [3, 40])
def test_more_hints_than_this_release_has_are_no_damage(folder, hints):
    (folder / ".recdrop").mkdir()
    path = folder / ".recdrop" / "progress.json"
    path.write_text(
        json.dumps({"version": 1, "parts": {"1.2": {**GOOD, "hints": hints}}, "kept": {"quiz": "a"}})
    )
    assert progress.kept("quiz") == "a"
    assert progress.note_check(result("failed")).hint == part("1.2").hints[-1]
    assert "recdrop solution 1.2" in progress.hint("1.2").text
    assert not list(path.parent.glob("progress.broken-*.json"))


@pytest.mark.parametrize("command", ["progress", "hint 1.2", "solution 1.2 --force", "reset 1.2"])
def test_a_folder_that_cannot_be_written_ends_in_a_sentence(folder, command):
    (folder / ".recdrop").write_text("a file where a folder is to be made, for root as for others")
    before = own_notebook(folder).read_text(encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", f"from recdrop_lessons.cli import app; app({command.split()!r})"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr + done.stdout
    if command == "hint 1.2":
        assert part("1.2").hints[0][:40] in done.stdout.replace("\n", " ")
    if command in ("hint 1.2", "reset 1.2"):
        assert "cannot be written" in " ".join((done.stdout + done.stderr).split())
    assert own_notebook(folder).read_text(encoding="utf-8") == before


def test_a_write_that_fails_leaves_the_old_file(folder, monkeypatch):
    progress.note_check(result("ok"))
    before = stored(folder)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert progress.note_check(result("failed", "1.1")).hint == part("1.1").hints[0], (
        "the check itself still answers"
    )
    with pytest.raises(OSError, match="No space"):
        progress.keep("quiz", [1])
    assert stored(folder) == before
    assert sorted(p.name for p in (folder / ".recdrop").iterdir()) == ["lock", "progress.json"], (
        "nothing left over"
    )


def test_two_notebooks_at_once_lose_nothing(folder):
    def many(number):
        for _ in range(25):
            progress.note_check(result("failed", number))

    threads = [threading.Thread(target=many, args=(number,)) for number in ("1.1", "1.2", "1.3", "1.4")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {n: e["checks"] for n, e in stored(folder)["parts"].items()} == dict.fromkeys(
        ("1.1", "1.2", "1.3", "1.4"), 25
    )


def test_what_is_kept_comes_back():
    assert progress.kept("quiz") is None
    progress.keep("quiz", {"q1": "a"})
    assert progress.kept("quiz") == {"q1": "a"}
    with pytest.raises(TypeError):
        progress.keep("quiz", object())


def own_notebook(folder):
    return folder / "exercises" / "01_cells" / "01_cells.ipynb"


def edit(path, name, source, **more):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = next(c for c in notebook["cells"] if c["id"] == name)
    cell["source"] = source
    cell.update(more)
    notebook["cells"].append({"cell_type": "markdown", "id": "own", "metadata": {}, "source": "my notes"})
    path.write_text(json.dumps(notebook), encoding="utf-8")


def test_reset_restores_one_part_and_keeps_a_copy(folder):
    path = own_notebook(folder)
    pristine = {c["id"]: c for c in json.loads(path.read_text(encoding="utf-8"))["cells"]}
    edit(path, "lstm_step", "def lstm_step(): pass", execution_count=3)
    edit(path, "rnn_step", ["def rnn_step(): pass"])
    path.chmod(0o640)
    before = path.read_text(encoding="utf-8")
    progress.note_check(result("ok"))
    note = progress.reset("1.2")
    after = {c["id"]: c for c in json.loads(path.read_text(encoding="utf-8"))["cells"]}
    assert "".join(after["lstm_step"]["source"]) == "".join(pristine["lstm_step"]["source"])
    assert after["lstm_step"]["execution_count"] is None
    assert "".join(after["rnn_step"]["source"]) == "def rnn_step(): pass", "the other parts stay"
    assert after["own"]["source"] == "my notes"
    (copy,) = (folder / ".recdrop" / "before-reset").iterdir()
    assert copy.read_text(encoding="utf-8") == before
    assert str(copy) in note.text
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert progress.board().points == 0
    progress.reset("1.2", path.parent)
    assert len(list((folder / ".recdrop" / "before-reset").iterdir())) == 2, "no copy is written over"


def test_reset_finds_the_cell_by_its_function_where_the_metadata_is_gone(folder):
    path = own_notebook(folder)
    edit(path, "gru_step", "def gru_step(x):\n    return x", metadata={})
    progress.reset("1.3", path)
    assert (
        "raise NotImplementedError"
        in path.read_text(encoding="utf-8").split("def gru_step")[1].split("check(")[0]
    )


@pytest.mark.parametrize(
    "broken", ["", "{", "[]", '{"cells": 3}', '{"cells": [{}]}', '{"cells": []}', '{"worksheets": []}']
)
def test_reset_of_a_broken_notebook_changes_nothing(folder, broken):
    path = own_notebook(folder)
    path.write_text(broken, encoding="utf-8")
    with pytest.raises(ProgressError, match="nothing was changed"):
        progress.reset("1.2")
    assert path.read_text(encoding="utf-8") == broken


def test_reset_without_a_notebook_says_where_it_looked(folder):
    own_notebook(folder).unlink()
    with pytest.raises(ProgressError, match=r"No 01_cells\.ipynb is in"):
        progress.reset("1.2")


def test_the_board_counts_and_says_what_is_next():
    board = progress.board()
    assert board.points == 0
    assert board.next_part["part"] == "1.1"
    for number in ("1.1", "1.2"):
        progress.note_check(result("ok", number))
    board = progress.board()
    assert board.points == 55
    assert board.next_part["part"] == "1.3"
    for shown in (str(board), board._repr_html_()):
        assert "01_cells" in shown and "55 of 100" in shown
        assert "1.3 gru_step" in shown


@pytest.mark.parametrize("command", ["progress", "hint 1.2", "solution 1.2 --force", "reset 1.2"])
def test_no_command_waits_for_torch(folder, command):
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys\nfrom recdrop_lessons.cli import app\ntry:\n    app({command.split()!r})\n"
            "except SystemExit as end:\n    assert not end.code\n"
            "assert 'torch' not in sys.modules and 'numpy' not in sys.modules",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "1.2" in done.stdout


def test_the_outline_is_what_the_checks_say():
    def told(lessons):
        parts = [(lesson.name, part) for lesson in lessons for part in lesson.parts]
        return [(name, part.number, part.name, part.points, part.hints) for name, part in parts]

    assert told(outline.lessons()) == told(all_lessons())


def test_a_part_that_is_not_released_yet_has_its_own_hint(folder):
    new = replace(result("failed"), part="99.1", name="new", hint="Think again.")
    assert progress.note_check(new).hint == "Think again."
