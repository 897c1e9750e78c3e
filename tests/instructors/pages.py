"""An instructor's page, followed literally: its blocks in order, each by the mark in the comment above it.

    <!-- run -->, <!-- run: exit 1 -->    run it
    <!-- prints -->                        these pieces were printed last, in this order; … is anything
    <!-- file: NAME -->                    write it
    <!-- append: NAME -->                  write it to the end
    <!-- patch -->                         git apply it
    <!-- by hand -->                       a shell block that needs a platform, a network or a person

The comments are seen neither on GitHub nor on the site. A block of another mark is its own test's.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from typer.testing import CliRunner

from recdrop_lessons.cli import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "instructors").glob("*.md"))
_BLOCK = re.compile(r"(?:<!-- (?P<mark>[^>]+) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Block:
    """A fenced block: "run", "exit 1", "bash" and its text; mark and detail are "" where none is above it."""

    mark: str
    detail: str
    language: str
    text: str


def blocks(name: str) -> list[Block]:
    """The page's blocks in order."""
    page = (ROOT / "docs" / "instructors" / f"{name}.md").read_text(encoding="utf-8")
    found = []
    for one in _BLOCK.finditer(page):
        mark, _, detail = (one["mark"] or "").partition(": ")
        found.append(Block(mark, detail, one["language"], one["text"]))
    return found


def marked(name: str, mark: str) -> list[str]:
    """The texts of the page's blocks with this mark."""
    return [block.text for block in blocks(name) if block.mark == mark]


def follow(name: str, folder: Path, before: Callable[[Block], None] = lambda block: None) -> int:
    """Do what the page says, in this folder; `before` each run stands for what a person does by hand.

    Returns how many blocks were run.
    """
    printed, count = "", 0
    for block in blocks(name):
        if block.mark == "run":
            before(block)
            printed = run(block.text, folder, int(block.detail.removeprefix("exit ") or 0))
            count += 1
        elif block.mark == "prints":
            pieces = [piece for line in block.text.splitlines() for piece in line.split("…") if piece.strip()]
            pattern = ".*".join(re.escape(piece.strip()) for piece in pieces)
            assert re.search(pattern, printed, re.S), f"{block.text}\nis not what was printed:\n{printed}"
        elif block.mark == "file":
            (folder / block.detail).write_text(block.text, encoding="utf-8")
        elif block.mark == "append":
            with (folder / block.detail).open("a", encoding="utf-8") as file:
                file.write(f"\n\n{block.text}")
        elif block.mark == "patch":
            subprocess.run(["git", "apply"], cwd=folder, input=block.text, text=True, check=True)
    return count


def run(text: str, folder: Path, expected: int) -> str:
    """What the block prints, on both streams; its last command ends with the expected exit code."""
    if (folder / "recdrop_lessons").is_dir():
        return in_bash(text, folder, expected)
    # `recdrop` itself runs in this process: torch is loaded here already, and would take a second each time.
    parts = [(ours, list(lines)) for ours, lines in groupby(text.splitlines(), _is_recdrop)]
    printed = ""
    for at, (ours, lines) in enumerate(parts, 1):
        code = expected if at == len(parts) else 0
        if ours:
            printed += "".join(_in_this_process(line, folder, code) for line in lines)
        else:
            printed += in_bash("\n".join(lines), folder, code)
    return printed


def _is_recdrop(line: str) -> bool:
    return line.startswith("recdrop ")


def in_bash(text: str, folder: Path, expected: int) -> str:
    """What bash prints with `recdrop` and `python` on the path."""
    # A clone's library is the one in the clone.
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]),
        "NO_COLOR": "1",
        "RECDROP_FOLDER": str(folder),
    }
    done = subprocess.run(
        ["bash", "-eu", "-c", text],
        cwd=folder,
        env=environment,
        text=True,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == expected, f"{text}\nended with {done.returncode}:\n{done.stdout}"
    return done.stdout


def _in_this_process(line: str, folder: Path, expected: int) -> str:
    here = Path.cwd()
    os.chdir(folder)
    try:
        result = CliRunner().invoke(app, shlex.split(line, comments=True)[1:])
    finally:
        os.chdir(here)
    assert result.exit_code == expected, f"{line}\nended with {result.exit_code}:\n{result.output}"
    return result.stderr + result.stdout
