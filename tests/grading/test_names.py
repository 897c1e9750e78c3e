"""People's names in any script, from the folder that they handed in to each platform's file."""

from __future__ import annotations

import csv
import io
import os
import sysconfig
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import pytest
import submissions
from hypothesis import given
from hypothesis import strategies as st
from submissions import Done, grade, solved, write
from typer.testing import CliRunner

from recdrop_lessons.cli import app
from recdrop_lessons.grading.names import in_a_spreadsheet, same, shown


def decomposed(name: str) -> str:
    """As macOS may write a file's name."""
    return unicodedata.normalize("NFD", name)


# ---------------------------------------------------------------- compared, and shown

TURNING = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]
ONE_NAME = {
    "Åsa Ångström": decomposed("Åsa Ångström"), "김민지": decomposed("김민지"), "ANNA": "anna",
    "STRASSER": "Straßer", "İPEK IŞIK": "ipek ışık", "Ａｎｎａ　Li": "Anna Li", " Anna  Li ": "Anna Li",
    "محمد علي": "\u200fمحمد علي\u200e",
}  # fmt: skip
NO_LETTER = ("Cc", "Cs", "Zl", "Zp")
AS_THEY_ARE = ["محمد علي", "नेहा", "Zoë 🦄", "👩‍🎓", "می‌خواهم", "O'Brien-Smith", decomposed("Åsa")]


def test_one_name_is_known_however_it_is_written_and_two_stay_two() -> None:
    assert [pair for pair in ONE_NAME.items() if not same(*pair)] == []
    two = [("Åsa", "Asa"), ("李", "季"), ("Anna Li", "Annali"), ("12", "21")]
    assert [pair for pair in two if same(*pair)] == []


@given(
    st.text(alphabet=st.one_of(st.characters(codec=None), st.sampled_from("\udcff\ud83d" + "".join(TURNING))))
)
def test_what_is_shown_can_be_written_and_turns_nothing(name: str) -> None:
    text = shown(name)
    text.encode()
    assert not [
        mark for mark in text if mark in TURNING or unicodedata.category(mark) in ("Cc", "Cs", "Zl", "Zp")
    ]
    assert text == name or "\\" in text
    assert in_a_spreadsheet(name)[:1] not in tuple("=+-@\t\r\n＝＋－＠")


def test_letters_of_any_script_are_shown_as_they_are() -> None:
    assert [name for name in AS_THEY_ARE if shown(name) != name] == []


# ---------------------------------------------------------------- the whole life of a submission

NAMES = [
    "李小龙", "김민지", "محمد علي", "דוד כהן", "Åsa Ångström", "İpek Şahin", "O'Brien-Smith", "Zoë 🦄",
    'Müller, "Max"', '=HYPERLINK("x")', "＝1+1", "evil\u202etxt.exe", "x\x1b[31mred", "two\nlines", "a: b",
    "李" * 85, "नेहा",
]  # fmt: skip


class Text(HTMLParser):
    """What a page says, and what of it is set apart from the direction of what is around it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.apart, self._in_bdi = "", list[str](), False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._in_bdi = tag == "bdi"

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._in_bdi:
            self.apart.append(data)
            self._in_bdi = False


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class that was graded; who hands in what is no notebook is named in the summary."""
    folder = tmp_path_factory.mktemp("names")
    for name in NAMES:
        write(folder / "class" / name, b"{")
    write(folder / "class" / "王芳", solved())
    done = grade("class", "--out", "out", "--seed", 1, cwd=folder)
    assert done.returncode == 1 and "\x1b" not in done.stderr and "\u202e" not in done.stderr
    return folder


