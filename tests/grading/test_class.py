"""A class graded: the table, the records, several workers, attempts, lateness, shards, odd folders."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import submissions
import torch
from submissions import SWAPPED, cell, grade, recdrop, solved, write

from recdrop_lessons.grading import isolation, merge, records


def make_class(folder: Path) -> None:
    write(folder / "anna", solved())
    write(folder / "bo", solved(lstm_step=SWAPPED))
    write(folder / "chi", b"{")
    write(folder / "dee", solved(gru_step="import os; os._exit(1)"))


def table(out: Path) -> list[dict[str, str]]:
    with (out / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    room = tmp_path_factory.mktemp("class")
    make_class(room / "class")
    return room, recdrop("grade", "class", "--out", "out", "--seed", 4, "--jobs", 2, cwd=room)


Graded = tuple[Path, subprocess.CompletedProcess[str]]


def test_the_table_has_a_row_for_each_student_lesson_and_part(graded: Graded) -> None:
    rows = table(graded[0] / "out")
    assert [(row["student"], row["part"]) for row in rows] == [
        (student, part) for student in ("anna", "bo", "chi", "dee") for part in ("1.1", "1.2", "1.3", "1.4")
    ]
    status = {(row["student"], row["part"]): row["status"] for row in rows}
    assert {status[key] for key in status if key[0] == "anna"} == {"ok"}
    assert status["bo", "1.2"] == "failed"
    assert {status[key] for key in status if key[0] == "chi"} == {"unreadable"}
    assert (status["dee", "1.3"], status["dee", "1.4"]) == ("died", "ok")
    assert {row["misconception"] for row in rows if row["status"] == "failed"} == {"gate-order"}


def test_it_ends_with_totals_and_an_exit_code(graded: Graded) -> None:
    done = graded[1]
    assert done.returncode == 1  # chi's is to be looked at by hand
    assert done.stdout.splitlines()[-1].startswith("4 submissions, 1 with all points, 60 % of the points")
    assert "chi/01_cells: The file is not a notebook" in done.stderr
    assert "\r" not in done.stderr  # a bar is for a terminal


def test_feedback_shows_the_answer_and_the_misconception_as_text(graded: Graded) -> None:
    page = (graded[0] / "out" / "bo" / "feedback.html").read_text()
    assert "65 of 100 points" in page and "gate-order" in page
    assert "f, i, g, o = (x @ W.T" in page  # the learner's own code
    summary = (graded[0] / "out" / "summary.html").read_text()
    assert "1 of 4" in summary and "<bdi>chi</bdi>/01_cells" in summary


def test_a_second_run_grades_nothing_again_and_gives_the_same(graded: Graded) -> None:
    room, _ = graded
    before = {path: path.stat().st_mtime_ns for path in (room / "out" / ".recdrop").rglob("01_cells.json")}
    text = (room / "out" / "grades.csv").read_bytes()
    (room / "out" / "anna" / "01_cells.json").write_text("torn")
    grade("class", "--out", "out", cwd=room)
    assert (room / "out" / "grades.csv").read_bytes() == text
    assert json.loads((room / "out" / "anna" / "01_cells.json").read_text())["points"] == 100  # made good
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_changed_submission_is_graded_again(tmp_path: Path) -> None:
    write(tmp_path / "class" / "bo", solved(lstm_step=SWAPPED))
    write(tmp_path / "class" / "anna", solved())
    grade("class", "--out", "out", cwd=tmp_path)
    write(tmp_path / "class" / "bo", solved())
    grade("class", "--out", "out", cwd=tmp_path)
    assert {row["status"] for row in table(tmp_path / "out")} == {"ok"}


def test_shards_together_give_the_whole_table(tmp_path: Path, graded: Graded) -> None:
    for share in ("1/2", "2/2"):
        grade(graded[0] / "class", "--out", "out", "--seed", 4, "--shard", share, cwd=tmp_path)
        assert not (tmp_path / "out" / "grades.csv").exists()
    assert len(list((tmp_path / "out").glob("*/01_cells.json"))) == 4
    grade(graded[0] / "class", "--out", "out", cwd=tmp_path)
    assert table(tmp_path / "out") == table(graded[0] / "out")


def test_attempts_last_or_best_and_late_ones(tmp_path: Path) -> None:
    room = tmp_path / "class" / "eve" / submissions.LESSON
    for name, cells, day in (("1st", solved(), 10), ("2nd", solved(lstm_step=SWAPPED), 20)):
        (room / name).mkdir(parents=True)
        (room / name / "01_cells.ipynb").write_bytes(submissions.notebook(cells))
        (room / name / "timestamp.txt").write_text(f"2026-11-{day} 12:00:00 UTC")
    due = ("--due", "2026-11-15T00:00")
    grade("class", "--out", "last", *due, cwd=tmp_path)
    grade("class", "--out", "best", "--attempts", "best", *due, cwd=tmp_path)
    last, best = table(tmp_path / "last"), table(tmp_path / "best")
    assert (sum(int(row["points"]) for row in last), last[0]["late"]) == (65, "yes")
    assert (sum(int(row["points"]) for row in best), best[0]["late"], best[0]["attempt"]) == (100, "no", "1")


def test_a_stamp_that_cannot_be_read_is_said_and_the_files_time_counts(tmp_path: Path) -> None:
    path = write(tmp_path / "class" / "eve", b"{")
    path.with_name("timestamp.txt").write_text("20.11.2026 12:00")
    os.utime(path, (1795000000, 1795000000))  # 2026-11-18
    done = grade("class", "--out", "out", "--due", "2026-11-19T00:00", cwd=tmp_path)
    assert "eve/01_cells: timestamp.txt cannot be read" in done.stderr
    assert table(tmp_path / "out")[0]["late"] == "no"
    summary = (tmp_path / "out" / "summary.html").read_text(encoding="utf-8")
    assert re.search(r"Due 2026-11-19 00:00[+-]\d\d:\d\d; 0 handed in late", summary)


def test_what_was_not_handed_in_is_missing_where_it_was_asked_for(tmp_path: Path) -> None:
    write(tmp_path / "class" / "anna", solved())
    (tmp_path / "class" / "ben").mkdir()
    (tmp_path / "class" / "cleo" / "01_cells").mkdir(parents=True)
    grade("class", "--out", "out", "--lesson", "01", cwd=tmp_path)
    statuses = {(row["student"], row["status"]) for row in table(tmp_path / "out")}
    assert statuses == {("anna", "ok"), ("ben", "missing"), ("cleo", "missing")}


def test_odd_things_are_said_and_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "class"
    write(folder / "anna", solved())
    (folder / "link").symlink_to(folder / "anna")
    (folder / "bo").mkdir()
    (folder / "bo" / "01_cells").symlink_to(folder / "anna" / "01_cells")
    (folder / "notes.txt").write_text("hello")
    (folder / "anna" / "homework").mkdir()
    done = grade("class", "--out", "class/out", cwd=tmp_path)
    assert done.returncode == 1
    for sentence in (
        "link is a symbolic link",
        "notes.txt is not a student's",
        "anna/homework belongs to no lesson",
    ):
        assert sentence in done.stderr
    assert {(row["student"], row["status"]) for row in table(folder / "out")} == {
        ("anna", "ok"),
        ("bo", "unreadable"),
    }


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (("nowhere", "--out", "out"), "no folder nowhere"),
        ((".", "--out", "out", "--shard", "3/2"), "i from 1 to n"),
        ((".", "--out", "out", "--attempts", "first"), "last or best"),
        ((".", "--out", "out", "--due", "soon"), "a date and a time"),
        ((".", "--out", "out", "--due", "2026-11-20"), "a date and a time"),
        ((".", "--out", "out", "--isolation", "magic"), "no isolation 'magic'"),
        ((".", "--out", "out", "--lesson", "99"), "no lesson '99'"),
        ((".", "--out", "out", "--scheduler", "tcp://127.0.0.1:9"), "No Dask scheduler"),
    ],
)
def test_bad_arguments_are_refused_with_what_is_meant(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    done = grade(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert sentence in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


def test_without_isolation_it_says_so_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "class" / "anna", solved())
    monkeypatch.setattr(isolation, "KINDS", ())
    refused = grade("class", "--out", "out", cwd=tmp_path)
    assert refused.returncode == 2
    assert "No isolation holds" in refused.stderr and "--trust-submissions" in refused.stderr
    trusted = grade("class", "--out", "out", "--trust-submissions", cwd=tmp_path)
    assert trusted.returncode == 0
    assert "WITHOUT isolation" in trusted.stderr
    assert {row["isolation"] for row in table(tmp_path / "out")} == {"none"}
    assert "without isolation" in (tmp_path / "out" / "anna" / "feedback.html").read_text()


def test_names_are_text_in_the_table_and_in_the_pages(tmp_path: Path) -> None:
    names = ["=1+1", "-rf", "a, b", 'quo"te', "<b>bold", "zwölf", "new\nline"]
    for name in names:
        write(tmp_path / "class" / name, [cell("x = '<script>'")])
    odd = os.fsencode(str(tmp_path / "class")) + b"/odd\xff"
    os.makedirs(odd + b"/01_cells")
    with open(odd + b"/01_cells/01_cells.ipynb", "wb") as file:
        file.write(submissions.notebook(solved()))
    done = grade("class", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    students = {row["student"] for row in table(tmp_path / "out")}
    assert students == {"'=1+1", "'-rf", "a, b", 'quo"te', "<b>bold", "zwölf", "new\nline", "odd\\xff"}
    for page in (tmp_path / "out").rglob("*.html"):
        assert "<b>bold" not in page.read_text() and "<script" not in page.read_text()


def test_a_record_rests_on_checks_locked_cells_and_torch(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With one of them changed a resumed run grades again; our own answers do not count."""

    def version() -> str:
        records.checks_version.cache_clear()
        merge._notebook_cells.cache_clear()
        return records.checks_version()

    shutil.copytree(merge._SOLUTIONS, tmp_path / "solutions")
    monkeypatch.setattr(merge, "_SOLUTIONS", tmp_path / "solutions")
    path = tmp_path / "solutions" / "01_cells" / "01_cells.ipynb"
    book = json.loads(path.read_text())
    code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    locked = next(cell for cell in code if cell["metadata"]["nbgrader"]["locked"])
    answer = next(cell for cell in code if cell["metadata"]["nbgrader"]["solution"])
    before = version()
    answer["source"] = [*answer["source"], "\n# another remark"]
    path.write_text(json.dumps(book))
    assert version() == before
    locked["source"] = [*locked["source"], "\ntorch.set_default_dtype(torch.float64)"]
    path.write_text(json.dumps(book))
    changed = version()
    assert changed != before
    monkeypatch.setattr(torch, "__version__", "9.0")
    assert version() not in (before, changed)
    monkeypatch.undo()
    assert version() == before
