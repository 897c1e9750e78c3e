"""Write the map of the lessons into README.md, from the titles and questions of the notebooks themselves.

    python tools/lesson_map.py            # write it
    python tools/lesson_map.py --check    # exit 1 where it is out of step
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- the map of the lessons: tools/lesson_map.py -->\n", "<!-- end of the map -->\n"


def row(lesson: Path) -> str:
    """`| 01 | [Cells](…) | its question | [01](…) |`, from a first cell "# 01 · Cells", "*its question*"."""
    opening = nbformat.read(lesson, as_version=4).cells[0].source
    found = re.match(r"# (\d\d) · (.+)\n+\*(.+)\*\n", opening)
    if found is None:
        raise SystemExit(f"{lesson.name}: the first cell must begin with '# NN · Title' and '*question*'.")
    number, title, question = found.groups()
    exercise = Path("exercises") / lesson.stem / lesson.name
    link = f"[{number}]({exercise.as_posix()})" if (lesson.parent.parent / exercise).exists() else ""
    return f"| {number} | [{title}](notebooks/{lesson.name}) | {question} | {link} |\n"


def with_map(readme: str, root: Path = ROOT) -> str:
    """The page with the map of the lessons that are there, in order."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    rows = "".join(row(lesson) for lesson in sorted((root / "notebooks").glob("*.ipynb")))
    head = "| | lesson | the question it answers | exercise |\n|---|---|---|---|\n"
    return f"{before}{BEGIN}{head}{rows}{END}{after}"


def main(arguments: list[str]) -> int:
    readme = ROOT / "README.md"
    old = readme.read_text(encoding="utf-8")
    new = with_map(old)
    if "--check" in arguments and new != old:
        print("The map in README.md is out of step; run tools/lesson_map.py.", file=sys.stderr)
        return 1
    readme.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
