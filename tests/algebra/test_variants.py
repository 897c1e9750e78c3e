"""The rows of the table: each paper's drops, read from the paper, and found again from its drops."""

import pytest

from recdrop_lessons import LSTM, Drop, DropError, variants

P, Q = 0.3, 0.2

#: The papers' rows once more, written from facts.md's table and not from `variants`.
ROWS = {
    "zaremba": (variants.zaremba(P), {("input", P, (), "zero", False)}),
    "moon": (variants.moon(P), {("cell", P, ("time",), "zero", False)}),
    "cell scaled": (variants.cell_scaled(P), {("cell", P, ("time",), "zero", False)}),
    "gal": (
        variants.gal(P, Q),
        {("input", P, ("time",), "zero", False), ("recurrent", Q, ("time",), "zero", False)},
    ),
    "gal, one rate": (
        variants.gal(P),
        {("input", P, ("time",), "zero", False), ("recurrent", P, ("time",), "zero", False)},
    ),
    "gal, untied": (
        variants.gal(P, Q, tied=False),
        {("input", P, ("time",), "zero", True), ("recurrent", Q, ("time",), "zero", True)},
    ),
    "semeniuta": (variants.semeniuta(P), {("candidate", P, (), "zero", False)}),
    "semeniuta, sequence": (
        variants.semeniuta(P, per_step=False),
        {("candidate", P, ("time",), "zero", False)},
    ),
    "zoneout": (
        variants.zoneout(P, Q),
        {("cell", P, (), "previous", False), ("hidden", Q, (), "previous", False)},
    ),
    "zoneout, one rate": (
        variants.zoneout(P),
        {("cell", P, (), "previous", False), ("hidden", P, (), "previous", False)},
    ),
    "zoneout of h": (variants.zoneout_hidden(P), {("hidden", P, (), "previous", False)}),
    "weight drop": (variants.weight_drop(P), {("recurrent_weight", P, ("time",), "zero", False)}),
    "locked": (variants.locked(P), {("output", P, ("time",), "zero", False)}),
    "word type": (variants.word_type(P), {("embedding", P, ("time", "features"), "zero", False)}),
    "keras, dropout": (variants.keras(P), {("input", P, ("time",), "zero", False)}),
    "keras, recurrent": (variants.keras(0, Q), {("recurrent", Q, ("time",), "zero", True)}),
    "keras, both": (
        variants.keras(P, Q),
        {("input", P, ("time",), "zero", True), ("recurrent", Q, ("time",), "zero", True)},
    ),
    "keras, none": (variants.keras(0, 0.0), set()),
    "torch": (variants.torch_between_layers(P), {("output", P, (), "zero", False)}),
}


@pytest.mark.parametrize("name", ROWS)
def test_each_row_is_its_papers(name):
    drops, expected = ROWS[name]
    assert {(d.site, d.p, d.shared, d.fill, d.per_gate) for d in drops} == expected
    assert {d.noise for d in drops} <= {"binary" if name == "moon" else "bernoulli"}
    assert len(drops) == len(expected)


@pytest.mark.parametrize("key", variants.ROWS)
def test_each_row_is_found_again_from_its_drops(key):
    row = variants.ROWS[key]
    assert key in variants.matching(row.make(0.1))
    assert key in variants.matching(reversed(row.make(0.7)))
    assert row.name and row.source
    LSTM(2, 3, drops=row.make(0.3))
    with pytest.raises(DropError, match="Choose 0 <= p < 1"):
        row.make(1.0)


def test_no_two_rows_are_the_same_drops():
    for key, row in variants.ROWS.items():
        assert variants.matching(row.make(0.5)) == [key]


def test_the_scaled_mask_on_the_cell_is_not_called_moons():
    assert variants.matching(variants.cell_scaled(0.3)) == []
    assert variants.matching(variants.moon(0.3)) == ["moon"]


def test_drops_that_are_no_row_match_none():
    assert variants.matching([Drop("cell", 0.2, shared=("batch",))]) == []
    assert variants.matching([Drop("input", 0.2, noise="gaussian")]) == []
    assert variants.matching([*variants.moon(0.2), *variants.locked(0.2)]) == []
