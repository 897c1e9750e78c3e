"""Every notebook is quiet in diffs, readable without a kernel, and checks what it says it checks."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted(
    path for room in ("notebooks", "solutions", "exercises") for path in (ROOT / room).rglob("*.ipynb")
)


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"tools_{name}", ROOT / "tools" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tool = load("notebooks")


def good() -> NotebookNode:
    """A lesson in small with which nothing is wrong."""
    picture = new_output("display_data", {"image/png": "iVBORw0KGgo="}, metadata={"alt": "a line that falls"})
    number = new_output("stream", name="stdout", text="0.25\n")
    error = new_output(
        "error", ename="ShapeError", evalue="x has 2 axes", traceback=["ShapeError: x has 2 axes"]
    )
    raising = {"metadata": {"tags": ["raises-exception"]}}
    nb = new_notebook(
        cells=[
            new_markdown_cell("# Cells", id="title"),
            new_code_cell("show(fig)", id="picture", outputs=[picture], execution_count=1),
            new_code_cell("# NBVAL_CHECK_OUTPUT\nprint(p)", id="rate", outputs=[number], execution_count=1),
            new_code_cell("lstm(x)", id="refusal", outputs=[error], execution_count=1, **raising),
        ]
    )
    nb.metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
        "language_info": {"name": "python"},
    }
    return nb


def checked(nb: NotebookNode, folder: Path) -> str:
    path = folder / "lesson.ipynb"
    path.write_text(nbformat.v4.writes(nb), encoding="utf-8")  # as it is: nbformat.write would change the ids
    return "\n".join(tool.check_notebook(path))


def test_good_notebook_passes(tmp_path: Path) -> None:
    assert checked(good(), tmp_path) == ""


def set_output(cell: int, text: str) -> dict[str, object]:
    return {"cell": cell, "outputs": [new_output("stream", name="stdout", text=text)]}


def show_html(html: str) -> dict[str, object]:
    return {"cell": 1, "outputs": [new_output("display_data", {"text/html": html})]}


WRONG = {
    "marked cell without output": ({"cell": 2, "outputs": []}, "stores no output"),
    "unexpected error": ({"cell": 3, "metadata": {}}, "stores the error ShapeError"),
    "promised error missing": ({"cell": 3, "outputs": []}, "promises an error"),
    "count that churns": ({"cell": 2, "execution_count": 7}, "execution count other than 1"),
    "count missing": ({"cell": 2, "execution_count": None}, "never run"),
    "random id": ({"cell": 2, "id": "3f9a61c2"}, "not a slug"),
    "doubled id": ({"cell": 2, "id": "picture"}, "used 2 times"),
    "stray metadata": ({"cell": 2, "metadata": {"execution": {}}}, "stray metadata 'execution'"),
    "home folder": (set_output(2, "/home/ada/recdrop/x.py"), "machine path, /home/ada"),
    "path in source": ({"cell": 2, "source": "open('/tmp/x')"}, "machine path"),
    "wall time": (set_output(2, "Wall time: 3 ms"), "timing"),
    "progress bar": (set_output(2, "100%|###| 20/20 [00:01<00:00, 12.3it/s]"), "progress bar"),
    "address": (set_output(2, "<Axes at 0x7f12ab34cd56>"), "memory address"),
    "bare picture": (
        {"cell": 1, "outputs": [new_output("display_data", {"image/png": "iVBORw0KGgo="})]},
        "alt text",
    ),
    "img without alt": (show_html('<img src="data:image/png;base64,AA==">'), "no alt text"),
    "img with empty alt": (show_html('<img alt=" " src="data:image/png;base64,AA==">'), "no alt text"),
    "svg without name": (show_html('<svg viewBox="0 0 1 1"></svg>'), "no name"),
    "dated svg": (show_html("<svg><title>a gate</title><dc:date>2026</dc:date></svg>"), "date"),
    "markdown picture": ({"cell": 0, "source": "![](https://example.org/a.svg)"}, "no alt text"),
    "markdown in a summary": (
        {"cell": 0, "source": "<details>\n<summary>What is `p`?</summary>\n\n.5\n\n</details>"},
        "<summary> holds '`'",
    ),
    "missing picture": ({"cell": 0, "source": "![a gate](gate.svg)"}, "does not exist"),
    "widget view": (
        {"cell": 1, "outputs": [new_output("display_data", {tool.WIDGET_VIEW: {"model_id": "1"}})]},
        "widget view",
    ),
}


@pytest.mark.parametrize("change, sentence", WRONG.values(), ids=WRONG.keys())
def test_each_wrong_is_named(change: dict[str, object], sentence: str, tmp_path: Path) -> None:
    nb, change = good(), dict(change)
    nb.cells[change.pop("cell")].update(nbformat.from_dict(change))
    assert sentence in checked(nb, tmp_path)


def test_lesson_that_never_ran_is_named_but_an_assignment_may_be_empty(tmp_path: Path) -> None:
    nb = good()
    nb.cells = [new_code_cell("1 + 1", id="sum")]
    assert "no cell stores an output" in checked(nb, tmp_path)
    nb.cells[0].metadata = {"nbgrader": {"grade_id": "sum", "schema_version": 3}}
    assert checked(nb, tmp_path) == ""


def test_normalise_takes_away_what_churns_and_keeps_what_is_said(tmp_path: Path) -> None:
    nb = good()
    nb.cells[2].update(
        id="8d1f03b2", execution_count=12, metadata={"execution": {"start": 1}, "tags": ["keep"]}
    )
    where = f"{tool.ROOT}/recdrop_lessons/layers/recurrent.py"
    bar = " 50%|##   | 10/20 [00:01<00:00, 12.3it/s]\n"
    nb.cells[2].outputs = [
        new_output("stream", name="stdout", text=f"{where} <Drop at 0x7f12ab34cd56>\n0.25\n"),
        new_output("stream", name="stderr", text=bar),
        new_output("display_data", {tool.WIDGET_VIEW: {"model_id": "1"}, "text/plain": "interactive()"}),
    ]
    cell = tool.normalise(nb).cells[2]
    assert cell.id == "print-p" and cell.execution_count == 1 and cell.metadata == {"tags": ["keep"]}
    assert [output.text for output in cell.outputs] == ["recdrop_lessons/layers/recurrent.py <Drop>\n0.25\n"]
    assert checked(nb, tmp_path) == ""
    before = (tmp_path / "lesson.ipynb").read_bytes()
    assert checked(tool.normalise(nb), tmp_path) == "" and (tmp_path / "lesson.ipynb").read_bytes() == before


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_stored_prediction_is_the_one_that_is_asked(path: Path) -> None:
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and (asked := tool.PREDICT.search(cell.source)):
            (stored,) = cell.outputs
            wanted = tool.page_html(tool.find(asked[1]))
            assert stored.data["text/html"] == wanted, "tools/notebooks.py predictions stores it as it is now"
            assert asked[1].startswith(path.stem[:2])


def test_of_a_widget_the_words_beside_it_are_kept_and_its_view_is_not() -> None:
    view = {tool.WIDGET_VIEW: {"model_id": "1"}, "text/plain": "Predict"}
    assert tool.normal_output(new_output("display_data", dict(view))) is None
    kept = tool.normal_output(new_output("display_data", view | {"text/html": "<p>Predict</p>"}))
    assert kept is not None and dict(kept.data) == {"text/plain": "Predict", "text/html": "<p>Predict</p>"}


def test_run_stores_outputs_and_leaves_the_file_alone_when_a_cell_fails(tmp_path: Path) -> None:
    nb = good()
    nb.cells = [
        new_code_cell("import sys\n# NBVAL_CHECK_OUTPUT\nprint(2 + 2)", id="sum"),
        new_code_cell("sys.executable", id="where"),
    ]
    path = tmp_path / "lesson é.ipynb"
    nbformat.write(nb, path)
    tool.execute(path, nb, timeout=60)
    assert nb.cells[0].outputs[0].text == "4\n"
    assert nb.cells[1].outputs[0].data["text/plain"] == repr(
        sys.executable
    )  # the kernel is this environment's

    nb.cells[1].source = "1 / 0"
    nbformat.write(nb, path)
    before = path.read_bytes()
    with pytest.raises(tool.typer.Exit) as stopped:
        tool.run([path], timeout=60)
    assert stopped.value.exit_code == 1 and path.read_bytes() == before


def test_marked_cell_that_cannot_be_repeated_is_named() -> None:
    nb = good()
    nb.cells[2].outputs = [new_output("stream", name="stdout", text="<Drop at 0x7f12ab34cd56>\n")]
    assert [problem.split(":")[0] for problem in tool.unstable_marks(nb)] == ["cell rate"]
    assert tool.unstable_marks(good()) == []
