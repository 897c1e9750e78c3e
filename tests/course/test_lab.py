"""`make lab` serves the lesson that it says, with a kernel of this very environment."""

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from recdrop_lessons.course.lab import FIRST_LESSON, course_folder, lab_command, lab_environment, open_lab
from recdrop_lessons.support.errors import RecdropError

pytest.importorskip("jupyterlab")


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A small course in a folder with a space and letters beyond ASCII."""
    lesson = tmp_path / "Köln é course" / FIRST_LESSON
    lesson.parent.mkdir(parents=True)
    lesson.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    return lesson.parent.parent


def test_course_is_found_from_within(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = course / "exercises" / "01_cells"
    inside.mkdir(parents=True)
    assert course_folder(inside) == course
    monkeypatch.chdir(inside)
    assert course_folder() == course


def test_missing_course_and_missing_notebook_are_said(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(course)
    with pytest.raises(RecdropError, match=r"no notebook .*99_more\.ipynb; the lessons are in"):
        open_lab(Path("notebooks/99_more.ipynb"))
    elsewhere = course.parent / "site-packages" / "recdrop_lessons" / "course" / "lab.py"
    monkeypatch.setattr("recdrop_lessons.course.lab.__file__", str(elsewhere))
    with pytest.raises(RecdropError, match="go to the folder of the course"):
        course_folder(course.parent)


@pytest.fixture
def served(course: Path) -> Iterator[str]:
    """The address of a running lab, which must come up and must end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = lab_command(course / FIRST_LESSON, course, port, browser=False)
    env = lab_environment() | {"JUPYTER_TOKEN": "token"}
    with (course / "log").open("w") as log:
        lab = subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=course.parent)
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{address}/api?token=token", timeout=5).close()
                break
            except (urllib.error.URLError, OSError):
                assert lab.poll() is None, (course / "log").read_text()
                time.sleep(0.1)
        yield address
    finally:
        lab.terminate()
        lab.wait(30)


def get(address: str) -> str:
    with urllib.request.urlopen(f"{address}?token=token", timeout=30) as answer:
        return str(answer.read().decode())


def test_lab_serves_the_first_lesson_with_this_environments_kernel(served: str, course: Path) -> None:
    assert "<title>JupyterLab" in get(f"{served}/lab/tree/{FIRST_LESSON.as_posix()}")
    assert json.loads(get(f"{served}/api/contents/{FIRST_LESSON.as_posix()}"))["type"] == "notebook"
    settings = json.loads(get(f"{served}/lab/api/settings/@jupyterlab/apputils-extension:notification"))
    assert settings["schema"]["properties"]["fetchNews"]["default"] == "false"  # no question
    kernels = json.loads(get(f"{served}/api/kernelspecs"))
    assert kernels["default"] == "python3"
    assert kernels["kernelspecs"]["python3"]["spec"]["argv"][0] in {"python", sys.executable}
    log = (course / "log").read_text()
    # The link in the terminal leads to the lesson, and nothing comes after it.
    assert f"/lab/tree/{FIRST_LESSON.as_posix()}" in log.rstrip().splitlines()[-1], log


def test_in_jupyterlabs_terminal_recdrop_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make lab` activates no environment, and the exercises say: run `recdrop hint 1.2` in a terminal."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    where = shutil.which("recdrop", path=lab_environment()["PATH"])
    assert where is not None and Path(where).parent == Path(sys.executable).parent
