"""Docstrings are clean text in one dialect: no letters that cannot be seen, no string cut in two.

The dialect is CONTRIBUTING's. What a learner has to write is stated as in PyTorch, with Args and Returns.
"""

import ast
import re
import unicodedata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("recdrop_lessons", "tests", "tools", "benchmarks")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
#: A quote at the end of a line and one at the start of the next: code where text is meant.
CUT_IN_TWO = re.compile(r'(?<!")"\s*\n\s*"(?!")')

#: Headings of Google's and NumPy's docstrings, and Sphinx's fields.
OTHER_DIALECT = re.compile(
    r"^ *(Args|Arguments|Parameters|Attributes|Returns|Yields|Raises|Examples?|Notes?):? *\n"
    r"( *-{3,}$| {4,}\S)"
    r"|^ *:(param|returns?|raises)\b",
    re.MULTILINE,
)


def faults(text: str) -> list[str]:
    """What is wrong with a docstring: signs for controls, controls, and what is left of a split string."""
    found = [
        f"U+{ord(letter):04X} {unicodedata.name(letter, 'a control')}"
        for letter in sorted(set(text) - {"\n"})
        # Controls, formats such as a zero-width space, line separators; and the pictures of controls, like ⏎.
        if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
        or letter in "⏎↵␤␍␊␉"
        or 0x2400 <= ord(letter) <= 0x2426
        or letter == "\xa0"
    ]
    return found + ["a string cut in two"] * bool(CUT_IN_TWO.search(text))


def docstrings(path: Path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            text = ast.get_docstring(node, clean=False)
            if text:
                yield getattr(node, "name", "the module"), text


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_docstrings_are_clean_text(path):
    assert {name: faults(text) for name, text in docstrings(path) if faults(text)} == {}


@pytest.mark.parametrize("wrong", ["a ⏎ b", "tab\there", "zero\u200bwidth", "no\xa0break", 'so "\n   "far.'])
def test_each_kind_of_fault_is_seen(wrong):
    assert faults(wrong)
    assert not faults('A "word" in quotes,\n    Greek σ, × and → as they are meant.')


PARTS = "recdrop_lessons/checks/lessons/"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_docstrings_are_in_one_dialect(path):
    exercise = path.stem if path.is_relative_to(ROOT / PARTS) else None
    assert [name for name, text in docstrings(path) if OTHER_DIALECT.search(text) and name != exercise] == []


@pytest.mark.parametrize("path", sorted((ROOT / PARTS).glob("*/[a-z]*.py")), ids=lambda path: path.stem)
def test_what_a_learner_writes_has_arguments_and_result(path):
    text = dict(docstrings(path))[path.stem]
    assert "\n    Args:\n" in text and "\n    Returns:\n" in text


@pytest.mark.parametrize(
    "other",
    [
        "One line.\n\n    Args:\n        x: the input.\n    ",
        "One line.\n\n    Raises:\n        ValueError: never.\n    ",
        "One line.\n\n    Parameters\n    ----------\n    x : Tensor\n    ",
        "One line.\n\n    :param x: the input\n    ",
    ],
)
def test_each_other_dialect_is_seen(other):
    assert OTHER_DIALECT.search(other)
    ours = "Shapes: x (B, F) → (B, H).", "`p`: the rate.", "Raises `ShapeError`: another rank."
    assert not OTHER_DIALECT.search("\n    ".join(ours))
