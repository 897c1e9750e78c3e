"""Paths through Keras's recurrent layers: a rate of 1 on each, and what goes to the fused kernel."""

from __future__ import annotations

import contextlib
import importlib
import logging
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from .asking import Probes
from .keras_reading import (
    GATED,
    KINDS,
    B,
    P,
    T,
    array,
    keras,
    noise_x,
    passed,
    random_layer,
    same,
    tensor,
    zeroed,
)

PROBES = Probes()


# --- a rate of 1 -------------------------------------------------------------------------------------------

PATHS: dict[str, dict[str, Any]] = {
    "alone": {},
    "use_cudnn=False": {"use_cudnn": False},
    "behind Masking": {},
    "implementation=1": {"implementation": 1},
    "implementation=1, use_cudnn=False": {"implementation": 1, "use_cudnn": False},
    "beside the other dropout": {},
}


def at_rate_one(kind: str, path: str, argument: str) -> str:
    """Drops everything where the output is what a zero matrix gives in evaluation mode."""
    matrix, other = {"dropout": (0, "recurrent_dropout"), "recurrent_dropout": (1, "dropout")}[argument]
    arguments = {argument: 1.0, **PATHS[path]}
    if path == "beside the other dropout":
        arguments[other] = P
    layer = zeroed(random_layer(kind, **arguments), 1 - matrix)  # the other dropout has nothing to mask
    call = {"mask": tensor(np.ones((B, T), bool))} if path == "behind Masking" else {}
    x = noise_x()
    seen, whole = passed(layer, x, training=True, **call), passed(layer, x, training=False, **call)
    without = passed(zeroed(layer, matrix), x, training=False, **call)
    if same(seen, without):
        return "drops everything"
    if same(seen, whole):
        return "drops nothing"
    return "gives NaN" if np.isnan(seen).any() else "does something else"


@PROBES.ask(
    "{kind}_dropout_of_one({path})",
    "Does `{kind}(dropout=1.0)`, {path}, drop all of x?",
    "`{kind}(dropout=1.0)`, {path}: {observed}.",
    kind=GATED,
    path=tuple(PATHS),
)
@PROBES.ask(
    "{kind}_dropout_of_one({path})",
    "Does `{kind}(dropout=1.0)`, {path}, drop all of x?",
    "`{kind}(dropout=1.0)`, {path}: {observed}.",
    kind=("SimpleRNN",),
    path=("alone", "behind Masking", "beside the other dropout"),
)
def dropout_of_one(kind: str, path: str) -> str:
    return at_rate_one(kind, path, "dropout")


@PROBES.ask(
    "{kind}_recurrent_dropout_of_one({path})",
    "Does `{kind}(recurrent_dropout=1.0)`, {path}, drop all of h?",
    "`{kind}(recurrent_dropout=1.0)`, {path}: {observed}.",
    kind=KINDS,
    path=("alone", "behind Masking", "beside the other dropout"),
)
def recurrent_dropout_of_one(kind: str, path: str) -> str:
    return at_rate_one(kind, path, "recurrent_dropout")


# --- the fused path ----------------------------------------------------------------------------------------


@PROBES.ask(
    "{kind}_fused_path({arguments})",
    "Does `{kind}({arguments})` ask its backend for the fused kernel (cuDNN's on a GPU) in training?",
    "`{kind}({arguments})` {observed} for the fused kernel.",
    kind=GATED,
    arguments=("", "dropout=.5", "recurrent_dropout=.5"),
)
def fused_path(kind: str, arguments: str) -> str:
    given: dict[str, Any] = {arguments.split("=")[0]: P} if arguments else {}
    layer = random_layer(kind, **given)
    handed = handed_to_the_fused_kernel(kind, layer, training=True)
    if handed is None:
        return NO_FUNCTION
    return "asks" if handed else "does not ask"


@PROBES.ask(
    "{kind}_fused_evaluation",
    "In evaluation mode, what does `{kind}(dropout=.5)` hand to the fused kernel (cuDNN's on a GPU)?",
    "In evaluation mode `{kind}(dropout=.5)` hands {observed} to the fused kernel.",
    kind=GATED,
)
def fused_evaluation(kind: str) -> str:
    handed = handed_to_the_fused_kernel(kind, random_layer(kind, dropout=P), training=False)
    if handed is None:
        return NO_FUNCTION
    if not handed:
        return "nothing"
    return "x as it is" if same(handed[0], noise_x()) else "x times a mask"


NO_FUNCTION = "has no single function to ask"


def handed_to_the_fused_kernel(kind: str, layer: Any, *, training: bool) -> list[np.ndarray] | None:
    """The inputs that a pass over `noise_x()` hands to its backend's fused kernel, a call each.

    The kernel is replaced by one that refuses, as on a CPU. None where the backend has no such function.
    """
    handed = []

    def fused(*given: Any, **named: Any) -> None:
        handed.append(array(given[0] if given else next(iter(named.values()))))
        raise NotImplementedError

    module = sys.modules[type(layer).__module__]
    if not hasattr(module, "backend") or not hasattr(module.backend, kind.lower()):
        return None
    real = getattr(module.backend, kind.lower())
    setattr(module.backend, kind.lower(), fused)
    try:
        passed(layer, noise_x(), training=training)
    finally:
        setattr(module.backend, kind.lower(), real)
    return handed


# --- what Keras says of it ---------------------------------------------------------------------------------


@PROBES.ask(
    "LSTM_cudnn_warning({argument})",
    "TensorFlow is told that there is a GPU. Does `LSTM({argument})` warn that it misses cuDNN's criteria?",
    "`LSTM({argument})` {observed} about cuDNN.",
    argument=("dropout=.5", "recurrent_dropout=.5", 'activation="relu"', "unroll=True"),
)
def cudnn_warning(argument: str) -> str:
    name = argument.split("=")[0]
    value = {"activation": "relu", "unroll": True}.get(name, P)
    with messages() as said:
        with a_gpu_is_reported():
            layer = keras.layers.LSTM(5, **{name: value})
        passed(layer, noise_x(), training=True)
    return "warns" if any("cudnn" in one.lower() for one in said) else "says nothing"


@contextlib.contextmanager
def a_gpu_is_reported() -> Iterator[None]:
    """Let TensorFlow list a GPU, since Keras 2 warns only there; other backends stay as they are."""
    if keras.backend.backend() != "tensorflow":
        yield
        return
    tensorflow: Any = importlib.import_module("tensorflow")
    real = tensorflow.config.list_logical_devices
    places = (tensorflow.config, tensorflow.compat.v2.config)  # Keras reads the second
    for place in places:
        place.list_logical_devices = lambda kind=None: [*real(kind), *(["GPU:0"] if kind == "GPU" else [])]
    try:
        yield
    finally:
        for place in places:
            place.list_logical_devices = real


@contextlib.contextmanager
def messages() -> Iterator[list[str]]:
    """What is logged and warned meanwhile, at the level of a warning or above."""
    said: list[str] = []

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    listening = Listening(logging.WARNING)
    loggers = [logging.getLogger(name) for name in (None, "tensorflow", "absl", "keras")]
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for logger in loggers:
            logger.addHandler(listening)
        try:
            yield said
        finally:
            for logger in loggers:
                logger.removeHandler(listening)
        said += [str(one.message) for one in warned]
