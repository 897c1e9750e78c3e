"""What `predict` makes of a `training=True` that is written into a functional model, as for MC dropout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .asking import Probes
from .keras_reading import P, array, keras, noise_x, same

PROBES = Probes()


def drops(layer: Callable[[Any], Any]) -> str:
    """Two predictions of one model differ where it drops."""
    x = noise_x()
    inputs = keras.Input(x.shape[1:])
    model = keras.Model(inputs, layer(inputs))
    first, second = (array(model.predict(x, verbose=0)) for _ in range(2))
    return "does not drop" if same(first, second) else "drops"


@PROBES.ask(
    "predict_drops({layer})",
    "A functional model is made with `{layer}(x, training=True)`. Does its `predict` drop?",
    "`predict` of a functional model with `{layer}(x, training=True)` {observed}.",
    layer=("Dropout(p)", "LSTM(n, dropout=p)"),
)
def written_into_the_model(layer: str) -> str:
    made = keras.layers.Dropout(P) if layer.startswith("Dropout") else keras.layers.LSTM(5, dropout=P)
    return drops(lambda x: made(x, training=True))


@PROBES.ask(
    "predict_drops(its own call)",
    "A subclass of `Dropout` passes `training=True` on in its own `call`. Does `predict` drop there?",
    "Where a subclass of `Dropout` passes `training=True` on in its own `call`, `predict` {observed}.",
)
def passed_on_by_a_layer() -> str:
    class AlwaysOn(keras.layers.Dropout):
        def call(self, inputs: Any, training: Any = None) -> Any:
            return super().call(inputs, training=True)

    return drops(AlwaysOn(P))
