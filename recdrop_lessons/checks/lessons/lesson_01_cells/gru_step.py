"""1.3 One step of a GRU."""

from __future__ import annotations

from functools import partial
from itertools import permutations, product

import torch
from torch import Tensor

from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lstm import Function, step_cases
from recdrop_lessons.checks.misconceptions import Misconception


def gru_step(
    x: Tensor,
    h: Tensor,
    W: Tensor,
    U: Tensor,
    b_w: Tensor,
    b_u: Tensor,
    *,
    order: tuple[int, ...] = (0, 1, 2),
    functions: tuple[Function, ...] = (torch.sigmoid, torch.sigmoid, torch.tanh),
    update: str = "z keeps",
    reset: str = "after the product",
) -> Tensor:
    """One step of a GRU, with the reset after the product.

    Args:
        x: the input, (B, F).
        h: the old state, (B, H).
        W: the input's weights, (3H, F), in blocks r, z, n.
        U: the old state's weights, (3H, H), in the same blocks.
        b_w: the bias beside x Wᵀ, (3H,), in the same blocks.
        b_u: the bias beside h Uᵀ, (3H,), in the same blocks.

    Returns:
        The new state, (B, H).
    """
    H = h.shape[-1]
    from_x = (x @ W.T + b_w).chunk(3, dim=-1)
    from_h = (h @ U.T + b_u).chunk(3, dim=-1)
    # r = σ(W_r x + U_r h),  z = σ(W_z x + U_z h)
    r = functions[0](from_x[order[0]] + from_h[order[0]])
    z = functions[1](from_x[order[1]] + from_h[order[1]])
    k = order[2]
    rows = slice(k * H, (k + 1) * H)
    # n = tanh(W_n x + r∘(U_n h + b_u))
    inner = {
        "after the product": lambda: from_x[k] + r * from_h[k],
        "before the product": lambda: from_x[k] + (r * h) @ U[rows].T + b_u[rows],
        "forgotten": lambda: from_x[k] + from_h[k],
        "not on the bias": lambda: from_x[k] + r * (h @ U[rows].T) + b_u[rows],
        "on the input too": lambda: r * (from_x[k] + from_h[k]),
        "on the input alone": lambda: r * from_x[k] + from_h[k],
        "by z": lambda: from_x[k] + z * from_h[k],
        "inverted": lambda: from_x[k] + (1 - r) * from_h[k],
    }[reset]()
    n = functions[2](inner)
    # h' = (1-z)∘n + z∘h
    return {
        "z keeps": lambda: (1 - z) * n + z * h,
        "z renews": lambda: z * n + (1 - z) * h,
        "old state lost": lambda: (1 - z) * n,
        "candidate whole": lambda: n + z * h,
        "candidate alone": lambda: n,
        "by r": lambda: (1 - r) * n + r * h,
    }[update]()


def gru_arguments(draw: Draw, B: int, F: int, H: int) -> dict[str, Tensor]:
    return {
        "x": draw.normal(B, F),
        "h": draw.normal(B, H),
        "W": draw.normal(3 * H, F, scale=0.7),
        "U": draw.normal(3 * H, H, scale=0.7),
        "b_w": draw.normal(3 * H),
        "b_u": draw.normal(3 * H),
    }


def _reset_at_the_end(x: Tensor, h: Tensor, W: Tensor, U: Tensor, b_w: Tensor, b_u: Tensor) -> Tensor:
    r = ((x @ W.T + b_w) + (h @ U.T + b_u)).chunk(3, dim=-1)[0].sigmoid()
    z = ((x @ W.T + b_w) + (h @ U.T + b_u)).chunk(3, dim=-1)[1].sigmoid()
    return gru_step(x, h, W, U, b_w, b_u) + z * (r - 1) * h


def _interleaved(x: Tensor, h: Tensor, W: Tensor, U: Tensor, b_w: Tensor, b_u: Tensor) -> Tensor:
    """Unit by unit, r z n of each, as if the rows were laid out (H, 3)."""
    blocks = [w.unflatten(0, (-1, 3)).transpose(0, 1).flatten(0, 1) for w in (W, U, b_w, b_u)]
    return gru_step(x, h, *blocks)


