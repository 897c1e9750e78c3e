"""How a command is typed in this shell, so that a next command that we print works there."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path


def quoted(path: str | Path) -> str:
    """Return the path as one word of a shell's line."""
    return subprocess.list2cmdline([str(path)]) if os.name == "nt" else shlex.quote(str(path))


def recdrop() -> str:
    """Return "recdrop" if the shell finds it, or else the way in which this process was called.

    `.venv/bin/recdrop` and `python -m recdrop_lessons` run outside an activated environment.
    """
    program = Path(sys.argv[0]).absolute()
    if program.parts[-2:] == ("recdrop_lessons", "__main__.py"):
        return f"{quoted(sys.executable)} -m recdrop_lessons"
    if program.stem != "recdrop":
        return "recdrop"  # a notebook
    found = shutil.which("recdrop")
    # uvx has its own folder on the path, and the shell has not.
    on_path = "UV" not in os.environ and found is not None and Path(found).samefile(program)
    return "recdrop" if on_path else quoted(program)
