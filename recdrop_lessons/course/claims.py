"""Claims on trial: an answer that people copy, and the running code that decides it.

A lesson's cell computes whether the claim holds and ends with `trial(...)`. Such a cell is tagged `claim`,
its id starts with `claim-`, and nbval checks its output, so that a framework's release that changes the
verdict breaks the build. `collect` gathers the verdicts of all lessons into one page for readers, with their
reasons, sources and releases; `collect_for_authors` says which cell and test hold each.
"""

from __future__ import annotations

import ast
import html
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from recdrop_lessons.course import sources
from recdrop_lessons.course.sources import Source
from recdrop_lessons.releases.matrix import read as read_matrix
from recdrop_lessons.support.errors import RecdropError

#: Verdicts and their symbols: shape and word say it, colour is not needed.
VERDICTS = {"true": "✔", "half true": "◐", "false": "✘"}


class ClaimError(RecdropError):
    """A verdict that was typed and not computed, or a trial that the page cannot read."""


@dataclass(frozen=True)
class Trial:
    """A claim, its verdict ("true", "half true", "false") and the reason in one sentence."""

    claim: str
    verdict: str
    because: str

    def __repr__(self) -> str:
        return (
            f"Claim: {self.claim}\nVerdict: {VERDICTS[self.verdict]} {self.verdict}\nBecause: {self.because}"
        )

    def _repr_html_(self) -> str:
        # Only the border: text and background stay the theme's own, light or dark.
        return (
            '<div style="border-left: 4px solid currentColor; padding-left: 1em">'
            f"<p>Claim: <q>{_inline(self.claim)}</q></p>"
            f"<p><strong>{VERDICTS[self.verdict]} {self.verdict}</strong>: {_inline(self.because)}</p></div>"
        )


def trial(claim: str, *, holds: bool, half: bool = False, because: str) -> Trial:
    """Decide a claim by what a lesson's cell has just computed.

    `holds`: the claim is true as it is worded. `half`: it is not, but part of it is, or it is in some cases.
    Neither: it is false. `because`: the reason in one sentence; `code` between backticks.
    Raises `ClaimError` when both are true, or one of them is not a truth value.
    """
    held, partly = _truth("holds", holds), _truth("half", half)
    if held and partly:
        raise ClaimError(
            "holds and half are both true: a claim is true as it is worded, or only in part. "
            "Pass half=some and not all, holds=all."
        )
    verdict = "true" if held else "half true" if partly else "false"
    return Trial(" ".join(claim.split()), verdict, " ".join(because.split()))


class ClaimRow(NamedTuple):
    """One line of the page of claims."""

    claim: str
    verdict: str
    because: str  # the reason in one sentence
    lesson: str  # the notebook's title
    notebook: str  # its file name
    cell: str  # the cell's id
    test: str  # what fails if the verdict changes


def read(notebooks: Iterable[str | Path]) -> list[ClaimRow]:
    """The trials in these notebooks, in the order of reading, from the cells' stored outputs.

    A cell's metadata may name a further test: `{"recdrop": {"test": "tests/…::test_…"}}`.
    Raises `ClaimError`, naming notebook and cell, for a trial that has no stored output, that nbval does not
    check, that is tagged but not named `claim-…` (or the reverse), or whose verdict is typed in.
    """
    return [row for path in sorted(map(Path, notebooks)) for row in _read_one(path)]


def collect(notebooks: Iterable[str | Path]) -> str:
    """One Markdown table of all trials in these notebooks: claim, verdict, reason, releases, source."""
    known, origins = read_matrix(), sources.read()
    lines = [
        "| claim | verdict | because | by release | source |",
        "|---|---|---|---|---|",
    ]
    for row in read(notebooks):
        origin = origins.get(row.cell, Source())
        link = f"[{row.lesson}]({row.notebook}#cell-id={row.cell})"  # JupyterLab scrolls to the cell
        verdict = f"{VERDICTS[row.verdict]} {row.verdict}"
        cells = (
            f"{row.claim} ({link})",
            verdict,
            row.because,
            origin.by_release(known) or "–",
            origin.link(),
        )
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join(lines) + "\n"


