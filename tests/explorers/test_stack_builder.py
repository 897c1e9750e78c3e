"""Lesson 06's explorer breaks where the library breaks, and where Keras does."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from torch import nn

from recdrop_lessons import GRU, LSTM, Bidirectional, RepeatVector, TimeDistributed, trace_shapes
from recdrop_lessons.explorers import stack_builder
from recdrop_lessons.explorers.frame import complete

UNITS, STEPS, FEATURES = 8, 3, 2


def built(block: str, width: int) -> tuple[nn.Module, int]:
    """The library's layer for a block that takes `width` features, and the width that leaves it."""
    every = block.endswith("_all")
    match block.removesuffix("_all"):
        case "LSTM":
            return LSTM(width, UNITS, return_sequences=every), UNITS
        case "GRU":
            return GRU(width, UNITS, return_sequences=every), UNITS
        case "Bidirectional":
            return Bidirectional(LSTM(width, UNITS, return_sequences=every)), 2 * UNITS
        case "Dense":
            return nn.Linear(width, stack_builder.CLASSES), stack_builder.CLASSES
        case "TimeDistributed":
            return TimeDistributed(nn.Linear(width, stack_builder.CLASSES)), stack_builder.CLASSES
        case "RepeatVector":
            return RepeatVector(STEPS), width
        case _:
            return nn.Dropout(0.5), width


def test_every_stack_of_two_breaks_where_the_library_does() -> None:
    blocks = [block for block in stack_builder.BLOCKS if block != "none"]
    for stack in itertools.product(blocks, repeat=2):
        layers, width = [], FEATURES
        for block in stack:
            layer, width = built(block, width)
            layers.append(layer)
        table = trace_shapes(layers, (None, STEPS, FEATURES))
        mine = stack_builder.flow(list(stack), UNITS, (None, STEPS, FEATURES))
        assert [layer.leaves for layer in mine] == [row.leaves for row in table.rows], stack


@pytest.mark.parametrize("stack", list(stack_builder.STACKS))
def test_a_named_stack_brings_its_blocks_and_is_recognised(stack: str) -> None:
    start = complete(stack_builder.CONTROLS, {})
    settings = stack_builder.settle({**start, "stack": "own"}, {**start, "stack": stack})
    assert settings["stack"] == stack
    assert stack_builder.settle(settings, settings) == settings
    frame = stack_builder.figure(**settings)
    assert stack_builder.figure(stack=stack).svg == frame.svg
    assert (frame.numbers["broken"] is not None) is (stack == "error")


def test_the_error_names_its_cause_and_its_cure() -> None:
    frame = stack_builder.figure()
    assert frame.numbers["broken"] == 1
    assert "needs (B, T, F), but (B, 32) came" in frame.status
    assert "Give block 1 return_sequences=True, or put RepeatVector(T) in between." in frame.status


def test_the_cure_cures() -> None:
    start = complete(stack_builder.CONTROLS, {})
    by_hand = stack_builder.settle(start, {**start, "block1": "LSTM_all"})
    assert by_hand["stack"] == "cured" and stack_builder.figure(**by_hand).numbers["broken"] is None
    repeat = {"block2": "RepeatVector", "block3": "LSTM", "block4": "Dense"}
    between = stack_builder.settle(start, {**start, **repeat})
    assert between["stack"] == "own" and stack_builder.figure(**between).numbers["broken"] is None


def test_picking_a_block_turns_its_return_sequences_over() -> None:
    def buttons(settings: dict[str, Any]) -> dict[str, str]:
        tree = ET.fromstring(stack_builder.figure(**settings).svg)
        found = tree.findall(".//*[@data-name]")
        return {group.get("data-name", ""): group.get("data-value", "") for group in found}

    assert buttons({}) == {"block1": "LSTM_all", "block2": "LSTM_all"}
    assert buttons({"block1": "none", "block2": "GRU_all"}) == {"block2": "GRU"}


def test_every_block_in_every_slot_can_be_drawn() -> None:
    for slot, block in itertools.product(range(1, stack_builder.SLOTS + 1), stack_builder.BLOCKS):
        ET.fromstring(stack_builder.figure(**{f"block{slot}": block}, steps=12, features=16, units=64).svg)
