"""Link each word of notebooks/glossary.md where a lesson first uses it; only Markdown cells change.

python tools/glossary_links.py            # write the links
python tools/glossary_links.py --check    # exit 1 where one is missing or not at the first use
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "notebooks" / "glossary.md"
#: What is no prose: code, formulas, links, HTML, summaries of answers, headings, the papers at the end.
NO_PROSE = re.compile(
    r"## Read on.*|```.*?```|`[^`\n]*`|\$\$.*?\$\$|\$[^$\n]*\$|!?\[[^\]]*\]\([^)]*\)"
    r"|<summary>.*?</summary>|<[^>\n]*>|^#.*?$",
    re.DOTALL | re.MULTILINE,
)
LINK = re.compile(r"\[([^\]]*)\]\(glossary\.md#[^)]*\)")


def words() -> list[str]:
    """The words of the page, longest first, so that "forget gate" is found before "gate"."""
    found = re.findall(r"^### (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return sorted(found, key=len, reverse=True)


def anchor(word: str) -> str:
    return word.lower().replace(" ", "-")


def linked(text: str, word: str) -> str | None:
    """The text with the first use of the word as a link; None where it does not use it."""
    pattern = re.compile(rf"(?<![\w-]){re.escape(word)}s?(?![\w-])", re.IGNORECASE)
    taken = [match.span() for match in NO_PROSE.finditer(text)]
    for match in pattern.finditer(text):
        if not any(start < match.end() and match.start() < end for start, end in taken):
            link = f"[{match[0]}](glossary.md#{anchor(word)})"
            return text[: match.start()] + link + text[match.end() :]
    return None


def with_links(nb: NotebookNode) -> list[str]:
    """The sources of a lesson's Markdown cells, after the first, with a link at each word's first use."""
    texts = [LINK.sub(r"\1", cell.source) for cell in nb.cells[1:] if cell.cell_type == "markdown"]
    for word in words():
        for k, text in enumerate(texts):
            if (found := linked(text, word)) is not None:
                texts[k] = found
                break
    return texts


def main(check: bool) -> int:
    wrong = []
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        nb = nbformat.read(path, as_version=4)
        cells = [cell for cell in nb.cells[1:] if cell.cell_type == "markdown"]
        texts = with_links(nb)
        if [cell.source for cell in cells] == texts:
            continue
        wrong.append(path.name)
        for cell, text in zip(cells, texts, strict=True):
            cell.source = text
        if not check:
            nbformat.write(nb, path)
    if check and wrong:
        print(f"{', '.join(wrong)}: run python tools/glossary_links.py", file=sys.stderr)
    return int(check and bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main("--check" in sys.argv))
