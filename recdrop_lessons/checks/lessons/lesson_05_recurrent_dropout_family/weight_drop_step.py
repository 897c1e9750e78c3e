"""5.5 Merity et al. 2018, AWD-LSTM: a mask on the recurrent weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lstm import (
    GRADIENTS,
    Function,
    Gates,
    State,
    gates,
    lstm_basics,
    lstm_step,
    step_arguments,
    step_cases,
)
from recdrop_lessons.checks.masks import mask_values
from recdrop_lessons.checks.misconceptions import Misconception


def weight_drop_step(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    W: Tensor,
    U: Tensor,
    b: Tensor,
    m_U: Tensor,
    *,
    gates: Gates = gates,
    squash: Function = torch.tanh,
    mask: Callable[[Tensor], Tensor] = lambda m: m,
) -> State:
    """One step of an LSTM with dropped recurrent weights.

    Args:
        x: the input, (B, F).
        h: the old state, (B, H).
        c: the old cell, (B, H).
        W: the input's weights, (4H, F), in blocks i, f, g, o.
        U: the old state's weights, (4H, H), in the same blocks.
        b: the bias, (4H,), in the same blocks.
        m_U: the mask of the recurrent weights, (4H, H), scaled.

    Returns:
        The new state and the new cell, a tuple (h', c'), each (B, H).
    """
    # z = xWᵀ + h(U∘m)ᵀ + b
    return lstm_step(x, h, c, W, U * mask(m_U), b, gates=gates, squash=squash)


def _only(*blocks: int) -> Callable[[Tensor], Tensor]:
    """The mask on some blocks alone."""

    def mask(m: Tensor) -> Tensor:
        parts = m.chunk(4)
        return torch.cat([part if k in blocks else torch.ones_like(part) for k, part in enumerate(parts)])

    return mask


def _repeated(k: int) -> Callable[[Tensor], Tensor]:
    """One block of the mask for all four gates."""
    return lambda m: m.chunk(4)[k].repeat(4, 1)


def _input_weights(
    x: Tensor, h: Tensor, c: Tensor, W: Tensor, U: Tensor, b: Tensor, m_U: Tensor, both: bool
) -> State:
    return lstm_step(x, h, c, W * m_U, U * m_U if both else U, b)


def _blockwise_transposed(m: Tensor) -> Tensor:
    return m.unflatten(0, (4, -1)).transpose(1, 2).flatten(0, 1)


MISCONCEPTIONS = (
    Misconception(
        "mask-on-input-weights",
        "You mask the input's weights W. Weight drop is on the recurrent weights U (W_hh in PyTorch) alone.",
        "Compare the shape of m_U with those of W and U.",
        partial(_input_weights, both=False),
        partial(_input_weights, both=True),
    ),
    Misconception(
        "mask-forgotten",
        "Your step does not use the mask at all: U is to be multiplied by m_U before the product.",
        "Search your step for m_U. Is what it multiplies used in the product?",
        partial(weight_drop_step, mask=torch.ones_like),
    ),
    Misconception(
        "mask-on-some-gates",
        "You mask the weights of some gates only. m_U covers all four blocks of U.",
        "How many rows has the mask, and how many of them do you use?",
        *(
            partial(weight_drop_step, mask=_only(*(k for k in range(4) if some[k])))
            for some in product((False, True), repeat=4)
            if any(some) and not all(some)
        ),
    ),
    Misconception(
        "one-mask-for-all-gates",
        "You use one block of the mask for all four gates. Each weight has its own: m_U is (4H, H) as U is.",
        "How many rows has the mask, and how many of them do you use?",
        *(partial(weight_drop_step, mask=_repeated(k)) for k in range(4)),
    ),
    Misconception(
        "weight-mask-transposed",
        "You mask the weights the other way round. m_U lies as U does, outputs first: multiply before you "
        "transpose.",
        "Number the rows of U: what is a row, a unit that reads or a unit that is read? Then look on which "
        "side of `.T` you multiply.",
        partial(weight_drop_step, mask=_blockwise_transposed),
    ),
    Misconception(
        "units-not-weights",
        "You drop whole units of h, one value for a column of the mask. Weight drop drops single weights: "
        "U∘m_U.",
        "How many different values does your mask have in one column? Each weight should have its own.",
        partial(weight_drop_step, mask=lambda m: m[:1].expand_as(m)),
        partial(weight_drop_step, mask=lambda m: m.mean(0, keepdim=True).expand_as(m)),
    ),
    Misconception(
        "rows-not-weights",
        "You drop whole rows of U, one value for a row of the mask. Weight drop drops single weights: U∘m_U.",
        "How many different values does your mask have in one row? Each weight should have its own.",
        partial(weight_drop_step, mask=lambda m: m[:, :1].expand_as(m)),
        partial(weight_drop_step, mask=lambda m: m.mean(1, keepdim=True).expand_as(m)),
    ),
    *lstm_basics(weight_drop_step),
    Misconception(
        "mask-on-bias",
        "You drop biases too. Weight drop is on the recurrent weights alone.",
        "Does the mask have a place for the bias? Look at its shape.",
        *(
            lambda m_U, b, k=k, **given: weight_drop_step(
                m_U=m_U, b=b * (m_U[:, k] if k < 2 else m_U.mean(1)), **given
            )
            for k in (0, -1, 2)
        ),
    ),
    *(its for its in mask_values(weight_drop_step, "m_U") if its.slug != "mask-of-first-example"),
)


def _weight_arguments(draw: Draw, B: int, F: int, H: int) -> dict[str, Any]:
    return step_arguments(draw, B, F, H) | {"m_U": draw.mask(4 * H, H)}


PART = exact_part(
    "5.5",
    weight_drop_step,
    points=10,
    hints=(
        "What is dropped here: values of a state, or weights?",
        "It is the plain step with other weights. Which weights carry the old state?",
        "Multiply U by its mask, element by element, before it is transposed, and take the plain step "
        "with the product.",
    ),
    cases=lambda draw: step_cases(draw, _weight_arguments),
    outputs=("h'", "c'"),
    gradients=GRADIENTS,
    misconceptions=MISCONCEPTIONS,
)
