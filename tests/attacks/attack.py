"""What an attack is: a submission, the points that it deserves, and what it must not have reached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import submissions
from submissions import cell, solved

WRONG = submissions.SWAPPED  # a wrong lstm_step; the other three parts are right
WITHOUT_LSTM = 65


@dataclass(frozen=True)
class Attack:
    """One submission of a hostile class.

    `points`: what it deserves: exactly that it must get.
    `hand_in`: writes it into the student's folder.
    `statuses`: by function name, the statuses that are meant where they matter.
    """

    points: int
    hand_in: Callable[[Path], Any]
    statuses: dict[str, str] | None = None


def in_the_answer(source: str, points: int = WITHOUT_LSTM, status: str | None = None) -> Attack:
    """The attack stands in lstm_step's cell; the other parts are right."""
    return notebook(solved(lstm_step=source), points, {"lstm_step": status} if status else None)


def beside_the_answers(source: str, points: int = 100, *, last: bool = False) -> Attack:
    """The attack stands in a cell of its own, before or after right answers."""
    cells = solved()
    return notebook([*cells, cell(source)] if last else [*cells[:2], cell(source), *cells[2:]], points)


def notebook(cells: list[dict[str, Any]], points: int, statuses: dict[str, str] | None = None) -> Attack:
    return raw(submissions.notebook(cells), points, statuses)


def raw(data: bytes, points: int, statuses: dict[str, str] | None = None) -> Attack:
    return Attack(points, lambda folder: submissions.write(folder, data), statuses)


def unless(reach: str) -> str:
    """An lstm_step that is right if `reach` (statements that set `reached`) succeeds, else wrong.

    So the points show whether the attack worked.
    """
    indented = "\n".join(f"    {line}" for line in reach.strip().splitlines())
    return f"""
reached = None
try:
{indented}
except BaseException:
    pass
{submissions.RIGHT["lstm_step"].replace("lstm_step", "_right")}
{WRONG.replace("lstm_step", "_wrong")}
def lstm_step(x, h, c, W, U, b):
    return (_right if reached else _wrong)(x, h, c, W, U, b)
"""
