"""docs/conclusions.md names a test for every general sentence of the course, and each is there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "conclusions.md").read_text(encoding="utf-8")


def test_each_row_names_tests_that_are_there():
    rows = [line for line in PAGE.splitlines() if re.match(r"\| \d\d \|", line)]
    assert rows
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)
        assert named, row
        for path, test in named:
            assert f"def {test}(" in (ROOT / path).read_text(encoding="utf-8"), (path, test)


def test_every_lesson_that_concludes_has_rows_and_each_has_its_five_columns():
    rows = [line.strip("|").split(" | ") for line in PAGE.splitlines() if re.match(r"\| \d\d \|", line)]
    assert {row[0].strip() for row in rows} == {f"{number:02}" for number in range(1, 12)}
    assert {len(row) for row in rows} == {5}
