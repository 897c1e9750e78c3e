"""What a learner does first, on the system that the tests run on: Linux, Windows or macOS."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import submissions
from submissions import solved, write

SLEEPS = "def rnn_step(x, h, W, U, b):\n    while True: pass\n"
LEAVES = "def rnn_step(x, h, W, U, b):\n    import os\n    os._exit(3)\n"


def recdrop(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "recdrop_lessons", *map(str, arguments)]
    environment = {**os.environ, "RECDROP_FOLDER": str(cwd), "NO_COLOR": "1"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (solved(), ["ok", "ok", "ok", "ok"]),
        (solved(lstm_step=submissions.SWAPPED), ["ok", "gate-order", "ok", "ok"]),
        (solved(rnn_step=LEAVES), ["died", "ok", "ok", "ok"]),
        (solved(rnn_step=SLEEPS), ["timeout", "ok", "ok", "ok"]),
    ],
    ids=["right", "wrong", "leaves", "endless"],
)
def test_check(tmp_path: Path, cells: list, expected: list[str]) -> None:
    path = write(tmp_path, cells)
    done = recdrop("check", path, "--json", "--seed", 3, cwd=tmp_path)
    assert done.returncode == int(expected != ["ok"] * 4), done.stderr
    parts = json.loads(done.stdout)["parts"]
    assert [part["misconception"] or part["status"] for part in parts] == expected


def test_a_working_copy_and_its_commands(tmp_path: Path) -> None:
    assert recdrop("start", "mine", cwd=tmp_path).returncode == 0
    mine = tmp_path / "mine"
    commands = {"update": 0, "hint 1.2": 0, "progress": 0, "reset 1.2": 0, "check exercises/01_cells": 1}
    for command, code in commands.items():
        done = recdrop(*command.split(), cwd=mine)
        assert done.returncode == code, (command, done.stderr)
        assert "Traceback" not in done.stderr


def test_the_lab_opens(tmp_path: Path) -> None:
    pytest.importorskip("jupyterlab")
    assert recdrop("start", "mine", cwd=tmp_path).returncode == 0
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "recdrop_lessons", "lab", "--no-browser", "--port", str(port)]
    environment = {**os.environ, "JUPYTER_TOKEN": "token"}
    lab = subprocess.Popen(command, cwd=tmp_path / "mine", env=environment, stderr=subprocess.DEVNULL)
    try:
        for _ in range(240):
            assert lab.poll() is None
            try:
                address = f"http://127.0.0.1:{port}/lab?token=token"
                assert "JupyterLab" in urllib.request.urlopen(address, timeout=5).read().decode()
                return
            except OSError:
                time.sleep(0.5)
        pytest.fail("JupyterLab did not answer within two minutes")
    finally:
        if os.name == "nt":  # JupyterLab is a child there, and would stay
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(lab.pid)], capture_output=True)
        lab.terminate()
        lab.wait(20)
