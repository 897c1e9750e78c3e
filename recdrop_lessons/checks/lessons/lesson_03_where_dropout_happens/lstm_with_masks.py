"""3.1 Keras's `dropout` and `recurrent_dropout`.

Longer than other parts: two masks can each be put in many places.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lstm import Function, Gates, gates, late, layer, lstm_basics, time_cases
from recdrop_lessons.checks.masks import mask_values
from recdrop_lessons.checks.misconceptions import Misconception


def lstm_with_masks(
    x: Tensor,
    W: Tensor,
    U: Tensor,
    b: Tensor,
    m_x: Tensor,
    m_h: Tensor,
    *,
    gates: Gates = gates,
    squash: Function = torch.tanh,
    carries_mask: bool = False,
    out: str = "what is carried",
    on: Callable[..., tuple[Tensor, Tensor]] | None = None,
    cell: Function = lambda c: c,
    exchanged: bool = False,
) -> Tensor:
    """An LSTM over a sequence, from zero state and cell, with one mask on the input and one on the state.

    Args:
        x: the sequence, (B, T, F).
        W: the input's weights, (4H, F), in blocks i, f, g, o.
        U: the old state's weights, (4H, H), in the same blocks.
        b: the bias, (4H,), in the same blocks.
        m_x: the input's mask, (B, F), scaled, the same at each step.
        m_h: the mask of the state on its way into the gates, (B, H), scaled, the same at each step.

    Returns:
        The states of all steps, (B, T, H).
    """
    h = c = x.new_zeros(x.shape[0], U.shape[1])
    states = []
    for x_t in x.unbind(1):
        # z = (x∘m_x)Wᵀ + (h∘m_h)Uᵀ + b
        if on is None:
            from_x, from_h = (x_t * m_x) @ W.T, (h * m_h) @ U.T
        else:
            from_x, from_h = on(x_t, h, W, U, m_x, m_h)
        i, f, g, o = gates(from_x + from_h + b)
        c = cell(f * c + i * g)
        new = o * squash(c)
        new, c = (c, new) if exchanged else (new, c)
        h = new * m_h if carries_mask else new
        states.append(h if out == "what is carried" else new)
    return torch.stack(states, dim=1)


def masked_arguments(draw: Draw, B: int, T: int, F: int, H: int) -> dict[str, Any]:
    W, U, b = layer(draw, F, H)
    return {"x": draw.normal(B, T, F), "W": W, "U": U, "b": b, "m_x": draw.mask(B, F), "m_h": draw.mask(B, H)}


def _four(mask: Tensor) -> Tensor:
    return mask.repeat(1, 4)  # (B, 4H): one copy a gate


def _batch_of_steps(x: Tensor, W: Tensor, U: Tensor, b: Tensor, m_x: Tensor, m_h: Tensor) -> Tensor:
    """The loop runs over the batch, as if x were (T, B, F)."""
    states = lstm_with_masks(x.transpose(0, 1), W, U, b, m_x, m_h)
    return states.transpose(0, 1)


def _plain(**masks: int) -> Callable[..., Tensor]:
    """One of the masks, or both, taken as ones."""

    def mistake(**given: Any) -> Tensor:
        return lstm_with_masks(**given | {name: torch.ones_like(given[name]) for name in masks})

    return mistake


def _after(x: bool, h: bool) -> Callable[..., Tensor]:
    """The mask of h multiplies the products, not what goes into them."""

    def on(x_t: Tensor, h_t: Tensor, W: Tensor, U: Tensor, m_x: Tensor, m_h: Tensor) -> tuple[Tensor, Tensor]:
        from_x = (x_t @ W.T) * _four(m_h) if x else (x_t * m_x) @ W.T
        return from_x, (h_t @ U.T) * _four(m_h) if h else (h_t * m_h) @ U.T

    return partial(lstm_with_masks, on=on)


def _swapped(x_t: Tensor, h: Tensor, W: Tensor, U: Tensor, m_x: Tensor, m_h: Tensor) -> tuple[Tensor, Tensor]:
    return (x_t * m_h) @ W.T, (h * m_x) @ U.T


def _on_output(**given: Any) -> Tensor:
    states = lstm_with_masks(**given | {"m_h": torch.ones_like(given["m_h"])})
    return states * given["m_h"][:, None]


def _on_cell(**given: Any) -> Tensor:
    plain = given | {"m_h": torch.ones_like(given["m_h"])}
    return lstm_with_masks(**plain, cell=lambda c: c * given["m_h"])


def _on_old_cell(x: Tensor, W: Tensor, U: Tensor, b: Tensor, m_x: Tensor, m_h: Tensor) -> Tensor:
    return _over_steps(lambda t, h: h, lambda t, c: c * m_h, x * m_x[:, None], W, U, b)


def _state_and_cell(read: bool) -> Callable[..., Tensor]:
    """m_h on h as the gates read it and on the cell too: as the step reads it, or as it is kept."""

    def mistake(x: Tensor, W: Tensor, U: Tensor, b: Tensor, m_x: Tensor, m_h: Tensor) -> Tensor:
        if not read:
            return lstm_with_masks(x, W, U, b, m_x, m_h, cell=lambda c: c * m_h)
        return _over_steps(lambda t, h: h * m_h, lambda t, c: c * m_h, x * m_x[:, None], W, U, b)

    return mistake


def _over_steps(
    read: Callable[[int, Tensor], Tensor],
    kept: Callable[[int, Tensor], Tensor],
    x: Tensor,
    W: Tensor,
    U: Tensor,
    b: Tensor,
) -> Tensor:
    """An LSTM whose gates read another state, and that keeps another cell."""
    h = c = x.new_zeros(x.shape[0], U.shape[1])
    states = []
    for t, x_t in enumerate(x.unbind(1)):
        i, f, g, o = gates(x_t @ W.T + read(t, h) @ U.T + b)
        c = f * kept(t, c) + i * g
        h = o * c.tanh()
        states.append(h)
    return torch.stack(states, dim=1)


def _listed_before(masked: bool) -> Callable[..., Tensor]:
    """Each step lists the state that it reads, as it is or masked, not the one that it makes."""

    def mistake(**given: Any) -> Tensor:
        before = late(lstm_with_masks(**given))
        return before * given["m_h"][:, None] if masked else before

    return mistake


def _at_first_step(which: str) -> Callable[..., Tensor]:
    """One of the masks acts at the first step alone that it could act at."""

    def mistake(x: Tensor, W: Tensor, U: Tensor, b: Tensor, m_x: Tensor, m_h: Tensor) -> Tensor:
        first = torch.ones_like(x)
        first[:, 0] = m_x
        seen = x * (first if which != "h" else m_x[:, None])
        return _over_steps(
            lambda t, h: h * m_h if which == "x" or t == 1 else h, lambda t, c: c, seen, W, U, b
        )

    return mistake


def _on_candidate(**given: Any) -> Tensor:
    def masked(z: Tensor) -> Sequence[Tensor]:
        i, f, g, o = gates(z)
        return i, f, g * given["m_h"], o

    return lstm_with_masks(**given | {"m_h": torch.ones_like(given["m_h"])}, gates=masked)


MISCONCEPTIONS = (
    Misconception(
        "masked-state-carried",
        "You carry the masked h on as the state. Then the mask reaches the output, or meets one state twice. "
        "Only what goes into the product with U is masked; the state itself stays as it is.",
        "How many names do you have for h? What the gates read and what is returned are not the same tensor.",
        partial(lstm_with_masks, carries_mask=True),
        partial(lstm_with_masks, carries_mask=True, out="unmasked"),
        partial(
            lstm_with_masks, carries_mask=True, on=lambda x, h, W, U, m_x, m_h: ((x * m_x) @ W.T, h @ U.T)
        ),
    ),
    Misconception(
        "mask-after-product",
        "You multiply by the mask after the matrix product. The mask belongs on the input and the state "
        "themselves, before the product: (x∘m_x)Wᵀ and (h∘m_h)Uᵀ.",
        "Write the shapes: m_x has as many values as x has features. Can it fit a tensor of 4H columns "
        "without being stretched?",
        _after(x=False, h=True),
        _after(x=True, h=True),
        _after(x=True, h=False),
    ),
    Misconception(
        "mask-on-output",
        "You mask the output. That is what a layer after the LSTM does; m_h belongs to the state on its way "
        "into the next step.",
        "Take the mask away from the last step's result. Does what leaves your function still hold zeros? "
        "It should hold none.",
        _on_output,
    ),
    Misconception(
        "mask-on-cell",
        "You mask the cell c. m_h belongs to the state h on its way into the gates. (A mask on the whole new "
        "cell is Moon's method.)",
        "Search the line where c is made. Is any mask named there?",
        _on_cell,
        _on_old_cell,
    ),
    Misconception(
        "state-and-cell-masked",
        "You mask the cell too. `recurrent_dropout` masks h alone, on its way into the gates.",
        "Two arrows go on to the next step, h and c. Which of them does m_h belong to?",
        _state_and_cell(read=True),
        _state_and_cell(read=False),
    ),
    Misconception(
        "mask-on-candidate",
        "You mask the candidate g. That is Semeniuta's method; here m_h belongs to the state h on its way "
        "into the gates.",
        "Search the line where the candidate is made. Is any mask named there?",
        _on_candidate,
    ),
    Misconception(
        "masks-swapped",
        "You put m_x on the state and m_h on the input. m_x is (B, F) and belongs to x; m_h is (B, H) and "
        "belongs to h.",
        "Compare the sizes: which mask has F values, which has H?",
        partial(lstm_with_masks, on=_swapped),
    ),
    Misconception(
        "state-mask-forgotten",
        "Your state goes unmasked into the next step: that is Keras's `dropout` alone. `recurrent_dropout` "
        "puts m_h on h before the product with U.",
        "Search your loop for m_h. What does it multiply, and is the product used?",
        _plain(m_h=1),
    ),
    Misconception(
        "input-mask-forgotten",
        "Your input goes unmasked: that is Keras's `recurrent_dropout` alone. `dropout` puts m_x on x at "
        "each step.",
        "Search your loop for m_x. What does it multiply, and is the product used?",
        _plain(m_x=1),
    ),
    Misconception(
        "masks-forgotten",
        "Your LSTM uses neither mask: m_x belongs on x and m_h on h, each before its product.",
        "Search your loop for the two masks. On which line is each of them read?",
        _plain(m_x=1, m_h=1),
    ),
    Misconception(
        "time-batch-swapped",
        "You exchange the time axis and the batch axis. x is (B, T, F): step t is x[:, t], and the states "
        "are stacked along axis 1.",
        "Write the shape beside x[0] and beside x[:, 0]. Which of the two is one step of all examples?",
        lambda **given: lstm_with_masks(**given).transpose(0, 1),
        _batch_of_steps,
        lambda **given: _batch_of_steps(**given).transpose(0, 1),
    ),
    Misconception(
        "last-step-only",
        "You return the last state alone. All T of them are asked for, (B, T, H).",
        "What do you do with each step's state before the loop goes on? Where are they collected?",
        lambda **given: lstm_with_masks(**given)[:, -1],
        lambda **given: lstm_with_masks(**given)[:, -1:],
    ),
    *lstm_basics(lstm_with_masks, exchanged=[partial(lstm_with_masks, exchanged=True)]),
    Misconception(
        "state-before-step",
        "You store the state that a step reads. What leaves step t is the new h of step t, unmasked.",
        "In which order do you append and update inside the loop?",
        _listed_before(masked=True),
        _listed_before(masked=False),
    ),
    Misconception(
        "mask-at-first-step",
        "You use a mask at one step alone. One mask serves every step of the sequence.",
        "Which mask does the third step of your loop use?",
        _at_first_step("x"),
        _at_first_step("h"),
        _at_first_step("both"),
    ),
    *mask_values(lstm_with_masks, "m_x", "m_h"),
)

PART = exact_part(
    "3.1",
    lstm_with_masks,
    points=35,
    hints=(
        "Follow one mask along the unrolled picture: at which arrow does it stand, and how often is it "
        "drawn?",
        "Loop over x[:, t]. What do the two masks multiply, and is it before or after the product with "
        "the weights?",
        "Hand x_t and h to the step each multiplied by its mask, at every step with the same mask. Keep h "
        "itself unmasked: it is the output, and the next step masks it afresh. Stack the states along "
        "axis 1.",
    ),
    cases=lambda draw: time_cases(draw, masked_arguments),
    outputs=("states",),
    gradients=("x", "W", "U", "b"),
    misconceptions=MISCONCEPTIONS,
)
