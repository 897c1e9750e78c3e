"""Every kind of broken notebook: a sentence, the other parts graded, the deserved points."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import submissions
from submissions import RIGHT, answer, cell, notebook, solved

from recdrop_lessons import checks
from recdrop_lessons.checks.answer import Question
from recdrop_lessons.grading.checker import Checker, Graded
from recdrop_lessons.grading.fork_server import GradingError
from recdrop_lessons.grading.inside.sandbox import Limits
from recdrop_lessons.grading.isolation import locked_server
from recdrop_lessons.grading.learner_process import LearnerProcess

Grade = Callable[..., Graded]
POINTS = {part.name: part.points for part in checks.lesson(submissions.LESSON).parts}


def statuses(graded: Graded) -> dict[str, str]:
    return {part.name: part.status for part in graded.parts}


def assert_only(graded: Graded, name: str, status: str, message: str) -> None:
    """All parts are right but one, which has that status and a sentence that says why."""
    assert statuses(graded) == {**dict.fromkeys(RIGHT, "ok"), name: status}
    assert graded.points == 100 - POINTS[name]
    part = next(part for part in graded.parts if part.name == name)
    assert message in part.message, part.message
    assert graded.exit_code == 1


def test_a_right_notebook_has_all_points(grade: Grade) -> None:
    graded = grade(solved())
    assert graded.points == 100
    assert graded.exit_code == 0
    assert [part.part for part in graded.parts] == ["1.1", "1.2", "1.3", "1.4"]


def test_a_misconception_is_named(grade: Grade) -> None:
    graded = grade(solved(lstm_step=submissions.SWAPPED))
    assert graded.parts[1].misconception == "gate-order"
    assert graded.points == 100 - POINTS["lstm_step"]


SWAPPED_THEN = """
calls = 0
def lstm_step(x, h, c, W, U, b):
    global calls
    calls += 1
    if {when}:
        {then}
    f, i, g, o = (x @ W.T + h @ U.T + b).chunk(4, dim=-1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c) + {more}, c
