"""Wheel and sdist, and each way of docs/install.md to the first lesson without make. Run by `make packages`.

The wheelhouse is made with the network; from there on everything is installed without it.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
import tarfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import submissions

pytestmark = [
    pytest.mark.skipif(not os.environ.get("RECDROP_PACKAGES"), reason="make packages runs it"),
    pytest.mark.timeout(1800),
]

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent
SECONDS = 600  # for one command, on a slow machine
FETCH_SECONDS = 420  # for the wheels, by a slow mirror


def run(
    *command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None, seconds: float = SECONDS
) -> str:
    environment = {**os.environ, **(env or {})}
    streams: dict[str, Any] = {"capture_output": True, "text": True, "timeout": seconds}
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=environment, **streams)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def fetch(*command: str | Path) -> None:
    """Run what needs the network; skip with the reason where there is none, or a mirror is too slow."""
    try:
        run(*command, seconds=FETCH_SECONDS)
    except subprocess.TimeoutExpired:
        pytest.skip(f"the wheels did not come within {FETCH_SECONDS} s")
    except AssertionError as error:
        why = re.search(r"Retrying \(.*|.*[Tt]imed out.*|.*ConnectionError.*|.*HTTP error.*", str(error))
        if why is None:
            raise
        pytest.skip(f"no network, or a mirror that does not answer: {why[0][:300]}")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the sdist and the wheel, which is made from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    clone = tmp_path_factory.mktemp("sources") / "course"
    run("git", "clone", "--quiet", ROOT, clone)  # what is committed, and nothing that lies about
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, clone)
    return folder


@pytest.fixture(scope="session")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def wheelhouse(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that the course needs, as wheels."""
    house = tmp_path_factory.mktemp("wheelhouse")
    wanted = (f"{wheel}[course,frameworks]", "setuptools>=77", "pip")
    fetch(sys.executable, "-m", "pip", "wheel", "--quiet", "--wheel-dir", house, *wanted)
    return house


@pytest.fixture
def offline(wheelhouse: Path, tmp_path: Path) -> dict[str, str]:
    """An environment in which pip, pipx and uv find the wheelhouse and nothing else."""
    return {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheelhouse),
        "PIPX_HOME": str(tmp_path / "pipx"),
        "UV_OFFLINE": "1",
        "UV_NO_INDEX": "1",
        "UV_FIND_LINKS": str(wheelhouse),
        "UV_CACHE_DIR": str(tmp_path / "uv"),
        "UV_PYTHON": sys.executable,
        "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}",
    }


@pytest.fixture
def sources(built: Path, tmp_path: Path) -> Path:
    """The sdist unpacked: a course without git."""
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(tmp_path, filter="data")
    return tmp_path / archive.name.removesuffix(".tar.gz")


# ---------------------------------------------------------------- what is built


def test_twine_finds_nothing_wrong(built: Path) -> None:
    said = run(sys.executable, "-m", "twine", "check", "--strict", *built.iterdir())
    assert said.count("PASSED") == 2


def test_the_wheel_carries_the_course(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for room in ("notebooks", "exercises", "solutions"):
        ours = run("git", "ls-files", room, cwd=ROOT).split()
        assert {f"recdrop_lessons/data/course/{name}" for name in ours} <= names
    library = run("git", "ls-files", "recdrop_lessons", cwd=ROOT).split()
    assert set(library) <= names
    assert not {name for name in names if name.startswith(("tests", "tools", "docs"))}


# ---------------------------------------------------------------- without a clone


def test_an_installed_wheel_serves_a_learner_in_an_empty_folder(
    wheel: Path, offline: dict[str, str], tmp_path: Path
) -> None:
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", f"{wheel}[course]", env=offline)
    empty = tmp_path / "empty"
    empty.mkdir()
    told = {"RECDROP_FOLDER": "", "NO_COLOR": "1"}
    assert run(python, "-m", "recdrop_lessons", "--version", cwd=empty).startswith("recdrop_lessons ")
    run(python.with_name("recdrop"), "start", "mine", cwd=empty, env=told)
    path = submissions.write(empty / "mine" / "exercises", submissions.solved())
    assert "100 of 100 points" in run(python.with_name("recdrop"), "check", path, cwd=empty, env=told)
    assert "hint 1" in run(python.with_name("recdrop"), "hint", "2.1", cwd=empty / "mine", env=told)
    for page in opened([str(python.with_name("recdrop")), "lab"], empty, told):
        assert "JupyterLab" in page
    assert (empty / "my-course" / "notebooks" / "00_start_here.ipynb").is_file()


def opened(command: list[str], folder: Path, env: dict[str, str]) -> Iterator[str]:
    """JupyterLab's page, while that command serves it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    served = {**os.environ, **env, "JUPYTER_TOKEN": "token"}
    lab = subprocess.Popen(
        [*command, "--no-browser", "--port", str(port)], cwd=folder, env=served, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(1200):
            assert lab.poll() is None
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/lab?token=token", timeout=5) as page:
                    yield page.read().decode()
                return
            except OSError:
                time.sleep(0.5)
        pytest.fail("JupyterLab did not answer within ten minutes")
    finally:
        lab.terminate()
        lab.wait(20)


# ---------------------------------------------------------------- the lines of docs/install.md


def ways() -> dict[str, list[str]]:
    """The commands without make, by the comment that begins each."""
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    (block,) = [one for one in re.findall(r"^```\n(.*?)^```", page, re.M | re.S) if one.startswith("# uv")]
    found = re.findall(r"^# (.+)\n((?:[^#\n].*\n)+)", block, re.MULTILINE)
    return {name: lines.splitlines() for name, lines in found}


@pytest.mark.parametrize("way", ["uv", "pipx", "macOS, Linux"])
def test_each_way_of_the_page_leads_to_the_first_lesson(
    way: str, sources: Path, offline: dict[str, str]
) -> None:
    *before, last = ways()[way]
    offline["PIP_NO_COMPILE"] = "0"  # in pip's words: do not compile, since all is started once
    for line in before:
        run(*shlex.split(line), cwd=sources, env=offline)
    assert last.endswith(" lab")
    command = shlex.split(last)
    program = str(sources / command[0]) if (sources / command[0]).exists() else str(TOOLS / command[0])
    for page in opened([program, *command[1:]], sources, offline):
        assert "JupyterLab" in page
    assert (sources / "my-course" / "notebooks" / "00_start_here.ipynb").is_file()


def test_the_windows_lines_are_the_same_in_its_own_words() -> None:
    here, there = ways()["macOS, Linux"], ways()["Windows"]
    words = {"py ": "python3 ", ".venv\\Scripts\\python": ".venv/bin/python"}
    for windows, ours in words.items():
        there = [line.replace(windows, ours, 1) if line.startswith(windows) else line for line in there]
    assert there == here


def test_condas_lines_name_the_file_and_its_environment() -> None:
    create, lab = ways()["conda"]
    assert create == "conda env create -f environment.yml" and (ROOT / "environment.yml").is_file()
    assert lab == "conda run -n recdrop recdrop lab"  # its name: tests/test_packaging.py
