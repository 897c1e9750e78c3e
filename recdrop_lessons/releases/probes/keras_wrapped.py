"""Whether a mask stays for the sequence: with other arguments, in RNN(cell), in stacked and wrapped cells."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from .asking import Probes, Unexplained
from .keras_reading import GATED, SCALE, B, N, P, T, keras, over_time, passed, same, tensor

PROBES = Probes()

#: What keeps Keras 2's layers from the fused kernel, or is without one.
PATHS: dict[str, dict[str, Any]] = {
    'dropout=p, activation="relu"': {"activation": "relu"},
    "dropout=p, unroll=True": {"unroll": True},
    "dropout=p, reset_after=False": {"reset_after": False},
}


@PROBES.ask(
    "{kind}_x_time({arguments})",
    "With `{kind}({arguments})`, does the mask on x stay for the whole sequence?",
    "`{kind}({arguments})`: on x {observed}.",
    kind=("LSTM",),
    arguments=tuple(PATHS)[:2],
)
@PROBES.ask(
    "{kind}_x_time({arguments})",
    "With `{kind}({arguments})`, does the mask on x stay for the whole sequence?",
    "`{kind}({arguments})`: on x {observed}.",
    kind=("GRU",),
    arguments=tuple(PATHS),
)
def x_time(kind: str, arguments: str) -> str:
    return over_time(kind, "x", dropout=P, **PATHS[arguments])


@PROBES.ask(
    "{kind}_x_time(RNN({kind}Cell(dropout=p)))",
    "With `RNN({kind}Cell(dropout=p))`, does the mask on x stay for the whole sequence?",
    "`RNN({kind}Cell(dropout=p))`: on x {observed}.",
    kind=GATED,
)
def x_time_of_cell(kind: str) -> str:
    return over_time(kind, "x", dropout=P, in_rnn=True)


# --- stacked and wrapped cells -----------------------------------------------------------------------------


def see_through_cell(**arguments: Any) -> Any:
    """A cell that hands on its input, times its mask if it has one: W = 1, U = 0, no bias, a = linear."""

    def identity(*_: Any, **__: Any) -> Any:  # the initializer of this name is missing in Keras 3.0
        return tensor(np.eye(N, dtype="float32"))

    matrices = {"kernel_initializer": identity, "recurrent_initializer": "zeros"}
    return keras.layers.SimpleRNNCell(N, activation="linear", use_bias=False, **matrices, **arguments)


def seen_through(cell: Any) -> str:
    """The mask of one or more see-through cells, read by an input of ones: over steps, over calls."""
    layer = keras.layers.RNN(cell, return_sequences=True)
    x = np.ones((B, T, N), "float32")
    first, second = (passed(layer, x, training=True) for _ in range(2))
    if same(first, x):
        return "no mask"
    if not np.isin(first, [0, SCALE]).all():
        raise Unexplained("a value that no mask explains")
    steps = "one mask for the sequence" if same(first, np.repeat(first[:, :1], T, 1)) else "one mask a step"
    if same(first, np.repeat(first[:1], B, 0)):
        steps += " and the whole batch"
    calls = f"{'the same' if same(first, second) else 'new'} at each call"
    on = "" if same(passed(layer, x, training=False), x) else ", in evaluation mode too"
    return f"{steps}, {calls}{on}"


@PROBES.ask(
    "stacked_cells",
    "Which masks has the second cell of `RNN(StackedRNNCells([cell, cell_with_dropout]))`?",
    "The second cell of `RNN(StackedRNNCells([cell, cell_with_dropout]))` has {observed}.",
)
def stacked_cells() -> str:
    return seen_through(keras.layers.StackedRNNCells([see_through_cell(), see_through_cell(dropout=P)]))


@PROBES.ask(
    "dropout_wrapper({arguments})",
    "Which masks has a cell in TensorFlow's `tf.nn.RNNCellDropoutWrapper({arguments})`?",
    "A cell in `tf.nn.RNNCellDropoutWrapper({arguments})` has {observed}.",
    arguments=("input_keep_prob=.5", "input_keep_prob=.5, variational_recurrent=True"),
)
def dropout_wrapper(arguments: str) -> str:
    if keras.backend.backend() != "tensorflow":
        return "no such wrapper without TensorFlow"
    tensorflow: Any = importlib.import_module("tensorflow")
    if not hasattr(tensorflow.nn, "RNNCellDropoutWrapper"):
        return "no such wrapper"
    own = {"variational_recurrent": True, "input_size": N, "dtype": "float32"} if "var" in arguments else {}
    return seen_through(tensorflow.nn.RNNCellDropoutWrapper(see_through_cell(), input_keep_prob=P, **own))
