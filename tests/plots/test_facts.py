"""The picture of facts by release: a cell a fact and release, and colour is never alone."""

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


def cells(svg: str) -> list[tuple[str, str, str]]:
    """(what a pointer reads, colour, letter) of each cell."""
    pattern = r"<g><title>([^<]*)</title><rect[^>]*fill=\"(#\w+)\"[^>]*/><text[^>]*>([^<]*)</text></g>"
    return re.findall(pattern, svg)


def test_a_cell_is_coloured_by_its_distance_from_the_newest_release_and_carries_a_letter() -> None:
    drawn = facts.picture("Keras", small())
    observed = {said: (colour, letter) for said, colour, letter in cells(drawn.svg)}
    assert set(observed) == {"one", "four", "raises ValueError"}
    assert len({colour for colour, _ in observed.values()}) == 3
    assert len({letter for _, letter in observed.values()}) == 3
    assert observed["raises ValueError"][1] == "!"
    assert words.HEADLINES[FACT] in drawn.alt


def test_backends_that_answer_alike_share_a_column() -> None:
    known = small()
    alike = [row for row in known.observations if row.backend != "jax"]
    alike.append(Observation(FACT, "Keras", "3.8.0", "jax", "", "3.11", "four"))
    drawn = facts.picture("Keras", Matrix(known.facts.values(), alike))
    assert len(cells(drawn.svg)) == 2 and ">all<" in drawn.svg


@pytest.mark.parametrize("framework", ["Keras", "PyTorch", "PyG"])
def test_each_main_fact_of_the_shipped_matrix_has_its_row(framework: str) -> None:
    known = matrix.read()
    drawn = facts.picture(framework)
    asked = [fact for fact in known.asked(framework) if fact.fact in words.HEADLINES]
    assert asked and len(cells(drawn.svg)) % len(asked) == 0
    for fact in asked:
        assert words.HEADLINES[fact.fact] in drawn.svg
    assert drawn.svg == facts.picture(framework).svg  # the same bytes each time


def test_every_letter_is_in_the_legend() -> None:
    svg = facts.picture("Keras").svg
    used = {letter for _, _, letter in cells(svg)}
    legend = set(re.findall(r'font-weight="bold"[^>]*>([^<])</text>', svg))
    assert used <= legend
    assert len(used) > 5
