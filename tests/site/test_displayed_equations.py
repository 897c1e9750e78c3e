"""Displayed equations on the served site: none is wider than its column on a usual screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
PAGES = sorted(path.relative_to(ROOT) for path in ROOT.glob("notebooks/*.ipynb")) + sorted(
    path.relative_to(ROOT) for path in ROOT.glob("exercises/*/*.ipynb")
)
#: Beyond the column's right edge, in pixels, with the equation's first letters; tables scroll by themselves.
CUT_OFF = """() => {
  const edge = document.querySelector("article").getBoundingClientRect().right;
  const ends = (math) => [...math.querySelectorAll("*")].map((part) => part.getBoundingClientRect().right);
  const right = (math) => Math.max(...ends(math));
  return [...document.querySelectorAll("math")]
    .filter((math) => !math.closest("table") && right(math) > edge + 1)
    .map((math) => `${Math.round(right(math) - edge)} px: ${math.textContent.slice(0, 60)}`);
}"""


def test_no_equation_is_cut_off(visit: Callable[..., Any]) -> None:
    found, seen = {}, 0
    for path in PAGES:
        page = visit(path.with_suffix(".html").as_posix())
        seen += page.locator("math").count()
        if cut_off := page.evaluate(CUT_OFF):
            found[path.stem] = cut_off
        page.close()
    assert seen > 100 and not found
