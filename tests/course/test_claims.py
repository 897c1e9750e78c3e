"""A verdict is computed, stored, checked by nbval, and gathered on one page that is in step."""

import importlib.util
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch

from recdrop_lessons.course.claims import ClaimError, collect, read, trial

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("holds", "half", "verdict"),
    [(True, False, "✔ true"), (False, True, "◐ half true"), (False, False, "✘ false")],
)
def test_the_verdict_follows_what_was_computed(holds, half, verdict):
    decided = trial("dropout masks  the\ninputs", holds=holds, half=half, because="x is\nmultiplied")
    assert repr(decided) == f"Claim: dropout masks the inputs\nVerdict: {verdict}\nBecause: x is multiplied"
    assert f"<strong>{verdict}</strong>" in decided._repr_html_()  # symbol and word, not colour alone


def test_html_is_safe_and_shows_code():
    page = trial("`x<y>` & z", holds=True, because='`f("a")`')._repr_html_()
    assert "<code>x&lt;y&gt;</code> &amp; z" in page
    assert "<code>f(&quot;a&quot;)</code>" in page


@pytest.mark.parametrize("value", [np.bool_(True), torch.tensor(True), np.array(True)])
def test_a_single_truth_value_of_a_library_will_do(value):
    assert trial("c", holds=value, because="b").verdict == "true"


@pytest.mark.parametrize(
    "value", [1, 0.5, "true", None, np.array([True]), torch.tensor([True]), torch.tensor(1)]
)
def test_what_is_no_truth_value_is_refused(value):
    with pytest.raises(ClaimError, match="no truth value"):
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


def test_collect_makes_one_row_for_each_trial(tmp_path):
    path = lesson(
        tmp_path, cell(), cell("2", name="other", tags=()), cell(name="claim-two", recdrop={"test": "t"})
    )
    here = f"{tmp_path.name}/03_where.ipynb"
    assert collect([path]).splitlines() == [
        "| claim | verdict | lesson | cell | test |",
        "|---|---|---|---|---|",
        r"| the mask \| `changes` at each step | ✔ true "
        "| [Where dropout happens](03_where.ipynb#cell-id=claim-mask) | `claim-mask` "
        f"| `{here}::Cell 1` |",
        r"| the mask \| `changes` at each step | ✔ true "
        "| [Where dropout happens](03_where.ipynb#cell-id=claim-two) | `claim-two` "
        f"| `{here}::Cell 3`, `t` |",
    ]


def test_the_test_named_is_the_one_nbval_runs(tmp_path):
    """nbval runs this cell under this name, and fails when the stored verdict is not the computed one."""
    pytest.importorskip("nbval")
    import subprocess
    import sys

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


def test_notebooks_come_in_order(tmp_path):
    paths = [lesson(tmp_path, cell(), name=name) for name in ("05_b.ipynb", "01_a.ipynb")]
    assert [row.notebook for row in read(paths)] == ["01_a.ipynb", "05_b.ipynb"]


def test_the_page_is_in_step_with_the_lessons():
    notebooks = ROOT / "notebooks"
    if not list(notebooks.glob("[0-9][0-9]_*.ipynb")):
        return  # no lesson yet, no page
    spec = importlib.util.spec_from_file_location("claims_page", ROOT / "tools" / "claims_page.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert (notebooks / "claims.md").read_text(encoding="utf-8") == tool.page(), "python tools/claims_page.py"
