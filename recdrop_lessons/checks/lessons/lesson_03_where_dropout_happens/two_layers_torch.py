"""3.2 PyTorch's `dropout`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Value
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lstm import (
    STATE_BEFORE_STEP,
    STATE_HANDED_UP,
    Function,
    Layer,
    late,
    layer,
    lstm_basics,
    lstm_over_time,
    lstm_step,
)
from recdrop_lessons.checks.misconceptions import Misconception


def two_layers_torch(
    x: Tensor,
    layer1: Layer,
    layer2: Layer,
    m_between: Tensor,
    *,
    between: Function | None = None,
    state1: str = "undropped",
    out: Function = lambda y: y,
    exchanged: tuple[bool, bool] = (False, False),
    **options: Any,
) -> tuple[Tensor, list[Tensor]]:
    """Two LSTM layers with dropout between them, as torch.nn.LSTM(num_layers=2, dropout=p) has it.

    Args:
        x: the sequence, (B, T, F).
        layer1: the lower layer, a tuple (W, U, b) of shapes (4·H1, F), (4·H1, H1), (4·H1,).
        layer2: the upper layer, a tuple (W, U, b) of shapes (4·H2, H1), (4·H2, H2), (4·H2,).
        m_between: the mask between the layers, (B, T, H1), scaled, another one at each step.

    Returns:
        A tuple (output, states): the states of layer 2 at all steps, (B, T, H2), and a list of the last
        state of each layer, [(B, H1), (B, H2)], the first one undropped.
    """
    h1 = lstm_over_time(x, *layer1, exchanged=exchanged[0], **options)  # (B, T, H1)
    dropped = h1 * m_between if between is None else between(h1)
    h2 = lstm_over_time(dropped, *layer2, exchanged=exchanged[1], **options)  # (B, T, H2)
    return out(h2), [(h1 if state1 == "undropped" else dropped)[:, -1], h2[:, -1]]


def two_arguments(draw: Draw, B: int, T: int, F: int, H1: int, H2: int) -> dict[str, Any]:
    return {
        "x": draw.normal(B, T, F),
        "layer1": layer(draw, F, H1),
        "layer2": layer(draw, H1, H2),
        "m_between": draw.mask(B, T, H1),
    }


def two_cases(draw: Draw) -> Iterator[Case]:
    """Plain sizes, twice; then many units, one example, step, feature and unit, and equal sizes."""
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


def _masked_state_carried(x: Tensor, layer1: Layer, layer2: Layer, m_between: Tensor) -> Value:
    """Layer 1's state is masked before it is carried on, sent up and returned."""
    h = c = x.new_zeros(x.shape[0], layer1[1].shape[1])
    states = []
    for x_t, m_t in zip(x.unbind(1), m_between.unbind(1), strict=True):
        h, c = lstm_step(x_t, h, c, *layer1)
        h = h * m_t
        states.append(h)
    below = torch.stack(states, dim=1)
    h2 = lstm_over_time(below, *layer2)
    return h2, [below[:, -1], h2[:, -1]]


def _own_next_step_masked(up: bool, delay: int) -> Callable[..., Value]:
    """Layer 1's gates read a masked h, and `up` layer 2 too; h itself is carried on and returned unmasked.

    `delay`: 1 where a step reads h with the mask of the step that made it, 0 with its own.
    """

    def mistake(x: Tensor, layer1: Layer, layer2: Layer, m_between: Tensor) -> Value:
        h = c = x.new_zeros(x.shape[0], layer1[1].shape[1])
        states = []
        for t, x_t in enumerate(x.unbind(1)):
            h, c = lstm_step(x_t, h * m_between[:, max(t - delay, 0)], c, *layer1)
            states.append(h)
        below = torch.stack(states, dim=1)
        h2 = lstm_over_time(below * m_between if up else below, *layer2)
        return h2, [h, h2[:, -1]]

    return mistake


def _listed_before(lower: bool, upper: bool, returned: tuple[bool, bool]) -> Callable[..., Value]:
    """One layer or both list the state before the step.

    `returned`: whether a layer's last state is that of its list; else the one that its last step made.
    """

    def mistake(x: Tensor, layer1: Layer, layer2: Layer, m_between: Tensor) -> Value:
        h1 = lstm_over_time(x, *layer1)
        below = late(h1) if lower else h1
        h2 = lstm_over_time(below * m_between, *layer2)
        y = late(h2) if upper else h2
        return y, [(below if returned[0] else h1)[:, -1], (y if returned[1] else h2)[:, -1]]

    return mistake


def _handed_up(x: Tensor, layer1: Layer, layer2: Layer, m_between: Tensor) -> Value:
    """Layer 2 starts from the last state and cell of layer 1."""
    h = c = x.new_zeros(x.shape[0], layer1[1].shape[1])
    last = []
    for each, mask in ((layer1, m_between), (layer2, None)):
        states = []
        for x_t in x.unbind(1):
            h, c = lstm_step(x_t, h, c, *each)
            states.append(h)
        last.append(h)
        x = torch.stack(states, dim=1)
        x = x if mask is None else x * mask
    return x, last


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


