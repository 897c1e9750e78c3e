"""Put a part, or its new text, into its lesson's exercise.

    python tools/add_part.py 2.5 part.py

Number, name, points and signature are those of the lesson's checks. The file holds the rest: its docstring is
the text, a title and then the task; its function the answer, docstring and all, with `### BEGIN SOLUTION` and
`### END SOLUTION` around what learners write themselves. The part's three cells go into solutions/, in the
place of those that are there, else before the recap; the points of all the lesson's parts, and how many parts
there are, are put into step with the checks.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recdrop_lessons import checks

ROOT = Path(__file__).resolve().parent.parent
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six")
Cell = dict[str, Any]


def read_part(path: Path, part: checks.Part) -> tuple[str, str]:
    """The text and the answer in a file.

    Raises:
        SystemExit: it has no docstring, no function of the part's name and arguments, or no solution marks.
    """
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    text = ast.get_docstring(tree)
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == part.name]
    stated = ast.unparse(ast.parse(f"def f({part.signature}): pass").body[0].args)  # type: ignore[attr-defined]
    if not text:
        raise SystemExit(f"{path}: its docstring is the exercise's text, and there is none.")
    if len(found) != 1 or ast.unparse(found[0].args) != stated:
        raise SystemExit(f"{path}: `def {part.name}({part.signature})` is expected, as the checks state it.")
    answer = "\n".join(source.splitlines()[found[0].lineno - 1 :])
    if not re.search(r"### BEGIN SOLUTION\n.*### END SOLUTION", answer, re.DOTALL):
        raise SystemExit(f"{path}: the answer stands between `### BEGIN SOLUTION` and `### END SOLUTION`.")
    return text, answer.rstrip()


def cells_of(part: checks.Part, text: str, answer: str) -> list[Cell]:
    """Text, answer and check cell, with nbgrader's marks."""
    title, _, task = text.partition("\n")
    heading = f"## {part.number} {title.rstrip('.')} ({part.points} points)\n\n{task.strip()}"
    check = f'from recdrop_lessons.checks import check\n\ncheck({part.name}, "{part.number}")'
    return [
        _cell("markdown", f"text_{part.name}", heading, locked=True),
        _cell("code", part.name, answer, solution=True),
        _cell("code", f"check_{part.name}", check, grade=True, locked=True, points=part.points),
    ]


def _cell(kind: str, name: str, source: str, **marks: Any) -> Cell:
    grades = {"grade": False, "locked": False, "solution": False, "task": False, "schema_version": 3}
    nbgrader = grades | {"grade_id": name} | marks
    cell: Cell = {"cell_type": kind, "id": name, "metadata": {"nbgrader": nbgrader}}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell | {"source": source.splitlines(keepends=True)}


def put(cells: list[Cell], new: list[Cell]) -> None:
    """Each new cell in place of the one of its name; all of them before the recap where there is none."""
    names = [cell["id"] for cell in cells]
    if new[0]["id"] in names:
        for cell in new:
            cells[names.index(cell["id"])] = cell
    else:
        at = names.index("recap") if "recap" in names else len(names)
        cells[at:at] = new


def set_points(cells: list[Cell], parts: Sequence[checks.Part]) -> None:
    """The checks' points in the parts' headings and in nbgrader's marks, their number in the first cell."""
    by_name = {cell["id"]: cell for cell in cells}
    for part in parts:
        _replace(by_name[f"text_{part.name}"], r"\(\d+ points\)", f"({part.points} points)")
        by_name[f"check_{part.name}"]["metadata"]["nbgrader"]["points"] = part.points
    count = f"{NUMBERS[len(parts)]} parts, 100 points"
    _replace(cells[0], r"\b[A-Z][a-z]+ parts, 100 points", count)


def _replace(cell: Cell, pattern: str, by: str) -> None:
    cell["source"] = [re.sub(pattern, by, line) for line in cell["source"]]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("part", help="its number or name in the checks")
    parser.add_argument("file", type=Path, help="the text and the answer")
    asked = parser.parse_args(arguments)
    try:
        part = checks.part(asked.part)
    except KeyError as error:
        raise SystemExit(f"{error.args[0]} State it in the lesson's checks first.") from None
    lesson = checks.lesson_of(part)
    if lesson.points != 100:
        raise SystemExit(f"The parts of {lesson.name} have {lesson.points} points in all; 100 are expected.")
    path = ROOT / "solutions" / lesson.name / f"{lesson.name}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    put(notebook["cells"], cells_of(part, *read_part(asked.file, part)))
    set_points(notebook["cells"], lesson.parts)
    text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True)
    path.write_text(f"{text}\n", encoding="utf-8", newline="\n")
    print(
        f"{path.relative_to(ROOT)} has part {part.number}; tools/release_exercises.py {lesson.name} is next."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
