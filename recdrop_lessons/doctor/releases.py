"""Do the installed releases fit the ranges of the course, and are they the tested ones?

The ranges are in the package's own metadata, on every machine. The tested releases are in a clone only.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from typing import TYPE_CHECKING

from recdrop_lessons.course.folders import COURSE
from recdrop_lessons.doctor.findings import Finding

if TYPE_CHECKING:
    from packaging.requirements import Requirement

LOCK = COURSE / "requirements" / "lock.txt"
_EXTRAS = ("course", "frameworks")  # a learner's


def wanted() -> Iterator[Requirement]:
    """Yield what a learner needs of other packages, with its range; nothing if the metadata is not here."""
    try:
        from packaging.requirements import Requirement

        needs = map(Requirement, importlib.metadata.requires("recdrop_lessons") or ())
        yield from (one for one in needs if any(_holds(one, extra) for extra in _EXTRAS))
    except (ImportError, importlib.metadata.PackageNotFoundError):
        return


def release(name: str) -> str | None:
    """Return the installed release of a package; None if it is not installed."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def unfit(owner: str, name: str, needed: bool = True) -> Finding | None:
    """Return a finding if a package is not of the version that another asks for, both by their metadata."""
    try:
        from packaging.requirements import Requirement
        from packaging.utils import canonicalize_name

        needs = map(Requirement, importlib.metadata.requires(owner) or ())
    except (ImportError, importlib.metadata.PackageNotFoundError):
        return None  # said elsewhere
    version = release(name)
    if version is None:
        return None
    for one in needs:
        same = canonicalize_name(one.name) == canonicalize_name(name)
        if same and not one.specifier.contains(version, prereleases=True):
            found = f"{name} {version} does not fit {owner} {release(owner)}, which needs {one.specifier}"
            return Finding(False, found, f"pip install '{name}{one.specifier}'", needed)
    return None


def tested() -> Iterator[Finding]:
    """Yield whether the releases are those that the course was tested with; nothing outside a clone."""
    if not LOCK.is_file():
        return
    ranges = {_normal(one.name): one.specifier for one in wanted()}
    different = []
    for pin in _pins():
        version = release(pin.name) if _normal(pin.name) in ranges else None
        if version is None or not ranges[_normal(pin.name)].contains(version, prereleases=True):
            continue  # said elsewhere
        if not pin.specifier.contains(version, prereleases=True):
            different.append(f"{pin.name} {version} (tested: {str(pin.specifier).removeprefix('==')})")
    if not different:
        yield Finding(True, f"the releases are the tested ones, of {LOCK}")
        return
    cure = (
        "The course may still work. For the tested releases make a new environment, so that this one stays "
        f"as it is, and run in it: pip install -c '{LOCK}' -e '{COURSE}[{','.join(_EXTRAS)}]'"
    )
    yield Finding(False, f"the course was tested with other releases: {', '.join(different)}", cure, False)


def _pins() -> Iterator[Requirement]:
    """Yield the lock's lines that hold for this Python and system."""
    from packaging.requirements import Requirement

    for line in LOCK.read_text(encoding="utf-8").splitlines():
        if "==" in line and not line.lstrip().startswith("#"):
            pin = Requirement(line)
            if _holds(pin):
                yield pin


def _holds(one: Requirement, extra: str = "") -> bool:
    return one.marker is None or one.marker.evaluate({"extra": extra})


def _normal(name: str) -> str:
    from packaging.utils import canonicalize_name

    return canonicalize_name(name)
