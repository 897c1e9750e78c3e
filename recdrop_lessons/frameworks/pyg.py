"""PyTorch Geometric's GATConv as ours."""

from __future__ import annotations

from typing import Any

import torch

from recdrop_lessons.layers.attention import GATConv
from recdrop_lessons.support.errors import RecdropError
from recdrop_lessons.support.optional import need


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
