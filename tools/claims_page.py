"""Write notebooks/claims.md from the verdicts stored in the lessons; `--check` only compares."""

from __future__ import annotations

import sys
from pathlib import Path

from recdrop_lessons.course.claims import collect

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
INTRODUCTION = """\
# Claims on trial

Answers that people copy, and what the running frameworks say. Each verdict is computed by a cell of a
lesson, and the test in the last column fails as soon as a release changes it. This page is written by
`python tools/claims_page.py`: edit the lessons, not the page.

"""


def page(notebooks: Path = NOTEBOOKS) -> str:
    """The whole page, from the lessons in `notebooks`."""
    return INTRODUCTION + collect(notebooks.glob("[0-9][0-9]_*.ipynb"))


def main(arguments: list[str]) -> int:
    target = NOTEBOOKS / "claims.md"
    text = page()
    if "--check" in arguments:
        if target.exists() and target.read_text(encoding="utf-8") == text:
            return 0
        print(f"{target.name} is behind the lessons: run `python tools/claims_page.py`.", file=sys.stderr)
        return 1
    target.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
