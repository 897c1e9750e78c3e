"""An answer that comes as text gets the result that the notebook's check gives it."""

import pytest

from recdrop_lessons.checks import LocalAnswer, part, run
from recdrop_lessons.checks.from_source import check
from recdrop_lessons.course import progress

STEP = """import torch

def rnn_step(x, h, W, U, b):
    print("called")
    return torch.tanh(x @ W.T + h @ U.T + b)
"""
STUB = "def rnn_step(x, h, W, U, b):\n"
NO_STATE = STEP.replace(" + h @ U.T", "")


@pytest.mark.parametrize("source", [STEP, NO_STATE, STEP.replace("W.T", "W"), STEP.replace("return ", "")])
def test_the_result_is_the_notebooks(source):
    names = {}
    exec(source, names)
    expected = run(part("1.1"), LocalAnswer(names["rnn_step"]), 7).record()
    found = check("1.1", source, 7)
    assert {key: found[key] for key in expected} == expected
    assert found["html"].startswith("<div") and "called" in found["html"]
    sign = "✓" if found["status"] == "ok" else "✗"
    assert found["text"].startswith(f"{sign} 1.1 rnn_step: {found['points']} of 20 points\n")
    assert not found["hint"] or found["hint"] not in found["html"]


def test_a_part_is_known_by_its_functions_name_too():
    assert check("rnn_step", STEP, 7)["status"] == "ok"


@pytest.mark.parametrize(
    "source, status, said",
    [
        ("def rnn_step(:\n", "failed", "SyntaxError"),
        ("1 / 0", "failed", "ZeroDivisionError"),
        ("raise SystemExit", "failed", "SystemExit"),
        (f"{STUB}    raise NotImplementedError()", "failed", "Not written yet."),
        (f"{STUB}    return 1 - (x > 0)", "failed", "You subtract or negate a tensor of bool"),
        ("x = 1", "missing", "no function rnn_step"),
        ("rnn_step = 3", "missing", "no function rnn_step"),
    ],
)
def test_text_that_does_not_run_or_lacks_the_function(source, status, said):
    found = check("1.1", source, 7)
    assert (found["status"], found["points"], found["max_points"]) == (status, 0, 20)
    assert said in found["message"]


def test_a_traceback_shows_the_learners_line():
    found = check("1.1", STEP.replace("W.T", "W.t(3)"), 7)
    assert "x @ W.t(3)" in found["html"]


def test_the_same_seed_gives_the_same_draws():
    drawing = "import torch\ndef rnn_step(x, h, W, U, b):\n    return torch.rand(x.shape[0], W.shape[0])\n"
    assert check("1.1", drawing, 3)["message"] == check("1.1", drawing, 3)["message"]


@pytest.mark.parametrize(
    "wrong", ["def rnn_step(x)\n", STEP.replace("U.T", "V.T"), STEP.replace("h @", "h.nothing @")]
)
def test_what_is_raised_is_shown_in_the_learners_lines_alone(wrong):
    found = check("1.1", wrong, 7)
    assert found["status"] == "failed"
    raised = found["text"].partition("Where it was raised:")[2]
    assert "_ask" not in raised and "_result" not in raised
    if "def rnn_step(x)" not in wrong:
        assert "rnn_step, line 5" in raised


def test_what_runs_before_does_not_shift_the_lines():
    cell = STEP.partition("\n\n")[2].replace("U.T", "V.T")
    assert "rnn_step, line 3" in check("1.1", cell, 7, before="import torch\n\n\n\n")["text"]


def test_a_counted_check_is_progress_and_says_what_is_meant_the_second_time(tmp_path, monkeypatch):
    monkeypatch.setenv("RECDROP_FOLDER", str(tmp_path))
    assert not progress.load()["parts"]
    first, second = (check("1.1", NO_STATE, seed, counted=True)["text"] for seed in (7, 8))
    meant = "Without h Uᵀ the cell has no memory."
    assert meant not in first and meant in second
    check("1.1", STEP, 7, counted=True)
    check("1.1", STEP, 7)  # not counted
    entry = progress.load()["parts"]["1.1"]
    assert (entry["solved"], entry["points"], entry["checks"]) == (True, 20, 3)
