"""A page for each claim: it says whether it is tried or recorded, and what is tried answers as recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

claim_pages = pytest.importorskip("claim_pages")
Visit = Callable[..., Any]
SEEDS = (1, 7)
KINDS = ("Live, on Keras itself", "stand-in for PyTorch.", "A recorded run.")
ASK = """async (asked) => {
  const { kernel } = await import("/_static/live/kernel.mjs");
  const replies = [];
  for (const [name, facts, seed] of asked) {
    const needs = name === "keras" ? "keras.zip" : "";
    replies.push(await kernel.ask("ask_framework", [name, facts, seed], 120, needs));
  }
  return replies;
}"""


def page_of(name: str) -> str:
    return f"docs/claims/{name}.html"


def test_each_claim_has_a_page_that_says_which_of_three_it_is(site: Path) -> None:
    for name, row in claim_pages.rows().items():
        text = (site / page_of(name)).read_text(encoding="utf-8")
        said = [
            kind
            for kind in ("Live, on Keras itself", "stand-in for PyTorch.", "A recorded run.")
            if kind in text
        ]
        assert said, name
        assert ("A recorded run." in said) == (len(said) == 1 and "recdrop-claim-recorded" in text), name
        assert row.verdict.capitalize() in text, name
    every = (site / "notebooks" / "claims.html").read_text(encoding="utf-8")
    assert not [name for name in claim_pages.rows() if page_of(name) not in every]


@pytest.mark.browser
@pytest.mark.timeout(600)
def test_what_a_page_observes_is_what_was_recorded_at_more_than_one_seed(visit: Visit) -> None:
    """Keras: the matrix's newest release on NumPy. The browser's torch: PyTorch's newest release."""
    known = claim_pages.known()
    where = {
        "keras": ("Keras", "3.15.1", "numpy"),
        "torch": (
            "PyTorch",
            known.releases("PyTorch")[-1],
            known.backends("PyTorch", known.releases("PyTorch")[-1])[0],
        ),
    }
    facts: dict[str, set[str]] = {"keras": set(), "torch": set()}
    for name in claim_pages.rows():
        for package, its in claim_pages.asked(name).items():
            facts[package] |= its.keys()
    assert len(facts["keras"]) > 25 and len(facts["torch"]) > 3
    asked = [
        [package, json.dumps(sorted(its)), str(seed)] for package, its in facts.items() for seed in SEEDS
    ]
    replies = visit("index.html").evaluate(ASK, asked)
    differ = []
    for (package, wanted, seed), reply in zip(asked, replies, strict=True):
        assert {one["fact"] for one in reply["observed"]} == set(json.loads(wanted))
        for one in reply["observed"]:
            recorded = known.observed(one["fact"], *where[package])
            if one["observed"] != recorded:
                differ.append((package, seed, one["fact"], one["observed"], recorded, one["error"][:300]))
    assert not differ


@pytest.mark.browser
@pytest.mark.parametrize(
    "name, said",
    [
        ("dropout-masks-the-inputs", "✔ true, as recorded; Keras 3.15.1"),
        ("torch-dropout-is-recurrent", "✘ false, as recorded; the browser's torch"),
    ],
)
def test_a_claim_is_tried_with_a_seed_of_ones_own(visit: Visit, name: str, said: str) -> None:
    page = visit(page_of(name))
    page.get_by_role("spinbutton", name="Your seed").fill("42")
    page.get_by_role("button", name="Try it").click()
    page.get_by_role("status").get_by_text(f"Seed 42: {said}").wait_for(timeout=60_000)
    assert page.get_by_role("spinbutton", name="Your seed").input_value() == "43"
    assert page.get_by_role("table").last.get_by_role("row").count() > 1
    fetched = [url for url in page.asked if "keras-zip" in url]
    assert len(fetched) == (1 if "Keras" in said else 0)


@pytest.mark.browser
@pytest.mark.parametrize("late", ["manifest.json", "extras.json"])
def test_the_lists_of_the_runtime_may_arrive_in_either_order(visit: Visit, late: str) -> None:
    page = visit(page_of("dropout-masks-the-inputs"))
    held: list[Any] = []
    page.context.route(f"**/runtime/{late}", lambda route: held.append(route))
    page.get_by_role("button", name="Try it").click()
    other = {"manifest.json": "extras.json", "extras.json": "manifest.json"}[late]
    while not (held and any(url.endswith(other) for url in page.asked)):
        page.wait_for_timeout(50)
    page.wait_for_timeout(1000)
    page.context.unroute(f"**/runtime/{late}")
    for request in held:
        request.continue_()
    page.get_by_role("status").get_by_text("true, as recorded; Keras 3.15.1").wait_for()
