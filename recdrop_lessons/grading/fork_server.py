"""The fork server as a process: what it is started with, what it may read, how it ends. No torch here."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recdrop_lessons.grading.inside import requests

_PACKAGE = Path(__file__).resolve().parent.parent
INSIDE = _PACKAGE / "grading" / "inside"
ANSWERS = (
    _PACKAGE / "checks" / "answer.py"
)  # torch alone; the learner's side calls functions as the notebook does

# Loads this folder's inside/ under another name, so that the library itself is never imported there.
BOOT = (
    "import gc, sys, types; gc.disable(); "
    "package = types.ModuleType('inside'); package.__path__ = [sys.argv[1]]; "
    "sys.modules['inside'] = package; sys.path += [p for p in sys.argv[4:] if p not in sys.path]; "
    "from inside.{program} import main; main()"
)
START_SECONDS = 60.0
# What a Python process reads of the system beside its own folders. No home, nothing variable.
_SYSTEM = (
    "/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo",
    "/usr/share/fonts", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/sys/devices/system/cpu",
    "/proc/cpuinfo", "/proc/meminfo",
)  # fmt: skip

# What the containers' commands read of the environment. A learner's process may see theirs, so no more.
_ENGINE = (
    "PATH",
    "HOME",
    "USER",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "DOCKER_HOST",
    "CONTAINER_HOST",
)


class GradingError(RuntimeError):
    """Grading cannot go on, and what to do about it."""


@dataclass(frozen=True)
class Paths:
    """What the fork server may read, what stays shut within that, and its own folder, with the socket."""

    readable: tuple[str, ...]
    shut: tuple[str, ...]
    workspace: str


Wrapper = Callable[[Paths, dict[str, str]], list[str]]  # to the command that goes before the interpreter's


@dataclass(frozen=True)
class Sandbox:
    """How a learner's process is locked.

    `name`: as it stands in the records, "landlock+namespaces".
    `layers`: of "namespaces", "landlock" and "seccomp"; what each learner's process puts on itself.
    `wrapper`: what the fork server itself is started under, for all learners together.
    """

    name: str
    layers: tuple[str, ...]
    wrapper: Wrapper | None = None


def can_fork() -> bool:
    """Whether this system has what a fork server needs. Windows has not; on macOS a process that has loaded
    torch may crash once it is forked, since Apple's libraries are not made for that."""
    wanted = [(os, "fork"), (socket, "AF_UNIX"), (socket, "SCM_RIGHTS")]
    return sys.platform != "darwin" and all(hasattr(module, name) for module, name in wanted)


def paths(workspace: str, shut: Sequence[str | os.PathLike[str]]) -> Paths:
    """Those of learners whose fork server has that workspace."""
    return Paths((*readable_paths(), workspace), tuple(shut_paths(*shut)), workspace)


def library_folders() -> list[str]:
    """Where this Python finds installed libraries."""
    return [path for path in sys.path if path.rstrip("/\\").endswith(("site-packages", "dist-packages"))]


def readable_paths() -> list[str]:
    """The interpreter, its libraries and what they read of the system; as named and as they really lie."""
    own = {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, *library_folders()} - {
        "/",
        "/usr",
    }
    named = {path for path in (*own, *_SYSTEM) if os.path.exists(path)}
    return sorted(named | {os.path.realpath(path) for path in named})


def shut_paths(*more: str | os.PathLike[str]) -> list[str]:
    """The library and the course's own files: the answers; and whatever else the caller names."""
    course = _PACKAGE.parent
    rooms = [course / name for name in ("solutions", "exercises", "tests", "notebooks", ".git", ".recdrop")]
    return [str(path) for path in (_PACKAGE, *rooms, *map(Path, more)) if path.exists()]


def learners_environment(workspace: str, private: str) -> dict[str, str]:
    """What a learner's process is told of its folders, and of how it runs."""
    return {
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": workspace,
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": private,
        "TORCHINDUCTOR_CACHE_DIR": private,  # else torch asks who the user is, which no lock answers
    }


