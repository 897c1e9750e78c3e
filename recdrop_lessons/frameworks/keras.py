"""Keras 3's recurrent layers as ours and ours as Keras's: arguments, weights and drops.

    ours = from_keras(keras_layer)     the same layer in this library

Blocks: Keras keeps its matrices as (F, G·H), ours are PyTorch's (G·H, F). The LSTM's blocks i, f, c, o are
our i, f, g, o; the GRU's z, r, h are our r, z, n in another order.
"""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.algebra.drops import Drop
from recdrop_lessons.algebra.noise import check_rate
from recdrop_lessons.frameworks.biases import biases_of
from recdrop_lessons.layers.bidirectional import Bidirectional
from recdrop_lessons.layers.recurrent import GRU, LSTM, Recurrent, SimpleRNN
from recdrop_lessons.support.errors import RecdropError
from recdrop_lessons.support.optional import need

KINDS: dict[str, type[Recurrent]] = {"SimpleRNN": SimpleRNN, "GRU": GRU, "LSTM": LSTM}
#: Block k of ours is block KERAS_BLOCKS[k] of Keras; each order is its own inverse.
KERAS_BLOCKS: dict[str, tuple[int, ...]] = {"SimpleRNN": (0,), "GRU": (1, 0, 2), "LSTM": (0, 1, 2, 3)}
#: Keras's arguments, by our sites.
KERAS_RATES = {"input": "dropout", "recurrent": "recurrent_dropout"}


def import_keras() -> Any:
    """Return the module keras, on the backend that KERAS_BACKEND names, by default "torch".

    Raises `ImportError` that says how to install it.
    """
    os.environ.setdefault("KERAS_BACKEND", "torch")
    return need("keras", "keras")


def from_keras(keras_layer: Any) -> Recurrent | Bidirectional:
    """Return the layer of this library that computes what a built Keras layer does, dropout included.

    `keras_layer`: keras.layers.SimpleRNN, GRU (both `reset_after`), LSTM, or Bidirectional of them.
    Weights, activations, drops, `return_sequences`, `return_state` and `go_backwards` are carried over.
    Raises `RecdropError` for a layer without weights yet, or with what this library has not.
    """
    if isinstance(keras_layer, import_keras().layers.Bidirectional):
        return _bidirectional_from_keras(keras_layer)
    kind, cell = keras_kind(keras_layer), keras_layer.cell
    if not keras_layer.built:
        raise RecdropError(
            f"The Keras layer {keras_layer.name!r} has no weights yet; call it once, or "
            "keras_layer.build((None, None, features))."
        )
    if keras_layer.stateful:
        raise RecdropError(
            f"The Keras layer {keras_layer.name!r} is stateful; ours keep no state between calls. "
            "Make it with stateful=False and hand the state on: layer(x, state)."
        )
    arguments: dict[str, Any] = {"activation": _activation_name(cell.activation)}
    if kind is not SimpleRNN:
        arguments["recurrent_activation"] = _activation_name(cell.recurrent_activation)
    if kind is GRU:
        arguments["reset_after"] = cell.reset_after
    layer = kind(
        int(cell.kernel.shape[0]),
        cell.units,
        drops=_keras_drops(cell),
        return_sequences=keras_layer.return_sequences,
        return_state=keras_layer.return_state,
        go_backwards=keras_layer.go_backwards,
        **arguments,
    )
    _read_keras_weights(layer, cell)
    return layer


def to_keras(layer: Recurrent | Bidirectional, keras_layer: Any = None) -> Any:
    """Write the weights of `layer` into `keras_layer`, or into a new Keras layer like `layer`; return it.

    Given a Keras layer, its own arguments stay as they are, its dropout rates too; a new one gets ours.
    Raises `RecdropError` for a Keras layer of another kind or size, or for drops that Keras has no argument
    for.
    """
    if isinstance(layer, Bidirectional):
        return _bidirectional_to_keras(layer, keras_layer)
    if keras_layer is None:
        keras_layer = _new_keras_layer(layer)
    if type(layer) is not keras_kind(keras_layer):
        raise RecdropError(
            f"to_keras was given a {type(layer).__name__} and a Keras {type(keras_layer).__name__}; "
            "give two layers of the same kind."
        )
    if not keras_layer.built:
        keras_layer.build((None, None, layer.input_size))
    _write_keras_weights(layer, keras_layer.cell)
    return keras_layer


def keras_kind(keras_layer: Any) -> type[Recurrent]:
    """Our class for a Keras layer."""
    layers = import_keras().layers
    for name, kind in KINDS.items():
        if isinstance(keras_layer, getattr(layers, name)):
            return kind
    raise RecdropError(
        f"{type(keras_layer).__name__} was given; expected keras.layers.SimpleRNN, GRU, LSTM, or "
        "Bidirectional of one of them."
    )


def _activation_name(activation: Any) -> str:
    """Keras's functions carry our names; one that we have not is refused by the cell that gets it."""
    return getattr(activation, "__name__", str(activation))


def one_mask_per_gate(cell: Any) -> bool:
    """Whether this Keras cell draws a mask for each gate: its implementation 1, and never SimpleRNN's."""
    return getattr(cell, "dropout_mask_count", None) is not None


def _keras_drops(cell: Any) -> tuple[Drop, ...]:
    """The drops of a Keras cell, read from what it will draw."""
    rates = {site: check_rate(getattr(cell, argument)) for site, argument in KERAS_RATES.items()}
    return tuple(Drop(site, p, per_gate=one_mask_per_gate(cell)) for site, p in rates.items() if p > 0)


