"""Every kind of isolation that this machine has holds against the probe, and the probe sees what does not."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import submissions

import recdrop_lessons
from recdrop_lessons import checks
from recdrop_lessons.checks.answer import AnswerError
from recdrop_lessons.grading import isolation
from recdrop_lessons.grading.checker import Checker
from recdrop_lessons.grading.fork_server import GradingError, Sandbox
from recdrop_lessons.grading.inside import seccomp
from recdrop_lessons.grading.inside.sandbox import Limits
from recdrop_lessons.grading.learner_process import Budget, LearnerProcess, Times
from recdrop_lessons.grading.records import Record
from recdrop_lessons.grading.spawner import LockedServer

INSTALLED = Path(sysconfig.get_paths()["purelib"])


@pytest.fixture(scope="module", params=isolation.KINDS, ids=lambda kind: kind.name)
def server(request: pytest.FixtureRequest) -> Iterator[LockedServer]:
    """One of each kind that holds here; in it, a library's folder among others is shut."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("A_SECRET_OF_THE_INSTRUCTOR", "1")
        try:
            found = isolation.locked_server(
                request.param.name, shut=[INSTALLED / "yaml", INSTALLED / "nbgrader"]
            )
        except GradingError as error:
            pytest.skip(str(error))
    with found:
        yield found


def run_in(server: LockedServer, source: str) -> AnswerError | None:
    """What a cell raises in a learner's process of that server."""
    spawner = server.spawner()
    notebook = LearnerProcess(spawner, Times(), Budget(20), 1 << 20)
    try:
        return notebook.run(source, "cell 1")
    finally:
        notebook.close()
        spawner.close()


def test_a_notebook_is_graded_in_it(server: LockedServer) -> None:
    with Checker(server) as checker:
        data = submissions.notebook(submissions.solved())
        graded = checker.grade(data, checks.lesson(submissions.LESSON), 5)
    assert graded.points == 100
    assert graded.record()["isolation"] == server.sandbox.name


def test_the_records_are_the_same_in_each(server: LockedServer) -> None:
    """As without locks: they stop attacks and change no honest notebook's points, statuses or messages."""
    notebooks = [
        submissions.solved(),
        submissions.solved(lstm_step=submissions.SWAPPED, gru_step=None),
        submissions.solved(rnn_step="import scipy.stats\n" + submissions.RIGHT["rnn_step"]),
        submissions.solved(rnn_step="def rnn_step(x, h, W, U, b):\n    return x.no_such_name"),
        submissions.solved(rnn_step="def rnn_step(x, h, W, U, b):\n    import os; os._exit(3)"),
    ]

    def records(server: LockedServer) -> list[Record]:
        lesson = checks.lesson(submissions.LESSON)
        with Checker(server) as checker:
            graded = [checker.grade(submissions.notebook(cells), lesson, 5).record() for cells in notebooks]
        return [{**record, "isolation": ""} for record in graded]

    with isolation.locked_server("none") as unlocked:
        assert records(server) == records(unlocked)


def test_the_answer_key_can_be_neither_imported_nor_read(server: LockedServer) -> None:
    package = Path(recdrop_lessons.__file__).parent
    keys = [str(package / "layers/cells.py"), str(package / "checks/lessons/lesson_01_cells/lstm_step.py")]
    raised = run_in(server, "import recdrop_lessons.checks\nrecdrop_lessons.checks.all_lessons()")
    assert raised is None  # the import is passed over, and so is what uses it
    program = f"""
import sys, gc, types
sys.meta_path[:] = [finder for finder in sys.meta_path if "Shut" not in type(finder).__name__]
sys.path.insert(0, {str(package.parent)!r})
found = []
try:
    import recdrop_lessons.layers.cells
    found.append("imported")
except (ImportError, OSError):
    pass
for path in {keys!r}:
    try:
        found.append(open(path).read())
    except OSError:
        pass
names = {{module for module in sys.modules if module.startswith("recdrop_lessons.")}}
modules = [one for one in gc.get_objects() if isinstance(one, types.ModuleType)]
held = [one for one in modules if "recdrop_lessons." in one.__name__]
assert not found and not names and not held, (found, names, held)
"""
    assert run_in(server, program) is None