MISCONCEPTIONS = (
    Misconception(
        "state-dropped",
        "Your last state of layer 1 is dropped. PyTorch drops what goes *up* to layer 2; h_n is the state "
        "itself, undropped.",
        "There are two readers of layer 1's last state: the layer above and the caller. Which of them sees "
        "the mask?",
        _with(state1="dropped"),
    ),
    Misconception(
        "mask-on-recurrence",
        "You carry the masked state on: layer 1's own next step and the caller both see the mask. With "
        "`torch.nn.LSTM(dropout=)` layer 2 alone sees it.",
        "m_between has a value for each step and unit. Which arrow of the picture, up or to the right, "
        'does "between the layers" mean?',
        _masked_state_carried,
    ),
    Misconception(
        "own-next-step-masked",
        "You mask layer 1's state on its way into its own next step. `torch.nn.LSTM(dropout=)` is not "
        "recurrent dropout: only what goes up to layer 2 is masked.",
        "Who reads layer 1's state in your loop? For each reader, should it see the mask?",
        *(_own_next_step_masked(up, delay) for up in (True, False) for delay in (0, 1)),
    ),
    Misconception(
        "mask-on-output",
        "You mask the output of the last layer. PyTorch drops between the layers only, never after the last.",
        'PyTorch\'s documentation says that it drops the outputs of each layer "except the last layer". '
        "Which layer is that here?",
        _with(between=lambda m, h: h, out=lambda m, y: y * m),
        _with(out=lambda m, y: y * m),
    ),
    Misconception(
        "mask-forgotten",
        "Layer 2 sees layer 1's states unmasked: m_between multiplies what goes up, at each step.",
        "Search your function for m_between. Is its product with the states what the second loop reads?",
        _with(between=lambda m, h: h),
    ),
    Misconception(
        "one-mask-for-all-steps",
        "You use one step's mask for all steps. PyTorch draws a new mask at each step: m_between is (B, T, "
        "H1), and step t has its own.",
        "Does your mask in the loop have an index for the step?",
        _with(between=lambda m, h: h * m[:, :1]),
        _with(between=lambda m, h: h * m[:, -1:]),
    ),
    Misconception(
        "mask-on-input",
        "You mask the input of layer 1. PyTorch's dropout leaves the input alone and acts on what layer 1 "
        "gives to layer 2.",
        "What does layer 1 read in your function? It should be x as it came.",
        lambda x, layer1, layer2, m_between: two_layers_torch(
            x * m_between, layer1, layer2, torch.ones_like(m_between)
        ),
        lambda x, layer1, layer2, m_between: two_layers_torch(x * m_between, layer1, layer2, m_between),
    ),
    Misconception(
        "states-swapped",
        "You return layer 2's state first. The list goes from the bottom up: layer 1, then layer 2.",
        "Compare the order of your list with the docstring.",
        _then(lambda y, states: (y, states[::-1])),
    ),
    Misconception(
        "time-batch-swapped",
        "You exchange the time axis and the batch axis. x is (B, T, F), and so is the output (B, T, H2).",
        "Write the shape beside x[0] and beside x[:, 0]. Which of the two is one step of all examples?",
        _then(lambda y, states: (y.transpose(0, 1), states)),
        _then(lambda y, states: (y, states), transposed=True),
        _then(lambda y, states: (y.transpose(0, 1), states), transposed=True),
    ),
    STATE_BEFORE_STEP.shown_by(
        *(
            _listed_before(lower, upper, (first, second))
            for lower, upper in ((True, False), (False, True), (True, True))
            for first, second in product((False, True), repeat=2)
        )
    ),
    STATE_HANDED_UP.shown_by(_handed_up),
    *lstm_basics(
        two_layers_torch,
        exchanged=[
            partial(two_layers_torch, exchanged=layers)
            for layers in ((True, True), (True, False), (False, True))
        ],
    ),
    Misconception(
        "last-step-undropped",
        "You leave the mask off at one step. Layer 2 reads every step of layer 1 through its mask; only what "
        "you return as h_n of layer 1 is undropped.",
        "Count the steps at which the mask is used. Is it T?",
        _with(between=lambda m, h: torch.cat([h[:, :-1] * m[:, :-1], h[:, -1:]], dim=1)),
        _with(between=lambda m, h: torch.cat([h[:, :1], h[:, 1:] * m[:, 1:]], dim=1)),
    ),
    Misconception(
        "scale-lost",
        "You use the mask as a yes or no. It is scaled already, 0 or 1/(1-p): multiply by it as it is.",
        "Print one row of the mask. Which values does it hold, and what do you do with the larger one?",
        _with(between=lambda m, h: h * (m > 0)),
    ),
)

PART = exact_part(
    "3.2",
    two_layers_torch,
    points=25,
    hints=(
        'Where is "between the layers" on the picture of a stack: on the arrows that go up, or on those '
        "that go on in time?",
        "Run layer 1 over all steps first and keep its states. Which of them does layer 2 see, and which "
        "is h_n?",
        "Layer 2 sees the states of layer 1 times m_between, step by step; h_n of layer 1 is its last "
        "state without the mask.",
    ),
    cases=two_cases,
    outputs=("output", "last states"),
    shown_from={"mask-on-recurrence": {"T": 2}},  # it takes a next step to see what is carried on
    gradients=("x", "layer1.0", "layer1.1", "layer1.2", "layer2.0", "layer2.1", "layer2.2"),
    misconceptions=MISCONCEPTIONS,
)
