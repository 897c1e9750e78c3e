"""Every relative link in pages and notebooks leads to something, and a lesson is called by its title."""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("docs", "notebooks", "solutions", "exercises", "benchmarks")
PAGES = sorted(
    page
    for page in [*ROOT.glob("*.md"), *(found for room in ROOMS for found in (ROOT / room).rglob("*.*"))]
    if page.suffix in (".md", ".ipynb") and not {"_build", ".ipynb_checkpoints"} & set(page.parts)
)
CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\(<?([^)>\s]+)>?\)|(?:src|href)=[\"']([^\"']+)[\"']")


def text(page: Path) -> str:
    """The page as Markdown; of a notebook its Markdown cells."""
    if page.suffix == ".md":
        return page.read_text(encoding="utf-8")
    cells = nbformat.read(page, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def links(page: Path) -> list[tuple[str, str]]:
    """(words, target) of each link that stays in this repository; what stands in code is no link."""
    found = ((match[1] or "", match[2] or match[3]) for match in LINK.finditer(CODE.sub("code", text(page))))
    return [(words, target) for words, target in found if not re.match(r"[a-z]+:|//", target)]


def anchors(page: Path) -> set[str]:
    """The anchors of a page: of each heading, as GitHub makes them, and of each cell, as JupyterLab does."""
    headings = re.findall(r"^#+ (.+)$", CODE.sub(lambda code: code[0].strip("`"), text(page)), re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}
    if page.suffix == ".ipynb":
        slugs |= {f"cell-id={cell.id}" for cell in nbformat.read(page, as_version=4).cells}
    return slugs


def problems(page: Path) -> list[str]:
    """What is wrong with the links of a page, a sentence each."""
    wrong = []
    for words, target in links(page):
        path, _, anchor = target.partition("#")
        there = page.parent / path if path else page
        if not there.exists():
            wrong.append(f"{target} does not exist")
        elif anchor and anchor not in anchors(there):
            wrong.append(f"{target}: no such place on the page")
        elif re.match(r"\d\d · ", words) and text(there).splitlines()[0] != f"# {words}":
            wrong.append(f"[{words}] is called {text(there).splitlines()[0]!r}")
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    assert problems(page) == []


def test_a_wrong_link_is_named(tmp_path: Path) -> None:
    (tmp_path / "01.md").write_text("# 01 · Cells\n\n## What `dropout` does\n", encoding="utf-8")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](no.md) [b](01.md#none) [01 · Cell](01.md) [c](#none) <img src='no.svg'> `[d](code.md)`\n"
        "[e](01.md#what-dropout-does) [01 · Cells](01.md) [f](https://example.org/no)",
        encoding="utf-8",
    )
    wrong = problems(page)
    assert [sentence.split()[0].rstrip(":") for sentence in wrong] == [
        "no.md", "01.md#none", "[01", "#none", "no.svg",
    ]  # fmt: skip
