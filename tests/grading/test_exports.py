"""What each platform gets, read as that platform reads it."""

from __future__ import annotations

import base64
import csv
import io
import json
import subprocess
import unicodedata
import zipfile
from pathlib import Path

import pytest
from submissions import Done
from typer.testing import CliRunner

from recdrop_lessons.cli import app
from recdrop_lessons.support.files import write_whole


def part(number: str, name: str, points: int, most: int, status: str, slug: str | None = None) -> dict:
    return {
        "part": number, "name": name, "points": points, "max_points": most, "status": status,
        "misconception": slug, "message": "A sentence.", "hint": "Look there.",
    }  # fmt: skip


RECORDS = {
    "anna": [part("1.1", "rnn_step", 40, 40, "ok"), part("1.2", "lstm_step", 60, 60, "ok")],
    "bo": [part("1.1", "rnn_step", 40, 40, "ok"), part("1.2", "lstm_step", 0, 60, "failed", "gate-order")],
    "chi": [part("1.1", "rnn_step", 0, 40, "died"), part("1.2", "lstm_step", 0, 60, "missing")],
}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    for student, parts in RECORDS.items():
        record = {
            "lesson": "01_cells", "points": sum(one["points"] for one in parts), "max_points": 100,
            "isolation": "landlock", "parts": parts,
        }  # fmt: skip
        write_whole(tmp_path / "out" / student / "01_cells.json", json.dumps(record))
    return tmp_path / "out"


def export(*arguments: str | Path) -> Done:
    result = CliRunner().invoke(app, ["export", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return Done(result.exit_code, result.stdout, result.stderr)


# Gradescope's documented keys and values; anything else it refuses or ignores.
GRADESCOPE = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "score": {"type": "number"},
        "execution_time": {"type": "number"},
        "output": {"type": "string"},
        "output_format": {"enum": ["text", "html", "simple_format", "md", "ansi"]},
        "test_output_format": {"enum": ["text", "html", "simple_format", "md", "ansi"]},
        "test_name_format": {"enum": ["text", "html", "simple_format", "md", "ansi"]},
        "visibility": {"enum": ["hidden", "after_due_date", "after_published", "visible"]},
        "stdout_visibility": {"enum": ["hidden", "after_due_date", "after_published", "visible"]},
        "extra_data": {"type": "object"},
        "leaderboard": {"type": "array"},
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "score": {"type": "number"},
                    "max_score": {"type": "number"},
                    "status": {"enum": ["passed", "failed"]},
                    "name": {"type": "string"},
                    "name_format": {"type": "string"},
                    "number": {"type": "string"},
                    "output": {"type": "string"},
                    "output_format": {"type": "string"},
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "visibility": {"enum": ["hidden", "after_due_date", "after_published", "visible"]},
                    "extra_data": {"type": "object"},
                },
            },
        },
    },
    "anyOf": [{"required": ["score"]}, {"required": ["tests"]}],
}


