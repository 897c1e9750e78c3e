"""The framework map is said once: docs/at-a-glance.md has all of it, lesson 03 the LSTM's part."""

from pathlib import Path

import nbformat

from recdrop_lessons.frameworks.map import MAP, in_words

LESSON = Path(__file__).parents[2] / "notebooks" / "03_where_dropout_happens.ipynb"


def test_lesson_03_says_what_the_map_says() -> None:
    (cell,) = (c for c in nbformat.read(LESSON, as_version=4).cells if c.id == "what-they-call-it")
    rows = [line for line in cell.source.splitlines() if line.startswith("| ")][1:]
    written = [f"{one.framework} `{one.written}` {one.place}".strip() for one in MAP]
    ours = {
        f"| {' | '.join((what, *in_words(one)[:3], one.source))} |"
        for what, one in zip(written, MAP, strict=True)
    }
    assert len(rows) >= 10 and set(rows) <= ours
