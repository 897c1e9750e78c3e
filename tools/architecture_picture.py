"""Draw docs/images/architecture.svg: which room imports which, read from the code.

    python tools/architecture_picture.py            # draw it
    python tools/architecture_picture.py --check    # exit 1 where it is out of step

The rooms are the rows of the table in docs/architecture.md. An arrow that others imply is left out.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Hashable, Sequence
from itertools import pairwise
from pathlib import Path

import grimp
import networkx as nx

from recdrop_lessons.plots import svg
from recdrop_lessons.plots.style import BLUE, FAINT

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "architecture.md"
PICTURE = ROOT / "docs" / "images" / "architecture.svg"

BOX, LANE, GAP = 186.0, 20.0, 16.0  # widths: of a room, of an arrow that passes rooms by, between two
LINE, BETWEEN, MARGIN = 20.0, 46.0, 14.0  # heights: of a line of words, between two levels; around all
ROOM = "#EEF5FA"
SWEEPS = 12

Node = Hashable  # a room's number, or (from, to, level) where an arrow passes a level by


def rooms() -> list[tuple[str, ...]]:
    """The names in each row of the page's table, as the page writes them."""
    rows = re.findall(r"^\| ((?:`[^`]+`(?:, )?)+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [tuple(re.findall(r"`([^`]+)`", row)) for row in rows]


def arrows(names: Sequence[Sequence[str]]) -> nx.DiGraph:
    """From each room to those that import it; only what is not implied."""
    where = {name.rstrip("/").removesuffix(".py"): number for number, row in enumerate(names) for name in row}
    code = grimp.build_graph("recdrop_lessons", exclude_type_checking_imports=True)
    found = nx.DiGraph()
    found.add_nodes_from(range(len(names)))
    for user in code.modules - {"recdrop_lessons", "recdrop_lessons.__main__"}:
        for used in code.find_modules_directly_imported_by(user) - {"recdrop_lessons"}:
            ends = where[used.split(".")[1]], where[user.split(".")[1]]
            if ends[0] != ends[1]:
                found.add_edge(*ends)
    return nx.transitive_reduction(found)


def levels(graph: nx.DiGraph) -> tuple[list[list[Node]], list[list[Node]]]:
    """Packages level by level, with a lane wherever an arrow passes a level by; and each arrow's way."""
    order: list[list[Node]] = [sorted(one) for one in nx.topological_generations(graph)]
    level = {node: number for number, one in enumerate(order) for node in one}
    ways = []
    for start, end in sorted(graph.edges):
        passed: list[Node] = [(start, end, number) for number in range(level[start] + 1, level[end])]
        for number, lane in enumerate(passed, level[start] + 1):
            order[number].append(lane)
        ways.append([start, *passed, end])
    return order, ways


def untangle(order: list[list[Node]], ways: Sequence[Sequence[Node]]) -> None:
    """Sort each level by where its neighbours are, down and up again: arrows cross less."""
    steps = [step for way in ways for step in pairwise(way)]
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for level in order if down else reversed(order):
            x = {node: place for one in order for node, place in centres(one).items()}
            middle = {}
            for node in level:
                others = [x[a] if down else x[b] for a, b in steps if node == (b if down else a)]
                middle[node] = sum(others) / len(others) if others else x[node]
            level.sort(key=middle.__getitem__)


def centres(level: Sequence[Node]) -> dict[Node, float]:
    """Where the middles of a level's rooms and lanes are, around zero."""
    x = -(sum(map(breadth, level)) + GAP * (len(level) - 1)) / 2
    found = {}
    for node in level:
        found[node] = x + breadth(node) / 2
        x += breadth(node) + GAP
    return found


def breadth(node: Node) -> float:
    return LANE if isinstance(node, tuple) else BOX


def draw() -> str:
    """The whole picture."""
    names = rooms()
    order, ways = levels(arrows(names))
    untangle(order, ways)
    words = [textwrap.wrap("  ".join(row), 22) for row in names]
    x = {node: place for level in order for node, place in centres(level).items()}
    half = max(place + breadth(node) / 2 for node, place in x.items()) + MARGIN
    x = {node: half + place for node, place in x.items()}
    top, bottom, y = dict[Node, float](), dict[Node, float](), MARGIN
    for level in order:
        height = max(len(words[node]) for node in level if isinstance(node, int)) * LINE + 14
        for node in level:
            top[node], bottom[node] = y, y + height
        y += height + BETWEEN
    parts = []
    for way in ways:
        points = [(x[way[0]], bottom[way[0]])]
        for node in way[1:]:
            points += [(x[node], top[node] - 14), (x[node], bottom[node])]
        points[-1] = (x[way[-1]], top[way[-1]])
        parts.append(svg.arrow(points, stroke=FAINT, width=1.6, head=8))
    for node, row in enumerate(words):
        height = bottom[node] - top[node]
        parts.append(svg.rect(x[node] - BOX / 2, top[node], BOX, height, fill=ROOM, stroke=BLUE, rx=6))
        first = top[node] + (height - LINE * len(row)) / 2 + 0.75 * LINE
        for number, line in enumerate(row):
            parts.append(svg.text(x[node], first + number * LINE, line, size=15, plain=True))
    sheet = svg.Sheet(2 * half, y - BETWEEN + MARGIN, tuple(parts))
    label = "The library's packages from top to bottom; an arrow leads from one to another that imports it."
    return svg.document(sheet, label=label) + "\n"


def main() -> int:
    drawn = draw()
    if "--check" in sys.argv[1:]:
        if PICTURE.read_text(encoding="utf-8") == drawn:
            return 0
        print("The picture is out of step with the code: run tools/architecture_picture.py", file=sys.stderr)
        return 1
    PICTURE.write_text(drawn, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
