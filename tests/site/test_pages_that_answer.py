"""Pages that answer: their code runs with the real frameworks, and each has what a reader comes for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [page for page in sorted((ROOT / "docs" / "answers").glob("*.md")) if page.stem != "index"]


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_code_runs_and_what_it_asserts_holds(page: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", text(page), re.M | re.S)
    assert len(blocks) == 1 and "assert " in blocks[0]
    if "torch_geometric" in blocks[0]:
        pytest.importorskip("torch_geometric")
    if "import keras" in blocks[0]:
        pytest.importorskip("keras")
    exec(compile(blocks[0], page.name, "exec"), {"__name__": "page"})
