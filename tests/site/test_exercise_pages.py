"""Exercises solved on the served site, in Chromium: checks, stopping, keeping, import and export."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Visit = Callable[..., Any]
pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
PAGE = "exercises/01_cells/01_cells.html"
RIGHT = "def rnn_step(x, h, W, U, b):\n    return torch.tanh(x @ W.T + h @ U.T + b)\n"
NO_STATE = RIGHT.replace(" + h @ U.T", "")
ENDLESS = "def rnn_step(x, h, W, U, b):\n    while True:\n        pass\n"
LACKING = "def rnn_step(x, h, W, U, b):\n    return torch.fft.rfft(x)\n"

MASKED_OUTPUT = """\
def lstm_with_masks(x, W, U, b, m_x, m_h):
    h = c = x.new_zeros(x.shape[0], U.shape[1])
    states = []
    for x_t in x.unbind(1):
        i, f, g, o = ((x_t * m_x) @ W.T + h @ U.T + b).chunk(4, dim=-1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        states.append(h * m_h)
    return torch.stack(states, dim=1)
"""


class Part:
    """One part of an exercise on its page."""

    def __init__(self, page: Any, number: str) -> None:
        self.page = page
        page.locator('.recdrop-exercise[data-state="ready"]').wait_for(state="attached")
        self.root = page.locator(f'.recdrop-part[aria-label^="Your answer to {number},"]')

    def button(self, name: str) -> Any:
        return self.root.get_by_role("button", name=name, exact=True)

    def write(self, code: str) -> None:
        self.root.locator(".cm-content, textarea").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(code)

    def says(self, text: str) -> None:
        self.root.locator(".recdrop-result", has_text=text).wait_for()

    def check(self, code: str, said: str) -> None:
        self.write(code)
        self.button("Check").click()
        self.says(said)

    @property
    def code(self) -> str:
        lines = self.root.locator(".cm-line")
        if lines.count():
            return "\n".join(line.replace("\u200b", "") for line in lines.all_text_contents())
        return str(self.root.locator("textarea").input_value())


def kept(page: Any) -> dict[str, Any]:
    return dict(json.loads(page.evaluate("localStorage.getItem('recdrop:progress')")))


def test_an_answer_gets_the_courses_feedback_and_is_kept(visit: Visit, tmp_path: Path) -> None:
    page = visit(PAGE)
    part = Part(page, "1.1")
    part.check(NO_STATE, "Misconception: old-state-ignored")
    assert "the cell has no memory" not in part.root.inner_text()
    part.button("Check").click()
    part.says("the cell has no memory")  # the second time it says what is meant
    part.check(LACKING, "torch.fft is not in the browser's torch; open this exercise in JupyterLab")
    part.check("def rnn_step(x)\n", "SyntaxError")
    part.check(RIGHT, "20 of 20 points")
    entry = kept(page)["parts"]["1.1"]
    assert (entry["solved"], entry["checks"]) == (True, 4), "what the browser lacks is no attempt"
    page.get_by_text("20 of 100 points").wait_for()

    page.reload()
    part = Part(page, "1.1")
    assert part.code == RIGHT
    page.get_by_text("20 of 100 points").wait_for()

    with page.expect_download() as got:
        page.get_by_role("button", name="Export .ipynb").click()
    got.value.save_as(tmp_path / "mine.ipynb")
    notebook = json.loads((tmp_path / "mine.ipynb").read_text(encoding="utf-8"))
    given = json.loads((ROOT / "exercises" / "01_cells" / "01_cells.ipynb").read_text(encoding="utf-8"))
    changed = [a["id"] for a, b in zip(notebook["cells"], given["cells"], strict=True) if a != b]
    assert changed == ["rnn_step"] and notebook["metadata"] == given["metadata"]

    part.button("Reset").click()
    assert "NotImplementedError" in part.code
    part.button("Undo the reset").click()
    assert part.code == RIGHT

    other = visit(PAGE)  # another reader's browser
    assert "NotImplementedError" in Part(other, "1.1").code
    other.locator("input[type=file]").set_input_files(tmp_path / "mine.ipynb")
    other.get_by_text("4 of 4 answers came from the notebook.").wait_for()
    assert Part(other, "1.1").code == RIGHT


def test_an_endless_loop_ends_by_the_button_and_the_next_check_works(visit: Visit) -> None:
    page = visit(PAGE)
    part = Part(page, "1.1")
    part.write(ENDLESS)
    part.button("Check").click()
    part.says("Checking")
    part.button("Stop").click()
    part.says("You stopped it.")
    part.check(RIGHT, "20 of 20 points")


def test_an_endless_loop_ends_by_itself(visit: Visit) -> None:
    page = visit(PAGE)
    Part(page, "1.1")
    said = page.evaluate(
        """async (code) => {
          const { kernel } = await import('/_static/live/kernel.mjs');
          await kernel.ready();
          return kernel.ask('check', ['1.1', code, 'import torch', ''], 1).catch((error) => error.message);
        }""",
        ENDLESS,
    )
    assert said == "It ran for more than 1 seconds and was stopped."


def test_hints_need_no_python_and_count(visit: Visit) -> None:
    page = visit(PAGE)
    part = Part(page, "1.2")
    for k in (1, 2, 3):
        part.button("Hint").click()
        part.says(f"Hint {k} of 3")
    part.button("Hint").click()
    part.says("You have read all 3 hints.")
    assert kept(page)["parts"]["1.2"]["hints"] == 3
    assert not [url for url in page.asked if url.endswith(".packed")]


# Each file of a bank needs the two that it imports; a page has none of them, so they come along as text.
MODULES = """import sys, types
for name, text in {texts!r}.items():
    sys.modules[name] = types.ModuleType(name)
    exec(text, sys.modules[name].__dict__)
"""
BANK = """class Bank:
    def __init__(self):
        self.RIGHT, self.WRONG = [], []
    def right(self, function):
        return function
    def wrong(self, slug=None):
        return lambda function: function
"""
ASK_ALL = """async (asked) => {
  const { kernel } = await import('/_static/live/kernel.mjs');
  const said = [];
  for (const [part, source, before] of asked) {
    const { status, misconception } = await kernel.ask('check', [part, source, before, '']);
    said.push([status, misconception]);
  }
  return said;
}"""


def test_a_sample_of_the_banks_is_judged_in_the_browser_as_on_torch(visit: Visit) -> None:
    """One part of each exercise: its first right answer, and its first wrong one with a name."""
    sys.path.insert(0, str(ROOT / "tests" / "answers"))
    from bank import banks

    first = {number.split(".")[0]: number for number in reversed(banks())}
    asked, expected = [], []
    for number in first.values():
        bank = banks()[number]
        file = Path(str(bank.__file__))
        shared = file.with_name("_shared.py")
        texts = {"bank": BANK}
        if shared.exists():
            name = f"{file.parent.name}._shared"
            texts |= {file.parent.name: "", name: shared.read_text(encoding="utf-8")}
        written = [(None, answer) for answer in bank.RIGHT], [one for one in bank.WRONG if one[0]]
        for answers in written:  # those that stand in the file under their own names
            slug, answer = next(one for one in answers if vars(bank).get(one[1].__name__) is one[1])
            source = f"{file.read_text(encoding='utf-8')}\n\n{file.stem} = {answer.__name__}\n"
            asked.append([number, source, MODULES.format(texts=texts)])
            expected.append([number, answer.__name__, "failed" if slug else "ok", slug])
    said = visit(PAGE).evaluate(ASK_ALL, asked)
    assert [[*one[:2], *found] for one, found in zip(expected, said, strict=True)] == expected


@pytest.mark.parametrize("width, scheme", [(1280, "light"), (390, "dark")])
def test_the_accessibility_engine_finds_nothing_serious_in_an_exercise(
    visit: Visit, width: int, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = visit(PAGE, width, scheme)
    Part(page, "1.1").button("Hint").click()
    found = [
        f"{v['id']}: {v['help']}; {[node['html'][:150] for node in v['nodes'][:3]]}"
        for v in axe.run(page, options={"resultTypes": ["violations"], "preload": False}).response[
            "violations"
        ]
        if v["impact"] in ("serious", "critical")
    ]
    assert not found, found
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_webassembly_the_exercise_is_there_to_be_read(visit: Visit) -> None:
    page = visit(PAGE, script="delete window.WebAssembly")
    page.get_by_text("This browser runs no WebAssembly").wait_for()
    page.get_by_text("raise NotImplementedError()").first.wait_for()


def test_a_wrong_answer_leads_to_the_explorer_that_shows_it(visit: Visit) -> None:
    page = visit("exercises/03_where_dropout_happens/03_where_dropout_happens.html")
    part = Part(page, "3.1")
    part.check(MASKED_OUTPUT, "Misconception: mask-on-output")
    for side in ("Yours", "Right"):
        picture = part.root.locator(f'.recdrop-result img[alt*="{side}, states[0]"]')
        assert picture.evaluate("(img) => img.complete && img.naturalWidth > 100")
    with page.expect_popup() as opened:
        part.root.get_by_role("link", name="Explorer: a mask on what goes up alone").click()
    explorer = opened.value
    explorer.locator('.recdrop-live[data-state="live"]').wait_for()
    assert "site=output" in explorer.url
    explorer.locator(".recdrop select").nth(1).wait_for()
    shown = explorer.evaluate("[...document.querySelectorAll('.recdrop select')].map((one) => one.value)")
    assert "own" in shown and "output" in shown
    explorer.close()
