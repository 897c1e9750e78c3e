"""docs/conclusions.md has every general sentence of the course, where it stands and what holds it.

docs/findings.md has what a review found, and what holds it now. Both name tests and cells that are there.
"""

import re
import tomllib
from functools import cache
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
CONCLUSIONS, FINDINGS = (ROOT / "docs" / f"{name}.md" for name in ("conclusions", "findings"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "answers").glob("*.md"))]
#: Words of a sentence that goes beyond what one cell has printed.
GENERAL = re.compile(r"\b(always|never|whatever|in general|better|worse|best|helps?|helped)\b", re.I)


def rows(page: Path, columns: int) -> list[list[str]]:
    """The rows of a page's tables without their heads; `\\|` is a stroke and no end of a column."""
    lines = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    found = [[part.strip() for part in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [row for row in found if len(row) == columns and row[0] not in ("where", "lesson")]


def plain(text: str) -> str:
    """The words of some Markdown: links, emphasis, code marks and line breaks taken away."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = text.replace(r"\|", "|").replace(r"\varphi", "φ")
    return re.sub(r"\s+", " ", re.sub(r"[*`$]", "", text))


@cache
def lesson(number: str) -> dict[str, nbformat.NotebookNode]:
    (path,) = (ROOT / "notebooks").glob(f"{number}_*.ipynb")
    return {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}


def source(where: str) -> str:
    """The text of `03 training-answer`, or of a page."""
    if where.endswith(".md"):
        return (ROOT / where).read_text(encoding="utf-8")
    number, cell = where.split()
    return lesson(number)[cell].source


def page_of(where: str) -> str:
    """`03` of `03 training-answer`: a sentence that a lesson's recap repeats needs no row of its own."""
    return where.split()[0]


@pytest.mark.parametrize("page, columns", [(CONCLUSIONS, 5), (FINDINGS, 5), (FINDINGS, 4)])
def test_what_holds_a_row_is_there(page, columns):
    found = rows(page, columns)
    assert len(found) > 10
    for row in found:
        tests = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row[-1])
        cells = re.findall(r"cell `(\d\d [\w-]+)`", row[-1])
        assert tests or cells, row
        for path, test in tests:
            assert f"def {test}(" in (ROOT / path).read_text(encoding="utf-8"), (path, test)
        for cell in cells:
            assert "NBVAL_CHECK_OUTPUT" in source(cell), cell


@pytest.mark.parametrize("row", rows(CONCLUSIONS, 5), ids=lambda row: row[0])
def test_each_sentence_stands_where_the_page_says(row):
    assert plain(row[1]) in plain(source(row[0])), row[1]


def test_every_lesson_and_no_row_without_a_control_or_a_proof():
    found = rows(CONCLUSIONS, 5)
    lessons = {row[0][:2] for row in found if row[0][:2].isdigit()}
    assert lessons == {f"{number:02}" for number in range(1, 12)}
    for where, sentence, conditions, control, _ in found:
        assert conditions != "–", (where, sentence)
        says_that_it_is_open = "do not" in sentence
        assert control != "–" or "proof" in conditions or says_that_it_is_open, (where, sentence)


# --- no general sentence is left out --------------------------------------------------------------------


def prose() -> list[tuple[str, str]]:
    """Each paragraph of the lessons and pages as (where, words); no headings, questions or literature."""
    found = []
    for number in (f"{k:02}" for k in range(12)):
        for name, cell in lesson(number).items():
            if cell.cell_type == "markdown":
                text = re.split(r"## (?:Exercise|Read on)", cell.source)[0]
                text = text.split("**You will be able to**")[0]
                found += [(f"{number} {name}", part) for part in re.split(r"\n\s*\n|\n(?=[-|#]|\d\. )", text)]
    for page in PAGES:
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
        where = page.relative_to(ROOT).as_posix()
        found += [(where, part) for part in re.split(r"\n\s*\n|\n(?=[-|#]|\d\. )", text)]
    return [(where, plain(part).strip()) for where, part in found if not part.startswith("#")]


def general_sentences() -> list[tuple[str, str]]:
    found = []
    for where, words in prose():
        for sentence in re.split(r"(?<=[.!?:])\s+(?=[A-Z(])", re.sub(r"<[^>]*>", "", words)):
            if GENERAL.search(sentence) and not sentence.endswith("?"):
                found.append((where, sentence))
    return found


def test_each_general_sentence_is_a_row_or_is_said_to_conclude_nothing():
    listed: dict[str, list[str]] = {}
    for where, sentence, *_ in rows(CONCLUSIONS, 5):
        listed.setdefault(page_of(where), []).append(re.sub(r"<[^>]*>", "", plain(sentence)))
    text = (ROOT / "tests" / "course" / "no_conclusions.toml").read_text(encoding="utf-8")
    for where, reasons in tomllib.loads(text).items():
        assert all(reason.strip() for reason in reasons.values()), where
        listed.setdefault(page_of(where), []).extend(reasons)
    left = [
        (where, sentence)
        for where, sentence in general_sentences()
        if not any(one in sentence or sentence in one for one in listed.get(page_of(where), []))
    ]
    assert not left, (
        f"{left[0][0]}: {left[0][1]!r} says something general. Add a row to docs/conclusions.md with its "
        "control, or a line to tests/course/no_conclusions.toml that says why it concludes nothing. "
        f"({len(left)} such sentences.)"
    )


def test_no_line_that_excuses_a_sentence_is_left_over():
    text = (ROOT / "tests" / "course" / "no_conclusions.toml").read_text(encoding="utf-8")
    for where, reasons in tomllib.loads(text).items():
        words = re.sub(r"<[^>]*>", "", plain(source(where)))
        assert all(part in words for part in reasons), (where, [p for p in reasons if p not in words])


def test_no_page_says_that_the_table_has_every_method():
    said = re.compile(r"\b(every|all) (recurrent )?dropout methods?\b(?! of this course)", re.I)
    for where, words in prose():
        assert not said.search(words), where
