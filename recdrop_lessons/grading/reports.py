"""The class's table, its totals, and what to teach again."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from recdrop_lessons.checks.answer import Status
from recdrop_lessons.grading.classroom import GradedSubmission
from recdrop_lessons.grading.names import Remark, in_a_spreadsheet

COLUMNS = (
    "student", "lesson", "part", "name", "points", "max_points", "status", "misconception", "late", "attempt",
    "isolation",
)  # fmt: skip
_UNGRADED = (Status.UNREADABLE, Status.DIED)


def grades_csv(rows: Sequence[GradedSubmission]) -> str:
    """One row a student, lesson and part, sorted as the submissions are."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        record = row.result["record"]
        for part in record["parts"]:
            writer.writerow(
                [
                    in_a_spreadsheet(row.submission.student),
                    record["lesson"],
                    part["part"],
                    part["name"],
                    part["points"],
                    part["max_points"],
                    part["status"],
                    part["misconception"] or "",
                    "" if row.late is None else "yes" if row.late else "no",
                    row.result["attempt"],
                    record["isolation"],
                ]
            )
    return text.getvalue()


@dataclass(frozen=True)
class Totals:
    """What the run came to."""

    submissions: int
    full: int  # with all points
    points: float  # mean fraction of the points, from 0 to 1
    ungraded: tuple[Remark, ...]  # "anna/01_cells: sentence", for each that could not be read or graded

    def __str__(self) -> str:
        line = (
            f"{self.submissions} submissions, {self.full} with all points, "
            f"{100 * self.points:.0f} % of the points on average"
        )
        return f"{line}, {len(self.ungraded)} not gradable" if self.ungraded else line


def totals(rows: Sequence[GradedSubmission]) -> Totals:
    records = [row.result["record"] for row in rows]
    shares = [record["points"] / record["max_points"] for record in records if record["max_points"]]
    ungraded = [
        Remark(
            (row.submission.student,),
            f"/{row.submission.lesson}: {row.result['record']['parts'][0]['message']}",
        )
        for row in rows
        if all(part["status"] in _UNGRADED for part in row.result["record"]["parts"])
    ]
    return Totals(
        len(rows),
        sum(share == 1 for share in shares),
        sum(shares) / len(shares) if shares else 0.0,
        tuple(ungraded),
    )


def misconceptions(rows: Sequence[GradedSubmission]) -> list[tuple[str, str, int, int]]:
    """Lesson and part, misconception, how many students have it, of how many; the most common first."""
    seen: Counter[tuple[str, str]] = Counter()
    handed_in: Counter[str] = Counter()
    for row in rows:
        for part in row.result["record"]["parts"]:
            key = f"{part['part']} {part['name']}"
            handed_in[key] += 1
            if part["misconception"]:
                seen[key, part["misconception"]] += 1
    return [(key, slug, count, handed_in[key]) for (key, slug), count in seen.most_common()]
