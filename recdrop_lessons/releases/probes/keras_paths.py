"""What a rate of 1 does on each path through Keras's recurrent layers, and who asks for the fused kernel."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from .asking import Probes
from .keras_reading import (
    GATED,
    KINDS,
    B,
    P,
    T,
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
    asked = []

    def fused(*_: Any, **__: Any) -> None:
        asked.append(1)
        raise NotImplementedError

    given: dict[str, Any] = {arguments.split("=")[0]: P} if arguments else {}
    layer = random_layer(kind, **given)
    module = sys.modules[type(layer).__module__]
    if not hasattr(module, "backend") or not hasattr(module.backend, kind.lower()):
        return "has no single function to ask"
    real = getattr(module.backend, kind.lower())
    setattr(module.backend, kind.lower(), fused)
    try:
        passed(layer, noise_x(), training=True)
    finally:
        setattr(module.backend, kind.lower(), real)
    return "asks" if asked else "does not ask"
