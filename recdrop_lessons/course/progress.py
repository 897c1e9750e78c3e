"""The learner's progress: what is solved, which hints were read, and parts put back as they were.

Kept in one small file, `.recdrop/progress.json` in the learner's folder, written whole or not at all. A file
that cannot be read is set aside beside it, never deleted. Nothing leaves the machine.
"""

from __future__ import annotations

import contextlib
import copy
import html
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recdrop_lessons.course import outline
from recdrop_lessons.course.folders import COURSE, learners_folder
from recdrop_lessons.course.outline import Lesson, Part, lesson_of
from recdrop_lessons.support.errors import RecdropError
from recdrop_lessons.support.files import write_whole

if TYPE_CHECKING:
    from recdrop_lessons.checks.parts import PartResult

Store = dict[str, Any]

_EMPTY: Store = {"version": 1, "parts": {}, "kept": {}}


class ProgressError(RecdropError):
    """Something that cannot be shown or restored, and what to do about it."""


@dataclass(frozen=True)
class Note:
    """A short answer to the learner, perhaps with code; shows itself as text and as HTML."""

    text: str
    code: str = ""

    def __str__(self) -> str:
        return f"{self.text}\n\n{self.code}" if self.code else self.text

    __repr__ = __str__

    def _repr_html_(self) -> str:
        shown = f"<p>{html.escape(self.text)}</p>"
        return shown + (f"<pre><code>{html.escape(self.code)}</code></pre>" if self.code else "")


# ---------------------------------------------------------------- the file


def load(where: Path | None = None) -> Store:
    """The stored progress; an empty one where there is none.

    Of a damaged file everything that can be read stays; the file as it was is set aside.
    """
    path = _file(where)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return copy.deepcopy(_EMPTY)
    except (OSError, ValueError, RecursionError):
        found = None
    readable = _readable(found)
    if readable != found:
        _set_aside(path)
        if readable != _EMPTY:
            with contextlib.suppress(OSError):
                write_whole(path, json.dumps(readable, indent=1, ensure_ascii=False) + "\n")
    return readable


def note_check(result: PartResult) -> str:
    """Count one check of a part; returns the hint to show beside it ("" once solved).

    A learner's folder that cannot be written to costs the memory of the check, not the check.
    """
    with contextlib.suppress(OSError), _changing() as store:
        entry = _entry(store, result.part)
        entry["checks"] += 1
        if result.status == "ok":
            entry["solved"], entry["points"] = True, result.points
            return ""
        if result.misconception and result.misconception not in entry["misconceptions"]:
            entry["misconceptions"].append(result.misconception)
        entry["hints"] = max(1, entry["hints"])
        with contextlib.suppress(KeyError):  # of an exercise that is not released yet
            hints = outline.part(result.part).hints
            return hints[min(entry["hints"], len(hints)) - 1]  # an earlier release may have had more
    return result.hint


def keep(name: str, value: Any) -> None:
    """Keep a JSON value under a name, such as the answers of the opening quiz."""
    json.dumps(value)  # refuse here what could not be read back
    with _changing() as store:
        store["kept"][name] = value


def kept(name: str, default: Any = None) -> Any:
    """What was kept under a name."""
    return load()["kept"].get(name, default)


# ---------------------------------------------------------------- hints, solutions


def hint(part: str) -> Note:
    """The next hint of a part: one after the other, then all again and how to see the solution.

    In a folder that cannot be written the hint is shown all the same, with a sentence that says so.
    """
    found = _find(part)
    read = min(load()["parts"].get(found.number, {}).get("hints", 0), len(found.hints))
    unkept = ""
    try:
        with _changing() as store:
            entry = _entry(store, found.number)
            read = min(entry["hints"], len(found.hints))
            entry["hints"] = min(read + 1, len(found.hints))
    except OSError as error:
        unkept = f"\nThat you have read it could not be stored: {_unwritable(error)}"
    if read < len(found.hints):
        return Note(
            f"{found.number} {found.name}, hint {read + 1} of {len(found.hints)}: {found.hints[read]}{unkept}"
        )
    every = "\n".join(f"{i}. {text}" for i, text in enumerate(found.hints, 1))
    return Note(
        f"{found.number} {found.name}: you have read all {len(found.hints)} hints.\n{every}\n"
        f"To see the solution: recdrop solution {found.number} --force"
    )


