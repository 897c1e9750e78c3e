"""Every part, checked in Chromium: solutions are right, wrong answers have the names they have natively."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from recdrop_lessons.checks import all_lessons
from recdrop_lessons.checks.from_source import check

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "answers"))
from mutants import mutants, sample  # noqa: E402

pytestmark = pytest.mark.browser
SEED = 1
Cells = tuple[str, str, str]  # number, what runs before, the answer
#: All parts in one worker, as on one page: its kernel answers them one after the other.
ASK = """async ([questions, seed]) => {
  const { kernel } = await import('/_static/live/kernel.mjs');
  await kernel.ready();
  const replies = [];
  for (const [number, before, source] of questions) {
    const reply = await kernel.ask('check', [number, source, before, '', seed], 60);
    replies.push([reply.status, reply.misconception, reply.message]);
  }
  return replies;
}"""


def solutions() -> Iterator[Cells]:
    for lesson in all_lessons():
        notebook = ROOT / "solutions" / lesson.name / f"{lesson.name}.ipynb"
        cells = {
            cell["metadata"].get("nbgrader", {}).get("grade_id"): "".join(cell["source"])
            for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        }
        for part in lesson.parts:
            yield part.number, cells["setup"], cells[part.name]


def natively(cells: Cells) -> list[str | None]:
    """Status and name at the same seed: a small change may have another name at another."""
    number, before, source = cells
    found = check(number, source, SEED, before=before)
    return [found["status"], found["misconception"]]


def in_chromium(visit: Callable[..., Any], questions: list[Cells]) -> list[list[str | None]]:
    return list(visit("index.html").evaluate(ASK, [[list(one) for one in questions], str(SEED)]))


@pytest.mark.timeout(600)
def test_each_solution_is_right_in_the_browser(visit: Callable[..., Any]) -> None:
    questions = list(solutions())
    replies = in_chromium(visit, questions)
    wrong = [
        (number, reply) for (number, *_), reply in zip(questions, replies, strict=True) if reply[0] != "ok"
    ]
    assert not wrong


@pytest.mark.timeout(900)
def test_a_wrong_answer_has_the_name_in_the_browser_that_it_has_natively(visit: Callable[..., Any]) -> None:
    """One small change to each solution, another for each part."""
    questions, expected = [], []
    for number, before, source in solutions():
        name = source.split("def ", 1)[1].split("(")[0]
        for mutant in sample(list(mutants(source, name)), 1, seed=0):
            questions.append((number, before, mutant.source))
            expected.append(natively(questions[-1]))
    assert len(questions) > 30
    replies = in_chromium(visit, questions)
    differ = [
        (number, native, reply)
        for (number, *_), native, reply in zip(questions, expected, replies, strict=True)
        if reply[:2] != native
    ]
    assert not differ
