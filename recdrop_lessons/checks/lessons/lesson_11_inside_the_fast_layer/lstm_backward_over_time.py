"""11.2 Back through time.

Longer than other parts because four gradients, through two masks, can each be wrong in several ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lessons.lesson_11_inside_the_fast_layer.lstm_step_backward import (
    AT_PREACTIVATION,
    BEFORE,
    TWICE,
    Gradients,
    lstm_step_backward,
    with_slopes,
)
from recdrop_lessons.checks.lstm import WRONG_ORDERS, layer, time_cases
from recdrop_lessons.checks.masks import mask_values
from recdrop_lessons.checks.misconceptions import Misconception


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
    carried: Callable[[Tensor, Tensor], Tensor] = lambda h, m_h: h,
    read: Callable[[int], int] = lambda t: t,
    to_U: Callable[[Tensor, Tensor, Tensor], Tensor] = lambda dU, da, new: dU,
    steps: Callable[[range], Iterable[int]] = reversed,
    stack: Callable[[list[Tensor]], Tensor] = lambda backwards: torch.stack(backwards[::-1], dim=1),
) -> Gradients:
    """The gradients of an LSTM over a sequence, from zero state, with masks on input and state, by hand.

    Args:
        d_states: the gradients of the states of all steps, (B, T, H).
        x: the sequence, (B, T, F).
        W: the input's weights, (4H, F), in blocks i, f, g, o.
        U: the old state's weights, (4H, H), in the same blocks.
        b: the bias, (4H,), in the same blocks.
        m_x: the input's mask, (B, F), scaled, the same at each step.
        m_h: the mask of the state on its way into the gates, (B, H), scaled, the same at each step.

    Returns:
        A tuple of four gradients: of x (B, T, F), W (4H, F), U (4H, H), b (4H,).
    """
    h = c = x.new_zeros(x.shape[0], U.shape[1])
    before = []
    for x_t in x.unbind(1):
        before.append((h, c))
        i, f, g, o = ((x_t * m_x) @ W.T + (h * m_h) @ U.T + b).chunk(4, dim=-1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = carried(o.sigmoid() * c.tanh(), m_h)
    before.append((h, c))
    T = x.shape[1]
    dh, dc = torch.zeros_like(h), torch.zeros_like(c)
    dW, dU, db = torch.zeros_like(W), torch.zeros_like(U), torch.zeros_like(b)
    backwards = []
    for t in steps(range(T)):
        h, c = before[read(t)]
        # dh_t = what the output above reads, and what step t+1 read
        dh = incoming(d_states[:, t], dh, t == T - 1)
        given = {"dh": dh, "dc": dc, "h": h, "c": c, "W": W, "U": U, "b": b, "m_h": m_h}
        d_input, dh, dc, _, dU_t, da = step(x=x[:, t] * m_x, sums=lambda da: da, **given)
        dc = cell(dc)
        dU_t = to_U(dU_t, da, before[t + 1][0] * m_h)
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


def _new_cell(i: Tensor, f: Tensor, g: Tensor, c: Tensor, new: Tensor) -> tuple[Tensor, ...]:
    return g, new, i


def _new_state(dU: Tensor, da: Tensor, new: Tensor) -> Tensor:
    return da.T @ new


MISCONCEPTIONS = (
    Misconception(
        "state-gradient-not-carried",
        "No gradient goes back through h from one step to the one before: dh of step t is what the output "
        "at t gets *plus* what step t+1 sends back.",
        "Who reads the state of step t? There are two: name both, and look for both gradients in your loop.",
        partial(lstm_backward_over_time, incoming=lambda from_above, from_next, last: from_above),
        _truncated,
    ),
    Misconception(
        "cell-gradient-forgotten",
        "No gradient goes back through c from one step to the one before. The cell is the long memory: the "
        "whole gradient of c', dh's part included, times f is what the step before starts from.",
        "Who reads the cell of step t? Look in your loop for what comes back from the step after it.",
        partial(lstm_backward_over_time, cell=torch.zeros_like),
    ),
    Misconception(
        "last-output-only",
        "You use d_states of the last step only. Every step gives an output, so each adds its own to what "
        "comes back from the next.",
        "Set d_states to zero except at step 1. Should dx be zero everywhere?",
        partial(
            lstm_backward_over_time,
            incoming=lambda from_above, from_next, last: from_above if last else from_next,
        ),
    ),
    Misconception(
        "weights-not-summed",
        "Your gradients of W, U, b hold one step. Every step uses the same weights, so the steps' gradients "
        "add up.",
        "How many steps use W? Look whether each of them leaves its part in your dW.",
        partial(lstm_backward_over_time, add=lambda total, new: new),
    ),
    Misconception(
        "mean-over-batch",
        "You divide the weights' gradients by the number of examples or steps. They are sums: whether the "
        "loss is a mean is in d_states already.",
        "Put the same example into the batch twice. Should dW stay, or double?",
        _divided("rows"),
        _divided("steps"),
        _divided("both"),
    ),
    Misconception(
        "time-reversed",
        "Your dx runs backwards in time: the loop starts at the last step, so reverse the list before you "
        "stack it.",
        "In which order does your list grow, if the loop starts at the last step?",
        partial(lstm_backward_over_time, stack=lambda backwards: torch.stack(backwards, dim=1)),
    ),
    Misconception(
        "time-batch-swapped",
        "Your dx is (T, B, F). It is batch first, as x is: stack the steps along axis 1.",
        "Print the shape of dx and compare it with x.",
        partial(lstm_backward_over_time, stack=lambda backwards: torch.stack(backwards[::-1])),
    ),
    Misconception(
        "masks-forgotten",
        "You forget a mask altogether, already in the forward pass.",
        "Search your forward pass for m_x and m_h.",
        _without("m_x", "m_h"),
        _without("m_x"),
        _without("m_h"),
    ),
    Misconception(
        "mask-forgotten-in-x",
        "The gradient of x lacks the mask m_x: what the gates read is x∘m_x.",
        "Set one value of m_x to 0. Which gradient must be 0 at that place?",
        partial(lstm_backward_over_time, old_input=lambda d, m_x: d),
    ),
    Misconception(
        "mask-forgotten-in-w",
        "The gradient of W lacks the mask m_x. W multiplied x∘m_x, not x: dW = Σ daᵀ(x∘m_x).",
        "What stood beside W in the forward product: x, or something else?",
        partial(lstm_backward_over_time, seen_by_W=lambda x, m_x: x),
    ),
    Misconception(
        "mask-forgotten-in-h",
        "The gradient that goes back through h lacks the mask m_h: what the gates read is h∘m_h.",
        "Set one value of m_h to 0. Which gradient must be 0 at that place?",
        _stepwise(old_state=lambda d, m_h: d),
    ),
    Misconception(
        "mask-forgotten-in-u",
        "The gradient of U lacks the mask m_h. U multiplied h∘m_h, not h: dU = Σ daᵀ(h∘m_h).",
        "What stood beside U in the forward product: h, or something else?",
        _stepwise(seen_by_U=lambda h, m_h: h),
    ),
    Misconception(
        "mask-forgotten-backwards",
        "Your backward pass leaves out masks. Each gradient is masked where its value was: x and h on the "
        "way out, and x and h again in dW and dU.",
        "Count how many times each mask stands in your forward pass and in your backward pass. Each "
        "product has two gradients.",
        _stepwise(old_state=lambda d, m_h: d, seen_by_U=lambda h, m_h: h),
        partial(lstm_backward_over_time, old_input=lambda d, m_x: d, seen_by_W=lambda x, m_x: x),
        partial(
            lstm_backward_over_time,
            old_input=lambda d, m_x: d,
            seen_by_W=lambda x, m_x: x,
            step=partial(lstm_step_backward, old_state=lambda d, m_h: d, seen_by_U=lambda h, m_h: h),
        ),
    ),
    Misconception(
        "mask-twice",
        "A mask is applied twice on the way back. Each mask stands once in the forward product, so once in "
        "each of its gradients; the step backwards of 11.1 has masked the gradient of h already.",
        "Follow the gradient of h from one step to the step before. How many times does it meet m_h?",
        _stepwise(old_state=lambda d, m_h: d * m_h**2),
        _stepwise(old_state=lambda d, m_h: d * m_h**2, seen_by_U=lambda h, m_h: h * m_h**2),
        _stepwise(seen_by_U=lambda h, m_h: h * m_h**2),
        partial(lstm_backward_over_time, old_input=lambda d, m_x: d * m_x**2),
        partial(lstm_backward_over_time, seen_by_W=lambda x, m_x: x * m_x**2),
        partial(
            lstm_backward_over_time,
            old_input=lambda d, m_x: d * m_x**2,
            step=partial(lstm_step_backward, old_state=lambda d, m_h: d * m_h**2),
        ),
    ),
    Misconception(
        "gate-order",
        "You put the gates' gradients back in another order than i, f, g, o.",
        "Write the four letters over the tensors that you put together, in your order.",
        *(_stepwise(write=order) for order in WRONG_ORDERS),
    ),
    AT_PREACTIVATION.shown_by(
        *(partial(lstm_backward_over_time, step=mistake) for mistake in with_slopes(BEFORE, TWICE)),
    ),
    Misconception(
        "output-path-forgotten",
        "You leave out what dh sends into the cell: h' = o∘tanh(c'), so dh∘o∘(1-tanh(c')²) is added to dc.",
        "The state was made from the cell. Which term of the cell's gradient comes from there?",
        _stepwise(into_cell=lambda from_next, from_output: from_next),
    ),
    Misconception(
        "old-cell-gradient",
        "The gradient that goes back through the cell is wrong: it is the whole gradient of c', dh's part "
        "included, times the forget gate.",
        "Which factor stood before the old cell in the forward step? What must it multiply on the way back?",
        _stepwise(old_cell=lambda d_cell, dc, i, f: d_cell),
        _stepwise(old_cell=lambda d_cell, dc, i, f: d_cell * i),
    ),
    Misconception(
        "outputs-swapped",
        "You return the gradients in another order. It is x, W, U, b.",
        "Compare your return line with the docstring.",
        _shuffled_gradients(1, 2, 3, 0),
        _shuffled_gradients(0, 2, 1, 3),
    ),
    Misconception(
        "steps-forwards",
        "You go through the steps from the first to the last. The gradient of a state needs that of the step "
        "after it: begin at the last step.",
        "In which order do your steps run? Which gradient does the first of them need?",
        partial(lstm_backward_over_time, steps=list, stack=lambda its: torch.stack(its, dim=1)),
        partial(lstm_backward_over_time, steps=list),
    ),
    Misconception(
        "states-one-step-late",
        "Where a step backwards needs the old state or the old cell, you take the new one. It reads those "
        "that came in: of the first step, zeros.",
        "What are h and c that the first step reads? Print the first pair that you kept.",
        partial(lstm_backward_over_time, read=lambda t: t + 1),  # the gates are computed again
        _stepwise(factors=_new_cell),
        partial(lstm_backward_over_time, to_U=_new_state),
        partial(
            lstm_backward_over_time, step=partial(lstm_step_backward, factors=_new_cell), to_U=_new_state
        ),
    ),
    Misconception(
        "masked-state-carried",
        "Your forward pass carries the masked h on. The mask is on h as the gates read it; h itself goes on "
        "as it is.",
        "How many names do you have for h in the forward pass? What the gates read and what goes on are "
        "not the same tensor.",
        partial(lstm_backward_over_time, carried=lambda h, m_h: h * m_h),
    ),
    *mask_values(lstm_backward_over_time, "m_x", "m_h"),
)


def over_time_arguments(draw: Draw, B: int, T: int, F: int, H: int) -> dict[str, Any]:
    W, U, b = layer(draw, F, H)
    given = {"d_states": draw.normal(B, T, H), "x": draw.normal(B, T, F), "W": W, "U": U, "b": b}
    return given | {"m_x": draw.mask(B, F), "m_h": draw.mask(B, H)}


PART = exact_part(
    "11.2",
    lstm_backward_over_time,
    points=35,
    hints=(
        "Forward over all steps, keeping every h and c; then the steps in reverse order, each by 11.1.",
        "What does step t get from step t+1, and what from outside? Which gradients add up over the steps?",
        "dh of step t is d_states[:, t] plus the dh that step t+1 gave for its old state; dc is the dc "
        "that step t+1 gave for its old cell. Add up dW, dU, db; mask dx by m_x.",
    ),
    cases=lambda draw: time_cases(draw, over_time_arguments),
    outputs=("gradient of x", "gradient of W", "gradient of U", "gradient of b"),
    misconceptions=MISCONCEPTIONS,
)
