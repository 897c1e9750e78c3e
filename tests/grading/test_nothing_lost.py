"""A run that is killed goes on where it stopped, and ends with the same table."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import submissions
from submissions import RIGHT, SWAPPED, solved, write

# More for a thorough run: RECDROP_KILLS=20 RECDROP_CLASS=100.
KILLS = int(os.environ.get("RECDROP_KILLS", "4"))
CLASS = int(os.environ.get("RECDROP_CLASS", "24"))


def make_class(folder: Path) -> None:
    kinds = [
        solved(),
        solved(lstm_step=SWAPPED),
        solved(rnn_step=None),
        solved(gru_step="import os; os._exit(1)"),
        solved(lstm_step_with=RIGHT["lstm_step_with"].replace("gate(i)", "inner(i)")),
        b"{",
    ]
    for number in range(CLASS):
        write(folder / f"student-{number:03d}", kinds[number % len(kinds)])


def start(room: Path, out: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", "from recdrop_lessons.cli import app; app()"]
    command += ["grade", "class", "--out", out, "--seed", "5", "--jobs", "2"]
    return subprocess.Popen(
        command, cwd=room, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def running(room: Path) -> list[int]:
    """Processes whose working folder is that of the run: the grader and its workers."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if Path(os.readlink(process / "cwd")) == room:
                found.append(int(process.name))
        except OSError:
            continue
    return found


@pytest.mark.timeout(1800)
def test_killed_at_random_moments_it_ends_with_the_same_table(tmp_path: Path) -> None:
    make_class(tmp_path / "class")
    began = time.monotonic()
    assert start(tmp_path, "undisturbed").wait() == 1
    whole = time.monotonic() - began
    draw = random.Random(3)
    for _ in range(KILLS):
        run = start(tmp_path, "killed")
        time.sleep(draw.uniform(0.3, 1.0) * whole)
        run.send_signal(signal.SIGKILL)
        run.wait()
        for path in (tmp_path / "killed").rglob("*.json"):
            json.loads(path.read_text())  # each record is whole
        deadline = time.monotonic() + 10
        while running(tmp_path) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not running(tmp_path)  # the workers and the learners went with it
    assert start(tmp_path, "killed").wait() == 1
    assert (tmp_path / "killed" / "grades.csv").read_bytes() == (
        tmp_path / "undisturbed" / "grades.csv"
    ).read_bytes()
    for path in (tmp_path / "undisturbed").glob("*/*.json"):
        other = tmp_path / "killed" / path.relative_to(tmp_path / "undisturbed")
        assert other.read_bytes() == path.read_bytes()
    assert not list((tmp_path / "killed").rglob(".writing-*"))


def test_interrupted_by_the_keyboard_it_says_how_to_go_on(tmp_path: Path) -> None:
    for number in range(30):
        write(tmp_path / "class" / f"{number}", solved())
    command = [sys.executable, "-c", "from recdrop_lessons.cli import app; app()"]
    run = subprocess.Popen(
        [*command, "grade", "class", "--out", "out"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # A shell that runs the tests in the background hands on an ignored SIGINT; a terminal does not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    records = tmp_path / "out" / ".recdrop" / "records"
    while not list(records.glob("*/*.json")):
        assert run.poll() is None
        time.sleep(0.05)
    os.killpg(run.pid, signal.SIGINT)
    _, errors = run.communicate(timeout=60)
    assert run.returncode == 130
    assert b"the same command continues" in errors


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_text('{"record": ')])
def test_a_lost_or_torn_record_is_graded_again(tmp_path: Path, spoil: object) -> None:
    write(tmp_path / "class" / "anna", solved())
    submissions.grade("class", "--out", "out", cwd=tmp_path)
    spoil(tmp_path / "out" / ".recdrop" / "records" / "anna" / "01_cells.json")  # type: ignore[operator]
    assert submissions.grade("class", "--out", "out", cwd=tmp_path).returncode == 0
    assert json.loads((tmp_path / "out" / "anna" / "01_cells.json").read_text())["points"] == 100
