"""What the browser lacks says so by name, and is never taken for a mistake of the learner's."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from browser_torch.side_by_side import mini

ROOT = Path(__file__).parents[2]
HOLDERS = {
    line.split(": ")[0]: line.split(": ")[1].split()
    for line in (ROOT / "browser" / "torch" / "names.txt").read_text(encoding="utf-8").splitlines()
}


def _held(holder: str):
    found = mini
    for name in holder.split(".")[1:]:
        found = getattr(found, name)
    return found


@pytest.mark.parametrize("holder", HOLDERS)
def test_each_name_of_torch_is_here_or_said_to_be_lacking(holder):
    owner = _held(holder)
    owner = mini.ones(2, 2) if holder == "torch.Tensor" else owner
    said = {}
    for name in HOLDERS[holder]:
        try:
            getattr(owner, name)
        except mini.NotInBrowser as error:
            said[name] = str(error)
    for name, sentence in said.items():
        assert f"{holder}.{name} is not in the browser's torch; open this exercise in JupyterLab" in sentence


def test_a_misspelt_name_is_torchs_own_error():
    for t in (torch, mini):
        with pytest.raises(AttributeError, match="module 'torch' has no attribute 'tahn'"):
            _ = t.tahn
        with pytest.raises(AttributeError, match="'Tensor' object has no attribute 'tahn'"):
            t.ones(2).tahn()
    assert not hasattr(mini, "tahn") and not hasattr(mini, "fft_fft")


@pytest.mark.parametrize(
    "asked, named",
    [
        (lambda t: t.i0(t.ones(2)), "torch.i0"),
        (lambda t: t.ones(2).histogram(3), "torch.Tensor.histogram"),
        (lambda t: t.nn.Transformer(), "torch.nn.Transformer"),
        (
            lambda t: t.autograd.grad(t.ones(1, requires_grad=True).sum(), [], create_graph=True),
            "create_graph=True",
        ),
        (lambda t: t.cumsum(t.ones(2), 0, reduce="sum"), "reduce="),
        (lambda t: t.linalg.inv(t.eye(2, requires_grad=True)), "The gradient of torch.linalg.inv"),
    ],
)
def test_what_is_lacking_is_named(asked, named):
    with pytest.raises(mini.NotInBrowser, match=re.escape(named)) as raised:
        asked(mini)
    assert "open this exercise in JupyterLab" in mini.not_here(raised.value)


def test_an_error_of_the_learners_is_not_taken_for_something_lacking():
    for error in (
        ValueError("x"),
        AttributeError("no"),
        ImportError("cannot import name 'tahn' from 'torch'", name="torch"),
    ):
        assert mini.not_here(error) is None


ASK = """
import json, sys
import missing_packages
missing_packages.announce()
from recdrop_lessons.checks.from_source import check
part, source = json.loads(sys.stdin.read())
found = check(part, source, 7)
print(json.dumps([found["status"], found["misconception"], found["message"], found["html"]]))
"""


def _checked(part: str, source: str) -> list[str]:
    """As a page asks: in a process whose torch is the browser's."""
    told = subprocess.run(
        [sys.executable, "-c", ASK],
        input=json.dumps([part, source]),
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "browser"), str(ROOT)])},
    )
    return json.loads(told.stdout.splitlines()[-1])


STEP = "import torch\ndef rnn_step(x, h, W, U, b):\n    return torch.tanh(x @ W.T + h @ U.T + b)\n"


@pytest.mark.parametrize(
    "source, status",
    [
        (STEP, "ok"),
        (STEP.replace("h @ U.T + ", ""), "failed"),
        (STEP.replace("torch.tanh(", "torch.i0("), "not here"),
        ("import torch.fft\n" + STEP, "not here"),
        ("from torch.nn.functional import fold\n" + STEP, "not here"),
        ("import some_package_of_mine\n" + STEP, "not here"),
        (STEP.replace("tanh(", "tahn("), "failed"),
        ("from torch.nn.functional import fodl\n" + STEP, "failed"),
    ],
)
def test_a_page_is_told_that_something_is_lacking(source, status):
    found, misconception, message, html = _checked("1.1", source)
    assert found == status, message
    if status == "not here":
        assert misconception is None and "open this exercise in JupyterLab" in message
        assert "–" in html and "✗" not in html


def test_a_package_that_is_missing_is_refused_where_it_is_used(tmp_path):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import missing_packages\n"
        "missing_packages.PACKAGES = ('no_such_package',); missing_packages.announce()\n"
        "from no_such_package import stats\nimport no_such_package.special as s\n"
        "try:\n    stats.t.ppf(0.5, 3)\n"
        "except ModuleNotFoundError as error:\n    print(error.name)\n"
        "try:\n    import another_package\n"
        "except ModuleNotFoundError as error:\n    print(error.name)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, ROOT / "browser"], capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["no_such_package", "another_package"]
