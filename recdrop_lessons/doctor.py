"""`recdrop doctor`: what this machine has for the course, what is missing and how to mend it."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import platform
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Finding:
    """One line: whether it is well, what was found, and the cure. What is not `needed` may be missing."""

    well: bool
    what: str
    cure: str = ""
    needed: bool = True

    def __str__(self) -> str:
        mark = "✓" if self.well else "✗" if self.needed else "–"
        return f"{mark} {self.what}" + (f"\n    {self.cure}" if self.cure and not self.well else "")


_COURSE = "pip install 'recdrop_lessons[course]', or `make env` in a clone of the course."
# (distribution, what it is for, needed, cure)
_PACKAGES = (
    ("torch", "the layers", True, "pip install torch"),
    ("numpy", "the layers", True, "pip install numpy"),
    ("jupyterlab", "the notebooks", True, _COURSE),
    ("ipykernel", "the notebooks' kernel", True, _COURSE),
    ("ipywidgets", "the explorers", True, _COURSE),
    ("jupyterlab_widgets", "the explorers, in JupyterLab", True, _COURSE),
    ("matplotlib", "the pictures", True, _COURSE),
    ("scikit-learn", "the data", True, _COURSE),
    ("keras", "Keras beside ours", False, "pip install 'recdrop_lessons[frameworks]'"),
    ("torch_geometric", "graph attention beside ours", False, "pip install 'recdrop_lessons[frameworks]'"),
    (
        "nbgrader",
        "releasing exercises, nbgrader's gradebook",
        False,
        "pip install 'recdrop_lessons[authoring]'",
    ),
    ("distributed", "grading on a cluster", False, "pip install 'recdrop_lessons[cluster]'"),
)


def examine() -> Iterator[Finding]:
    """Every finding, in order."""
    version = platform.python_version()
    yield Finding(
        sys.version_info >= (3, 11),
        f"Python {version}",
        "The course needs Python 3.11 or newer: make a new environment.",
    )
    for name, use, needed, cure in _PACKAGES:
        yield _package(name, use, needed, cure)
    yield _kernel()
    yield from _isolation()


def _package(name: str, use: str, needed: bool, cure: str) -> Finding:
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Finding(False, f"{name} ({use}) is not installed", cure, needed)
    return Finding(True, f"{name} {version} ({use})")


def _kernel() -> Finding:
    """Whether the kernel that notebooks ask for, "python3", runs this very Python."""
    if importlib.util.find_spec("jupyter_client") is None or importlib.util.find_spec("ipykernel") is None:
        return Finding(False, 'no kernel "python3": ipykernel is not installed', _COURSE)
    cure = "It is not this environment's Python: python -m ipykernel install --sys-prefix --name python3"
    kernelspec = importlib.import_module("jupyter_client.kernelspec")
    try:
        command = kernelspec.KernelSpecManager().get_kernel_spec("python3").argv[0]
    except kernelspec.NoSuchKernel:
        return Finding(False, 'no kernel "python3"', cure)
    if re.fullmatch(r"python[0-9.]*", command):  # Jupyter puts its own interpreter there
        command = sys.executable
    # A venv's interpreter is a link to the system's: compare the folders, not the files behind them.
    same = Path(command).parent.resolve() == Path(sys.executable).parent.resolve()
    return Finding(same, f'kernel "python3" runs {command}', cure)


def _isolation() -> Iterator[Finding]:
    from recdrop_lessons.grading.isolation import examine as kinds

    found = list(kinds())
    best = next((name for name, failed in found if not failed), None)
    cure = (
        "`recdrop grade` refuses to run submissions here. On Linux 5.13 or newer Landlock needs no rights; "
        "else install bubblewrap (Debian, Ubuntu: apt install bubblewrap), Podman or Docker. "
        "`recdrop check` of your own notebook works without."
    )
    yield Finding(best is not None, f"isolation for grading: {best or 'none'}", cure, needed=False)
    for name, failed in found:
        if failed:
            yield Finding(False, f"isolation {name}: {failed.splitlines()[-1]}", needed=False)
