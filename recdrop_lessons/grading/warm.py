"""The warm parent and its nurseries, as the checker starts and asks them."""

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
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from recdrop_lessons.grading.inside.channel import Channel
from recdrop_lessons.grading.inside.sandbox import Limits
from recdrop_lessons.grading.inside.zygote import SOCKET_KIND, receive_request, send_request

_PACKAGE = Path(__file__).resolve().parent.parent
INSIDE = _PACKAGE / "grading" / "inside"
ANSWERS = (
    _PACKAGE / "checks" / "answer.py"
)  # torch alone; the learner's side calls functions as the notebook does

# Loads this folder's inside/ under another name, so that the library itself is never imported there.
_BOOT = (
    "import sys, types; package = types.ModuleType('inside'); package.__path__ = [sys.argv[1]]; "
    "sys.modules['inside'] = package; sys.path += [p for p in sys.argv[5:] if p not in sys.path]; "
    "from inside.zygote import main; main()"
)
_START_SECONDS = 60.0
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
    """What the warm parent may read, what stays shut within that, and its own folder, with the socket."""

    readable: tuple[str, ...]
    shut: tuple[str, ...]
    room: str


Wrapper = Callable[[Paths, dict[str, str]], list[str]]  # to the command that goes before the interpreter's


@dataclass(frozen=True)
class Sandbox:
    """How a learner's process is locked.

    Args:
        name: as it stands in the records, "landlock+namespaces".
        layers: of "namespaces", "landlock" and "seccomp"; what each learner's process puts on itself.
        wrapper: what the warm parent itself is started under, for all learners together.
    """

    name: str
    layers: tuple[str, ...]
    wrapper: Wrapper | None = None


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


