"""Penalties on the weights of one gate, or of all.

A Keras `kernel_regularizer` sees the whole concatenated matrix, so it acts on every gate at once. One gate is
a block of rows:

    loss = loss + gate_penalty(lstm, gate="f", kernel="recurrent", l2=1e-3)
"""

from __future__ import annotations

import torch
from torch import Tensor

from recdrop_lessons.layers.cells import Cell, GRUCell
from recdrop_lessons.support.errors import RecdropError

#: What a kernel is called here, and the parameters that it can be.
KERNELS = {"input": "weight_ih", "recurrent": "weight_hh", "bias": "bias"}


def gate_block(layer: Cell, gate: str | None, kernel: str = "recurrent") -> Tensor:
    """Return the rows of one gate, as a view that gradients reach; None gives all gates.

    Shapes: kernel "input" (H, F), "recurrent" (H, H), "bias" (H,); for a GRU's bias both, (2, H).
    Equation: block k of W = [W_i; W_f; W_g; W_o], or of [W_r; W_z; W_n].
    Raises `RecdropError` for a gate that the cell has not, or an unknown kernel.
    """
    if kernel not in KERNELS:
        raise RecdropError(f"kernel was {kernel!r}; expected one of {', '.join(map(repr, KERNELS))}.")
    if gate is not None and gate not in layer.gate_names:
        raise RecdropError(
            f"gate was {gate!r}; {type(layer).__name__} has {', '.join(map(repr, layer.gate_names))}."
            + (" Keras calls g by the name c." if gate == "c" else "")
        )
    if kernel == "bias" and isinstance(layer, GRUCell):
        weight = torch.stack([layer.bias_ih, layer.bias_hh])  # (2, 3H)
    else:
        weight = getattr(layer, KERNELS[kernel]).movedim(0, -1)  # (…, G·H)
    if gate is not None:
        weight = weight.chunk(len(layer.gate_names), dim=-1)[layer.gate_names.index(gate)]  # (…, H)
    return weight if kernel == "bias" else weight.movedim(-1, 0)


def gate_penalty(
    layer: Cell, *, gate: str | None = None, kernel: str = "recurrent", l1: float = 0.0, l2: float = 0.0
) -> Tensor:
    """Return the penalty on one gate's weights, to be added to the loss.

    Shapes: → a scalar.
    Equation: λ₁ Σ|w| + λ₂ Σw², over the block of `gate`; over all gates where it is None.
    Raises `RecdropError` for an unknown gate or kernel, or a negative factor.
    Source: Keras's L1L2, restricted to a block.
    """
    if l1 < 0 or l2 < 0:
        raise RecdropError(f"l1 was {l1} and l2 was {l2}; expected factors of 0 or more.")
    block = gate_block(layer, gate, kernel)
    return l1 * block.abs().sum() + l2 * block.square().sum()


def gate_norms(layer: Cell, kernel: str = "recurrent") -> dict[str, float]:
    """Return the Euclidean norm of each gate's block, by the gate's name."""
    return {gate: float(gate_block(layer, gate, kernel).detach().norm()) for gate in layer.gate_names}
