"""Write the tables of docs/site/lessons.md and docs/at-a-glance.md, and the list of lessons.

    python tools/lesson_map.py            # write them
    python tools/lesson_map.py --check    # exit 1 where one is out of step

Each comes from where it is decided: the lessons' first cells, the verdicts stored in their claims,
`recdrop_lessons.frameworks.map`. The list, `data/lessons.json`, is what the library knows of lessons; which
opening questions a lesson answers comes from lesson 00's table.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat

from recdrop_lessons.course.claims import VERDICTS, read
from recdrop_lessons.frameworks.map import MAP, PROBED, in_words
from recdrop_lessons.releases import matrix

ROOT = Path(__file__).resolve().parent.parent
END = "<!-- end of the table -->\n"
#: Lesson and cell of the claims that are copied most; all are in notebooks/claims.md.
BEST_KNOWN = (
    ("03", "claim-dropout-masks-the-inputs"),
    ("03", "claim-recurrent-dropout-masks-the-horizontal-arrows"),
    ("03", "claim-keras-uses-semeniuta"),
    ("05", "claim-p-one-drops-everything"),
    ("03", "claim-torch-dropout-is-recurrent"),
    ("03", "claim-dropout-after-masks-the-outputs"),
    ("08", "claim-gatconv-dropout-is-f-dropout"),
    ("04", "claim-mask-changes-at-each-step"),
    ("07", "claim-kernel-regularizer-acts-on-all-gates"),
    ("01", "claim-activation-changes-both"),
    ("04", "claim-layer-before-is-the-argument"),
    ("04", "claim-dropout-layer-drops-steps"),
    ("06", "claim-return-sequences-is-mandatory"),
    ("02", "claim-gaussian-dropout-shifts-the-mean"),
    ("02", "claim-inverted-dropout-keeps-the-variance"),
)


def begin(table: str) -> str:
    """The line before a table of a page."""
    return f"<!-- {table}: tools/lesson_map.py -->\n"


def opening_of(notebook: Path) -> tuple[str, str, str]:
    """Number, title and question of a lesson, from a first cell "# 01 · Cells", "*its question*"."""
    opening = nbformat.read(notebook, as_version=4).cells[0].source
    found = re.match(r"# (\d\d) · (.+)\n+\*(.+)\*\n", opening)
    if found is None:
        raise SystemExit(f"{notebook.name}: the first cell must begin with '# NN · Title' and '*question*'.")
    return found[1], found[2], found[3]


def lesson(notebook: Path, up: str) -> str:
    """`| 01 | [Cells](…) | its question | [01](…) |`; `up` leads from the page to the repository's root."""
    number, title, question = opening_of(notebook)
    exercise = Path("exercises") / notebook.stem / notebook.name
    link = f"[{number}]({up}{exercise.as_posix()})" if (notebook.parent.parent / exercise).exists() else ""
    return f"| {number} | [{title}]({up}notebooks/{notebook.name}) | {question} | {link} |\n"


def lessons(root: Path, up: str) -> str:
    """The lessons that are there, in order."""
    head = "| no. | lesson | the question it answers | exercise |\n|---|---|---|---|\n"
    return head + "".join(lesson(notebook, up) for notebook in sorted((root / "notebooks").glob("*.ipynb")))


def claims(root: Path, up: str) -> str:
    """The best-known claims, with the verdicts that the lessons' cells computed."""
    notebooks = (root / "notebooks").glob("[0-9][0-9]_*.ipynb")
    rows = {(row.notebook[:2], row.cell): row for row in read(notebooks)}
    lines = ["| claim | verdict | lesson |\n|---|---|---|\n"]
    for where in BEST_KNOWN:
        if where not in rows:
            raise SystemExit(f"Lesson {where[0]} has no claim {where[1]!r}: fix BEST_KNOWN in {__file__}.")
        row = rows[where]
        verdict = f"{VERDICTS[row.verdict]} {row.verdict}"
        lines.append(f"| {row.claim} | {verdict} | [{where[0]}]({up}notebooks/{row.notebook}) |\n")
    return "".join(lines)


def arguments(_root: Path, _up: str) -> str:
    """The framework map: an argument, its row of the algebra, and what ran it: a test, or the probes."""
    asked = matrix.read()
    lines = [
        "| what you write | site | over time | over gates, heads | noise | paper | tested |\n",
        "|---|---|---|---|---|---|---|\n",
    ]
    for one in MAP:
        releases = asked.releases(one.framework) if one.framework in PROBED else []
        seen = f"run in {' and '.join(releases)}" if releases else "run"
        written = f"{one.framework} `{one.written}` {one.place}".strip()
        lines.append(f"| {' | '.join((written, *in_words(one), one.source, seen))} |\n")
    return "".join(lines)


#: A row of lesson 00's table: `| [01 Cells](01_cells.ipynb) | what it answers | 3 |`.
ROW = re.compile(r"^\| \[?(\d\d) ([^|\]]+?)(?:\]\([^)]*\))? \|[^|]*\|([^|]*)\|$", re.MULTILINE)


def outline(root: Path) -> str:
    """`data/lessons.json`: each lesson's notebook, title, and the opening questions that it answers."""
    notebooks = sorted((root / "notebooks").glob("*.ipynb"))
    start = "\n".join(cell.source for cell in nbformat.read(notebooks[0], as_version=4).cells)
    answers = {(number, title): questions.strip() for number, title, questions in ROW.findall(start)}
    found = []
    for notebook in notebooks:
        number, title, _ = opening_of(notebook)
        if (number, title) not in answers:
            raise SystemExit(f"{notebooks[0].name}: its table has no row '{number} {title}'.")
        found.append({"name": notebook.stem, "title": title, "questions": answers[number, title]})
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


#: The tables of each page.
PAGES: dict[str, dict[str, Callable[[Path, str], str]]] = {
    "docs/site/lessons.md": {"the lessons": lessons},
    "docs/at-a-glance.md": {"the claims": claims, "the framework map": arguments},
}


def with_tables(page: str, root: Path = ROOT) -> str:
    """The page with its tables as they are now."""
    text = (root / page).read_text(encoding="utf-8")
    for name, table in PAGES[page].items():
        before, mark, rest = text.partition(begin(name))
        _, end, after = rest.partition(END)
        if not (mark and end):
            raise SystemExit(f"{page} has lost the place of a table: {begin(name)}… {END}")
        text = f"{before}{mark}{table(root, '../' * page.count('/'))}{end}{after}"
    return text


def main(arguments: list[str]) -> int:
    wanted = {ROOT / page: with_tables(page) for page in PAGES}
    wanted[ROOT / "recdrop_lessons" / "data" / "lessons.json"] = outline(ROOT)
    if "--check" not in arguments:
        for path, text in wanted.items():
            path.write_text(text, encoding="utf-8", newline="\n")
        return 0
    stale = [path.name for path, text in wanted.items() if path.read_text(encoding="utf-8") != text]
    if stale:
        print(f"Out of step: {', '.join(stale)}; run tools/lesson_map.py.", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