class WarmParent:
    """A process with torch loaded, and none of the library. Close it, or let its checker end: it ends too.

    Args:
        sandbox: the locks that its learners get; its wrapper is put on here.
        limits: what one learner's process may use.
        shut: files and folders that no learner may read, beside the course's own.
        preload: modules to load beside torch, so that no learner's process spends its time on them.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        limits: Limits,
        shut: Sequence[str | os.PathLike[str]] = (),
        preload: Sequence[str] = (),
    ) -> None:
        self.sandbox = sandbox
        room = tempfile.mkdtemp(prefix="recdrop-")
        _copy_font_list(room)
        self._paths = Paths((*readable_paths(), room), tuple(shut_paths(*shut)), room)
        self._settings = {
            "layers": sandbox.layers,
            "limits": asdict(limits),
            "readable": self._paths.readable,
            "shut": self._paths.shut,
        }
        self._listener = socket.socket(socket.AF_UNIX, SOCKET_KIND)
        self._listener.bind(f"{room}/control")
        self._listener.listen(1)
        self._control: socket.socket | None = None
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        environment = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "LANG") if name in os.environ}
        environment |= {
            "HOME": room,
            "MPLBACKEND": "Agg",
            "MPLCONFIGDIR": room,
            "OMP_NUM_THREADS": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        wrapper = sandbox.wrapper(self._paths, environment) if sandbox.wrapper else []
        program = [sys.executable, "-I", "-c", _BOOT, str(INSIDE), f"{room}/control", str(ANSWERS)]
        program.append(",".join(preload))
        if sandbox.wrapper:
            environment = {name: os.environ[name] for name in _ENGINE if name in os.environ}
        try:
            self._process = subprocess.Popen(
                [*wrapper, *program, *library_folders()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                env=environment,
                cwd=room,
                start_new_session=True,
            )
        except OSError as error:
            self._listener.close()
            shutil.rmtree(room, ignore_errors=True)
            raise GradingError(f"{(wrapper or program)[0]} does not start: {error.strerror}.") from None

    def connect(self) -> socket.socket:
        """Wait until it is warm. Raises GradingError where it does not start."""
        if self._control is None:
            self._listener.settimeout(0.5)
            end = time.monotonic() + _START_SECONDS
            while self._control is None:
                with contextlib.suppress(TimeoutError):
                    self._control, _ = self._listener.accept()
                if self._control is None and (self._process.poll() is not None or time.monotonic() > end):
                    raise GradingError(f"The learners' process does not start. {self._last_words()}")
            self._control.setblocking(True)
            self._listener.close()
            os.unlink(f"{self._paths.room}/control")
        return self._control

    def nursery(self) -> Nursery:
        """A room of its own for one learner's process at a time. Raises GradingError where the locks fail."""
        control = self.connect()
        ours, theirs = socket.socketpair(socket.AF_UNIX, SOCKET_KIND)
        try:
            send_request(control, self._settings, theirs.fileno())
        except OSError:
            raise GradingError(f"The learners' process is gone. {self._last_words()}") from None
        finally:
            theirs.close()
        ours.settimeout(_START_SECONDS)
        try:
            reply, _ = receive_request(ours)
        except OSError:
            reply = None
        if reply is None or "failed" in reply:
            ours.close()
            raise GradingError(reply["failed"] if reply else f"It does not start. {self._last_words()}")
        return Nursery(ours)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def _last_words(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        self._errors.seek(0)
        return self._errors.read()[-1000:].decode(errors="replace").strip()

    def close(self) -> None:
        """End it, and with it every nursery and learner."""
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
        shutil.rmtree(self._paths.room, ignore_errors=True)

    def __enter__(self) -> WarmParent:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _copy_font_list(room: str) -> None:
    """matplotlib's list of the fonts here, if it was ever made: to make it anew takes a learner a second."""
    cache = Path(os.environ.get("MPLCONFIGDIR") or Path.home() / ".cache" / "matplotlib")
    for path in cache.glob("fontlist-*.json"):
        with contextlib.suppress(OSError):
            shutil.copy(path, room)


@dataclass
class Ending:
    """How a learner's process ended: its exit code (negative: the signal), CPU seconds and peak memory."""

    status: int | None = None
    cpu_seconds: float = 0.0
    peak_kilobytes: int = 0


@dataclass
class Nursery:
    """Asks for learners' processes, one at a time; the one before is ended first."""

    sock: socket.socket
    last: Ending = field(default_factory=Ending)

    def learner(self, largest_file: int) -> Channel:
        """A fresh learner's process, by the channel to it."""
        channel = self._fork({"do": "learner", "receives": largest_file})
        channel.sends = largest_file
        return channel

    def probe(self, targets: dict[str, Any], seconds: float = 20.0) -> list[str]:
        """What an attack from inside reaches; see inside/probe.py."""
        channel = self._fork({"do": "learner", "probe": targets})
        try:
            succeeded: list[str] = channel.receive(seconds)["succeeded"]
            return succeeded
        finally:
            channel.close()
            self.end_learner()

    def _fork(self, request: dict[str, Any]) -> Channel:
        ours, theirs = socket.socketpair()
        try:
            self._ask(request, theirs.fileno())
        finally:
            theirs.close()
        return Channel(ours)

    def end_learner(self) -> Ending:
        """End the learner's process and all that it left behind."""
        reply = self._ask({"do": "kill"})
        self.last = Ending(**reply)
        return self.last

    def require(self) -> None:
        """Raises GradingError if it is gone. There must be no learner."""
        self._ask({"do": "kill"})

    def _ask(self, request: dict[str, Any], *descriptors: int) -> dict[str, Any]:
        try:
            send_request(self.sock, request, *descriptors)
            reply, _ = receive_request(self.sock)
        except OSError as error:
            raise GradingError(f"The learners' process does not answer: {error}.") from None
        if reply is None:
            raise GradingError("The learners' process is gone.")
        return reply

    def close(self) -> None:
        with contextlib.suppress(OSError):
            send_request(self.sock, {"do": "end"})
        self.sock.close()
