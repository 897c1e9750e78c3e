"""A prediction in JupyterLab, by keyboard alone: asked, kept, compared; and "Run All" goes past it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import nbformat
import pytest
from browser.pages import Notebook, Server

Open = Callable[..., Notebook]
CELLS = ("from recdrop_lessons import predict\npredict({name!r})", "print('the run', 'went on')")


def asking(server: Server, name: str) -> str:
    """A notebook that asks for one prediction and then runs a cell."""
    cells = [nbformat.v4.new_code_cell(text.format(name=name), id=f"c{k}") for k, text in enumerate(CELLS)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), server.folder / f"{name}.ipynb")
    return f"{name}.ipynb"


def kept(server: Server, name: str) -> Any:
    stored = json.loads((server.folder / ".recdrop" / "progress.json").read_text(encoding="utf-8"))
    return stored["kept"][f"prediction {name}"]["answer"]


def axe(page: Any) -> list[str]:
    engine = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = engine.run(page, context="section.recdrop-prediction").response["violations"]
    return [f"{v['id']}: {v['help']}" for v in found if v["impact"] in ("serious", "critical")]


def test_a_choice_is_made_kept_and_compared_by_keyboard(server: Server, opened: Open) -> None:
    name = "05-goes-up"
    notebook = opened(asking(server, name))
    page = notebook.page
    notebook.run_all()
    page.get_by_text("the run went on").wait_for()
    asked = page.locator("section.recdrop-prediction")
    asked.locator("input").first.focus()
    page.wait_for_timeout(300)  # Jupyter moves the focus once more when it has run the cells
    asked.locator("input").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    assert asked.locator("input:checked").get_attribute("value") == "b"
    assert axe(page) == []
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    asked.get_by_text("Kept:").wait_for()
    assert kept(server, name) == "b"
    assert "Right:" not in asked.inner_text()
    assert page.evaluate("document.activeElement.textContent") == "Show the answer"
    page.keyboard.press("Enter")
    asked.get_by_text("Right:").wait_for()
    assert "✔" in asked.inner_text()
    page.set_viewport_size({"width": 700, "height": 900})
    notebook.theme("JupyterLab Dark")
    assert axe(page) == []