def test_a_shut_folder_among_open_ones_is_shut(server: LockedServer) -> None:
    program = f"""
import packaging.version  # a neighbour is open
try:
    open({str(INSTALLED / "yaml" / "__init__.py")!r})
except OSError:
    pass
else:
    raise AssertionError("yaml was read")
try:
    import nbgrader
    nbgrader.apps
except (ImportError, OSError, AttributeError):
    pass
else:
    raise AssertionError("nbgrader was imported")
"""
    assert run_in(server, program) is None


@pytest.mark.parametrize("package", ["numpy.linalg", "matplotlib.pyplot", "scipy.stats", "unittest.mock"])
def test_libraries_can_be_imported(server: LockedServer, package: str) -> None:
    assert run_in(server, f"import {package}") is None


def test_the_environment_is_bare(server: LockedServer) -> None:
    program = """
import os
kept = set(os.environ) - {"LANG", "LC_CTYPE", "HOSTNAME", "container", "TERM", "PATH", "PWD"}
wanted = {"HOME", "MPLBACKEND", "MPLCONFIGDIR", "OMP_NUM_THREADS", "PYTHONDONTWRITEBYTECODE"}
wanted |= {"LD_LIBRARY_PATH", "TMPDIR", "TORCHINDUCTOR_CACHE_DIR"}
assert kept <= wanted, kept
"""
    assert run_in(server, program) is None


def test_no_other_process_can_be_read_or_changed(server: LockedServer) -> None:
    """Above all the fork server: every later learner is forked from it."""
    program = """
import os
opened = []
own = {int(thread) for thread in os.listdir("/proc/self/task")}
for pid in {os.getppid(), *range(1, 200)} - own:
    for mode in ("rb", "r+b"):
        try:
            open(f"/proc/{pid}/mem", mode, buffering=0).close()
        except OSError:
            continue
        opened.append((pid, mode))
assert not opened, opened
"""
    assert run_in(server, program) is None


def test_there_is_nowhere_to_write(server: LockedServer) -> None:
    """No file to leave for the next one, no disk or memory to fill, no setting of the machine to change.

    Its own folder is bounded and goes with it (test_torch.py).
    """
    program = """
import os, stat, tempfile

def harmless(path):
    status = os.stat(path)
    return stat.S_ISCHR(status.st_mode) and os.major(status.st_rdev) == 1  # null, zero, full, random, urandom

def written(path, flags=0):
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | flags))
    except OSError:
        return False
    return not harmless(path)

reached = []
for top in ("/", ".", "/proc/sys", "/sys", "/dev", "/dev/shm", "/dev/mqueue", "/tmp", "/var/tmp", "/run"):
    for folder, folders, files in os.walk(top):
        if folder == "/proc":  # a process's entries hold nothing; those under pressure are for waiting
            folders[:] = [one for one in folders if not one.isdigit() and one != "pressure"]
        if written(os.path.join(folder, "attack-left"), os.O_CREAT | os.O_EXCL):
            reached.append(folder)
        reached += [path for one in files if written(path := os.path.join(folder, one))]
own = os.path.realpath(tempfile.gettempdir())
reached = [path for path in reached if os.path.realpath(path) != own]
assert not reached, reached
"""
    assert run_in(server, program) is None