def _new_keras_layer(layer: Recurrent) -> Any:
    """A Keras layer with the arguments of ours."""
    name, rates = type(layer).__name__, {str(drop.site): drop.p for drop in layer.drops if drop.p > 0}
    in_keras_words = type(layer)(
        layer.input_size,
        layer.hidden_size,
        dropout=rates.get("input", 0.0),
        recurrent_dropout=rates.get("recurrent", 0.0),
    ).drops
    if set(in_keras_words) != {drop for drop in layer.drops if drop.p > 0}:
        raise RecdropError(
            f"Keras's {name} has no argument for {list(layer.drops)}; it has those of "
            "variants.keras(dropout, recurrent_dropout). To copy the weights alone, give a Keras layer: "
            f"to_keras(layer, keras.layers.{name}({layer.hidden_size}))."
        )
    arguments: dict[str, Any] = {
        argument: rates[site] for site, argument in KERAS_RATES.items() if site in rates
    }
    for own in ("activation", "recurrent_activation", "reset_after"):
        if hasattr(layer, own):
            arguments[own] = getattr(layer, own)
    return getattr(import_keras().layers, name)(
        layer.hidden_size,
        return_sequences=layer.return_sequences,
        return_state=layer.return_state,
        go_backwards=layer.go_backwards,
        dtype=str(layer.weight_hh.dtype).removeprefix("torch."),
        **arguments,
    )


def _bidirectional_from_keras(keras_layer: Any) -> Bidirectional:
    if keras_layer.merge_mode != "concat":
        raise RecdropError(
            f"The Keras layer {keras_layer.name!r} has merge_mode={keras_layer.merge_mode!r}; ours puts the "
            'two directions side by side: use merge_mode="concat".'
        )
    forward = from_keras(keras_layer.forward_layer)
    assert isinstance(forward, Recurrent)
    layer = Bidirectional(forward)
    layer.backward_layer = from_keras(keras_layer.backward_layer)  # type: ignore[assignment]
    return layer


def _bidirectional_to_keras(layer: Bidirectional, keras_layer: Any) -> Any:
    bidirectional = import_keras().layers.Bidirectional
    if keras_layer is None:
        keras_layer = bidirectional(_new_keras_layer(layer.forward_layer))
    if not isinstance(keras_layer, bidirectional):
        raise RecdropError(
            f"to_keras was given a Bidirectional and a Keras {type(keras_layer).__name__}; "
            "give two layers of the same kind."
        )
    if not keras_layer.built:
        keras_layer.build((None, None, layer.forward_layer.input_size))
    to_keras(layer.forward_layer, keras_layer.forward_layer)
    to_keras(layer.backward_layer, keras_layer.backward_layer)
    return keras_layer


# ---- the weights ----


def _reordered(blocks: Tensor, order: tuple[int, ...]) -> Tensor:
    """The blocks in another order."""
    parts = blocks.chunk(len(order))
    return torch.cat([parts[k] for k in order])


def _read_keras_weights(layer: Recurrent, cell: Any) -> None:
    """Fill our parameters from a Keras cell; ours take its precision."""
    order, convert = KERAS_BLOCKS[type(layer).__name__], import_keras().ops.convert_to_numpy

    def read(variable: Any) -> Tensor:
        return torch.tensor(convert(variable))

    kernel = read(cell.kernel)  # (F, G·H)
    layer.to(kernel.dtype)
    with torch.no_grad():
        layer.weight_ih.copy_(_reordered(kernel.T, order))
        layer.weight_hh.copy_(_reordered(read(cell.recurrent_kernel).T, order))
        for bias in biases_of(layer):
            bias.zero_()  # where Keras has no bias, or one for our two
        if cell.use_bias:
            # (G·H,), or (2, G·H) for a GRU that resets after the product
            rows = torch.atleast_2d(read(cell.bias))
            for bias, row in zip(biases_of(layer), rows, strict=False):
                bias.copy_(_reordered(row, order))


def _write_keras_weights(layer: Recurrent, cell: Any) -> None:
    """Fill a Keras cell from our parameters."""
    order = KERAS_BLOCKS[type(layer).__name__]
    _check_same_cell(layer, cell)
    with torch.no_grad():
        biases = [_reordered(bias, order) for bias in biases_of(layer)]
        new = {
            "kernel": _reordered(layer.weight_ih, order).T,  # (F, G·H)
            "recurrent_kernel": _reordered(layer.weight_hh, order).T,  # (H, G·H)
        }
        if cell.use_bias:
            # Reset before the product, a GRU's two biases only ever meet as their sum.
            new["bias"] = torch.stack(biases) if getattr(cell, "reset_after", False) else sum(biases)  # type: ignore[assignment]
        for name, value in new.items():
            getattr(cell, name).assign(value.detach().cpu().numpy())


def _check_same_cell(layer: Recurrent, cell: Any) -> None:
    """Refuse a Keras cell that could not compute the same with our weights."""
    name = type(layer).__name__
    sizes = int(cell.kernel.shape[0]), cell.units
    if sizes != (layer.input_size, layer.hidden_size):
        raise RecdropError(
            f"Our {name} has {layer.input_size} features and {layer.hidden_size} units, the Keras one "
            f"{sizes[0]} and {sizes[1]}; make it with {layer.hidden_size} units and build it for "
            f"{layer.input_size} features."
        )
    for own in ("activation", "recurrent_activation", "reset_after"):
        if hasattr(layer, own):
            theirs = getattr(cell, own)
            theirs = theirs if own == "reset_after" else _activation_name(theirs)
            if theirs != getattr(layer, own):
                raise RecdropError(
                    f"Our {name} has {own}={getattr(layer, own)!r}, the Keras one {theirs!r}; "
                    "make both alike."
                )
    if not cell.use_bias and any(bool(bias.any()) for bias in biases_of(layer)):
        raise RecdropError(
            f"Our {name} has a bias that is not zero, the Keras one none; make it with use_bias=True."
        )
