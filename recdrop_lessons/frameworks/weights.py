"""Weights and masks to and from Keras 3, torch.nn and PyTorch Geometric: one pass, run in both and compared.

    ours = from_keras(keras_layer)                     the same layer in this library
    masks = keras_masks(keras_layer, x)                what Keras draws for its next call
    keras_layer(x, training=True); ours(x, masks=masks)  the same numbers

Blocks: Keras keeps its matrices as (F, G·H), ours are PyTorch's (G·H, F). The LSTM's blocks i, f, c, o are
our i, f, g, o; the GRU's z, r, h are our r, z, n in another order.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from recdrop_lessons.algebra.drops import Drop, Masks
from recdrop_lessons.algebra.noise import check_rate
from recdrop_lessons.algebra.variants import torch_between_layers
from recdrop_lessons.layers.attention import GATConv
from recdrop_lessons.layers.recurrent import GRU, LSTM, Recurrent, SimpleRNN
from recdrop_lessons.layers.stacking import Bidirectional, Stack
from recdrop_lessons.support.errors import MaskError, RecdropError
from recdrop_lessons.support.optional import need

KINDS: dict[str, type[Recurrent]] = {"SimpleRNN": SimpleRNN, "GRU": GRU, "LSTM": LSTM}
TORCH_KINDS: dict[type[nn.RNNBase], type[Recurrent]] = {nn.RNN: SimpleRNN, nn.GRU: GRU, nn.LSTM: LSTM}
#: Block k of ours is block KERAS_BLOCKS[k] of Keras; each order is its own inverse.
KERAS_BLOCKS: dict[str, tuple[int, ...]] = {"SimpleRNN": (0,), "GRU": (1, 0, 2), "LSTM": (0, 1, 2, 3)}
#: Keras's arguments, by our sites.
KERAS_RATES = {"input": "dropout", "recurrent": "recurrent_dropout"}


# ---- Keras: the layers ----


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
    kind, cell = _keras_kind(keras_layer), keras_layer.cell
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
    if type(layer) is not _keras_kind(keras_layer):
        raise RecdropError(
            f"to_keras was given a {type(layer).__name__} and a Keras {type(keras_layer).__name__}; "
            "give two layers of the same kind."
        )
    if not keras_layer.built:
        keras_layer.build((None, None, layer.input_size))
    _write_keras_weights(layer, keras_layer.cell)
    return keras_layer


def _keras_kind(keras_layer: Any) -> type[Recurrent]:
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


def _one_mask_per_gate(cell: Any) -> bool:
    """Whether this Keras cell draws a mask for each gate: its implementation 1, and never SimpleRNN's."""
    return getattr(cell, "dropout_mask_count", None) is not None


def _keras_drops(cell: Any) -> tuple[Drop, ...]:
    """The drops of a Keras cell, read from what it will draw."""
    rates = {site: check_rate(getattr(cell, argument)) for site, argument in KERAS_RATES.items()}
    return tuple(Drop(site, p, per_gate=_one_mask_per_gate(cell)) for site, p in rates.items() if p > 0)


def _new_keras_layer(layer: Recurrent) -> Any:
    """A Keras layer with the arguments of ours."""
    name, rates = type(layer).__name__, {drop.site: drop.p for drop in layer.drops if drop.p > 0}
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


# ---- Keras: the weights ----


def _reordered(blocks: Tensor, order: tuple[int, ...], dim: int = 0) -> Tensor:
    """The blocks along `dim`, in another order."""
    parts = blocks.chunk(len(order), dim)
    return torch.cat([parts[k] for k in order], dim)


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
        for bias in _biases(layer):
            bias.zero_()  # where Keras has no bias, or one for our two
        if cell.use_bias:
            # (G·H,), or (2, G·H) for a GRU that resets after the product
            rows = torch.atleast_2d(read(cell.bias))
            for bias, row in zip(_biases(layer), rows, strict=False):
                bias.copy_(_reordered(row, order))


def _write_keras_weights(layer: Recurrent, cell: Any) -> None:
    """Fill a Keras cell from our parameters."""
    order = KERAS_BLOCKS[type(layer).__name__]
    _check_same_cell(layer, cell)
    with torch.no_grad():
        biases = [_reordered(bias, order) for bias in _biases(layer)]
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
    if not cell.use_bias and any(bool(bias.any()) for bias in _biases(layer)):
        raise RecdropError(
            f"Our {name} has a bias that is not zero, the Keras one none; make it with use_bias=True."
        )


def _biases(layer: Recurrent) -> list[nn.Parameter]:
    """The one bias, or the GRU's two."""
    return [layer.bias_ih, layer.bias_hh] if isinstance(layer, GRU) else [layer.bias]


# ---- Keras: the masks ----


