"""The page of `recdrop insights`: tables, one picture, no student's name. No script, nothing loaded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from recdrop_lessons.course.marked_text import inline_html
from recdrop_lessons.course.predictions.prediction_file import find
from recdrop_lessons.course.predictions.predictions_shown import choices_html
from recdrop_lessons.grading.insights import ENOUGH, Insights
from recdrop_lessons.grading.names import shown
from recdrop_lessons.grading.pages import page
from recdrop_lessons.plots import svg
from recdrop_lessons.plots.charts import Axes, Line
from recdrop_lessons.plots.style import BLUE, VERMILION

SHOWN = 12  # rows of a table, the hardest first


def insights_page(found: Insights) -> str:
    """One page of a class over the lessons."""
    body = [
        f"<p>{found.students} students handed in; {found.learners} gave their predictions. "
        "No name stands on this page.</p>",
        *_to_discuss(found),
        *_over_the_lessons(found),
        *_predictions(found),
        *_misconceptions(found),
        *_hardest(found),
    ]
    if found.unread:
        names = ", ".join(f"<bdi>{escape(shown(name))}</bdi>" for name in found.unread)
        body.append(f"<p>Could not be read: {names}.</p>")
    return page("Insights into a class", body)


def _to_discuss(found: Insights) -> list[str]:
    lines = ["<h2>To discuss next</h2>"]
    if one := found.to_discuss:
        count = found.predictions[one.name]
        lines += [
            f"<p><strong>{inline_html(one.question)}</strong> (lesson {one.name[:2]})</p>",
            choices_html(one),
            f"<p>{escape(str(count))}: of all predictions with at least {ENOUGH} answers this one "
            "divides the class most evenly. Let neighbours convince each other, ask again, run "
            "the cell.</p>",
            f"<details><summary>The answer</summary><p>{inline_html(one.right_in_words)}</p>"
            f"<p>{inline_html(one.why)}</p><p>Easy to get wrong: {inline_html(one.trap)}</p></details>",
        ]
    else:
        lines.append(f"<p>No prediction has {ENOUGH} answers yet.</p>")
    if found.misconceptions:
        first = found.misconceptions[0]
        lines.append(
            f"<p>The misconception that most students have: <strong>{escape(first.slug)}</strong> "
            f"({first.students} of {found.students}; {_in_parts(first.parts)}).</p>"
        )
    return lines


def _over_the_lessons(found: Insights) -> list[str]:
    rows = [
        (number, _percent(predicted), _percent(parts)) for number, (predicted, parts) in found.lessons.items()
    ]
    if not rows:
        return []
    table = _table(("lesson", "predictions wrong", "parts not right"), rows, numbers=(1, 2))
    return ["<h2>Over the lessons</h2>", *table, f"<figure>{_picture(found)}</figure>"]


def _picture(found: Insights) -> str:
    """Two curves over the lessons: predictions wrong before, parts not right after."""
    numbers = list(found.lessons)
    x = np.arange(len(numbers), dtype=float)
    axes = Axes(560, 190, (-0.5, max(len(numbers) - 0.5, 0.5)), (0, 1))
    parts = axes.frame(
        title="Before and after, lesson by lesson",
        x="lesson",
        y="fraction wrong",
        x_ticks=dict(zip(x.tolist(), numbers, strict=True)),
        y_ticks={0.0: "0", 0.5: "½", 1.0: "1"},
    )
    looks = (("predictions wrong", BLUE, None), ("parts not right", VERMILION, "7 4"))
    for k, (name, colour, dash) in enumerate(looks):
        y = np.array([np.nan if pair[k] is None else pair[k] for pair in found.lessons.values()], dtype=float)
        parts.append(axes.line(Line(name, x, y, colour, dash)))
        parts += [axes.dot(a, b, colour=colour) for a, b in zip(x, y, strict=True) if np.isfinite(b)]
        left = 62 + 230 * k
        parts.append(svg.line([(left, 296), (left + 34, 296)], stroke=colour, width=3, stroke_dasharray=dash))
        parts.append(svg.text(left + 42, 301, name, size=15, anchor="start"))
    alt = "Fraction wrong at each lesson, of predictions and of graded parts; the table has the numbers."
    return svg.document(svg.Sheet(640, 312, tuple(parts)), label=alt)


def _predictions(found: Insights) -> list[str]:
    if not found.predictions:
        return ["<h2>Predictions</h2><p>None was gathered.</p>"]
    rows = []
    for name, count in list(found.predictions.items())[:SHOWN]:
        wrong = f"{inline_html(count.commonest[0])} ({count.commonest[1]})" if count.commonest else ""
        rows.append(
            (
                inline_html(find(name).question),
                f"{count.wrong} of {count.answered}",
                _bar(count.fraction_wrong),
                wrong,
            )
        )
    head = ("prediction", "wrong", "fraction", "most common wrong answer")
    return ["<h2>Predictions, most often wrong first</h2>", *_table(head, rows, numbers=(1,))]


def _misconceptions(found: Insights) -> list[str]:
    if not found.misconceptions:
        return ["<h2>Misconceptions over the lessons</h2><p>None was recognised.</p>"]
    rows = [
        (
            f"<strong>{escape(one.slug)}</strong>",
            f"{one.students} of {found.students}",
            _bar(one.students / found.students),
            escape(_in_parts(one.parts)),
        )
        for one in found.misconceptions[:SHOWN]
    ]
    head = ("misconception", "students", "fraction", "where")
    return ["<h2>Misconceptions over the lessons</h2>", *_table(head, rows, numbers=(1,))]


def _hardest(found: Insights) -> list[str]:
    hard = [one for one in found.parts if one.right < one.of][:SHOWN]
    if not hard:
        return ["<h2>Hardest parts</h2><p>All parts are right.</p>"]
    rows = [
        (
            escape(one.part),
            f"{one.of - one.right} of {one.of}",
            _bar(one.fraction_wrong),
            escape(f"{one.commonest[0]} ({one.commonest[1]})") if one.commonest else "",
        )
        for one in hard
    ]
    head = ("part", "not right", "fraction", "most common misconception")
    return ["<h2>Hardest parts</h2>", *_table(head, rows, numbers=(1,))]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> list[str]:
    top = "".join(f'<th scope="col">{name}</th>' for name in head)
    lines = [f'<div class="wide"><table><tr>{top}</tr>']
    for row in rows:
        looks = (' class="number"' if k in numbers else "" for k in range(len(row)))
        cells = (f"<td{look}>{cell}</td>" for look, cell in zip(looks, row, strict=True))
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return [*lines, "</table></div>"]


def _bar(fraction: float) -> str:
    said = f"{100 * fraction:.0f} %"
    bar = f'<div class="bar" style="width: {100 * fraction:.1f}%" role="img" aria-label="{said}"></div>'
    return f'<div style="width: 8em">{bar}</div>'


def _percent(fraction: float | None) -> str:
    return "" if fraction is None else f"{100 * fraction:.0f} %"


def _in_parts(parts: Sequence[str]) -> str:
    return f"part{'s' * (len(parts) > 1)} {', '.join(parts)}"
