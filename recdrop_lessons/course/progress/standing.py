"""The board: parts solved and points, lesson by lesson, and what comes next."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

from recdrop_lessons.course import outline
from recdrop_lessons.course.progress.store import load


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
        """The first part that is not solved; those for practice, without points, come after all others."""
        still_open = [row for _, rows in self.lessons for row in rows if not row["solved"]]
        return min(still_open, key=lambda row: not row["max_points"], default=None)

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
