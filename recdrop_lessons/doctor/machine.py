"""The machine: folders that can be written to, room on the disk, isolation for grading."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from recdrop_lessons.course.folders import outside, own_folder
from recdrop_lessons.doctor.findings import Finding
from recdrop_lessons.support.progress import progress_bar

# The course weighs 3 MB, and as much again for JupyterLab's checkpoints, for each copy that an update or a
# reset keeps, and for the caches of matplotlib and Keras. With 200 MB free, nothing that a learner does meets
# a full disk, which costs what was not saved yet.
LOW_DISK = 200e6


def copy() -> Finding:
    """Whether the working folder is a learner's; elsewhere most commands have nothing to work on."""
    mine = own_folder()
    found = f"your folder of the course is {mine}" if mine else "no folder of the course is around you"
    return Finding(mine is not None, found, outside(), needed=False)


def folders(folder: Path) -> Iterator[Finding]:
    """Whether notebooks and progress can be saved. It writes a file: permissions alone do not say it."""
    rooms = [folder / name for name in (".", "notebooks", "exercises", ".recdrop")]
    failed = [(room, error) for room in rooms if room.is_dir() and (error := _cannot_write(room))]
    for room, error in failed:
        yield Finding(
            False,
            f"{room} cannot be written to ({error}): nothing can be saved there",
            f"Make it yours (chmod -R u+w '{room}'), or work in a copy elsewhere: recdrop start FOLDER",
        )
    if not failed:
        yield Finding(True, f"{folder} can be written to")


def _cannot_write(folder: Path) -> str:
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        return str(error.strerror)
    return ""


def disks(*places: Path) -> Iterator[Finding]:
    """Whether there is room to save notebooks, and for the temporary files of kernels and grading."""
    for folder in {os.stat(folder).st_dev: folder for folder in reversed(places)}.values():
        free = shutil.disk_usage(folder).free
        cure = f"Less than {LOW_DISK / 1e6:.0f} MB: delete what is not needed there, or go to another disk."
        yield Finding(free >= LOW_DISK, f"{free / 1e6:.0f} MB free at {folder}", cure)


_NO_ISOLATION = (
    "`recdrop grade` refuses to run submissions here. On Linux 5.13 or newer Landlock needs no rights; "
    "else install bubblewrap (Debian, Ubuntu: apt install bubblewrap), Podman or Docker. "
    "`recdrop check` of your own notebook works without."
)
_ELSEWHERE = (
    "`recdrop grade` refuses to run submissions here: grade in WSL (Windows), in a Linux container, or on a "
    "Linux computer. `recdrop check` of your own notebook works without."
)
_PROGRAMS = {"bubblewrap": "bwrap", "docker": "docker", "podman": "podman"}


def isolation_at_hand() -> Finding:
    """What could keep a submission from the rest of the machine, by its name, without a test."""
    from recdrop_lessons.grading.fork_server import can_fork
    from recdrop_lessons.grading.inside.sandbox import landlock_version

    if not can_fork():
        return Finding(False, "isolation for grading: none on this system", _ELSEWHERE, needed=False)
    kinds = [name for name, program in _PROGRAMS.items() if shutil.which(program)]
    kinds = ["landlock"] * (landlock_version() > 0) + kinds
    what = f"isolation for grading, not tested: {', '.join(kinds) or 'none'}"
    return Finding(bool(kinds), f"{what} (recdrop doctor --deep)", _NO_ISOLATION, needed=False)


def isolation() -> Iterator[Finding]:
    """What keeps a submission from the rest of the machine, each kind tested by a real attack."""
    if importlib.util.find_spec("torch") is None:
        yield Finding(
            False, "isolation for grading: not tested without torch", "pip install torch", needed=False
        )
        return
    from recdrop_lessons.grading import isolation
    from recdrop_lessons.grading.fork_server import can_fork

    found = []
    with progress_bar(len(isolation.KINDS), "kind", leave=False) as advance:
        for kind in isolation.examine():
            found.append(kind)
            advance()
    best = next((name for name, failed in found if not failed), None)
    cure = _NO_ISOLATION if can_fork() else _ELSEWHERE
    yield Finding(best is not None, f"isolation for grading: {best or 'none'}", cure, needed=False)
    for name, failed in found:
        if failed:
            yield Finding(False, f"isolation {name}: {failed.splitlines()[-1]}", needed=False)