def collect_for_authors(notebooks: Iterable[str | Path]) -> str:
    """One Markdown table of all trials: claim, the cell that decides it, the tests that hold the verdict."""
    lines = ["| claim | cell | test |", "|---|---|---|"]
    lines += [f"| {_cell(row.claim)} | `{row.cell}` | {row.test} |" for row in read(notebooks)]
    return "\n".join(lines) + "\n"


# --- how it is done -----------------------------------------------------------------------------------------


def _truth(name: str, value: Any) -> bool:
    """A bool, or NumPy's or torch's single one, as Python's own; numbers and arrays are refused."""
    if getattr(value, "shape", None) == ():
        value = value.item()
    if not isinstance(value, bool):
        raise ClaimError(
            f"{name} = {value!r} is not a truth value: compare it with something, or use bool(...)."
        )
    return value


def _inline(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def _read_one(path: Path) -> list[ClaimRow]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    title = next(
        (
            line.lstrip("# ").strip()
            for cell in cells
            if cell["cell_type"] == "markdown"
            for line in _text(cell["source"]).splitlines()
            if line.startswith("# ")
        ),
        path.stem,
    )
    rows = []
    code_cells = [cell for cell in cells if cell["cell_type"] == "code"]
    for number, cell in enumerate(code_cells):  # nbval counts code cells, from 0
        name, metadata = cell.get("id", ""), cell["metadata"]
        tagged, named = "claim" in metadata.get("tags", []), name.startswith("claim-")
        if not (tagged or named):
            continue
        where = f"{path.name}, cell {name!r}"
        if tagged != named:
            raise ClaimError(
                f"{where}: a trial has both the tag `claim` and an id that starts with `claim-`."
            )
        _check_source(_text(cell["source"]), metadata.get("tags", []), where)
        claim, verdict, because = _stored(cell["outputs"], where)
        tests = [f"`{path.parent.name}/{path.name}::Cell {number}`"]
        if "test" in metadata.get("recdrop", {}):
            tests.append(f"`{metadata['recdrop']['test']}`")
        rows.append(
            ClaimRow(
                claim=claim,
                verdict=verdict,
                because=because,
                lesson=title,
                notebook=path.name,
                cell=name,
                test=", ".join(tests),
            )
        )
    return rows


def _text(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)


def _check_source(source: str, tags: list[str], where: str) -> None:
    """The verdict is computed, and nbval looks at it."""
    if not (re.search(r"^\s*#\s*NBVAL_CHECK_OUTPUT", source, re.MULTILINE) or "nbval-check-output" in tags):
        raise ClaimError(f"{where}: nbval would not check it. Add the line `# NBVAL_CHECK_OUTPUT`.")
    calls = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and "trial" in (getattr(node.func, "id", ""), getattr(node.func, "attr", ""))
    ]
    if len(calls) != 1:
        raise ClaimError(f"{where}: {len(calls)} calls of `trial` were found, one is expected.")
    for argument in calls[0].keywords:
        typed = not any(isinstance(node, ast.Name | ast.Call) for node in ast.walk(argument.value))
        if argument.arg in ("holds", "half") and typed:
            raise ClaimError(
                f"{where}: {argument.arg}={ast.unparse(argument.value)} is typed in. "
                "Compute it from what the framework does."
            )


def _stored(outputs: list[dict[str, Any]], where: str) -> tuple[str, str, str]:
    """Claim, verdict and reason from a cell's stored text output (see `Trial.__repr__`)."""
    for output in outputs:
        text = _text(output.get("data", {}).get("text/plain", ""))
        found = re.match(r"Claim: (.+)\nVerdict: \S+ (true|half true|false)\nBecause: (.*)", text)
        if found:
            return found[1], found[2], found[3]
    raise ClaimError(f"{where}: no verdict is stored. End the cell with `trial(...)` and run the notebook.")
