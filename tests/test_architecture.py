"""The arrows of docs/architecture.md hold, and the page names every room."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROOMS = sorted(
    path.name
    for path in (ROOT / "recdrop_lessons").iterdir()
    if (path.suffix == ".py" or (path / "__init__.py").exists()) and not path.name.startswith("_")
)


def test_arrows_point_one_way():
    linter = Path(sys.executable).with_name("lint-imports")
    told = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize("room", ROOMS)
def test_the_page_names_every_room(room):
    assert f"`{room}`" in PAGE or f"`{room}/`" in PAGE


def test_the_picture_shows_the_imports_there_are():
    tool = ROOT / "tools" / "architecture_picture.py"
    told = subprocess.run([sys.executable, tool, "--check"], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
