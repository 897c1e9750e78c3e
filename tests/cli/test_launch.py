"""A command that runs again in a process with torch is the same command, and tells learners nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from submissions import solved, write

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="commands run again on Linux alone")

COMMAND = [sys.executable, "-c", "from recdrop_lessons.cli import app; app()"]


def grade(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`recdrop grade class`, with more in its environment."""
    command = [*COMMAND, "grade", "class", "--out", "out", *options]
    env = {**os.environ, **environment}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)


def test_torch_is_loaded_elsewhere(tmp_path: Path) -> None:
    write(tmp_path, solved())
    program = (
        "import sys\nfrom recdrop_lessons.cli import app\n"
        "try:\n    app()\nexcept SystemExit as end:\n    assert end.code == 0, end.code\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "check", "01_cells"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "100 of 100 points" in done.stdout


def test_it_has_the_folder_the_environment_the_mask_and_the_streams(tmp_path: Path) -> None:
    write(tmp_path / "class" / "jürgen", solved())
    environment = {**os.environ, "PYTHONIOENCODING": "utf-16-le", "COLUMNS": "60"}
    done = subprocess.run(
        [*COMMAND, "grade", "class", "--out", "out"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        preexec_fn=lambda: os.umask(0o027),
    )
    assert done.returncode == 0, done.stderr
    assert "1 submissions, 1 with all points" in done.stdout.decode("utf-16-le")
    assert (tmp_path / "out" / "jürgen").stat().st_mode & 0o777 == 0o750


def test_it_has_the_time_zone(tmp_path: Path) -> None:
    """Else what is handed in at 23:30 in Berlin is late or not by Greenwich's clock."""
    path = write(tmp_path / "class" / "anna", b"{")
    os.utime(path, (1795213800, 1795213800))  # 2026-11-20 23:30 in Berlin
    done = grade(tmp_path, "--due", "2026-11-20T23:00", TZ="Europe/Berlin")
    page = (tmp_path / "out" / "anna" / "feedback.html").read_text(encoding="utf-8")
    assert "late: 2026-11-20 23:30+01:00; due 2026-11-20 23:00+01:00." in page, done.stderr


def test_a_learner_finds_nothing_of_the_command_that_grades(tmp_path: Path) -> None:
    """Neither its arguments with the seed, nor its environment, in its own /proc entry or in memory."""
    looks = (
        "import gc, sys\ngc.unfreeze()\n"
        "seen = open('/proc/self/environ').read() + open('/proc/self/cmdline').read() + str(sys.argv)\n"
        "seen += ''.join(o for l in gc.get_objects() if type(l) is list for o in l if type(o) is str)\n"
        "seen += ''.join(f'{k}{v}' for d in gc.get_objects() if type(d) is dict\n"
        "                for k, v in list(d.items()) if type(k) is str and type(v) in (str, int))\n"
        "found = [one for one in ('987' + '654321', 'instructors-' + 'token') if one in seen]\n"
        "assert not found, found\n"
        "def rnn_step(x, h, W, U, b): raise ValueError('looked ' + str(len(seen) > 10000))\n"
    )
    write(tmp_path / "class" / "eve", solved(rnn_step=looks))
    done = grade(tmp_path, "--seed", "987654321", SECRET="instructors-token")
    assert done.returncode == 0, done.stderr
    first = json.loads((tmp_path / "out" / "eve" / "01_cells.json").read_text())["parts"][0]
    assert "looked True" in first["message"]


def test_what_goes_wrong_is_said_as_ever(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "grade", "nowhere", "--out", "out"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "There is no folder nowhere" in done.stderr


def test_where_a_stream_is_closed_it_runs_all_the_same(tmp_path: Path) -> None:
    write(tmp_path, solved())
    done = subprocess.run(
        [*COMMAND, "check", "01_cells"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.close(0),
    )
    assert done.returncode == 0
    assert "100 of 100 points" in done.stdout


def test_killed_it_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    for number in range(20):
        write(tmp_path / "class" / f"{number}", solved())
    room = tmp_path / "temporary"
    room.mkdir()
    run = subprocess.Popen(
        [*COMMAND, "grade", "class", "--out", "out"],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(room)},
        stderr=subprocess.DEVNULL,
    )
    while not list((tmp_path / "out").glob("*/01_cells.json")):
        assert run.poll() is None
        time.sleep(0.02)
    run.kill()
    run.wait()
    deadline = time.monotonic() + 20
    while list(room.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not list(room.iterdir())


def test_where_the_fork_server_does_not_start_the_command_says_so(tmp_path: Path) -> None:
    write(tmp_path, solved())
    program = (
        "from recdrop_lessons.grading import fork_server\n"
        "fork_server.BOOT = 'raise ImportError(\"no torch here\")'\n"
        "from recdrop_lessons.cli import app; app()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "grade", ".", "--out", "out"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "does not start" in done.stderr and "no torch here" in done.stderr
    assert "Traceback" not in done.stderr.split("does not start")[0]
