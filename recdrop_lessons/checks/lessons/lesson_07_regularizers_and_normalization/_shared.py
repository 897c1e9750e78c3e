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
from recdrop_lessons.checks.parts import Misconception

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
            "You penalise the whole matrix, as a Keras `kernel_regularizer` does: it acts on all gates at "
            "once. Cut out the gate's block first.",
            *cut(lambda w, gate: w),
        ),
        Misconception(
            "gate-ignored",
            "You penalise the same block whatever the gate is.",
            *cut(*(lambda w, gate, k=k: w.chunk(4)[k] for k in range(4))),
        ),
        Misconception(
            "other-gates",
            "You penalise every gate but the one that is asked for.",
            *cut(
                lambda w, gate: torch.cat([its for k, its in enumerate(w.chunk(4)) if k != GATES.index(gate)])
            ),
        ),
        Misconception(
            "columns-for-rows",
            "You cut out columns. That is right for Keras's kernels (H, 4H); here, as in PyTorch, the matrix "
            "is (4H, H), and a gate is H of its rows.",
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
            *cut(
                lambda w, gate: w[: (GATES.index(gate) + 1) * (len(w) // 4)],
                lambda w, gate: w[GATES.index(gate) * (len(w) // 4) :],
                lambda w, gate: w[GATES.index(gate) * (len(w) // 4) :][: len(w) // 4 - 1],
                lambda w, gate: w[GATES.index(gate) * (len(w) // 4) :][: len(w) // 4 + 1],
            ),
        ),
        Misconception(
            "rows-interleaved",
            "You take every fourth row. A gate's rows lie together: H of them in one block.",
            *cut(lambda w, gate: w[GATES.index(gate) :: 4]),
        ),
        Misconception(
            "root-for-square",
            "You take the norm, the root of the sum of the squares. The l2 penalty is the sum itself.",
            *measured(
                lambda ws: concatenated(ws).norm(), lambda ws: torch.stack([w.norm() for w in ws]).sum()
            ),
        ),
        Misconception(
            "matrix-norm",
            "You take a matrix norm or a matrix product. The l2 penalty is the sum of the squared weights.",
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
            *measured(
                lambda ws: concatenated(ws).square().mean(),
                lambda ws: torch.stack([w.square().mean() for w in ws]).sum(),
            ),
        ),
        Misconception(
            "l1-for-l2",
            "You sum absolute values. That is the l1 penalty; l2 sums squares.",
            *measured(lambda ws: concatenated(ws).abs().sum()),
        ),
        Misconception(
            "square-of-sum",
            "You square the sum. Each weight is squared on its own, or weights of opposite signs cancel.",
            *measured(
                lambda ws: concatenated(ws).sum().square(),
                lambda ws: torch.stack([w.sum().square() for w in ws]).sum(),
            ),
        ),
        Misconception(
            "l2-halved",
            "You take half of l2, as in the textbooks' λ/2. Here, as in Keras, it is l2 · Σw².",
            partial(reference, factor=lambda l2: l2 / 2),
        ),
        Misconception(
            "l2-forgotten",
            "You leave out the factor l2. It says how much the penalty weighs against the loss.",
            partial(reference, factor=lambda l2: 1.0),
        ),
        Misconception(
            "l2-squared",
            "Your factor stands inside the square, so it is squared too: λ·Σw² is not Σ(λw)².",
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
            wrong(correction=1),
        ),
        Misconception(
            "eps-outside-root",
            "You add eps to the standard deviation. It belongs inside the root: √(variance + eps).",
            wrong(scale=lambda variance, eps: variance.sqrt() + eps),
        ),
        Misconception(
            "eps-ignored",
            "You leave eps out, or use one of your own. It is an argument, and stands inside the root: "
            "√(variance + eps).",
            *map(fixed, (0.0, 1e-3, 1e-5, 1e-6, 1e-8, 1e-12)),
        ),
        Misconception(
            "eps-misused",
            "You square eps, or use it as a lower bound. It is added to the variance: √(variance + eps).",
            wrong(scale=lambda variance, eps: (variance + eps**2).sqrt()),
            wrong(scale=lambda variance, eps: variance.clamp_min(eps).sqrt()),
            wrong(scale=lambda variance, eps: variance.sqrt().clamp_min(eps)),
        ),
        Misconception(
            "root-forgotten",
            "You divide by the variance. The norm divides by its root.",
            wrong(scale=lambda variance, eps: variance + eps),
        ),
        Misconception(
            "not-divided",
            "You subtract the mean and leave the scale as it is. A norm also divides by √(variance + eps).",
            wrong(scale=lambda variance, eps: torch.ones_like(variance)),
        ),
        Misconception(
            "mean-kept",
            "You divide without subtracting the mean. A norm centres first: (v - mean) / √(variance + eps).",
            wrong(centred=False),
            partial(
                reference,
                standardise=lambda v, axes, eps: v / (v.var(axes, correction=0, keepdim=True) + eps).sqrt(),
            ),
        ),
    )
