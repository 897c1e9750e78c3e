"""What holds once the row "gaussian_input" is added as docs/architecture.md says (test_where_to_add.py)."""

import os

import pytest
import torch

import recdrop_lessons
from recdrop_lessons import LSTM, Drop, variants
from recdrop_lessons.explorers import arguments, cell_memory, where

KEY = "gaussian_input"
DROPS = (Drop("input", 0.3, noise="gaussian"),)


def test_this_is_the_copy():
    assert recdrop_lessons.__file__.startswith(os.environ["COPY"])


def test_the_row_is_found_from_its_drops_and_runs():
    row = variants.ROWS[KEY]
    assert row.make(0.3) == DROPS and variants.matching(DROPS) == [KEY]
    assert LSTM(2, 3, drops=row.make(0.3))(torch.randn(1, 4, 2)).shape == (1, 3)


def test_the_explorers_offer_it():
    row = variants.ROWS[KEY]
    assert where.ROWS[KEY] == cell_memory.ROWS[KEY] == row.name
    frame = where.figure(row=KEY)
    assert row.name in frame.status and frame.numbers["moved"] > 0
    assert where.figure(row="none", compare=KEY).svg
    assert arguments.papers(DROPS, "input") == [f"{row.name} ({row.source})"]
    numbers = cell_memory.figure(row=KEY).numbers
    assert numbers["mean"][KEY] == pytest.approx(numbers["mean"]["gal"])  # it does not touch the cell
