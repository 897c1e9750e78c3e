"""Every explorer, alive in a real browser: what its controls say is what its pure function draws."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib import import_module
from itertools import pairwise
from typing import Any

import nbformat
import pytest
from browser.conftest import ROOT
from browser.pages import Explorer, Notebook, Server

from recdrop_lessons.explorers import LESSONS
from recdrop_lessons.explorers.frame import Again

Open = Callable[..., Notebook]


def alone(server: Server, name: str, *lines: str) -> str:
    """Write a notebook of one cell; return its path."""
    cell = nbformat.v4.new_code_cell("\n".join(lines), id="only")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=kernel), server.folder / f"{name}.ipynb")
    return f"{name}.ipynb"


def just(server: Server, module: str) -> str:
    """A notebook that only shows an explorer."""
    lines = (f"from recdrop_lessons.explorers import {module}", f"{module}.view()")
    return alone(server, f"just_{module}", *lines)


def lesson(server: Server, module: str) -> str:
    """The lesson's notebook, of which the set-up and the explorer run; `make notebooks` runs every cell."""
    path = ROOT / "notebooks" / f"{LESSONS[module]}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    setup = next(k for k, cell in enumerate(code) if "from recdrop_lessons.explorers import" in cell.source)
    for cell in code[setup + 1 :]:
        if not re.search(r"^\w+\.view\(", cell.source, re.MULTILINE):
            cell.cell_type = "raw"
            del cell["outputs"], cell["execution_count"]
    nbformat.write(notebook, server.folder / path.name)
    return path.name


def expected(module: Any, settings: dict[str, Any], seed: int) -> Any:
    """The frame of the pure function for what the controls say."""
    name = module.__name__.rsplit(".", 1)[-1]
    seeded = {c.name: seed for c in module.CONTROLS if isinstance(c, Again)}
    if name == "board":
        from recdrop_lessons import progress

        return module.figure(progress.board(), **settings, **seeded)
    return module.figure(**settings, **seeded)


def agrees(explorer: Explorer, module: Any, seed: int) -> None:
    """The text and the picture on the page are the pure function's."""
    frame = expected(module, explorer.settings(module.CONTROLS), seed)
    assert explorer.status == frame.status
    assert explorer.shows(frame.svg)
    assert explorer.error == ""


