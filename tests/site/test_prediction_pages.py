"""Predictions on the served site: asked as in the notebook, the first answer kept as the course keeps it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recdrop_lessons.course import predictions

Visit = Callable[..., Any]
PAGE = "notebooks/05_recurrent_dropout_family.html"


@pytest.mark.browser
def test_a_prediction_is_asked_kept_and_compared(visit: Visit, tmp_path: Path) -> None:
    number = predictions.find("05-survival")
    page = visit(PAGE)
    root = page.locator('.recdrop-prediction[aria-label="Prediction 05-survival"]')
    keep = root.get_by_role("button", name="Keep my prediction")
    keep.click()
    root.get_by_role("alert").wait_for()
    assert number.why not in root.inner_text()
    root.get_by_role("textbox").fill("0,9")
    keep.click()
    root.get_by_text("Kept: 0.9").wait_for()

    page.reload()  # it is kept, and the first answer counts
    root.get_by_role("button", name="Show the answer").click()
    root.get_by_text("Your prediction: 0.9 ✘").wait_for()
    assert "Right:" in root.inner_text()

    kept = tmp_path / ".recdrop" / "progress.json"  # the same file in JupyterLab
    kept.parent.mkdir()
    kept.write_text(page.evaluate("localStorage.getItem('recdrop:progress')"), encoding="utf-8")
    assert predictions.answers_in(json.loads(kept.read_text(encoding="utf-8"))) == {"05-survival": 0.9}


@pytest.mark.browser
@pytest.mark.parametrize(
    ("name", "given"), [("05-goes-up", "a"), ("05-survival", "0.38"), ("05-survival", "0,37")]
)
def test_what_is_wrong_with_an_answer_is_said_to_who_gave_it(visit: Visit, name: str, given: str) -> None:
    one = predictions.find(name)
    fault = one.trap_of(one.read_answer(given))
    page = visit(PAGE)
    root = page.locator(f'.recdrop-prediction[aria-label="Prediction {name}"]')
    if one.choices:
        root.locator(f'input[value="{given}"]').check()
    else:
        root.get_by_role("textbox").fill(given)
    root.get_by_role("button", name="Keep my prediction").click()
    root.get_by_role("button", name="Show the answer").click()
    said = root.locator("p", has_text="About your answer:")
    said.wait_for()
    assert fault and said.inner_text() == f"About your answer: {fault}"


@pytest.mark.browser
def test_a_choice_is_kept_by_its_letter(visit: Visit) -> None:
    choice = next(one for one in predictions.predictions().values() if one.choices and one.name[:2] == "05")
    page = visit(PAGE)
    root = page.locator(f'.recdrop-prediction[aria-label="Prediction {choice.name}"]')
    root.locator(f'input[value="{choice.right}"]').check()
    root.get_by_role("button", name="Keep my prediction").click()
    root.get_by_role("button", name="Show the answer").click()
    root.get_by_text("✔").wait_for()


def test_without_scripts_the_answer_is_folded(site: Path) -> None:
    text = (site / PAGE).read_text(encoding="utf-8")
    asked = [name for name in predictions.predictions() if name[:2] == "05"]
    assert text.count('<div class="recdrop-predict">') == len(asked) > 0
    place = text.partition('<div class="recdrop-predict">')[2].partition("<script")[0]
    assert place.count("<details><summary>The answer</summary>") == 1 and "<details open" not in place
