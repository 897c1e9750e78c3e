"""The commands where fork, Unix sockets and much else is missing: the same records, by simulation on Linux.

hide.py says what is taken away. Windows and macOS themselves: .github/workflows/laptops.yml.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
import submissions
from submissions import solved, write

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="taken away on Linux alone")
HIDE = Path(__file__).with_name("hide.py")
PRINTS = "def rnn_step(x, h, W, U, b):\n    print('→ ✓')\n    return torch.tanh(x @ W.T + h @ U.T + b)\n"
ASKS = "def rnn_step(x, h, W, U, b):\n    input()\n"
LEAVES = "def rnn_step(x, h, W, U, b):\n    import os\n    os._exit(3)\n"
CLASS = {
    "right": solved(rnn_step=PRINTS),
    "swapped": solved(lstm_step=submissions.SWAPPED, rnn_step=ASKS),
    "leaves": solved(rnn_step=LEAVES, gru_step=None),
    "broken": b"{",
}


@pytest.fixture
def there(tmp_path: Path) -> dict[str, str]:
    """The environment of a command on such a system."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_bytes(HIDE.read_bytes())
    return {**os.environ, "PYTHONPATH": str(folder), "RECDROP_HIDE": str(HIDE), "PYTHONIOENCODING": "cp1252"}


def recdrop(*arguments: str | Path, cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from recdrop_lessons.cli import main; main()", *map(str, arguments)]
    environment = {**env, "RECDROP_FOLDER": str(cwd), "NO_COLOR": "1"}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, encoding="cp1252", timeout=120
    )


def test_it_is_gone(there: dict[str, str], tmp_path: Path) -> None:
    looks = (
        "import os, socket, signal\n"
        "assert not any(map(hasattr, (os, socket, signal), ('fork', 'AF_UNIX', 'SIGKILL')))\n"
        "from recdrop_lessons.grading.fork_server import can_fork\nassert not can_fork()\n"
        "with open('here', 'w'):\n"
        "    try:\n        os.replace('here', 'there')\n"
        "    except PermissionError:\n        print('gone')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", looks], cwd=tmp_path, env=there, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("gone\n", "")


@pytest.mark.parametrize("name", CLASS)
def test_check_gives_the_same_record(there: dict[str, str], tmp_path: Path, name: str) -> None:
    write(tmp_path, CLASS[name])
    usual = submissions.recdrop("check", submissions.LESSON, "--json", "--seed", 5, cwd=tmp_path)
    found = recdrop("check", submissions.LESSON, "--json", "--seed", 5, cwd=tmp_path, env=there)
    assert found.returncode == usual.returncode, found.stderr
    record = json.loads(found.stdout)
    assert record.pop("isolation") == "none"
    expected = json.loads(usual.stdout)
    del expected["isolation"]
    for one in (record, expected):
        for part in one["parts"]:
            del part["hint"]  # the second check of a part gives its next hint
    assert record == expected


def test_grade_refuses_and_names_the_cure(there: dict[str, str], tmp_path: Path) -> None:
    write(tmp_path / "class" / "anna", CLASS["right"])
    done = recdrop("grade", "class", "--out", "out", cwd=tmp_path, env=there)
    assert done.returncode == 2
    assert "WSL" in done.stderr and "container" in done.stderr and "--trust-submissions" in done.stderr
    assert not (tmp_path / "out" / "grades.csv").exists()


def test_grade_that_is_told_to_trust_says_so_in_each_record(there: dict[str, str], tmp_path: Path) -> None:
    for name, cells in CLASS.items():
        write(tmp_path / "class" / name, cells)
    usual = submissions.grade("class", "--out", "usual", "--seed", 5, cwd=tmp_path)
    told = ("--trust-submissions", "--seed", 5, "--jobs", 2)
    done = recdrop("grade", "class", "--out", "out", *map(str, told), cwd=tmp_path, env=there)
    assert done.returncode == usual.returncode, done.stderr
    assert "WITHOUT isolation" in done.stderr
    for name in CLASS:
        record = json.loads((tmp_path / "out" / name / "01_cells.json").read_text(encoding="utf-8"))
        expected = json.loads((tmp_path / "usual" / name / "01_cells.json").read_text(encoding="utf-8"))
        assert record.pop("isolation") == "none"
        del expected["isolation"]
        assert record == expected


