"""The masks of Keras's next call, drawn or handed over: one pass, run in both and compared.

masks = keras_masks(keras_layer, x)                  what Keras draws for its next call
keras_layer(x, training=True); ours(x, masks=masks)  the same numbers
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.algebra.drops import Masks
from recdrop_lessons.algebra.noise import check_rate
from recdrop_lessons.frameworks.keras import (
    KERAS_BLOCKS,
    KERAS_RATES,
    import_keras,
    keras_kind,
    one_mask_per_gate,
)
from recdrop_lessons.support.errors import MaskError

#: Where a Keras cell keeps the masks of its next call, by our sites.
KEPT_AS = {"input": "_dropout_mask", "recurrent": "_recurrent_dropout_mask"}


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
    name, cell = keras_kind(keras_layer).__name__, keras_layer.cell
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
        if one_mask_per_gate(cell):
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
    kind, cell = keras_kind(keras_layer), keras_layer.cell
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
        setattr(cell, KEPT_AS[site], given if one_mask_per_gate(cell) else given[0])


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
    if mask.dim() == 4 and not one_mask_per_gate(cell):
        raise MaskError(
            f"The mask {site!r} has shape {tuple(mask.shape)}, one for each gate; this Keras {name} has one "
            "for all: use per_gate=False, or give it recurrent_dropout above 0."
        )
