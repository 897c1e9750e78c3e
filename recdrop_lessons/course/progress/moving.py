"""Progress as one file, `progress.json`: from JupyterLab to the site, from one machine to another, and back.

Two stores become one without losing anything: what is solved in either is solved, and of two predictions the
earlier counts. docs/_browser/progress.mjs has the same rules, and a test compares them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from recdrop_lessons.course.progress.notes import Note, ProgressError
from recdrop_lessons.course.progress.store import Store, changing, load, readable, unwritable
from recdrop_lessons.support.files import write_whole


def merged(own: Store, other: Store) -> Store:
    """Both stores in one: the best of each part, the earlier of each prediction, all sittings of the quiz."""
    parts = {**other["parts"], **own["parts"]}
    for number in own["parts"].keys() & other["parts"].keys():
        parts[number] = _best(own["parts"][number], other["parts"][number])
    kept = {**other["kept"], **own["kept"]}
    for name in own["kept"].keys() & other["kept"].keys():
        kept[name] = _earlier(own["kept"][name], other["kept"][name])
    return {**other, **own, "parts": parts, "kept": kept}


def save(file: str | Path) -> Note:
    """Write your progress, predictions and quiz answers into a file, to take them elsewhere.

    Raises `ProgressError` where it cannot be written.
    """
    try:
        write_whole(Path(file), json.dumps(load(), indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise ProgressError(f"{file} cannot be written: {error}.") from None
    return Note(
        f"Written to {file}. The site's page “Your progress” takes it, and so does `recdrop progress --take`."
    )


def take(file: str | Path) -> Note:
    """Add the progress in a file, from the site or another machine, to your own; nothing of yours is lost.

    Raises `ProgressError` for a file that holds no progress, or a folder that cannot be written.
    """
    try:
        found = json.loads(Path(file).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise ProgressError(f"{file} cannot be read: {error}.") from None
    if not (isinstance(found, dict) and isinstance(found.get("kept"), dict)):
        raise ProgressError(
            f"{file} holds no progress. Expected a progress.json, as the site's page “Your progress” or "
            "`recdrop progress --save FILE` writes it."
        )
    try:
        with changing() as store:
            store.update(merged(store, readable(found)))
    except OSError as error:
        raise ProgressError(unwritable(error)) from None
    solved = sum(entry["solved"] for entry in store["parts"].values())
    return Note(
        f"Taken from {file}: {solved} parts are solved now, and {len(store['kept'])} answers are kept."
    )


def _best(own: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    new = [name for name in other["misconceptions"] if name not in own["misconceptions"]]
    most = {key: max(own[key], other[key]) for key in ("points", "checks", "hints")}
    solved = own["solved"] or other["solved"]
    return {**other, **own, **most, "solved": solved, "misconceptions": own["misconceptions"] + new}


def _earlier(own: Any, other: Any) -> Any:
    """The one that was kept first; your own where a moment is missing."""
    mine, theirs = (one.get("at") if isinstance(one, dict) else None for one in (own, other))
    return other if isinstance(mine, str) and isinstance(theirs, str) and theirs < mine else own
