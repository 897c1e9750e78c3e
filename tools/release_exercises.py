"""Make exercises/ from the parts of recdrop_lessons/checks/lessons/ and from solutions/, and the outline.

    python tools/release_exercises.py            # all of it
    python tools/release_exercises.py 02_noise   # one lesson's
    python tools/release_exercises.py --check    # exit 1 where a file is not what this would make

1. Each part's number, points, `def` line and docstring go into its cells in solutions/. A part that has no
   cells there yet gets them, with the body of its function as the answer.
2. nbgrader's own generate_assignment makes exercises/ of solutions/, without the answers. The gradebook that
   it needs lives in a folder that is thrown away.
3. All parts' names, points and hints go into the library's data/outline.json.

The same parts and solutions give the same bytes.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import logging
import os
import re
import shutil
import sys
import sysconfig
import tempfile
import textwrap
from pathlib import Path
from typing import Any

from recdrop_lessons.checks import Lesson, Part, all_lessons

ROOT = Path(__file__).resolve().parent.parent
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight")
Cell = dict[str, Any]
Notebook = dict[str, Any]
OUTLINE = ROOT / "recdrop_lessons" / "data" / "outline.json"


def assignments(root: Path = ROOT) -> list[str]:
    """The lessons that have a solution, in order."""
    return sorted(p.name for p in (root / "solutions").iterdir() if (p / f"{p.name}.ipynb").is_file())


# ---------------------------------------------------------------- solutions/ say what the parts say


def state(notebook: Notebook, lesson: Lesson) -> None:
    """Put what the lesson's parts say into the cells of its solution."""
    cells = notebook["cells"]
    for part in reversed(lesson.parts):
        names = [cell["id"] for cell in cells]
        if part.name not in names:
            later = [p for p in lesson.parts if part.number < p.number and f"text_{p.name}" in names]
            before = f"text_{later[0].name}" if later else "recap"
            at = names.index(before) if before in names else len(names)
            cells[at:at] = _new_cells(part)
    by_name = {cell["id"]: cell for cell in cells}
    for part in lesson.parts:
        _replace(
            by_name[f"text_{part.name}"], r"^## [\d.]+ (.*) \((\d+ points|practice)\)", _heading(part, r"\1")
        )
        _replace(by_name[part.name], *_definition(part, _source(by_name[part.name])))
        check = by_name[f"check_{part.name}"]
        _replace(check, rf'check\({part.name}, "[\d.]+"\)', f'check({part.name}, "{part.number}")')
        check["metadata"]["nbgrader"]["points"] = part.points
    graded = [part for part in lesson.parts if part.points]
    practice = ", one more for practice" if len(graded) < len(lesson.parts) else ""
    count = f"{NUMBERS[len(graded)]} parts, {lesson.points} points{practice}"
    _replace(cells[0], r"\b[A-Z][a-z]+ parts, \d+ points(, one more for practice)?", count)


def stub(part: Part) -> str:
    """The part's `def` line and docstring, as they stand in its answer cell."""
    return f"def {part.name}({part.signature}):\n" + textwrap.indent(f'"""{part.docstring}\n"""', "    ")


def _heading(part: Part, title: str) -> str:
    return f"## {part.number} {title} ({f'{part.points} points' if part.points else 'practice'})"


def _definition(part: Part, source: str) -> tuple[str, str]:
    """The `def` line and docstring that stand in the cell, as a pattern, and what is to stand there."""
    found = [n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef) and n.name == part.name]
    if len(found) != 1 or ast.get_docstring(found[0]) is None:
        raise SystemExit(f"solutions/: the cell {part.name!r} must define {part.name}, with its docstring.")
    lines = source.splitlines()[found[0].lineno - 1 : found[0].body[0].end_lineno]
    return re.escape("\n".join(lines)), stub(part).replace("\\", r"\\")


def _new_cells(part: Part) -> list[Cell]:
    """Text, answer and check of a part that its exercise does not have yet."""
    module = sys.modules[part.function.__module__]
    title = (module.__doc__ or "").splitlines()[0].removeprefix(part.number).strip().rstrip(".")
    answer = f"{stub(part)}\n    ### BEGIN SOLUTION\n{_body(part)}\n    ### END SOLUTION"
    check = f'from recdrop_lessons.checks import check\n\ncheck({part.name}, "{part.number}")'
    return [
        _cell("markdown", f"text_{part.name}", _heading(part, title), locked=True),
        _cell("code", part.name, answer, solution=True),
        _cell("code", f"check_{part.name}", check, grade=True, locked=True, points=part.points),
    ]