def test_names_and_messages_in_any_script_cross_the_pipes(there: dict[str, str], tmp_path: Path) -> None:
    """The names of folders, what an answer prints and how it fails; the console takes cp1252 alone."""
    raises = "def gru_step(x, h, W, U, b_w, b_u):\n    print('李')\n    raise ValueError('خطأ ü 李')\n"
    names = ("李小龙", "محمد علي", unicodedata.normalize("NFD", "Åsa"), "İpek", "evil\u202etxt")
    for name in names:
        write(tmp_path / "class" / name, b"{")
    write(tmp_path / "class" / "דוד", solved(gru_step=raises))
    submissions.grade("class", "--out", "usual", "--seed", 5, cwd=tmp_path)
    told = ("--trust-submissions", "--seed", "5")
    done = recdrop("grade", "class", "--out", "out", *told, cwd=tmp_path, env=there)
    assert "Traceback" not in done.stderr and "\\u674e" in done.stderr
    usual, found = (
        (tmp_path / out / "grades.csv").read_text(encoding="utf-8-sig").splitlines()
        for out in ("usual", "out")
    )
    assert [line.rpartition(",")[0] for line in found] == [line.rpartition(",")[0] for line in usual]
    page = (tmp_path / "out" / "דוד" / "feedback.html").read_text(encoding="utf-8")
    assert "خطأ ü 李" in page and "<bdi>דוד</bdi>" in page


def test_a_checkout_with_other_ends_of_lines_and_capitals(there: dict[str, str], tmp_path: Path) -> None:
    """Every text file of the course with CR LF, as git may make them."""
    course = tmp_path / "Course"
    for room in ("recdrop_lessons", "notebooks", "exercises", "solutions"):
        shutil.copytree(ROOT / room, course / room, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for path in course.rglob("*"):
        if path.is_file() and path.suffix not in (".png", ".npz"):
            path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    environment = there | {"PYTHONPATH": os.pathsep.join([str(course), there["PYTHONPATH"]])}
    code = "import recdrop_lessons; print(recdrop_lessons.__file__)"
    looks = [sys.executable, "-c", code]
    found = subprocess.run(looks, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert found.stdout.startswith(str(course)), found.stderr

    handed_in = submissions.notebook(CLASS["swapped"]).replace(b"\n", b"\r\n")
    written = write(tmp_path, handed_in, "01_CELLS.ipynb")
    usual = submissions.recdrop("check", written, "--json", "--seed", 5, cwd=tmp_path)
    found = recdrop("check", written, "--json", "--seed", 5, cwd=tmp_path, env=environment)
    assert [(part["status"], part["misconception"]) for part in json.loads(found.stdout)["parts"]] == [
        (part["status"], part["misconception"]) for part in json.loads(usual.stdout)["parts"]
    ]
    for command in (("start", "mine"), ("update", "mine"), ("update", "mine")):
        done = recdrop(*command, cwd=tmp_path, env=environment)
        assert done.returncode == 0, done.stderr
    assert "Nothing is new" in done.stdout


def test_a_working_copy_is_made_checked_reset_and_updated(there: dict[str, str], tmp_path: Path) -> None:
    copy = tmp_path / "mine"
    done = recdrop("start", copy, cwd=tmp_path, env=there)
    assert done.returncode == 0, done.stderr
    for command, code in {
        ("check", "exercises/01_cells"): 1,
        ("hint", "1.2"): 0,
        ("solution", "1.2", "--force"): 0,
        ("reset", "1.2"): 0,
        ("update",): 0,
        ("progress",): 0,
        ("facts",): 0,
        ("--help",): 0,
    }.items():
        done = recdrop(*command, cwd=copy, env=there)
        assert done.returncode == code, (command, done.stderr)
        assert "Traceback" not in done.stderr, command
