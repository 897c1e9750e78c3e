"""How Keras's recurrent layers are read from outside: masks from the outputs of units whose weights we set.

A *reader* is a unit whose output depends on one number alone, x_j or h_j, through one gate: its kernel holds
a single 1, and its biases open and close the other gates. With a mask it gives what it gives in evaluation
mode for a factor times that number, so a few evaluation passes say which factor. All gates are read in one
call.
`PROBED_KERAS=tf_keras` asks tf_keras instead of Keras.
"""

from __future__ import annotations

import importlib
import itertools
import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from .asking import Unexplained

keras: Any = importlib.import_module(os.environ.get("PROBED_KERAS", "keras"))

B, T, N = 8, 6, 24  # examples, steps, features or senders that are read
P, SCALE = 0.5, 2.0
GATES = {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}
CANDIDATE = {"SimpleRNN": 0, "LSTM": 2, "GRU": 2}  # its block in the kernels
KINDS, GATED = ("SimpleRNN", "LSTM", "GRU"), ("LSTM", "GRU")
OPEN, SHUT = 40.0, -40.0  # biases: sigmoid is 1 or 0, tanh 1 or -1


# --- layers and passes ------------------------------------------------------------------------------------


def array(tensor: Any) -> np.ndarray:
    """A tensor of any backend as NumPy's."""
    if hasattr(tensor, "detach"):
        tensor = tensor.detach().cpu()
    return np.array(tensor)


def tensor(values: Any) -> Any:
    """NumPy's array as the backend's tensor."""
    if hasattr(keras, "ops"):
        return keras.ops.convert_to_tensor(values)
    return importlib.import_module("tensorflow").convert_to_tensor(values)


def built(kind: str, units: int, features: int, *, in_rnn: bool = False, **arguments: Any) -> Any:
    """A layer with its weights made: LSTM(…), or with `in_rnn` RNN(LSTMCell(…))."""
    if in_rnn:
        cell = getattr(keras.layers, f"{kind}Cell")(units, **arguments)
        layer = keras.layers.RNN(cell, return_sequences=True)
    else:
        layer = getattr(keras.layers, kind)(units, **{"return_sequences": True, **arguments})
    layer.build((None, None, features))
    return layer


def random_layer(kind: str, units: int = 5, features: int = 4, **arguments: Any) -> Any:
    """A layer with random weights and biases, the same ones at each call."""
    layer = built(kind, units, features, **arguments)
    rng = np.random.default_rng(0)
    layer.set_weights([rng.normal(size=w.shape).astype("float32") for w in layer.get_weights()])
    return layer


def zeroed(layer: Any, matrix: int) -> Any:
    """The layer with its kernel (0) or its recurrent kernel (1) set to zero."""
    weights = layer.get_weights()
    weights[matrix] = 0 * weights[matrix]
    layer.set_weights(weights)
    return layer


def passed(
    layer: Any, x: np.ndarray, *, training: bool, state: Sequence[np.ndarray] | None = None, **call: Any
) -> np.ndarray:
    """The layer's (first) output."""
    if state is not None:
        call["initial_state"] = [tensor(one) for one in state]
    result = layer(tensor(x), training=training, **call)
    return array(result[0] if isinstance(result, list | tuple) else result)


def noise_x(steps: int = T, features: int = 4) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(B, steps, features)).astype("float32")


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.allclose(a, b, atol=1e-5))


# --- reading masks ----------------------------------------------------------------------------------------


