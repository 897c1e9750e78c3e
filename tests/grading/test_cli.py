"""`recdrop check` as it is typed: exit codes, JSON, files named in odd ways, the file left alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import submissions
from submissions import RIGHT, recdrop, solved, write


@pytest.mark.parametrize(
    "cells, code, points",
    [
        (solved(), 0, 100),
        (solved(lstm_step=submissions.SWAPPED), 1, 65),
        (b"{", 2, 0),
    ],
    ids=["right", "partly", "broken"],
)
def test_check_prints_one_json_object_and_its_exit_code(
    tmp_path: Path, cells: bytes | list, code: int, points: int
) -> None:
    path = write(tmp_path, cells)
    before, written = path.read_bytes(), path.stat().st_mtime_ns
    done = recdrop("check", path, "--json", "--seed", 3, cwd=tmp_path)
    record = json.loads(done.stdout)
    assert done.returncode == code
    assert (record["lesson"], record["points"], record["max_points"]) == ("01_cells", points, 100)
    assert path.read_bytes() == before and path.stat().st_mtime_ns == written
    assert [name.name for name in path.parent.iterdir()] == ["01_cells.ipynb"]


def test_check_shows_points_misconception_and_hint(tmp_path: Path) -> None:
    write(tmp_path, solved(lstm_step=submissions.SWAPPED))
    done = recdrop("check", submissions.LESSON, cwd=tmp_path)
    assert "01_cells: 65 of 100 points" in done.stdout
    assert "✗ 1.2 lstm_step: 0 of 35 points" in done.stdout
    assert "Misconception: gate-order" in done.stdout
    assert "Hint: " in done.stdout
    board = recdrop("progress", cwd=tmp_path)
    assert "65 of 100" in board.stdout


@pytest.mark.parametrize("name", ["01_cells (1).ipynb", "my homework.ipynb", "01_cells_Anna.ipynb"])
def test_a_renamed_notebook_is_found(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, solved(), name).rename(tmp_path / name)
    assert json.loads(recdrop("check", path, "--json", cwd=tmp_path).stdout)["points"] == 100


@pytest.mark.parametrize(
    "make, sentence",
    [
        (lambda room: None, "There is no"),
        (lambda room: (room / "01_cells").mkdir(), "There is no notebook in"),
        (lambda room: [write(room, solved(), f"{i}.ipynb") for i in "ab"], "There are 2 notebooks in"),
        (lambda room: (room / "01_cells").write_text("{}"), "no lesson"),
    ],
    ids=["nothing", "empty folder", "two", "no lesson"],
)
def test_what_cannot_be_found_is_said(tmp_path: Path, make: object, sentence: str) -> None:
    make(tmp_path)  # type: ignore[operator]
    path = tmp_path / "01_cells"
    if path.is_file():
        path = path.rename(tmp_path / "notes.ipynb")
    done = recdrop("check", path, "--json", cwd=tmp_path)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert json.loads(done.stdout)["parts"] == []


def test_a_pipe_a_link_and_a_folder_are_refused(tmp_path: Path) -> None:
    target = write(tmp_path / "elsewhere", solved())
    for name, make in {
        "pipe": os.mkfifo,
        "link": lambda path: path.symlink_to(target),
        "folder": lambda path: path.mkdir(),
    }.items():
        room = tmp_path / name / submissions.LESSON
        room.mkdir(parents=True)
        make(room / "01_cells.ipynb")
        done = recdrop("check", room, "--json", cwd=tmp_path)
        assert done.returncode == 2, (name, done)
        sentences = {part["message"] for part in json.loads(done.stdout)["parts"]}
        assert all(("hand in the notebook itself" in one) for one in sentences), sentences


def test_help_needs_no_torch() -> None:
    program = (
        "import sys, recdrop_lessons.cli; print([m for m in sys.modules if m.startswith('recdrop_lessons.')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(eval(done.stdout))
    late = ("grading", "checks", "course.progress")
    assert not loaded & {f"recdrop_lessons.{name}" for name in late}


def test_a_hint_a_refused_solution_and_an_unknown_part(tmp_path: Path) -> None:
    hint = recdrop("hint", "lstm_step", cwd=tmp_path)
    assert hint.returncode == 0 and "hint 1 of 3" in hint.stdout
    refused = recdrop("solution", "1.2", cwd=tmp_path)
    assert refused.returncode == 1 and "not solved yet" in refused.stderr
    unknown = recdrop("hint", "99.9", cwd=tmp_path)
    assert unknown.returncode == 2 and "1.1 to 1.4" in unknown.stderr


def test_the_right_answers_here_are_those_of_the_lesson() -> None:
    assert list(RIGHT) == list(submissions.NUMBERS)
