"""The drift report names the fact that a release changed: a GaussianDropout broken on purpose."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from recdrop_lessons.course.claims import read
from recdrop_lessons.releases.running import Answers

ROOT = Path(__file__).resolve().parents[2]
HELD = "tests/claims/test_02.py::test_gaussian_dropout_keeps_mean_and_has_dropouts_variance"
# A plugin of pytest: a Keras whose GaussianDropout halves x.
BROKEN = """
import keras
keras.layers.GaussianDropout.call = lambda self, inputs, training=False: inputs * 0.5
"""


@pytest.fixture(scope="module")
def drift() -> ModuleType:
    spec = importlib.util.spec_from_file_location("drift", ROOT / "tools" / "drift.py")
    assert spec is not None and spec.loader is not None
    module = sys.modules["drift"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_changed_fact_is_named_with_its_lesson_its_verdict_and_what_is_now(tmp_path: Path) -> None:
    pytest.importorskip("keras")
    (tmp_path / "broken.py").write_text(BROKEN)
    environment = {
        **os.environ, "PYTHONPATH": str(tmp_path), "PYTEST_ADDOPTS": "-p broken", "KERAS_BACKEND": "torch",
    }  # fmt: skip
    tests = (
        HELD,
        "tests/claims/test_02.py::test_inverted_dropout_adds_variance",
        "tests/parity/test_keras_facts.py",
    )
    command = [sys.executable, "tools/drift.py", "--here", "--report", str(tmp_path / "drift.md"), *tests]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    text = (tmp_path / "drift.md").read_text()
    first, claim, fact = text.split("\n## ")
    assert "facts changed: 2." in first and "| keras | " in first
    (row,) = (row for row in read((ROOT / "notebooks").glob("02_*.ipynb")) if f"`{HELD}`" in row.test)
    assert claim.startswith(f"{row.claim}\n")
    assert f"[{row.lesson}](notebooks/02_noise.ipynb)" in claim
    assert "Verdict in the course: ✘ false" in claim
    assert HELD in claim and "assert 0.5 <" in claim
    assert fact.startswith("gaussian dropout keeps mean and variance of inverted dropout and has no zeros\n")
    assert "Verdict in the course: ✔ true" in fact and "[02](notebooks/02_noise.ipynb)" in fact


def test_every_fact_has_words_and_every_claim_its_test(drift: ModuleType) -> None:
    claims = read((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    named = {word.strip("`") for row in claims for word in row.test.split(", ") if "::test_" in word}
    assert named
    for test in named:
        assert test.partition("::")[2] in (ROOT / test.partition("::")[0]).read_text(), f"{test} is gone"
        assert [fact.says for fact in drift.facts_of(test, claims)]


def test_a_file_that_cannot_be_imported_is_all_its_facts(drift: ModuleType) -> None:
    junit = (
        '<testsuite><testcase classname="" name="tests.parity.test_pyg_facts">'
        '<error message="collection failure">ImportError: no gat_conv</error></testcase></testsuite>'
    )
    (one,) = drift.outcomes(junit)
    assert (one.test, one.status) == ("tests/parity/test_pyg_facts.py", "failed")
    (fact,) = drift.facts_of(one.test, [])
    assert fact.says.startswith("All of tests/parity/test_pyg_facts.py: What PyTorch Geometric")
    assert "08_graph_attention_dropout.ipynb" in fact.lessons


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
