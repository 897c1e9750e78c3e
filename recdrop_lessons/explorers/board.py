"""Lesson 00: the map of the course with the learner's own progress on it.

`figure(board, **settings)` is a pure function of what is solved; `view()` reads it from the learner's folder.
"""

from __future__ import annotations

import textwrap
from html import escape
from typing import Any

from recdrop_lessons.course import outline, progress
from recdrop_lessons.explorers.frame import Again, Choice, Frame, complete
from recdrop_lessons.explorers.view import Explorer
from recdrop_lessons.plots import svg
from recdrop_lessons.plots.style import BLUE, GREY, INK, PALE, PAPER, SKY

TITLE = "The course and your progress"
LESSONS = outline.notebooks()
CONTROLS = (
    Choice("lesson", "Lesson", "01_cells", {one.name: f"{one.name[:2]} {one.title}" for one in LESSONS}),
    Again("seed", "Read my progress again"),
)
ACROSS, WIDE, HIGH, GAP = 3, 270, 134, 16
TITLE_WIDTH = 22  # letters of a tile's title in one line


def view(**settings: Any) -> Explorer:
    """The map as a widget; each change reads the learner's progress anew."""
    return Explorer(TITLE, CONTROLS, lambda **s: figure(progress.board(), **s), given=settings)


def figure(board: progress.Board | None = None, **settings: Any) -> Frame:
    """Draw the map of the course, with the parts of `board` that are solved; None is a course not yet begun.

    Settings: `lesson`, the notebook whose parts are listed; `seed` has no meaning but to look again.
    Raises `SettingsError` for a setting out of range.
    """
    s = complete(CONTROLS, settings)
    parts = dict(board.lessons) if board is not None else {}
    points, most = (board.points, board.max_points) if board is not None else (0, 0)
    tiles = [
        _tile(k, lesson, parts.get(lesson.name, ()), chosen=lesson.name == s["lesson"])
        for k, lesson in enumerate(LESSONS)
    ]
    rows = -(-len(LESSONS) // ACROSS)
    sheet = svg.Sheet(ACROSS * (WIDE + GAP) - GAP + 12, rows * (HIGH + GAP) + 4, tuple(tiles))
    coming = board.next_part if board is not None else None
    after = f"Next: {coming['part']} {coming['name']}." if coming else ""
    solved = sum(row["solved"] for its in parts.values() for row in its)
    every = sum(len(its) for its in parts.values())
    status = f"{solved} of {every} parts solved, {points} of {most} points. {after}".strip()
    return Frame(
        svg.document(sheet, label="Map of the course", role="group"),
        alt=f"Map of the course, {len(LESSONS)} lessons: "
        + "; ".join(f"{one.name[:2]} {one.title}, {_solved(parts.get(one.name, ()))}" for one in LESSONS)
        + ".",
        status=status,
        panel=_panel(s["lesson"], parts.get(s["lesson"], ())),
        numbers={"points": points, "solved": solved, "parts": every},
    )


def _tile(k: int, lesson: outline.Notebook, its: Any, *, chosen: bool) -> str:
    """One lesson: its number and title, the questions it answers, a box for each part."""
    x, y = 6 + (k % ACROSS) * (WIDE + GAP), 6 + (k // ACROSS) * (HIGH + GAP)
    number = lesson.name[:2]
    edge = {"stroke": BLUE, "stroke_width": 4} if chosen else {"stroke": GREY, "stroke_width": 1.5}
    parts = [
        svg.rect(x, y, WIDE, HIGH, fill=PAPER, rx=10, **edge),
        svg.text(x + 14, y + 32, number, size=22, anchor="start", font_weight="bold", fill=BLUE),
        svg.text(x + 50, y + 74, _said(lesson.questions), size=15, anchor="start", fill=GREY),
    ]
    for j, words in enumerate(textwrap.wrap(lesson.title, TITLE_WIDTH)):
        line = y + 32 + 20 * j
        parts.append(svg.text(x + 50, line, words, size=15, anchor="start", font_weight="bold", plain=True))
    for j, row in enumerate(its):
        left, top = x + 14 + j * 35, y + 90
        fill, sign = (SKY, "✓") if row["solved"] else (PALE, row["part"].split(".")[1])
        parts.append(svg.rect(left, top, 32, 32, fill=fill, stroke=INK, rx=5))
        parts.append(svg.text(left + 16, top + 22, sign, size=16))
    says = f"Lesson {number}, {lesson.title}: {_solved(its)}"
    button: dict[str, Any] = {"role": "button", "tabindex": 0, "aria_pressed": str(chosen).lower()}
    return svg.group(*parts, data_name="lesson", data_value=lesson.name, aria_label=says, **button)


def _said(questions: str) -> str:
    """ "1, 4" as "questions 1, 4"."""
    if questions in ("", "all"):
        return questions and "all questions"
    return f"question{'s' if ',' in questions else ''} {questions}"


def _solved(its: Any) -> str:
    return f"{sum(row['solved'] for row in its)} of {len(its)} parts solved" if its else "no graded parts"


def _points(row: Any) -> str:
    return f"{row['points']} of {row['max_points']}" if row["max_points"] else "for practice"


def _panel(name: str, its: Any) -> str:
    """The parts of one lesson: points, hints read, and the misconceptions that were met."""
    if not its:
        return f"<p>{escape(name)} has no graded parts: read it, run it, and go on.</p>"
    rows = "".join(
        f"<tr><th scope='row'>{row['part']} {escape(row['name'])}</th>"
        f"<td>{_points(row)}</td><td>{'solved' if row['solved'] else 'open'}</td>"
        f"<td>{escape(', '.join(row['misconceptions'])) or 'none yet'}</td></tr>"
        for row in its
    )
    heads = "".join(
        f"<th scope='col'>{head}</th>" for head in ("part", "points", "state", "misconceptions met")
    )
    return f"<table><caption>exercises/{escape(name)}</caption><tr>{heads}</tr>{rows}</table>"
