"""Three ways of asking, one answer: the notebook's cell, `recdrop check` and `recdrop grade`.

Each way gives every answer of the banks, and mutants of the right ones, the same status, misconception and
message. `make unit` looks at a sample; `make answers` at every answer, and at twelve mutants of each part.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
import submissions

from recdrop_lessons.checks import Lesson, LocalAnswer, Part, all_lessons, run
from recdrop_lessons.grading import learners_check
from recdrop_lessons.grading.checker import Checker
from recdrop_lessons.grading.isolation import locked_server

ANSWERS = Path(__file__).parent.parent / "answers"
sys.path.insert(0, str(ANSWERS))
from mutants import mutants, sample  # noqa: E402

WHOLE = os.environ.get("RECDROP_ANSWERS") == "all"
MUTANTS = 12 if WHOLE else 1  # of each part
SEED = 20260411
SECONDS = 10  # for an answer beside the checks, as in the grader

# What a learner's cell holds before the answer: the bank's files, to be imported as the tests do.
CELL = """
import importlib, importlib.abc, importlib.util, sys

SOURCES = {sources!r}

class Banks(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name in SOURCES:
            return importlib.util.spec_from_loader(name, self, is_package="." not in name)

    def exec_module(self, module):
        exec(SOURCES[module.__name__], module.__dict__)

sys.meta_path.insert(0, Banks())
for name in SOURCES:
    sys.modules.pop(name, None)
{part} = importlib.import_module({module!r}).{which}
sys.meta_path.pop(0)
"""
BANK = """
class Bank:
    def __init__(self):
        self.RIGHT, self.WRONG = [], []
    def right(self, function):
        self.RIGHT.append(function)
        return function
    def wrong(self, slug=None):
        def keep(function):
            self.WRONG.append((slug, function))
            return function
        return keep
"""


@dataclass(frozen=True)
class Found:
    """What is to be the same."""

    status: str
    misconception: str | None
    message: str

    @classmethod
    def of(cls, record: dict[str, Any]) -> Found:
        message = re.sub(r"0x[0-9a-f]+", "0x…", record["message"])  # where an object lies
        return cls(str(record["status"]), record["misconception"], message)


@dataclass(frozen=True)
class Candidate:
    """One answer, as the source of its cell."""

    part: Part
    name: str
    source: str


def candidates(lesson: Lesson, part: Part) -> Iterator[Candidate]:
    files = {f"{path.parent.name}.{path.stem}": path.read_text() for path in ANSWERS.glob("lesson_*/*.py")}
    module = f"lesson_{lesson.name}.{part.name}"
    needed, more = set(), {module}
    while more:  # the banks' files that it imports, and what these import
        needed |= more
        more = {name for one in more for name in re.findall(r"\blesson_\w+\.\w+", files[one])} - needed
    packages = {name.split(".")[0] for name in needed}
    sources = {
        "bank": BANK,
        **dict.fromkeys(sorted(packages), ""),
        **{name: files[name] for name in sorted(needed)},
    }

    def cell(which: str, changed: dict[str, str] | None = None) -> str:
        return CELL.format(sources=sources | (changed or {}), part=part.name, module=module, which=which)

    bank = importlib.import_module(module)
    for k, (slug, function) in enumerate(bank.WRONG):
        yield Candidate(part, f"{k} {function.__name__} {slug}", cell(f"WRONG[{k}][1]"))
    for k, function in enumerate(bank.RIGHT):
        yield Candidate(part, f"{k} {function.__name__}", cell(f"RIGHT[{k}]"))
    made = [
        (k, mutant)
        for k, function in enumerate(bank.RIGHT)
        for mutant in mutants(files[module], function.__name__)
    ]
    for k, mutant in sample(made, MUTANTS, SEED):
        yield Candidate(part, mutant.name, cell(f"RIGHT[{k}]", {module: mutant.source}))


class _Late(BaseException):
    """The time of an answer beside the checks is over."""


def in_the_notebook(one: Candidate) -> Found:
    """As the notebook's check cell does it, but for an endless loop, which a learner would interrupt."""

    def late(*_: object) -> None:
        raise _Late

    before = {name: its for name, its in sys.modules.items() if name.startswith(("lesson_", "bank"))}
    names: dict[str, Any] = {}
    old = signal.signal(signal.SIGALRM, late)
    try:
        exec(one.source, names)
        signal.alarm(10 * SECONDS)
        return Found.of(run(one.part, LocalAnswer(names[one.part.name], one.part.name), SEED).record())
    except _Late:
        return Found("timeout", None, "")
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)
        sys.modules.update(before)


@pytest.fixture
def kept() -> Iterator[Checker | None]:
    """What `recdrop check` starts for each notebook, two seconds long: here once for a lesson."""
    if not WHOLE:
        yield None
        return
    with locked_server(trusted=True) as server, Checker(server) as checker:
        yield checker


def by_the_command(path: Path, kept: Checker | None) -> dict[str, Any]:
    """The record of `recdrop check`, which starts anew unless a checker is kept."""
    with pytest.MonkeyPatch.context() as patch:
        if kept is not None:
            patch.setattr(learners_check, "locked_server", lambda *_, **__: nullcontext(kept.server))
            patch.setattr(learners_check, "Checker", lambda _: nullcontext(kept))
        return learners_check.check_notebook(path, SEED).record()


def notebooks(lesson: Lesson) -> list[tuple[Candidate, ...]]:
    """Every notebook holds one answer to each part, as long as there are some."""
    columns = [list(candidates(lesson, part)) for part in lesson.parts]
    if not WHOLE:  # a wrong one, the last right one, a mutant
        columns = [[column[0], *column[-MUTANTS - 1 :]] for column in columns]
    return [tuple(one for one in row if one is not None) for row in zip_longest(*columns)]


@pytest.mark.timeout(7200 if WHOLE else 600)
@pytest.mark.parametrize("lesson", all_lessons(), ids=lambda lesson: lesson.name)
def test_three_ways_give_one_answer(lesson: Lesson, kept: Checker | None, tmp_path: Path) -> None:
    rows = notebooks(lesson)
    for number, row in enumerate(rows):
        cells = [submissions.cell(one.source, one.part.name, solution=True) for one in row]
        path = tmp_path / "class" / f"{number:03d}" / lesson.name / f"{lesson.name}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(submissions.notebook(cells))
    submissions.grade("class", "--out", "out", "--seed", SEED, "--jobs", 2, cwd=tmp_path)
    differ = []
    for number, row in enumerate(rows):
        ways = {"grade": json.loads((tmp_path / "out" / f"{number:03d}" / f"{lesson.name}.json").read_text())}
        if WHOLE or (number == 0 and lesson.name < "02"):
            path = tmp_path / "class" / f"{number:03d}" / lesson.name
            ways["check"] = by_the_command(path, kept if number % 10 else None)
        for one in row:
            here = in_the_notebook(one)
            for way, record in ways.items():
                (there,) = [Found.of(part) for part in record["parts"] if part["part"] == one.part.number]
                if here != there and (here.status, there.status) != ("timeout", "timeout"):
                    differ.append((one.part.number, one.name, way, here, there))
    assert not differ, "\n".join(map(str, differ))
