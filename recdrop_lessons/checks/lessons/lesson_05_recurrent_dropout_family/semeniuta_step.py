"""5.3 Semeniuta et al. 2016: a mask on the candidate."""

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


def semeniuta_step(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    W: Tensor,
    U: Tensor,
    b: Tensor,
    m_g: Tensor,
    *,
    at: str = "candidate",
    **options: Any,
) -> State:
    """One step of an LSTM with Semeniuta's mask on the candidate g.

    Args:
        x: the input, (B, F).
        h: the old state, (B, H).
        c: the old cell, (B, H).
        W: the input's weights, (4H, F), in blocks i, f, g, o.
        U: the old state's weights, (4H, H), in the same blocks.
        b: the bias, (4H,), in the same blocks.
        m_g: the mask of the candidate g, (B, H), scaled.

    Returns:
        The new state and the new cell, a tuple (h', c'), each (B, H).
    """
    return step_with_mask(x, h, c, W, U, b, m_g, at=at, **options)


PART = exact_part(
    "5.3",
    semeniuta_step,
    points=10,
    hints=(
        "This mask leaves what the cell already holds alone. Which of the two terms of the new cell is "
        "left for it?",
        "The new cell adds a kept part and a written part. The mask is in the written one, on the candidate.",
        "Multiply the candidate by the mask after its tanh and before its gate or after it, as you like; "
        "the rest is the plain step.",
    ),
    cases=lambda draw: step_cases(draw, mask_arguments("m_g")),
    outputs=("h'", "c'"),
    gradients=GRADIENTS,
    misconceptions=(
        *misplaced(semeniuta_step, "candidate"),
        *mask_values(semeniuta_step, "m_g"),
        *lstm_basics(semeniuta_step),
    ),
)
