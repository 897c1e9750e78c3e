"""A part without points is checked as any other, and costs nothing where it is left out."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from submissions import grade

from recdrop_lessons.checks import Status, lesson, part
from recdrop_lessons.course import progress
from recdrop_lessons.grading.checker import Graded
from recdrop_lessons.grading.exports import github_classroom, gradescope
from recdrop_lessons.grading.insights import Gathered, insights

PRACTICE = part("9.5")
NAME = "09_uncertainty"
SOLUTION = Path(__file__).resolve().parents[2] / "solutions" / NAME / f"{NAME}.ipynb"


def graded(practice: Status) -> Graded:
    parts = [one.result(Status.OK if one.points else practice, "…") for one in lesson(NAME).parts]
    return Graded(NAME, tuple(parts), "none")


@pytest.mark.parametrize("status", [Status.OK, Status.FAILED, Status.MISSING, Status.DIED])
def test_whether_it_is_solved_changes_no_result(status: Status) -> None:
    found = graded(status)
    assert (found.exit_code, found.points) == (0, 100)
    record = found.record()
    assert (record["points"], record["max_points"]) == (100, 100)
    assert github_classroom.result(record)["status"] == "pass"
    assert gradescope.result(record)["score"] == 100


def test_the_board_comes_to_it_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECDROP_FOLDER", str(tmp_path))
    board = progress.board()
    for row in (row for _, rows in board.lessons for row in rows if row["max_points"]):
        progress.note_check(part(row["part"]).result(Status.OK, ""))
    board = progress.board()
    assert board.points == board.max_points == 100 * len(board.lessons)
    assert board.next_part is not None and board.next_part["part"] == "9.5"
    progress.note_check(PRACTICE.result(Status.OK, ""))
    assert progress.board().next_part is None


def test_it_is_none_of_a_classs_hardest_parts() -> None:
    records = [(name, graded(Status.FAILED).record()) for name in ("anna", "bo")]
    found = insights(records, Gathered({}))
    assert [one.part.split()[0] for one in found.parts] == ["9.1", "9.2", "9.3", "9.4"]


def test_a_submission_without_it_has_all_points(tmp_path: Path) -> None:
    notebook = json.loads(SOLUTION.read_text(encoding="utf-8"))
    cell = next(one for one in notebook["cells"] if one["id"] == PRACTICE.name)
    cell["source"] = f"def {PRACTICE.name}({PRACTICE.signature}):\n    raise NotImplementedError"
    folder = tmp_path / "class" / "anna" / NAME
    folder.mkdir(parents=True)
    (folder / f"{NAME}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    done = grade("class", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0 and "1 submissions, 1 with all points" in done.stdout
    with (tmp_path / "out" / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {
            row["part"]: (row["points"], row["max_points"], row["status"]) for row in csv.DictReader(file)
        }
    assert rows["9.5"] == ("0", "0", "failed") and rows["9.4"] == ("30", "30", "ok")
