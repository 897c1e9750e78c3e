"""docs/conclusions.md has every general sentence of the course, where it stands and what holds it.

docs/findings.md has what a review found, and what holds it now. Both name tests and cells that are there.
"""

import re
import tomllib
from functools import cache
from pathlib import Path

import nbformat
import pytest

from recdrop_lessons.releases import matrix, words

ROOT = Path(__file__).resolve().parents[2]
CONCLUSIONS, FINDINGS = (ROOT / "docs" / f"{name}.md" for name in ("conclusions", "findings"))
PAGES = [
    ROOT / "README.md",
    *(page for part in ("answers", "explorers") for page in sorted((ROOT / "docs" / part).glob("*.md"))),
]
NUMBERS = sorted(path.name[:2] for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
#: Words of a sentence that goes beyond what one cell has printed.
GENERAL = re.compile(r"\b(always|never|whatever|in general|better|worse|best|helps?|helped)\b", re.I)
KERAS_RELEASE = re.compile(
    r"(?<!--keras )(?<!Python )(?<!PyTorch )\b(3\.(0|1|2|3|5|7|8|12|15)(\.\d+)?|2\.15)\b"
)


def rows(page: Path, columns: int) -> list[list[str]]:
    """The rows of a page's tables without their heads; `\\|` is a stroke and no end of a column."""
    lines = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    found = [[part.strip() for part in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [row for row in found if len(row) == columns and row[0] not in ("where", "lesson")]


def plain(text: str) -> str:
    """The words of some Markdown: links, emphasis, code marks and line breaks taken away."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", re.sub(r"</?\w+>", "", text))
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


@pytest.mark.parametrize("row", [*rows(CONCLUSIONS, 5), *rows(CONCLUSIONS, 4)], ids=lambda row: row[0])
def test_each_sentence_stands_where_the_page_says(row):
    assert plain(row[1]) in plain(source(row[0])), row[1]


def test_what_is_said_of_releases_is_beside_what_the_matrix_says():
    seen_by_probes = matrix.read()
    for where, sentence, fact, seen in rows(CONCLUSIONS, 4):
        assert seen == words.by_release(seen_by_probes, fact, "Keras"), (where, sentence)


def test_every_lesson_and_no_row_without_a_control_or_a_proof():
    found = rows(CONCLUSIONS, 5)
    lessons = {row[0][:2] for row in found if row[0][:2].isdigit()}
    assert lessons == set(NUMBERS[1:])
    for where, sentence, conditions, control, _ in found:
        assert conditions != "–", (where, sentence)
        says_that_it_is_open = "do not" in sentence
        assert control != "–" or "proof" in conditions or says_that_it_is_open, (where, sentence)


# --- no sentence is left out ------------------------------------------------------------------------------


def sentences() -> list[tuple[str, str]]:
    """Each sentence of the lessons and pages as (where, words); no code, headings, questions, literature."""
    texts = [
        (f"{number} {name}", re.split(r"## (?:Exercise|Read on)", cell.source)[0])
        for number in NUMBERS
        for name, cell in lesson(number).items()
        if cell.cell_type == "markdown"
    ]
    for page in PAGES:
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
        texts.append((page.relative_to(ROOT).as_posix(), text))
    found = []
    for where, text in texts:
        for part in re.split(r"\n\s*\n|\n(?=[-|#]|\d\. )", text.split("**You will be able to**")[0]):
            if not part.startswith("#"):
                said = re.split(r"(?<=[.!?:])\s+(?=[A-Z(])", plain(part).strip())
                found += [(where, sentence) for sentence in said if not sentence.endswith("?")]
    return found


def left_out(kind: re.Pattern[str], listed: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The sentences of a kind that no listed one (where, words) of the same lesson or page is a part of."""
    known: dict[str, list[str]] = {}
    for where, sentence in listed:
        known.setdefault(page_of(where), []).append(plain(sentence))
    return [
        (where, sentence)
        for where, sentence in sentences()
        if kind.search(sentence)
        and not any(one in sentence or sentence in one for one in known.get(page_of(where), []))
    ]


def excused() -> list[tuple[str, str]]:
    text = (ROOT / "tests" / "course" / "no_conclusions.toml").read_text(encoding="utf-8")
    found = [(where, *line) for where, lines in tomllib.loads(text).items() for line in lines.items()]
    assert all(reason.strip() for *_, reason in found)
    return [(where, sentence) for where, sentence, _ in found]


def test_each_general_sentence_is_a_row_or_is_said_to_conclude_nothing():
    left = left_out(GENERAL, [*(tuple(row[:2]) for row in rows(CONCLUSIONS, 5)), *excused()])
    assert not left, (
        f"{left[0][0]}: {left[0][1]!r} says something general. Add a row to docs/conclusions.md with its "
        "control, or a line to tests/course/no_conclusions.toml that says why it concludes nothing. "
        f"({len(left)} such sentences.)"
    )


def test_each_sentence_with_a_release_of_keras_is_a_row():
    left = left_out(KERAS_RELEASE, [tuple(row[:2]) for row in rows(CONCLUSIONS, 4)])
    left = [(where, sentence) for where, sentence in left if not sentence.startswith("|")]
    assert not left, (
        f"{left[0][0]}: {left[0][1]!r} names a release. Add a row to the last table of docs/conclusions.md, "
        f"with what the matrix has of it. ({len(left)} such sentences.)"
    )


def test_no_line_that_excuses_a_sentence_is_left_over():
    for where, sentence in excused():
        assert sentence in plain(source(where)), (where, sentence)


def test_no_page_says_that_the_table_has_every_method():
    every = re.compile(r"\b(each|every|any|all)( recurrent)?( dropout)? methods?\b(?! of this course)", re.I)
    of_those_compared = [  # methods that the sentence's own table, picture or run has, or any that has masks
        ("00 map-table", "all methods on real data"),
        ("03 sites-text", "each method uses some of them"),
        ("10 experiment-text", "For each method the rate with the best mean"),
        ("11 title", "of any dropout method is the chain rule"),
        ("docs/explorers/cell_memory.md", "under each method of the table"),
        ("docs/explorers/methods_compared.md", "Each method against any other on the same seeds"),
    ]
    left = left_out(every, of_those_compared)
    assert not left, f"{left[0][0]}: {left[0][1]!r} says more than the methods of this course."
