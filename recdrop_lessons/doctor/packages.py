"""Python and the packages: are they here, and do their versions belong together?"""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from collections.abc import Iterator

from recdrop_lessons.doctor.findings import COURSE, Finding
from recdrop_lessons.doctor.releases import release, tested, unfit, wanted

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
    """Whether this Python is one that the course admits, by its metadata."""
    version, needs = platform.python_version(), ">=3.11"
    try:
        from packaging.specifiers import SpecifierSet

        needs = importlib.metadata.metadata("recdrop_lessons")["Requires-Python"] or needs
        well = SpecifierSet(needs).contains(version, prereleases=True)
    except (ImportError, importlib.metadata.PackageNotFoundError):
        well = sys.version_info >= (3, 11)
    cure = (
        f"The course needs Python {needs}, and {sys.executable} is another. Make a new environment with such "
        "a Python, and install the course there."
    )
    return Finding(well, f"Python {version}", cure)


def installed() -> Iterator[Finding]:
    """Each package that the course uses, in the version that the course asks for."""
    for name, use, needed, cure in _PACKAGES:
        yield _package(name, use, needed, cure)
    shown = {name.replace("_", "-") for name, *_ in _PACKAGES}
    for one in wanted():  # the other ones, only if there is something to say
        if one.name.replace("_", "-") not in shown:
            found = _package(one.name, "the course", True, COURSE)
            if not found.well:
                yield found
    yield from tested()


def _package(name: str, use: str, needed: bool, cure: str) -> Finding:
    version = release(name)
    if version is None:
        return Finding(False, f"{name} ({use}) is not installed", cure, needed)
    return unfit("recdrop_lessons", name, needed) or Finding(True, f"{name} {version} ({use})")