class ForkServer:
    """A process with torch loaded, and none of the library. Close it, or let its checker end: it ends too.

    `wrapper`: what it is started under, for all learners together.
    `shut`: for the wrapper: files and folders that no learner may read, beside the course's own.
    """

    def __init__(self, wrapper: Wrapper | None = None, shut: Sequence[str | os.PathLike[str]] = ()) -> None:
        self.workspace = tempfile.mkdtemp(prefix="recdrop-")
        os.mkdir(self.private)
        copy_font_list(self.workspace)
        self._listener = socket.socket(socket.AF_UNIX, requests.SOCKET_KIND)
        self._listener.bind(f"{self.workspace}/control")
        self._listener.listen(1)
        self._control: socket.socket | None = None
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        environment = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "LANG") if name in os.environ}
        environment |= {"HOME": self.workspace, **learners_environment(self.workspace, self.private)}
        before = wrapper(paths(self.workspace, shut), environment) if wrapper else []
        boot = BOOT.format(program="forking")
        program = [sys.executable, "-I", "-c", boot, str(INSIDE), f"{self.workspace}/control", str(ANSWERS)]
        if wrapper:
            environment = {name: os.environ[name] for name in _ENGINE if name in os.environ}
        try:
            self._process = subprocess.Popen(
                [*before, *program, *library_folders()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                env=environment,
                cwd=self.workspace,
                start_new_session=True,
            )
        except OSError as error:
            self._listener.close()
            shutil.rmtree(self.workspace, ignore_errors=True)
            raise GradingError(f"{(before or program)[0]} does not start: {error.strerror}.") from None

    @property
    def private(self) -> str:
        """Where a learner's process keeps files: a folder mounted for it alone, or an empty one."""
        return f"{self.workspace}/private"

    def connect(self) -> socket.socket:
        """Wait until it has torch loaded. Raises GradingError where it does not start."""
        if self._control is None:
            self._listener.settimeout(0.5)
            end = time.monotonic() + START_SECONDS
            while self._control is None:
                with contextlib.suppress(TimeoutError):
                    self._control, _ = self._listener.accept()
                if self._control is None and (not self.alive or time.monotonic() > end):
                    raise GradingError(f"The learners' process does not start. {self.last_words()}")
            self._control.setblocking(True)
            self._listener.close()
            os.unlink(f"{self.workspace}/control")
        return self._control

    def ask(self, do: str, settings: dict[str, Any] | None = None) -> socket.socket:
        """Have a spawner or a program forked, or another let ask: our end of the socket to it.

        Raises GradingError where the fork server is gone.
        """
        control = self.connect()
        ours, theirs = socket.socketpair(socket.AF_UNIX, requests.SOCKET_KIND)
        try:
            requests.send_request(control, {"do": do, **(settings or {})}, theirs.fileno())
        except OSError:
            ours.close()
            raise GradingError(f"The learners' process is gone. {self.last_words()}") from None
        finally:
            theirs.close()
        return ours

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def last_words(self) -> str:
        """What it wrote to stderr before it ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        self._errors.seek(0)
        return self._errors.read()[-1000:].decode(errors="replace").strip()

    def close(self) -> None:
        """End it, and with it every spawner and learner."""
        self._listener.close()
        if self._control is not None:
            self._control.close()
        else:
            self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()
        shutil.rmtree(self.workspace, ignore_errors=True)


class OwnForkServer(ForkServer):
    """The fork server that this very process was forked from, and ends with; see launch.py."""

    def __init__(self, control: socket.socket, workspace: str) -> None:
        self._control, self.workspace = control, workspace

    @property
    def alive(self) -> bool:
        return True

    def last_words(self) -> str:
        return ""

    def close(self) -> None:
        """Nothing: others may need it still, and it ends with the command."""


own: OwnForkServer | None = None


def copy_font_list(workspace: str) -> None:
    """matplotlib's list of the fonts here, if it was ever made: to make it anew takes a learner a second."""
    cache = Path(os.environ.get("MPLCONFIGDIR") or Path.home() / ".cache" / "matplotlib")
    for path in cache.glob("fontlist-*.json"):
        with contextlib.suppress(OSError):
            shutil.copy(path, workspace)
