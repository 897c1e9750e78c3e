"""A campus: two students and an instructor on a JupyterHub, from the course's link to the feedback.

The hub, its proxy, nbgitpuller and nbgrader are the real ones, started here; `make campus` runs this.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from madeup import answers, fill, gates_swapped, right

ROOT = Path(__file__).parents[2]
PROXY = "configurable-http-proxy"
NPM_SECONDS, COMMAND_SECONDS = 180, 300
MAIN = "refs/heads/course"
COURSE, LESSON = "recurrent-dropout", "01_cells"

pytestmark = [
    pytest.mark.skipif(not os.environ.get("RECDROP_CAMPUS"), reason="make campus runs it"),
    pytest.mark.timeout(1800),
]
for package in ("jupyterhub", "nbgitpuller", "nbgrader"):
    pytest.importorskip(package, reason=f"{package} is not installed: the extra `campus`")


@dataclass
class Campus:
    """A hub that runs, and its users' servers by their tokens."""

    room: Path
    address: str
    tokens: dict[str, str]

    def ask(self, path: str, token: str, method: str = "GET", body: Any = None, form: Any = None) -> bytes:
        data = json.dumps(body).encode() if body is not None else None
        if form is not None:
            data = urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(self.address + path, data, method=method)
        request.add_header("Authorization", f"token {token}")
        with urllib.request.urlopen(request, timeout=240) as reply:
            return reply.read()

    def of(self, user: str, path: str, method: str = "GET", **sent: Any) -> bytes:
        """The user's own server asked with the user's own token."""
        return self.ask(f"/user/{user}/{path}", self.tokens[user], method, **sent)

    def home(self, user: str) -> Path:
        return self.room / "homes" / user

    def in_terminal(self, user: str, *command: str) -> str:
        """What that user types in a terminal of the course's folder."""
        told = {"HOME": str(self.home(user)), "JUPYTERHUB_USER": user, "RECDROP_FOLDER": str(self.home(user))}
        told |= {"JUPYTER_CONFIG_PATH": str(self.room / "etc"), "PATH": path_with_tools()}
        streams: dict[str, Any] = {"capture_output": True, "text": True, "timeout": COMMAND_SECONDS}
        done = subprocess.run(command, cwd=self.home(user) / "course", env=os.environ | told, **streams)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr


def path_with_tools() -> str:
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def proxy() -> str:
    """JupyterHub's proxy: from the path, or else npm brings it."""
    local = ROOT / "build" / "campus"
    places = os.pathsep.join([str(local / "node_modules" / ".bin"), os.environ["PATH"]])
    found, npm = shutil.which(PROXY, path=places), shutil.which("npm")
    if found is None and npm is not None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(
                [npm, "install", "--silent", "--prefix", local, PROXY],
                capture_output=True,
                timeout=NPM_SECONDS,
            )
        found = shutil.which(PROXY, path=places)
    if found is None:
        why = "there is no npm" if npm is None else f"npm did not bring it within {NPM_SECONDS} s"
        pytest.skip(f"{PROXY} is not on the path, and {why}: npm install --global {PROXY}")
    return found


def free_ports() -> int:
    """The first of three ports in a row that nobody has."""
    for port in range(18000, 19000, 10):
        with socket.socket() as one, socket.socket() as two, socket.socket() as three:
            try:
                for offset, sock in enumerate((one, two, three)):
                    sock.bind(("127.0.0.1", port + offset))
            except OSError:
                continue
            return port
    raise AssertionError


@pytest.fixture(scope="module")
def campus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campus]:
    room = tmp_path_factory.mktemp("campus")
    for user in ("anna", "bo", "ines"):
        (room / "homes" / user).mkdir(parents=True)
    (room / "exchange").mkdir()
    (room / "exchange").chmod(0o777)
    (room / "etc").mkdir()
    (room / "etc" / "nbgrader_config.py").write_text(
        f"import os\nc = get_config()\nc.Exchange.root = {str(room / 'exchange')!r}\n"
        f"c.CourseDirectory.course_id = {COURSE!r}\n"
        "if os.environ['JUPYTERHUB_USER'] != 'ines':\n"
        "    c.CourseDirectory.student_id = os.environ['JUPYTERHUB_USER']\n"
        "c.ExchangeCollect.check_owner = False  # all are one user to the system\n"
    )
    subprocess.run(["git", "clone", "--quiet", "--bare", ROOT, room / "course.git"], check=True)
    for command in (["update-ref", MAIN, "HEAD"], ["symbolic-ref", "HEAD", MAIN]):
        subprocess.run(["git", "-C", room / "course.git", *command], check=True)  # CI's clone is on no branch
    token, port = secrets.token_hex(16), free_ports()
    told = {"CAMPUS": str(room), "CAMPUS_TOKEN": token, "CAMPUS_PORT": str(port), "CAMPUS_PROXY": proxy()}
    with (room / "hub.log").open("w") as log:
        hub = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "--config", Path(__file__).with_name("hub_config.py")],
            cwd=room, env=os.environ | told | {"PATH": path_with_tools()}, stdout=log, stderr=log,
        )  # fmt: skip
    made = Campus(room, f"http://127.0.0.1:{port}", {})
    try:
        until(lambda: made.ask("/hub/api/", token))
        for user in ("anna", "bo", "ines"):
            made.ask(f"/hub/api/users/{user}", token, "POST")
            made.ask(f"/hub/api/users/{user}/server", token, "POST", body={})
        for user in ("anna", "bo", "ines"):
            until(
                lambda user=user: json.loads(made.ask(f"/hub/api/users/{user}", token))["servers"][""][
                    "ready"
                ]
            )
            reply = made.ask(f"/hub/api/users/{user}/tokens", token, "POST", body={"note": "test"})
            made.tokens[user] = json.loads(reply)["token"]
        yield made
    except BaseException:
        print((room / "hub.log").read_text()[-5000:])
        raise
    finally:
        hub.send_signal(signal.SIGINT)  # it ends its users' servers and the proxy
        try:
            hub.wait(30)
        except subprocess.TimeoutExpired:
            hub.kill()


