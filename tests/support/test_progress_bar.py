"""A person sees a bar with the time left; a log has lines, and no control characters."""

import subprocess
import sys
import types

import pytest

from recdrop_lessons.support import progress

WORKS = """
from recdrop_lessons.support import progress
progress.LOG_SECONDS = {seconds}
with progress.progress_bar({total}, "run") as advance:
    for name in "abc":
        advance(name)
"""


@pytest.fixture(autouse=True)
def not_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)


def logged(seconds: float, total: int | None = 3) -> list[str]:
    """The lines that the work above writes into a pipe."""
    command = [sys.executable, "-c", WORKS.format(seconds=seconds, total=total)]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stdout == b""
    assert not set(done.stderr) & ({*range(32)} - {10})  # no control characters but ends of lines
    return done.stderr.decode().splitlines()


def test_a_log_has_lines() -> None:
    lines = logged(0)
    assert lines[-1].startswith("3 of 3 runs, ") and lines[-1].endswith(" left, c")
    assert [line for line in lines if line.startswith("1 of 3 runs, ")]


def test_short_work_leaves_nothing_in_a_log() -> None:
    assert logged(30) == []


def with_front_end(monkeypatch: pytest.MonkeyPatch, kernel: object) -> None:
    shell = None if kernel is None else types.SimpleNamespace(kernel=kernel)
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))


def test_the_bar_is_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    with_front_end(monkeypatch, types.SimpleNamespace(_allow_stdin=True))  # JupyterLab
    assert progress.watched()
    with_front_end(monkeypatch, types.SimpleNamespace(_allow_stdin=False))  # nbval, nbconvert
    assert not progress.watched()
    with_front_end(monkeypatch, None)  # a script: as its error stream is
    monkeypatch.setattr(sys, "stderr", types.SimpleNamespace(isatty=lambda: True))
    assert progress.watched()
    monkeypatch.setenv("CI", "true")
    assert not progress.watched()
    monkeypatch.delenv("CI")
    monkeypatch.setattr(sys, "stderr", types.SimpleNamespace(isatty=lambda: False))
    assert not progress.watched()
