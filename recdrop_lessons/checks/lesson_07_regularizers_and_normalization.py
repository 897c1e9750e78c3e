"""Checks of lesson 07: penalties on one gate, an LSTM step with layer norms, and batch norm over time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import permutations
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import Exact
from recdrop_lessons.checks.lstm import (
    Function,
    Gates,
    State,
    gates,
    layer,
    lstm_basics,
    step_arguments,
    step_cases,
)
from recdrop_lessons.checks.parts import Lesson, Misconception, Part

# ---------------------------------------------------------------- 7.1 gate_penalty, 7.4 kernels_penalty

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


def gate_penalty(
    U: Tensor,
    gate: str,
    l2: float,
    *,
    block: Block = block,
    measure: Measure = squares,
    factor: Callable[[float], float] = float,
) -> Tensor:
    # λ Σ (U_gate)²
    return factor(l2) * measure([block(U, gate)])


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
    # λ (Σ (W_gate)² + Σ (U_gate)²)
    return factor(l2) * measure([block(weights, gate) for weights in on(W, U, b)])


def _concatenated(blocks: Sequence[Tensor]) -> Tensor:
    return torch.cat([w.reshape(-1) for w in blocks])


def _columns(weights: Tensor, gate: str, width: Callable[[Tensor], int]) -> Tensor:
    size = width(weights)
    k = GATES.index(gate)
    return weights[:, k * size : (k + 1) * size] if weights.dim() > 1 else weights


def _penalty_basics(reference: Callable[..., Tensor]) -> tuple[Misconception, ...]:
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
            cut(
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
            cut(lambda w, gate: w),
        ),
        Misconception(
            "gate-ignored",
            "You penalise the same block whatever the gate is.",
            cut(*(lambda w, gate, k=k: w.chunk(4)[k] for k in range(4))),
        ),
        Misconception(
            "other-gates",
            "You penalise every gate but the one that is asked for.",
            cut(
                lambda w, gate: torch.cat([its for k, its in enumerate(w.chunk(4)) if k != GATES.index(gate)])
            ),
        ),
        Misconception(
            "columns-for-rows",
            "You cut out columns. That is right for Keras's kernels (H, 4H); here, as in PyTorch, the matrix "
            "is (4H, H), and a gate is H of its rows.",
            cut(
                partial(_columns, width=lambda w: w.shape[1]),
                partial(_columns, width=lambda w: w.shape[0] // 4),
                partial(_columns, width=lambda w: w.shape[1] // 4),
                lambda w, gate: w.chunk(4, dim=-1)[GATES.index(gate)],
                lambda w, gate: w.tensor_split(4, dim=-1)[GATES.index(gate)],
            ),
        ),
        Misconception(
            "rows-interleaved",
            "You take every fourth row. A gate's rows lie together: H of them in one block.",
            cut(lambda w, gate: w[GATES.index(gate) :: 4]),
        ),
        Misconception(
            "root-for-square",
            "You take the norm, the root of the sum of the squares. The l2 penalty is the sum itself.",
            measured(
                lambda ws: _concatenated(ws).norm(), lambda ws: torch.stack([w.norm() for w in ws]).sum()
            ),
        ),
        Misconception(
            "mean-for-sum",
            "You take the mean of the squares. The l2 penalty is their sum, so it grows with the number of "
            "weights.",
            measured(
                lambda ws: _concatenated(ws).square().mean(),
                lambda ws: torch.stack([w.square().mean() for w in ws]).sum(),
            ),
        ),
        Misconception(
            "l1-for-l2",
            "You sum absolute values. That is the l1 penalty; l2 sums squares.",
            measured(lambda ws: _concatenated(ws).abs().sum()),
        ),
        Misconception(
            "square-of-sum",
            "You square the sum. Each weight is squared on its own, or weights of opposite signs cancel.",
            measured(
                lambda ws: _concatenated(ws).sum().square(),
                lambda ws: torch.stack([w.sum().square() for w in ws]).sum(),
            ),
        ),
        Misconception(
            "l2-halved",
            "You take half of l2, as in the textbooks' λ/2. Here, as in Keras, it is l2 · Σw².",
            (partial(reference, factor=lambda l2: l2 / 2),),
        ),
        Misconception(
            "l2-forgotten",
            "You leave out the factor l2. It says how much the penalty weighs against the loss.",
            (partial(reference, factor=lambda l2: 1.0),),
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
    yield Case(f"H={H}, g, l2 above 1", arguments(draw, F, H) | {"gate": "g", "l2": draw.uniform(2, 5)})


def _recurrent_weights(draw: Draw, F: int, H: int) -> dict[str, Tensor]:
    return {"U": layer(draw, F, H)[1]}


def _all_weights(draw: Draw, F: int, H: int) -> dict[str, Tensor]:
    W, U, b = layer(draw, F, H)
    return {"W": W, "U": U, "b": b}


PENALTY_MISCONCEPTIONS = _penalty_basics(gate_penalty)

KERNELS_MISCONCEPTIONS = (
    Misconception(
        "penalty-on-bias",
        "Your penalty reaches the bias. It has a regulariser of its own, and is best left alone: it sets "
        "where a gate works, not how strongly it listens.",
        (
            partial(kernels_penalty, on=lambda W, U, b: (W, U, b)),
            partial(kernels_penalty, on=lambda W, U, b: (U, b)),
            partial(kernels_penalty, on=lambda W, U, b: (W, b)),
            partial(kernels_penalty, on=lambda W, U, b: (b,)),
            lambda W, U, b, gate, l2: kernels_penalty(W, U, b, gate, l2) + l2 * squares([b]),
        ),
    ),
    Misconception(
        "input-weights-forgotten",
        "You penalise U alone. The input's weights W have a block of the gate too.",
        (partial(kernels_penalty, on=lambda W, U, b: (U,)),),
    ),
    Misconception(
        "recurrent-weights-forgotten",
        "You penalise W alone, as Keras's `kernel_regularizer` does. Its `recurrent_regularizer` is the one "
        "for U.",
        (partial(kernels_penalty, on=lambda W, U, b: (W,)),),
    ),
    *_penalty_basics(kernels_penalty),
)

# ---------------------------------------------------------------- a norm, and its mistakes

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
            (wrong(correction=1),),
        ),
        Misconception(
            "eps-outside-root",
            "You add eps to the standard deviation. It belongs inside the root: √(variance + eps).",
            (wrong(scale=lambda variance, eps: variance.sqrt() + eps),),
        ),
        Misconception(
            "eps-ignored",
            "You leave eps out, or use one of your own. It is an argument, and stands inside the root: "
            "√(variance + eps).",
            tuple(map(fixed, (0.0, 1e-3, 1e-5, 1e-6, 1e-8, 1e-12))),
        ),
        Misconception(
            "root-forgotten",
            "You divide by the variance. The norm divides by its root.",
            (wrong(scale=lambda variance, eps: variance + eps),),
        ),
        Misconception(
            "not-divided",
            "You subtract the mean and leave the scale as it is. A norm also divides by √(variance + eps).",
            (wrong(scale=lambda variance, eps: torch.ones_like(variance)),),
        ),
        Misconception(
            "mean-kept",
            "You divide without subtracting the mean. A norm centres first: (v - mean) / √(variance + eps).",
            (
                wrong(centred=False),
                partial(
                    reference,
                    standardise=lambda v, axes, eps: (
                        v / (v.var(axes, correction=0, keepdim=True) + eps).sqrt()
                    ),
                ),
            ),
        ),
    )


# ---------------------------------------------------------------- 7.2 layer_norm_lstm_step


def layer_norm_lstm_step(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    W: Tensor,
    U: Tensor,
    b: Tensor,
    gain_x: Tensor,
    gain_h: Tensor,
    gain_c: Tensor,
    shift_c: Tensor,
    eps: float,
    *,
    gates: Gates = gates,
    squash: Function = torch.tanh,
    standardise: Standardise = standardise,
    into_gates: Callable[..., Tensor] | None = None,
    old: Callable[[Tensor, Function], Tensor] = lambda c, norm: c,
    read: Callable[[Tensor, Function, Function], Tensor] = lambda c, norm, squash: squash(norm(c)),
    stored: Callable[[Tensor, Function], Tensor] = lambda c, norm: c,
    out: Callable[[Tensor, Function], Tensor] = lambda h, norm: h,
) -> State:
    """The step; the keyword arguments say what a mistake does otherwise."""

    def plain(v: Tensor) -> Tensor:
        return standardise(v, (-1,), eps)

    def norm_c(v: Tensor) -> Tensor:
        return plain(v) * gain_c + shift_c

    # a = LN(x Wᵀ)∘gain_x + LN(h Uᵀ)∘gain_h + b
    if into_gates is None:
        a = plain(x @ W.T) * gain_x + plain(h @ U.T) * gain_h + b  # (B, 4H)
    else:
        a = into_gates(plain, x, h, W, U, b, gain_x, gain_h)
    i, f, g, o = gates(a)
    # c' = f∘c + i∘g,  h' = o∘tanh(LN(c')∘gain_c + shift_c)
    c = f * old(c, norm_c) + i * g
    return out(o * read(c, norm_c, squash), norm_c), stored(c, norm_c)


def _layer_norm_arguments(draw: Draw, B: int, F: int, H: int) -> dict[str, Any]:
    return step_arguments(draw, B, F, H) | {
        "gain_x": draw.normal(4 * H),
        "gain_h": draw.normal(4 * H),
        "gain_c": draw.normal(H),
        "shift_c": draw.normal(H),
        "eps": draw.uniform(0.05, 0.5),
    }


def layer_norm_cases(draw: Draw) -> Iterator[Case]:
    cases = list(step_cases(draw, _layer_norm_arguments))
    yield from cases
    B, F, H = draw.sizes(3, low=3)
    yield Case(f"B={B}, F={F}, H={H}, eps=1e-5", _layer_norm_arguments(draw, B, F, H) | {"eps": 1e-5})


def _before(how: Callable[..., Tensor]) -> Callable[..., State]:
    return partial(layer_norm_lstm_step, into_gates=how)


def _per_gate(norm: Function) -> Function:
    return lambda v: torch.cat([norm(its) for its in v.chunk(4, dim=-1)], dim=-1)


def _along(axes: Axes) -> Standardise:
    return lambda v, _, eps: standardise(v, axes, eps)


def _without(*names: str, value: float = 1.0) -> Callable[..., State]:
    """The step with some of its arguments replaced by a constant."""
    return lambda **given: layer_norm_lstm_step(
        **given | {name: torch.full_like(given[name], value) for name in names}
    )


LAYER_NORM_MISCONCEPTIONS = (
    Misconception(
        "norm-per-gate",
        "You norm each gate's block on its own. Here each product is normed as a whole, over all its 4H "
        "elements, before it is cut into gates.",
        (
            _before(
                lambda norm, x, h, W, U, b, gain_x, gain_h: (
                    _per_gate(norm)(x @ W.T) * gain_x + _per_gate(norm)(h @ U.T) * gain_h + b
                )
            ),
        ),
    ),
    Misconception(
        "norm-on-sum",
        "You norm the sum of the two products. Each has a norm and a gain of its own, and the results are "
        "added.",
        (
            _before(lambda norm, x, h, W, U, b, gx, gh: norm(x @ W.T + h @ U.T) * gx + b),
            _before(lambda norm, x, h, W, U, b, gx, gh: norm(x @ W.T + h @ U.T) * gh + b),
            _before(lambda norm, x, h, W, U, b, gx, gh: norm(x @ W.T + h @ U.T) * (gx + gh) + b),
            _before(lambda norm, x, h, W, U, b, gx, gh: norm(x @ W.T + h @ U.T) * gx * gh + b),
            _before(lambda norm, x, h, W, U, b, gx, gh: norm(x @ W.T + h @ U.T + b) * gx),
            _before(lambda norm, x, h, W, U, b, gx, gh: norm(x @ W.T + h @ U.T + b) * (gx + gh)),
            _before(lambda norm, x, h, W, U, b, gx, gh: norm((x @ W.T) * gx + (h @ U.T) * gh) + b),
        ),
    ),
    Misconception(
        "gains-swapped",
        "You give the products each other's gains. gain_x belongs to x Wᵀ and gain_h to h Uᵀ.",
        (_before(lambda norm, x, h, W, U, b, gx, gh: norm(x @ W.T) * gh + norm(h @ U.T) * gx + b),),
    ),
    Misconception(
        "gain-inside-norm",
        "You multiply by the gain before the norm, which takes its scale out again. The gain comes after.",
        (_before(lambda norm, x, h, W, U, b, gx, gh: norm((x @ W.T) * gx) + norm((h @ U.T) * gh) + b),),
    ),
    Misconception(
        "bias-in-norm",
        "You add b before a norm, which takes its mean out and changes its scale. b is added once, after "
        "both norms.",
        (
            _before(lambda norm, x, h, W, U, b, gx, gh: norm(x @ W.T + b) * gx + norm(h @ U.T) * gh),
            _before(lambda norm, x, h, W, U, b, gx, gh: norm(x @ W.T) * gx + norm(h @ U.T + b) * gh),
            _before(lambda norm, x, h, W, U, b, gx, gh: norm(x @ W.T + b) * gx + norm(h @ U.T + b) * gh),
            _before(lambda norm, x, h, W, U, b, gx, gh: norm(x @ W.T + b) * gx + norm(h @ U.T) * gh + b),
        ),
    ),
    Misconception(
        "bias-twice",
        "You add b twice, once with each product. It is added once.",
        (_before(lambda norm, x, h, W, U, b, gx, gh: norm(x @ W.T) * gx + norm(h @ U.T) * gh + 2 * b),),
    ),
    Misconception(
        "bias-forgotten",
        "You leave out b. The norms of the products have no shift, so b is the only one.",
        (_without("b", value=0.0),),
    ),
    Misconception(
        "norm-before-product",
        "You norm x and h themselves. The norms are on the products x Wᵀ and h Uᵀ.",
        (_before(lambda norm, x, h, W, U, b, gx, gh: (norm(x) @ W.T) * gx + (norm(h) @ U.T) * gh + b),),
    ),
    Misconception(
        "norm-forgotten",
        "A product goes into the gates without its norm. x Wᵀ and h Uᵀ each have one.",
        (
            _before(lambda norm, x, h, W, U, b, gx, gh: (x @ W.T) * gx + (h @ U.T) * gh + b),
            _before(lambda norm, x, h, W, U, b, gx, gh: x @ W.T + h @ U.T + b),
            _before(lambda norm, x, h, W, U, b, gx, gh: norm(x @ W.T) * gx + h @ U.T + b),
            _before(lambda norm, x, h, W, U, b, gx, gh: x @ W.T + norm(h @ U.T) * gh + b),
        ),
    ),
    Misconception(
        "normed-cell-carried",
        "You carry the normed cell on. Only the output reads the norm; c' itself goes to the next step as it "
        "is, or the norm would act again and again.",
        (
            partial(layer_norm_lstm_step, stored=lambda c, norm: norm(c)),
            partial(
                layer_norm_lstm_step,
                stored=lambda c, norm: norm(c),
                read=lambda c, norm, squash: squash(norm(norm(c))),
            ),
            partial(
                layer_norm_lstm_step,
                stored=lambda c, norm: norm(c),
                read=lambda c, norm, squash: squash(c),
            ),
        ),
    ),
    Misconception(
        "old-cell-normed",
        "You norm the old cell on its way into c'. The norm is on the new cell, where the output reads it.",
        (
            partial(layer_norm_lstm_step, old=lambda c, norm: norm(c)),
            partial(
                layer_norm_lstm_step,
                old=lambda c, norm: norm(c),
                read=lambda c, norm, squash: squash(c),
            ),
        ),
    ),
    Misconception(
        "cell-not-normed",
        "Your output reads c' as it is. It reads its norm: h' = o∘tanh(LN(c')∘gain_c + shift_c).",
        (
            partial(layer_norm_lstm_step, read=lambda c, norm, squash: squash(c)),
            lambda **given: layer_norm_lstm_step(
                **given,
                read=lambda c, norm, squash: squash(c * given["gain_c"] + given["shift_c"]),
            ),
        ),
    ),
    Misconception(
        "norm-after-tanh",
        "You norm after the tanh, or the output itself. The norm is on c', inside the tanh.",
        (
            partial(layer_norm_lstm_step, read=lambda c, norm, squash: norm(squash(c))),
            partial(
                layer_norm_lstm_step,
                read=lambda c, norm, squash: squash(c),
                out=lambda h, norm: norm(h),
            ),
        ),
    ),
    Misconception(
        "gain-forgotten",
        "You leave out a gain. Each of the three norms has its own: gain_x, gain_h and gain_c.",
        (
            _without("gain_x"),
            _without("gain_h"),
            _without("gain_c"),
            _without("gain_x", "gain_h"),
            _without("gain_x", "gain_h", "gain_c"),
        ),
    ),
    Misconception(
        "shift-forgotten",
        "You leave out shift_c. The norm of the cell has a gain and a shift.",
        (_without("shift_c", value=0.0),),
    ),
    Misconception(
        "shift-before-gain",
        "You add the shift before you multiply by the gain. It is LN(c')∘gain_c + shift_c.",
        (lambda **given: layer_norm_lstm_step(**given | {"shift_c": given["shift_c"] * given["gain_c"]}),),
    ),
    Misconception(
        "norm-over-batch",
        "Your mean and variance run over the batch. That is batch norm; a layer norm keeps the rows apart "
        "and runs over the last axis.",
        (
            partial(layer_norm_lstm_step, standardise=_along((0,))),
            partial(layer_norm_lstm_step, standardise=_along((0, 1))),
        ),
    ),
    *norm_basics(layer_norm_lstm_step),
    *lstm_basics(layer_norm_lstm_step),
)

# ---------------------------------------------------------------- 7.3 batch_norm_over_time


def batch_norm_over_time(
    x: Tensor,
    per_step: bool,
    eps: float,
    *,
    standardise: Standardise = standardise,
    axes: tuple[Axes, Axes] = ((0,), (0, 1)),
) -> Tensor:
    """The norm; `axes` are those with `per_step` and without."""
    each, all_steps = axes
    return standardise(x, each if per_step else all_steps, eps)


def batch_norm_cases(draw: Draw) -> Iterator[Case]:
    """Both kinds at plain sizes twice, then one row, one step, one feature, four rows and equal sizes."""
    B, T, F = draw.sizes(3)
    plain = (B, T, F)
    edges = (1, T, F), (B, 1, F), (B, T, 1), (4, T, F), (1, 1, F), (1, 1, 1), (B, B, F), (T, F, F), (3, 3, 3)
    kind = draw.choice((True, False))
    trials = [(plain, kind), (plain, kind), (plain, not kind), (plain, not kind)]
    trials += [(sizes, per_step) for sizes in edges for per_step in (True, False)]
    for k, ((b, t, f), per_step) in enumerate(trials):
        # columns of different means and scales
        x = draw.normal(b, t, f) * draw.uniform(0.5, 2) + draw.normal(t, f) + draw.normal(f)
        arguments = {"x": x, "per_step": per_step, "eps": draw.uniform(0.05, 0.5)}
        gradients = k in (0, 2) or 1 in (b, t, f)
        yield Case(f"B={b}, T={t}, F={f}, per_step={per_step}", arguments, gradients)
    yield Case("eps=1e-5", {"x": draw.normal(B + 3, T, F), "per_step": kind, "eps": 1e-5})


def _over(each: Axes, all_steps: Axes) -> Callable[..., Tensor]:
    return partial(batch_norm_over_time, axes=(each, all_steps))


BATCH_NORM_MISCONCEPTIONS = (
    Misconception(
        "per-step-inverted",
        "You have per_step the wrong way round. With it each step has statistics of its own; without it all "
        "steps share theirs.",
        (_over((0, 1), (0,)),),
    ),
    Misconception(
        "per-step-ignored",
        "You treat both kinds alike: per_step decides whether the statistics run over the batch, or over the "
        "batch and time together.",
        (_over((0,), (0,)), _over((0, 1), (0, 1))),
    ),
    Misconception(
        "time-batch-swapped",
        "You take the time axis for the batch axis. x is (B, T, F): statistics at each step run over the "
        "rows, axis 0.",
        (
            _over((1,), (0, 1)),
            _over((1,), (1,)),
            _over((0,), (1,)),
            lambda **given: batch_norm_over_time(**given).transpose(0, 1),
        ),
    ),
    Misconception(
        "norm-over-features",
        "Your statistics run over the features. That is layer norm; a batch norm keeps the features apart, "
        "each with a mean and a variance of its own.",
        (
            _over((2,), (2,)),
            _over((0, 2), (0, 1, 2)),
            _over((2,), (1, 2)),
            _over((1, 2), (1, 2)),
            _over((0,), (0, 1, 2)),
            _over((0, 2), (0, 1)),
            _over((2,), (0, 1)),
            _over((0,), (2,)),
            _over((0, 1, 2), (0, 1, 2)),
            _over((2,), (0, 1, 2)),
        ),
    ),
    *norm_basics(batch_norm_over_time),
)

LESSON = Lesson(
    "07_regularizers_and_normalization",
    parts=(
        Part(
            "7.1",
            "gate_penalty",
            20,
            "U, gate, l2",
            (
                "U holds four matrices (H, H), one below the other. Which rows belong to the gate?",
                "The gate's place k in i, f, g, o gives the rows from k·H up to (k+1)·H, where H is the "
                "number of columns. Sum the squares of those, times l2.",
            ),
            Exact(
                "gate_penalty",
                gate_penalty,
                lambda draw: penalty_cases(draw, _recurrent_weights),
                outputs=("the penalty",),
                gradients=("U",),
                misconceptions=PENALTY_MISCONCEPTIONS,
            ),
            PENALTY_MISCONCEPTIONS,
        ),
        Part(
            "7.2",
            "layer_norm_lstm_step",
            40,
            "x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c, eps",
            (
                "Start from your LSTM step. Three tensors are normed: the two products before they are "
                "added, and the new cell on its way into the tanh. Which of the three is stored?",
                "Mean and biased variance over the last axis, 4H elements for each product and H for the "
                "cell; then the gain. Add b once after both norms, add shift_c after gain_c, and return c' "
                "unnormed.",
            ),
            Exact(
                "layer_norm_lstm_step",
                layer_norm_lstm_step,
                layer_norm_cases,
                outputs=("h'", "c'"),
                gradients=("x", "h", "c", "W", "U", "b", "gain_x", "gain_h", "gain_c", "shift_c"),
                misconceptions=LAYER_NORM_MISCONCEPTIONS,
            ),
            LAYER_NORM_MISCONCEPTIONS,
        ),
        Part(
            "7.3",
            "batch_norm_over_time",
            25,
            "x, per_step, eps",
            (
                "How many means are there in each kind: one for each step and feature, or one for each "
                "feature?",
                "Per step, mean and biased variance run over axis 0; else over axes 0 and 1 together. Keep "
                "the axes (keepdim) and divide by the root of variance + eps. A single row at a step gives "
                "zeros.",
            ),
            Exact(
                "batch_norm_over_time",
                batch_norm_over_time,
                batch_norm_cases,
                gradients=("x",),
                misconceptions=BATCH_NORM_MISCONCEPTIONS,
            ),
            BATCH_NORM_MISCONCEPTIONS,
        ),
        Part(
            "7.4",
            "kernels_penalty",
            15,
            "W, U, b, gate, l2",
            (
                "What you did to U in 7.1 is to be done to W as well. Is the bias one of the kernels?",
                "Cut the gate's H rows out of W and of U, sum the squares of both, and multiply by l2. The "
                "bias takes no part.",
            ),
            Exact(
                "kernels_penalty",
                kernels_penalty,
                lambda draw: penalty_cases(draw, _all_weights),
                outputs=("the penalty",),
                gradients=("W", "U"),
                misconceptions=KERNELS_MISCONCEPTIONS,
            ),
            KERNELS_MISCONCEPTIONS,
        ),
    ),
)
