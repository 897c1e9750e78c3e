"""Where Keras's recurrent layers mask: x, h, the carried states, or nothing."""

from __future__ import annotations

import numpy as np

from .asking import Probes
from .keras_reading import (
    CANDIDATE,
    KINDS,
    OPEN,
    SCALE,
    SHUT,
    B,
    N,
    P,
    array,
    built,
    masks,
    noise_x,
    passed,
    random_layer,
    same,
    tensor,
    zeroed,
)

PROBES = Probes()


@PROBES.ask(
    "{kind}_dropout_site",
    "What does `{kind}(dropout=p)` multiply by its mask?",
    "`{kind}(dropout=p)` masks {observed}.",
    kind=KINDS,
)
def dropout_site(kind: str) -> str:
    x = noise_x()
    whole, silent = random_layer(kind, dropout=P), zeroed(random_layer(kind, dropout=P), 0)
    if not same(passed(silent, x, training=True), passed(silent, x, training=False)):
        return "more than x before its product"
    if same(passed(whole, x, training=True), passed(whole, x, training=False)):
        return "nothing"
    read = masks(kind, "x", [CANDIDATE[kind]], dropout=P)
    if not (read[:, :, 0] == read[:, :, 1]).all():
        return "something else"
    return "x before its product" + (", twice at the first step" if (read == SCALE**2).any() else "")


@PROBES.ask(
    "{kind}_recurrent_dropout_site",
    "What does `{kind}(recurrent_dropout=p)` multiply by its mask?",
    "`{kind}(recurrent_dropout=p)` masks {observed}.",
    kind=KINDS,
)
def recurrent_dropout_site(kind: str) -> str:
    whole = random_layer(kind, recurrent_dropout=P)
    if same(passed(whole, noise_x(), training=True), passed(whole, noise_x(), training=False)):
        return "nothing"
    read = masks(kind, "h", [CANDIDATE[kind]], recurrent_dropout=P)
    if not (read[:, :, 0] == read[:, :, 1]).all():
        return "something else"
    silent = zeroed(random_layer(kind, recurrent_dropout=P), 1)
    passes = []
    for training in (True, False):
        start = [np.ones((B, 5), "float32") for _ in range(2 if kind == "LSTM" else 1)]
        passes.append(passed(silent, noise_x(), training=training, state=start))
    return "h before its product" + ("" if same(*passes) else ", and h elsewhere")


@PROBES.ask(
    "{kind}_recurrent_dropout_rate",
    "With `{kind}(dropout=.2, recurrent_dropout=.7)`, which rate has the mask on h?",
    "With `{kind}(dropout=.2, recurrent_dropout=.7)` the mask on h has {observed}.",
    kind=KINDS,
)
def recurrent_dropout_rate(kind: str) -> str:
    own, other = 1 / (1 - 0.7), 1 / (1 - 0.2)
    factors = (0, 1, own, other, other**2)
    read = masks(kind, "h", [CANDIDATE[kind]], factors=factors, dropout=0.2, recurrent_dropout=0.7)
    if np.isin(read, [0, own]).all():
        return "its own rate"
    return "no effect" if (read == 1).all() else "the rate of `dropout`"


@PROBES.ask(
    "GRU_update_path",
    "With z = 1 the GRU keeps its state. What does `recurrent_dropout` alone do to the state on this path?",
    "On the update path z * h of a GRU with `recurrent_dropout` alone, the state is {observed}.",
)
def gru_update_path() -> str:
    layer = built("GRU", N, 1, recurrent_dropout=P)
    kernel, recurrent, bias = (0 * w for w in layer.get_weights())
    bias[0, :N] = OPEN  # z = 1
    layer.set_weights([kernel, recurrent, bias])
    h = passed(layer, np.zeros((B, 3, 1), "float32"), training=True, state=[np.ones((B, N), "float32")])
    if same(h, np.ones_like(h)):
        return "kept as it is"
    scaled = all(np.isin(np.round(h[:, t], 3), [0.0, SCALE ** (t + 1)]).all() for t in range(3))
    return "multiplied by the scaled mask at each step" if scaled else "something else"


@PROBES.ask(
    "GRU_long_sequence",
    "A GRU's state lies between -1 and 1. How large does it get in 100 steps with `recurrent_dropout=.5`?",
    "After 100 training steps with `recurrent_dropout=.5` a GRU's largest state is {observed}.",
)
def gru_long_sequence() -> str:
    layer = random_layer("GRU", units=32, recurrent_dropout=P)
    largest = np.abs(passed(layer, noise_x(100), training=True)).max()
    return "at most 1" if largest <= 1 + 1e-5 else "above a million" if largest > 1e6 else "above 1"


@PROBES.ask(
    "LSTM_carried_memory",
    "With f = 1 and i = 0 the LSTM's c is carried on. Do `dropout` and `recurrent_dropout` mask it?",
    "The LSTM's memory c is {observed} by `dropout` and `recurrent_dropout`.",
)
def lstm_carried_memory() -> str:
    layer = random_layer("LSTM", 5, dropout=P, recurrent_dropout=P, return_state=True)
    kernel, recurrent, bias = layer.get_weights()
    bias = np.repeat([SHUT, OPEN, 0.0, 0.0], 5).astype("float32")
    layer.set_weights([0 * kernel, 0 * recurrent, bias])
    c = np.linspace(-2, 2, B * 5, dtype="float32").reshape(B, 5)
    result = layer(tensor(noise_x()), initial_state=[tensor(np.ones_like(c)), tensor(c)], training=True)
    return "not masked" if same(array(result[2]), c) else "masked"


@PROBES.ask(
    "{kind}_without_products",
    "With both matrices zero, does a training pass of the {kind} with both dropouts differ from evaluation?",
    "Where both matrices are zero, `dropout` and `recurrent_dropout` of the {kind} change {observed}.",
    kind=KINDS,
)
def without_products(kind: str) -> str:
    layer = zeroed(zeroed(random_layer(kind, dropout=P, recurrent_dropout=P), 0), 1)
    x = noise_x()
    alike = same(passed(layer, x, training=True), passed(layer, x, training=False))
    return "nothing" if alike else "the output"