def test_nothing_remains_where_the_grader_is_killed(server: LockedServer) -> None:
    """It has no time to tidy up then: a learner that loops ends with it, and so does a container."""
    grader = """
import sys
from recdrop_lessons.grading import isolation
from recdrop_lessons.grading.records import Record
from recdrop_lessons.grading.learner_process import Budget, LearnerProcess, Times
server = isolation.locked_server(sys.argv[1])
print(server.process.workspace, flush=True)
LearnerProcess(server.spawner(), Times(), Budget(20), 1 << 20).run("while True: pass", "cell 1")
"""
    command = [sys.executable, "-c", grader, server.sandbox.name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        room = process.stdout.readline().strip()
        time.sleep(0.5)  # the loop has begun, or is about to
        process.kill()
    shutil.rmtree(room, ignore_errors=True)  # it may be gone already: the fork server takes it along
    end = time.monotonic() + 10
    while (left := _processes_naming(room)) and time.monotonic() < end:
        time.sleep(0.1)
    assert not left


def _processes_naming(word: str) -> list[str]:
    """The command lines, of all processes here, that a word stands in."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(path.read_bytes().decode(errors="replace"))
    return [command for command in found if word in command]


def test_a_process_without_locks_is_seen_through() -> None:
    """The probe is no formality: on an open process it names all that it reaches."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(isolation, "KINDS", (Sandbox("open", ()),))
        with pytest.raises(GradingError) as refusal:
            isolation.locked_server("auto")
    for reached in (
        "read submission.ipynb",
        "write to the results",
        "TCP",
        "UDP",
        "signal",
        "process behind",
    ):
        assert reached in str(refusal.value)


def test_an_unknown_kind_is_refused_by_name() -> None:
    with pytest.raises(GradingError, match=r"no isolation 'chroot'; there are landlock\+namespaces"):
        isolation.locked_server("chroot")


def test_none_is_graded_without_locks_and_says_so() -> None:
    with isolation.locked_server("none") as server, Checker(server) as checker:
        data = submissions.notebook(submissions.solved())
        graded = checker.grade(data, checks.lesson(submissions.LESSON), 5)
    assert graded.points == 100
    assert graded.record()["isolation"] == "none"


@pytest.mark.skipif(not seccomp.seccomp_available(), reason="no seccomp filter for this architecture")
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_refuses_what_it_should(machine: str) -> None:
    """The program run by hand, on calls of both architectures."""
    column, audit = seccomp._ARCHITECTURES[machine]
    program = seccomp.seccomp_filter(77, machine)
    allowed, refused, unknown = 0x7FFF0000, 0x00050001, 0x00050026

    def verdict(number: int, *arguments: int, architecture: int = audit) -> int:
        return _run_filter(program, number, architecture, arguments)

    read, write, mmap = {"x86_64": (0, 1, 9), "aarch64": (63, 64, 222)}[machine]
    assert [verdict(call) for call in (read, write, mmap)] == [allowed] * 3
    for name, numbers in seccomp._REFUSED.items():
        if numbers[column] is not None:
            assert verdict(numbers[column]) == refused, name
    assert verdict(seccomp._CLONE[column], 0x10000 | 0x100) == allowed  # a thread
    assert verdict(seccomp._CLONE[column], 17) == refused  # a process
    assert verdict(435) == unknown
    kill, tgkill, limit = (seccomp._ON_ITSELF[name][column] for name in ("kill", "tgkill", "prlimit64"))
    assert [verdict(call, 77, 9) for call in (kill, tgkill, limit)] == [allowed] * 3
    assert [verdict(call, 78, 9) for call in (kill, tgkill, limit)] == [refused] * 3
    assert (verdict(limit, 0), verdict(kill, 0), verdict(kill, 0xFFFFFFFF)) == (allowed, refused, refused)
    assert (verdict(seccomp._FCNTL[column], 3, 1), verdict(seccomp._FCNTL[column], 3, 8)) == (
        allowed,
        refused,
    )
    assert verdict(seccomp._IOCTL[column], 3, 0x5412) == refused
    assert verdict(read, architecture=0x40000003) == refused  # 32-bit calls go around the table
    if machine == "x86_64":
        assert verdict(0x40000000 + read) == refused


def _run_filter(program: bytes, number: int, architecture: int, arguments: tuple[int, ...]) -> int:
    """Classic BPF, the few instructions that the filter uses."""
    import struct

    data = struct.pack("=IIQ", number, architecture, 0) + struct.pack(
        "=6Q", *arguments, *[0] * (6 - len(arguments))
    )
    at, value = 0, 0
    while True:
        code, true, false, k = struct.unpack_from("=HBBI", program, 8 * at)
        at += 1
        if code == 0x20:
            (value,) = struct.unpack_from("=I", data, k)
        elif code == 0x06:
            return k
        else:
            holds = {0x15: value == k, 0x35: value >= k, 0x45: bool(value & k)}[code]
            at += true if holds else false


def test_limits_hold_where_no_lock_does() -> None:
    with isolation.locked_server("none", limits=Limits(memory_bytes=1 << 28, open_files=32)) as server:
        raised = run_in(server, "import torch\ntorch.ones(1 << 28)")
        assert raised is not None and "memory" in raised.message
        raised = run_in(server, "files = [open('/dev/null') for _ in range(100)]")
        assert raised is not None and raised.type_name == "OSError"


def test_a_system_without_fork_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.fork")
    with pytest.raises(GradingError, match="WSL"):
        isolation.locked_server("auto")
    assert list(isolation.examine()) == []
