"""Python and the packages: are they here, and do their versions belong together?"""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from collections.abc import Iterator

from recdrop_lessons.doctor.findings import COURSE, Finding

# (distribution, what it is for, needed, cure)
_PACKAGES = (
    ("torch", "the layers", True, "pip install torch"),
    ("numpy", "the layers", True, "pip install numpy"),
    ("jupyterlab", "the notebooks", True, COURSE),
    ("ipykernel", "the notebooks' kernel", True, COURSE),
    ("ipywidgets", "the explorers", True, COURSE),
    ("jupyterlab_widgets", "the explorers, in JupyterLab", True, COURSE),
    ("anywidget", "the explorers", True, COURSE),
    ("matplotlib", "the pictures", True, COURSE),
    ("scikit-learn", "the data", True, COURSE),
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


def python() -> Finding:
    """Whether this Python is new enough."""
    cure = f"The course needs Python 3.11 or newer, and this is {sys.executable}: make a new environment."
    return Finding(sys.version_info >= (3, 11), f"Python {platform.python_version()}", cure)


def installed() -> Iterator[Finding]:
    """Each package that the course uses, in the version that the course asks for."""
    for name, use, needed, cure in _PACKAGES:
        yield _package(name, use, needed, cure)


def _package(name: str, use: str, needed: bool, cure: str) -> Finding:
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Finding(False, f"{name} ({use}) is not installed", cure, needed)
    return unfit("recdrop_lessons", name, needed) or Finding(True, f"{name} {version} ({use})")


def unfit(owner: str, name: str, needed: bool = True) -> Finding | None:
    """A finding where a package is not of the version that another asks for; both by their own metadata."""
    try:
        from packaging.requirements import Requirement
        from packaging.utils import canonicalize_name

        wanted = map(Requirement, importlib.metadata.requires(owner) or ())
        version, owners = importlib.metadata.version(name), importlib.metadata.version(owner)
    except (ImportError, importlib.metadata.PackageNotFoundError):
        return None  # said elsewhere
    for one in wanted:
        same = canonicalize_name(one.name) == canonicalize_name(name)
        if same and not one.specifier.contains(version, prereleases=True):
            found = f"{name} {version} does not fit {owner} {owners}, which needs {one.specifier}"
            return Finding(False, found, f"pip install '{name}{one.specifier}'", needed)
    return None
