"""Checks of lesson 03: input and recurrent masks, PyTorch's dropout between layers, and the sites."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Value
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import Exact
from recdrop_lessons.checks.lstm import (
    Function,
    Gates,
    Layer,
    gates,
    layer,
    lstm_basics,
    lstm_over_time,
    lstm_step,
    time_cases,
)
from recdrop_lessons.checks.parts import Lesson, Misconception, Part
from recdrop_lessons.checks.tables import Entry, table

# ---------------------------------------------------------------- 3.1 lstm_with_masks


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
) -> Tensor:
    """All states; the keyword arguments put the masks elsewhere."""
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


def _on_candidate(**given: Any) -> Tensor:
    def masked(z: Tensor) -> Sequence[Tensor]:
        i, f, g, o = gates(z)
        return i, f, g * given["m_h"], o

    return lstm_with_masks(**given | {"m_h": torch.ones_like(given["m_h"])}, gates=masked)


MASKS_MISCONCEPTIONS = (
    Misconception(
        "masked-state-carried",
        "You carry the masked h on as the state, so the mask reaches the output and acts again and again. "
        "Only what goes into the product with U is masked; the state itself stays as it is.",
        (
            partial(lstm_with_masks, carries_mask=True),
            partial(lstm_with_masks, carries_mask=True, out="unmasked"),
            partial(
                lstm_with_masks, carries_mask=True, on=lambda x, h, W, U, m_x, m_h: ((x * m_x) @ W.T, h @ U.T)
            ),
        ),
    ),
    Misconception(
        "mask-after-product",
        "You multiply by the mask after the matrix product. The mask belongs on the input and the state "
        "themselves, before the product: (x∘m_x)Wᵀ and (h∘m_h)Uᵀ.",
        (_after(x=False, h=True), _after(x=True, h=True), _after(x=True, h=False)),
    ),
    Misconception(
        "mask-on-output",
        "You mask the output. That is a Dropout layer after the LSTM; m_h belongs to the state on its way "
        "into the next step.",
        (_on_output,),
    ),
    Misconception(
        "mask-on-cell",
        "You mask the cell c. That is Moon's method; here m_h belongs to the state h on its way into the "
        "gates.",
        (_on_cell,),
    ),
    Misconception(
        "mask-on-candidate",
        "You mask the candidate g. That is Semeniuta's method; here m_h belongs to the state h on its way "
        "into the gates.",
        (_on_candidate,),
    ),
    Misconception(
        "masks-swapped",
        "You put m_x on the state and m_h on the input. m_x is (B, F) and belongs to x; m_h is (B, H) and "
        "belongs to h.",
        (partial(lstm_with_masks, on=_swapped),),
    ),
    Misconception(
        "state-mask-forgotten",
        "Your state goes unmasked into the next step: that is Keras's `dropout` alone. `recurrent_dropout` "
        "puts m_h on h before the product with U.",
        (_plain(m_h=1),),
    ),
    Misconception(
        "input-mask-forgotten",
        "Your input goes unmasked: that is Keras's `recurrent_dropout` alone. `dropout` puts m_x on x at "
        "each step.",
        (_plain(m_x=1),),
    ),
    Misconception(
        "masks-forgotten",
        "Your LSTM uses neither mask: m_x belongs on x and m_h on h, each before its product.",
        (_plain(m_x=1, m_h=1),),
    ),
    Misconception(
        "time-batch-swapped",
        "You take the time axis for the batch axis. x is (B, T, F): step t is x[:, t], and the states are "
        "stacked along axis 1.",
        (
            lambda **given: lstm_with_masks(**given).transpose(0, 1),
            _batch_of_steps,
            lambda **given: _batch_of_steps(**given).transpose(0, 1),
        ),
    ),
    Misconception(
        "last-step-only",
        "You return the last state alone. All T of them are asked for, (B, T, H).",
        (
            lambda **given: lstm_with_masks(**given)[:, -1],
            lambda **given: lstm_with_masks(**given)[:, -1:],
        ),
    ),
    *lstm_basics(lstm_with_masks),
)


# ---------------------------------------------------------------- 3.2 two_layers_torch


def two_layers_torch(
    x: Tensor,
    layer1: Layer,
    layer2: Layer,
    m_between: Tensor,
    *,
    between: Function | None = None,
    state1: str = "undropped",
    out: Function = lambda y: y,
    **options: Any,
) -> tuple[Tensor, list[Tensor]]:
    """Output and last states; the keyword arguments put the mask elsewhere."""
    h1 = lstm_over_time(x, *layer1, **options)  # (B, T, H1)
    dropped = h1 * m_between if between is None else between(h1)
    h2 = lstm_over_time(dropped, *layer2, **options)  # (B, T, H2)
    return out(h2), [(h1 if state1 == "undropped" else dropped)[:, -1], h2[:, -1]]


def two_arguments(draw: Draw, B: int, T: int, F: int, H1: int, H2: int) -> dict[str, Any]:
    return {
        "x": draw.normal(B, T, F),
        "layer1": layer(draw, F, H1),
        "layer2": layer(draw, H1, H2),
        "m_between": draw.mask(B, T, H1),
    }


def two_cases(draw: Draw) -> Iterator[Case]:
    """Plain sizes, twice; then many units, one row, step, feature and unit, and equal sizes."""
    T = draw.integer(2, 4)
    B, F, H1, H2, *_ = (size for size in draw.sizes(5) if size != T)
    edges = (
        (B, T, F, H1, H2),
        (B, T, F, draw.integer(9, 13), draw.integer(14, 16)),
        (1, T, F, H1, H2),
        (B, 1, F, H1, H2),
        (4, T, 1, H1, 1),
        (1, 1, 1, 1, 1),
        (B, B, F, H1, H1),
        (3, 3, 3, 3, 3),
    )
    for k, (b, t, f, h1, h2) in enumerate(((B, T, F, H1, H2), *edges)):
        gradients = k == 0 or 1 in (b, t, f)
        label = f"B={b}, T={t}, F={f}, H1={h1}, H2={h2}"
        yield Case(label, two_arguments(draw, b, t, f, h1, h2), gradients)


def _mask_in_recurrence(x: Tensor, layer1: Layer, layer2: Layer, m_between: Tensor) -> Value:
    """The mask on layer 1's state as it goes into its own next step."""
    h = c = x.new_zeros(x.shape[0], layer1[1].shape[1])
    states = []
    for x_t, m_t in zip(x.unbind(1), m_between.unbind(1), strict=True):
        h, c = lstm_step(x_t, h, c, *layer1)
        h = h * m_t
        states.append(h)
    below = torch.stack(states, dim=1)
    h2 = lstm_over_time(below, *layer2)
    return h2, [below[:, -1], h2[:, -1]]


