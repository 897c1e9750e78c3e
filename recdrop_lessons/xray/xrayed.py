"""The report of an X-ray: as text, as a page in a notebook, as plain data."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recdrop_lessons.xray import rules as rules  # each adds itself to those of `judge`
from recdrop_lessons.xray.judging import Evidence, XrayFinding, judge
from recdrop_lessons.xray.passes import EVALUATION, TRAINING
from recdrop_lessons.xray.seen import SeenSite

_NUMBER = re.compile(r"(^|\.)\d+(?=\.|$)")  # of a layer in a list
COLUMNS = ("where", "value", "drawn", "noise", "rate", "in eval")


@dataclass(frozen=True)
class XrayReport:
    """Where a model drops, and what is wrong.

    `sites`: each line where a mask or noise meets data. `findings`: the faults, errors first.
    `unseen`: what xray could not look into. `cell`: "LSTM" or "GRU", if the model has one.
    """

    model: str
    sites: Sequence[SeenSite]
    findings: Sequence[XrayFinding]
    unseen: Sequence[str] = ()
    cell: str | None = None

    def to_json(self) -> str:
        """The report as one JSON object: model, sites, findings, unseen."""
        return json.dumps(self.record(), indent=2)

    def record(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "sites": [site.record() for site in self.sites],
            "findings": [finding.record() for finding in self.findings],
            "unseen": list(self.unseen),
        }

    def rows(self) -> list[tuple[str, ...]]:
        """A row of text, under `COLUMNS`, for each site that reaches the outputs; one for layers alike."""
        alike: dict[tuple[str, ...], list[SeenSite]] = {}
        for site in self.sites:
            if site.reaches:
                alike.setdefault(_row(site, _NUMBER.sub(r"\1*", site.module), ""), []).append(site)
        return [_row(*_together(sites)) for sites in alike.values()]

    def __str__(self) -> str:
        passes = f"{TRAINING} training passes, {EVALUATION} evaluation passes, each with another seed"
        text = [f"{self.model} · {passes}", *_aligned([COLUMNS, *self.rows()] if self.rows() else [])]
        text += [f"  Not seen: {one}" for one in self.unseen]
        if not self.findings:
            text.append("Nothing found." if self.rows() else "Nothing found, and nothing is dropped.")
            return "\n".join(text)
        text.append(f"{len(self.findings)} finding{'s' * (len(self.findings) > 1)}")
        for one in self.findings:
            at = f"{Path(one.file).name}:{one.line}" if one.line else one.module or self.model
            text.append(f"  {one.severity}  {one.slug}  {at}")
            text.append(f"      {one.message} {one.cure} → lesson {one.lesson}")
        return "\n".join(text)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from recdrop_lessons.xray.notebook_page import page

        return page(self)


def report_on(evidence: Evidence) -> XrayReport:
    """The report of what the passes showed."""
    unseen = dict.fromkeys(one for run in evidence.passes.training for one in sorted(run.unseen))
    kinds = [type(module).__name__ for module in evidence.model.modules()]
    cell = next((cell for kind in kinds for cell in ("LSTM", "GRU") if kind.startswith(cell)), None)
    return XrayReport(type(evidence.model).__name__, evidence.sites, judge(evidence), tuple(unseen), cell)


def _together(sites: Sequence[SeenSite]) -> tuple[SeenSite, str, str]:
    """Sites that are alike as one: the first, the module with a star for its number, the mean rate."""
    rates = [site.rate for site in sites if site.rate is not None]
    rate = f"{sum(rates) / len(rates):.2f}" if rates else "–"
    if len(sites) == 1:
        return sites[0], sites[0].module, rate
    starred = _NUMBER.sub(r"\1*", sites[0].module)
    return sites[0], f"{starred} ×{len(sites)}", rate


def _row(site: SeenSite, module: str, rate: str) -> tuple[str, ...]:
    where = module or site.first.line.function or "forward"
    return (
        f"{where}  {site.first.line}", str(site.shape), site.drawn, site.noise, rate,
        "on" if site.in_evaluation else "off",
    )  # fmt: skip


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[k]) for row in rows) for k in range(len(COLUMNS))] if rows else []
    return [
        "  " + "  ".join(f"{cell:{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
