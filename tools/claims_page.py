"""Write notebooks/claims.md from the verdicts stored in the lessons, and docs/claims.md for authors.

`--check` only compares.
"""

from __future__ import annotations

import sys
from pathlib import Path

from recdrop_lessons.course.claims import collect, collect_for_authors

ROOT = Path(__file__).resolve().parent.parent
INTRODUCTION = """\
# Claims on trial

People say these things about dropout, and the running frameworks answer. A cell of the lesson in brackets
computes each verdict, with the releases that the course is tested with. "By release" gives the verdict in
older releases and on other backends, from [what each release does](../docs/site/releases.md). "Refused" means
that a release raises an error instead. A dash means that no probe decides it.

For authors: `python tools/claims_page.py` writes this page. To change it, edit the lessons, and
`recdrop_lessons/data/claims.toml` for the sources. [Another page](../docs/claims.md) names the cell and the
test behind each verdict.

"""
FOR_AUTHORS = """\
# Claims: cells and tests

This page names the cell of a lesson that decides each claim, and the tests that fail as soon as a release
changes the verdict. [Claims on trial](../notebooks/claims.md) is the page for readers. `python
tools/claims_page.py` writes this page.

"""


def pages(root: Path = ROOT) -> dict[Path, str]:
    """Both pages, from the lessons."""
    lessons = sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    return {
        root / "notebooks" / "claims.md": INTRODUCTION + collect(lessons),
        root / "docs" / "claims.md": FOR_AUTHORS + collect_for_authors(lessons),
    }


def main(arguments: list[str]) -> int:
    behind = [
        path
        for path, text in pages().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if "--check" in arguments:
        for path in behind:
            print(f"{path.name} is behind the lessons: run `python tools/claims_page.py`.", file=sys.stderr)
        return 1 if behind else 0
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
