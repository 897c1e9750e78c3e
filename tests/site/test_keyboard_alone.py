"""The served site by keyboard alone, and at a phone's size: each kind of page is used from its first Tab."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from recdrop_lessons import quiz

Visit = Callable[..., Any]
pytestmark = pytest.mark.browser
EXERCISE = "exercises/01_cells/01_cells.html"
RIGHT = "def rnn_step(x, h, W, U, b):\n    return torch.tanh(x @ W.T + h @ U.T + b)\n"
ENDLESS = "def rnn_step(x, h, W, U, b):\n    while True:\n        pass\n"
PHONE = 390
KINDS = (
    "docs/explorers/where",
    EXERCISE.removesuffix(".html"),
    "notebooks/00_start_here",
    "notebooks/05_recurrent_dropout_family",
    "docs/site/progress",
    "docs/claims/dropout-masks-the-inputs",
    "docs/claims/self-loops-are-safe",
    "docs/answers/recurrent-dropout-is-wrong",
)
#: What has the focus: its tag, its field's name, its name for a reader of screens.
FOCUSED = """() => {
  const at = document.activeElement;
  const labels = [...(at.labels ?? [])].map((one) => one.textContent);
  const name = at.getAttribute("aria-label") ?? (labels.join(" ") || at.textContent);
  return [at.tagName, at.getAttribute("name") ?? "", name.trim().slice(0, 80)];
}"""
DRAWN = """() => {
  const at = document.activeElement;
  const style = getComputedStyle(at.closest(".cm-editor") ?? at);
  return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
}"""
SLIDER = "document.activeElement.matches('.recdrop-live input[type=range]')"
SMALL = """() => {
  const ours = "[class^=recdrop] button, .recdrop-prediction label, .recdrop-parts a";
  return [...document.querySelectorAll(ours)]
    .map((one) => [one.textContent.trim(), one.getBoundingClientRect()])
    .filter(([, box]) => box.width && (box.height < 40 || box.width < 40))
    .map(([text, box]) => `${text}: ${box.width} × ${box.height}`);
}"""


def tab_to(page: Any, name: str, key: str = "Tab") -> None:
    """Press Tab until what is named has the focus, and see that the focus is drawn."""
    seen = []
    for _ in range(250):
        page.keyboard.press(key)
        at = page.evaluate(FOCUSED)
        seen.append(at[2])
        if at[2].startswith(name):
            drawn = page.evaluate(DRAWN)
            assert drawn, f"{name} has the focus, and nothing shows it"
            return
    raise AssertionError(f"No Tab leads to {name!r}: {seen[-40:]}")


def test_an_explorer_is_started_and_moved(visit: Visit) -> None:
    page = visit("docs/explorers/where.html")
    tab_to(page, "Start Python")
    page.keyboard.press("Enter")
    page.locator('.recdrop-live[data-state="live"]').wait_for()
    tab_to(page, "Copy link")
    place = page.locator(".recdrop-live")
    before = place.inner_html()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate(SLIDER):
            break
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "before => document.querySelector('.recdrop-live').innerHTML !== before", arg=before
    )
    assert page.evaluate("document.activeElement.matches('.recdrop-live input[type=range]')"), (
        "it keeps the focus"
    )
    assert "?" in page.url, "the address has the settings"


def test_an_exercise_is_solved(visit: Visit) -> None:
    page = visit(EXERCISE)
    page.locator('.recdrop-exercise[data-state="ready"]').wait_for(state="attached")
    part = page.locator('.recdrop-part[aria-label^="Your answer to 1.1,"]')

    def write(code: str) -> None:
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(code)

    tab_to(page, "Your answer to 1.1, rnn_step")
    write(ENDLESS)
    tab_to(page, "Check")  # Tab leaves the editor
    page.keyboard.press("Enter")
    part.get_by_text("Checking …").wait_for()
    tab_to(page, "Stop")
    page.keyboard.press("Enter")
    part.get_by_text("You stopped it.").wait_for()
    assert page.evaluate(FOCUSED)[2] == "Check", "the focus goes back to what can be pressed"

    tab_to(page, "Hint")
    page.keyboard.press("Space")
    part.get_by_text("Hint 1 of").wait_for()
    tab_to(page, "Your answer to 1.1, rnn_step", key="Shift+Tab")
    write(RIGHT)
    tab_to(page, "Check")
    page.keyboard.press("Enter")
    part.locator(".recdrop-result").get_by_text("20 of 20 points").wait_for()
    assert page.evaluate(FOCUSED)[2] == "Check"


def test_the_quiz_is_answered(visit: Visit) -> None:
    page = visit("notebooks/00_start_here.html")
    page.locator('section[aria-label="The opening quiz"]').wait_for()
    for question in quiz.QUESTIONS:
        for _ in range(200):
            page.keyboard.press("Tab")
            if page.evaluate(FOCUSED)[1] == question.name:
                break
        page.keyboard.press("Space")
        page.keyboard.press("ArrowDown")
    tab_to(page, "Keep my answers")
    page.keyboard.press("Enter")
    page.get_by_text("Your first answers wait for lesson 10").wait_for()
    store = page.evaluate("JSON.parse(localStorage.getItem('recdrop:progress')).kept")
    (sitting,) = store.values()
    assert sitting["answers"] == {question.name: "b" for question in quiz.QUESTIONS}


def test_a_claim_is_tried(visit: Visit) -> None:
    page = visit("docs/claims/torch-dropout-is-recurrent.html")
    tab_to(page, "Your seed")
    page.keyboard.press("Control+a")
    page.keyboard.type("11")
    page.keyboard.press("Enter")
    page.get_by_role("status").get_by_text("Seed 11: ✘ false").wait_for()
    tab_to(page, "Try it")
    page.keyboard.press("Enter")
    page.get_by_role("status").get_by_text("Seed 12: ✘ false").wait_for()


@pytest.mark.parametrize("width, scheme", [(1280, "dark"), (PHONE, "light")])
def test_the_accessibility_engine_finds_nothing_serious_on_pages_that_are_used(
    visit: Visit, width: int, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    quick = {"resultTypes": ["violations"], "preload": False}
    for name in KINDS:
        page = visit(f"{name}.html", width, scheme)
        page.wait_for_load_state("networkidle")
        found = [
            f"{name}: {v['id']}: {v['help']}; {[node['html'][:150] for node in v['nodes'][:3]]}"
            for v in axe.run(page, options=quick).response["violations"]
            if v["impact"] in ("serious", "critical")
        ]
        assert not found, found
        page.close()


def test_on_a_phone_nothing_scrolls_sideways_and_a_finger_finds_its_target(visit: Visit) -> None:
    for name in KINDS:
        page = visit(f"{name}.html", PHONE, "dark")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE, name
        small = page.evaluate(SMALL)
        assert not small, (name, small)
        page.close()
