"""Keras's dropout layers without recurrence, and its attention."""

from __future__ import annotations

import math

import numpy as np

from . import coefficients
from .asking import Probes
from .keras_reading import (
    SCALE,
    B,
    P,
    array,
    keras,
    tensor,
)

PROBES = Probes()


MANY = (400, 50, 4)  # examples, steps, features


@PROBES.ask(
    "{kind}_moments",
    "What mean and variance does Keras's `{kind}(.5)` give to an input of ones?",
    "Out of ones `{kind}(.5)` makes {observed}.",
    kind=("Dropout", "GaussianDropout", "SpatialDropout1D"),
)
def moments(kind: str) -> str:
    y = array(getattr(keras.layers, kind)(P)(tensor(np.ones(MANY, "float32")), training=True))
    draws = MANY[0] * MANY[2] if kind == "SpatialDropout1D" else y.size
    error = 5 * math.sqrt(3 / draws)  # of a mean of squares, at these two distributions
    mean = "mean 1" if abs(y.mean() - 1) < error else f"mean {y.mean():.2f}"
    variance = "variance p/(1-p)" if abs(y.var() - 1) < error else f"variance {y.var():.2f}"
    values = "0 or 1/(1-p)" if np.isin(y, [0, SCALE]).all() else "no zeros" if y.all() else "other values"
    return f"{values}, {mean}, {variance}"


@PROBES.ask(
    "{kind}_sharing",
    "Which elements share one draw in Keras's `{kind}` on (B, T, F)?",
    "In `{kind}` on (B, T, F) {observed}.",
    kind=(
        "Dropout(p)",
        "SpatialDropout1D(p)",
        "Dropout(p, noise_shape=(None, None, 1))",
        "TimeDistributed(Dropout(p))",
    ),
)
def sharing(kind: str) -> str:
    layers = keras.layers
    made = {
        "Dropout(p)": lambda: layers.Dropout(P),
        "SpatialDropout1D(p)": lambda: layers.SpatialDropout1D(P),
        "Dropout(p, noise_shape=(None, None, 1))": lambda: layers.Dropout(P, noise_shape=(None, None, 1)),
        "TimeDistributed(Dropout(p))": lambda: layers.TimeDistributed(layers.Dropout(P)),
    }[kind]()
    y = array(made(tensor(np.ones(MANY, "float32")), training=True))
    if (y == 1).all():
        return "nothing is drawn"
    names = ("examples", "steps", "features")
    shared = [one for axis, one in enumerate(names) if (y == np.take(y, [0], axis)).all()]
    return f"the {' and '.join(shared)} share one draw" if shared else "each element has its own draw"


@PROBES.ask(
    "dropout_layer_of_one",
    "What does Keras's `Dropout(1.0)` give in training mode?",
    "`Dropout(1.0)` gives {observed} in training mode.",
)
def dropout_layer_of_one() -> str:
    y = array(keras.layers.Dropout(1.0)(tensor(np.ones((B, 4), "float32")), training=True))
    if np.isnan(y).any():
        return "NaN"
    return "zeros" if (y == 0).all() else "its input" if (y == 1).all() else "something else"


@PROBES.ask(
    "keras_multi_head_attention",
    "Where does Keras's `MultiHeadAttention(dropout=p)` drop?",
    "`MultiHeadAttention(dropout=p)` drops {observed}.",
)
def keras_multi_head_attention() -> str:
    n, heads = 12, 2
    layer = keras.layers.MultiHeadAttention(heads, n, dropout=P, output_shape=heads * n)
    x = tensor(np.repeat(np.eye(n, dtype="float32")[None], B, 0))  # (B, n, n), one-hot: values are seen
    layer(x, x)
    weights = [np.zeros(w.shape, "float32") for w in layer.get_weights()]
    for index, weight in enumerate(weights):
        if index == 4:  # query, its bias, key, its bias, value, its bias, output, its bias
            weight[:] = np.repeat(np.eye(n)[:, None], heads, 1)  # (F, heads, n)
        elif index == 6:
            weight[:] = np.eye(heads * n).reshape(heads, n, heads * n)
    layer.set_weights(weights)
    # the coefficients, (B, query, heads, key): 1/n each, as query and key are zero
    return coefficients.in_words(array(layer(x, x, training=True)).reshape(B, n, heads, n), 1 / n)
