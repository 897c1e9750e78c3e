"""Keras's cells beside dropout: activations, order of the gates, regularisers, shapes."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from .asking import Probes
from .keras_reading import (
    GATED,
    B,
    T,
    array,
    built,
    keras,
    noise_x,
    passed,
    random_layer,
    same,
    tensor,
)

PROBES = Probes()


# --- activations, matrices, regularisers -------------------------------------------------------------------


@PROBES.ask(
    "{kind}_activation_places",
    "In how many places of the {kind} does `activation` act?",
    "The {kind}'s `activation` acts in {observed}.",
    kind=GATED,
)
def activation_places(kind: str) -> str:
    return _calls(kind, "activation", "tanh")


@PROBES.ask(
    "{kind}_recurrent_activation_places",
    "In how many places of the {kind} does `recurrent_activation` act?",
    "The {kind}'s `recurrent_activation` acts in {observed}.",
    kind=GATED,
)
def recurrent_activation_places(kind: str) -> str:
    return _calls(kind, "recurrent_activation", "sigmoid")


def _calls(kind: str, argument: str, name: str) -> str:
    """A function of ours in the place of the activation counts over how many numbers it is called, a unit."""
    units, seen = 5, []
    real = getattr(keras.activations, name)

    def counted(a: Any) -> Any:
        seen.append(int(a.shape[-1]) // units)
        return real(a)

    cell = getattr(keras.layers, f"{kind}Cell")(units, **{argument: counted})
    state = [tensor(np.zeros((B, units), "float32"))] * (2 if kind == "LSTM" else 1)
    x = tensor(np.ones((B, 4), "float32"))
    cell(x, state)
    seen.clear()
    cell(x, state)
    return f"{sum(seen)} place{'s' * (sum(seen) != 1)}"


@PROBES.ask(
    "SimpleRNN_recurrent_activation",
    "Does the SimpleRNN have a `recurrent_activation`?",
    "The SimpleRNN {observed} for `recurrent_activation`.",
)
def simplernn_recurrent_activation() -> str:
    keras.layers.SimpleRNN(5, recurrent_activation="sigmoid")
    return "has an argument"


@PROBES.ask(
    "LSTM_gate_order",
    "In which order are the LSTM's gates stacked?",
    "The LSTM's gates are stacked as {observed}.",
)
def lstm_gate_order() -> str:
    layer, units = random_layer("LSTM", return_state=True), 5
    x, h, c = noise_x(1), np.full((B, units), 0.3, "float32"), np.full((B, units), 0.7, "float32")
    result = layer(tensor(x), initial_state=[tensor(h), tensor(c)])
    h_new, c_new = array(result[1]), array(result[2])
    kernel, recurrent, bias = layer.get_weights()
    blocks = np.split(x[:, 0] @ kernel + h @ recurrent + bias, 4, axis=-1)
    for order in itertools.permutations("ifco"):
        a = dict(zip(order, blocks, strict=True))
        c_ours = sigmoid(a["f"]) * c + sigmoid(a["i"]) * np.tanh(a["c"])
        if same(c_ours, c_new) and same(sigmoid(a["o"]) * np.tanh(c_ours), h_new):
            return ", ".join(order)
    return "something else"


@PROBES.ask(
    "GRU_gate_order",
    "In which order are the GRU's gates stacked, and what does z multiply?",
    "The GRU's gates are stacked as {observed}.",
)
def gru_gate_order() -> str:
    layer, units = random_layer("GRU"), 5
    x, h = noise_x(1), np.full((B, units), 0.3, "float32")
    h_new = passed(layer, x, training=False, state=[h])[:, 0]
    kernel, recurrent, bias = layer.get_weights()
    of_x = np.split(x[:, 0] @ kernel + bias[0], 3, axis=-1)
    of_h = np.split(h @ recurrent + bias[1], 3, axis=-1)
    for order in itertools.permutations("zrh"):
        a, b = dict(zip(order, of_x, strict=True)), dict(zip(order, of_h, strict=True))
        z, r = sigmoid(a["z"] + b["z"]), sigmoid(a["r"] + b["r"])
        candidate = np.tanh(a["h"] + r * b["h"])  # reset after the product
        if same(z * h + (1 - z) * candidate, h_new):
            return f"{', '.join(order)}; z keeps"
        if same((1 - z) * h + z * candidate, h_new):
            return f"{', '.join(order)}; z renews"
    return "something else"


def sigmoid(a: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-a))


@PROBES.ask(
    "unit_forget_bias",
    "Which part of a fresh LSTM's bias is 1?",
    "A fresh LSTM's bias is 1 in {observed}.",
)
def unit_forget_bias() -> str:
    ones = [int(block.all()) for block in np.split(built("LSTM", 5, 4).get_weights()[2], 4)]
    return "block 2 alone" if ones == [0, 1, 0, 0] else f"blocks {ones}"


@PROBES.ask(
    "{argument}_sees",
    "Which matrix does an LSTM's `{argument}` get, with F features and U units?",
    "An LSTM's `{argument}` gets {observed}.",
    argument=("kernel_regularizer", "recurrent_regularizer"),
)
def regularizer_sees(argument: str) -> str:
    shapes = []

    class Penalty(keras.regularizers.Regularizer):
        def __call__(self, weight: Any) -> Any:
            shapes.append(tuple(weight.shape))
            return 0.0 * weight[0, 0]

    layer = built("LSTM", 5, 4, **{argument: Penalty()})
    assert layer.losses is not None  # calls the regulariser
    names = {(4, 20): "the whole (F, 4U)", (5, 20): "the whole (U, 4U)"}
    return names.get(shapes[-1], str(shapes[-1])) if shapes else "nothing"


@PROBES.ask(
    "plain_function_as_regularizer",
    "Does an LSTM take a plain function as its `kernel_regularizer`?",
    "An LSTM with a plain function as its `kernel_regularizer` {observed}.",
)
def plain_function_as_regularizer() -> str:
    layer = built("LSTM", 5, 4, kernel_regularizer=lambda weight: 0.0 * weight[0, 0])
    return "takes it" if len(layer.losses) == 1 else "ignores it"


@PROBES.ask(
    "activity_regularizer_calls",
    "On how many tensors does an LSTM with `return_state=True` call its `activity_regularizer`?",
    "An LSTM with `return_state=True` calls its `activity_regularizer` on {observed}.",
)
def activity_regularizer_calls() -> str:
    ranks = []

    def penalty(of: Any) -> Any:
        ranks.append(len(of.shape))
        return 0.0 * (of[0, 0, 0] if len(of.shape) == 3 else of[0, 0])

    layer = random_layer("LSTM", return_state=True, activity_regularizer=penalty)
    ranks.clear()
    layer(tensor(noise_x()))
    names = {(3,): "the output alone", (3, 2, 2): "the output, h and c", (): "nothing"}
    return names.get(tuple(ranks), f"tensors of ranks {ranks}")


# --- shapes ------------------------------------------------------------------------------------------------


@PROBES.ask(
    "stacking_error",
    "What does Keras say where an LSTM without `return_sequences` stands below another?",
    "An LSTM on one without `return_sequences` {observed}.",
)
def stacking_error() -> str:
    try:
        built_stack()
    except Exception as error:
        words = str(error)
        ranks = "expected ndim=3, found ndim=2" in words
        cure = any(word in words for word in ("return_sequences", "RepeatVector"))
        what = "names the ranks" if ranks else "names no ranks"
        return f"raises {type(error).__name__}, {what} and {'a' if cure else 'no'} cure"
    return "raises nothing"


def built_stack() -> Any:
    below, above = keras.layers.LSTM(5), keras.layers.LSTM(5)
    return above(below(tensor(noise_x())))


@PROBES.ask(
    "two_axes",
    "What does an LSTM do with an input of two axes, (B, F)?",
    "An LSTM that gets two axes {observed}.",
)
def two_axes() -> str:
    keras.layers.LSTM(5)(tensor(np.ones((B, 4), "float32")))
    return "takes them without a word"


@PROBES.ask(
    "bidirectional_states",
    "What does a bidirectional LSTM with `return_state=True` return?",
    "A bidirectional LSTM with `return_state=True` returns {observed}.",
)
def bidirectional_states() -> str:
    both = keras.layers.Bidirectional(keras.layers.LSTM(5, return_sequences=True, return_state=True))
    return f"{len(both(tensor(noise_x())))} tensors"


@PROBES.ask(
    "go_backwards",
    "In which order does `go_backwards=True` give the steps?",
    "With `go_backwards=True` the output is {observed}.",
)
def go_backwards() -> str:
    x = noise_x()
    back = passed(random_layer("LSTM", go_backwards=True), x, training=False)
    ahead = passed(random_layer("LSTM"), x[:, ::-1], training=False)
    return "reversed in time" if same(back, ahead) else "in order" if same(back, ahead[:, ::-1]) else "other"


@PROBES.ask(
    "masked_step",
    "What does an LSTM output at a step that is masked out?",
    "At a step that is masked out an LSTM {observed}.",
)
def masked_step() -> str:
    mask = np.ones((B, T), bool)
    mask[:, 3] = False
    y = passed(random_layer("LSTM"), noise_x(), training=False, mask=tensor(mask))
    return "repeats its last output" if same(y[:, 3], y[:, 2]) else "outputs something else"
