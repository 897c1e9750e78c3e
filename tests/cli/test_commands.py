"""What the command says of itself."""

import re
import tomllib
from pathlib import Path

from typer.testing import CliRunner

from recdrop_lessons.cli import app

ROOT = Path(__file__).parents[2]


def test_the_version_is_the_packages():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    done = CliRunner().invoke(app, ["--version"])
    assert (done.exit_code, done.output) == (0, f"recdrop_lessons {project['version']}\n")


def test_help_names_every_command_once():
    done = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"})
    assert done.exit_code == 0
    named = re.findall(r"^│ (\w+) ", done.output, re.MULTILINE)
    assert sorted(named) == sorted(command.callback.__name__ for command in app.registered_commands)
