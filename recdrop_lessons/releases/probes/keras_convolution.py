"""What `dropout` and `recurrent_dropout` do in Keras's ConvLSTM layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .asking import Probes
from .keras_reading import B, P, keras, passed, same

PROBES = Probes()
OVER: dict[str, tuple[str, ...]] = {
    "kind": ("ConvLSTM1D", "ConvLSTM2D"),
    "argument": ("dropout", "recurrent_dropout"),
}
STEPS = 3


def layer_and_input(kind: str, argument: str) -> tuple[Any, np.ndarray]:
    """The layer with random weights, never called, and an input (B, T, places…, channels)."""
    places = (4,) * int(kind[-2])
    layer = getattr(keras.layers, kind)(3, 3, padding="same", return_sequences=True, **{argument: P})
    x = np.random.default_rng(1).normal(size=(B, STEPS, *places, 2)).astype("float32")
    layer.build(x.shape)
    rng = np.random.default_rng(0)
    layer.set_weights([rng.normal(size=w.shape).astype("float32") for w in layer.get_weights()])
    return layer, x


@PROBES.ask(
    "{kind}_{argument}",
    "What does `{kind}({argument}=p)` do in training mode?",
    "In training mode `{kind}({argument}=p)` {observed}.",
    **OVER,
)
def over_calls(kind: str, argument: str) -> str:
    layer, x = layer_and_input(kind, argument)
    first, second = (passed(layer, x, training=True) for _ in range(2))
    if same(first, passed(layer_and_input(kind, argument)[0], x, training=False)):
        return "drops nothing"
    return "drops, with the same masks at each call" if same(first, second) else "drops"


@PROBES.ask(
    "{kind}_{argument}_after_evaluation",
    "`{kind}({argument}=p)` is called in evaluation mode. Does its next call in training mode drop?",
    "After a call in evaluation mode, the training call of `{kind}({argument}=p)` {observed}.",
    **OVER,
)
def after_evaluation(kind: str, argument: str) -> str:
    layer, x = layer_and_input(kind, argument)
    whole = passed(layer, x, training=False)
    return "drops nothing" if same(passed(layer, x, training=True), whole) else "drops"


@PROBES.ask(
    "{kind}_{argument}_evaluation",
    "`{kind}({argument}=p)` is called in training mode. Does its next call in evaluation mode drop?",
    "After a call in training mode, the evaluation call of `{kind}({argument}=p)` {observed}.",
    **OVER,
)
def evaluation(kind: str, argument: str) -> str:
    layer, x = layer_and_input(kind, argument)
    whole = passed(layer_and_input(kind, argument)[0], x, training=False)
    passed(layer, x, training=True)
    return "drops nothing" if same(passed(layer, x, training=False), whole) else "drops"
