"""Checks of lesson 11: gradients by hand, of a masked LSTM step, over time, and of dropped weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Value
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import Exact
from recdrop_lessons.checks.lstm import WRONG_ORDERS, layer, step_arguments, step_cases, time_cases
from recdrop_lessons.checks.parts import Lesson, Misconception, Part

Slope = Callable[[Tensor, Tensor], Tensor]  # from a value and what it was before its activation
Slopes = tuple[Slope, ...]  # of the gates, of the candidate, of the cell on its way out
Gradients = tuple[Tensor, ...]

# ---------------------------------------------------------------- 11.1 lstm_step_backward


def _sigmoid_slope(a: Tensor, z: Tensor) -> Tensor:
    return a * (1 - a)


def _tanh_slope(a: Tensor, z: Tensor) -> Tensor:
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
    slopes: Slopes = (_sigmoid_slope, _tanh_slope, _tanh_slope),
    squash: Callable[[Tensor], Tensor] = torch.tanh,
    into_cell: Callable[[Tensor, Tensor], Tensor] = lambda from_next, from_output: from_next + from_output,
    factors: Callable[..., tuple[Tensor, ...]] = lambda i, f, g, c, new: (g, c, i),
    old_cell: Callable[..., Tensor] = lambda d_cell, dc, i, f: d_cell * f,
    old_state: Callable[[Tensor, Tensor], Tensor] = lambda d, m_h: d * m_h,
    seen_by_U: Callable[[Tensor, Tensor], Tensor] = lambda h, m_h: h * m_h,
    sums: Callable[[Tensor], Tensor] = lambda da: da.sum(0),
) -> Gradients:
    """The six gradients; the keyword arguments say what a mistake does otherwise."""
    sigmoid_slope, tanh_slope, cell_slope = slopes
    # forward: z = xWᵀ + (h∘m)Uᵀ + b
    blocks = (x @ W.T + (h * m_h) @ U.T + b).chunk(4, dim=-1)  # 4 × (B, H)
    z_i, z_f, z_g, z_o = (blocks[k] for k in read)
    i, f, g, o = z_i.sigmoid(), z_f.sigmoid(), z_g.tanh(), z_o.sigmoid()
    new = f * c + i * g
    squashed = squash(new)
    # dc' = dc + dh∘o∘tanh'(c')
    d_cell = into_cell(dc, dh * o * cell_slope(squashed, new))
    by_i, by_f, by_g = factors(i, f, g, c, new)
    # da of each gate: what it multiplied, times its own slope
    gates = (
        d_cell * by_i * sigmoid_slope(i, z_i),
        d_cell * by_f * sigmoid_slope(f, z_f),
        d_cell * by_g * tanh_slope(g, z_g),
        dh * squashed * sigmoid_slope(o, z_o),
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


_BEFORE: Slopes = (
    lambda a, z: z * (1 - z),
    lambda a, z: 1 - z**2,
    lambda a, z: 1 - z**2,
)
_TWICE: Slopes = (
    lambda a, z: a.sigmoid() * (1 - a.sigmoid()),
    lambda a, z: 1 - a.tanh() ** 2,
    lambda a, z: 1 - a.tanh() ** 2,
)
_NONE: Slopes = (
    lambda a, z: torch.ones_like(a),
    lambda a, z: torch.ones_like(a),
    lambda a, z: torch.ones_like(a),
)
_RIGHT: Slopes = (_sigmoid_slope, _tanh_slope, _tanh_slope)


def _with_slopes(*kinds: Slopes) -> tuple[Callable[..., Gradients], ...]:
    """One or more of the three slopes of another kind."""
    choices = product(*([_RIGHT[k], *(kind[k] for kind in kinds)] for k in range(3)))
    return tuple(partial(lstm_step_backward, slopes=slopes) for slopes in choices if slopes != _RIGHT)


def _wrong_factors(*names: str) -> Callable[..., Gradients]:
    """i, f and g were multiplied by other things: names of "i", "f", "g", "c", "new"."""

    def factors(i: Tensor, f: Tensor, g: Tensor, c: Tensor, new: Tensor) -> tuple[Tensor, ...]:
        values = {"i": i, "f": f, "g": g, "c": c, "new": new}
        return tuple(values[name] for name in names)

    return partial(lstm_step_backward, factors=factors)


_SLOPE_SENTENCE = (
    "You take a slope at the wrong value. σ' = σ(1-σ) and tanh' = 1-tanh² are written with what the "
    "activation *gives*: i·(1-i), 1-g², and 1-tanh(c')² for the cell on its way out."
)

STEP_MISCONCEPTIONS = (
    Misconception(
        "gate-order",
        "You read the four blocks in another order, or put their gradients back in another one. They lie "
        "i, f, g, o, in a as in da.",
        (
            *(partial(lstm_step_backward, read=order) for order in WRONG_ORDERS),
            *(partial(lstm_step_backward, write=order) for order in WRONG_ORDERS),
        ),
    ),
    Misconception("slope-at-preactivation", _SLOPE_SENTENCE, _with_slopes(_BEFORE, _TWICE)),
    Misconception(
        "slope-forgotten",
        "A gradient goes through an activation without its slope: each gate's gradient is multiplied by σ' "
        "or tanh', and dh on its way into the cell by o·(1-tanh(c')²).",
        _with_slopes(_NONE),
    ),
    Misconception(
        "cell-gradient-forgotten",
        "You leave out the dc that comes in from the next step. The new cell has two readers, the output and "
        "the next step, and their gradients add.",
        (partial(lstm_step_backward, into_cell=lambda from_next, from_output: from_output),),
    ),
    Misconception(
        "output-path-forgotten",
        "You leave out what dh sends into the cell: h' = o∘tanh(c'), so dh∘o∘(1-tanh(c')²) is added to dc.",
        (partial(lstm_step_backward, into_cell=lambda from_next, from_output: from_next),),
    ),
    Misconception(
        "old-cell-gradient",
        "The old cell's gradient is off. c' = f∘c + i∘g, so it is the whole gradient of c', dh's part "
        "included, times f.",
        (
            partial(lstm_step_backward, old_cell=lambda d_cell, dc, i, f: d_cell),
            partial(lstm_step_backward, old_cell=lambda d_cell, dc, i, f: dc * f),
            partial(lstm_step_backward, old_cell=lambda d_cell, dc, i, f: dc),
            partial(lstm_step_backward, old_cell=lambda d_cell, dc, i, f: d_cell * i),
        ),
    ),
    Misconception(
        "factors-exchanged",
        "A gate's gradient has the wrong factor. In c' = f∘c + i∘g, i meets g, g meets i, and f meets the "
        "*old* cell.",
        (
            _wrong_factors("g", "new", "i"),
            _wrong_factors("i", "c", "g"),
            _wrong_factors("c", "g", "i"),
            _wrong_factors("g", "f", "i"),
            _wrong_factors("c", "c", "c"),
        ),
    ),
    Misconception(
        "tanh-c-forgotten",
        "Your output is o∘c', without the tanh: its slope is missing, and so is it in the gradient of o.",
        (
            partial(lstm_step_backward, squash=lambda c: c, slopes=(_sigmoid_slope, _tanh_slope, _NONE[2])),
            partial(lstm_step_backward, squash=lambda c: c, slopes=_RIGHT),
        ),
    ),
    Misconception(
        "mask-forgotten",
        "You forget the mask altogether: already the forward step multiplies h by it.",
        (_no_mask,),
    ),
    Misconception(
        "mask-forgotten-in-h",
        "The gradient of h lacks the mask. What reads h is h∘m, so a dropped unit gets no gradient, and a "
        "kept one gets it scaled.",
        (partial(lstm_step_backward, old_state=lambda d, m_h: d),),
    ),
    Misconception(
        "mask-forgotten-in-u",
        "The gradient of U lacks the mask. U met h∘m, not h: dU = daᵀ (h∘m).",
        (partial(lstm_step_backward, seen_by_U=lambda h, m_h: h),),
    ),
    Misconception(
        "mask-forgotten-backwards",
        "Your backward step has no mask at all. It belongs to the gradient of h and to that of U: both met "
        "h∘m.",
        (partial(lstm_step_backward, old_state=lambda d, m_h: d, seen_by_U=lambda h, m_h: h),),
    ),
    Misconception(
        "mask-on-incoming-gradient",
        "You mask the dh that comes in. The mask is on the old h, on its way into the gates: it belongs to "
        "the gradient that goes out.",
        (_mask_on_incoming,),
    ),
    Misconception(
        "bias-not-summed",
        "Your bias gradient is not the sum over the batch. One b serves every row, so its gradients add up: "
        "(4H,).",
        (
            partial(lstm_step_backward, sums=lambda da: da),
            partial(lstm_step_backward, sums=lambda da: da.mean(0)),
            partial(lstm_step_backward, sums=lambda da: da.sum(0, keepdim=True)),
            partial(lstm_step_backward, sums=lambda da: da.sum()),
        ),
    ),
    Misconception(
        "mean-over-batch",
        "You divide by the number of rows. Whether the loss is a mean is in dh and dc already; gradients of "
        "shared weights are sums.",
        (_mean_over_batch,),
    ),
    Misconception(
        "gradient-transposed",
        "A weight's gradient lies the other way round. It has the weight's own shape: daᵀx is (4H, F).",
        (_transposed(3, 4), _transposed(3), _transposed(4)),
    ),
    Misconception(
        "outputs-swapped",
        "You return the gradients in another order. It is that of the arguments: x, h, c, W, U, b.",
        (_rearranged(3, 4, 5, 0, 1, 2), _rearranged(0, 2, 1, 3, 4, 5), _rearranged(1, 2, 0, 3, 4, 5)),
    ),
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


# ---------------------------------------------------------------- 11.2 lstm_backward_over_time


def lstm_backward_over_time(
    d_states: Tensor,
    x: Tensor,
    W: Tensor,
    U: Tensor,
    b: Tensor,
    m_x: Tensor,
    m_h: Tensor,
    *,
    step: Callable[..., Gradients] = lstm_step_backward,
    incoming: Callable[..., Tensor] = lambda from_above, from_next, last: from_above + from_next,
    cell: Callable[[Tensor], Tensor] = lambda dc: dc,
    add: Callable[[Tensor, Tensor], Tensor] = lambda total, new: total + new,
    old_input: Callable[[Tensor, Tensor], Tensor] = lambda d, m_x: d * m_x,
    seen_by_W: Callable[[Tensor, Tensor], Tensor] = lambda x, m_x: x * m_x,
    stack: Callable[[list[Tensor]], Tensor] = lambda backwards: torch.stack(backwards[::-1], dim=1),
) -> Gradients:
    """The gradients of x, W, U, b; the keyword arguments say what a mistake does otherwise."""
    h = c = x.new_zeros(x.shape[0], U.shape[1])
    before = []
    for x_t in x.unbind(1):
        before.append((h, c))
        i, f, g, o = ((x_t * m_x) @ W.T + (h * m_h) @ U.T + b).chunk(4, dim=-1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
    T = x.shape[1]
    dh, dc = torch.zeros_like(h), torch.zeros_like(c)
    dW, dU, db = torch.zeros_like(W), torch.zeros_like(U), torch.zeros_like(b)
    backwards = []
    for t in reversed(range(T)):
        h, c = before[t]
        # dh_t = what the output above reads, and what step t+1 read
        dh = incoming(d_states[:, t], dh, t == T - 1)
        given = {"dh": dh, "dc": dc, "h": h, "c": c, "W": W, "U": U, "b": b, "m_h": m_h}
        d_input, dh, dc, _, dU_t, da = step(x=x[:, t] * m_x, sums=lambda da: da, **given)
        dc = cell(dc)
        dW_t, db_t = da.T @ seen_by_W(x[:, t], m_x), da.sum(0)
        backwards.append(old_input(d_input, m_x))
        dW, dU, db = add(dW, dW_t), add(dU, dU_t), add(db, db_t)
    return stack(backwards), dW, dU, db


def _truncated(x: Tensor, **given: Any) -> Gradients:
    return lstm_backward_over_time(
        x=x, incoming=lambda from_above, from_next, last: from_above, cell=torch.zeros_like, **given
    )


def _divided(by: str) -> Callable[..., Gradients]:
    def backward(**given: Any) -> Gradients:
        dx, *weights = lstm_backward_over_time(**given)
        B, T = given["x"].shape[:2]
        return (dx, *(its / {"rows": B, "steps": T, "both": B * T}[by] for its in weights))

    return backward


def _without(*masks: str) -> Callable[..., Gradients]:
    def backward(**given: Any) -> Gradients:
        return lstm_backward_over_time(**(given | {name: torch.ones_like(given[name]) for name in masks}))

    return backward


def _stepwise(**options: Any) -> Callable[..., Gradients]:
    """Over time with a mistake inside each step."""
    return partial(lstm_backward_over_time, step=partial(lstm_step_backward, **options))


def _shuffled_gradients(*order: int) -> Callable[..., Gradients]:
    def backward(**given: Any) -> Gradients:
        gradients = lstm_backward_over_time(**given)
        return tuple(gradients[k] for k in order)

    return backward


TIME_MISCONCEPTIONS = (
    Misconception(
        "state-gradient-not-carried",
        "No gradient goes back through h from one step to the one before: dh of step t is what the output "
        "at t gets *plus* what step t+1 sends back.",
        (
            partial(lstm_backward_over_time, incoming=lambda from_above, from_next, last: from_above),
            _truncated,
        ),
    ),
    Misconception(
        "cell-gradient-forgotten",
        "No gradient goes back through c from one step to the one before. The cell is the long memory: the "
        "whole gradient of c', dh's part included, times f is what the step before starts from.",
        (partial(lstm_backward_over_time, cell=torch.zeros_like),),
    ),
    Misconception(
        "last-output-only",
        "You use d_states of the last step only. Every step gives an output, so each adds its own to what "
        "comes back from the next.",
        (
            partial(
                lstm_backward_over_time,
                incoming=lambda from_above, from_next, last: from_above if last else from_next,
            ),
        ),
    ),
    Misconception(
        "weights-not-summed",
        "Your gradients of W, U, b hold one step. The same weights serve every step, so the steps' gradients "
        "add up.",
        (partial(lstm_backward_over_time, add=lambda total, new: new),),
    ),
    Misconception(
        "mean-over-batch",
        "You divide the weights' gradients by the number of rows or steps. They are sums: whether the loss "
        "is a mean is in d_states already.",
        (_divided("rows"), _divided("steps"), _divided("both")),
    ),
    Misconception(
        "time-reversed",
        "Your dx runs backwards in time: the loop starts at the last step, so turn the list round before you "
        "stack it.",
        (partial(lstm_backward_over_time, stack=lambda backwards: torch.stack(backwards, dim=1)),),
    ),
    Misconception(
        "time-batch-swapped",
        "Your dx is (T, B, F). It is batch first, as x is: stack the steps along axis 1.",
        (partial(lstm_backward_over_time, stack=lambda backwards: torch.stack(backwards[::-1])),),
    ),
    Misconception(
        "masks-forgotten",
        "You forget a mask altogether, already in the forward pass.",
        (_without("m_x", "m_h"), _without("m_x"), _without("m_h")),
    ),
    Misconception(
        "mask-forgotten-in-x",
        "The gradient of x lacks the mask m_x: what the gates read is x∘m_x.",
        (partial(lstm_backward_over_time, old_input=lambda d, m_x: d),),
    ),
    Misconception(
        "mask-forgotten-in-w",
        "The gradient of W lacks the mask m_x. W met x∘m_x, not x: dW = Σ daᵀ(x∘m_x).",
        (partial(lstm_backward_over_time, seen_by_W=lambda x, m_x: x),),
    ),
    Misconception(
        "mask-forgotten-in-h",
        "The gradient that goes back through h lacks the mask m_h: what the gates read is h∘m_h.",
        (_stepwise(old_state=lambda d, m_h: d),),
    ),
    Misconception(
        "mask-forgotten-in-u",
        "The gradient of U lacks the mask m_h. U met h∘m_h, not h: dU = Σ daᵀ(h∘m_h).",
        (_stepwise(seen_by_U=lambda h, m_h: h),),
    ),
    Misconception(
        "mask-forgotten-backwards",
        "Your backward pass leaves out masks. Each gradient is masked where its value was: x and h on the "
        "way out, and x and h again in dW and dU.",
        (
            _stepwise(old_state=lambda d, m_h: d, seen_by_U=lambda h, m_h: h),
            partial(lstm_backward_over_time, old_input=lambda d, m_x: d, seen_by_W=lambda x, m_x: x),
            partial(
                lstm_backward_over_time,
                old_input=lambda d, m_x: d,
                seen_by_W=lambda x, m_x: x,
                step=partial(lstm_step_backward, old_state=lambda d, m_h: d, seen_by_U=lambda h, m_h: h),
            ),
        ),
    ),
    Misconception(
        "gate-order",
        "You put the gates' gradients back in another order than i, f, g, o.",
        tuple(_stepwise(write=order) for order in WRONG_ORDERS),
    ),
    Misconception(
        "slope-at-preactivation",
        _SLOPE_SENTENCE,
        tuple(partial(lstm_backward_over_time, step=mistake) for mistake in _with_slopes(_BEFORE, _TWICE)),
    ),
    Misconception(
        "output-path-forgotten",
        "You leave out what dh sends into the cell: h' = o∘tanh(c'), so dh∘o∘(1-tanh(c')²) is added to dc.",
        (_stepwise(into_cell=lambda from_next, from_output: from_next),),
    ),
    Misconception(
        "old-cell-gradient",
        "The gradient that goes back through the cell is off: it is the whole gradient of c', dh's part "
        "included, times the forget gate.",
        (
            _stepwise(old_cell=lambda d_cell, dc, i, f: d_cell),
            _stepwise(old_cell=lambda d_cell, dc, i, f: d_cell * i),
        ),
    ),
    Misconception(
        "outputs-swapped",
        "You return the gradients in another order. It is x, W, U, b.",
        (_shuffled_gradients(1, 2, 3, 0), _shuffled_gradients(0, 2, 1, 3)),
    ),
)


def over_time_arguments(draw: Draw, B: int, T: int, F: int, H: int) -> dict[str, Any]:
    W, U, b = layer(draw, F, H)
    given = {"d_states": draw.normal(B, T, H), "x": draw.normal(B, T, F), "W": W, "U": U, "b": b}
    return given | {"m_x": draw.mask(B, F), "m_h": draw.mask(B, H)}


# ---------------------------------------------------------------- 11.3 weight_drop_backward


def weight_drop_backward(dz: Tensor, h: Tensor, U: Tensor, m_U: Tensor) -> Gradients:
    # z = h (U∘m)ᵀ:  dh = dz (U∘m),  dU = (dzᵀ h)∘m
    return dz @ (U * m_U), (dz.T @ h) * m_U


WEIGHT_MISCONCEPTIONS = (
    Misconception(
        "mask-forgotten-in-u",
        "The gradient of U lacks the mask. A dropped weight took no part, so it gets no gradient; a kept one "
        "gets it scaled.",
        (lambda dz, h, U, m_U: (dz @ (U * m_U), dz.T @ h),),
    ),
    Misconception(
        "mask-forgotten-in-h",
        "The gradient of h goes back through all of U. It goes back through what h met: the dropped weights, "
        "U∘m.",
        (lambda dz, h, U, m_U: (dz @ U, (dz.T @ h) * m_U),),
    ),
    Misconception(
        "mask-forgotten",
        "You leave out the mask. z = h (U∘m)ᵀ, and both gradients know it.",
        (lambda dz, h, U, m_U: (dz @ U, dz.T @ h),),
    ),
    Misconception(
        "no-rescale",
        "You use the mask as yes or no. It is scaled, and the backward pass multiplies by the same mask.",
        (
            lambda dz, h, U, m_U: weight_drop_backward(dz, h, U, (m_U > 0).to(U.dtype)),
            lambda dz, h, U, m_U: (dz @ (U * m_U), (dz.T @ h) * (m_U > 0)),
            lambda dz, h, U, m_U: (dz @ (U * (m_U > 0)), (dz.T @ h) * m_U),
        ),
    ),
    Misconception(
        "mask-twice",
        "You multiply by the mask twice in one gradient: once for each time it stood in the forward step.",
        (
            lambda dz, h, U, m_U: (dz @ (U * m_U), (dz.T @ h) * m_U**2),
            lambda dz, h, U, m_U: (dz @ (U * m_U**2), (dz.T @ h) * m_U),
        ),
    ),
    Misconception(
        "weight-for-gradient",
        "You put U itself into its gradient. z is linear in U: dU = (dzᵀ h)∘m.",
        (lambda dz, h, U, m_U: (dz @ (U * m_U), (dz.T @ h) * U * m_U),),
    ),
    Misconception(
        "gradient-transposed",
        "The gradient of U lies the other way round. It has U's own shape, (4H, H).",
        (lambda dz, h, U, m_U: (dz @ (U * m_U), ((dz.T @ h) * m_U).T),),
    ),
    Misconception(
        "mean-over-batch",
        "You divide by the number of rows. One U serves every row, so their gradients add up.",
        (lambda dz, h, U, m_U: (dz @ (U * m_U), (dz.T @ h) * m_U / len(h)),),
    ),
    Misconception(
        "outputs-swapped",
        "You return (dU, dh). The order is (dh, dU).",
        (lambda dz, h, U, m_U: weight_drop_backward(dz, h, U, m_U)[::-1],),
    ),
)


def weight_cases(draw: Draw) -> list[Case]:
    def arguments(draw: Draw, B: int, F: int, H: int) -> dict[str, Value]:
        given = {"dz": draw.normal(B, 4 * H), "h": draw.normal(B, H), "U": draw.normal(4 * H, H)}
        return given | {"m_U": draw.mask(4 * H, H)}

    return [Case(case.label, case.arguments) for case in step_cases(draw, arguments)]


_STEP_OUTPUTS = ("dx", "dh", "dc", "dW", "dU", "db")

LESSON = Lesson(
    "11_inside_the_fast_layer",
    parts=(
        Part(
            "11.1",
            "lstm_step_backward",
            50,
            "dh, dc, x, h, c, W, U, b, m_h",
            (
                "Run the step forward first and keep i, f, g, o and tanh(c'). Then go back: what did h' = "
                "o∘tanh(c') read, and what did c' = f∘c + i∘g?",
                "The gradient of c' is dc + dh∘o∘(1-tanh(c')²). Each gate's da is that (for o: dh) times "
                "what the gate met, times the gate's slope. From da, (B, 4H), all six gradients follow; "
                "h∘m stands where h stood.",
            ),
            Exact(
                "lstm_step_backward",
                lstm_step_backward,
                backward_cases,
                outputs=_STEP_OUTPUTS,
                misconceptions=STEP_MISCONCEPTIONS,
            ),
            STEP_MISCONCEPTIONS,
        ),
        Part(
            "11.2",
            "lstm_backward_over_time",
            35,
            "d_states, x, W, U, b, m_x, m_h",
            (
                "Forward over all steps, keeping every h and c; then the steps in reverse order, each by "
                "11.1. What does step t get from step t+1?",
                "dh of step t is d_states[:, t] plus the dh that step t+1 gave for its old state; dc is "
                "the dc that step t+1 gave for its old cell. Add up dW, dU, db; mask dx by m_x.",
            ),
            Exact(
                "lstm_backward_over_time",
                lstm_backward_over_time,
                lambda draw: time_cases(draw, over_time_arguments),
                outputs=("dx", "dW", "dU", "db"),
                misconceptions=TIME_MISCONCEPTIONS,
            ),
            TIME_MISCONCEPTIONS,
        ),
        Part(
            "11.3",
            "weight_drop_backward",
            15,
            "dz, h, U, m_U",
            (
                "Call the dropped weights V = U∘m, so that z = h Vᵀ. What are dh and dV? And how does dV "
                "reach U?",
                "dh = dz V, and dV = dzᵀ h. Since V = U∘m element by element, dU is dV times the mask.",
            ),
            Exact(
                "weight_drop_backward",
                weight_drop_backward,
                weight_cases,
                outputs=("dh", "dU"),
                misconceptions=WEIGHT_MISCONCEPTIONS,
            ),
            WEIGHT_MISCONCEPTIONS,
        ),
    ),
)
