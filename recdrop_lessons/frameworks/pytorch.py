"""torch.nn's RNN, GRU and LSTM as ours and ours as torch.nn's: a layer, two directions, a stack."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from recdrop_lessons.algebra.variants import torch_between_layers
from recdrop_lessons.frameworks.biases import biases_of
from recdrop_lessons.layers.bidirectional import Bidirectional
from recdrop_lessons.layers.recurrent import GRU, LSTM, Recurrent, SimpleRNN
from recdrop_lessons.layers.stacking import Stack
from recdrop_lessons.support.errors import RecdropError

TORCH_KINDS: dict[type[nn.RNNBase], type[Recurrent]] = {nn.RNN: SimpleRNN, nn.GRU: GRU, nn.LSTM: LSTM}


def from_torch(module: nn.RNNBase) -> Recurrent | Bidirectional | Stack:
    """Return what computes the `output` of a torch.nn.RNN, GRU or LSTM: a layer, a Bidirectional or a Stack.

    Ours reads (B, T, F) whatever `batch_first` says, and returns sequences. The two biases of RNN and LSTM
    become their sum. `dropout=` becomes `variants.torch_between_layers` on each layer but the last.
    Raises `RecdropError` for a module of another kind, or with `proj_size`.
    """
    kind = TORCH_KINDS.get(type(module))
    if kind is None:
        raise RecdropError(
            f"from_torch was given a {type(module).__name__}; expected nn.RNN, nn.GRU or nn.LSTM."
        )
    if module.proj_size:
        raise RecdropError(f"The LSTM has proj_size={module.proj_size}; ours has none: use proj_size=0.")
    layers = [_layer_from_torch(module, kind, k) for k in range(module.num_layers)]
    return layers[0] if len(layers) == 1 else Stack(*layers)


def to_torch(layer: Recurrent | Bidirectional | Stack) -> nn.RNNBase:
    """Return the torch.nn.RNN, GRU or LSTM (`batch_first=True`) whose `output` is that of `layer`.

    `layer`: a recurrent layer, a Bidirectional, or a Stack of equal ones. Where PyTorch has two biases
    for our one, the second is zero.
    Raises `RecdropError` for what torch.nn has not: other activations, `reset_after=False`, `go_backwards`,
    drops other than `variants.torch_between_layers`.
    """
    layers = list(layer.layers) if isinstance(layer, Stack) else [layer]
    rows = [_directions(each) for each in layers]
    first = rows[0][0]
    _check_stackable(rows)
    torch_kind: Any = {ours: theirs for theirs, ours in TORCH_KINDS.items()}[type(first)]
    arguments = {"nonlinearity": first.activation} if isinstance(first, SimpleRNN) else {}
    module: nn.RNNBase = torch_kind(
        first.input_size,
        first.hidden_size,
        num_layers=len(rows),
        dropout=_rate_between(rows),
        bidirectional=len(rows[0]) == 2,
        batch_first=True,
        dtype=first.weight_hh.dtype,
        **arguments,
    )
    for k, row in enumerate(rows):
        for one, suffix in zip(row, ("", "_reverse"), strict=False):
            _write_torch_weights(one, module, f"l{k}{suffix}")
    return module


def _layer_from_torch(module: nn.RNNBase, kind: type[Recurrent], k: int) -> Recurrent | Bidirectional:
    """Layer k of the module, in one direction or in both."""
    directions = 2 if module.bidirectional else 1
    arguments: dict[str, Any] = {"activation": module.nonlinearity} if kind is SimpleRNN else {}
    between = module.dropout > 0 and k < module.num_layers - 1
    layer = kind(
        module.input_size if k == 0 else module.hidden_size * directions,
        module.hidden_size,
        drops=torch_between_layers(module.dropout) if between else (),
        return_sequences=True,
        **arguments,
    ).to(module.all_weights[0][0].dtype)
    whole = Bidirectional(layer) if module.bidirectional else layer
    for one, suffix in zip(_directions(whole), ("", "_reverse"), strict=False):
        _read_torch_weights(one, module, f"l{k}{suffix}")
    return whole


def _directions(layer: nn.Module) -> list[Recurrent]:
    """The recurrent layers in a layer: one, or the two of a Bidirectional."""
    if isinstance(layer, Bidirectional):
        return [layer.forward_layer, layer.backward_layer]
    if not isinstance(layer, Recurrent):
        raise RecdropError(
            f"to_torch was given a {type(layer).__name__}; expected SimpleRNN, GRU, LSTM, Bidirectional, "
            "or a Stack of them."
        )
    if layer.go_backwards:
        raise RecdropError("torch.nn has no go_backwards; use go_backwards=False and x.flip(1).")
    return [layer]


def _read_torch_weights(layer: Recurrent, module: nn.RNNBase, suffix: str) -> None:
    def read(name: str) -> Tensor:
        found: Tensor = getattr(module, f"{name}_{suffix}")
        return found

    with torch.no_grad():
        layer.weight_ih.copy_(read("weight_ih"))
        layer.weight_hh.copy_(read("weight_hh"))
        for bias in biases_of(layer):
            bias.zero_()
        if module.bias:
            biases = biases_of(layer)
            # Both biases go to ours: to the GRU's two, or to the only one as a sum.
            biases[0].add_(read("bias_ih"))
            biases[-1].add_(read("bias_hh"))


def _write_torch_weights(layer: Recurrent, module: nn.RNNBase, suffix: str) -> None:
    biases = biases_of(layer)
    second = biases[1] if len(biases) == 2 else torch.zeros_like(biases[0])
    new = {
        "weight_ih": layer.weight_ih,
        "weight_hh": layer.weight_hh,
        "bias_ih": biases[0],
        "bias_hh": second,
    }
    with torch.no_grad():
        for name, value in new.items():
            getattr(module, f"{name}_{suffix}").copy_(value)


def _check_stackable(rows: list[list[Recurrent]]) -> None:
    """Refuse layers that one torch.nn module cannot hold."""
    first, directions = rows[0][0], len(rows[0])
    for k, row in enumerate(rows):
        entering = first.input_size if k == 0 else first.hidden_size * directions
        for one in row:
            like_first = type(one) is type(first) and one.activation == first.activation
            sizes = one.input_size, one.hidden_size, len(row)
            if not like_first or sizes != (entering, first.hidden_size, directions):
                raise RecdropError(
                    f"Layer {k} is not like layer 0; torch.nn stacks layers of one kind, one hidden size "
                    "and one number of directions. Convert them one by one."
                )
            _check_torch_has(one)


def _check_torch_has(layer: Recurrent) -> None:
    """Refuse a layer that torch.nn cannot compute."""
    wanted: dict[str, tuple[Any, ...]] = {
        "activation": ("tanh", "relu") if isinstance(layer, SimpleRNN) else ("tanh",),
        "recurrent_activation": ("sigmoid",),
        "reset_after": (True,),
    }
    for own, values in wanted.items():
        if getattr(layer, own, values[0]) not in values:
            raise RecdropError(
                f"The {type(layer).__name__} has {own}={getattr(layer, own)!r}; torch.nn has only "
                f"{' or '.join(map(repr, values))}: make it so."
            )


def _rate_between(rows: list[list[Recurrent]]) -> float:
    """The rate p of torch's `dropout=`, where the drops are its drops."""
    below = {one.drops for row in rows[:-1] for one in row}
    top = {one.drops for one in rows[-1]}
    drops = next(iter(below)) if len(below) == 1 else ()
    p = drops[0].p if drops else 0.0
    if len(below) > 1 or top != {()} or drops not in ((), torch_between_layers(p)):
        raise RecdropError(
            "The drops are not those of torch.nn, which are variants.torch_between_layers(p) on each layer "
            "but the last, all with one p. To convert the weights alone, make the layers without drops and "
            "load_state_dict(layer.state_dict()) into them."
        )
    return p
