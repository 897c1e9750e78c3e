"""1.1 One step of a SimpleRNN."""

from __future__ import annotations

import torch
from torch import Tensor

from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lstm import step_cases
from recdrop_lessons.checks.parts import Misconception


def rnn_step(x: Tensor, h: Tensor, W: Tensor, U: Tensor, b: Tensor) -> Tensor:
    """One step of a SimpleRNN: h' = tanh(x Wᵀ + h Uᵀ + b).

    Args:
        x: the input, (B, F).
        h: the old state, (B, H).
        W: the input's weights, (H, F).
        U: the old state's weights, (H, H).
        b: the bias, (H,).

    Returns:
        The new state, (B, H), each value between -1 and 1.
    """
    # h' = tanh(xWᵀ + hUᵀ + b)
    return torch.tanh(x @ W.T + h @ U.T + b)  # (B, H)


def rnn_arguments(draw: Draw, B: int, F: int, H: int) -> dict[str, Tensor]:
    return {
        "x": draw.normal(B, F),
        "h": draw.normal(B, H, scale=0.7),
        "W": draw.normal(H, F, scale=0.7),
        "U": draw.normal(H, H, scale=0.7),
        "b": draw.normal(H),
    }


MISCONCEPTIONS = (
    Misconception(
        "bias-forgotten",
        "Your step leaves out the bias: b is added to xWᵀ + hUᵀ before tanh.",
        lambda x, h, W, U, b: torch.tanh(x @ W.T + h @ U.T),
        lambda x, h, W, U, b: torch.tanh(x @ W.T + h @ U.T) + b,
    ),
    Misconception(
        "weights-transposed",
        "You multiply by W or by U without transposing it. W is (H, F), outputs first as in PyTorch, so "
        "the product is x @ W.T; U is square and would run either way, and still it is h @ U.T.",
        lambda x, h, W, U, b: torch.tanh(x @ W.T + h @ U + b),
        lambda x, h, W, U, b: torch.tanh(x @ W + h @ U.T + b),
        lambda x, h, W, U, b: torch.tanh(x @ W + h @ U + b),
    ),
    Misconception(
        "weights-swapped",
        "You multiply x by U and h by W. W belongs to the input, U to the old state.",
        lambda x, h, W, U, b: torch.tanh(x @ U.T + h @ W.T + b),
    ),
    Misconception(
        "activation-forgotten",
        "Your step stops before the activation: the new state is tanh of the sum, not the sum.",
        lambda x, h, W, U, b: x @ W.T + h @ U.T + b,
    ),
    Misconception(
        "wrong-activation",
        "You use another activation than tanh: a SimpleRNN has no gates, so there is no sigmoid in it.",
        lambda x, h, W, U, b: (x @ W.T + h @ U.T + b).clamp(-1, 1),
        lambda x, h, W, U, b: torch.sigmoid(x @ W.T + h @ U.T + b),
        lambda x, h, W, U, b: torch.relu(x @ W.T + h @ U.T + b),
    ),
    Misconception(
        "activation-before-sum",
        "You apply tanh to each product and then add. There is one tanh, around the whole sum.",
        lambda x, h, W, U, b: torch.tanh(x @ W.T) + torch.tanh(h @ U.T) + b,
        lambda x, h, W, U, b: torch.tanh(x @ W.T + b) + torch.tanh(h @ U.T),
        lambda x, h, W, U, b: torch.tanh(x @ W.T) + torch.tanh(h @ U.T + b),
        lambda x, h, W, U, b: torch.tanh(x @ W.T + b) + torch.tanh(h @ U.T + b),
        lambda x, h, W, U, b: torch.tanh(torch.tanh(x @ W.T + b) + h @ U.T),
        lambda x, h, W, U, b: torch.tanh(x @ W.T + b) + h @ U.T,
    ),
    Misconception(
        "old-state-ignored",
        "Your new state does not depend on the old one: without h Uᵀ the cell has no memory.",
        lambda x, h, W, U, b: torch.tanh(x @ W.T + b),
    ),
    Misconception(
        "old-state-added",
        "You add the old state to the new one. That is a residual connection; a SimpleRNN's new state "
        "replaces the old.",
        lambda x, h, W, U, b: h + torch.tanh(x @ W.T + h @ U.T + b),
        lambda x, h, W, U, b: torch.tanh(x @ W.T + h + b),
        lambda x, h, W, U, b: torch.tanh(x @ W.T + h @ U.T + b + h),
    ),
    Misconception(
        "bias-twice",
        "You add the bias twice. PyTorch's own layers hold two bias vectors; here there is one b.",
        lambda x, h, W, U, b: torch.tanh(x @ W.T + h @ U.T + 2 * b),
    ),
    Misconception(
        "one-example-for-all",
        "Your result is that of one example, repeated. Each example of the batch has its own.",
        lambda x, h, W, U, b: rnn_step(x, h, W, U, b)[:1].expand_as(h),
        lambda x, h, W, U, b: rnn_step(x, h, W, U, b)[-1:].expand_as(h),
    ),
)

PART = exact_part(
    "1.1",
    rnn_step,
    points=20,
    hints=(
        "Look at the shapes: x is (B, F), W is (H, F), and the result is (B, H). Which way round must W be?",
        "One sum, one tanh around it: the input's product, the old state's product and the bias.",
    ),
    cases=lambda draw: step_cases(draw, rnn_arguments),
    outputs=("h'",),
    gradients=("x", "h", "W", "U", "b"),
    misconceptions=MISCONCEPTIONS,
)
