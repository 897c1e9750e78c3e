"""What is meant is said to a student whose part failed in an earlier submission too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from submissions import RIGHT, SWAPPED, grade, solved, write

from recdrop_lessons.checks import part
from recdrop_lessons.grading.exports.gradescope import remember_earlier
from recdrop_lessons.grading.feedback_steps import told
from recdrop_lessons.grading.pages import TOLD_LATER

NO_BIAS = RIGHT["lstm_step"].replace(" + b)", ")")
NO_STATE = RIGHT["rnn_step"].replace(" + h @ U.T", "")
GATES, BIAS = (part("1.2").misconception(slug) for slug in ("gate-order", "bias-forgotten"))
STATE = part("1.1").misconception("old-state-ignored")


def feedback(out: Path) -> tuple[dict[str, str], str]:
    """Each part's message, and the student's page."""
    record = json.loads((out / "bo" / "01_cells.json").read_text())
    assert {tuple(one)[:8] for one in record["parts"]} == {
        ("part", "name", "points", "max_points", "status", "misconception", "message", "hint")
    }
    return {one["part"]: one["message"] for one in record["parts"]}, (
        out / "bo" / "feedback.html"
    ).read_text()


def test_the_second_submission_is_told_what_is_meant(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(tmp_path / "class" / "bo", solved(lstm_step=SWAPPED))
    grade(tmp_path / "class", "--out", "out", "--seed", 1, cwd=tmp_path)
    messages, page = feedback(out)
    assert messages["1.2"] == GATES.done and page.count(TOLD_LATER) == 1

    write(tmp_path / "class" / "bo", solved(lstm_step=NO_BIAS, rnn_step=NO_STATE))
    for seed in (1, 2):  # the same submission on other inputs is no further failure
        grade(tmp_path / "class", "--out", "out", "--seed", seed, cwd=tmp_path)
        messages, page = feedback(out)
        assert messages["1.2"] == f"{BIAS.done} {BIAS.meant}", "the second failure of this part"
        assert messages["1.1"] == STATE.done, "the first failure of this part"
        assert page.count(TOLD_LATER) == 1


def result(*failed: str, attempts: str = "a", before: tuple[str, ...] = ()) -> dict[str, Any]:
    parts = [{"part": number, "message": "Done."} for number in ("1.1", "1.2")]
    return {
        "record": {"parts": parts},
        "meant": dict.fromkeys(failed, "Meant."),
        "failed": list(failed),
        "failed_before": list(before),
        "basis": {"attempts": [attempts]},
    }


@pytest.mark.parametrize(
    ("earlier", "now", "due"),
    [
        (None, result("1.1"), []),
        (result("1.1", attempts="b"), result("1.1"), ["1.1"]),
        (result("1.2", attempts="b"), result("1.1"), []),
        (result("1.1"), result("1.1"), []),  # the same submission, graded on another seed
        (result("1.1", before=("1.1",)), result("1.1"), ["1.1"]),
        (result(attempts="b", before=("1.1",)), result("1.1"), ["1.1"]),  # right in between
        (None, result("1.1", before=("1.1",)), ["1.1"]),  # an attempt of the same folder
        ({}, result("1.1"), []),  # a record of an earlier release
    ],
)
def test_a_part_is_told_more_where_it_failed_in_another_submission(
    earlier: dict[str, Any] | None, now: dict[str, Any], due: list[str]
) -> None:
    found = told(now, earlier, now["basis"])
    said = {one["part"]: one["message"] for one in found["record"]["parts"]}
    assert [number for number, message in said.items() if message == "Done. Meant."] == due
    assert found["told_later"] == sorted(set(now["meant"]) - set(due))


def test_a_stub_that_was_handed_in_is_no_failure(tmp_path: Path) -> None:
    stub = "def lstm_step(x, h, c, W, U, b):\n    raise NotImplementedError\n"
    for source in (stub, SWAPPED):
        write(tmp_path / "class" / "bo", solved(lstm_step=source))
        grade(tmp_path / "class", "--out", "out", "--seed", 1, cwd=tmp_path)
    assert feedback(tmp_path / "out")[0]["1.2"] == GATES.done


def test_gradescope_knows_the_earlier_submissions(tmp_path: Path) -> None:
    tests = [
        {"number": "1.1", "status": "passed", "output": "Right."},
        {"number": "1.2", "status": "failed", "output": "Misconception: gate-order"},
        {"number": "1.3", "status": "failed", "output": "Not written yet."},
    ]
    metadata = tmp_path / "submission_metadata.json"
    metadata.write_text(
        json.dumps({"previous_submissions": [{"results": {"tests": tests}}, {"results": {}}]})
    )
    remember_earlier(metadata, tmp_path / "out", "01_cells")
    write(tmp_path / "class" / "student", solved(lstm_step=SWAPPED, rnn_step=NO_STATE))
    grade(tmp_path / "class", "--out", "out", "--seed", 1, cwd=tmp_path)
    record = json.loads((tmp_path / "out" / "student" / "01_cells.json").read_text())
    messages = {one["part"]: one["message"] for one in record["parts"]}
    assert messages["1.2"] == f"{GATES.done} {GATES.meant}"
    assert messages["1.1"] == STATE.done


@pytest.mark.parametrize("text", ["", "[]", '{"previous_submissions": 3}', '{"previous_submissions": [{}]}'])
def test_odd_metadata_of_gradescope_costs_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "metadata.json").write_text(text)
    remember_earlier(tmp_path / "metadata.json", tmp_path / "out", "01_cells")
    remember_earlier(tmp_path / "none.json", tmp_path / "out", "01_cells")
