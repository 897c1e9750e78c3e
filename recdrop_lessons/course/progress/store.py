"""The learner's progress in one small file, `.recdrop/progress.json` in the learner's folder.

Written whole or not at all. A file that cannot be read is set aside beside it, never deleted. Nothing leaves
the machine.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recdrop_lessons.course import outline
from recdrop_lessons.course.folders import learners_folder
from recdrop_lessons.support.files import write_whole

if TYPE_CHECKING:
    from recdrop_lessons.checks.parts import PartResult

Store = dict[str, Any]

_EMPTY: Store = {"version": 1, "parts": {}, "kept": {}}


def load(where: Path | None = None) -> Store:
    """The stored progress; an empty one where there is none.

    Of a damaged file everything that can be read stays; the file as it was is set aside.
    """
    path = _file(where)
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))  # Notepad may have put a mark before it
    except FileNotFoundError:
        return copy.deepcopy(_EMPTY)
    except (OSError, ValueError, RecursionError):
        found = None
    sound = readable(found)
    if sound != found:
        _set_aside(path)
        if sound != _EMPTY:
            with contextlib.suppress(OSError):
                write_whole(path, json.dumps(sound, indent=1, ensure_ascii=False) + "\n")
    return sound


def note_check(result: PartResult, where: Path | None = None) -> PartResult:
    """Count one check of a part; returns the result as the learner is to see it.

    `where`: the folder that keeps it, by default the learner's.

    With the misconception's own hint, and `again` where it was found before. Else with the part's hint that
    is due, "" once solved or before anything is written or asked.

    A learner's folder that cannot be written to costs the memory of the check, not the check.
    """
    with contextlib.suppress(OSError), changing(where) as store:
        entry = entry_of(store, result.part)
        entry["checks"] += 1
        if result.status == "ok":
            entry["solved"], entry["points"] = True, result.points
            return replace(result, hint="")
        if result.details.get("unwritten") and not entry["hints"]:
            return replace(result, hint="")  # who asks for one gets it: `recdrop hint`
        if result.misconception:
            again = result.misconception in entry["misconceptions"]
            if not again:
                entry["misconceptions"].append(result.misconception)
            return replace(result, again=again)
        entry["hints"] = max(1, entry["hints"])
        with contextlib.suppress(KeyError):  # of an exercise that is not released yet
            hints = outline.part(result.part).hints
            due = hints[min(entry["hints"], len(hints)) - 1]  # an earlier release may have had more
            return replace(result, hint=due)
    return result


def keep(name: str, value: Any) -> None:
    """Keep a JSON value under a name, such as the answers of the opening quiz."""
    json.dumps(value)  # refuse here what could not be read back
    with changing() as store:
        store["kept"][name] = value


def kept(name: str, default: Any = None) -> Any:
    """What was kept under a name."""
    return load()["kept"].get(name, default)


# ---- inside ----


def _file(where: Path | None = None) -> Path:
    return (where or learners_folder()) / ".recdrop" / "progress.json"


def readable(found: Any) -> Store:
    """What of a parsed file has the form that this module writes."""
    if not isinstance(found, dict):
        return copy.deepcopy(_EMPTY)
    parts, kept = (v if isinstance(v, dict) else {} for v in (found.get("parts"), found.get("kept")))
    entries = {number: entry for number, entry in parts.items() if _is_entry(entry)}
    return _EMPTY | found | {"parts": entries, "kept": kept}


def _is_entry(entry: Any) -> bool:
    """Whether a part's entry has its form; another release of the course may have had more hints."""
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("solved"), bool)
        and all(isinstance(entry.get(key), int) and entry[key] >= 0 for key in ("points", "checks", "hints"))
        and isinstance(entry.get("misconceptions"), list)
    )


def unwritable(error: OSError) -> str:
    """A folder that cannot be written, why, and what to do."""
    return (
        f"{learners_folder()} cannot be written ({error}). Go to a folder of your own, "
        "or name one in the variable RECDROP_FOLDER."
    )


def entry_of(store: Store, number: str) -> dict[str, Any]:
    new = {"solved": False, "points": 0, "checks": 0, "hints": 0, "misconceptions": []}
    entry: dict[str, Any] = store["parts"].setdefault(number, new)
    return entry


@contextlib.contextmanager
def changing(where: Path | None = None) -> Iterator[Store]:
    """Read, change, write; two notebooks that are open at once take turns."""
    path = _file(where)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _lock(path.parent / "lock"):
        store = load(where)
        yield store
        write_whole(path, json.dumps(store, indent=1, ensure_ascii=False) + "\n")


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    try:
        import fcntl
    except ImportError:  # Windows: the file is still written whole, only the turns are not kept
        yield
        return
    with path.open("a", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _set_aside(path: Path) -> None:
    with contextlib.suppress(OSError):
        os.replace(
            path,
            path.with_name(f"progress.broken-{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 1000}.json"),
        )
