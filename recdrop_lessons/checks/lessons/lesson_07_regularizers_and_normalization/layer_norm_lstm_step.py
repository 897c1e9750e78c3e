"""7.2 An LSTM step with layer norms, Ba et al. 2016.

Longer than other parts: three norms with gains and a shift can each be misplaced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lessons.lesson_07_regularizers_and_normalization._shared import (
    Axes,
    Standardise,
    norm_basics,
    standardise,
)
from recdrop_lessons.checks.lstm import Function, Gates, State, gates, lstm_basics, step_arguments, step_cases
from recdrop_lessons.checks.misconceptions import Misconception


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
    """One step of an LSTM with layer norms on both products, and on the cell where the output reads it.

    Args:
        x: the input, (B, F).
        h: the old state, (B, H).
        c: the old cell, (B, H).
        W: the input's weights, (4H, F), in blocks i, f, g, o.
        U: the old state's weights, (4H, H), in the same blocks.
        b: the bias, (4H,), in the same blocks; added once.
        gain_x: the gain of the norm of x Wᵀ, (4H,).
        gain_h: the gain of the norm of h Uᵀ, (4H,).
        gain_c: the gain of the norm of the new cell, (H,).
        shift_c: the shift of the norm of the new cell, (H,).
        eps: added to the variance inside the root, a float above 0.

    Returns:
        The new state and the new cell, a tuple (h', c'), each (B, H).
    """

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


def _gain_after_tanh(gain_c: Tensor, shift_c: Tensor, **given: Any) -> State:
    """Gain and shift on the tanh of the norm: tanh(LN(c'))·gain + shift."""
    return layer_norm_lstm_step(
        gain_c=torch.ones_like(gain_c),
        shift_c=torch.zeros_like(shift_c),
        read=lambda c, norm, squash: squash(norm(c)) * gain_c + shift_c,
        **given,
    )


MISCONCEPTIONS = (
    Misconception(
        "norm-per-gate",
        "You norm each gate's block on its own. Here each product is normed as a whole, over all its 4H "
        "elements, before it is cut into gates.",
        "How many elements does each of your means run over: H or 4H? Compare with the text.",
        _before(
            lambda norm, x, h, W, U, b, gain_x, gain_h: (
                _per_gate(norm)(x @ W.T) * gain_x + _per_gate(norm)(h @ U.T) * gain_h + b
            )
        ),
    ),
    Misconception(
        "norm-on-sum",
        "You norm the sum of the two products. Each has a norm and a gain of its own, and the results are "
        "added.",
        "How many norms stand in the text before the gates? Count the ones in your code.",
        _before(lambda norm, x, h, W, U, b, gx, gh: norm(x @ W.T + h @ U.T) * gx + b),
        _before(lambda norm, x, h, W, U, b, gx, gh: norm(x @ W.T + h @ U.T) * gh + b),
        _before(lambda norm, x, h, W, U, b, gx, gh: norm(x @ W.T + h @ U.T) * (gx + gh) + b),
        _before(lambda norm, x, h, W, U, b, gx, gh: norm(x @ W.T + h @ U.T) * gx * gh + b),
        _before(lambda norm, x, h, W, U, b, gx, gh: norm(x @ W.T + h @ U.T + b) * gx),
        _before(lambda norm, x, h, W, U, b, gx, gh: norm(x @ W.T + h @ U.T + b) * (gx + gh)),
        _before(lambda norm, x, h, W, U, b, gx, gh: norm((x @ W.T) * gx + (h @ U.T) * gh) + b),
    ),
    Misconception(
        "gains-swapped",
        "You give the products each other's gains. gain_x belongs to x Wᵀ and gain_h to h Uᵀ.",
        "Compare the letters: which gain stands beside which product?",
        _before(lambda norm, x, h, W, U, b, gx, gh: norm(x @ W.T) * gh + norm(h @ U.T) * gx + b),
    ),
    Misconception(
        "gain-inside-norm",
        "You multiply by the gain before the norm, which takes its scale out again. The gain comes after.",
        "Norm a vector, then norm ten times the vector. What does the norm do to a factor that comes "
        "before it?",
        _before(lambda norm, x, h, W, U, b, gx, gh: norm((x @ W.T) * gx) + norm((h @ U.T) * gh) + b),
    ),
    Misconception(
        "bias-in-norm",
        "You add b before a norm, which takes its mean out and changes its scale. b is added once, after "
        "both norms.",
        "Add the same number to all elements of a vector and norm it. Where has the number gone?",
        _before(lambda norm, x, h, W, U, b, gx, gh: norm(x @ W.T + b) * gx + norm(h @ U.T) * gh),
        _before(lambda norm, x, h, W, U, b, gx, gh: norm(x @ W.T) * gx + norm(h @ U.T + b) * gh),
        _before(lambda norm, x, h, W, U, b, gx, gh: norm(x @ W.T + b) * gx + norm(h @ U.T + b) * gh),
        _before(lambda norm, x, h, W, U, b, gx, gh: norm(x @ W.T + b) * gx + norm(h @ U.T) * gh + b),
    ),
    Misconception(
        "bias-twice",
        "You add b twice, once with each product. It is added once.",
        "Count how many times b stands in your sum.",
        _before(lambda norm, x, h, W, U, b, gx, gh: norm(x @ W.T) * gx + norm(h @ U.T) * gh + 2 * b),
    ),
    Misconception(
        "bias-forgotten",
        "You leave out b. The norms of the products have no shift, so b is the only one.",
        "Count the arguments of the function, then search your lines for each of them.",
        _without("b", value=0.0),
    ),
    Misconception(
        "norm-before-product",
        "You norm x and h themselves. The norms are on the products x Wᵀ and h Uᵀ.",
        "What is the size of the last axis where you norm: F and H, or 4H?",
        _before(lambda norm, x, h, W, U, b, gx, gh: (norm(x) @ W.T) * gx + (norm(h) @ U.T) * gh + b),
    ),
    Misconception(
        "norm-forgotten",
        "A product goes into the gates without its norm. x Wᵀ and h Uᵀ each have one.",
        "Count the norms before the gates. Each of the two products needs one.",
        _before(lambda norm, x, h, W, U, b, gx, gh: (x @ W.T) * gx + (h @ U.T) * gh + b),
        _before(lambda norm, x, h, W, U, b, gx, gh: x @ W.T + h @ U.T + b),
        _before(lambda norm, x, h, W, U, b, gx, gh: norm(x @ W.T) * gx + h @ U.T + b),
        _before(lambda norm, x, h, W, U, b, gx, gh: x @ W.T + norm(h @ U.T) * gh + b),
    ),
    Misconception(
        "normed-cell-carried",
        "You carry the normed cell on. Only the output reads the norm; c' itself goes to the next step as it "
        "is, or the norm would act again and again.",
        "The new cell has two readers: the output and the next step. Which of them should see the norm?",
        partial(layer_norm_lstm_step, stored=lambda c, norm: norm(c)),
        partial(
            layer_norm_lstm_step,
            stored=lambda c, norm: norm(c),
            read=lambda c, norm, squash: squash(norm(norm(c))),
        ),
        partial(layer_norm_lstm_step, stored=lambda c, norm: norm(c), read=lambda c, norm, squash: squash(c)),
    ),
    Misconception(
        "old-cell-normed",
        "You norm the old cell on its way into c'. The norm is on the new cell, where the output reads it.",
        "Which line uses the old cell? Nothing is normed on it.",
        partial(layer_norm_lstm_step, old=lambda c, norm: norm(c)),
        partial(layer_norm_lstm_step, old=lambda c, norm: norm(c), read=lambda c, norm, squash: squash(c)),
    ),
    Misconception(
        "cell-not-normed",
        "Your output reads c' as it is. It reads its norm: h' = o∘tanh(LN(c')∘gain_c + shift_c).",
        "Count the norms in your step. The text has three.",
        partial(layer_norm_lstm_step, read=lambda c, norm, squash: squash(c)),
        lambda **given: layer_norm_lstm_step(
            **given, read=lambda c, norm, squash: squash(c * given["gain_c"] + given["shift_c"])
        ),
    ),
    Misconception(
        "norm-after-tanh",
        "You norm after the tanh, or the output itself. The norm is on c', inside the tanh.",
        "Set gain_c to zero. What should h' be then, and what is yours?",
        partial(layer_norm_lstm_step, read=lambda c, norm, squash: norm(squash(c))),
        _gain_after_tanh,
        partial(layer_norm_lstm_step, read=lambda c, norm, squash: squash(c), out=lambda h, norm: norm(h)),
    ),
    Misconception(
        "gain-forgotten",
        "You leave out a gain. Each of the three norms has its own: gain_x, gain_h and gain_c.",
        "Set one gain after the other to zero. Does each of them change your result?",
        _without("gain_x"),
        _without("gain_h"),
        _without("gain_c"),
        _without("gain_x", "gain_h"),
        _without("gain_x", "gain_h", "gain_c"),
    ),
    Misconception(
        "shift-forgotten",
        "You leave out shift_c. The norm of the cell has a gain and a shift.",
        "Set shift_c to a large number. Does your result change?",
        _without("shift_c", value=0.0),
    ),
    Misconception(
        "shift-before-gain",
        "You add the shift before you multiply by the gain. It is LN(c')∘gain_c + shift_c.",
        "Set the gain to zero. The shift should then still be there. Is it?",
        lambda **given: layer_norm_lstm_step(**given | {"shift_c": given["shift_c"] * given["gain_c"]}),
    ),
    Misconception(
        "norm-over-batch",
        "Your mean and variance run over the batch. That is batch norm; a layer norm keeps the examples "
        "apart and runs over the last axis.",
        "Call your step with one example. A layer norm works on it as well: what does yours return?",
        partial(layer_norm_lstm_step, standardise=_along((0,))),
        partial(layer_norm_lstm_step, standardise=_along((0, 1))),
    ),
    *norm_basics(layer_norm_lstm_step),
    *lstm_basics(layer_norm_lstm_step, biases=False),
)

PART = exact_part(
    "7.2",
    layer_norm_lstm_step,
    points=40,
    hints=(
        "Three tensors are normed in one step. Which are they, and how long is the axis that each norm "
        "runs over?",
        "Go through the table of what must hold. What would a norm do to a gain, to a shift or to b, if "
        "they came before it? And which of the two results must not see the norm of the cell?",
        "The sums are a = LN(x Wᵀ)∘gain_x + LN(h Uᵀ)∘gain_h + b, and h' = o∘tanh(LN(c')∘gain_c + shift_c); "
        "c' is returned unnormed. LN(v) = (v - μ)/√(σ² + eps) over the last axis, with the biased variance.",
    ),
    cases=layer_norm_cases,
    outputs=("h'", "c'"),
    gradients=("x", "h", "c", "W", "U", "b", "gain_x", "gain_h", "gain_c", "shift_c"),
    misconceptions=MISCONCEPTIONS,
)