def solution(part: str, force: bool = False) -> Note:
    """A part's solution, once it is solved, or by force.

    Raises:
        ProgressError: it is not solved yet, or the course's solutions are not here.
    """
    found = _find(part)
    if not force and not load()["parts"].get(found.number, {}).get("solved"):
        raise ProgressError(
            f"{found.number} {found.name} is not solved yet. `recdrop hint {found.number}` gives the next "
            f"hint; `recdrop solution {found.number} --force` shows the solution now."
        )
    cell = _cell(_notebook("solutions", lesson_of(found)), found.name)
    marks = ("### BEGIN SOLUTION", "### END SOLUTION")
    code = "\n".join(line for line in _source(cell).splitlines() if line.strip() not in marks)
    return Note(f"{found.number} {found.name}, one solution of several:", code)


def reset(part: str, notebook: str | Path | None = None) -> Note:
    """Put one part's answer cell back as it was in the exercise; a copy of the notebook is kept first.

    Args:
        part: its number or name.
        notebook: the learner's notebook; by default the lesson's one in the learner's folder.

    Raises:
        ProgressError: the notebook or its cell cannot be found or read; nothing is changed then.
    """
    found = _find(part)
    lesson = lesson_of(found)
    path = Path(notebook) if notebook is not None else _own_notebook(lesson)
    if path.is_dir():
        path = path / f"{path.resolve().name}.ipynb"
    text = _read(path)
    try:
        document = json.loads(text)
        cells = document["cells"]
        own = _cell_in(cells, found.name)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ProgressError(
            f"{path} is not a notebook of format 4 ({type(error).__name__}: {error}), so nothing was "
            f"changed. "
            "Open it in Jupyter and save it, or take the exercise afresh."
        ) from None
    if own is None:
        raise ProgressError(
            f"{path} has no cell for {found.name}, so nothing was changed. "
            "Rename the file and take the exercise afresh; your own cells are then in the renamed one."
        )
    pristine = _cell(_notebook("exercises", lesson), found.name)
    # Keep the form that the file has: one string or a list of lines.
    as_lines = isinstance(own["source"], list)
    own["source"] = _source(pristine).splitlines(keepends=True) if as_lines else _source(pristine)
    own["outputs"], own["execution_count"] = [], None
    own["metadata"] = pristine["metadata"]
    try:
        backup = _backup(path, text, found)
        write_whole(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise ProgressError(f"{_unwritable(error)} So nothing was changed in {path}.") from None
    with contextlib.suppress(OSError), _changing() as store:
        entry = _entry(store, found.number)
        entry["solved"], entry["points"] = False, 0
    return Note(
        f"{found.number} {found.name} is as it was in {path}. What was there is kept in {backup}. "
        "If the notebook is open, reload it from disk (File → Reload Notebook from Disk)."
    )


# ---------------------------------------------------------------- the board


@dataclass(frozen=True)
class Board:
    """Parts solved and points, lesson by lesson, and what comes next."""

    lessons: tuple[tuple[str, tuple[dict[str, Any], ...]], ...]

    @property
    def points(self) -> int:
        return sum(row["points"] for _, rows in self.lessons for row in rows)

    @property
    def max_points(self) -> int:
        return sum(row["max_points"] for _, rows in self.lessons for row in rows)

    @property
    def next_part(self) -> dict[str, Any] | None:
        """The first part that is not solved."""
        return next((row for _, rows in self.lessons for row in rows if not row["solved"]), None)

    def __str__(self) -> str:
        lines = []
        for name, rows in self.lessons:
            earned, most = sum(r["points"] for r in rows), sum(r["max_points"] for r in rows)
            marks = " ".join(f"{r['part']}{'✓' if r['solved'] else '·'}" for r in rows)
            lines.append(f"{name:36} {earned:3} of {most:3}   {marks}")
        lines.append(f"{'all':36} {self.points:3} of {self.max_points:3}   next: {self._next()}")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        cell = "padding:2px 10px;text-align:left;border:1px solid #bbb;color:#111;background:{}"
        rows = []
        for name, its in self.lessons:
            earned, most = sum(r["points"] for r in its), sum(r["max_points"] for r in its)
            marks = " ".join(
                f'<span title="{html.escape(r["name"])}" style="padding:0 6px;color:#111;'
                f'background:{"#cfe4f7" if r["solved"] else "#eee"}">'
                f"{r['part']} {'✓' if r['solved'] else '·'}</span>"
                for r in its
            )
            ground = cell.format("#fff")
            rows.append(
                f'<tr><td style="{ground}">{html.escape(name)}</td>'
                f'<td style="{ground}">{earned} of {most}</td><td style="{ground}">{marks}</td></tr>'
            )
        head = "".join(
            f'<th scope="col" style="{cell.format("#fff")}">{h}</th>' for h in ("lesson", "points", "parts")
        )
        return (
            f'<table style="border-collapse:collapse"><caption style="caption-side:bottom;text-align:left">'
            f"{self.points} of {self.max_points} points. Next: {html.escape(self._next())}</caption>"
            f"<tr>{head}</tr>{''.join(rows)}</table>"
        )

    def _next(self) -> str:
        following = self.next_part
        return f"{following['part']} {following['name']}" if following else "everything is solved"


def board() -> Board:
    """The learner's board, from the stored progress."""
    entries = load()["parts"]
    return Board(
        tuple(
            (
                lesson.name,
                tuple(
                    {
                        "part": part.number,
                        "name": part.name,
                        "max_points": part.points,
                        "solved": bool(entries.get(part.number, {}).get("solved")),
                        "points": part.points if entries.get(part.number, {}).get("solved") else 0,
                        "hints": entries.get(part.number, {}).get("hints", 0),
                        "misconceptions": list(entries.get(part.number, {}).get("misconceptions", [])),
                    }
                    for part in lesson.parts
                ),
            )
            for lesson in outline.lessons()
        )
    )


# ---------------------------------------------------------------- inside


def _file(where: Path | None = None) -> Path:
    return (where or learners_folder()) / ".recdrop" / "progress.json"


def _readable(found: Any) -> Store:
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


def _unwritable(error: OSError) -> str:
    """A folder that cannot be written, why, and what to do."""
    return (
        f"{learners_folder()} cannot be written ({error}). Go to a folder of your own, "
        "or name one in the variable RECDROP_FOLDER."
    )


def _entry(store: Store, number: str) -> dict[str, Any]:
    new = {"solved": False, "points": 0, "checks": 0, "hints": 0, "misconceptions": []}
    entry: dict[str, Any] = store["parts"].setdefault(number, new)
    return entry


@contextlib.contextmanager
def _changing() -> Iterator[Store]:
    """Read, change, write; two notebooks that are open at once take turns."""
    path = _file()
    path.parent.mkdir(parents=True, exist_ok=True)
    with _lock(path.parent / "lock"):
        store = load()
        yield store
        write_whole(path, json.dumps(store, indent=1, ensure_ascii=False) + "\n")


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    try:
        import fcntl
    except ImportError:  # Windows: the file is still written whole, only the turns are not kept
        yield
        return
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _set_aside(path: Path) -> None:
    with contextlib.suppress(OSError):
        os.replace(
            path,
            path.with_name(f"progress.broken-{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 1000}.json"),
        )


def _backup(path: Path, text: str, part: Part) -> Path:
    """A copy beside the progress file, under a name that none has yet."""
    room = learners_folder() / ".recdrop" / "before-reset"
    room.mkdir(parents=True, exist_ok=True)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for i in range(1000):
        target = room / f"{path.stem}-{part.number}-{stamp}{f'-{i}' if i else ''}.ipynb"
        if not target.exists():
            write_whole(target, text)
            return target
    raise ProgressError(f"{room} is full of copies of this second; try again.")


def _find(part: str) -> Part:
    try:
        return outline.part(part)
    except KeyError as error:
        raise ProgressError(str(error.args[0])) from None


def _own_notebook(lesson: Lesson) -> Path:
    here = learners_folder()
    for candidate in (
        here / "exercises" / lesson.name / f"{lesson.name}.ipynb",
        here / lesson.name / f"{lesson.name}.ipynb",
        here / f"{lesson.name}.ipynb",
    ):
        if candidate.is_file():
            return candidate
    raise ProgressError(
        f"No {lesson.name}.ipynb is in {here}. Go to your course folder first, or name the notebook."
    )


def _notebook(room: str, lesson: Lesson) -> Path:
    return COURSE / room / lesson.name / f"{lesson.name}.ipynb"


def _cell(path: Path, name: str) -> dict[str, Any]:
    """The course's own cell of that name."""
    try:
        found = _cell_in(json.loads(_read(path))["cells"], name)
    except (ValueError, KeyError) as error:
        raise ProgressError(f"The course's own {path} is damaged ({error}); update the course.") from None
    if found is None:
        raise ProgressError(f"The course's own {path} has no cell for {name}; update the course.")
    return found


def _cell_in(cells: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    """The cell with that grade_id; where the metadata is gone, the one that defines the function."""
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    for cell in code:
        if cell.get("metadata", {}).get("nbgrader", {}).get("grade_id") == name:
            return cell
    for cell in code:
        if any(line.startswith(f"def {name}(") for line in _source(cell).splitlines()):
            return cell
    return None


def _source(cell: dict[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ProgressError(
            f"{path} is not there. Run this in a clone of the course, or name the notebook."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ProgressError(f"{path} cannot be read: {error}.") from None
