"""Where the course's own notebooks are: in a clone, or beside the library that a wheel installed."""

from __future__ import annotations

from pathlib import Path

_LIBRARY = Path(__file__).resolve().parent
_CARRIED = _LIBRARY / "data" / "course"  # setup.py puts it there

# The folder that holds notebooks/, exercises/ and solutions/.
COURSE = _CARRIED if _CARRIED.is_dir() else _LIBRARY.parent

# What makes a folder a learner's working copy; see workspace.py.
WORKING_COPY = Path(".recdrop") / "copy.json"