def _body(part: Part) -> str:
    """What the part's function does, as an answer. Raises SystemExit where it has switches of the check."""
    if any(p.kind is p.KEYWORD_ONLY for p in inspect.signature(part.function).parameters.values()):
        raise SystemExit(
            f"{part.name} has parameters after a bare *, so its body is no answer for learners. Write the "
            f"three cells text_{part.name}, {part.name} and check_{part.name} into solutions/ by hand."
        )
    source = textwrap.dedent(inspect.getsource(part.function))
    statements = ast.parse(source).body[0].body[1:]  # type: ignore[attr-defined]
    docstring = ast.parse(source).body[0].body[0]  # type: ignore[attr-defined]
    return "\n".join(source.splitlines()[docstring.end_lineno : statements[-1].end_lineno])


def _cell(kind: str, name: str, source: str, **marks: Any) -> Cell:
    grades = {"grade": False, "locked": False, "solution": False, "task": False, "schema_version": 3}
    nbgrader = grades | {"grade_id": name} | marks
    cell: Cell = {"cell_type": kind, "id": name, "metadata": {"nbgrader": nbgrader}}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell | {"source": source.splitlines(keepends=True)}


def _replace(cell: Cell, pattern: str, by: str) -> None:
    cell["source"] = re.sub(pattern, by, _source(cell), count=1).splitlines(keepends=True)


def _source(cell: Cell) -> str:
    return "".join(cell["source"])


def stated(lesson: Lesson, root: Path = ROOT) -> tuple[str, str]:
    """The lesson's solution as it is stored, and as it should be."""
    text = _solution(lesson.name, root).read_text(encoding="utf-8")
    notebook = json.loads(text)
    state(notebook, lesson)
    return text, json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _solution(name: str, root: Path = ROOT) -> Path:
    return root / "solutions" / name / f"{name}.ipynb"


# ---------------------------------------------------------------- exercises/ and the outline


def generate(into: Path, names: list[str], root: Path = ROOT) -> None:
    """Write into/NAME/NAME.ipynb for each name, as nbgrader releases it.

    Raises `RuntimeError`: nbgrader could not make one of them.
    """
    from nbgrader.apps import NbGraderAPI
    from traitlets.config.loader import PyFileConfigLoader

    # nbgrader calls `alembic` by name: let it find the one beside this Python.
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    with tempfile.TemporaryDirectory() as scratch:
        course = Path(scratch)
        shutil.copytree(root / "solutions", course / "solutions", ignore=_checkpoints)
        config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
        config.CourseDirectory.root = str(course)
        config.CourseDirectory.db_url = f"sqlite:///{course / 'gradebook.db'}"
        api = NbGraderAPI(config=config)
        api.log_level = logging.ERROR
        for name in names:
            result = api.generate_assignment(name, force=True, create=True)
            if not result["success"]:
                raise RuntimeError(f"nbgrader could not release {name}:\n{result['log']}\n{result['error']}")
            made = course / "exercises" / name / f"{name}.ipynb"
            target = into / name / f"{name}.ipynb"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(_tidy(made.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")


def _checkpoints(_: str, names: list[str]) -> list[str]:
    return [name for name in names if name.startswith(".")]


def _tidy(text: str) -> str:
    """The notebook with stable key order and without what depends on the machine that made it."""
    notebook = json.loads(text)
    notebook["metadata"].get("language_info", {}).pop("version", None)
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def outline() -> str:
    """All parts' numbers, names, points and hints, as recdrop_lessons/course/outline.py reads them."""
    names = ("number", "name", "points", "hints")
    found = {
        lesson.name: [{name: getattr(part, name) for name in names} for part in lesson.parts]
        for lesson in all_lessons()
    }
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("lesson", nargs="*", help="by default all")
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 where they differ")
    arguments = parser.parse_args()
    known = assignments()
    names = arguments.lesson or known
    if unknown := set(names) - set(known):
        parser.error(f"no lesson is called {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    lessons = [one for one in all_lessons() if one.name in names]
    if not arguments.check:
        for one in lessons:
            _solution(one.name).write_text(stated(one)[1], encoding="utf-8", newline="\n")
        generate(ROOT / "exercises", names)
        OUTLINE.write_text(outline(), encoding="utf-8", newline="\n")
        print(f"solutions/ and exercises/: {', '.join(names)}")
        return 0
    stale = [f"solutions/{one.name}" for one in lessons if len(set(stated(one))) > 1]
    with tempfile.TemporaryDirectory() as scratch:
        generate(Path(scratch), names)
        stale += [
            name
            for name in names
            if not (ROOT / "exercises" / name / f"{name}.ipynb").is_file()
            or (ROOT / "exercises" / name / f"{name}.ipynb").read_bytes()
            != (Path(scratch) / name / f"{name}.ipynb").read_bytes()
        ]
    if not OUTLINE.is_file() or OUTLINE.read_text(encoding="utf-8") != outline():
        stale.append(OUTLINE.name)
    if stale:
        print(f"Out of step: {', '.join(stale)}. Run tools/release_exercises.py.", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
