"""`.ci/run`: every target is called, whatever the one before said; the exit code says whether all passed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGETS = ["env", "test", "answers", "luck", "packages", "campus"]
MAKE = """#!/bin/sh
for target; do :; done
echo "$target" >>called
case " $FAILING " in *" $target "*) exit 2 ;; esac
"""


def ci(folder: Path, failing: str, *arguments: str) -> tuple[int, list[str], str]:
    """Its exit code, the targets that it called and what it printed, on a machine that lacks nothing."""
    tools = folder / "bin"
    tools.mkdir()
    for name in ("chromium", "bwrap", "node", "podman", "npm", "make"):
        (tools / name).write_text(MAKE if name == "make" else "#!/bin/sh\n")
        (tools / name).chmod(0o755)
    (tools / "fc-list").write_text("#!/bin/sh\necho DejaVu\n")
    (tools / "fc-list").chmod(0o755)
    python = folder / ".venv" / "bin" / "python"  # asked whether the releases are the tested ones
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\ncase " $FAILING " in *" releases "*) exit 1 ;; esac\n')
    python.chmod(0o755)
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", folder / ".ci" / "run")
    env = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "FAILING": failing}
    command = ["bash", ".ci/run", *arguments]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    return done.returncode, (folder / "called").read_text().split(), done.stdout


def test_every_target_is_called_when_all_pass(tmp_path: Path) -> None:
    code, called, said = ci(tmp_path, "")
    assert (code, called) == (0, TARGETS), said
    assert "failed" not in said


def test_what_takes_longer_can_be_left_out(tmp_path: Path) -> None:
    code, called, said = ci(tmp_path, "", "test")
    assert (code, called) == (0, TARGETS[:2]), said


@pytest.mark.parametrize("failing", ["test", "answers", "campus", "test packages"])
def test_what_fails_does_not_hide_what_comes_next(tmp_path: Path, failing: str) -> None:
    code, called, said = ci(tmp_path, failing)
    assert (code, called) == (1, TARGETS), said
    assert f"failed: {failing} (" in said


def test_releases_that_were_not_tested_fail(tmp_path: Path) -> None:
    code, called, said = ci(tmp_path, "releases")
    assert (code, called) == (1, TARGETS), said
    assert "failed: the tested releases (" in said


def test_without_its_environment_nothing_is_called(tmp_path: Path) -> None:
    code, called, _ = ci(tmp_path, "env")
    assert code != 0 and called == ["env"]


def test_the_whole_has_a_limit_of_ninety_minutes() -> None:
    lines = [line.split() for line in (ROOT / ".ci" / "run").read_text().splitlines()]
    limits = [int(line[2]) for line in lines if line[:1] == ["target"]]
    assert len(limits) == len(TARGETS) - 1 and sum(limits) <= 85 * 60
