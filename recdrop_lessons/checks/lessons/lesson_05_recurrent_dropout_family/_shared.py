"""What several parts of lesson 05 share."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.lstm import Function, Gates, State, gates, step_arguments
from recdrop_lessons.checks.misconceptions import Misconception

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
        "You mask the whole new cell. That is Moon's method; Semeniuta's mask is on the candidate g "
        "alone, so that it never touches what the cell already holds.",
        "Does your mask reach what the cell already held? Should it?",
    ),
    "candidate": (
        "mask-on-candidate",
        "You mask the candidate g. That is Semeniuta's method; Moon's mask is on the whole new cell, on "
        "what it holds as well as on what is added.",
        "Does your mask reach what the cell already held? Should it?",
    ),
    "candidate before tanh": (
        "mask-before-activation",
        "You mask the candidate before its tanh. The mask multiplies g itself, after the tanh; before it "
        "the tanh would change the scale.",
        "Take a candidate whose sum is 1 and a mask of 2. Which do you get: 2·tanh(1) or tanh(2)?",
    ),
    "old cell": (
        "mask-on-old-cell",
        "You mask the old cell (or the forget gate) alone, so the new candidate is always added.",
        "Set the mask to 0. What is still written into your new cell? Should it be?",
    ),
    "read only": (
        "mask-not-kept",
        "Your output reads the masked cell, but the cell that you return is not masked. The mask belongs "
        "to the cell itself.",
        "The cell has two readers: the output and the next step. Which of them gets the masked one in yours?",
    ),
    "stored only": (
        "output-reads-undropped",
        "You return a masked cell, but your output reads the cell before the mask.",
        "The cell has two readers: the output and the next step. Which of them gets the masked one in yours?",
    ),
    "hidden": (
        "mask-on-hidden",
        "You mask the new state h'. The mask belongs inside the cell, not on what comes out.",
        "On which line do you use the mask: where the cell is made, or after it?",
    ),
    "recurrent": (
        "mask-on-recurrence",
        "You mask the old state h on its way into the gates. That is Gal's method and Keras's "
        "`recurrent_dropout`.",
        "Call your step with h at zero. Does the mask still change anything? It should.",
    ),
    "after the product": (
        "mask-after-product",
        "You mask the product with U. No mask of this method is on a product with weights.",
        "Search the line with U. Is a mask named there? Which value of the step does the heading of this "
        "part name?",
    ),
    "cell and hidden": (
        "mask-twice",
        "You use the mask at two places, inside the cell and on the new state h'. This method has one.",
        "Count how many times the mask stands in your lines on the way to c' and h'.",
    ),
    "candidate and hidden": (
        "mask-twice",
        "You use the mask at two places, inside the cell and on the new state h'. This method has one.",
        "Count how many times the mask stands in your lines on the way to c' and h'.",
    ),
    "after tanh": (
        "mask-after-tanh",
        "You mask tanh(c'), after the tanh. The mask belongs to the cell itself: the tanh then reads what "
        "is left.",
        "The output reads tanh of something. Of the masked value, or is the mask outside of the tanh?",
    ),
    "all gates": (
        "mask-on-gates",
        "You mask the sums of all four gates before their activations. A gate whose sum is 0 is half "
        "open: σ(0) is 0.5.",
        "Set the mask to 0. What is each of your four gates then? Are they closed?",
    ),
    "zoneout": (
        "zoneout-for-dropout",
        "Where the mask is 0 you keep the old cell. That is zoneout; here a dropped value is 0.",
        "Set the mask to 0. What should the masked value become, and what does yours become?",
    ),
    "complement": (
        "mask-complement",
        "You multiply the old cell by 1-m. The mask chooses nothing between old and new: it is on one "
        "term alone.",
        "Set the mask to 1 everywhere. The step should then be the plain one. Is it?",
    ),
    "none": (
        "mask-forgotten",
        "Your step does not use the mask at all: it is the plain LSTM step.",
        "Search your step for the mask. What does it multiply, and is the product used?",
    ),
}


def misplaced(step: Callable[..., State], right: str) -> tuple[Misconception, ...]:
    """Every other place of the mask, and the mistakes of any LSTM."""
    return tuple(
        Misconception(slug, sentence, hint, *(partial(step, at=at) for at in PLACES if PLACES[at][0] == slug))
        for slug, sentence, hint in {place[0]: place for at, place in PLACES.items() if at != right}.values()
    )


def mask_arguments(name: str) -> Callable[[Draw, int, int, int], dict[str, Any]]:
    return lambda draw, B, F, H: step_arguments(draw, B, F, H) | {name: draw.mask(B, H)}
