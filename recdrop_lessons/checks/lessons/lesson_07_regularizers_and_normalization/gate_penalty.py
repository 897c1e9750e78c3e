"""7.1 A penalty on one gate."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lessons.lesson_07_regularizers_and_normalization._shared import (
    Block,
    Measure,
    block,
    penalty_basics,
    penalty_cases,
    squares,
)
from recdrop_lessons.checks.lstm import layer


def gate_penalty(
    U: Tensor,
    gate: str,
    l2: float,
    *,
    block: Block = block,
    measure: Measure = squares,
    factor: Callable[[float], float] = float,
) -> Tensor:
    """The L2 penalty on one gate's recurrent weights.

    Args:
        U: the recurrent weights, (4H, H), in blocks i, f, g, o.
        gate: "i", "f", "g" or "o".
        l2: the factor λ, a float of at least 0.

    Returns:
        The penalty, a tensor without axes, ().
    """
    # λ Σ (U_gate)²
    return factor(l2) * measure([block(U, gate)])


def _recurrent_weights(draw: Draw, F: int, H: int) -> dict[str, Tensor]:
    return {"U": layer(draw, F, H)[1]}


MISCONCEPTIONS = penalty_basics(gate_penalty)

PART = exact_part(
    "7.1",
    gate_penalty,
    points=20,
    hints=(
        "Start with the table: what makes 0.9 of a single 3, and 0.4 of four ones? Then: which of the "
        "matrix's numbers belong to the gate?",
        "U holds four matrices (H, H), one below the other, in the order i, f, g, o. Which rows are the "
        "gate's?",
        "With the gate's place k, counted from 0, its rows go from k·H up to (k+1)·H, where H is the "
        "number of columns. The penalty is l2·Σu² over the weights u in these rows.",
    ),
    cases=lambda draw: penalty_cases(draw, _recurrent_weights),
    outputs=("the penalty",),
    gradients=("U",),
    misconceptions=MISCONCEPTIONS,
)
