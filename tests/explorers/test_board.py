"""Lesson 00's map: what is solved is drawn and said."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from recdrop_lessons import progress
from recdrop_lessons.explorers import board


def part(number: str, *, solved: bool) -> dict[str, Any]:
    return {
        "part": number, "name": f"part_{number}", "max_points": 50, "points": 50 * solved, "solved": solved,
        "hints": 0, "misconceptions": ["gate-order"] if not solved else [],
    }  # fmt: skip


BOARD = progress.Board((("01_cells", (part("1.1", solved=True), part("1.2", solved=False))),))


def test_the_map_says_what_is_solved_and_what_comes_next() -> None:
    frame = board.figure(BOARD)
    assert frame.status == "1 of 2 parts solved, 50 of 100 points. Next: 1.2 part_1.2."
    assert "01 Cells, 1 of 2 parts solved" in frame.alt
    assert frame.svg.count(">✓<") == 1
    assert "gate-order" in frame.panel and "part_1.1" in frame.panel


@pytest.mark.parametrize("lesson", [one.name for one in board.LESSONS])
def test_each_lesson_can_be_chosen_and_only_it_is_pressed(lesson: str) -> None:
    tiles = ET.fromstring(board.figure(BOARD, lesson=lesson).svg).findall(".//*[@data-value]")
    assert [t.get("data-value") for t in tiles if t.get("aria-pressed") == "true"] == [lesson]


def test_the_view_reads_the_progress_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECDROP_FOLDER", str(tmp_path))
    view = board.view()
    before = view.frame["status"]
    assert before.startswith("0 of ")
    number = progress.board().next_part["part"]  # type: ignore[index]
    (tmp_path / ".recdrop").mkdir(exist_ok=True)
    store = progress.load()
    store["parts"][number] = {"solved": True, "points": 1, "checks": 1, "hints": 0, "misconceptions": []}
    import json

    (tmp_path / ".recdrop" / "progress.json").write_text(json.dumps(store), encoding="utf-8")
    view.settings = {**view.settings, "seed": 2}
    assert view.frame["status"].startswith("1 of ")