def serious(page: Any) -> list[str]:
    """What the accessibility engine finds in the explorers of a page, serious or worse."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page, context="section.recdrop").response["violations"]
    return [
        f"{v['id']}: {v['help']}; {[node['html'][:120] for node in v['nodes'][:3]]}"
        for v in found
        if v["impact"] in ("serious", "critical")
    ]


@pytest.mark.timeout(600)  # lesson 09's takes 35 seconds, and 170 while the site is built beside it
@pytest.mark.parametrize("name", list(LESSONS))
def test_the_lessons_explorer_by_mouse_and_by_keyboard_narrow_and_dark(
    name: str, server: Server, opened: Open, monkeypatch: pytest.MonkeyPatch, record_property: Any
) -> None:
    monkeypatch.setenv("RECDROP_FOLDER", str(server.folder))
    module, seed = import_module(f"recdrop_lessons.explorers.{name}"), 1
    notebook = opened(lesson(server, name))
    notebook.run_all()
    explorer = notebook.explorer(module.TITLE)
    agrees(explorer, module, seed)
    for control in module.CONTROLS:
        for move in (explorer.by_mouse, explorer.by_keyboard):
            if explorer.control(control.name).is_enabled():
                with explorer.changes():
                    move(control)
                seed += isinstance(control, Again)
                agrees(explorer, module, seed)
    times = sorted(explorer.milliseconds)
    record_property("milliseconds", json.dumps(times))
    print(
        f"\n{name}: {len(times)} changes, median {times[len(times) // 2]:.0f} ms, slowest {times[-1]:.0f} ms"
    )
    assert serious(notebook.page) == []
    notebook.page.set_viewport_size({"width": 800, "height": 900})
    assert cut_off(explorer, module) == []
    notebook.theme("JupyterLab Dark")
    assert serious(notebook.page) == []


def cut_off(explorer: Explorer, module: Any) -> list[str]:
    """The controls that reach out of the explorer."""
    explorer.page.wait_for_timeout(300)  # the page lays itself out anew
    edge = explorer.root.bounding_box()
    boxes = {control.name: explorer.control(control.name).bounding_box() for control in module.CONTROLS}
    return [
        name
        for name, box in boxes.items()
        if box["x"] < edge["x"] - 1 or box["x"] + box["width"] > edge["x"] + edge["width"] + 1
    ]


@pytest.mark.parametrize("name", ["where", "board", "stack_builder", "graph"])
def test_a_part_of_the_picture_can_be_picked_by_pointer_and_by_key(
    name: str, server: Server, opened: Open
) -> None:
    module = import_module(f"recdrop_lessons.explorers.{name}")
    notebook = opened(just(server, name))
    notebook.run_all()
    explorer = notebook.explorer(module.TITLE)
    for press in (lambda part: part.click(), lambda part: part.press("Enter")):
        part = explorer.root.locator('.recdrop-picture [data-name][aria-pressed="false"]').last
        control, value = part.get_attribute("data-name"), part.get_attribute("data-value")
        with explorer.changes():
            press(part)
        assert explorer.control(control).input_value() == value
    focused = notebook.page.evaluate("document.activeElement.dataset.name")
    assert focused == control, "the focus stays on the part that was pressed"


def test_tab_reaches_every_control_and_every_site_of_the_picture(server: Server, opened: Open) -> None:
    from recdrop_lessons.explorers import where

    notebook = opened(just(server, "where"))
    notebook.run_all()
    explorer = notebook.explorer(where.TITLE)
    explorer.control("row").focus()
    reached = []
    for _ in range(40):
        reached.append(
            notebook.page.evaluate(
                "(() => { const d = document.activeElement.dataset; return d.control || d.value || ''; })()"
            )
        )
        notebook.page.keyboard.press("Tab")
    usable = [c.name for c in where.CONTROLS if explorer.control(c.name).is_enabled()]
    assert set(usable) | set(where.SITES) <= set(reached)


def test_while_a_slider_moves_frames_are_dropped_and_the_last_one_is_right(
    server: Server, opened: Open
) -> None:
    from recdrop_lessons.explorers import where

    notebook = opened(just(server, "where"))
    notebook.run_all()
    explorer = notebook.explorer(where.TITLE)
    box = explorer.control("p").bounding_box()
    page, y, before = notebook.page, box["y"] + box["height"] / 2, explorer.serial
    values: list[str] = []
    page.mouse.move(box["x"] + 8, y)
    page.mouse.down()
    for k in range(80):  # to and fro, as fast as the page takes it
        x = box["x"] + 8 + (box["width"] - 16) * abs((k / 20) % 2 - 1)
        page.mouse.move(x, y)
        values.append(explorer.control("p").input_value())
    page.mouse.up()
    moved = sum(a != b for a, b in pairwise(values))
    page.wait_for_timeout(1500)
    agrees(explorer, where, 1)
    frames = explorer.serial - before
    print(f"\n{moved} moves of the slider, {frames} frames")
    assert 2 <= frames <= moved


def test_a_failure_is_told_in_the_widget_and_the_next_change_mends_it(server: Server, opened: Open) -> None:
    path = alone(
        server,
        "failing",
        "from recdrop_lessons.explorers.frame import Frame, Slider",
        "from recdrop_lessons.explorers.view import Explorer",
        "def draw(p):",
        "    if p > 3:",
        "        raise ValueError('p is too large for a picture')",
        "    return Frame('<svg></svg>', 'nothing', status=f'p = {p}')",
        "Explorer('A fragile one', (Slider('p', 'p', 1, 0, 5, 1),), draw)",
    )
    notebook = opened(path)
    notebook.run_all()
    explorer = notebook.explorer("A fragile one")
    with explorer.changes():
        explorer.control("p").fill("4")
    assert explorer.error == "This setting could not be drawn. ValueError: p is too large for a picture"
    assert explorer.status == "p = 1"
    with explorer.changes():
        explorer.control("p").fill("2")
    assert explorer.error == "" and explorer.status == "p = 2"


@pytest.mark.parametrize("app", ["notebook", "voila"])
def test_an_explorer_works_in_notebook_7_and_in_voila(app: str, server: Server, opened: Open) -> None:
    if app == "voila":
        pytest.importorskip("voila", reason="voila is not installed: the extra `browser`")
    works("where", app, server, opened)


def works(name: str, app: str, server: Server, opened: Open) -> None:
    """The explorer shows its first frame and answers to its first control."""
    module = import_module(f"recdrop_lessons.explorers.{name}")
    notebook = opened(just(server, name), app=app)
    notebook.run_all()
    explorer = notebook.explorer(module.TITLE)
    agrees(explorer, module, 1)
    with explorer.changes():
        explorer.by_keyboard(module.CONTROLS[0])
    agrees(explorer, module, 1)
