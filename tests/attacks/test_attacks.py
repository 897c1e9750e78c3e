"""A hostile class, graded as any other: each gets the points it deserves, and nothing outside is touched.

`make unit` grades one attack of each family. `RECDROP_ATTACK_KINDS=landlock,bubblewrap`: all of them, once
a kind of isolation.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import breaking
import forging
import malformed
import pytest
import reaching
import submissions
from attack import Attack
from submissions import cell, solved, write

import recdrop_lessons
from recdrop_lessons import checks
from recdrop_lessons.grading.classroom import grade_class
from recdrop_lessons.grading.fork_server import GradingError
from recdrop_lessons.grading.learner_process import Times
from recdrop_lessons.grading.pool import LocalPool
from recdrop_lessons.grading.records import Store
from recdrop_lessons.grading.submissions import find_submissions

FAMILIES: dict[str, dict[str, Attack]] = {
    "forging": forging.ATTACKS,
    "breaking": breaking.ATTACKS,
    "reaching": reaching.ATTACKS,
    "malformed": malformed.ATTACKS,
}
EVERY = {
    f"{family}: {name}": attack for family, attacks in FAMILIES.items() for name, attack in attacks.items()
}
KINDS = os.environ.get("RECDROP_ATTACK_KINDS")
ONE_EACH = (
    "forging: tests edited",
    "breaking: loop that swallows interrupts",
    "reaching: the solutions",
    "malformed: not JSON",
)
ALL = EVERY if KINDS else {name: EVERY[name] for name in ONE_EACH}
NAMES = malformed.NAMES if KINDS else malformed.NAMES[:1]
VICTIMS = ("aa-victim", "mm-victim", "zz-victim")
COURSE = Path(recdrop_lessons.__file__).parent.parent


@dataclass
class Outcome:
    """What the class came to, and the traces that were looked for after it."""

    kind: str
    records: dict[str, dict[str, Any]]
    traces: list[str] = field(default_factory=list)


def _student(number: int, name: str) -> str:
    return f"{number:03d}-{''.join(c if c.isalnum() else '-' for c in name)}"


def _tell(folder: Path, names: dict[str, Any]) -> None:
    """Give an attacking notebook the places it goes for, in a cell before its own."""
    path = folder / submissions.LESSON / f"{submissions.LESSON}.ipynb"
    document = json.loads(path.read_bytes())
    source = "\n".join(f"{name} = {value!r}" for name, value in names.items())
    document["cells"].insert(0, cell(source))
    path.write_text(json.dumps(document))


def _digests(folder: Path) -> dict[str, str]:
    """Every file of a folder by content and mode; links by their target."""
    found = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        content = b""
        if path.is_symlink():
            content = os.fsencode(os.readlink(path))
        elif path.is_file() and path.stat().st_size < 1 << 30:
            content = path.read_bytes()
        found[str(path)] = f"{mode:o} {hashlib.sha256(content).hexdigest()}"
    return found


@pytest.fixture(scope="module", params=(KINDS or "auto").split(","))
def outcome(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The hostile class, graded."""
    room = tmp_path_factory.mktemp("hostile")
    folder, out, decoy, home = (room / name for name in ("class", "out", "decoy", "home"))
    for made in (folder, decoy, home):
        made.mkdir()
    (decoy / "course.txt").write_text("the course")
    (home / "secret.txt").write_text("the instructor's notes")
    for name in (*VICTIMS, *NAMES):
        write(folder / name, solved())
    students = {_student(number, name): name for number, name in enumerate(ALL)}
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        udp.bind(("127.0.0.1", 0))
        tcp.setblocking(False)
        udp.setblocking(False)
        places = {
            "CLASS": str(folder),
            "RESULTS": str(out),
            "COURSE": str(COURSE),
            "DECOY": str(decoy),
            "SECRET": str(home / "secret.txt"),
            "TCP": tcp.getsockname()[1],
            "UDP": udp.getsockname()[1],
        }
        for student, name in students.items():
            ALL[name].hand_in(folder / student)
            if not name.startswith("malformed"):
                _tell(folder / student, places)
        before = {**_digests(folder), **_digests(decoy), **_digests(home)}
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("INSTRUCTORS_TOKEN", "1234")
            found = _grade(request.param, folder, out)
        found.traces += [
            f"changed: {path}"
            for path, digest in {**_digests(folder), **_digests(decoy), **_digests(home)}.items()
            if before.get(path) != digest
        ]
        found.traces += _traffic(tcp, udp)
    for place in ("/tmp", "/dev/shm", "/var/tmp", str(Path.home()), str(Path.cwd())):
        found.traces += [f"left behind: {path}" for path in Path(place).glob("attack-*")]
    return found


