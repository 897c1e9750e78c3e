"""A result as the learner sees it: a table in the notebook, the same in plain text elsewhere."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

from recdrop_lessons.checks.answer import Status
from recdrop_lessons.checks.parts import PartResult, PictureData, scored
from recdrop_lessons.plots.beside import in_words, yours_beside_right

# Text and ground are both set, so that the tables read well in a light and in a dark theme.
_CELL = "padding:2px 8px;text-align:right;border:1px solid #bbb;color:#111;background:"
_SAME, _APART, _RIGHT = "#ffffff", "#fbd5a5", "#cfe4f7"
_BOX = (
    "border:1px solid #888;border-left:6px solid {};padding:8px 14px;max-width:60em;"
    "color:#111;background:#fcfcfc"
)
_CODE = "margin:6px 0;font-family:monospace;color:#111;background:#f2f2f2"
_BLUE, _ORANGE = "#0072b2", "#a84300"  # apart for every kind of colour vision, and dark enough to read


# In the place of what is meant, the first time that a misconception is found.
SAID_LATER = "Change your answer and check again: if the same is found, more is said."


def told(result: PartResult) -> list[str]:
    """What was found, line by line: what was done, what is meant once that is due, where and by how much."""
    found, message = result.details, result.message
    said = found.get("said", "")
    lines = [message.removesuffix(said).rstrip(), said] if said and message.endswith(said) else [message]
    lines.append(found.get("difference", ""))
    if result.meant:
        lines.insert(1 if result.again else len(lines), result.meant if result.again else SAID_LATER)
    return [line for line in lines if line]


def pictured(picture: PictureData | None) -> list[str]:
    """The picture line by line, for a terminal, and the explorer that shows the mistake."""
    if not picture:
        return []
    lines = [title(picture), *(f"  {line}" for line in in_words(picture))] if "input" in picture else []
    if "explorer" in picture:
        settings = ", ".join(f"{name}={value!r}" for name, value in picture["settings"].items())
        lines.append(f"Explorer, in a notebook: {picture['explorer']}.view({settings})  # {picture['words']}")
    return lines


def title(picture: PictureData) -> str:
    """What the picture is of."""
    kind = "A small mask" if picture.get("mask") else "The smallest input on which it fails"
    return f"{kind}: {picture['input']}"


@dataclass(frozen=True)
class Report:
    """One part's result; shows itself in a notebook as HTML and anywhere else as text."""

    result: PartResult
    printed: str = ""

    def __repr__(self) -> str:
        return self.text()

    def text(self) -> str:
        r = self.result
        lines = [f"{_sign(r)} {r.part} {r.name}: {scored(r.points, r.max_points)}"]
        if r.misconception:
            lines.append(f"  Misconception: {r.misconception}")
        d = r.details
        lines += [f"  {line}" for line in told(r)]
        if r.status != Status.OK:
            if "case" in d:
                lines.append(f"  Tried on: {d['case']}")
            lines += [f"    {name}: {shape} {dtype}".rstrip() for name, shape, dtype in d.get("inputs", [])]
            for title, key in (("Yours", "yours"), ("Right", "right")):
                if key in d:
                    lines.append(f"  {title}, {d['output']}: {_head(d[key])}")
                    lines += _rows(d[key], d.get("marks"))
            lines += [f"  {name}: {value}" for name, value in d.get("measured", [])]
            if d.get("traceback"):
                lines += ["  Where it was raised:", *(f"    {line}" for line in d["traceback"].splitlines())]
        lines += [f"  {line}" for line in pictured(r.picture)]
        if r.hint:
            lines.append(f"  Hint: {r.hint}")
        if self.printed:
            lines += ["  Your function printed:", *(f"    {line}" for line in self.printed.splitlines())]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        r, d, e = self.result, self.result.details, html.escape
        solved = r.status == Status.OK
        colour = _BLUE if solved else _ORANGE
        body = [
            f'<div style="{_BOX.format(colour)}" role="status">',
            f'<div style="font-weight:bold;color:{colour}">{_sign(r)} {e(r.part)} '
            f'<code style="color:inherit">{e(r.name)}</code>: {scored(r.points, r.max_points)}</div>',
        ]
        if r.misconception:
            body.append(f'<div style="margin-top:4px">Misconception: <b>{e(r.misconception)}</b></div>')
        for line in told(r):
            looks = ";font-weight:bold" if r.again and line == r.meant else ""
            body.append(f'<div style="margin-top:4px{looks}">{e(line)}</div>')
        if r.picture:
            body += _picture_html(r.picture)
        if not solved:
            body += _inputs_html(d)
            if "yours" in d:
                body.append(_beside_html(d))
            if d.get("measured"):
                body.append(_table_html("Measured", ["", ""], d["measured"]))
            if d.get("traceback"):
                body.append(f'<pre style="{_CODE}">{e(d["traceback"])}</pre>')
        if r.hint:
            body.append(f'<div style="margin-top:6px">Hint: {e(r.hint)}</div>')
        if self.printed:
            body.append(
                f"<details><summary>Your function printed</summary><pre>{e(self.printed)}</pre></details>"
            )
        return "\n".join([*body, "</div>"])