def export(room: Path, *arguments: str | Path) -> Done:
    result = CliRunner().invoke(app, ["export", str(room / "out"), *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return Done(result.exit_code, result.stdout, result.stderr)


def test_excel_reads_the_table_as_utf_8(room: Path) -> None:
    assert (room / "out" / "grades.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    with (room / "out" / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        assert {row["student"] for row in csv.DictReader(file)} == {*map(in_a_spreadsheet, NAMES), "王芳"}


def test_each_name_stands_apart_in_the_pages(room: Path) -> None:
    summary = Text((room / "out" / "summary.html").read_text(encoding="utf-8"))
    assert set(map(shown, NAMES)) <= set(summary.apart)
    for name in NAMES:
        feedback = Text((room / "out" / name / "feedback.html").read_text(encoding="utf-8"))
        assert feedback.apart == [shown(name)]
        assert not set(TURNING) & set(summary.text + feedback.text)


def test_a_run_that_was_cut_off_knows_each_name_again(room: Path) -> None:
    kept = sorted((room / "out" / ".recdrop" / "records").glob("*/01_cells.json"))
    assert len(kept) == len(NAMES) + 1
    before = {path: path.stat().st_mtime_ns for path in kept}
    kept[0].unlink()
    table = (room / "out" / "grades.csv").read_bytes()
    grade("class", "--out", "out", cwd=room)
    assert (room / "out" / "grades.csv").read_bytes() == table
    assert {path for path in kept if path.stat().st_mtime_ns != before[path]} == {kept[0]}


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_moodle_and_canvas_get_each_grade_in_its_own_row(room: Path, tmp_path: Path, delimiter: str) -> None:
    people = [*NAMES, "王芳"]
    moodle = [["Identifier", "Full name", "Grade", "Maximum grade", "Feedback comments"]]
    moodle += [[f"Participant {100 + k}", name, "", "10,00", ""] for k, name in enumerate(people)]
    canvas = [["Student", "ID", "Essay, read; and write, twice, (9)", "01_cells (7)"]]
    canvas += [["    Points Possible", "", "", "100"]]
    canvas += [[name, f"{k}", "", ""] for k, name in enumerate(people)]
    for platform, rows in (("moodle", moodle), ("canvas", canvas)):
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=delimiter).writerows(rows)
        (tmp_path / "given.csv").write_text(text.getvalue(), encoding="utf-8-sig", newline="")
        done = export(room, "--to", platform, "--roster", tmp_path / "given.csv", "--into", tmp_path)
        assert done.returncode == 0, done.stderr
        with (tmp_path / f"{platform}.csv").open(encoding="utf-8-sig", newline="") as file:
            back = list(csv.reader(file, delimiter=delimiter))
        grades = {
            row[1 if platform == "moodle" else 0]: row[2 if platform == "moodle" else 3] for row in back
        }
        most = "10,00" if platform == "moodle" else "100"
        none = "0,00" if platform == "moodle" else "0"
        assert {name: grades[name] for name in people} == dict.fromkeys(NAMES, none) | {"王芳": most}


def test_nbgraders_gradebook_keeps_one_student_for_two_ways_to_write_an_accent(
    room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = pytest.importorskip("nbgrader.api")
    monkeypatch.setenv("PATH", sysconfig.get_path("scripts"), prepend=os.pathsep)  # of alembic
    url = f"sqlite:///{tmp_path / 'gradebook.db'}"
    with api.Gradebook(url) as book:
        book.add_student(decomposed("Åsa Ångström"))
    assert export(room, "--to", "nbgrader", "--gradebook", url).returncode == 0
    with api.Gradebook(url) as book:
        known = {one.id for one in book.students}
    assert known == {*NAMES, "王芳"} - {"Åsa Ångström"} | {decomposed("Åsa Ångström")}


# ---------------------------------------------------------------- two folders, one person?


@pytest.mark.parametrize("one, other", [("Åsa", decomposed("Åsa")), ("Anna", "anna")])
def test_two_folders_of_one_name_are_named_and_share_no_row(tmp_path: Path, one: str, other: str) -> None:
    write(tmp_path / "class" / one, b"{")
    write(tmp_path / "class" / other, solved())
    done = grade("class", "--out", "out", cwd=tmp_path)
    assert "are one name but for capitals" in done.stderr
    for platform, text in {
        "canvas": f"Student,ID,01_cells (7)\r\n{one},1,\r\n",
        "moodle": f'Identifier,Full name,Grade,Maximum grade\r\nParticipant 1,{one},,"100,00"\r\n',
    }.items():
        (tmp_path / "roster.csv").write_text(text, encoding="utf-8", newline="")
        done = export(tmp_path, "--to", platform, "--roster", tmp_path / "roster.csv", "--into", tmp_path)
        assert done.returncode == 1 and done.stderr.count("same row") == 2
        row = list(csv.reader((tmp_path / f"{platform}.csv").read_text(encoding="utf-8").splitlines()))[1]
        assert row[2] == "", "no points by guess"


# ---------------------------------------------------------------- names and texts that no file can hold


def test_code_on_a_page_reads_as_python_reads_it(tmp_path: Path) -> None:
    """A comment can hold a mark after which the page would show other code than what was run."""
    turned = submissions.RIGHT["rnn_step"] + "".join(f"# a{mark}b مرحبا\n" for mark in TURNING)
    raises = f"def gru_step(x, h, W, U, b_w, b_u): raise ValueError({''.join(TURNING)!a})"
    write(tmp_path / "class" / "anna", solved(rnn_step=turned, gru_step=raises))
    grade("class", "--out", "out", cwd=tmp_path)
    page = (tmp_path / "out" / "anna" / "feedback.html").read_text(encoding="utf-8")
    assert "# a\\u202eb مرحبا\n" in page and not set(TURNING) & set(page)


@pytest.mark.skipif(os.name == "nt", reason="names are no bytes there")
def test_names_that_are_not_utf_8_stop_nothing(tmp_path: Path) -> None:
    lesson = os.fsencode(tmp_path / "class") + b"/odd\xff/01_cells"
    os.makedirs(lesson)
    os.symlink(b"/dev/null", lesson + b"/link\xfe.ipynb")
    done = grade("class", "--out", "out", cwd=tmp_path)
    assert r"odd\xff/01_cells: link\xfe.ipynb is a symbolic link" in done.stderr
    (page,) = (tmp_path / "out").glob("odd*/feedback.html")
    assert r"link\xfe.ipynb is a symbolic link" in page.read_text(encoding="utf-8")
    (tmp_path / "predictions").mkdir()
    (Path(os.fsdecode(os.fsencode(tmp_path / "predictions") + b"/b\xfd.json"))).write_text("{")
    said = CliRunner().invoke(
        app, ["insights", str(tmp_path / "out"), "--predictions", str(tmp_path / "predictions")]
    )
    assert said.exit_code == 0 and r"Cannot read b\xfd.json" in said.stderr
    pytest.importorskip("nbgrader")
    done = export(tmp_path, "--to", "nbgrader", "--gradebook", f"sqlite:///{tmp_path / 'gradebook.db'}")
    assert done.returncode == 1 and r"odd\xff is not in UTF-8" in done.stderr
