"""Whether a layer that its backend compiles draws a new mask at each call."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any

from .asking import Probes
from .keras_reading import P, array, keras, noise_x, random_layer, same, tensor

PROBES = Probes()


def compiler() -> Callable[..., Any] | None:
    """What compiles a function of the backend's tensors; None where there is no compiler."""
    backend = keras.backend.backend()
    if backend == "jax":
        return importlib.import_module("jax").jit
    if backend == "tensorflow":
        return importlib.import_module("tensorflow").function
    if backend == "torch":  # the graph is captured, and run without a compiler for C++
        return partial(importlib.import_module("torch").compile, backend="eager")
    return None


@PROBES.ask(
    "compiled({layer})",
    "Compiled with `training=True` by `jax.jit`, `tf.function` or `torch.compile`, does `{layer}` draw new "
    "masks at each call?",
    "Compiled with `training=True` (`jax.jit`, `tf.function`, `torch.compile`), `{layer}` uses {observed}.",
    layer=("Dropout(p)", "LSTM(n, dropout=p)"),
)
def compiled(layer: str) -> str:
    compile_it = compiler()
    if compile_it is None:
        return "no compiler on this backend"
    made = keras.layers.Dropout(P) if layer.startswith("Dropout") else random_layer("LSTM", dropout=P)
    x = tensor(noise_x())
    whole = array(made(x, training=False))
    call = compile_it(lambda x: made(x, training=True))
    first, second = (array(call(x)) for _ in range(2))
    if same(first, whole):
        return "no mask"
    masks = "the same masks at each call" if same(first, second) else "new masks at each call"
    try:
        made(x, training=False)
    except Exception as error:  # a seed that the compiled function left behind
        return f"{masks}, and an evaluation call outside it then raises {type(error).__name__}"
    return masks
