"""In JupyterLab: a wrong answer, its picture, and a click that opens the explorer at the mistake."""

from __future__ import annotations

from collections.abc import Callable

import nbformat
from browser.pages import Notebook, Server

Open = Callable[..., Notebook]
ANSWER = """\
import torch
from recdrop_lessons.checks import check

def sample_mask(batch, time, features, p, shared, generator=None):
    shared = [axis for axis in shared if axis != "time"]
    named = (("batch", batch), ("time", time), ("features", features))
    sizes = [1 if axis in shared else size for axis, size in named]
    keep = torch.rand(sizes, generator=generator) >= p
    return (keep / (1 - p)).expand(batch, time, features)
"""


def test_a_click_opens_the_explorer_with_masks_that_are_shared_as_mine(server: Server, opened: Open) -> None:
    cells = [nbformat.v4.new_code_cell(ANSWER, id="answer")]
    check = nbformat.v4.new_code_cell("check(sample_mask)", id="check")
    check.metadata["tags"] = ["raises-exception"]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = nbformat.v4.new_notebook(cells=[*cells, check], metadata=kernel)
    nbformat.write(notebook, server.folder / "wrong.ipynb")

    lab = opened("wrong.ipynb")
    lab.run_all()
    lab.page.get_by_text("mask-per-step").first.wait_for()
    assert lab.page.locator('img[alt*="Right: the same along time"]').count() == 1
    lab.page.get_by_role("button", name="Explorer: masks that are shared as yours are").click()
    explorer = lab.explorer("Masks over time")
    shared = {name: explorer.control(name).is_checked() for name in ("time", "batch", "features")}
    assert shared == {"time": False, "batch": False, "features": False}