def until(action: Any, seconds: float = 300.0) -> Any:
    """What it gives once it gives something."""
    end = time.monotonic() + seconds
    while True:
        try:
            found = action()
        except (OSError, KeyError) as error:
            found, why = None, error
        else:
            why = found
        if found:
            return found
        assert time.monotonic() < end, why
        time.sleep(0.5)


def test_from_the_link_to_the_feedback(campus: Campus) -> None:
    # Each follows the course's link: nbgitpuller brings it.
    repository = (campus.room / "course.git").as_uri()
    query = urllib.parse.urlencode({"repo": repository, "targetpath": "course", "depth": "0"})
    for user in campus.tokens:
        said = campus.of(user, f"git-pull/api?{query}").decode()
        assert '"phase": "finished"' in said, said
        assert (campus.home(user) / "course" / "notebooks" / "00_start_here.ipynb").is_file()

    # The instructor releases; the students fetch, work and hand in.
    campus.in_terminal("ines", "nbgrader", "release_assignment", LESSON)
    assignment = {"course_id": COURSE, "assignment_id": LESSON}
    for user, kind in {"anna": right, "bo": gates_swapped}.items():
        listed = json.loads(campus.of(user, f"assignments?course_id={COURSE}"))
        assert [one["assignment_id"] for one in listed["value"]] == [LESSON], listed
        fetched = json.loads(campus.of(user, "assignments/fetch", "POST", form=assignment))
        assert fetched["success"], fetched
        own = {"type": "notebook", "format": "json", "content": json.loads(fill(kind(answers())))}
        campus.of(user, f"api/contents/{LESSON}/{LESSON}.ipynb", "PUT", body=own)
        assert json.loads(campus.of(user, "assignments/submit", "POST", form=assignment))["success"]

    # The instructor collects, grades and returns the feedback, as docs/instructors/nbgrader.md has it.
    campus.in_terminal("ines", "nbgrader", "collect", LESSON)
    told = campus.in_terminal("ines", "recdrop", "grade", "submitted", "--out", "grades", "--lesson", LESSON)
    assert "2 submissions, 1 with all points" in told and "isolation: none" not in told
    campus.in_terminal("ines", "recdrop", "export", "grades", "--to", "nbgrader")
    campus.in_terminal("ines", "bash", "-euc", feedback_script())
    campus.in_terminal("ines", "nbgrader", "release_feedback", LESSON)

    # Each student gets their own, with what to learn from it.
    for user, (words, others) in {
        "anna": ("100 of 100", "65 of 100"),
        "bo": ("65 of 100", "100 of 100"),
    }.items():
        assert json.loads(campus.of(user, "assignments/fetch_feedback", "POST", form=assignment))["success"]
        (page,) = (campus.home(user) / LESSON / "feedback").rglob("*.html")
        text = page.read_text(encoding="utf-8")
        assert words in text and others not in text
        assert ("gate-order" in text) == (user == "bo")

    # The points stand in nbgrader's gradebook.
    campus.in_terminal("ines", "nbgrader", "export", "--to", "points.csv")
    rows = (campus.home("ines") / "course" / "points.csv").read_text().splitlines()
    assert len(rows) == 3

    # A second click on the link keeps what a student has written.
    (campus.home("bo") / "course" / "notebooks" / "00_start_here.ipynb").write_text("mine")
    campus.of("bo", f"git-pull/api?{query}")
    assert (campus.home("bo") / "course" / "notebooks" / "00_start_here.ipynb").read_text() == "mine"


def feedback_script() -> str:
    """The page's own lines."""
    page = (ROOT / "docs" / "instructors" / "nbgrader.md").read_text(encoding="utf-8")
    (script,) = [one for one in page.split("```bash\n")[1:] if "feedback.html" in one.partition("```")[0]]
    return script.partition("```")[0].replace("\nnbgrader release_feedback", "\n#")