def _with(**options: Any) -> Callable[..., Value]:
    """The answer with options that may be functions of m_between."""

    def mistake(m_between: Tensor, **given: Any) -> Value:
        made: dict[str, Any] = {k: (partial(v, m_between) if callable(v) else v) for k, v in options.items()}
        return two_layers_torch(m_between=m_between, **given, **made)

    return mistake


def _then(change: Callable[[Tensor, list[Tensor]], Value], transposed: bool = False) -> Callable[..., Value]:
    """The right answer, perhaps of x with its first axes exchanged, and a change of what it returns."""

    def mistake(x: Tensor, layer1: Layer, layer2: Layer, m_between: Tensor) -> Value:
        if transposed:
            x, m_between = x.transpose(0, 1), m_between.transpose(0, 1)
        return change(*two_layers_torch(x, layer1, layer2, m_between))

    return mistake


TWO_MISCONCEPTIONS = (
    Misconception(
        "state-dropped",
        "Your last state of layer 1 is dropped. PyTorch drops what goes *up* to layer 2; h_n is the state "
        "itself, undropped.",
        (_with(state1="dropped"),),
    ),
    Misconception(
        "mask-on-recurrence",
        "You mask layer 1's state on its way into its own next step. `torch.nn.LSTM(dropout=)` is not "
        "recurrent dropout: only what goes up to layer 2 is masked.",
        (_mask_in_recurrence,),
    ),
    Misconception(
        "mask-on-output",
        "You mask the output of the last layer. PyTorch drops between the layers only, never after the last.",
        (
            _with(between=lambda m, h: h, out=lambda m, y: y * m),
            _with(out=lambda m, y: y * m),
        ),
    ),
    Misconception(
        "mask-forgotten",
        "Layer 2 sees layer 1's states unmasked: m_between multiplies what goes up, at each step.",
        (_with(between=lambda m, h: h),),
    ),
    Misconception(
        "one-mask-for-all-steps",
        "You use one step's mask for all steps. PyTorch draws a new mask at each step: m_between is (B, T, "
        "H1), and step t has its own.",
        (_with(between=lambda m, h: h * m[:, :1]), _with(between=lambda m, h: h * m[:, -1:])),
    ),
    Misconception(
        "mask-on-input",
        "You mask the input of layer 1. PyTorch's dropout leaves the input alone and acts on what layer 1 "
        "gives to layer 2.",
        (
            lambda x, layer1, layer2, m_between: two_layers_torch(
                x * m_between, layer1, layer2, torch.ones_like(m_between)
            ),
            lambda x, layer1, layer2, m_between: two_layers_torch(x * m_between, layer1, layer2, m_between),
        ),
    ),
    Misconception(
        "states-swapped",
        "You return layer 2's state first. The list goes from the bottom up: layer 1, then layer 2.",
        (_then(lambda y, states: (y, states[::-1])),),
    ),
    Misconception(
        "time-batch-swapped",
        "You take the time axis for the batch axis. x is (B, T, F), and so is the output (B, T, H2).",
        (
            _then(lambda y, states: (y.transpose(0, 1), states)),
            _then(lambda y, states: (y, states), transposed=True),
            _then(lambda y, states: (y.transpose(0, 1), states), transposed=True),
        ),
    ),
    *lstm_basics(two_layers_torch),
)


