"""What several parts of lesson 05 share."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.lstm import Function, Gates, State, gates, step_arguments
from recdrop_lessons.checks.parts import Misconception

_HIDDEN = ("hidden", "cell and hidden", "candidate and hidden", "after tanh")


def step_with_mask(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    W: Tensor,
    U: Tensor,
    b: Tensor,
    m: Tensor,
    *,
    at: str,
    gates: Gates = gates,
    squash: Function = torch.tanh,
) -> State:
    """One step with a mask (B, H) at one of the places where one could put it."""
    old = h * m if at == "recurrent" else h
    z = x @ W.T + old @ U.T + b
    if at == "after the product":
        z = x @ W.T + (h @ U.T) * m.repeat(1, 4) + b
    if at == "candidate before tanh":
        H = h.shape[1]
        z = torch.cat([z[:, : 2 * H], z[:, 2 * H : 3 * H] * m, z[:, 3 * H :]], dim=1)
    if at == "all gates":
        z = z * m.repeat(1, 4)
    i, f, g, o = gates(z)
    kept = {"old cell": f * c * m, "complement": f * c * (1 - m)}.get(at, f * c)
    added = i * g * m if at in ("candidate", "candidate and hidden", "complement") else i * g
    new = kept + added
    if at == "zoneout":
        new = torch.where(m == 0, c, new * m)
    # what is stored, and what the output reads
    c = new * m if at in ("cell", "stored only", "cell and hidden", "after tanh") else new
    read = new * m if at in ("cell", "read only", "cell and hidden") else new
    y = o * squash(read)
    return (y * m if at in _HIDDEN else y), c


PLACES = {
    "cell": (
        "mask-on-cell",
        "You mask the whole new cell. That is Moon's method; Semeniuta's mask is on the candidate g alone, "
        "so that it never touches what the cell already holds.",
    ),
    "candidate": (
        "mask-on-candidate",
        "You mask the candidate g. That is Semeniuta's method; Moon's mask is on the whole new cell, on "
        "what it holds as well as on what is added.",
    ),
    "candidate before tanh": (
        "mask-before-activation",
        "You mask the candidate before its tanh. The mask multiplies g itself, after the tanh; before it the "
        "tanh would change the scale.",
    ),
    "old cell": (
        "mask-on-old-cell",
        "You mask the old cell (or the forget gate) alone, so the new candidate is always added.",
    ),
    "read only": (
        "mask-not-kept",
        "Your output reads the masked cell, but the cell that you return is not masked. The mask belongs "
        "to the cell itself.",
    ),
    "stored only": (
        "output-reads-undropped",
        "You return a masked cell, but your output reads the cell before the mask.",
    ),
    "hidden": (
        "mask-on-hidden",
        "You mask the new state h'. The mask belongs inside the cell, not on what comes out.",
    ),
    "recurrent": (
        "mask-on-recurrence",
        "You mask the old state h on its way into the gates. That is Gal's method and Keras's "
        "`recurrent_dropout`.",
    ),
    "after the product": (
        "mask-after-product",
        "You mask the product with U. No mask of this method is on a product with weights.",
    ),
    "cell and hidden": (
        "mask-twice",
        "You use the mask at two places, inside the cell and on the new state h'. This method has one.",
    ),
    "candidate and hidden": (
        "mask-twice",
        "You use the mask at two places, inside the cell and on the new state h'. This method has one.",
    ),
    "after tanh": (
        "mask-after-tanh",
        "You mask tanh(c'), after the tanh. The mask belongs to the cell itself: the tanh then reads what is "
        "left.",
    ),
    "all gates": (
        "mask-on-gates",
        "You mask the sums of all four gates before their activations. A gate whose sum is 0 is half open: "
        "σ(0) is 0.5.",
    ),
    "zoneout": (
        "zoneout-for-dropout",
        "Where the mask is 0 you keep the old cell. That is zoneout; here a dropped value is 0.",
    ),
    "complement": (
        "mask-complement",
        "You multiply the old cell by 1-m. The mask chooses nothing between old and new: it is on one term "
        "alone.",
    ),
    "none": ("mask-forgotten", "Your step does not use the mask at all: it is the plain LSTM step."),
}


def misplaced(step: Callable[..., State], right: str) -> tuple[Misconception, ...]:
    """Every other place of the mask, and the mistakes of any LSTM."""
    return tuple(
        Misconception(slug, sentence, *(partial(step, at=at) for at in PLACES if PLACES[at][0] == slug))
        for slug, sentence in dict(place for at, place in PLACES.items() if at != right).items()
    )


def mask_arguments(name: str) -> Callable[[Draw, int, int, int], dict[str, Any]]:
    return lambda draw, B, F, H: step_arguments(draw, B, F, H) | {name: draw.mask(B, H)}
