"""A row of the algebra, added as docs/architecture.md says under "Where to add", in a copy of the library.

The entry has a table: in which file, after which line, what to write. How to add a part is a page of its own,
docs/instructors/adapting.md, and tests/instructors/ follows it in the same way.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_a_row(tmp_path):
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    (entry,) = re.findall(r"^- \*\*A row\*\*.*?(?=^- \*\*|^## )", page, re.MULTILINE | re.DOTALL)
    lines = re.findall(r"^ +\| `([^`]+)` \| `([^`]+)` \| `([^`]+)` \|$", entry, re.MULTILINE)
    assert lines
    for room in ("recdrop_lessons", "tests"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__", "answers"))
    for file, after, text in lines:
        write(tmp_path / "recdrop_lessons" / file, after, text.replace(r"\|", "|"))
    files = ["adding/a_row", "algebra/test_variants", "explorers/test_where", "layers/test_recurrent"]
    plain = ["-q", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib"]
    those = ["-k", "gaussian_input or a_row"]
    told = subprocess.run(
        [sys.executable, "-m", "pytest", *plain, *those, *(f"tests/{file}.py" for file in files)],
        cwd=tmp_path,
        env=os.environ | {"COPY": str(tmp_path), "PYTHONPATH": os.pathsep.join([str(tmp_path), "tests"])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert int(re.findall(r"(\d+) passed", told.stdout)[-1]) >= 7, told.stdout


def write(path: Path, after: str, text: str) -> None:
    """Write a line after the only one that begins as the page says, as far in as that, or as what follows."""
    lines = path.read_text(encoding="utf-8").splitlines()
    (at,) = [k for k, each in enumerate(lines) if each.strip().startswith(after)]
    opens = lines[at].rstrip().endswith(("(", "{", "["))
    indent = re.match(r" *", lines[at + 1] if opens else lines[at])
    assert indent is not None
    lines.insert(at + 1, indent[0] + text)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
