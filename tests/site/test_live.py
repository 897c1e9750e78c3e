"""Explorers on the served site, in Chromium: what they draw there is what the course draws."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from recdrop_lessons.explorers import LESSONS
from recdrop_lessons.explorers.frame import Again, Choice, Control, Settings, Slider

Visit = Callable[..., Any]
pytestmark = pytest.mark.browser
ASK = """async ([name, settings]) => {
  const { kernel } = await import('/_static/live/kernel.mjs');
  return kernel.ask('change', [name, JSON.stringify(settings)]);
}"""


def varied(controls: tuple[Control, ...], rng: random.Random) -> Settings:
    """Any settings that the controls can have."""
    found: Settings = {}
    for control in controls:
        if isinstance(control, Slider):
            steps = round((control.high - control.low) / control.step)
            found[control.name] = control.check(round(control.low + control.step * rng.randint(0, steps), 6))
        elif isinstance(control, Choice):
            found[control.name] = rng.choice(list(control.options))
        elif isinstance(control, Again):
            found[control.name] = rng.randint(1, 9)
        else:
            found[control.name] = rng.random() < 0.5
    return found


NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?")


def alike(here: str, there: str) -> bool:
    """The same words and strokes, each number to the last digit that is printed."""
    numbers = zip(NUMBER.findall(here), NUMBER.findall(there), strict=False)
    near = all(a == b or abs(float(a) - float(b)) <= 0.011 * max(1, abs(float(a))) for a, b in numbers)
    return near and NUMBER.sub("#", here) == NUMBER.sub("#", there)


def start(page: Any) -> None:
    """Start Python as a reader does, and wait for the first live picture."""
    page.get_by_role("button", name="Start Python").click()
    page.locator('.recdrop-live[data-state="live"]').wait_for()


def test_every_explorer_draws_in_the_browser_what_it_draws_natively(
    visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECDROP_FOLDER", str(tmp_path))  # a course not yet begun, as in the browser
    page, rng = visit("docs/explorers/where.html"), random.Random(0)
    start(page)
    for name in LESSONS:
        module = import_module(f"recdrop_lessons.explorers.{name}")
        for settings in ({}, *(varied(module.CONTROLS, rng) for _ in range(3))):
            answer = page.evaluate(ASK, [name, settings])
            frame = answer["frame"]
            assert not frame["error"], (name, settings, frame["error"])
            native = module.view(**answer["settings"]).frame
            for said in ("status", "alt", "panel", "off"):
                assert frame[said] == native[said], (name, answer["settings"])
            assert alike(frame["picture"], native["picture"]), (name, answer["settings"])


@pytest.mark.parametrize("name", LESSONS)
def test_a_lessons_page_has_its_picture_and_controls_before_python(
    name: str, live_site: Path, visit: Visit
) -> None:
    page = visit(f"notebooks/{LESSONS[name]}.html")
    place = page.locator(f'.recdrop-live[data-explorer="{name}"]')
    place.locator(".recdrop").wait_for()
    module = import_module(f"recdrop_lessons.explorers.{name}")
    for control in module.CONTROLS:
        assert place.locator(f'[data-control="{control.name}"]').count() == 1
    assert place.locator(".recdrop-picture svg").count() == 1
    assert not [url for url in page.asked if "/runtime/" in url]


def test_a_control_starts_python_and_the_next_page_fetches_nothing(visit: Visit) -> None:
    page = visit("notebooks/03_where_dropout_happens.html")
    place = page.locator(".recdrop-live")
    place.locator('[data-control="row"]').select_option("zoneout")
    place.and_(page.locator('[data-state="live"]')).wait_for()
    assert "Zoneout" in place.locator(".recdrop-status").text_content()
    assert len([url for url in page.asked if url.endswith(".packed")]) == 7
    page.wait_for_function("caches.open('recdrop-runtime').then(c => c.keys()).then(k => k.length == 7)")

    other = visit("notebooks/02_noise.html", context=page.context)
    other.locator(".recdrop-live").scroll_into_view_if_needed()  # no click: nothing has to be fetched
    other.locator('.recdrop-live[data-state="live"]').wait_for()
    assert not [url for url in other.asked if url.endswith(".packed")]


def test_a_link_carries_its_settings(visit: Visit) -> None:
    page = visit("docs/explorers/stack_builder.html?stack=error")
    page.locator('.recdrop-live[data-state="live"]').wait_for()
    module = import_module("recdrop_lessons.explorers.stack_builder")
    assert page.locator(".recdrop-status").text_content() == module.figure(stack="error").status
    page.get_by_role("link", name="The same, fixed").click()
    page.wait_for_url("**stack=cured**")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("The link to these settings is copied.").wait_for()
    assert "stack=cured" in page.evaluate("navigator.clipboard.readText()")


def test_a_link_with_a_setting_that_is_none_says_so(visit: Visit) -> None:
    page = visit("docs/explorers/where.html?p=7")
    page.locator(".recdrop-error", has_text="p was 7").wait_for()


def test_without_webassembly_a_sentence_says_so(visit: Visit) -> None:
    page = visit("docs/explorers/where.html", script="delete window.WebAssembly")
    page.get_by_text("This browser runs no WebAssembly").wait_for()
    assert page.locator(".recdrop-stored svg").is_visible()


def test_where_python_cannot_be_fetched_the_stored_picture_stays(visit: Visit) -> None:
    page = visit("docs/explorers/where.html")
    page.evaluate(
        "import('/_static/live/kernel.mjs').then(({ kernel }) => "
        "{ kernel.ask = () => Promise.reject(new Error('nothing answered')); })"
    )
    page.get_by_role("button", name="Start Python").click()
    page.get_by_text("Python did not start, and the last picture stays: nothing answered").wait_for()
    assert page.locator(".recdrop-picture svg").is_visible()
    assert page.get_by_role("button", name="Start Python").is_visible()


@pytest.mark.parametrize("width, scheme", [(1280, "light"), (390, "dark")])
def test_the_accessibility_engine_finds_nothing_serious_in_a_live_explorer(
    visit: Visit, width: int, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    for name in ("docs/explorers/where.html", "embed/where.html"):
        page = visit(name, width, scheme)
        page.locator(".recdrop-live .recdrop").wait_for()
        found = [
            f"{name}: {v['id']}: {v['help']}; {[node['html'][:150] for node in v['nodes'][:3]]}"
            for v in axe.run(page, options={"resultTypes": ["violations"], "preload": False}).response[
                "violations"
            ]
            if v["impact"] in ("serious", "critical")
        ]
        assert not found, found
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than {width}"


def test_what_a_page_stores_of_an_explorer_is_its_frame(live_site: Path) -> None:
    text = (live_site / "embed" / "graph.html").read_text(encoding="utf-8")
    stored = re.search(r'<script type="application/json">(.*?)</script>', text, re.S)
    assert stored is not None
    state = json.loads(stored[1])
    module = import_module("recdrop_lessons.explorers.graph")
    assert state["title"] == module.TITLE and state["frame"]["status"] == module.figure().status
