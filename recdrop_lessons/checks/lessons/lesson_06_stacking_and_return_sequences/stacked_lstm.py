"""6.3 A stacked LSTM.

Longer than other parts: what goes up, what is carried and what is returned can each be mistaken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
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
    Layer,
    late,
    layer,
    lstm_basics,
    lstm_over_time,
    lstm_step,
)
from recdrop_lessons.checks.misconceptions import Misconception


def stacked_lstm(
    x: Tensor,
    layers: Sequence[Layer],
    return_sequences: bool,
    *,
    between: Callable[[Tensor, bool], Tensor] = lambda states, return_sequences: states,
    out: Callable[[Tensor, bool], Tensor] = lambda states, return_sequences: (
        states if return_sequences else states[:, -1]
    ),
    **options: Any,
) -> Tensor:
    """A stack of LSTMs over a sequence, each from zero state and cell.

    Args:
        x: the sequence, (B, T, F).
        layers: from the bottom to the top, a list of (W, U, b): W (4H, width below), U (4H, H), b (4H,),
            in blocks i, f, g, o. H may differ from layer to layer.
        return_sequences: a bool; True for all steps of the top layer, False for the last one.

    Returns:
        The states of the top layer, (B, T, H), or the last of them, (B, H).
    """
    states = x
    for k, each in enumerate(layers):
        # each layer reads all steps of the one below
        states = lstm_over_time(between(states, return_sequences) if k else states, *each, **options)
    return out(states, return_sequences)


def stack_arguments(draw: Draw, B: int, T: int, F: int, widths: Sequence[int]) -> dict[str, Any]:
    below = (F, *widths[:-1])
    return {
        "x": draw.normal(B, T, F),
        "layers": [layer(draw, f, h) for f, h in zip(below, widths, strict=True)],
    }


def stack_cases(draw: Draw) -> Iterator[Case]:
    """Two layers with and without return_sequences, twice; then one and three layers, and the edges."""
    T = draw.integer(2, 3)
    B, F, H1, H2, H3 = (size for size in draw.sizes(6) if size != T)
    wide = draw.integer(9, 13)
    kind = draw.choice((True, False))
    trials: list[tuple[int, int, int, tuple[int, ...], bool, bool]] = [
        (B, T, F, (H1, H2), kind, True),
        (B, T, F, (H1, H2), kind, False),
        (B, T, F, (H1, H2), not kind, True),
    ]
    edges: tuple[tuple[int, int, int, tuple[int, ...]], ...] = (
        (B, T, F, (H1,)),
        (B, T, F, (H1, H2, H3)),
        (B, T, F, (wide, H1)),
        (2, draw.integer(9, 11), F, (H1, H2)),
        (1, T, F, (H1, H2)),
        (B, 1, F, (H1, H2)),
        (4, T, 1, (1, H2)),
        (1, 1, 1, (1, 1)),
        (3, 3, F, (F, F, F)),
        (3, 3, 3, (3, 3)),
    )
    for k, (b, t, f, widths) in enumerate(edges):
        edge = k < 2 or 1 in (b, t, f)  # the others differ in sizes alone
        trials += [(b, t, f, widths, flag, edge and flag == (k % 2 == 0)) for flag in (True, False)]
    for b, t, f, widths, flag, gradients in trials:
        label = f"B={b}, T={t}, F={f}, H={', '.join(map(str, widths))}, return_sequences={flag}"
        arguments = stack_arguments(draw, b, t, f, widths) | {"return_sequences": flag}
        yield Case(label, arguments, gradients)


def _everywhere(arguments: dict[str, Value]) -> tuple[str, ...]:
    return "x", *(f"layers.{k}.{j}" for k in range(len(arguments["layers"])) for j in range(3))


def _out(out: Callable[[Tensor, bool], Tensor]) -> Callable[..., Tensor]:
    return partial(stacked_lstm, out=out)


def _between(between: Callable[[Tensor, bool], Tensor]) -> Callable[..., Tensor]:
    return partial(stacked_lstm, between=between)


def _of_layers(change: Callable[[Sequence[Layer]], Sequence[Layer]]) -> Callable[..., Tensor]:
    return lambda layers, **given: stacked_lstm(layers=change(layers), **given)


def _last_step_up(states: Tensor, return_sequences: bool) -> Tensor:
    """(B, H) goes up: the layer above breaks on it, except for sizes at which it runs by accident."""
    return states if return_sequences else states[:, -1]


def _last_as_sequence(states: Tensor, return_sequences: bool) -> Tensor:
    return states if return_sequences else states[:, -1:]


def _last_repeated(states: Tensor, return_sequences: bool) -> Tensor:
    return states if return_sequences else states[:, -1:].expand_as(states)


def _handed_up(x: Tensor, layers: Sequence[Layer], return_sequences: bool) -> Tensor:
    """Each layer starts from the last state and cell of the one below."""
    h = c = x.new_zeros(x.shape[0], layers[0][1].shape[1])
    for each in layers:
        states = []
        for x_t in x.unbind(1):
            h, c = lstm_step(x_t, h, c, *each)
            states.append(h)
        x = torch.stack(states, dim=1)
    return x if return_sequences else x[:, -1]


def _batch_first(back: bool) -> Callable[..., Tensor]:
    """The loop runs over the batch, as if x were (T, B, F)."""

    def mistake(x: Tensor, layers: Sequence[Layer], return_sequences: bool) -> Tensor:
        states = stacked_lstm(x.transpose(0, 1), layers, True)
        states = states.transpose(0, 1) if back else states
        return states if return_sequences else states[:, -1]

    return mistake


def _with_cells(above: bool) -> Callable[..., Tensor]:
    """The cells leave the top layer; `above`: every layer."""

    def mistake(x: Tensor, layers: Sequence[Layer], return_sequences: bool) -> Tensor:
        for k, each in enumerate(layers):
            h = c = x.new_zeros(x.shape[0], each[1].shape[1])
            outputs = []
            for x_t in x.unbind(1):
                h, c = lstm_step(x_t, h, c, *each)
                outputs.append(c if above or k == len(layers) - 1 else h)
            x = torch.stack(outputs, dim=1)
        return x if return_sequences else x[:, -1]

    return mistake


def _last_cell(x: Tensor, layers: Sequence[Layer], return_sequences: bool) -> Tensor:
    """All states, but of the last step the cell."""
    return (stacked_lstm if return_sequences else _with_cells(above=False))(x, layers, return_sequences)


MISCONCEPTIONS = (
    Misconception(
        "return-sequences-wrong-layer",
        "Between the layers you hand up the last step where all are needed. return_sequences says what "
        "leaves the *top* layer; between the layers all steps go up, always.",
        "How many steps must the second layer get to read? Does that depend on what the caller wants?",
        _between(_last_step_up),
        _between(_last_as_sequence),
        _between(_last_repeated),
        _between(lambda states, flag: states[:, -1:]),
        _between(lambda states, flag: states[:, -1:].expand_as(states)),
    ),
    Misconception(
        "return-sequences-inverted",
        "You have return_sequences the wrong way round. True gives all steps, (B, T, H); False the last one.",
        "With return_sequences=True, how many axes should the result have?",
        _out(lambda states, flag: states[:, -1] if flag else states),
    ),
    Misconception(
        "return-sequences-ignored",
        "You do not look at return_sequences: without it the last step alone is returned, with it all of "
        "them.",
        "Search your function for return_sequences. What depends on it?",
        _out(lambda states, flag: states),
        _out(lambda states, flag: states[:, -1]),
    ),
    Misconception(
        "time-axis-kept",
        "Without return_sequences you keep a time axis of one step. Return (B, H).",
        "Print the shape of your result. Which axis of size 1 is too much?",
        _out(lambda states, flag: states if flag else states[:, -1:]),
    ),
    Misconception(
        "first-step",
        "You return the first step. The last one has read the whole sequence.",
        "Which state of a sequence has read all of it?",
        _out(lambda states, flag: states if flag else states[:, 0]),
    ),
    STATE_HANDED_UP.shown_by(_handed_up),
    Misconception(
        "layers-reversed",
        "You go through the layers from the top down. The first of the list reads x.",
        "Which layer of the list has a W that fits the features of x?",
        _of_layers(lambda layers: layers[::-1]),
    ),
    Misconception(
        "layers-left-out",
        "You do not run all layers. Each of them reads what the one below gives.",
        "Count how many times your loop over the layers runs, and what each run reads.",
        _of_layers(lambda layers: layers[:1]),
        _of_layers(lambda layers: layers[:-1] or layers),
        _of_layers(lambda layers: layers[:2]),
        _of_layers(lambda layers: layers[-1:]),
        _of_layers(lambda layers: layers[1:] or layers),
    ),
    Misconception(
        "one-layers-weights",
        "You use one layer's weights for all. Each layer has its own.",
        "Is the layer's W named inside your loop, or outside of it?",
        _of_layers(lambda layers: [layers[0]] * len(layers)),
        _of_layers(lambda layers: [layers[-1]] * len(layers)),
    ),
    Misconception(
        "layers-side-by-side",
        "You join the outputs of all layers. Only the top layer's leave the stack.",
        "Compare the width of your result with H of the top layer.",
        lambda x, layers, return_sequences: torch.cat(
            [stacked_lstm(x, layers[: k + 1], return_sequences) for k in range(len(layers))], dim=-1
        ),
    ),
    Misconception(
        "time-batch-swapped",
        "You exchange the time axis and the batch axis. x is (B, T, F): step t is x[:, t], and the states "
        "are stacked along axis 1.",
        "Write the shape beside x[0] and beside x[:, 0]. Which of the two is one step of all examples?",
        _batch_first(True),
        _batch_first(False),
        lambda **given: (
            stacked_lstm(**given).transpose(0, 1) if given["return_sequences"] else stacked_lstm(**given)
        ),
        _out(lambda states, flag: states if flag else states[-1]),
        _out(lambda states, flag: states.transpose(0, 1) if flag else states.transpose(0, 1)[:, -1]),
    ),
    Misconception(
        "cell-returned",
        "You return or hand up the cells. What leaves an LSTM layer are its states h.",
        "An LSTM has two states. Which one of them may others see?",
        _with_cells(above=False),
        _with_cells(above=True),
        _last_cell,
    ),
    STATE_BEFORE_STEP.shown_by(
        _out(lambda states, flag: late(states) if flag else late(states)[:, -1]),
        _between(lambda states, flag: late(states)),
        partial(
            stacked_lstm,
            between=lambda states, flag: late(states),
            out=lambda states, flag: late(states) if flag else late(states)[:, -1],
        ),
    ),
    Misconception(
        "time-reversed",
        "You read the sequence from its last step to the first.",
        "Print the index of the steps as your loop takes them.",
        lambda x, layers, return_sequences: stacked_lstm(x.flip(1), layers, return_sequences),
        lambda x, layers, return_sequences: stacked_lstm(
            x.flip(1), layers, return_sequences, between=lambda states, flag: states.flip(1)
        ),
        lambda x, layers, return_sequences: stacked_lstm(x.flip(1), layers, True).flip(1)[
            :, slice(None) if return_sequences else -1
        ],
    ),
    Misconception(
        "upper-bias-forgotten",
        "You leave out the bias above the first layer. Every layer has its own W, U and b.",
        "Set the biases of the upper layer to a large number. Does your result change?",
        _of_layers(lambda layers: [layers[0], *((W, U, 0 * b) for W, U, b in layers[1:])]),
    ),
    *lstm_basics(stacked_lstm, exchanged=[partial(stacked_lstm, exchanged=True)]),
)

PART = exact_part(
    "6.3",
    stacked_lstm,
    points=30,
    hints=(
        "What does each layer read, and where does it start from?",
        "Write a loop over time that keeps the states of all steps, then put it in a loop over the layers. "
        "Where does return_sequences come in?",
        "Each layer starts at zero and reads all steps of the one below. Only at the very end, return all "
        "states of the top layer or the last of them.",
    ),
    cases=stack_cases,
    outputs=("the states",),
    gradients=_everywhere,
    misconceptions=MISCONCEPTIONS,
)
