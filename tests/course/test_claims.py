"""A verdict is computed, stored, checked by nbval, and gathered on one page that is in step."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch

from recdrop_lessons.course import sources
from recdrop_lessons.course.claims import ClaimError, collect, collect_for_authors, read, trial
from recdrop_lessons.course.sources import Source, SourceError
from recdrop_lessons.releases.matrix import read as read_matrix

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("holds", "half", "verdict"),
    [(True, False, "✔ true"), (False, True, "◐ half true"), (False, False, "✘ false")],
)
def test_the_verdict_follows_what_was_computed(holds, half, verdict):
    decided = trial("dropout masks  the\ninputs", holds=holds, half=half, because="x is\nmultiplied")
    assert repr(decided) == f"Claim: dropout masks the inputs\nVerdict: {verdict}\nBecause: x is multiplied"
    assert f"<strong>{verdict}</strong>" in decided._repr_html_()  # symbol and word, not colour alone


@pytest.mark.parametrize("value", [np.bool_(True), torch.tensor(True), np.array(True)])
def test_a_single_truth_value_of_a_library_will_do(value):
    assert trial("c", holds=value, because="b").verdict == "true"


@pytest.mark.parametrize(
    "value", [1, 0.5, "true", None, np.array([True]), torch.tensor([True]), torch.tensor(1)]
)
def test_what_is_no_truth_value_is_refused(value):
    with pytest.raises(ClaimError, match="not a truth value"):
        trial("c", holds=value, because="b")


def test_wholly_and_half_true_is_refused():
    with pytest.raises(ClaimError, match="both true"):
        trial("c", holds=True, half=True, because="b")


SOURCE = """\
# NBVAL_CHECK_OUTPUT
from recdrop_lessons.course.claims import trial
same = 1 + 1 == {total}
trial("the mask | `changes` at each step", holds=same, because="it is drawn once")
"""


def cell(source=None, name="claim-mask", tags=("claim",), outputs=None, **metadata):
    made = nbformat.v4.new_code_cell(source or SOURCE.format(total=2))
    made.id = name
    made.metadata = {"tags": list(tags), **metadata}
    true = trial("the mask | `changes` at each step", holds=True, because="it is drawn once")
    data = {"text/plain": repr(true), "text/html": true._repr_html_()}
    result = nbformat.v4.new_output("execute_result", data=data, execution_count=1)
    made.outputs = [result] if outputs is None else outputs
    made.execution_count = 1  # nbval takes a cell without one for a cell that never ran
    return made


def lesson(folder, *cells, name="03_where.ipynb"):
    first = [nbformat.v4.new_markdown_cell("# Where dropout happens\n\ntext"), nbformat.v4.new_code_cell("1")]
    nbformat.write(nbformat.v4.new_notebook(cells=[*first, *cells]), folder / name)
    return folder / name


def test_a_reader_gets_verdict_reason_releases_and_source(tmp_path):
    path = lesson(tmp_path, cell(), cell("2", name="other", tags=()), cell(name="claim-keras-ties-its-masks"))
    head, _, unknown, known = collect([path]).splitlines()
    assert head == "| claim | verdict | because | by release | source |"
    claim = r"| the mask \| `changes` at each step"
    assert unknown == (
        f"{claim} ([Where dropout happens](03_where.ipynb#cell-id=claim-mask)) | ✔ true "
        "| it is drawn once | – | a common belief |"
    )
    assert "| Keras, " in known and "3.2 to 3.7: true; 3.8 and later: half true" in known
    assert "](https://github.com/tensorflow/tensorflow/issues/35724) |" in known
    assert "Cell" not in known and "::" not in known


def test_an_author_gets_cell_and_tests(tmp_path):
    path = lesson(tmp_path, cell(), cell(name="claim-two", recdrop={"test": "t"}))
    here = f"{tmp_path.name}/03_where.ipynb"
    assert collect_for_authors([path]).splitlines() == [
        "| claim | cell | test |",
        "|---|---|---|",
        rf"| the mask \| `changes` at each step | `claim-mask` | `{here}::Cell 1` |",
        rf"| the mask \| `changes` at each step | `claim-two` | `{here}::Cell 2`, `t` |",
    ]


def test_the_test_named_is_the_one_nbval_runs(tmp_path):
    """nbval runs this cell under this name, and fails when the stored verdict is not the computed one."""
    pytest.importorskip("nbval")

    def nbval(total):
        path = lesson(tmp_path, cell(SOURCE.format(total=total)))
        name = read([path])[0].test.strip("`").removeprefix(f"{tmp_path.name}/")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-q",
            "--nbval-lax",
            "-rA",
            path.name,
        ]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        return name, run.stdout

    name, report = nbval(2)
    assert f"PASSED {name}" in report
    name, report = nbval(3)  # the framework has changed: the stored output still says true
    assert f"FAILED {name}" in report


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tags": ()}, "both the tag"),
        ({"name": "mask"}, "both the tag"),
        ({"outputs": []}, "no verdict is stored"),
        ({"source": SOURCE.format(total=2).replace("# NBVAL_CHECK_OUTPUT", "")}, "nbval would not check"),
        ({"source": SOURCE.format(total=2).replace("holds=same", "holds=True")}, "holds=True is typed in"),
        (
            {"source": SOURCE.format(total=2).replace("=same", "=same, half=not True")},
            "half=not True is typed in",
        ),
        ({"source": "# NBVAL_CHECK_OUTPUT\n1"}, "0 calls of `trial`"),
    ],
)
def test_a_trial_that_cannot_be_trusted_is_refused_by_name(tmp_path, wrong, message):
    path = lesson(tmp_path, cell(**wrong))
    with pytest.raises(ClaimError, match=message) as refusal:
        collect([path])
    assert "03_where.ipynb" in str(refusal.value)


def test_every_claim_has_its_source_and_no_source_is_left_over():
    """A new claim: an entry in recdrop_lessons/data/claims.toml, "a common belief" where it is one."""
    cells = {row.cell for row in read((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))}
    assert set(sources.read()) == cells


def test_the_matrix_decides_as_the_lessons_cell_does():
    """For the installed release the facts in claims.toml give the verdict that the cell computed."""
    matrix, packages = read_matrix(), {"Keras": "keras", "PyTorch": "torch", "PyG": "torch_geometric"}
    here = {name: version(package).partition("+")[0] for name, package in packages.items()}
    origins, differ = sources.read(), []
    for row in read((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        backend = {"Keras": "torch", "PyTorch": "", "PyG": "torch"}
        decided = [
            verdict
            for name, release in here.items()
            if (verdict := origins[row.cell].verdict(matrix, name, release, backend[name]))
        ]
        if decided and row.verdict not in decided:
            differ.append((row.cell, row.verdict, decided))
    assert not differ


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ('[a]\nsource = "b"\nlink = "c"', "link is not known"),
        ('[a]\nfacts.x = { "one" = "maybe" }', "maybe is not a verdict"),
    ],
)
def test_a_source_that_cannot_be_read_is_refused_by_name(tmp_path, entry, why):
    (tmp_path / "claims.toml").write_text(entry)
    with pytest.raises(SourceError, match=rf"\[a\]: {why}"):
        sources.read(tmp_path / "claims.toml")


def test_what_says_nothing_about_a_claim_leaves_the_others_to_decide():
    known, release = read_matrix(), ("Keras", "3.0.5", "torch")
    decides = {"LSTM_x_time(dropout=p)": {"one mask for the sequence": "false"}}
    assert known.observed("LSTM_h_time", *release) == "no mask"
    for said, verdict in ((None, None), ("", "false"), ("true", "half true")):
        facts = decides | {"LSTM_h_time": {} if said is None else {"no mask": said}}
        assert Source(facts=facts).verdict(known, *release) == verdict
    assert Source(facts={"LSTM_h_time": {"no mask": ""}}).verdict(known, *release) is None


def test_a_release_that_raises_an_error_instead_is_said_to_refuse():
    of_one, known = sources.read()["claim-recurrent-dropout-of-one"], read_matrix()
    for release, backend, verdict in (
        ("3.1.1", "tensorflow", "false"),
        ("3.12.4", "tensorflow", "refused"),
        ("3.12.4", "torch", "half true"),
        ("3.15.1", "tensorflow", "half true"),
    ):
        assert of_one.verdict(known, "Keras", release, backend) == verdict
    assert of_one.verdict(known, "tf_keras", "2.21.0", "tensorflow") == "refused"


def test_a_fact_that_is_not_in_the_matrix_is_refused_by_name():
    with pytest.raises(SourceError, match="no fact no_such_fact"):
        Source(facts={"no_such_fact": {"one": "true"}}).by_release(read_matrix())
