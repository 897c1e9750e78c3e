"""`recdrop xray`: exit codes, and one sentence for each thing that cannot run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recdrop_lessons.cli import app

MODELS = """
import torch
from torch import nn

class Right(nn.Module):
    def __init__(self):
        super().__init__()
        print("made")
        self.embed, self.drop, self.out = nn.Embedding(30, 8), nn.Dropout(0.5), nn.Linear(8, 2)
    def forward(self, words):
        return self.out(self.drop(self.embed(words)))

class AlwaysOn(Right):
    def forward(self, words):
        return self.out(nn.functional.dropout(self.embed(words), 0.5))

class Twice(Right):
    def forward(self, words):
        return self.out(self.drop(self.drop(self.embed(words))))

class Needs(Right):
    def __init__(self, size): super().__init__()

def made():
    return Right()

instance = Right()
number = 3
"""


@pytest.fixture
def models(tmp_path: Path) -> Path:
    path = tmp_path / "models_to_xray.py"
    path.write_text(MODELS, encoding="utf-8")
    return path


def ask(*words: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["xray", *map(str, words)])
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.parametrize("name", ["Right", "made", "instance"])
def test_a_class_a_function_and_a_model(models, name):
    code, out, _ = ask(f"{models}:{name}", "--input", "8x20:int30")
    assert code == 0 and "Nothing found" in out


@pytest.mark.parametrize(
    ("name", "options", "code"),
    [
        ("AlwaysOn", [], 1),
        ("AlwaysOn", ["--mc"], 0),
        ("AlwaysOn", ["--fail-on", "never"], 0),
        ("Twice", [], 0),
        ("Twice", ["--fail-on", "notes"], 1),
    ],
)
def test_exit_codes(models, name, options, code):
    assert ask(f"{models}:{name}", "--input", "8x20:int30", *options)[0] == code


def test_json_and_nothing_else(models):
    code, out, _ = ask(f"{models}:AlwaysOn", "--input", "words=8x20:int30", "--json")
    finding, *_ = json.loads(out)["findings"]
    assert code == 1 and finding["slug"] == "on-in-evaluation"
    assert "nn.functional.dropout" in MODELS.splitlines()[finding["line"] - 1]


@pytest.mark.parametrize(
    ("name", "shape", "said"),
    [
        ("Nobody", "8x20:int30", "has no 'Nobody'. It has Right"),
        ("Needs", "8x20:int30", "needs size"),
        ("number", "8x20:int30", "number is int"),
        ("Right", "8x20:int500", "fails on the example of shape (8, 20)"),
        ("Right", "8 by 20", "is no shape"),
        ("Right", "8x20", "fails on the example"),
    ],
)
def test_what_cannot_run_is_one_sentence(models, name, shape, said):
    code, out, err = ask(f"{models}:{name}", "--input", shape)
    assert (code, out) == (2, "")
    assert said in err and "Traceback" not in err


def test_a_file_that_is_not_there():
    code, _, err = ask("nowhere.py:Right", "--input", "8x20")
    assert code == 2 and "no file" in err
