"""1.1 One step of a SimpleRNN."""

from __future__ import annotations

import torch
from torch import Tensor

from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lstm import step_cases
from recdrop_lessons.checks.misconceptions import Misconception


def rnn_step(x: Tensor, h: Tensor, W: Tensor, U: Tensor, b: Tensor) -> Tensor:
    """One step of a SimpleRNN.

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
        "Set x and h to zero. What should the new state be then, and what do you return?",
        lambda x, h, W, U, b: torch.tanh(x @ W.T + h @ U.T),
    ),
    Misconception(
        "bias-after-tanh",
        "You add b after the tanh. It belongs to the sum inside.",
        "Set x and h to zero and take a large b. May the new state go beyond 1?",
        lambda x, h, W, U, b: torch.tanh(x @ W.T + h @ U.T) + b,
    ),
    Misconception(
        "weights-transposed",
        "You multiply by W or by U without transposing it. W is (H, F), outputs first as in PyTorch, so "
        "the product is x @ W.T; U is square and would run either way, and still it is h @ U.T.",
        "Look at both products. Have both the weights transposed? The shapes tell you of W alone: U is "
        "square.",
        lambda x, h, W, U, b: torch.tanh(x @ W.T + h @ U + b),
        lambda x, h, W, U, b: torch.tanh(x @ W + h @ U.T + b),
        lambda x, h, W, U, b: torch.tanh(x @ W + h @ U + b),
    ),
    Misconception(
        "weights-swapped",
        "You multiply x by U and h by W. W belongs to the input, U to the old state.",
        "Which of the two matrices has F columns? Which of the two vectors has F values?",
        lambda x, h, W, U, b: torch.tanh(x @ U.T + h @ W.T + b),
    ),
    Misconception(
        "activation-forgotten",
        "Your step stops before the activation: the new state is tanh of the sum, not the sum.",
        "Feed a large x. Does your new state stay between -1 and 1?",
        lambda x, h, W, U, b: x @ W.T + h @ U.T + b,
    ),
    Misconception(
        "wrong-activation",
        "You use another activation than tanh. The new state of this cell is the tanh of the sum.",
        "Feed a large negative x. To which value should the new state go?",
        lambda x, h, W, U, b: (x @ W.T + h @ U.T + b).clamp(-1, 1),
        lambda x, h, W, U, b: torch.sigmoid(x @ W.T + h @ U.T + b),
        lambda x, h, W, U, b: torch.relu(x @ W.T + h @ U.T + b),
    ),
    Misconception(
        "activation-before-sum",
        "You apply tanh to a part of the sum before all of it is added. There is one tanh, around the whole "
        "sum.",
        "Count the activations in your function. How many sums do they stand around?",
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
        "Change h and keep the rest: does your result change?",
        lambda x, h, W, U, b: torch.tanh(x @ W.T + b),
    ),
    Misconception(
        "old-state-added",
        "You add the old state as it is, besides its product with U. That is a residual connection; a "
        "SimpleRNN reads h through U alone.",
        "Set W, U and b to zero. What should be left of h in the new state?",
        lambda x, h, W, U, b: h + torch.tanh(x @ W.T + h @ U.T + b),
        lambda x, h, W, U, b: torch.tanh(x @ W.T + h @ U.T + b + h),
    ),
    Misconception(
        "recurrent-weights-forgotten",
        "You add h without multiplying it by U. Each unit reads the whole old state through its row of U.",
        "Search your lines for U. What does it multiply?",
        lambda x, h, W, U, b: torch.tanh(x @ W.T + h + b),
        lambda x, h, W, U, b: torch.tanh(x @ W.T + b) + h,
    ),
    Misconception(
        "bias-twice",
        "You add the bias twice. PyTorch's own layers hold two bias vectors; here there is one b.",
        "Set x and h to zero. What does your sum come to, in multiples of b?",
        lambda x, h, W, U, b: torch.tanh(x @ W.T + h @ U.T + 2 * b),
    ),
    Misconception(
        "one-example-for-all",
        "Your result is that of one example, repeated. Each example of the batch has its own.",
        "Give two examples that differ. Look for an index such as [0] that stays from a test.",
        lambda x, h, W, U, b: rnn_step(x, h, W, U, b)[:1].expand_as(h),
        lambda x, h, W, U, b: rnn_step(x, h, W, U, b)[-1:].expand_as(h),
    ),
)

PART = exact_part(
    "1.1",
    rnn_step,
    points=20,
    hints=(
        "Name what the new state is made of: three terms are added up before the one activation.",
        "Look at the shapes: x is (B, F), W is (H, F), and the result is (B, H). Which way round must W be?",
        "h' = tanh(x Wᵀ + h Uᵀ + b): the weights are transposed in both products, `x @ W.T` and the same for "
        "h and U, and one tanh stands around the whole sum.",
    ),
    cases=lambda draw: step_cases(draw, rnn_arguments),
    outputs=("h'",),
    gradients=("x", "h", "W", "U", "b"),
    misconceptions=MISCONCEPTIONS,
)
