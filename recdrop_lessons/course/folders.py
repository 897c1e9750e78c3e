"""Where things are: the course's own notebooks, and the learner's folder."""

from __future__ import annotations

import os
from pathlib import Path

_LIBRARY = Path(__file__).resolve().parents[1]
_CARRIED = _LIBRARY / "data" / "course"  # setup.py puts it there

# The folder that holds notebooks/, exercises/ and solutions/: a clone, or what a wheel carries.
COURSE = _CARRIED if _CARRIED.is_dir() else _LIBRARY.parent

# What makes a folder a learner's working copy; see workspace.py.
WORKING_COPY = Path(".recdrop") / "copy.json"

# The working copy that `make lab` makes within a clone; git ignores it.
WITHIN_CLONE = "my-course"


def learners_folder() -> Path:
    """RECDROP_FOLDER, else the nearest folder upwards that holds `.recdrop` or `exercises`, else this one.

    In a clone with a working copy in it, that copy.
    """
    named = os.environ.get("RECDROP_FOLDER")
    if named:
        return Path(named)
    here = Path.cwd()
    for candidate in (here, *here.parents):
        if (candidate / WITHIN_CLONE / WORKING_COPY).is_file():
            return candidate / WITHIN_CLONE
        if (candidate / ".recdrop").is_dir() or (candidate / "exercises").is_dir():
            return candidate
    return here
