"""From a layer to its kernel: which layers have one, and PyTorch's own where nothing is dropped."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.algebra.drops import Masks
from recdrop_lessons.layers.cells import GRUCell, LSTMCell, State
from recdrop_lessons.layers.kernels import GRUOverTime, LSTMOverTime

#: The sites that are computed here, before and after the kernel's loop: on x, on U, on what is sent up.
AROUND = ("input", "recurrent_weight", "output")
#: What a cell must have left as it is, if a kernel is to compute the same.
EQUATIONS = ("step", "_into_gates", "_read", "_leave", "_recurrent_weight")


def knows(layer: Any, x: Tensor, masks: Masks) -> bool:
    """Say whether there is a kernel that computes exactly what the readable form of `layer` does."""
    return (
        keeps_the_equations(layer.__class__)
        and computes(layer, masks)
        and layer.activation == "tanh"
        and layer.recurrent_activation == "sigmoid"
        and getattr(layer, "reset_after", True)
        and not torch.is_autocast_enabled(x.device.type)
        and not any(mask.requires_grad for mask in masks.values())
    )


def kernel_of(layer: Any) -> type[LSTMOverTime] | type[GRUOverTime]:
    """Return the kernel of an LSTM or a GRU."""
    return LSTMOverTime if isinstance(layer, LSTMCell) else GRUOverTime


def computes(layer: Any, masks: Masks) -> bool:
    """Say whether every mask acts at a site that is computed here or in the kernel."""
    return masks.keys() <= {*AROUND, *kernel_of(layer).sites}


@cache
def keeps_the_equations(kind: type) -> bool:
    """Say whether a layer's step is that of the LSTM or of the GRU, none of its equations replaced."""
    return any(
        issubclass(kind, cell)
        and all(getattr(kind, name, None) is getattr(cell, name, None) for name in EQUATIONS)
        for cell in (LSTMCell, GRUCell)
    )


def over_time(
    layer: Any, x: Tensor, state: State, masks: Masks, lengths: Tensor | None
) -> tuple[Tensor, State]:
    """Carry `layer` over x (B, T, F) as its readable form does: outputs (B, T, H), the last valid state.

    A layer that does not return its state is spared making it: ().
    """
    if not masks and lengths is None and not torch.is_grad_enabled() and x.device.type == "cpu":
        return fused(layer, x, state)
    masks = dict(masks)
    m_x, m_U, m_y = (masks.pop(site, None) for site in AROUND)
    U = layer.weight_hh if m_U is None else layer.weight_hh * m_U
    read = x.transpose(0, 1)  # (T, B, F)
    if m_x is not None:
        read = read * (m_x.movedim(2, 0) if m_x.dim() == 4 else m_x)  # or (G, T, B, F)
    read = torch.cat([read, read.new_ones(()).expand(*read.shape[:-1], 1)], dim=-1)
    m_h = masks.get("recurrent")
    if read.dim() == 3 and m_h is not None and m_h.dim() == 4:  # gate by gate, both or neither
        read = read.expand(len(layer.gate_names), *read.shape)
    elif read.dim() == 4 and m_h is not None and m_h.dim() == 3:
        masks["recurrent"] = m_h.unsqueeze(2).expand(-1, -1, len(read), -1)
    if isinstance(layer, LSTMCell):
        W = with_bias(layer.weight_ih, layer.bias)
        h, cells = LSTMOverTime.apply(read, *state, W, U, masks, layer.filled_with_previous)
        sequences: State = (h, cells.transpose(0, 1))  # (B, T, H) each
    else:
        if read.dim() == 4:
            read = read[[2, 0, 1, 2]]  # n, r, z, u
        W = gru_rows(layer)
        h = GRUOverTime.apply(read, *state, W, U, masks, layer.filled_with_previous)
        sequences = (h,)
    outputs = h if m_y is None else h * m_y.transpose(0, 1)
    if lengths is None:
        return outputs, tuple(s[:, -1].clone() for s in sequences) if layer.return_state else ()
    valid = torch.arange(x.shape[1], device=x.device) < lengths.unsqueeze(1)  # (B, T)
    outputs = torch.where(valid.unsqueeze(2), outputs, torch.zeros_like(outputs))
    return outputs, tuple(s[torch.arange(len(s), device=s.device), lengths - 1] for s in sequences)


def with_bias(weight: Tensor, bias: Tensor) -> Tensor:
    """[W b]: the bias as one more column, which meets a one at the end of x."""
    return torch.cat([weight, bias.unsqueeze(1)], dim=1)


def gru_rows(layer: Any) -> Tensor:
    """What x and the one at its end write: [W b] of n, r and z, and for u = U_n h + b_un its bias alone."""
    of_r, of_z, of_n = with_bias(layer.weight_ih, layer.bias_ih).chunk(3)
    u_r, u_z, u_n = with_bias(torch.zeros_like(layer.weight_ih), layer.bias_hh).chunk(3)
    return torch.cat([of_n, of_r + u_r, of_z + u_z, u_n])


def fused(layer: Any, x: Tensor, state: State) -> tuple[Tensor, State]:
    """PyTorch's own layer, called with the weights of `layer`: for no dropout and no gradient."""
    h, *c = (s.unsqueeze(0) for s in state)  # (1, B, H)
    # biases, one layer, no dropout, evaluation, one direction, batch first
    settings = (True, 1, 0.0, False, False, True)
    if isinstance(layer, LSTMCell):
        # PyTorch's LSTM has two biases, of which only the sum counts
        weights = [layer.weight_ih, layer.weight_hh, layer.bias, torch.zeros_like(layer.bias)]
        outputs, *last = torch.lstm(x, [h, *c], weights, *settings)
    else:
        weights = [layer.weight_ih, layer.weight_hh, layer.bias_ih, layer.bias_hh]
        outputs, *last = torch.gru(x, h, weights, *settings)
    return outputs, tuple(s.squeeze(0) for s in last)