def test_gradescope_results_fit_its_format(out: Path, tmp_path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    assert export(out, "--to", "gradescope", "--into", tmp_path / "g").returncode == 0
    for student, parts in RECORDS.items():
        result = json.loads((tmp_path / "g" / student / "01_cells.json").read_text())
        jsonschema.validate(result, GRADESCOPE)
        assert result["score"] == sum(test["score"] for test in result["tests"])
        assert [test["status"] == "passed" for test in result["tests"]] == [
            one["status"] == "ok" for one in parts
        ]


def test_the_autograder_archive_holds_two_scripts_that_bash_reads_and_the_course(
    out: Path, tmp_path: Path
) -> None:
    export(out, "--to", "gradescope", "--into", tmp_path / "g")
    with zipfile.ZipFile(tmp_path / "g" / "autograder-01_cells.zip") as archive:
        assert {"course/pyproject.toml", "course/recdrop_lessons/cli/__init__.py"} <= set(archive.namelist())
        for name in ("run_autograder", "setup.sh"):
            assert archive.getinfo(name).external_attr >> 16 == 0o755
            subprocess.run(["bash", "-n"], input=archive.read(name), check=True)
        solutions = [name for name in archive.namelist() if "solutions/" in name]
        assert solutions == ["course/solutions/01_cells/01_cells.ipynb"]


def test_github_classrooms_reporter_adds_up_the_points(out: Path, tmp_path: Path) -> None:
    """Read as the reporter reads it: base64, JSON, the tests' scores against max_score."""
    assert export(out, "--to", "github-classroom", "--into", tmp_path / "g").returncode == 0
    statuses = {}
    for student, parts in RECORDS.items():
        line = (tmp_path / "g" / student / "01_cells.txt").read_text()
        name, _, encoded = line.strip().partition("=")
        result = json.loads(base64.b64decode(encoded))
        assert name == "result" and result["version"] == 1
        assert sum(test["score"] for test in result["tests"]) == sum(one["points"] for one in parts)
        assert result["max_score"] == 100
        statuses[student] = result["status"]
    assert statuses == {"anna": "pass", "bo": "fail", "chi": "error"}


ROSTER = (
    "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,01_cells (7788),Final Score\r\n"
    "    Points Possible,,,,,100,(read only)\r\n"
    '"Arendt, Anna",11,u1,ANNA,A,,50\r\n'
    '"Brecht, Bo",12,u2,bo,A,,50\r\n'
    '"Student, Test",13,,t,A,,\r\n'
)


def test_canvas_gets_its_own_roster_back_with_the_points(out: Path, tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_text(ROSTER, encoding="utf-8", newline="")
    done = export(out, "--to", "canvas", "--roster", tmp_path / "roster.csv", "--into", tmp_path / "c")
    assert done.returncode == 1 and "chi is not on the roster" in done.stderr
    text = (tmp_path / "c" / "canvas.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == ROSTER.lstrip("\ufeff").split("\r\n")[0].split(",")
    assert [row["01_cells (7788)"] for row in rows] == ["100", "100", "40", ""]
    assert rows[1]["Student"] == "Arendt, Anna"


def test_canvas_gets_a_new_column_where_there_is_none(out: Path, tmp_path: Path) -> None:
    roster = ROSTER.replace("01_cells (7788)", "Essay (1)")
    (tmp_path / "roster.csv").write_text(roster, encoding="utf-8", newline="")
    export(out, "--to", "canvas", "--roster", tmp_path / "roster.csv", "--into", tmp_path / "c")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "c" / "canvas.csv").read_text(encoding="utf-8-sig"))))
    assert [row["01_cells"] for row in rows] == ["100", "100", "40", ""]
    assert [row["Essay (1)"] for row in rows] == ["100", "", "", ""]


# As Moodle 4 writes it: full names in any script, a maximum with a decimal comma, several lines in a field.
WORKSHEET = (
    '\ufeffIdentifier,"Full name","Email address",Status,Grade,"Maximum grade","Grade can be changed",'
    '"Last modified (submission)","Feedback comments"\r\n'
    'Participant 101,"אנה ארנדט",anna@example.edu,Submitted,,"10,00",Yes,"Friday, 20 November 2026",\r\n'
    'Participant 102,"张伟",bo@example.edu,Submitted,,"10,00",Yes,-,"before"\r\n'
    'Participant 103,"Zoë Müller",zoe@example.edu,"No submission",,"10,00",Yes,-,\r\n'
)


def test_moodle_gets_its_own_worksheet_back_with_the_grades(out: Path, tmp_path: Path) -> None:
    (tmp_path / "sheet.csv").write_text(WORKSHEET, encoding="utf-8", newline="")
    (out / "anna").rename(out / "101")  # by Moodle's number
    (out / "bo").rename(out / "张伟")
    (out / "chi").rename(out / unicodedata.normalize("NFD", "Zoë Müller"))  # as macOS writes a folder's name
    done = export(out, "--to", "moodle", "--roster", tmp_path / "sheet.csv", "--into", tmp_path / "m")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO((tmp_path / "m" / "moodle.csv").read_text(encoding="utf-8-sig"))))
    before = list(csv.DictReader(io.StringIO(WORKSHEET.lstrip("\ufeff"))))
    assert [row["Grade"] for row in rows] == ["10,00", "4,00", "0,00"]
    assert "gate-order" in rows[1]["Feedback comments"] and "1.2 lstm_step" in rows[1]["Feedback comments"]
    for now, then in zip(rows, before, strict=True):
        assert {k: v for k, v in now.items() if k not in ("Grade", "Feedback comments")} == {
            k: v for k, v in then.items() if k not in ("Grade", "Feedback comments")
        }