def masks(
    kind: str,
    site: str,
    gates: Sequence[int],
    *,
    batch: int = B,
    steps: int = 1,
    n: int = N,
    factors: Sequence[float] = (0, 1, SCALE, SCALE**2),
    **arguments: Any,
) -> np.ndarray:
    """By what each of the n numbers at the site is multiplied on its way to each gate.

    One of `factors`, (batch, steps, 2, gates, n): 0 is dropped, 1 is no mask. Two readers read the same
    number: where they differ it is not the number that is masked. Raises `Unexplained` for an output that no
    factor explains.
    """
    senders = n if site == "h" else 0
    units = senders + 2 * len(gates) * n
    layer = built(kind, units, n, **arguments)
    kernel, recurrent, bias = (np.zeros(w.shape, "float32") for w in layer.get_weights())
    matrix = recurrent if site == "h" else kernel
    places = itertools.product(range(2), gates, range(n))
    for reader, (_, gate, j) in enumerate(places, start=senders):
        matrix[j, gate * units + reader] = 1.0
        _set_biases(kind, bias, units, reader, gate)
    for sender in range(senders):
        _set_biases(kind, bias, units, sender, None)

    def outputs(of_x: Sequence[float], of_h: Sequence[float], training: bool) -> np.ndarray:
        """The readers' outputs with x and the senders' first h times factors, (factors, batch, …)."""
        scaled_x, scaled_h = (np.repeat(np.array(one, "float32"), batch) for one in (of_x, of_h))
        x = np.ones((len(scaled_x), steps, n), "float32") * scaled_x[:, None, None]
        # New arrays each time: torch shares their memory, and a layer may multiply in place.
        start = np.zeros((len(scaled_x), units), "float32")
        start[:, :senders] = (math.tanh(1.0) if kind == "LSTM" else 1.0) * scaled_h[:, None]
        state = [start, np.ones_like(start)] if kind == "LSTM" else [start]
        h = passed(layer, x, training=training, state=state)
        return h[:, :, senders:].reshape(len(of_x), batch, steps, 2, len(gates), n)

    layer.set_weights([kernel, recurrent, bias])
    ones = [1.0] * len(factors)
    (seen,) = outputs([1.0], [1.0], True)
    if site == "x":
        references = outputs(factors, ones, False)
    elif steps == 1:
        references = outputs(ones, factors, False)
    else:  # the senders send anew at each step: the matrix is scaled instead
        references = np.empty((len(factors), *seen.shape))
        for number, factor in enumerate(factors):
            layer.set_weights([kernel, factor * recurrent, bias])
            references[number] = outputs([1.0], [1.0], False)[0]
    explained = np.full(seen.shape, np.nan)
    for factor, reference in zip(factors, references, strict=True):
        explained[np.isclose(seen, reference, atol=1e-5)] = factor
    if np.isnan(explained).any():
        raise Unexplained("a value that no mask explains")
    return explained


def _set_biases(kind: str, bias: np.ndarray, units: int, unit: int, reads: int | None) -> None:
    """Let a unit's output depend on its gate `reads` alone; None makes it a sender, whose h never changes."""
    if kind == "SimpleRNN":
        bias[unit] = 0.0 if reads is not None else OPEN
    elif kind == "LSTM":  # i, f, c, o
        values = [OPEN, SHUT, OPEN, OPEN]
        if reads == 1:  # the forget gate keeps what was in c; nothing is written
            values[0] = SHUT
        if reads is not None:
            values[reads] = 0.0
        bias[[gate * units + unit for gate in range(4)]] = values
    else:  # z, r, h; with `reset_after` a second row is added to U h, and r multiplies it there
        values = [SHUT, OPEN, OPEN]
        if reads is not None:
            values[reads] = 0.0
        if reads == 1:
            values[2] = 0.0
            bias[1, 2 * units + unit] = 1.0
        of_x = bias if bias.ndim == 1 else bias[0]
        of_x[[gate * units + unit for gate in range(3)]] = values


def over_gates(kind: str, site: str, **arguments: Any) -> str:
    """How many masks the gates have."""
    read = masks(kind, site, range(GATES[kind]), **arguments)  # (B, 1, 2, gates, N)
    if not (read[:, :, 0] == read[:, :, 1]).all():
        return f"a mask that is not on {site}"
    if (read == 1).all():
        return "no mask"
    apart = [read[:, :, 0, gate] for gate in range(read.shape[3])]
    alike = [bool((a == b).all()) for a, b in itertools.combinations(apart, 2)]
    return "one mask for all gates" if all(alike) else "one mask per gate" if not any(alike) else "mixed"


def over_time(kind: str, site: str, **arguments: Any) -> str:
    """Whether the mask stays while the sequence runs; read at the candidate, which carries nothing over."""
    kept = masks(kind, site, [CANDIDATE[kind]], steps=T, **arguments)
    if (kept == 1).all():
        return "no mask"
    kept = kept != 0  # some release scales twice at the first step
    return "one mask for the sequence" if (kept == kept[:, :1]).all() else "a new mask at each step"
