"""The report in a notebook: table, findings, and the picture of lesson 03 with the model's own masks."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

import torch
from torch import Tensor

from recdrop_lessons.algebra.drops import Drop
from recdrop_lessons.plots import svg, unrolled
from recdrop_lessons.plots.style import EMBER, Picture
from recdrop_lessons.plots.tokens import UNITS
from recdrop_lessons.xray.seen import SeenSite
from recdrop_lessons.xray.xrayed import COLUMNS, XrayReport

STEPS = 3  # of the picture


def page(report: XrayReport) -> str:
    """The whole report as HTML."""
    parts = [f"<p><strong>{escape(report.model)}</strong>: {_summary(report)}</p>", _table(report)]
    parts += [f"<p>Not seen: {escape(one)}</p>" for one in report.unseen]
    parts += [_finding(one) for one in report.findings]
    picture = unrolled_picture(report)
    return "".join(parts) + (picture.html() if picture else "")


def _summary(report: XrayReport) -> str:
    count = len(report.findings)
    return f"{count} finding{'s' * (count > 1)}" if count else "nothing found"


def _table(report: XrayReport) -> str:
    head = "".join(f"<th>{name}</th>" for name in COLUMNS)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in report.rows())
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if rows else ""


def _finding(one: object) -> str:
    from recdrop_lessons.xray.judging import XrayFinding

    assert isinstance(one, XrayFinding)
    at = f"{Path(one.file).name}:{one.line}" if one.line else one.module
    return (
        f'<p><strong style="color:{EMBER}">{one.severity}: {one.slug}</strong> {escape(at)}<br>'
        f"{escape(one.message)} {escape(one.cure)} Lesson {one.lesson}.</p>"
    )


def unrolled_picture(report: XrayReport) -> Picture | None:
    """The model's LSTM or GRU over three steps, with the masks of the first pass; None without these."""
    drops, masks, notes = {}, {}, {}
    for site in report.sites:
        place = _place(site)
        if place and place not in drops and (mask := _over_time(site)) is not None:
            shared = ("time",) if mask.shape[0] == 1 else ()
            drops[place] = Drop(place, min(site.rate or 0.5, 0.99), shared=shared, noise="binary")
            masks[place] = mask.numpy()
            notes[place] = str(site.first.line)
    if not drops or report.cell is None:
        return None
    sheet = unrolled.sheet(report.cell, drops.values(), masks=masks, notes=notes, pickable=False)
    alt = unrolled.describe(report.cell, drops.values())
    caption = f"The masks of {report.model} in its first training pass: the first example, {UNITS} units."
    return Picture(
        svg.document(sheet, label=f"Unrolled {report.cell} with the masks of {report.model}"), alt, caption
    )


def _place(site: SeenSite) -> str | None:
    """Which site of the picture a mask belongs to, by the weights that its value comes from and goes to."""
    if not site.is_mask or not site.reaches:
        return None
    fed = {name for call in site.passes[0] for name in call.feeds}
    if site.first.weights:
        return None
    if any("weight_ih" in name for name in fed):
        return "input"
    if any("weight_hh" in name for name in fed):
        return "recurrent"
    return "output" if site.follows_a_cell else None


def _over_time(site: SeenSite) -> Tensor | None:
    """The masks of the first example at three steps, or one for all: (3 or 1, 1, units)."""
    steps = list(_steps(site))[:STEPS]
    if len(steps) < STEPS and len(steps) != 1 or steps[0].numel() < UNITS:
        return None
    shown = torch.stack([step.flatten()[:UNITS] for step in steps])
    if bool((shown == shown[:1]).all()):
        shown = shown[:1]
    return shown[:, None].to(torch.float64)


def _steps(site: SeenSite) -> Iterator[Tensor]:
    calls = site.passes[0]
    if len(calls) >= STEPS:
        for call in calls:
            full = call.full()
            if full is not None:
                yield full.reshape(-1, full.shape[-1])[0]
        return
    full = calls[0].full()
    if full is None or not full.dim():
        return
    if site.batch_axes and full.dim() > 1 and site.batch_axes[0] < full.dim() - 1:
        full = full.select(site.batch_axes[0], 0)
    yield from full.reshape(-1, full.shape[-1])
