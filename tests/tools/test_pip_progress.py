"""What pip does, in one line: read from its output and from the folders that it fills."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "pip_progress.py"
PIP = """
import sys, time
print("Collecting torch<3,>=2.6 (from recdrop_lessons)")
print("  Downloading torch-2.9.0-cp311-cp311-linux_x86_64.whl (104.2 MB)")
print("Collecting mdurl", "  Downloading mdurl-0.1.2-py3-none-any.whl (10.0 kB)", sep="\\n", flush=True)
time.sleep({seconds})
print("Installing collected packages: mdurl, torch")
print("ERROR: the disk is full", file=sys.stderr)
sys.exit({code})
"""


@pytest.fixture(scope="module")
def tool() -> Any:
    spec = importlib.util.spec_from_file_location("pip_progress", TOOL)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_downloads_and_installs_are_counted(tool: Any, tmp_path: Path) -> None:
    libraries, unpacked = tmp_path / "site-packages", tmp_path / "downloads" / "pip-unpack-1"
    (libraries / "pip-23.2.1.dist-info").mkdir(parents=True)
    unpacked.mkdir(parents=True)
    progress = tool.Progress(tmp_path / "downloads", libraries)
    assert progress.read("Collecting numpy<3,>=1.26") == ""
    assert str(progress) == "looking for packages, 1 found"
    said = progress.read("  Downloading https://example.org/a/numpy-2.3.0-cp311.whl (16.5 MB)")
    assert said == ""  # a log tells of what is large alone
    (unpacked / "numpy-2.3.0-cp311.whl").write_bytes(bytes(4_000_000))
    assert str(progress).startswith("downloading numpy, 4 of 16 MB, 0:0")
    assert progress.read("  Downloading torch-2.9.0-cp311.whl (899.7 MB)") == "downloading torch, 900 MB"
    assert str(progress) == "downloading torch, 0 of 900 MB"  # nothing is here yet: no time left is known
    assert progress.read("Installing collected packages: numpy, torch") == "installing 2 packages"
    (libraries / "numpy-2.3.0.dist-info").mkdir()
    assert str(progress) == "installing packages, 1 of 2"


def made(tmp_path: Path) -> Path:
    (tmp_path / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    return tmp_path


INSTALLS = """
import os, pip_progress, sys
from pathlib import Path
pip_progress.install([sys.executable, "-c", sys.argv[1]], Path(sys.argv[2]), Path("."), dict(os.environ))
"""


def installing(
    tmp_path: Path, *, code: int, seconds: float = 0, **streams: Any
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", INSTALLS, PIP.format(code=code, seconds=seconds), str(made(tmp_path))]
    return subprocess.run(command, cwd=TOOL.parent, text=True, check=False, **streams)


@pytest.mark.parametrize("code", [0, 1])
def test_a_log_has_a_line_for_each_large_thing(tmp_path: Path, code: int) -> None:
    done = installing(tmp_path, code=code, capture_output=True)
    said = [line.rpartition(" (")[0].strip() for line in done.stdout.splitlines()]
    assert said == ["downloading torch, 104 MB", "installing 2 packages"]
    assert ("ERROR: the disk is full" in done.stderr) == ("CalledProcessError" in done.stderr) == bool(code)
    assert "Collecting mdurl" in (tmp_path / "install.log").read_text()