"""


@pytest.mark.parametrize("then", ["raise ValueError", "while True: pass", "import os; os._exit(1)"])
@pytest.mark.parametrize("when", ["len(x) == 1", "calls > 1"])
@pytest.mark.parametrize("more", [0, 7])
def test_wrong_on_one_question_and_worse_on_a_later_one_is_wrong(
    grade: Grade, when: str, then: str, more: int
) -> None:
    """It is told what is wrong, and not that it loops; by its name where ordinary inputs show it."""
    graded = grade(solved(lstm_step=SWAPPED_THEN.format(when=when, then=then, more=more)))
    named = not more and when == "len(x) == 1"
    assert_only(graded, "lstm_step", "failed", "another order" if named else "h' differs in")


LSTM = "def lstm_step(x, h, c, W, U, b):\n"
ONE_PART = {
    "untouched": (submissions.STUB.format(name="lstm_step"), "failed", "Not written yet"),
    "torch's own NotImplementedError": (LSTM + "    return h, 1 - (c > 0)", "failed", "a tensor of bool"),
    "syntax error": (LSTM + "    return (", "missing", "not valid Python"),
    "null byte": ("x = '\0'", "missing", "not valid Python"),
    "renamed": (RIGHT["lstm_step"].replace("lstm_step", "my_step"), "missing", "was it renamed?"),
    "raises before": ("import no_such_library\n" + RIGHT["lstm_step"], "missing", "No module named"),
    "not a function": ("lstm_step = 3", "missing", "does not define a function"),
    "empty": ("", "missing", "does not define a function"),
    "loops at the top": ("while True:\n    pass\n" + RIGHT["lstm_step"], "timeout", "endless loop"),
    "swallows interrupts": (
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        "timeout",
        "endless loop",
    ),
    "loops in the call": (LSTM + "    while True: pass", "timeout", "endless loop"),
    "waits for input": (LSTM + "    import time; time.sleep(1000)", "timeout", "wait for input"),
    "exits at the top": ("import os; os._exit(0)", "died", "exit code"),
    "exits in the call": (LSTM + "    import os; os._exit(5)", "died", "exit code 5"),
    "sys.exit in the call": (LSTM + "    import sys; sys.exit()", "failed", "SystemExit"),
    "interrupt in the call": (LSTM + "    raise KeyboardInterrupt", "failed", "KeyboardInterrupt"),
    "prints 100 MB": (LSTM + "    print('x' * 10**8)", "failed", "None"),
    "recursion": (LSTM + "    return lstm_step(x, h, c, W, U, b)", "failed", "RecursionError"),
    "returns too much": (LSTM + "    return torch.zeros(40_000_000), c", "failed", "too large"),
    "returns no value": (LSTM + "    return object(), c", "failed", "object"),
    "takes 6 GB": (LSTM + "    torch.ones(1_500_000_000); return h, c", "failed", "memory"),
    "an error without text": (LSTM + "    raise ValueError", "failed", "ValueError"),
    "an error that cannot be shown": (
        "class E(Exception):\n    def __str__(self): raise E\n" + LSTM + "    raise E", "failed", "E"
    ),
}  # fmt: skip


@pytest.mark.parametrize("source, status, message", ONE_PART.values(), ids=ONE_PART)
def test_one_bad_part_costs_that_part(grade: Grade, source: str, status: str, message: str) -> None:
    assert_only(grade(solved(lstm_step=source)), "lstm_step", status, message)


def test_a_deleted_answer_is_missing(grade: Grade) -> None:
    assert_only(grade(solved(lstm_step=None)), "lstm_step", "missing", "recdrop reset 1.2")


NOT_IN_THE_WAY = {
    "metadata gone": lambda: [cell(one["source"], kind=one["cell_type"]) for one in solved()],
    "checks deleted": lambda: [one for one in solved() if not one["source"].startswith("check(")],
    "setup deleted": lambda: [answer(name, "import torch" + RIGHT[name]) for name in RIGHT],
    "check cells emptied": lambda: [
        {**one, "source": ""} if "check(" in one["source"] else one for one in solved()
    ],
    "duplicated": lambda: [one for one in solved() for _ in range(2)],
    "a stub pasted after the answer": lambda: [
        *solved(), *[answer(name, submissions.STUB.format(name=name)) for name in RIGHT]
    ],
    "ids swapped": lambda: [
        answer("lstm_step", RIGHT["rnn_step"]), answer("rnn_step", RIGHT["lstm_step"]),
        *solved()[6:], *solved()[:2]
    ],
    "all in one cell": lambda: [solved()[1], answer("rnn_step", "".join(RIGHT.values()))],
    "own cells in between": lambda: [
        each for one in solved() for each in (one, cell("print('hello')"), cell("1/0"))
    ],
    "a helper of one's own": lambda: [
        *solved()[:2], cell("def gates(v, n): return v.chunk(n, -1)"),
        *solved(lstm_step=RIGHT["lstm_step"].replace("(x @ W.T + h @ U.T + b).chunk(4, dim=-1)",
                                                      "gates(x @ W.T + h @ U.T + b, 4)"))[2:],
    ],
    "an own cell that kills": lambda: [solved()[1], cell("import os; os._exit(1)"), *solved()[2:]],
    "an own cell that loops": lambda: [solved()[1], cell("while True: pass"), *solved()[2:]],
    "magics": lambda: [
        cell("%matplotlib inline\n!ls\nimport torch\ntorch.tanh?"), cell("%%time\nx = 1"), *solved()[2:]
    ],
    "the library imported": lambda: [
        cell("from recdrop_lessons import LSTM\nimport recdrop_lessons.plots as p\nimport torch\nLSTM(3, 4)"),
        *solved()[2:],
    ],
    "checks called in the answers": lambda: solved(
        rnn_step="from recdrop_lessons.checks import check\n" + RIGHT["rnn_step"] + "\ncheck(rnn_step)"
    ),
    "an error after the answer": lambda: solved(lstm_step=RIGHT["lstm_step"] + "\nlstm_step()"),
    "future import": lambda: solved(
        rnn_step="from __future__ import annotations\ndef rnn_step(x: Nowhere, h, W, U, b):\n"
        "    return torch.tanh(x @ W.T + h @ U.T + b)"
    ),
}  # fmt: skip


@pytest.mark.parametrize("cells", NOT_IN_THE_WAY.values(), ids=NOT_IN_THE_WAY)
def test_what_does_not_touch_the_answers_costs_nothing(grade: Grade, cells: Callable[[], list]) -> None:
    graded = grade(cells())
    assert graded.points == 100, [(part.name, part.status, part.message) for part in graded.parts]


def test_duplicates_are_said(grade: Grade) -> None:
    graded = grade([*solved(), answer("lstm_step", submissions.SWAPPED)])
    assert graded.parts[1].misconception == "gate-order"  # the last one counts
    assert "2 cells for lstm_step" in graded.notes["1.2"]


def test_an_older_format_is_read(grade: Grade) -> None:
    cells = [{("input" if key == "source" else key): value for key, value in one.items()} for one in solved()]
    old = {
        "metadata": {},
        "nbformat": 3,
        "nbformat_minor": 0,
        "worksheets": [{"cells": cells, "metadata": {}}],
    }
    assert grade(json.dumps(old).encode()).points == 100


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_obstacle(grade: Grade, encoding: str) -> None:
    assert grade(notebook(solved()).decode().encode(encoding)).points == 100


def test_200_mb_of_outputs_are_read_past(grade: Grade) -> None:
    cells = solved()
    cells[2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * 200_000_000}]
    assert grade(cells).points == 100


UNREADABLE = {
    "empty": (b"", "is empty"),
    "blank": (b" \n", "is empty"),
    "not JSON": (b"hello", "JSON is broken"),
    "truncated": (notebook(solved())[:900], "breaks off"),
    "not UTF-8": (notebook(solved()).replace(b"tanh", b"t\xe4nh", 1), "not UTF-8"),
    "a list": (b"[1, 2]", "no object with cells"),
    "no cells": (b'{"nbformat": 4}', "no list of cells"),
    "cells of a wrong kind": (b'{"cells": {"a": 1}}', "no list of cells"),
    "deep": (b"[" * 200_000 + b"]" * 200_000, "too deep"),
    "too many cells": (notebook([cell("")] * 6000), "at most 5000"),
    "a picture": (bytes(range(256)) * 20, "not UTF-8"),
    "too much text": (notebook([cell("#" * 600_000)]), "characters"),
}


@pytest.mark.parametrize("data, message", UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_notebook_gets_a_sentence(grade: Grade, data: bytes, message: str) -> None:
    graded = grade(data)
    assert set(statuses(graded).values()) == {"unreadable"}
    assert graded.points == 0
    assert graded.exit_code == 2
    assert all(message in part.message and part.message.endswith(".") for part in graded.parts), graded.parts[
        0
    ]


def test_strange_cells_are_read_past(grade: Grade) -> None:
    strange = [
        {},
        {"cell_type": 3, "source": 5},
        {"cell_type": "code", "source": [1, "x = 1"], "metadata": []},
    ]
    document = {
        "cells": [*strange, 7, None, "text", *solved()],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    assert grade(json.dumps(document).encode()).points == 100


def test_an_empty_notebook_misses_every_part(grade: Grade) -> None:
    graded = grade([])
    assert set(statuses(graded).values()) == {"missing"}
    assert "right notebook" in graded.notes[""]


def test_the_same_seed_gives_the_same_record(grade: Grade) -> None:
    cells = solved(lstm_step=submissions.SWAPPED, rnn_step=RIGHT["rnn_step"].replace("tanh", "sigmoid"))
    assert grade(cells, seed=3).record() == grade(cells, seed=3).record()


def test_a_lost_grader_is_nobodys_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fork server ends within the last part's check: an error for who grades, and no point is lost."""
    lesson = checks.lesson(submissions.LESSON)
    with locked_server(limits=Limits(cpu_seconds=20)) as server:
        call = LearnerProcess.call

        def end(notebook: LearnerProcess, name: str, question: Question) -> Any:
            if name == lesson.parts[-1].name:
                server.process._process.kill()
                assert notebook._spawner.sock.recv(1) == b""  # the spawner goes after it, and ends its socket
            return call(notebook, name, question)

        monkeypatch.setattr(LearnerProcess, "call", end)
        with pytest.raises(GradingError):
            Checker(server).grade(submissions.notebook(solved()), lesson, 7)
