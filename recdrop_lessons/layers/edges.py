"""The edges of a graph as tensors: (2, E) of source and target, self-loops, weights, and edges removed."""

from __future__ import annotations

import torch
from torch import Tensor

from recdrop_lessons.algebra.noise import binary
from recdrop_lessons.layers.tensors import check_floats, check_tensor, check_whole
from recdrop_lessons.support.errors import RecdropError, ShapeError


def check_graph(
    x: Tensor, edges: Tensor, owner: str, in_features: int, out_features: int, like: Tensor
) -> None:
    """Refuse features that are not (N, in_features), and edges that are not (2, E) of nodes that exist."""
    check_floats(x, owner, like)
    if x.dim() != 2 or x.shape[1] != in_features:
        raise ShapeError(
            f"{owner} was given features of shape {tuple(x.shape)}; expected (nodes, {in_features}).",
            f"Make it as {owner}({x.shape[-1] if x.dim() else 1}, {out_features}), or reshape the features.",
        )
    check_tensor(edges, owner, "edges")
    if edges.dim() != 2 or len(edges) != 2:
        raise ShapeError(
            f"{owner} was given edges of shape {tuple(edges.shape)}.",
            "Give whole numbers of shape (2, E): sources in the first row, targets in the second"
            + ("; try edges.T." if edges.dim() == 2 and edges.shape[1] == 2 else "."),
        )
    check_whole(edges, owner, like, "edges", below=len(x))


def check_edge_weight(weight: Tensor, edges: Tensor, owner: str, like: Tensor) -> Tensor:
    """Return the weights (E,) of the edges if they are finite and not negative, else refuse them."""
    check_floats(weight, owner, like, "edge_weight")
    if weight.shape != edges.shape[1:]:
        raise ShapeError(
            f"{owner} was given edge_weight of shape {tuple(weight.shape)} for {edges.shape[1]} edges.",
            f"Give one weight an edge: shape ({edges.shape[1]},).",
        )
    if not bool(((weight >= 0) & weight.isfinite()).all()):
        raise RecdropError(
            f"{owner} was given an edge_weight that is negative or not finite; expected weights >= 0. "
            "The normalisation divides by the root of their sum."
        )
    return weight


def with_self_loops(edges: Tensor, nodes: int) -> Tensor:
    """Return the edges (2, E') with exactly one self-loop a node, at the end, as PyG adds them."""
    loops = torch.arange(nodes, device=edges.device).expand(2, nodes)  # (2, N)
    return torch.cat([edges[:, edges[0] != edges[1]], loops], dim=1)


def weights_with_self_loops(edges: Tensor, weight: Tensor, nodes: int) -> Tensor:
    """Return the weights (E',) of `with_self_loops(edges, nodes)`: a self-loop that is given keeps its own.

    A self-loop that is added weighs 1. If a self-loop is given twice, the last one counts.
    """
    is_loop = edges[0] == edges[1]
    loops = weight.new_ones(nodes).index_put((edges[0][is_loop],), weight[is_loop])  # (N,)
    return torch.cat([weight[~is_loop], loops])


def symmetric_normalisation(edges: Tensor, weight: Tensor, nodes: int) -> Tensor:
    """Return each edge's weight in a graph convolution; a node that nothing reaches sends with weight 0.

    Shapes: edges (2, E), weight (E,) → (E,).
    Equation: ã_uv = w_uv / √(d_u d_v), d_v = Σ_u w_uv.
    Source: Kipf & Welling 2017, equation 2.
    """
    source, target = edges
    degree = weight.new_zeros(nodes).index_add(0, target, weight)  # (N,)
    root = torch.where(degree > 0, degree, 1).rsqrt() * (degree > 0)
    return root[source] * weight * root[target]


def remove_edges(
    edges: Tensor, p: float, *, training: bool, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Remove each edge with probability p; what is left is not scaled. DropEdge as its authors run it.

    A layer that gets these edges adds its self-loops and normalises anew, so the mean of its output changes;
    `variants.drop_edge` masks the messages of a fixed normalisation and keeps the mean.
    Shapes: edges (2, E) → the edges that are left (2, E'), and which they are, bool (E,).
    `training`: must be given. PyG's `dropout_edge` takes True if it is not told, also in evaluation.
    Raises `DropError` for p outside [0, 1).
    Source: Rong et al. 2020, section 3.1.
    """
    count = check_tensor(edges, "remove_edges", "edges").shape[-1]
    if not training:
        return edges, edges.new_ones(count, dtype=torch.bool)
    kept = binary(p, (count,), generator=generator).bool().to(edges.device)  # (E,)
    return edges[:, kept], kept