@pytest.mark.parametrize("encoding", ["cp1252", "mac_roman", "cp1251", "utf-16"])
def test_a_table_that_excel_saved_in_a_code_page_is_refused_with_the_cure(
    out: Path, tmp_path: Path, encoding: str
) -> None:
    """Read by a guess its names would be other names."""
    text = WORKSHEET.lstrip("\ufeff").replace(",", ";")
    (tmp_path / "sheet.csv").write_bytes(text.encode(encoding, errors="replace"))
    if encoding == "cp1251":  # has no letter of these names
        (tmp_path / "sheet.csv").write_bytes(text.replace("张伟", "Аренд").encode(encoding, errors="replace"))
    done = export(out, "--to", "moodle", "--roster", tmp_path / "sheet.csv", "--into", tmp_path / "m")
    assert done.returncode == 2 and "CSV UTF-8" in done.stderr
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("platform", "rows"),
    [
        ("moodle", "Identifier,ID number,Grade\nParticipant 11,77,\nParticipant 12,11,\n"),
        ("canvas", "Student,ID,SIS User ID,01_cells (7)\nAnna,11,77,\nBo,12,11,\n"),
    ],
)
def test_a_number_that_stands_for_two_people_fills_no_row(
    out: Path, tmp_path: Path, platform: str, rows: str
) -> None:
    (tmp_path / "roster.csv").write_text(rows, encoding="utf-8")
    (out / "anna").rename(out / "11")
    done = export(out, "--to", platform, "--roster", tmp_path / "roster.csv", "--into", tmp_path / "x")
    assert done.returncode == 1 and "11 fits 2 rows" in done.stderr
    back = list(csv.reader((tmp_path / "x" / f"{platform}.csv").read_text(encoding="utf-8").splitlines()))
    assert "100" not in {field for row in back for field in row}


@pytest.mark.parametrize("marked", [True, False])
def test_the_byte_order_mark_is_given_back_as_it_was(out: Path, tmp_path: Path, marked: bool) -> None:
    text = "\ufeff" * marked + ROSTER.lstrip("\ufeff")
    (tmp_path / "roster.csv").write_text(text, encoding="utf-8", newline="")
    export(out, "--to", "canvas", "--roster", tmp_path / "roster.csv", "--into", tmp_path / "c")
    assert (tmp_path / "c" / "canvas.csv").read_bytes().startswith(b"\xef\xbb\xbf") == marked


@pytest.mark.filterwarnings("error:Object of type <Submitted")
def test_nbgraders_gradebook_holds_the_points_and_says_nothing_else(out: Path, tmp_path: Path) -> None:
    api = pytest.importorskip("nbgrader.api")
    url = f"sqlite:///{tmp_path / 'gradebook.db'}"
    for _ in range(2):  # twice is once
        assert export(out, "--to", "nbgrader", "--gradebook", url).returncode == 0
    with api.Gradebook(url) as book:
        scores = {
            row.student.id: (row.score, row.max_score) for row in book.assignment_submissions("01_cells")
        }
        assert scores == {"anna": (100, 100), "bo": (40, 100), "chi": (0, 100)}
        assert book.find_grade("check_lstm_step", "01_cells", "01_cells", "anna").auto_score == 60


NO_ROSTER = {
    "needs --roster": None,
    "set to English": "ID,Bewertung\n1,\n",
    "'Passed'": "Identifier,Grade,Maximum grade\nanna,,Passed\n",
}


@pytest.mark.parametrize("sentence", NO_ROSTER)
def test_a_roster_that_is_none_is_refused_with_the_cure(out: Path, tmp_path: Path, sentence: str) -> None:
    text = NO_ROSTER[sentence]
    (tmp_path / "sheet.csv").write_text(text or "", encoding="utf-8")
    done = export(out, "--to", "moodle", *(("--roster", tmp_path / "sheet.csv") if text else ()))
    assert done.returncode == 2 and sentence in done.stderr


@pytest.mark.parametrize(
    "arguments, sentence",
    [(("ilias",), "not 'ilias'"), (("canvas", "--roster", "nowhere.csv"), "cannot be read")],
)
def test_what_cannot_be_exported_is_said(out: Path, arguments: tuple[str, ...], sentence: str) -> None:
    done = export(out, "--to", *arguments)
    assert done.returncode == 2 and sentence in done.stderr


def test_a_folder_without_results_is_said(tmp_path: Path) -> None:
    done = export(tmp_path, "--to", "gradescope")
    assert done.returncode == 2 and "recdrop grade" in done.stderr
