"""Explorers in other hosts of widgets, by their rules: no files of the kernel, a page of another origin.

VS Code and Colab hand a widget its code and its state as text and run it in a frame of their own. Here a page
without an origin does that, with a model that holds the state and nothing else.
"""

from __future__ import annotations

import importlib
import json
import re
from typing import Any

import pytest

from recdrop_lessons import explorers
from recdrop_lessons.explorers.view import Explorer

NAMES = sorted(explorers.LESSONS)


def sent(name: str) -> dict[str, Any]:
    """What the kernel sends of the explorer, as JSON."""
    explorer: Explorer = importlib.import_module(f"recdrop_lessons.explorers.{name}").view()
    keys = ("_esm", "_css", "title", "controls", "settings", "frame")
    return json.loads(json.dumps({key: explorer.get_state(key)[key] for key in keys}))


@pytest.mark.parametrize("name", NAMES)
def test_an_explorer_is_all_in_its_message(name: str) -> None:
    state = sent(name)
    for word in ("fetch(", "XMLHttpRequest", "import(", "document.baseURI", "window.parent", "localStorage"):
        assert word not in state["_esm"], word
    assert not re.search(r"^\s*import\s", state["_esm"], re.MULTILINE)
    assert not re.search(r"url\((?!['\"]?(#|data:))", state["_css"])
    assert not re.search(r"(src|href)=[\"'](?!#|data:)", state["frame"]["picture"])


@pytest.mark.parametrize("name", NAMES)
def test_it_draws_in_a_page_of_another_origin_and_asks_for_nothing(chromium: Any, name: str) -> None:
    page = chromium.new_page()
    asked, failed = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.set_content("<!doctype html><iframe sandbox='allow-scripts' srcdoc='<main></main>'></iframe>")
    frame = page.frames[-1]
    frame.wait_for_selector("main", state="attached")
    frame.evaluate(
        """async (state) => {
            const code = URL.createObjectURL(new Blob([state._esm], { type: "text/javascript" }));
            const module = (await import(code)).default;
            window.changes = {};
            const model = {
                get: (key) => state[key],
                set: (key, value) => { window.changes[key] = value; },
                on() {}, off() {}, send() {}, save_changes() { window.saved = true; },
            };
            const widget = typeof module === "function" ? await module() : module;
            if (widget.initialize) await widget.initialize({ model });
            await widget.render({ model, el: document.querySelector("main") });
        }""",
        sent(name),
    )
    assert frame.locator("svg, img").count() >= 1
    assert frame.locator("input, select, button").count() >= 1
    assert failed == [] and [one for one in asked if not one.startswith(("blob:", "about:", "data:"))] == []
    control = frame.locator("input[type=range], select, input[type=checkbox]").first
    if control.count():
        control.focus()
        page.keyboard.press("ArrowRight") if control.evaluate(
            "e => e.type !== 'checkbox'"
        ) else control.click()
        assert frame.evaluate("window.saved === true")
    page.close()
