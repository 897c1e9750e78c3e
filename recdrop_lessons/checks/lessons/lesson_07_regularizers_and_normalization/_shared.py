"""What several parts of lesson 07 share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import permutations
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.misconceptions import Misconception

GATES = "ifgo"

Block = Callable[[Tensor, str], Tensor]

Measure = Callable[[Sequence[Tensor]], Tensor]


def block(weights: Tensor, gate: str, order: str = GATES) -> Tensor:
    """The rows of one gate: (4H, ·) → (H, ·)."""
    H = weights.shape[0] // 4
    k = order.index(gate)
    return weights[k * H : (k + 1) * H]


def squares(blocks: Sequence[Tensor]) -> Tensor:
    """Σ w² over all of them."""
    return torch.stack([w.square().sum() for w in blocks]).sum()


def concatenated(blocks: Sequence[Tensor]) -> Tensor:
    return torch.cat([w.reshape(-1) for w in blocks])


def columns(weights: Tensor, gate: str, width: Callable[[Tensor], int]) -> Tensor:
    size = width(weights)
    k = GATES.index(gate)
    return weights[:, k * size : (k + 1) * size] if weights.dim() > 1 else weights


def penalty_basics(reference: Callable[..., Tensor]) -> tuple[Misconception, ...]:
    """What can go wrong in a gate's penalty; the reference takes `block`, `measure` and `factor`."""

    def cut(*blocks: Block) -> tuple[Callable[..., Tensor], ...]:
        return tuple(partial(reference, block=its) for its in blocks)

    def measured(*measures: Measure) -> tuple[Callable[..., Tensor], ...]:
        return tuple(partial(reference, measure=its) for its in measures)

    return (
        Misconception(
            "gate-order",
            "You penalise another gate's rows. The blocks lie i, f, g, o, so `g` is the third of them and "
            "`o` the last.",
            "Write the four letters in their order and count from 0. Which index has the gate that you "
            "were asked for?",
            *cut(
                *(
                    partial(block, order="".join(order))
                    for order in permutations(GATES)
                    if order != tuple(GATES)
                )
            ),
        ),
        Misconception(
            "whole-matrix",
            "You penalise the whole matrix, as a regulariser of Keras does: it acts on all gates at "
            "once. Cut out the gate's block first.",
            "Set the rows of all other gates to zero. Should the penalty change? Does yours?",
            *cut(lambda w, gate: w),
        ),
        Misconception(
            "gate-ignored",
            "You penalise the same block whatever the gate is.",
            "Search your function for `gate`. What depends on it?",
            *cut(*(lambda w, gate, k=k: w.chunk(4)[k] for k in range(4))),
        ),
        Misconception(
            "other-gates",
            "You penalise every gate but the one that is asked for.",
            "Set the rows of the gate in question to zero. The penalty should then be 0. Is yours?",
            *cut(
                lambda w, gate: torch.cat([its for k, its in enumerate(w.chunk(4)) if k != GATES.index(gate)])
            ),
        ),
        Misconception(
            "columns-for-rows",
            "You cut out columns. That is right for Keras's kernels, (F, 4H) and (H, 4H); here, as in "
            "PyTorch, the matrix is (4H, H), and a gate is H of its rows.",
            "Print the shape of what you cut out. Which of the two sizes of U should have become smaller?",
            *cut(
                partial(columns, width=lambda w: w.shape[1]),
                partial(columns, width=lambda w: w.shape[0] // 4),
                partial(columns, width=lambda w: w.shape[1] // 4),
                lambda w, gate: w.chunk(4, dim=-1)[GATES.index(gate)],
                lambda w, gate: w.tensor_split(4, dim=-1)[GATES.index(gate)],
            ),
        ),
        Misconception(
            "rows-beyond-gate",
            "You cut out more or fewer rows than the gate's own H. They begin at k·H and end before (k+1)·H.",
            "Print the shape of what you cut out. How many rows should it have?",
            *cut(
                lambda w, gate: w[: (GATES.index(gate) + 1) * (len(w) // 4)],
                lambda w, gate: w[GATES.index(gate) * (len(w) // 4) :],
                lambda w, gate: w[GATES.index(gate) * (len(w) // 4)],
                lambda w, gate: w[GATES.index(gate)],
                lambda w, gate: w[GATES.index(gate) * (len(w) // 4) :][: len(w) // 4 - 1],
                lambda w, gate: w[GATES.index(gate) * (len(w) // 4) :][: len(w) // 4 + 1],
            ),
        ),
        Misconception(
            "rows-interleaved",
            "You take every fourth row. A gate's rows lie together: H of them in one block.",
            "Number the rows 0 to 7 for H = 2. Which two belong to the forget gate?",
            *cut(lambda w, gate: w[GATES.index(gate) :: 4]),
        ),
        Misconception(
            "root-for-square",
            "You take the norm, the root of the sum of the squares. The l2 penalty is the sum itself.",
            "Double all weights. By which factor should a sum of squares grow?",
            *measured(
                lambda ws: concatenated(ws).norm(), lambda ws: torch.stack([w.norm() for w in ws]).sum()
            ),
        ),
        Misconception(
            "matrix-norm",
            "You take a matrix norm or a matrix product. The l2 penalty is the sum of the squared weights.",
            "Take a matrix with one weight of 3 and zeros. What should come out for l2 = 1? Then give it "
            "two weights.",
            *measured(
                lambda ws: torch.stack([torch.linalg.matrix_norm(w, 2) for w in ws]).sum(),
                lambda ws: torch.stack([torch.linalg.matrix_norm(w, 2).square() for w in ws]).sum(),
                lambda ws: torch.stack([torch.linalg.matrix_norm(w, "nuc") for w in ws]).sum(),
                lambda ws: torch.stack([(w @ w).sum() for w in ws]).sum(),
                lambda ws: torch.stack([(w @ w.T).sum() for w in ws]).sum(),
                lambda ws: torch.stack([(w.T @ w).sum() for w in ws]).sum(),
            ),
        ),
        Misconception(
            "mean-for-sum",
            "You take the mean of the squares. The l2 penalty is their sum, so it grows with the number of "
            "weights.",
            "Put the same weights in twice. Should the penalty stay, or double?",
            *measured(
                lambda ws: concatenated(ws).square().mean(),
                lambda ws: torch.stack([w.square().mean() for w in ws]).sum(),
            ),
        ),
        Misconception(
            "l1-for-l2",
            "You sum absolute values. That is the l1 penalty; l2 sums squares.",
            "Double all weights. By which factor should the penalty grow, two or four?",
            *measured(lambda ws: concatenated(ws).abs().sum()),
        ),
        Misconception(
            "square-of-sum",
            "You square the sum. Each weight is squared on its own, or weights of opposite signs cancel.",
            "Take the weights 1 and -1. Should their penalty be 0?",
            *measured(
                lambda ws: concatenated(ws).sum().square(),
                lambda ws: torch.stack([w.sum().square() for w in ws]).sum(),
            ),
        ),
        Misconception(
            "l2-halved",
            "You take half of l2, as in the textbooks' λ/2. Here, as in Keras, it is l2 · Σw².",
            "Take one weight of 1 and l2 = 1. What should come out?",
            partial(reference, factor=lambda l2: l2 / 2),
        ),
        Misconception(
            "l2-forgotten",
            "You leave out the factor l2. It says how much the penalty weighs against the loss.",
            "Set l2 to 0. What should come out?",
            partial(reference, factor=lambda l2: 1.0),
        ),
        Misconception(
            "l2-squared",
            "You use another power of l2 than l2 itself. A factor that stands inside the square is squared "
            "too: λ·Σw² is not Σ(λw)².",
            "Double l2. By which factor should the penalty grow?",
            partial(reference, factor=lambda l2: l2**2),
            partial(reference, factor=lambda l2: l2**0.5),
        ),
    )


def penalty_cases(draw: Draw, arguments: Callable[[Draw, int, int], dict[str, Tensor]]) -> Iterator[Case]:
    """Each gate at several sizes, many units and one unit among them."""
    F, H = draw.sizes(2)
    first = draw.choice(GATES)
    wide = draw.integer(9, 13)
    trials = [(F, H, first), (F, H, first)]
    trials += [(f, h, gate) for f, h in ((F, wide), (F, 1), (1, H), (H, H), (4, 4)) for gate in GATES]
    for k, (f, h, gate) in enumerate(trials):
        given = arguments(draw, f, h) | {"gate": gate, "l2": draw.uniform(0.2, 0.9)}
        yield Case(f"H={h}, {gate}", given, k == 0 or 1 in (f, h))
    yield Case(f"H={H}, f, l2=0", arguments(draw, F, H) | {"gate": "f", "l2": 0.0})
    yield Case(f"H={H}, g, l2 above 1", arguments(draw, F, H) | {"gate": "g", "l2": draw.uniform(2, 5)})


Axes = tuple[int, ...]

Standardise = Callable[[Tensor, Axes, float], Tensor]


def standardise(
    v: Tensor,
    axes: Axes,
    eps: float,
    *,
    correction: int = 0,
    centred: bool = True,
    scale: Callable[[Tensor, float], Tensor] = lambda variance, eps: (variance + eps).sqrt(),
) -> Tensor:
    """v with mean 0 and variance 1 over the axes; the keyword arguments make mistakes."""
    centre = v - v.mean(axes, keepdim=True) if centred else v
    squares = centre.square().sum(axes, keepdim=True)
    variance = squares / (v.numel() // squares.numel() - correction)
    # (v - μ) / √(σ² + ε)
    return centre / scale(variance, eps)


def norm_basics(reference: Callable[..., Any]) -> tuple[Misconception, ...]:
    """What can go wrong inside any norm; the reference takes `standardise`."""

    def wrong(**options: Any) -> Callable[..., Any]:
        return partial(reference, standardise=partial(standardise, **options))

    def fixed(eps: float) -> Callable[..., Any]:
        return partial(reference, standardise=lambda v, axes, _: standardise(v, axes, eps))

    return (
        Misconception(
            "unbiased-variance",
            "You divide the squares by n-1, as torch.var does unless it is told otherwise. A norm takes the "
            "biased variance, with n.",
            "Norm a vector of two values by hand, dividing by n. Then see what torch.var gives, and which "
            "of its arguments changes that.",
            wrong(correction=1),
        ),
        Misconception(
            "eps-outside-root",
            "You add eps to the standard deviation. It belongs inside the root: √(variance + eps).",
            "Take a vector of equal values and eps = 0.01. By what do you divide: 0.01 or 0.1?",
            wrong(scale=lambda variance, eps: variance.sqrt() + eps),
        ),
        Misconception(
            "eps-ignored",
            "You leave eps out, or use one of your own. It is an argument, and stands inside the root: "
            "√(variance + eps).",
            "Take a vector of equal values. What keeps you from dividing by zero, and does it change when "
            "you change eps?",
            *map(fixed, (0.0, 1e-3, 1e-5, 1e-6, 1e-8, 1e-12)),
        ),
        Misconception(
            "eps-misused",
            "You square eps, or use it as a lower bound. It is added to the variance: √(variance + eps).",
            "Take eps = 1 and a variance of 3. What should stand under the root?",
            wrong(scale=lambda variance, eps: (variance + eps**2).sqrt()),
            wrong(scale=lambda variance, eps: variance.clamp_min(eps).sqrt()),
            wrong(scale=lambda variance, eps: variance.sqrt().clamp_min(eps)),
        ),
        Misconception(
            "root-forgotten",
            "You divide by the variance. The norm divides by its root.",
            "Multiply the vector by 10. The normed vector should not change. Does yours?",
            wrong(scale=lambda variance, eps: variance + eps),
        ),
        Misconception(
            "not-divided",
            "You subtract the mean and leave the scale as it is. A norm also divides by √(variance + eps).",
            "Multiply the vector by 10. The normed vector should not change. Does yours?",
            wrong(scale=lambda variance, eps: torch.ones_like(variance)),
        ),
        Misconception(
            "mean-kept",
            "You divide without subtracting the mean. A norm centres first: (v - mean) / √(variance + eps).",
            "Add 10 to all values. The normed vector should not change. Does yours?",
            wrong(centred=False),
            partial(
                reference,
                standardise=lambda v, axes, eps: v / (v.var(axes, correction=0, keepdim=True) + eps).sqrt(),
            ),
        ),
    )