MISCONCEPTIONS = (
    Misconception(
        "gate-order",
        "You read the three blocks in another order. Here, as in PyTorch, they lie r, z, n: reset, update, "
        "candidate. (Keras stores z, r, h.)",
        "Take H = 1: W has three rows. Which gate does the text of the exercise name first, which second?",
        *(partial(gru_step, order=order) for order in permutations(range(3)) if order != (0, 1, 2)),
    ),
    Misconception(
        "update-inverted",
        "Your z multiplies the candidate; here z multiplies the old state: h' = (1-z)∘n + z∘h, as in "
        "PyTorch and "
        "Keras. (Chung et al. 2014 write it the other way round.)",
        "Set z to 1 in your last line. What comes out, the candidate or the old state? What should come out?",
        partial(gru_step, update="z renews"),
    ),
    Misconception(
        "reset-before-product",
        "You reset the state and then multiply by U. Here the reset comes after the product, r∘(h Uᵀ + "
        "b_u), which is what PyTorch does and Keras calls reset_after=True.",
        "Find the line where h meets U. Has h been scaled already at that point?",
        partial(gru_step, reset="before the product"),
    ),
    Misconception(
        "reset-misses-bias",
        "You reset the product but not its bias. b_u is inside the bracket: r∘(h Uᵀ + b_u).",
        "Give r the value 0. Then nothing of the old state's branch may reach the candidate: what still "
        "does in yours?",
        partial(gru_step, reset="not on the bias"),
    ),
    Misconception(
        "reset-forgotten",
        "Your candidate does not use r: it sees the whole old state.",
        "Search your function for r after the line that computes it. Where is it read?",
        partial(gru_step, reset="forgotten"),
    ),
    Misconception(
        "reset-on-input",
        "You reset the input's part. r scales only what comes from the old state.",
        "Give r the value 0. The input must still reach the candidate. Does it in yours?",
        partial(gru_step, reset="on the input too"),
        partial(gru_step, reset="on the input alone"),
    ),
    Misconception(
        "gates-exchanged",
        "One gate does the other's work: r resets what the candidate sees of the old state, z mixes the "
        "old state into the new one.",
        "Say in a word what each gate is for, then look which of the two you multiply with inside the "
        "candidate's tanh.",
        partial(gru_step, reset="by z"),
        partial(gru_step, update="by r"),
    ),
    Misconception(
        "reset-inverted",
        "You use 1-r for r in the candidate. Where r is 0, the candidate sees nothing of the old state.",
        "Give r the value 0. How much of the old state should reach the candidate? How much does in yours?",
        partial(gru_step, reset="inverted"),
    ),
    Misconception(
        "gates-interleaved",
        "You read every third row as one gate. The rows come in three blocks of H: first all of r, then "
        "all of z.",
        "Write the row numbers 0 to 5 for H = 2 in a line, and underline those of the first gate. Are they "
        "neighbours?",
        _interleaved,
    ),
    Misconception(
        "old-state-lost",
        "Your new state lacks a part of the mixture: h' = (1-z)∘n + z∘h, both terms with their weights.",
        "Set all numbers to 0 except the old state, so that z is one half. How much of h should be left, "
        "and how much do you return?",
        partial(gru_step, update="old state lost"),
        partial(gru_step, update="candidate whole"),
        partial(gru_step, update="candidate alone"),
    ),
    Misconception(
        "wrong-gate-activation",
        "A gate or the candidate has the wrong activation: r and z are sigmoids, the candidate n is a tanh.",
        'A weight between "none" and "all" lies between 0 and 1; a new value may be negative. Which is '
        "which of r, z and n?",
        *(
            partial(gru_step, functions=functions)
            for functions in product((torch.sigmoid, torch.tanh), repeat=3)
            if functions != (torch.sigmoid, torch.sigmoid, torch.tanh)
        ),
    ),
    Misconception(
        "bias-forgotten",
        "You leave out a bias. The GRU has two: b_w goes with xWᵀ, b_u with hUᵀ.",
        "Count the arguments of the function, then search your lines for each of them.",
        lambda x, h, W, U, b_w, b_u: gru_step(x, h, W, U, b_w, torch.zeros_like(b_u)),
        lambda x, h, W, U, b_w, b_u: gru_step(x, h, W, U, torch.zeros_like(b_w), b_u),
        lambda x, h, W, U, b_w, b_u: gru_step(x, h, W, U, torch.zeros_like(b_w), torch.zeros_like(b_u)),
    ),
    Misconception(
        "biases-swapped",
        "You add b_u to the input's product and b_w to the state's. Only b_u is inside the bracket that r "
        "scales.",
        "Set r to 0: one of the two biases must still reach the candidate. Which one does in yours?",
        lambda x, h, W, U, b_w, b_u: gru_step(x, h, W, U, b_u, b_w),
    ),
    Misconception(
        "both-biases-reset",
        "You put both biases inside the bracket that r scales. b_w goes with the input's product, outside.",
        "Set r to 0. Which of the two biases must still reach the candidate? Does it in yours?",
        lambda x, h, W, U, b_w, b_u: gru_step(x, h, W, U, torch.zeros_like(b_w), b_w + b_u),
    ),
    Misconception(
        "reset-in-final-sum",
        "You mix in r∘h at the end. The reset gate acts inside the candidate alone: h' = (1-z)∘n + z∘h.",
        "Set z to 1. The state must then pass unchanged, whatever r is. Does it?",
        _reset_at_the_end,
    ),
)

PART = exact_part(
    "1.3",
    gru_step,
    points=25,
    hints=(
        "Read the table line by line. What does r change between the first line and the second? What does z "
        "change between the second line and the last?",
        "Keep the two products apart, each with its own bias, (B, 3H) each: the candidate needs them apart.",
        "n = tanh(x W_nᵀ + b_w + r∘(h U_nᵀ + b_u)), with the candidate's blocks of weights and biases, and "
        "h' = (1-z)∘n + z∘h.",
    ),
    cases=lambda draw: step_cases(draw, gru_arguments),
    outputs=("h'",),
    gradients=("x", "h", "W", "U", "b_w", "b_u"),
    misconceptions=MISCONCEPTIONS,
)
