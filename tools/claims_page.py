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

What people say about dropout, and what the running frameworks say. Each verdict is computed by a cell of the
lesson named in brackets, with the releases that the course is tested with. "By release" has the verdict in
older releases and on other backends, from [what each release does](../docs/site/releases.md); "refused"
stands where a release raises an error instead, and a dash where no probe decides it. This page is written by
`python tools/claims_page.py`: edit the lessons, and `recdrop_lessons/data/claims.toml` for the sources. Which
cell and which test hold a verdict: [for authors](../docs/claims.md).

"""
FOR_AUTHORS = """\
# Claims: cells and tests

Which cell of a lesson decides a claim, and which tests fail as soon as a release changes the verdict. The
page for readers is [claims on trial](../notebooks/claims.md). Written by `python tools/claims_page.py`.

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
