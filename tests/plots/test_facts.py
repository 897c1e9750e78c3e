"""The picture of facts by release: a row a fact, a box for neighbours that agree, colour never alone."""

from __future__ import annotations

import re

import pytest

from recdrop_lessons.plots import facts
from recdrop_lessons.releases import matrix, words
from recdrop_lessons.releases.matrix import Fact, Matrix, Observation

FACT = "LSTM_h_gates(recurrent_dropout=p)"


def small() -> Matrix:
    cells = {("3.3.3", "torch"): "one", ("3.8.0", "torch"): "four", ("3.8.0", "jax"): "raises ValueError"}
    rows = [Observation(FACT, "Keras", release, b, "", "3.11", said) for (release, b), said in cells.items()]
    return Matrix([Fact(FACT, "Keras", "How many?", "It has {observed}.")], rows)


def boxes(svg: str) -> list[tuple[float, float, float, str, str, str]]:
    """(left, top, width, colour, what a pointer reads, words) of each box."""
    pattern = (
        r'<g><title>([^<]*)</title><rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"[^>]*fill="(#\w+)"[^>]*/>'
        r"<text[^>]*>([^<]*)</text></g>"
    )
    return [
        (float(x), float(y), float(width), colour, said, seen)
        for said, x, y, width, colour, seen in re.findall(pattern, svg)
    ]


def test_a_box_is_coloured_by_its_distance_from_the_newest_release_and_says_it_in_words() -> None:
    drawn = facts.picture("Keras", small())
    observed = {said: (colour, seen) for *_, colour, said, seen in boxes(drawn.svg)}
    assert set(observed) == {"one", "four", "raises ValueError"}
    assert len({colour for colour, _ in observed.values()}) == 3
    assert {seen for _, seen in observed.values()} == {"one", "four", "error"}
    assert words.HEADLINES[FACT] in drawn.alt


def test_backends_that_answer_alike_share_a_column_and_releases_that_agree_a_box() -> None:
    known = small()
    alike = [row for row in known.observations if row.backend != "jax"]
    alike.append(Observation(FACT, "Keras", "3.8.0", "jax", "", "3.11", "four"))
    drawn = facts.picture("Keras", Matrix(known.facts.values(), alike))
    assert len(boxes(drawn.svg)) == 2 and ">all<" in drawn.svg
    alike.append(Observation(FACT, "Keras", "3.9.0", "torch", "", "3.11", "four"))
    longer = boxes(facts.picture("Keras", Matrix(known.facts.values(), alike)).svg)
    assert [said for *_, said, _ in longer] == ["one", "four"] and longer[1][2] > 1.9 * longer[0][2]


@pytest.mark.parametrize("framework", ["Keras", "PyTorch", "PyG"])
def test_each_main_fact_of_the_shipped_matrix_has_its_row(framework: str) -> None:
    known = matrix.read()
    drawn = facts.picture(framework)
    asked = [fact for fact in known.asked(framework) if fact.fact in words.HEADLINES]
    rows = {y for _, y, *_ in boxes(drawn.svg)}
    assert asked and len(rows) == len(asked)
    for fact in asked:
        assert words.HEADLINES[fact.fact] in drawn.svg
    assert drawn.svg == facts.picture(framework).svg  # the same bytes each time
