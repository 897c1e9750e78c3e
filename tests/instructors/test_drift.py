"""The drift report names the fact that a release changed."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from recdrop_lessons.course.claims import read
from recdrop_lessons.releases.running import Answers

ROOT = Path(__file__).resolve().parents[2]
LESSON = "notebooks/02_noise.ipynb"


@pytest.fixture(scope="module")
def drift() -> ModuleType:
    spec = importlib.util.spec_from_file_location("drift", ROOT / "tools" / "drift.py")
    assert spec is not None and spec.loader is not None
    module = sys.modules["drift"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_cell_that_decides_otherwise_is_named_with_its_claim_and_verdict(drift: ModuleType) -> None:
    (row,) = (row for row in read([ROOT / LESSON]) if row.cell == "claim-gaussian-dropout-shifts-the-mean")
    decides = row.test.strip("`").partition("::")[2]
    junit = (
        f'<testsuite><testcase classname="notebooks.02_noise.ipynb" name="{decides}">'
        '<failure message="Cell outputs differ">true</failure></testcase>'
        '<testcase classname="notebooks.02_noise.ipynb" name="Cell 1"/>'
        '<testcase classname="" name="tests.parity.test_pyg_values">'
        '<error message="collection failure">ImportError: no gat_conv</error></testcase></testsuite>'
    )
    outcomes = list(drift.outcomes(junit))
    assert [one.status for one in outcomes] == ["failed", "passed", "failed"]
    claim, other, file = (drift.facts_of(one.test, read([ROOT / LESSON])) for one in outcomes)
    assert claim == [drift.Fact(row.claim, f"[{row.lesson}]({LESSON})", "✘ false")]
    assert other[0].lessons == f"[02]({LESSON})"
    assert file[0].says.startswith("All of tests/parity/test_pyg_values.py: Our GATConv")
    assert "08_graph_attention_dropout.ipynb" in file[0].lessons


def test_a_probe_that_answers_otherwise_is_named_with_both_answers(
    drift: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Keras 9 whose gates share a mask again; a PyTorch as before; a PyG that cannot be imported."""
    known, gates = drift.matrix.read(), "LSTM_h_gates(recurrent_dropout=p)"

    def answers(_: Path, package: str, backend: str) -> object:
        framework = drift.NAMES[package]
        if framework == "PyG":
            raise drift.ProbeError("No module named 'torch_geometric'")
        newest = known.releases(framework)[-1]
        observed = {fact.fact: said for fact, said in drift.words.holds(known, framework, newest, backend)}
        assert observed
        if framework == "Keras":
            observed[gates] = "one mask for all gates"
        questions = {fact: known.facts[fact].question for fact in observed}
        return Answers(framework, "9.0", backend, "", "3.13", observed, questions, {})

    monkeypatch.setattr(drift, "ask", answers)
    moves = list(drift.moved(Path("python"), known))
    text = drift.report([], dict.fromkeys(drift.FRAMEWORKS, "9.0"), [], moves)
    assert len(moves) == 2
    assert f"## Probe: {known.facts[gates].question}\n" in text
    assert ": one mask per gate\n- Now, Keras 9.0: one mask for all gates\n" in text
    assert "No module named 'torch_geometric'" in text