def _sign(result: PartResult) -> str:
    return {Status.OK: "✓", Status.NOT_HERE: "–"}.get(result.status, "✗")


def _picture_html(picture: PictureData) -> list[str]:
    drawn = "".join(one.html() for one in yours_beside_right(picture))
    if not drawn:
        return []
    said = f'<div style="margin-top:6px">{html.escape(title(picture))}'
    if "said" in picture:
        said += f"; yours: {html.escape(picture['said'])}"
    return [f"{said}</div>", f'<div style="display:flex;flex-wrap:wrap;gap:0 2em">{drawn}</div>']


def _inputs_html(details: dict[str, Any]) -> list[str]:
    if "inputs" not in details:
        return [f"<div>Tried on: {html.escape(details['case'])}</div>"] if "case" in details else []
    title = f"Tried on: {details.get('case', 'these inputs')}"
    table = _table_html(title, ["input", "shape or value", "kind"], details["inputs"])
    return [f'<details style="margin-top:4px"><summary>{html.escape(title)}</summary>{table}</details>']


def _table_html(caption: str, head: list[str], rows: list[list[str]]) -> str:
    e, cell = html.escape, f'style="{_CELL}{_SAME}"'
    top = "".join(f'<th scope="col" {cell}>{e(title)}</th>' for title in head)
    body = "".join(f"<tr>{''.join(f'<td {cell}>{e(str(c))}</td>' for c in row)}</tr>" for row in rows)
    return (
        '<table style="border-collapse:collapse;margin:6px 0">'
        f'<caption style="caption-side:top;text-align:left;color:#111">{e(caption)}</caption>'
        f"{f'<tr>{top}</tr>' if any(head) else ''}{body}</table>"
    )


def _beside_html(details: dict[str, Any]) -> str:
    """Yours and right side by side; a place that differs is coloured and marked with ≠."""
    marks = details.get("marks")
    both = "".join(
        '<div style="display:inline-block;vertical-align:top;margin-right:2em">'
        f"<div>{title}, {html.escape(details['output'])}: {html.escape(_head(details[key]))}</div>"
        f"{_grid_html(details[key], marks, colour, title)}</div>"
        for title, key, colour in (("Yours", "yours", _APART), ("Right", "right", _RIGHT))
    )
    return f'<div style="margin-top:6px">{both}</div>'


def _grid_html(side: dict[str, Any], marks: list[list[bool]] | None, colour: str, title: str) -> str:
    if "values" not in side:
        return ""
    rows = []
    for i, row in enumerate(side["values"]):
        cells = []
        for j, value in enumerate(row):
            apart = bool(marks and marks[i][j])
            sign = "≠ " if apart and title == "Yours" else ""
            cells.append(f'<td style="{_CELL}{colour if apart else _SAME}">{sign}{html.escape(value)}</td>')
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f'<table style="border-collapse:collapse" aria-label="{title}">{"".join(rows)}</table>'


def _head(side: dict[str, Any]) -> str:
    if "text" in side:
        return str(side["text"])
    return f"shape {tuple(side['shape'])}" + (f", {side['dtype']}" if side["dtype"] else "")


def _rows(side: dict[str, Any], marks: list[list[bool]] | None) -> list[str]:
    if "values" not in side:
        return []
    return [
        "    " + " ".join(f"{'≠' if marks and marks[i][j] else ' '}{value:>9}" for j, value in enumerate(row))
        for i, row in enumerate(side["values"])
    ]
