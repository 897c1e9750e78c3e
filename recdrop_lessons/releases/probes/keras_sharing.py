"""Which elements share one draw in Keras's recurrent layers, and when masks are drawn."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .asking import Probes
from .keras_reading import (
    CANDIDATE,
    GATED,
    KINDS,
    B,
    N,
    P,
    T,
    array,
    keras,
    masks,
    noise_x,
    over_gates,
    over_time,
    passed,
    random_layer,
    same,
    tensor,
)

PROBES = Probes()


# --- which elements share one draw -------------------------------------------------------------------------

ARGUMENTS: dict[str, dict[str, Any]] = {
    "dropout=p": {"dropout": P},
    "dropout=p, recurrent_dropout=p": {"dropout": P, "recurrent_dropout": P},
    "dropout=p, implementation=1": {"dropout": P, "implementation": 1},
    "dropout=p, implementation=1, use_cudnn=False": {"dropout": P, "implementation": 1, "use_cudnn": False},
    "dropout=p, use_cudnn=False": {"dropout": P, "use_cudnn": False},
    "recurrent_dropout=p": {"recurrent_dropout": P},
    "recurrent_dropout=p, implementation=2": {"recurrent_dropout": P, "implementation": 2},
}
ON_X = tuple(name for name in ARGUMENTS if name.startswith("dropout"))
ON_H = tuple(name for name in ARGUMENTS if "recurrent_dropout" in name)


@PROBES.ask(
    "{kind}_x_gates({arguments})",
    "With `{kind}({arguments})`, do the gates share one mask on x?",
    "`{kind}({arguments})`: on x {observed}.",
    kind=GATED,
    arguments=ON_X,
)
def x_gates(kind: str, arguments: str) -> str:
    return over_gates(kind, "x", **ARGUMENTS[arguments])


@PROBES.ask(
    "{kind}_h_gates({arguments})",
    "With `{kind}({arguments})`, do the gates share one mask on h?",
    "`{kind}({arguments})`: on h {observed}.",
    kind=GATED,
    arguments=ON_H,
)
def h_gates(kind: str, arguments: str) -> str:
    return over_gates(kind, "h", **ARGUMENTS[arguments])


@PROBES.ask(
    "{kind}_x_time({arguments})",
    "With `{kind}({arguments})`, does the mask on x stay for the whole sequence?",
    "`{kind}({arguments})`: on x {observed}.",
    kind=KINDS,
    arguments=ON_X[:2],
)
def x_time(kind: str, arguments: str) -> str:
    return over_time(kind, "x", **ARGUMENTS[arguments])


@PROBES.ask(
    "{kind}_h_time",
    "With `{kind}(recurrent_dropout=p)`, does the mask on h stay for the whole sequence?",
    "`{kind}(recurrent_dropout=p)`: on h {observed}.",
    kind=KINDS,
)
def h_time(kind: str) -> str:
    return over_time(kind, "h", recurrent_dropout=P)


@PROBES.ask(
    "{kind}_examples",
    "Does each example of the batch get masks of its own from the {kind}?",
    "The {kind} draws {observed}.",
    kind=KINDS,
)
def examples(kind: str) -> str:
    reads = [masks(kind, site, [CANDIDATE[kind]], dropout=P, recurrent_dropout=P) for site in ("x", "h")]
    shared = [bool((read == read[:1]).all()) for read in reads]
    return {0: "a mask for each example", 2: "one mask for the batch"}.get(sum(shared), "mixed")


@PROBES.ask(
    "one_feature",
    "With one feature, what does `LSTM(dropout=.2)` blank?",
    "With one feature `LSTM(dropout=.2)` blanks {observed}.",
)
def one_feature() -> str:
    factors = (0, 1, 1 / 0.8)
    read = masks("LSTM", "x", [2], batch=4000, steps=3, n=1, factors=factors, dropout=0.2)[:, :, 0, 0, 0]
    blank = (read == 0).mean(0)
    if not (abs(blank - 0.2) < 5 * math.sqrt(0.2 * 0.8 / len(read))).all():
        return f"{blank[0]:.0%} of the examples"
    return "whole sequences, 20 % of them" if (read == read[:, :1]).all() else "single steps, 20 % of them"


# --- when masks are drawn ----------------------------------------------------------------------------------


@PROBES.ask(
    "{kind}_redraw",
    "Does the {kind} draw new masks at each call?",
    "The {kind}, called twice in training mode, uses {observed}.",
    kind=KINDS,
)
def redraw(kind: str) -> str:
    layer, x = random_layer(kind, dropout=P, recurrent_dropout=P), noise_x()
    return "the same masks" if same(*(passed(layer, x, training=True) for _ in range(2))) else "new masks"


@PROBES.ask(
    "{kind}_stateful_redraw",
    "The stateful {kind} gets one sequence in two chunks. Does it keep its masks for the second?",
    "The stateful {kind} uses {observed} in the next chunk of a sequence.",
    kind=KINDS,
)
def stateful_redraw(kind: str) -> str:
    layer = getattr(keras.layers, kind)(5, stateful=True, return_sequences=True, dropout=P)
    x = tensor(np.ones((B, T, 4), "float32"))
    layer(x)  # makes the weights and the states
    layer.set_weights([0 * w if w.shape[0] == 5 else w for w in random_layer(kind).get_weights()])
    first = [array(layer(x, training=True)) for _ in range(2) if layer.reset_states() is None]
    layer.reset_states()
    plain = [array(layer(x, training=False)) for _ in range(2)]
    if same(first[0], plain[0]):
        return "no mask"
    return "the same masks" if same(*first) else "new masks"


@PROBES.ask(
    "evaluation_values",
    "On a CPU, do `dropout` and `recurrent_dropout` together change the values in evaluation mode?",
    "In evaluation mode on a CPU, `dropout` and `recurrent_dropout` together change {observed}.",
)
def evaluation_values_of_both() -> str:
    return evaluation_values("dropout", "recurrent_dropout")


@PROBES.ask(
    "evaluation_values({argument}=p)",
    "On a CPU, does `{argument}` by itself change the values in evaluation mode?",
    "In evaluation mode on a CPU, `{argument}` by itself changes {observed}.",
    argument=("dropout", "recurrent_dropout"),
)
def evaluation_values_of_one(argument: str) -> str:
    return evaluation_values(argument)


def evaluation_values(*arguments: str) -> str:
    x = noise_x()
    given: dict[str, Any] = dict.fromkeys(arguments, P)
    alike = [
        same(
            passed(random_layer(kind, **given), x, training=False),
            passed(random_layer(kind), x, training=False),
        )
        for kind in KINDS
    ]
    return "nothing" if all(alike) else "the values"


@PROBES.ask(
    "{kind}_evaluation_seed",
    "Does a call in evaluation mode change the masks that the next training call of the {kind} draws?",
    "The {kind}'s call in evaluation mode {observed}.",
    kind=KINDS,
)
def evaluation_seed(kind: str) -> str:
    own: dict[str, Any] = {"seed": 7} if hasattr(keras, "ops") else {}  # Keras 2 has the global one alone

    def training_pass(evaluate_first: bool) -> np.ndarray:
        keras.utils.set_random_seed(3)
        layer = random_layer(kind, dropout=P, **own)
        if evaluate_first:
            passed(layer, noise_x(), training=False)
        return passed(layer, noise_x(), training=True)

    if not same(training_pass(False), training_pass(False)):
        return "cannot be judged: equal seeds give unequal masks"
    moved = not same(training_pass(False), training_pass(True))
    return "advances the seed" if moved else "leaves the seed as it is"


@PROBES.ask(
    "bare_cell",
    "Does a bare `LSTMCell` draw a new mask at each call?",
    "A bare `LSTMCell` uses {observed} at its next call.",
)
def bare_cell() -> str:
    cell = keras.layers.LSTMCell(N, dropout=P)
    x, state = tensor(np.ones((B, 4), "float32")), [tensor(np.zeros((B, N), "float32"))] * 2
    first, second = (array(cell(x, state, training=True)[0]) for _ in range(2))
    return "the same mask" if same(first, second) else "a new mask"