def keras_masks(keras_layer: Any, x: Any) -> dict[str, Any]:
    """Draw the masks that Keras uses in its next call on a batch like x, in the form of our `masks=`.

    Shapes: x (B, T, F) → "input" (1, B, [G,] F), "recurrent" (1, B, [G,] H), G in our order of blocks, where
        the layer's rates are not 0; Bidirectional {"forward": …, "backward": …}.
    The layer keeps them until that call, with `training=True` or not, and then forgets them.
    Raises `RecdropError` for a rate of 1, where Keras draws masks that it does not use.
    """
    keras = import_keras()
    if not keras_layer.built:
        keras_layer.build(tuple(x.shape))
    if isinstance(keras_layer, keras.layers.Bidirectional):
        return {
            "forward": keras_masks(keras_layer.forward_layer, x),
            "backward": keras_masks(keras_layer.backward_layer, x),
        }
    name, cell = _keras_kind(keras_layer).__name__, keras_layer.cell
    drawn = {
        # Keras's RNN.call asks for them in this order, with a step of the input and with the first state.
        "input": cell.get_dropout_mask(keras.ops.ones((x.shape[0], x.shape[2]), dtype=cell.compute_dtype)),
        "recurrent": cell.get_recurrent_dropout_mask(
            keras.ops.ones((x.shape[0], cell.units), dtype=cell.compute_dtype)
        ),
    }
    masks = {}
    for site, mask in drawn.items():
        if check_rate(getattr(cell, KERAS_RATES[site])) == 0:
            continue
        copies = mask if isinstance(mask, (list, tuple)) else [mask]
        tensors = [torch.tensor(keras.ops.convert_to_numpy(copy)) for copy in copies]  # (B, F) each
        if _one_mask_per_gate(cell):
            masks[site] = torch.stack([tensors[k] for k in KERAS_BLOCKS[name]], dim=1).unsqueeze(0)
        else:
            masks[site] = tensors[0].unsqueeze(0)
    return masks


def set_keras_masks(keras_layer: Any, masks: Masks | Mapping[str, Masks]) -> None:
    """Hand our masks to a Keras layer: its next call uses them instead of drawing.

    Shapes: "input" (1, B, [G,] F), "recurrent" (1, B, [G,] H), as `sample_masks` gives them for Keras's two
        arguments; a tied mask serves all gates, also where Keras would draw one each.
    Raises `MaskError` for a site, a sharing or a rate that Keras's layer has not.
    """
    keras = import_keras()
    if isinstance(keras_layer, keras.layers.Bidirectional):
        for name in ("forward", "backward"):
            set_keras_masks(getattr(keras_layer, f"{name}_layer"), masks[name])  # type: ignore[arg-type]
        return
    kind, cell = _keras_kind(keras_layer), keras_layer.cell
    order = KERAS_BLOCKS[kind.__name__]
    for site, mask in masks.items():
        assert isinstance(mask, Tensor)
        _check_keras_has(site, mask, kind.__name__, cell)
        once = mask[0]  # (B, units) or (B, G, units)
        copies = [once[:, k] for k in order] if once.dim() == 3 else [once] * len(order)
        given = [
            keras.ops.convert_to_tensor(copy.detach().cpu().numpy(), dtype=cell.compute_dtype)
            for copy in copies
        ]
        attribute = "_dropout_mask" if site == "input" else "_recurrent_dropout_mask"
        setattr(cell, attribute, given if _one_mask_per_gate(cell) else given[0])


def _check_keras_has(site: str, mask: Tensor, name: str, cell: Any) -> None:
    """Refuse a mask that a Keras cell would not use, or not as it is meant."""
    if site not in KERAS_RATES:
        raise MaskError(f"Keras's {name} drops nothing at the site {site!r}; it has 'input' and 'recurrent'.")
    argument = KERAS_RATES[site]
    if not 0 < getattr(cell, argument) < 1:
        raise MaskError(
            f"Keras's {name} was made with {argument}={getattr(cell, argument)} and reads no mask {site!r}; "
            f"make it with 0 < {argument} < 1."
        )
    if mask.shape[0] != 1:
        raise MaskError(
            f"The mask {site!r} has shape {tuple(mask.shape)}, one for each of {mask.shape[0]} steps; Keras "
            'has one per sequence: use shared=("time",).'
        )
    if mask.dim() == 4 and not _one_mask_per_gate(cell):
        raise MaskError(
            f"The mask {site!r} has shape {tuple(mask.shape)}, one for each gate; this Keras {name} has one "
            "for all: use per_gate=False, or give it recurrent_dropout above 0."
        )


# ---- torch.nn ----


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
        for bias in _biases(layer):
            bias.zero_()
        if module.bias:
            biases = _biases(layer)
            # Both biases go to ours: to the GRU's two, or to the only one as a sum.
            biases[0].add_(read("bias_ih"))
            biases[-1].add_(read("bias_hh"))


def _write_torch_weights(layer: Recurrent, module: nn.RNNBase, suffix: str) -> None:
    biases = _biases(layer)
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


# ---- PyTorch Geometric ----


def from_pyg(conv: Any) -> GATConv:
    """Return the layer of ours that computes what a torch_geometric.nn.GATConv does, dropout included.

    PyG's `dropout=p` becomes `Drop("attention", p)`.
    Raises `RecdropError` for a layer of another kind, two node types, edge features or a residual.
    """
    if not isinstance(conv, need("torch_geometric.nn", "torch_geometric").GATConv):
        raise RecdropError(
            f"from_pyg was given a {type(conv).__name__}; expected torch_geometric.nn.GATConv."
        )
    for wrong, name, cure in (
        (not isinstance(conv.in_channels, int), "in_channels", "one number of features for all nodes"),
        (conv.edge_dim is not None, "edge_dim", "edge_dim=None"),
        (conv.residual, "residual", "residual=False"),
    ):
        if wrong:
            raise RecdropError(
                f"The GATConv has {name}={getattr(conv, name)}, which ours has not; use {cure}."
            )
    layer = GATConv(
        conv.in_channels,
        conv.out_channels,
        heads=conv.heads,
        concat=conv.concat,
        slope=conv.negative_slope,
        add_self_loops=conv.add_self_loops,
        dropout=conv.dropout,
    ).to(conv.att_src.dtype)
    with torch.no_grad():
        layer.weight.copy_(conv.lin.weight)
        layer.a_src.copy_(conv.att_src[0])
        layer.a_dst.copy_(conv.att_dst[0])
        if conv.bias is not None:
            layer.bias.copy_(conv.bias)
    return layer
