"""1.2 One step of an LSTM."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from recdrop_lessons.checks import lstm
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lstm import (
    GRADIENTS,
    Function,
    Gates,
    State,
    gates,
    lstm_basics,
    step_arguments,
    step_cases,
)
from recdrop_lessons.checks.misconceptions import Misconception


def lstm_step(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    W: Tensor,
    U: Tensor,
    b: Tensor,
    *,
    gates: Gates = gates,
    squash: Function = torch.tanh,
) -> State:
    """One step of an LSTM.

    Args:
        x: the input, (B, F).
        h: the old state, (B, H).
        c: the old cell, (B, H).
        W: the input's weights, (4H, F), in blocks i, f, g, o.
        U: the old state's weights, (4H, H), in the same blocks.
        b: the bias, (4H,), in the same blocks.

    Returns:
        The new state and the new cell, a tuple (h', c'), each (B, H).
    """
    return lstm.lstm_step(x, h, c, W, U, b, gates=gates, squash=squash)


def _other_cell(cell: str, output: str = "new") -> Callable[..., State]:
    """The step with another cell, or with an output that reads something else."""

    def step(x: Tensor, h: Tensor, c: Tensor, W: Tensor, U: Tensor, b: Tensor) -> State:
        i, f, g, o = gates(x @ W.T + h @ U.T + b)
        new = f * c + i * g
        kept = {
            "usual": new,
            "1 - i for f": (1 - i) * c + i * g,
            "1 - f for i": f * c + (1 - f) * g,
            "squashed": torch.tanh(new),
        }[cell]
        read = {
            "new": torch.tanh(kept),
            "old": torch.tanh(c),
            "as kept": kept,
            "not squashed": torch.tanh(new),
        }[output]
        return o * read, kept

    return step


def _interleaved(x: Tensor, h: Tensor, c: Tensor, W: Tensor, U: Tensor, b: Tensor) -> State:
    """Unit by unit, i f g o of each, as if the rows were laid out (H, 4)."""
    blocks = [w.unflatten(0, (-1, 4)).transpose(0, 1).flatten(0, 1) for w in (W, U, b)]
    return lstm_step(x, h, c, *blocks)


MISCONCEPTIONS = (
    Misconception(
        "old-cell-in-output",
        "Your output reads the old cell. The new cell comes first, then h' = o∘tanh(c').",
        "Look at the name under your last tanh. On which line did it get its value, and is it the value "
        "that you return?",
        _other_cell("usual", "old"),
    ),
    Misconception(
        "coupled-gates",
        "You make one gate from another: 1 - i for f, or 1 - f for i. That is another cell (coupled gates); "
        "the LSTM's i and f each have weights of their own.",
        "Where do the rows of each gate in W and U go in your function? All 4H of them must be used.",
        _other_cell("1 - i for f"),
        _other_cell("1 - f for i"),
    ),
    Misconception(
        "tanh-stored",
        "You squash the cell that you keep. tanh(c') is for the output alone; c' itself is kept.",
        "Follow the cell through two steps that forget nothing. Does its value survive, or is it squashed "
        "each time?",
        _other_cell("squashed", "as kept"),
        _other_cell("squashed"),
        _other_cell("squashed", "not squashed"),
    ),
    Misconception(
        "outputs-swapped",
        "You return (c', h'). The order is (h', c').",
        "Compare your return line with the last sentence of the docstring.",
        lambda x, h, c, W, U, b: lstm_step(x, h, c, W, U, b)[::-1],
    ),
    Misconception(
        "state-swapped",
        "You use h where c belongs and c where h belongs: the gates read h, the sum keeps c.",
        "Which of h and c has rows of U to meet? Which one is multiplied by a gate?",
        lambda x, h, c, W, U, b: lstm_step(x, c, h, W, U, b),
    ),
    Misconception(
        "gates-interleaved",
        "You read every fourth row as one gate. The rows come in four blocks of H: first all of i, then "
        "all of f.",
        "Write the row numbers 0 to 7 for H = 2 in a line, and underline those of the first gate. Are they "
        "neighbours?",
        _interleaved,
    ),
    Misconception(
        "bias-forgotten",
        "Your step leaves out the bias b: it is added to xWᵀ + hUᵀ, before the gates.",
        "Count the arguments of the function, then search your lines for each of them.",
        lambda x, h, c, W, U, b: lstm_step(x, h, c, W, U, torch.zeros_like(b)),
    ),
    Misconception(
        "bias-twice",
        "You add the bias twice. PyTorch's own LSTM holds two bias vectors; here there is one b.",
        "Set x, h and W, U to zero. What is left of your sum, and how many times?",
        lambda x, h, c, W, U, b: lstm_step(x, h, c, W, U, 2 * b),
    ),
    Misconception(
        "weights-reshaped",
        "You reshape the weights to make them fit. Reshaping reads the same numbers in another order; what "
        "turns (4H, F) into (F, 4H) is the transpose, W.T.",
        "Try `reshape` on a 2×3 matrix of 1 to 6 and look where the 2 goes. Which operation exchanges rows "
        "and columns?",
        lambda x, h, c, W, U, b: lstm_step(x, h, c, W.reshape(-1, len(W)).T, U.reshape(-1, len(U)).T, b),
    ),
    *lstm_basics(lstm_step, biases=False),
)

PART = exact_part(
    "1.2",
    lstm_step,
    points=35,
    hints=(
        "The step has three stages: one sum for all gates, the new cell, the new state. Write them in "
        "this order.",
        "Compute the sum once, (B, 4H), and cut it into four blocks of H columns. In the table, what is left "
        "of c' when i is 0, and what when f is 0?",
        "c' = f∘c + i∘g and h' = o∘tanh(c'). The sigmoid is on the blocks of i, f and o, the tanh on that "
        "of g, and once more on the new cell.",
    ),
    cases=lambda draw: step_cases(draw, step_arguments),
    outputs=("h'", "c'"),
    gradients=GRADIENTS,
    misconceptions=MISCONCEPTIONS,
)
