"""7.4 A penalty on both of a gate's kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

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
from recdrop_lessons.checks.misconceptions import Misconception


def kernels_penalty(
    W: Tensor,
    U: Tensor,
    b: Tensor,
    gate: str,
    l2: float,
    *,
    block: Block = block,
    measure: Measure = squares,
    factor: Callable[[float], float] = float,
    on: Callable[[Tensor, Tensor, Tensor], Sequence[Tensor]] = lambda W, U, b: (W, U),
) -> Tensor:
    """The L2 penalty on one gate's weights of the input and of the state; the bias is not penalised.

    Args:
        W: the input's weights, (4H, F), in blocks i, f, g, o.
        U: the recurrent weights, (4H, H), in the same blocks.
        b: the bias, (4H,), in the same blocks.
        gate: "i", "f", "g" or "o".
        l2: the factor λ, a float of at least 0.

    Returns:
        The penalty, a tensor without axes, ().
    """
    # λ (Σ (W_gate)² + Σ (U_gate)²)
    return factor(l2) * measure([block(weights, gate) for weights in on(W, U, b)])


def _all_weights(draw: Draw, F: int, H: int) -> dict[str, Tensor]:
    W, U, b = layer(draw, F, H)
    return {"W": W, "U": U, "b": b}


def _rows_of(height: int, W: Tensor, U: Tensor, gate: str, l2: float) -> Tensor:
    """Blocks of another height than H."""
    rows = slice("ifgo".index(gate) * height, ("ifgo".index(gate) + 1) * height)
    return l2 * ((W[rows] ** 2).sum() + (U[rows] ** 2).sum())


MISCONCEPTIONS = (
    Misconception(
        "penalty-on-bias",
        "Your penalty reaches the bias. It has a regulariser of its own, and usually none: it sets "
        "where a gate works, not how strongly it depends on its inputs.",
        "Set W and U to zero. What should the penalty be?",
        partial(kernels_penalty, on=lambda W, U, b: (W, U, b)),
        partial(kernels_penalty, on=lambda W, U, b: (U, b)),
        partial(kernels_penalty, on=lambda W, U, b: (W, b)),
        partial(kernels_penalty, on=lambda W, U, b: (b,)),
        lambda W, U, b, gate, l2: kernels_penalty(W, U, b, gate, l2) + l2 * squares([b]),
    ),
    Misconception(
        "input-weights-forgotten",
        "You penalise U alone. The input's weights W have a block of the gate too.",
        "Set U to zero. Should the penalty be zero then?",
        partial(kernels_penalty, on=lambda W, U, b: (U,)),
    ),
    Misconception(
        "recurrent-weights-forgotten",
        "You penalise W alone, as Keras's `kernel_regularizer` does. Its `recurrent_regularizer` is the one "
        "for U.",
        "Set W to zero. Should the penalty be zero then?",
        partial(kernels_penalty, on=lambda W, U, b: (W,)),
    ),
    *penalty_basics(kernels_penalty),
    Misconception(
        "kernels-not-alike",
        "You treat the two kernels differently. From each of them take the gate's H rows, and multiply both "
        "sums by λ; H is the number of units, U's second size.",
        "Take U with one weight of 2 and W with one weight of 2, both in the gate's rows. Each alone "
        "should give the same penalty.",
        lambda W, U, b, gate, l2: l2 * (W**2).sum() + kernels_penalty(0 * W, U, b, gate, l2),
        lambda W, U, b, gate, l2: l2 * (U**2).sum() + kernels_penalty(W, 0 * U, b, gate, l2),
        lambda W, U, b, gate, l2: (
            kernels_penalty(W, 0 * U, b, gate, l2) + kernels_penalty(0 * W, U, b, gate, 1.0)
        ),
        lambda W, U, b, gate, l2: (
            kernels_penalty(W, 0 * U, b, gate, 1.0) + kernels_penalty(0 * W, U, b, gate, l2)
        ),
        lambda W, U, b, gate, l2: 2 * kernels_penalty(W, 0 * U, b, gate, l2),
        lambda W, U, b, gate, l2: 2 * kernels_penalty(0 * W, U, b, gate, l2),
        lambda W, U, b, gate, l2: _rows_of(W.shape[1], W, U, gate, l2),
    ),
)

PART = exact_part(
    "7.4",
    kernels_penalty,
    points=15,
    hints=(
        "How many weight matrices has an LSTM, and which of them does each regulariser of Keras reach?",
        "What you did to U in 7.1 is to be done to W as well. Is the bias one of the kernels?",
        "Cut the gate's H rows out of W and of U. The penalty is l2·(Σw² + Σu²) over these rows. Take H from "
        "U: W may have any number of columns.",
    ),
    cases=lambda draw: penalty_cases(draw, _all_weights),
    outputs=("the penalty",),
    gradients=("W", "U"),
    misconceptions=MISCONCEPTIONS,
)
