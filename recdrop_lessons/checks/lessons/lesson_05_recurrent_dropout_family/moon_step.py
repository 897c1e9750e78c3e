"""5.1 Moon et al. 2015, RNNDrop: a mask on the cell."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lessons.lesson_05_recurrent_dropout_family._shared import (
    mask_arguments,
    misplaced,
    step_with_mask,
)
from recdrop_lessons.checks.lstm import GRADIENTS, State, lstm_basics, step_cases
from recdrop_lessons.checks.masks import mask_values


def moon_step(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    W: Tensor,
    U: Tensor,
    b: Tensor,
    m_c: Tensor,
    *,
    at: str = "cell",
    **options: Any,
) -> State:
    """One step of an LSTM with Moon's mask on the whole new cell.

    Args:
        x: the input, (B, F).
        h: the old state, (B, H).
        c: the old cell, (B, H).
        W: the input's weights, (4H, F), in blocks i, f, g, o.
        U: the old state's weights, (4H, H), in the same blocks.
        b: the bias, (4H,), in the same blocks.
        m_c: the mask of the new cell, (B, H), ready to multiply by.

    Returns:
        The new state and the new cell, a tuple (h', c'), each (B, H).
    """
    return step_with_mask(x, h, c, W, U, b, m_c, at=at, **options)


PART = exact_part(
    "5.1",
    moon_step,
    points=10,
    hints=(
        "Moon's mask is on what the cell remembers. Which value is that?",
        "Everything up to the new cell is the plain step. Then comes one multiplication: of what?",
        "The mask multiplies the whole new cell, what it held and what is added. The output reads the "
        "masked cell, and the masked cell is what goes on.",
    ),
    cases=lambda draw: step_cases(draw, mask_arguments("m_c")),
    outputs=("h'", "c'"),
    gradients=GRADIENTS,
    misconceptions=(*misplaced(moon_step, "cell"), *mask_values(moon_step, "m_c"), *lstm_basics(moon_step)),
)