# ---------------------------------------------------------------- 3.3 site_of

SITES = {
    "keras.LSTM.dropout": "input",
    "keras.LSTM.recurrent_dropout": "recurrent",
    "torch.nn.LSTM.dropout": "between layers",
    "keras.Dropout after LSTM": "output",
    "pyg.GATConv.dropout": "attention",
}


def _site_cases(draw: Draw) -> list[Case]:
    order = torch.randperm(len(SITES), generator=draw.torch).tolist()
    names = list(SITES)
    return [Case(repr(names[k]), {"argument": names[k]}) for k in order]


def _takes(argument: str, *sites: str) -> Callable[[dict[str, Value], Value], bool]:
    return lambda arguments, value: arguments["argument"] == argument and value in sites


SITE_ENTRIES = (
    Entry(
        Misconception(
            "torch-dropout-not-recurrent",
            "`torch.nn.LSTM(dropout=)` is not recurrent dropout, nor does it touch the input or the last "
            "output. It drops what one layer gives to the next.",
        ),
        _takes("torch.nn.LSTM.dropout", "recurrent", "input", "output"),
    ),
    Entry(
        Misconception(
            "keras-dropout-is-input",
            "Keras's `LSTM(dropout=)` masks x on its way into the gates; the output and the state stay as "
            "they are.",
        ),
        _takes("keras.LSTM.dropout", "output", "recurrent", "between layers"),
    ),
    Entry(
        Misconception(
            "recurrent-dropout-is-state",
            "Keras's `recurrent_dropout` masks the state h on its way into the next step: the horizontal "
            "arrow.",
        ),
        _takes("keras.LSTM.recurrent_dropout", "input", "output", "between layers"),
    ),
    Entry(
        Misconception(
            "layer-after-is-output",
            "A Dropout layer after an LSTM sees only what comes out, and masks that. Nothing inside the "
            "LSTM changes.",
        ),
        _takes("keras.Dropout after LSTM", "recurrent", "input", "between layers"),
    ),
    Entry(
        Misconception(
            "gat-dropout-is-attention",
            "`GATConv(dropout=)` drops attention coefficients, after the softmax. To drop the node "
            "features is F.dropout's work, with a rate of its own.",
        ),
        _takes("pyg.GATConv.dropout", "input", "output", "recurrent", "between layers"),
    ),
)

LESSON = Lesson(
    "03_where_dropout_happens",
    parts=(
        Part(
            "3.1",
            "lstm_with_masks",
            45,
            "x, W, U, b, m_x, m_h",
            (
                "Start from your LSTM step and loop over x[:, t]. What do the two masks multiply, and is "
                "it before or after the product with the weights?",
                "Use (x_t∘m_x)Wᵀ + (h∘m_h)Uᵀ + b. Keep h itself unmasked: it is the output, and the next "
                "step masks it afresh. Stack the states along axis 1.",
            ),
            Exact(
                "lstm_with_masks",
                lstm_with_masks,
                lambda draw: time_cases(draw, masked_arguments),
                outputs=("states",),
                gradients=("x", "W", "U", "b"),
                misconceptions=MASKS_MISCONCEPTIONS,
            ),
            MASKS_MISCONCEPTIONS,
        ),
        Part(
            "3.2",
            "two_layers_torch",
            35,
            "x, layer1, layer2, m_between",
            (
                "Run layer 1 over all steps first and keep its states. Which of them does layer 2 see, and "
                "which is h_n?",
                "Layer 2 sees the states of layer 1 times m_between, step by step; h_n of layer 1 is its "
                "last state without the mask.",
            ),
            Exact(
                "two_layers_torch",
                two_layers_torch,
                two_cases,
                outputs=("output", "last states"),
                gradients=("x", "layer1.0", "layer1.1", "layer1.2", "layer2.0", "layer2.1", "layer2.2"),
                misconceptions=TWO_MISCONCEPTIONS,
            ),
            TWO_MISCONCEPTIONS,
        ),
        Part(
            "3.3",
            "site_of",
            20,
            "argument",
            (
                "Find each argument on the unrolled picture of lesson 03: does it cut a vertical arrow, a "
                "horizontal one, or one that leaves the cell?",
                "Two of them are Keras arguments inside the LSTM (one vertical, one horizontal), one acts "
                "between stacked layers, one after everything, and one is not on an LSTM at all.",
            ),
            table("site_of", lambda argument: SITES[argument], _site_cases, SITE_ENTRIES, "the site"),
            tuple(entry.misconception for entry in SITE_ENTRIES),
        ),
    ),
)
