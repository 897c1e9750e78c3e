"""Without fork a learner's process still has limits: time and memory end it, with all that it has started."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from recdrop_lessons.checks.answer import AnswerLost
from recdrop_lessons.grading import process_tree
from recdrop_lessons.grading.inside.sandbox import Limits
from recdrop_lessons.grading.isolation import NONE
from recdrop_lessons.grading.learner_process import Budget, LearnerProcess, Times
from recdrop_lessons.grading.subprocess_server import SubprocessServer

psutil = pytest.importorskip("psutil")
STARTS = (
    "import subprocess, sys, os\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "open(os.environ['TMPDIR'] + '/../child', 'w').write(str(child.pid))\n"
    "while True: pass\n"
)


@pytest.fixture
def learner(request: pytest.FixtureRequest) -> Iterator[LearnerProcess]:
    """One over pipes, with the limits that the test names; without any, a cell has 5 s."""
    named = getattr(request, "param", {})
    spawner = SubprocessServer(NONE, Limits(**named)).spawner()
    made = LearnerProcess(spawner, Times(cell=60 if named else 5), Budget(100), 1 << 20)
    yield made
    made.close()
    spawner.close()


def lost(learner: LearnerProcess, source: str) -> AnswerLost:
    with pytest.raises(AnswerLost) as caught:
        learner.run(source, "cell 1")
    return caught.value


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("known", [True, False], ids=["psutil", "without"])
def test_a_timeout_ends_what_was_started_too(
    learner: LearnerProcess, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    if not known:
        monkeypatch.setattr(process_tree, "psutil", None)
    said = Path(learner._spawner._workspace, "child")  # type: ignore[attr-defined]
    assert "did not finish within 5 s" in lost(learner, STARTS).message
    assert not runs(int(said.read_text()))


def test_windows_without_psutil_asks_taskkill(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(process_tree, "psutil", None)
    monkeypatch.setattr(process_tree, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(process_tree, "os", SimpleNamespace(kill=os.kill))
    monkeypatch.setattr(process_tree.subprocess, "run", lambda command, **_: asked.append(command))
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        process_tree.end_with_children(process)  # type: ignore[arg-type]
    assert asked == [["taskkill", "/F", "/T", "/PID", str(process.pid)]]
    process_tree.end_with_children(process)  # type: ignore[arg-type]  # waited for: its number may be another's
    assert len(asked) == 1


def test_memory_is_watched() -> None:
    takes = "import sys, time; sys.stdin.read(1); taken = b'1' * 300_000_000; time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", takes], stdin=subprocess.PIPE) as process:
        watch = process_tree.MemoryWatch(process, 100_000_000)
        assert process.stdin is not None
        process.stdin.write(b"1")
        process.stdin.flush()
        watch._thread.join(30)
        watch.close()
    assert watch.exceeded and process.returncode == -9


def test_who_took_too_much_memory_is_told(learner: LearnerProcess) -> None:
    watch = learner._spawner._watch  # type: ignore[attr-defined]
    watch._limit = 0  # whatever it takes is too much
    assert "it took too much memory" in lost(learner, "while True: pass").message


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
@pytest.mark.parametrize("learner", [{"cpu_seconds": 1}], indirect=True)
def test_cpu_time_is_limited(learner: LearnerProcess) -> None:
    assert "it used up its CPU time" in lost(learner, "while True: pass").message


@pytest.mark.skipif(sys.platform != "linux", reason="macOS does not keep to that limit")
@pytest.mark.parametrize("learner", [{"memory_bytes": 200 << 20}], indirect=True)
def test_memory_is_limited_where_the_system_does(learner: LearnerProcess) -> None:
    raised = learner.run("taken = bytearray(400 << 20)", "cell 1")
    assert raised is not None and raised.type_name == "MemoryError"