def _grade(kind: str, folder: Path, out: Path) -> Outcome:
    known = [lesson.name for lesson in checks.all_lessons()]
    handed_in = find_submissions(folder, known, out=out)
    times = Times(call=2, cell=2, notebook=30)
    try:
        pool = LocalPool(2, kind, [folder, out], False, times)
    except GradingError as error:
        pytest.skip(str(error))
    with pool:
        marker = pool._server.process.workspace
        rows = grade_class(handed_in.submissions, Store(out, 11), pool)
    records = {row.submission.student: row.result["record"] for row in rows}
    assert len(records) == len(handed_in.submissions)
    expected = set(records) | {".recdrop"}
    traces = [f"in the results: {path.name}" for path in out.iterdir() if path.name not in expected]
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if marker.encode() in process.read_bytes():
                traces.append(f"still running: {process.parent.name}")
        except OSError:
            continue
    return Outcome(pool.isolation, records, traces)


def _traffic(tcp: socket.socket, udp: socket.socket) -> list[str]:
    traces = []
    try:
        tcp.accept()
        traces.append("a TCP connection came")
    except BlockingIOError:
        pass
    try:
        udp.recv(100)
        traces.append("a UDP packet came")
    except BlockingIOError:
        pass
    return traces


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("number, name", list(enumerate(ALL)), ids=list(ALL))
def test_an_attack_gets_what_it_deserves(outcome: Outcome, number: int, name: str) -> None:
    record, attack = outcome.records[_student(number, name)], ALL[name]
    parts = {part["name"]: (part["status"], part["message"]) for part in record["parts"]}
    assert record["points"] == attack.points, parts
    for function, status in (attack.statuses or {}).items():
        assert parts[function][0] == status, parts[function]
    for part in record["parts"]:
        assert part["status"] == "ok" or part["message"]
    assert record["isolation"] == outcome.kind


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("student", [*VICTIMS, *NAMES])
def test_the_others_lose_nothing(outcome: Outcome, student: str) -> None:
    assert outcome.records[student]["points"] == 100


@pytest.mark.timeout(1200)
def test_nothing_outside_is_touched(outcome: Outcome) -> None:
    assert not outcome.traces


@pytest.mark.parametrize("name", ["the solutions", "another's submission", "a UDP packet"])
def test_an_attack_works_where_no_lock_holds_it(tmp_path: Path, name: str) -> None:
    """The attacks are real: without isolation these earn points that they do not deserve."""
    write(tmp_path / "class" / "aa-victim", solved())
    reaching.ATTACKS[name].hand_in(tmp_path / "class" / "attacker")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        places = {"CLASS": str(tmp_path / "class"), "COURSE": str(COURSE), "UDP": udp.getsockname()[1]}
        _tell(tmp_path / "class" / "attacker", places)
        found = _grade("none", tmp_path / "class", tmp_path / "out")
    assert found.records["attacker"]["points"] == 100


def test_names_that_the_results_need_are_refused(tmp_path: Path) -> None:
    for name in ("grades.csv", "summary.html", ".recdrop"):
        write(tmp_path / name, solved())
    (tmp_path / ".git").mkdir()
    found = find_submissions(tmp_path, [submissions.LESSON])
    assert not found.submissions
    assert len(found.problems) == 3
    assert all("rename" in str(problem) for problem in found.problems)
