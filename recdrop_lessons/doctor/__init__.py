"""`recdrop doctor`: what this machine has for the course, what is missing and how to fix it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from recdrop_lessons.course.folders import learners_folder
from recdrop_lessons.doctor import jupyter, machine, packages
from recdrop_lessons.doctor.findings import Finding

__all__ = ["Finding", "examine"]


def examine(deep: bool = False) -> Iterator[Finding]:
    """Every finding, in order; `deep`: each kind of the grader's isolation is attacked, which takes time."""
    wanted = learners_folder().absolute()
    folder = next(one for one in (wanted, *wanted.parents) if one.is_dir())  # it is made when it is needed
    yield packages.python()
    yield from packages.installed()
    yield from jupyter.widgets()
    yield jupyter.kernel()
    yield jupyter.port()
    yield machine.copy()
    yield from machine.folders(folder)
    yield from machine.disks(folder, Path(tempfile.gettempdir()))
    if deep:
        yield from machine.isolation()
    else:
        yield machine.isolation_at_hand()
