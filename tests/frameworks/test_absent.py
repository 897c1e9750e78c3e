"""A lesson without Keras or PyG: what needs it is left out and says so, and all else runs."""

from __future__ import annotations

import ast
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell

from recdrop_lessons.frameworks import absent
from recdrop_lessons.frameworks.absent import LeavesOut


def run(*cells: str, modules: tuple[str, ...] = ("keras",)) -> tuple[dict[str, object], list[str]]:
    """The names after those cells, and what each printed first."""
    names: dict[str, object] = {}
    printed: list[str] = []
    names["print"] = lambda *words: printed.append(" ".join(map(str, words)))
    leaves_out = LeavesOut(modules)
    for cell in cells:
        exec(compile(leaves_out.visit(ast.parse(cell)), "cell", "exec"), names)
    return names, printed


def test_a_cell_that_needs_it_says_so_and_is_left_out_as_a_whole() -> None:
    names, printed = run("import keras\na = 1", "b = a\nlayer = keras.layers.LSTM(3)", "c = a + 1")
    assert names["a"] == 1 and names["c"] == 2 and not {"b", "layer", "keras"} & names.keys()
    assert printed == [
        "Lines of this cell need Keras, not installed here, and were left out: pip install keras",
        "This cell needs Keras, not installed here, and was left out: pip install keras",
    ]


@pytest.mark.parametrize(
    "cell",
    [
        "print(layer)",
        "def f():\n    return layer",
        "values = [layer(k) for k in range(3)]",
        "class Mine(layer): pass",
        "print(f'{layer}')",
        "layer.rate = 3",
        "x = lambda k: layer",
        "for k in range(3):\n    layer += k",
        "layer += 3",
    ],
)
def test_what_depends_on_it_goes_with_it(cell: str) -> None:
    _, printed = run("import keras", "layer = keras.layers.LSTM(3)", cell)
    assert len(printed) == 3 and all("Keras" in one for one in printed)


@pytest.mark.parametrize(
    "cell",
    [
        "layer = 3\nprint(layer)",  # made anew
        "print([layer for layer in range(3)])",  # another's name
        "def f(layer):\n    return layer\nprint(f(3))",
        "import torch\nprint(3)",
        "for layer in range(3):\n    print(layer)",
        "for k in range(3):\n    layer = k\n    print(layer)",
    ],
)
def test_what_does_not_depend_on_it_runs(cell: str) -> None:
    _, printed = run("import keras", "layer = keras.layers.LSTM(3)", cell)
    assert "Keras" not in printed[-1]


def test_each_framework_is_named() -> None:
    both = ("keras", "torch_geometric")
    cells = ("import keras\nfrom torch_geometric.nn import GATConv as G", "keras.ops\nG(1, 2)")
    _, printed = run(*cells, modules=both)
    assert "Keras and PyTorch Geometric" in printed[1] and "pip install keras torch_geometric" in printed[1]


def test_the_extension_does_nothing_where_all_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = InteractiveShell()
    absent.turn_on(shell)
    assert shell.ast_transformers == []
    monkeypatch.setitem(sys.modules, "keras", None)
    for _ in range(2):  # loaded twice it acts once
        shell.run_line_magic("load_ext", "recdrop_lessons")
        absent.turn_on(shell)
    assert len(shell.ast_transformers) == 1
    assert shell.run_cell("import keras\nkept = 1").success and shell.user_ns["kept"] == 1
