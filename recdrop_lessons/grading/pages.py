"""HTML: feedback for each student, and the class's summary for the instructor. No script, nothing loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape
from typing import Any

from recdrop_lessons.checks.answer import Status
from recdrop_lessons.checks.parts import PictureData, scored
from recdrop_lessons.checks.report import title
from recdrop_lessons.grading.classroom import GradedSubmission
from recdrop_lessons.grading.names import Remark, shown, shown_code
from recdrop_lessons.grading.reports import misconceptions, totals
from recdrop_lessons.plots.beside import yours_beside_right
from recdrop_lessons.support.moments import moment

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #111;
       background: #fff; overflow-wrap: anywhere; }
pre { background: #f5f5f5; border: 1px solid #ccc; padding: .6em; overflow-x: auto; white-space: pre-wrap; }
section { border-left: 6px solid #0072b2; padding-left: 1em; margin: 1.5em 0; }
section.open { border-left-color: #d55e00; }
.beside { display: flex; flex-wrap: wrap; gap: 0 2em; }
table { border-collapse: collapse; overflow-wrap: normal; }
.wide { overflow-x: auto; } figure { margin: 1em 0; }
th, td { border: 1px solid #bbb; padding: .2em .7em; text-align: left; }
td.number { text-align: right; white-space: nowrap; }
.bar { background: #0072b2; height: 1.1em; min-width: 2px; }
""".strip()
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
TOLD_LATER = "If this part is not right in your next submission either, its feedback says more."
_STATUS = {
    Status.OK: "right",
    Status.FAILED: "not right yet",
    Status.TIMEOUT: "took too long",
    Status.DIED: "ended its process",
    Status.UNREADABLE: "could not be read",
    Status.MISSING: "missing",
}


def page(title: str, body: Sequence[str], whose: str = "") -> str:
    """A whole page that loads nothing and runs nothing; `whose`: a name at the end of its title."""
    heading = escape(title)
    if whose:  # apart from what is around it: it may run from right to left
        title, heading = f"{title} {whose}", f"{heading} <bdi>{escape(whose)}</bdi>"
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{heading}</h1>",
            *body,
            "</body></html>\n",
        ]
    )


def feedback(student: str, rows: Sequence[GradedSubmission]) -> str:
    """A student's page: points, their own code, misconceptions, what to do next. No input of the checks."""
    body: list[str] = []
    for row in rows:
        body += _lesson(row)
    return page("Feedback for", body, shown(student))


def _lesson(row: GradedSubmission) -> list[str]:
    record, answers, notes = (row.result[key] for key in ("record", "answers", "notes"))
    lines = [f"<h2>{escape(record['lesson'])}: {record['points']} of {record['max_points']} points</h2>"]
    if row.result["attempts"] > 1:
        lines.append(f"<p>Attempt {row.result['attempt']} of {row.result['attempts']} counts.</p>")
    if row.due is not None and row.late:
        lines.append(f"<p>Handed in late: {moment(row.handed_in)}; due {moment(row.due)}.</p>")
    if record["isolation"] == "none":
        lines.append("<p>Graded without isolation.</p>")
    if "" in notes:
        lines.append(f"<p>{escape(notes[''])}</p>")
    for part in record["parts"]:
        later = TOLD_LATER if part["part"] in row.result.get("told_later", ()) else None
        lines += _part(part, answers.get(part["part"]), [notes.get(part["part"]), part["message"], later])
    return lines


def _part(part: dict[str, Any], answer: str | None, said: Sequence[str | None]) -> list[str]:
    solved = part["status"] == Status.OK
    lines = [
        "<section>" if solved else '<section class="open">',
        f"<h3>{'✓' if solved else '✗'} {escape(part['part'])} <code>{escape(part['name'])}</code>: "
        f"{scored(part['points'], part['max_points'])}, {_STATUS[part['status']]}</h3>",
    ]
    if part["misconception"]:
        lines.append(f"<p>Misconception: <strong>{escape(part['misconception'])}</strong></p>")
    lines += [f"<p>{escape(shown_code(text))}</p>" for text in said if text]
    if part.get("picture") and not solved:
        lines += _picture(part["picture"])
    if part["hint"] and not solved:
        lines.append(f"<p>Hint: {escape(part['hint'])}</p>")
    if answer is not None:
        lines.append(
            f"<details><summary>Your answer</summary><pre>{escape(shown_code(answer))}</pre></details>"
        )
    return [*lines, "</section>"]


def _picture(picture: PictureData) -> list[str]:
    """Drawn in the page itself, as it loads nothing."""
    drawn = "".join(f"<figure>{one.svg}</figure>" for one in yours_beside_right(picture))
    return [f"<p>{escape(title(picture))}</p>", f'<div class="beside">{drawn}</div>'] if drawn else []


def summary(rows: Sequence[GradedSubmission], problems: Sequence[Remark]) -> str:
    """The class at a glance: points a part, and the misconceptions to teach again, most common first."""
    found = totals(rows)
    body = [f"<p>{escape(str(found))}.</p>", *_late(rows), *_parts_table(rows), *_misconceptions(rows)]
    odd = [*found.ungraded, *problems]
    if odd:
        body += [
            "<h2>To look at by hand</h2><ul>",
            *[f"<li>{one.html}</li>" for one in odd],
        ]
        body.append("</ul>")
    return page("The class", body)


def _late(rows: Sequence[GradedSubmission]) -> list[str]:
    due = next((row.due for row in rows if row.due is not None), None)
    if due is None:
        return []
    return [f"<p>Due {moment(due)}; {sum(bool(row.late) for row in rows)} handed in late.</p>"]


def _parts_table(rows: Sequence[GradedSubmission]) -> list[str]:
    statuses: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        for part in row.result["record"]["parts"]:
            key = (row.result["record"]["lesson"], f"{part['part']} {part['name']}")
            statuses.setdefault(key, Counter())[part["status"]] += 1
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("lesson", "part", "right", *list(_STATUS.values())[1:])
    )
    lines = [f'<h2>Parts</h2><div class="wide"><table><tr>{head}</tr>']
    for (lesson, part), counts in sorted(statuses.items()):
        all_of_them = sum(counts.values())
        cells = [f'<td class="number">{counts[Status.OK]} of {all_of_them}</td>']
        cells += [f'<td class="number">{counts[status] or ""}</td>' for status in list(_STATUS)[1:]]
        lines.append(f"<tr><td>{escape(lesson)}</td><td>{escape(part)}</td>{''.join(cells)}</tr>")
    return [*lines, "</table></div>"]


def _misconceptions(rows: Sequence[GradedSubmission]) -> list[str]:
    """Table and chart in one: in each line a bar, as long as the fraction of the class."""
    found = misconceptions(rows)
    if not found:
        return ["<h2>Misconceptions</h2><p>None was recognised.</p>"]
    head = "".join(f'<th scope="col">{name}</th>' for name in ("misconception", "part", "students"))
    head += '<th scope="col" style="width: 40%">fraction of those who handed in</th>'
    lines = [
        "<h2>Misconceptions, most common first</h2>",
        f'<div class="wide"><table style="width: 100%"><tr>{head}</tr>',
    ]
    for part, slug, count, of in found:
        share = 100 * count / of
        bar = f'<div class="bar" style="width: {share:.1f}%" role="img" aria-label="{share:.0f} %"></div>'
        lines.append(
            f"<tr><td><strong>{escape(slug)}</strong></td><td>{escape(part)}</td>"
            f'<td class="number">{count} of {of}</td><td>{bar}</td></tr>'
        )
    return [*lines, "</table></div>"]
