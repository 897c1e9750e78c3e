"""5.2 Gal and Ghahramani 2016: masks on the input and the state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import permutations
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lessons.lesson_05_recurrent_dropout_family._gal_products import (
    always_tied,
    products_reshaped,
    summed,
)
from recdrop_lessons.checks.lstm import (
    GRADIENTS,
    Function,
    Gates,
    State,
    gates,
    lstm_basics,
    step_arguments,
    step_cases,
)
from recdrop_lessons.checks.masks import mask_values
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.recognise import Silent


def gal_step(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    W: Tensor,
    U: Tensor,
    b: Tensor,
    m_x: Tensor,
    m_h: Tensor,
    *,
    gates: Gates = gates,
    squash: Function = torch.tanh,
    per_gate_x: Callable[[Tensor, Tensor], bool] = lambda m_x, m_h: m_x.dim() == 3,
    per_gate_h: Callable[[Tensor, Tensor], bool] = lambda m_x, m_h: m_h.dim() == 3,
    order: tuple[int, ...] = (0, 1, 2, 3),
    before: bool = True,
) -> State:
    """One step of an LSTM with Gal's masks on x and h as they go into the gates.

    Args:
        x: the input, (B, F).
        h: the old state, (B, H).
        c: the old cell, (B, H).
        W: the input's weights, (4H, F), in blocks i, f, g, o.
        U: the old state's weights, (4H, H), in the same blocks.
        b: the bias, (4H,), in the same blocks.
        m_x: the input's mask, scaled: (B, F), or (4, B, F) with one for each gate.
        m_h: the old state's mask, scaled: (B, H), or (4, B, H) with one for each gate.

    Returns:
        The new state and the new cell, a tuple (h', c'), each (B, H).
    """

    def product(v: Tensor, m: Tensor, weights: Tensor, per_gate: bool, before: bool) -> Tensor:
        # each gate sees v under its own mask, or all under one
        masks = [m[k] for k in order] if per_gate else [m] * 4
        blocks = weights.chunk(4)
        if before:
            return torch.cat([(v * its) @ w.T for its, w in zip(masks, blocks, strict=True)], dim=-1)
        return torch.cat([(v @ w.T) * its for its, w in zip(masks, blocks, strict=True)], dim=-1)

    z = product(x, m_x, W, per_gate_x(m_x, m_h), True) + product(h, m_h, U, per_gate_h(m_x, m_h), before) + b
    i, f, g, o = gates(z)
    c = f * c + i * g
    return o * squash(c), c


def gal_cases(draw: Draw) -> Iterator[Case]:
    """All four kinds of masks over the sizes, and each of them on four examples."""
    # The plain cases have one mask of each kind, so an answer that tells them apart by one mask shows it.
    kinds = [(False, True), (True, False), (False, False), (True, True)]
    plain = list(step_cases(draw, step_arguments))
    fours = [case for case in plain if case.arguments["x"].shape[0] == 4]
    pairs = [(case, kinds[k % 4], case.gradients) for k, case in enumerate(plain)]
    pairs += [(fours[0], kind, False) for kind in kinds]
    for case, (x_per_gate, h_per_gate), gradients in pairs:
        B, F = case.arguments["x"].shape
        H = case.arguments["h"].shape[1]
        m_x = draw.mask(4, B, F) if x_per_gate else draw.mask(B, F)
        m_h = draw.mask(4, B, H) if h_per_gate else draw.mask(B, H)
        kind = (
            f"m_x {'one per gate' if x_per_gate else 'tied'}, m_h {'one per gate' if h_per_gate else 'tied'}"
        )
        yield Case(f"{case.label}, {kind}", case.arguments | {"m_x": m_x, "m_h": m_h}, gradients)


def _ones(*names: str) -> Callable[..., State]:
    def step(**given: Any) -> State:
        return gal_step(**given | {name: torch.ones_like(given[name]) for name in names})

    return step


def _reduced(how: Callable[[Tensor], Tensor]) -> Callable[..., State]:
    """Masks per gate made one."""

    def step(m_x: Tensor, m_h: Tensor, **given: Any) -> State:
        return gal_step(
            m_x=how(m_x) if m_x.dim() == 3 else m_x, m_h=how(m_h) if m_h.dim() == 3 else m_h, **given
        )

    return step


def _block(k: int) -> Callable[[Tensor], Tensor]:
    return lambda m: m[k]


def _on_new_state(where: str) -> Callable[..., State]:
    """m_h on what comes out, where it is tied; masks per gate have no meaning there."""

    def step(m_h: Tensor, **given: Any) -> State:
        if m_h.dim() == 3:
            raise Silent
        if where == "old cell":
            return gal_step(m_h=m_h, **given | {"c": given["c"] * m_h})
        if where == "also":
            h, c = gal_step(m_h=m_h, **given)
            return h * m_h, c
        h, c = gal_step(m_h=torch.ones_like(m_h), **given)
        return (h * m_h, c) if where == "h" else (h, c * m_h)

    return step


def _keras_order(order: tuple[int, ...]) -> Callable[..., State]:
    return partial(gal_step, order=order)


MISCONCEPTIONS = (
    Misconception(
        "mask-after-product",
        "You multiply by the mask after the product with U. Gal's masks are on x and h themselves, before "
        "the product.",
        "Write the shapes: m_h has H values. What has H columns before the product, and how many columns "
        "are there after it?",
        partial(gal_step, before=False),
    ),
    Misconception(
        "masks-told-by-size",
        "You take a mask for one per gate because its first axis has size 4. A batch of four examples has "
        "that too: count the dimensions.",
        "What is the shape of a tied mask when the batch has four examples? Which property of the tensor "
        "still tells the two kinds apart?",
        partial(
            gal_step,
            per_gate_x=lambda m_x, m_h: m_x.shape[0] == 4,
            per_gate_h=lambda m_x, m_h: m_h.shape[0] == 4,
        ),
    ),
    Misconception(
        "one-kind-of-mask",
        "You take a mask to be of one kind in every call, tied or one per gate. Count its dimensions: (B, ·) "
        "is tied, (4, B, ·) is one per gate.",
        "Which kinds of mask do the two shapes in the docstring stand for? Does your code ask which it has?",
        *(
            its
            for told in (lambda m_x, m_h: False, lambda m_x, m_h: True)
            for its in (
                partial(gal_step, per_gate_x=told, per_gate_h=told),
                partial(gal_step, per_gate_x=told),
                partial(gal_step, per_gate_h=told),
            )
        ),
        always_tied,
    ),
    Misconception(
        "masks-not-independent",
        "You let one mask decide of which kind the other is. Each is tied or one per gate by itself.",
        "Call your step with a tied m_x and an m_h per gate. Which line decides how m_h is used?",
        *(
            partial(gal_step, per_gate_x=told, per_gate_h=told)
            for told in (
                lambda m_x, m_h: m_x.dim() == 3,
                lambda m_x, m_h: m_h.dim() == 3,
                lambda m_x, m_h: m_x.dim() == 3 and m_h.dim() == 3,
                lambda m_x, m_h: m_x.dim() == 3 or m_h.dim() == 3,
            )
        ),
        partial(gal_step, per_gate_x=lambda m_x, m_h: m_x.dim() == 3 and m_h.dim() == 3),
        partial(gal_step, per_gate_h=lambda m_x, m_h: m_x.dim() == 3 and m_h.dim() == 3),
    ),
    Misconception(
        "one-mask-for-all-gates",
        "You use one mask for all gates where there is one per gate: m[0] is for i, m[1] for f, m[2] for "
        "g, m[3] for o.",
        "The mask has a first axis of 4. Which of its four slices do you use for the forget gate?",
        *(_reduced(_block(k)) for k in range(4)),
        _reduced(lambda m: m.mean(0)),
        _reduced(lambda m: m.prod(0)),
    ),
    Misconception(
        "mask-gate-order",
        "You give the gates each other's masks. They lie in the order of the blocks: i, f, g, o.",
        "Write beside each block of W and U the index of the mask that you use with it.",
        *(_keras_order(order) for order in permutations(range(4)) if order != (0, 1, 2, 3)),
    ),
    Misconception(
        "state-mask-forgotten",
        "Your state goes unmasked into the gates: m_h multiplies h before the product with U.",
        "Search your step for m_h. What does it multiply, and is the product used?",
        _ones("m_h"),
    ),
    Misconception(
        "input-mask-forgotten",
        "Your input goes unmasked into the gates: m_x multiplies x before the product with W.",
        "Search your step for m_x. What does it multiply, and is the product used?",
        _ones("m_x"),
    ),
    Misconception(
        "masks-forgotten",
        "Your step uses neither mask: m_x belongs on x and m_h on h, each before its product.",
        "Search your step for the two masks. On which line is each of them read?",
        _ones("m_x", "m_h"),
    ),
    Misconception(
        "masked-state-carried",
        "Your new state comes out masked. m_h is on the old h on its way into the gates; h' itself is not "
        "dropped, or the mask would act again and again.",
        "Does your h' hold zeros where the mask does? Which h is the mask for, the old or the new one?",
        _on_new_state("h"),
        _on_new_state("also"),
    ),
    Misconception(
        "mask-on-cell",
        "You mask the cell. That is Moon's method; Gal masks x and h on their way into the gates.",
        "Search the line where c is made. Is any mask named there? The gates have been read by then.",
        _on_new_state("c"),
        _on_new_state("old cell"),
    ),
    *lstm_basics(gal_step),
    Misconception(
        "masks-summed",
        "You add up the products of all four masks with the whole matrix. Gate k reads its own block of rows "
        "under its own mask.",
        "Gate i has H rows of U of its own. How many columns does your product with one mask have: H or 4H?",
        summed,
    ),
    Misconception(
        "products-reshaped",
        "You reshape the products of the gates, (4, B, H), to (B, 4H). A reshape keeps the order in memory "
        "and mixes gates and examples; `transpose(0, 1)` exchanges the axes.",
        "Number the values of a (4, 2, 1) tensor from 0 to 7 and reshape it to (2, 4). Which values belong "
        "to example 0 then?",
        products_reshaped,
    ),
    Misconception(
        "mask-reshaped",
        "You reshape a mask (4, B, ·) to (B, 4, ·). A reshape keeps the order in memory and mixes gates and "
        "examples; `transpose(0, 1)` exchanges the axes.",
        "Number the values of a (4, 2, 1) tensor from 0 to 7 and reshape it to (2, 4, 1). Which values "
        "belong to example 0 then?",
        _reduced(lambda m: m.reshape(m.shape[1], 4, -1).transpose(0, 1)),
    ),
    *mask_values(gal_step, "m_x", "m_h"),
)

PART = exact_part(
    "5.2",
    gal_step,
    points=20,
    hints=(
        "With tied masks it is the step of exercise 3.1. What is different with a mask for each gate?",
        "Each gate sees its own x and its own h: which rows of W and U are that gate's? And how do you "
        "tell the two kinds of mask apart, if B may be 4?",
        "Cut W, U and b into four blocks. Gate k's sum is a_k = (x∘m_x[k])·W_kᵀ + (h∘m_h[k])·U_kᵀ + b_k; a "
        "tied mask stands there without [k]. Tell the kinds apart by `mask.dim()`, each mask by itself.",
    ),
    cases=gal_cases,
    outputs=("h'", "c'"),
    gradients=GRADIENTS,
    misconceptions=MISCONCEPTIONS,
)
