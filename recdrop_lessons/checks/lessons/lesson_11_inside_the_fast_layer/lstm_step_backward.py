"""11.1 One step backwards.

Longer than other parts because six gradients can each be wrong in several ways.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lstm import WRONG_ORDERS, step_arguments, step_cases
from recdrop_lessons.checks.masks import mask_values
from recdrop_lessons.checks.misconceptions import Misconception

Slope = Callable[[Tensor, Tensor], Tensor]  # from a value and what it was before its activation

Slopes = tuple[Slope, ...]  # of the gates, of the candidate, of the cell on its way out

Gradients = tuple[Tensor, ...]


def sigmoid_slope(a: Tensor, z: Tensor) -> Tensor:
    return a * (1 - a)


def tanh_slope(a: Tensor, z: Tensor) -> Tensor:
    return 1 - a**2


def lstm_step_backward(
    dh: Tensor,
    dc: Tensor,
    x: Tensor,
    h: Tensor,
    c: Tensor,
    W: Tensor,
    U: Tensor,
    b: Tensor,
    m_h: Tensor,
    *,
    read: Sequence[int] = (0, 1, 2, 3),
    write: Sequence[int] | None = None,
    slopes: Slopes = (sigmoid_slope, tanh_slope, tanh_slope),
    squash: Callable[[Tensor], Tensor] = torch.tanh,
    beside_squash: Callable[[Tensor], Tensor] = lambda o: o,
    beside_o: Callable[[Tensor], Tensor] = lambda squashed: squashed,
    into_gates: Callable[[Tensor, Tensor, Tensor], Tensor] = lambda h, m_h, U: (h * m_h) @ U.T,
    into_output: Callable[[Tensor, Tensor], Tensor] = lambda dh, dc: dh,
    into_cell: Callable[[Tensor, Tensor], Tensor] = lambda from_next, from_output: from_next + from_output,
    factors: Callable[..., tuple[Tensor, ...]] = lambda i, f, g, c, new: (g, c, i),
    old_cell: Callable[..., Tensor] = lambda d_cell, dc, i, f: d_cell * f,
    old_state: Callable[[Tensor, Tensor], Tensor] = lambda d, m_h: d * m_h,
    seen_by_U: Callable[[Tensor, Tensor], Tensor] = lambda h, m_h: h * m_h,
    sums: Callable[[Tensor], Tensor] = lambda da: da.sum(0),
) -> Gradients:
    """The gradients of one LSTM step with a mask on the old state, by hand.

    Args:
        dh: the gradient of the new state h', (B, H).
        dc: the gradient of the new cell c' that comes from the next step, (B, H).
        x: the input, (B, F).
        h: the old state, (B, H).
        c: the old cell, (B, H).
        W: the input's weights, (4H, F), in blocks i, f, g, o.
        U: the old state's weights, (4H, H), in the same blocks.
        b: the bias, (4H,), in the same blocks.
        m_h: the mask of the old state on its way into the gates, (B, H), scaled.

    Returns:
        A tuple of six gradients: of x (B, F), h (B, H), c (B, H), W (4H, F), U (4H, H), b (4H,).
    """
    sigmoid_slope, tanh_slope, cell_slope = slopes
    # forward: z = xWᵀ + (h∘m)Uᵀ + b
    blocks = (x @ W.T + into_gates(h, m_h, U) + b).chunk(4, dim=-1)  # 4 × (B, H)
    z_i, z_f, z_g, z_o = (blocks[k] for k in read)
    i, f, g, o = z_i.sigmoid(), z_f.sigmoid(), z_g.tanh(), z_o.sigmoid()
    new = f * c + i * g
    squashed = squash(new)
    # dc' = dc + dh∘o∘tanh'(c')
    d_cell = into_cell(dc, dh * beside_squash(o) * cell_slope(squashed, new))
    by_i, by_f, by_g = factors(i, f, g, c, new)
    # da of each gate: what it multiplied, times its own slope
    gates = (
        d_cell * by_i * sigmoid_slope(i, z_i),
        d_cell * by_f * sigmoid_slope(f, z_f),
        d_cell * by_g * tanh_slope(g, z_g),
        into_output(dh, dc) * beside_o(squashed) * sigmoid_slope(o, z_o),
    )
    placed: list[Tensor] = [gates[0]] * 4
    for k, gate in zip(write or read, gates, strict=True):
        placed[k] = gate
    da = torch.cat(placed, dim=-1)  # (B, 4H)
    return (
        da @ W,
        old_state(da @ U, m_h),
        old_cell(d_cell, dc, i, f),
        da.T @ x,
        da.T @ seen_by_U(h, m_h),
        sums(da),
    )


def _rearranged(*order: int) -> Callable[..., Gradients]:
    def backward(**given: Any) -> Gradients:
        gradients = lstm_step_backward(**given)
        return tuple(gradients[k] for k in order)

    return backward


def _mean_over_batch(**given: Any) -> Gradients:
    gradients = lstm_step_backward(**given)
    return (*gradients[:3], *(gradient / len(given["x"]) for gradient in gradients[3:]))


def _transposed(*which: int) -> Callable[..., Gradients]:
    def backward(**given: Any) -> Gradients:
        gradients = lstm_step_backward(**given)
        return tuple(its.T if k in which else its for k, its in enumerate(gradients))

    return backward


def _no_mask(m_h: Tensor, **given: Any) -> Gradients:
    return lstm_step_backward(m_h=torch.ones_like(m_h), **given)


def _mask_on_incoming(dh: Tensor, m_h: Tensor, **given: Any) -> Gradients:
    return lstm_step_backward(dh=dh * m_h, m_h=m_h, old_state=lambda d, m: d, **given)


BEFORE: Slopes = (lambda a, z: z * (1 - z), lambda a, z: 1 - z**2, lambda a, z: 1 - z**2)

TWICE: Slopes = (
    lambda a, z: a.sigmoid() * (1 - a.sigmoid()),
    lambda a, z: 1 - a.tanh() ** 2,
    lambda a, z: 1 - a.tanh() ** 2,
)

_NONE: Slopes = (
    lambda a, z: torch.ones_like(a),
    lambda a, z: torch.ones_like(a),
    lambda a, z: torch.ones_like(a),
)

RIGHT: Slopes = (sigmoid_slope, tanh_slope, tanh_slope)


def with_slopes(*kinds: Slopes) -> tuple[Callable[..., Gradients], ...]:
    """One or more of the three slopes of another kind."""
    choices = product(*([RIGHT[k], *(kind[k] for kind in kinds)] for k in range(3)))
    return tuple(partial(lstm_step_backward, slopes=slopes) for slopes in choices if slopes != RIGHT)


def _wrong_factors(*names: str) -> Callable[..., Gradients]:
    """i, f and g were multiplied by other things: names of "i", "f", "g", "c", "new"."""

    def factors(i: Tensor, f: Tensor, g: Tensor, c: Tensor, new: Tensor) -> tuple[Tensor, ...]:
        values = {"i": i, "f": f, "g": g, "c": c, "new": new}
        return tuple(values[name] for name in names)

    return partial(lstm_step_backward, factors=factors)


AT_PREACTIVATION = Misconception(
    "slope-at-preactivation",
    "You take a slope at the wrong value. σ' = σ(1-σ) and tanh' = 1-tanh² are written with what the "
    "activation *gives*: i·(1-i), 1-g², and 1-tanh(c')² for the cell on its way out.",
    "Write one slope as a function of a, and again as one of what the activation gives. Which of them do "
    "you feed?",
)

EXCHANGED: Slopes = (lambda a, z: 1 - a**2, lambda a, z: a * (1 - a), lambda a, z: a * (1 - a))


MISCONCEPTIONS = (
    Misconception(
        "gate-order",
        "You read the four blocks in another order, or put their gradients back in another one. They lie "
        "i, f, g, o, in a as in da.",
        "Write the four letters over the blocks, forwards and backwards, and compare.",
        *(partial(lstm_step_backward, read=order) for order in WRONG_ORDERS),
        *(partial(lstm_step_backward, write=order) for order in WRONG_ORDERS),
    ),
    AT_PREACTIVATION.shown_by(*with_slopes(BEFORE, TWICE)),
    Misconception(
        "slope-forgotten",
        "A gradient goes through an activation without its slope: each gate's gradient is multiplied by σ' "
        "or tanh', and dh on its way into the cell by o·(1-tanh(c')²).",
        "For each activation on the forward path, look for its slope on the way back. How many are there?",
        *with_slopes(_NONE),
    ),
    Misconception(
        "cell-gradient-forgotten",
        "You leave out the dc that comes in from the next step. The new cell has two readers, the output and "
        "the next step, and their gradients add.",
        "Who reads the new cell? There are two: name both, and look for both gradients.",
        partial(lstm_step_backward, into_cell=lambda from_next, from_output: from_output),
    ),
    Misconception(
        "output-path-forgotten",
        "You leave out what dh sends into the cell: h' = o∘tanh(c'), so dh∘o∘(1-tanh(c')²) is added to dc.",
        "The state was made from the cell. Which term of the cell's gradient comes from there?",
        partial(lstm_step_backward, into_cell=lambda from_next, from_output: from_next),
    ),
    Misconception(
        "old-cell-gradient",
        "The old cell's gradient is wrong. c' = f∘c + i∘g, so it is the whole gradient of c', dh's part "
        "included, times f.",
        "Which factor stood before the old cell in the forward step? What must it multiply on the way back?",
        partial(lstm_step_backward, old_cell=lambda d_cell, dc, i, f: d_cell),
        partial(lstm_step_backward, old_cell=lambda d_cell, dc, i, f: dc * f),
        partial(lstm_step_backward, old_cell=lambda d_cell, dc, i, f: dc),
        partial(lstm_step_backward, old_cell=lambda d_cell, dc, i, f: d_cell * i),
    ),
    Misconception(
        "factors-exchanged",
        "A gate's gradient has the wrong factor. In c' = f∘c + i∘g, i is multiplied by g, g by i, and f by "
        "the *old* cell.",
        "For each gate, what stood beside it in the forward product?",
        _wrong_factors("g", "new", "i"),
        _wrong_factors("i", "c", "g"),
        _wrong_factors("c", "g", "i"),
        _wrong_factors("g", "f", "i"),
        _wrong_factors("c", "c", "c"),
    ),
    Misconception(
        "output-factor-forgotten",
        "A gradient that comes through h' = o∘tanh(c') lacks the other factor. What goes into the cell is "
        "multiplied by o, and what goes into the output gate by tanh(c').",
        "In the product that makes h', what stands beside o, and what beside tanh(c')?",
        partial(lstm_step_backward, beside_squash=torch.ones_like),
        partial(lstm_step_backward, beside_o=torch.ones_like),
        partial(lstm_step_backward, beside_squash=torch.ones_like, beside_o=torch.ones_like),
    ),
    Misconception(
        "tanh-c-forgotten",
        "Your output is o∘c', without the tanh: the gradient of o reads tanh(c'), and dh meets its slope "
        "1-tanh(c')² on the way into the cell.",
        "What stands between the cell and the output gate in the forward step? Look for it in your lines.",
        partial(lstm_step_backward, squash=lambda c: c, slopes=(sigmoid_slope, tanh_slope, _NONE[2])),
        partial(lstm_step_backward, squash=lambda c: c, slopes=RIGHT),
    ),
    Misconception(
        "mask-forgotten",
        "You forget the mask altogether: the forward step already multiplies h by it.",
        "Search your function for m_h.",
        _no_mask,
    ),
    Misconception(
        "mask-forgotten-in-h",
        "The gradient of h lacks the mask. The gates read h∘m, so a dropped unit gets no gradient, and a "
        "kept one gets it scaled.",
        "Set one value of m_h to 0. Which gradient must be 0 at that place?",
        partial(lstm_step_backward, old_state=lambda d, m_h: d),
    ),
    Misconception(
        "mask-forgotten-in-u",
        "The gradient of U lacks the mask. U multiplied h∘m, not h: dU = daᵀ (h∘m).",
        "What stood beside U in the forward product: h, or something else?",
        partial(lstm_step_backward, seen_by_U=lambda h, m_h: h),
    ),
    Misconception(
        "mask-forgotten-backwards",
        "Your backward step has no mask at all. It belongs to the gradient of h and to that of U: both stand "
        "in the product (h∘m)Uᵀ.",
        "Search the backward half of your function for m_h. How many gradients does the masked product have?",
        partial(lstm_step_backward, old_state=lambda d, m_h: d, seen_by_U=lambda h, m_h: h),
    ),
    Misconception(
        "mask-twice",
        "A mask is applied twice on the way back. It stands once in the forward product, so once in each "
        "of its two gradients.",
        "Count how many times m_h stands in the gradient of h, and in that of U.",
        partial(lstm_step_backward, old_state=lambda d, m_h: d * m_h**2),
        partial(lstm_step_backward, seen_by_U=lambda h, m_h: h * m_h**2),
        partial(lstm_step_backward, old_state=lambda d, m_h: d * m_h**2, seen_by_U=lambda h, m_h: h * m_h**2),
    ),
    Misconception(
        "mask-on-incoming-gradient",
        "You mask the dh that comes in. The mask is on the old h, on its way into the gates: it belongs to "
        "the gradient that goes out.",
        "Which h carries the mask, the one that comes in or the one that goes out?",
        _mask_on_incoming,
    ),
    Misconception(
        "bias-not-summed",
        "Your bias gradient is not the sum over the batch, of shape (4H,). Every example uses the same b, so "
        "its gradients add up.",
        "Print the shape of your db and compare it with b.",
        partial(lstm_step_backward, sums=lambda da: da),
        partial(lstm_step_backward, sums=lambda da: da.mean(0)),
        partial(lstm_step_backward, sums=lambda da: da.sum(0, keepdim=True)),
        partial(lstm_step_backward, sums=lambda da: da.sum()),
    ),
    Misconception(
        "mean-over-batch",
        "You divide by the number of examples. Whether the loss is a mean is in dh and dc already; gradients "
        "of shared weights are sums.",
        "Put the same example into the batch twice. Should dW stay, or double?",
        _mean_over_batch,
    ),
    Misconception(
        "gradient-transposed",
        "A weight's gradient is transposed. It has the weight's own shape: daᵀx is (4H, F).",
        "Print the shapes of your gradients beside those of the weights.",
        _transposed(3, 4),
        _transposed(3),
        _transposed(4),
    ),
    Misconception(
        "outputs-swapped",
        "You return the gradients in another order. It is that of the arguments: x, h, c, W, U, b.",
        "Compare your return line with the docstring.",
        _rearranged(3, 4, 5, 0, 1, 2),
        _rearranged(0, 2, 1, 3, 4, 5),
        _rearranged(1, 2, 0, 3, 4, 5),
    ),
    Misconception(
        "mask-forgotten-forward",
        "Your forward step reads the unmasked h, and only the gradients use the mask. The gates read h∘m.",
        "Search the forward half of your function for m_h.",
        partial(lstm_step_backward, into_gates=lambda h, m_h, U: h @ U.T),
    ),
    Misconception(
        "mask-after-product",
        "You multiply by the mask after the product with U. The mask is on h itself: (h∘m)Uᵀ.",
        "Write the shapes: m_h has H values. What has H columns, what stands before the product or what "
        "comes out of it?",
        partial(lstm_step_backward, into_gates=lambda h, m_h, U: (h @ U.T) * m_h.repeat(1, 4)),
        partial(
            lstm_step_backward,
            into_gates=lambda h, m_h, U: (h @ U.T) * m_h.repeat(1, 4),
            seen_by_U=lambda h, m_h: h,
        ),
    ),
    Misconception(
        "slopes-exchanged",
        "A gate has the slope of another activation. i, f and o are sigmoids, with slope σ(1-σ); g is a "
        "tanh, with slope 1-g², and so is tanh(c').",
        "Write beside each gate its activation, and beside that the slope that you use.",
        *with_slopes(EXCHANGED),
    ),
    Misconception(
        "output-gate-gradient",
        "The gradient of the output gate is wrong. h' = o∘tanh(c') alone reads o, so it is "
        "dh∘tanh(c')·o(1-o), without dc.",
        "Which line of the forward step reads o? Follow only that one back.",
        partial(lstm_step_backward, into_output=lambda dh, dc: dh + dc),
        partial(lstm_step_backward, into_output=lambda dh, dc: dc),
    ),
    *mask_values(lstm_step_backward, "m_h"),
)


def backward_arguments(draw: Draw, B: int, F: int, H: int) -> dict[str, Any]:
    incoming = {"dh": draw.normal(B, H), "dc": draw.normal(B, H)}
    return incoming | step_arguments(draw, B, F, H) | {"m_h": draw.mask(B, H)}


def backward_cases(draw: Draw) -> list[Case]:
    cases = list(step_cases(draw, backward_arguments))
    zeros = backward_arguments(draw, 3, 2, 4)
    nothing = {"dh": torch.zeros(3, 4).double(), "m_h": torch.zeros(3, 4).double()}
    last = {"dc": torch.zeros(3, 4).double()}
    return [*cases, Case("the last step: dc = 0", zeros | last), Case("dh = 0, all dropped", zeros | nothing)]


_STEP_OUTPUTS = tuple(f"gradient of {name}" for name in ("x", "h", "c", "W", "U", "b"))

PART = exact_part(
    "11.1",
    lstm_step_backward,
    points=50,
    hints=(
        "Run the step forward first and keep i, f, g, o and tanh(c'). Then go back, one line at a time, "
        "in the opposite order.",
        "What did the new state read, and what did the new cell? Each value that was read gets a "
        "gradient; one that was read twice gets two, added.",
        "The cell's gradient is d_cell = dc + dh∘o∘(1 - tanh²c'). Each gate's da is what reaches the gate, "
        "times its partner in the product, times its own slope: for f, d_cell∘c∘f∘(1-f). From da, (B, 4H), "
        "all six gradients follow; h∘m takes the place of h.",
    ),
    cases=backward_cases,
    outputs=_STEP_OUTPUTS,
    misconceptions=MISCONCEPTIONS,
)
