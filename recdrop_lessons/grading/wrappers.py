"""Commands that the fork server is started under where the kernel offers no Landlock."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial

from recdrop_lessons.grading.fork_server import ANSWERS, INSIDE, GradingError, Paths, Wrapper

_EMPTY_IMAGE = "localhost/recdrop-empty:1"
_ENGINE_SECONDS = 30.0  # a daemon that hangs answers never
# A process's memory is open to others of its user that have all of its capabilities. So the fork server keeps
# one, for ports that no network leads to; learners have none, and cannot change what later ones start from.
_MORE_THAN_A_LEARNER = "NET_BIND_SERVICE"


def bubblewrap(paths: Paths, environment: dict[str, str]) -> list[str]:
    """A file system of what is readable and nothing else, no network, its own processes."""
    # As the first process: else that were bubblewrap's own, in reach of a learner's.
    command = ["bwrap", "--unshare-all", "--as-pid-1", "--die-with-parent", "--new-session"]
    command += ["--cap-drop", "ALL", "--cap-add", f"CAP_{_MORE_THAN_A_LEARNER}"]
    for path in _bound(paths):
        command += ["--ro-bind", os.path.realpath(path), path]
    for path in _masked(paths):
        command += ["--tmpfs", path] if os.path.isdir(path) else ["--ro-bind", "/dev/null", path]
    for path in _needed(paths):
        command += ["--ro-bind", path, path]
    command += ["--dev", "/dev", "--tmpfs", "/dev/pts", "--proc", "/proc"]
    masks = filter(os.path.isdir, _masked(paths))
    # Nothing to leave for the next one; and root, without a capability, may still write to /proc/sys.
    for path in ("/dev/pts", "/dev", "/proc", "/", *masks):
        command += ["--remount-ro", path]
    command += ["--chdir", paths.workspace, "--clearenv"]
    for name, value in environment.items():
        command += ["--setenv", name, value]
    return [*command, "--"]


def container(engine: str, paths: Paths, environment: dict[str, str]) -> list[str]:
    """The same in an empty image: what the interpreter reads is mounted, so nothing is downloaded."""
    _make_empty_image(engine)
    if engine == "docker":
        _check_user()
    command = [engine, "run", "--rm", "--pull", "never", "--network", "none", "--read-only"]
    command += ["--cap-drop", "ALL", "--cap-add", _MORE_THAN_A_LEARNER]
    command += ["--security-opt", "no-new-privileges", "--workdir", paths.workspace]
    command += ["--tmpfs", "/dev:ro,dev,size=64k,mode=755"]  # nothing to leave for the next one
    for path in ("/dev/shm", "/dev/mqueue", "/sys/fs/cgroup"):
        command += ["--tmpfs", f"{path}:ro,size=64k"]
    if engine == "podman":
        command += ["--read-only-tmpfs=false"]
    for path in _bound(paths):
        command += ["--mount", f"type=bind,source={os.path.realpath(path)},destination={path},readonly"]
    for path in _masked(paths):
        command += ["--tmpfs", f"{path}:ro,size=64k,mode=755{',notmpcopyup' if engine == 'podman' else ''}"]
    for path in _needed(paths):
        command += ["--mount", f"type=bind,source={path},destination={path},readonly"]
    for name, value in environment.items():
        command += ["--env", f"{name}={value}"]
    return [*command, _EMPTY_IMAGE]


podman: Wrapper = partial(container, "podman")
docker: Wrapper = partial(container, "docker")


def _make_empty_image(engine: str) -> None:
    """An image of no file at all, from an archive of two empty blocks."""
    try:
        if _ask(engine, "image", "inspect", _EMPTY_IMAGE).returncode:
            _ask(engine, "import", "-", _EMPTY_IMAGE, given=bytes(10240)).check_returncode()
    except FileNotFoundError:
        raise GradingError(f"{engine} is not installed") from None
    except subprocess.CalledProcessError as error:
        raise GradingError(f"{engine}: {error.stderr.decode(errors='replace').strip()[-300:]}") from None


def _check_user() -> None:
    """Docker's root cannot read a user's files there, and to a user's process it leaves no capability."""
    if os.geteuid() and b"rootless" not in _ask("docker", "info", "--format", "{{.SecurityOptions}}").stdout:
        raise GradingError("docker grades only for root, or in its rootless mode; podman grades for all")


def _ask(*command: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, input=given, capture_output=True, timeout=_ENGINE_SECONDS)


def _bound(paths: Paths) -> Iterator[str]:
    """The outermost of the readable paths, and the interpreter's own folder."""
    folders = {
        *paths.readable,
        os.path.dirname(sys.executable),
        os.path.dirname(os.path.realpath(sys.executable)),
    }
    for path in sorted(folders):
        if not path.startswith(("/proc/", "/sys/")) and not any(_within(path, other) for other in folders):
            yield path


def _masked(paths: Paths) -> Iterator[str]:
    """What is shut and would be seen: an empty folder, or nothing, goes over it."""
    return (path for path in paths.shut if any(_within(path, bound) for bound in _bound(paths)))


def _needed(paths: Paths) -> tuple[str, str]:
    """The learner's side of the grader itself, which lies in the library: it holds no answer."""
    return str(INSIDE), str(ANSWERS)


def _within(path: str, folder: str) -> bool:
    return path != folder and path.startswith(folder.rstrip("/") + "/")
