"""Graph convolution as a sum of messages, and dropout of those messages.

An edge u → v carries ã_uv W x_u, a number for each feature. DropMessage, DropEdge and DropNode mask these
numbers and differ only in which of them share one draw.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from recdrop_lessons.algebra.drops import Drop, Masks, check_sites
from recdrop_lessons.algebra.sites import sites_of
from recdrop_lessons.layers.cells import affine
from recdrop_lessons.layers.edges import (
    check_edge_weight,
    check_graph,
    symmetric_normalisation,
    weights_with_self_loops,
    with_self_loops,
)
from recdrop_lessons.layers.tensors import check_is_tensor
from recdrop_lessons.support.errors import DropError, MaskError


class GraphConv(nn.Module):
    """Graph convolution with the symmetric normalisation of Kipf and Welling.

    Shapes: x (N, F), edges (2, E) of source and target, edge_weight (E,) → (N, F'). Parameters: weight
        (F', F), bias (F',).
    Equation: z = W (m_x∘x); y_v = Σ_u m_uv ∘ (ã_uv z_u) + b, ã_uv = w_uv / √(d_u d_v), d_v = Σ_u w_uv. With
        `add_self_loops=True` the sums include u = v, with weight 1 if the edge is not given.
    Sites: "input" m_x (N, F); "message" m_uv (E', F'), one row an edge with the self-loops at the end (see
        `edges_with_loops`), or (E', 1) if the features share a draw.
    `drops`: such as `variants.drop_edge(0.2)`. Self-loops are messages too, and are dropped like the others.
    Raises `DropError`, `MaskError`, `ShapeError` or `RecdropError`; each says what to change.
    Source: Kipf & Welling 2017.
    """

    sites = sites_of("GraphConv")

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        add_self_loops: bool = True,
        drops: Iterable[Drop] = (),
    ) -> None:
        super().__init__()
        self.drops = check_sites(drops, self.sites, "GraphConv")
        if any(drop.per_gate for drop in self.drops):
            raise DropError("per_gate=True was given; a GraphConv has no gates and no heads. Leave it out.")
        self.in_features, self.out_features = in_features, out_features
        self.add_self_loops = add_self_loops
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        self.bias = nn.Parameter(torch.zeros(out_features))
        nn.init.xavier_uniform_(self.weight)

    def edges_with_loops(self, edges: Tensor, nodes: int) -> Tensor:
        """Return the edges that the layer works on: (2, E) as given, or with self-loops added."""
        return with_self_loops(edges, nodes) if self.add_self_loops else edges

    def _mask_shapes(self, nodes: int, edges: int) -> dict[str, tuple[int, int]]:
        return {"input": (nodes, self.in_features), "message": (edges, self.out_features)}

    def sample_masks(
        self, nodes: int, edges: Tensor, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Draw the masks of one pass; `edges` (2, E') includes the self-loops (see `edges_with_loops`)."""
        shapes, masks = self._mask_shapes(nodes, edges.shape[1]), {}
        for drop in self.drops:
            rows, columns = shapes[drop.site]
            rows = 1 if "batch" in drop.shared else nodes if "source" in drop.shared else rows
            columns = 1 if "features" in drop.shared else columns
            mask = drop.sample((rows, columns), generator=generator).to(self.weight)
            # all messages of one node have the node's draw
            masks[str(drop.site)] = mask[edges[0]] if "source" in drop.shared else mask
        return masks

    def _masks(self, nodes: int, edges: Tensor, generator: torch.Generator | None) -> dict[str, Tensor]:
        """The masks of a pass that is given none: drawn in training, else the mean of each that is not 1."""
        if self.training:
            return self.sample_masks(nodes, edges, generator=generator)
        return {str(d.site): self.weight.new_full((1, 1), d.mean) for d in self.drops if d.mean != 1}

    def _check_masks(self, masks: Masks, nodes: int, edges: int) -> None:
        shapes = self._mask_shapes(nodes, edges)
        for site, mask in masks.items():
            if site not in shapes:
                raise MaskError(f"GraphConv has no site {site!r}. It has {', '.join(map(repr, self.sites))}.")
            check_is_tensor(site, mask)
            wanted = shapes[site]
            if mask.dim() != 2 or any(
                have not in (1, want) for have, want in zip(mask.shape, wanted, strict=True)
            ):
                raise MaskError(
                    f"The mask {site!r} has shape {tuple(mask.shape)}; expected {wanted}, "
                    "or 1 on an axis that shares its draw."
                )
        missing = [drop.site for drop in self.drops if drop.p > 0 and drop.site not in masks]
        if missing:
            raise MaskError(
                f"masks lacks {', '.join(map(repr, missing))}; give every mask of sample_masks(nodes, edges)."
            )

    def forward(
        self,
        x: Tensor,
        edges: Tensor,
        edge_weight: Tensor | None = None,
        *,
        masks: Masks | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Send x (N, F) along the edges (2, E): with `masks` those, else new ones in training only."""
        check_graph(x, edges, "GraphConv", self.in_features, self.out_features, self.weight)
        nodes, edges = len(x), edges.long()
        weight = x.new_ones(edges.shape[1])  # (E,)
        if edge_weight is not None:
            weight = check_edge_weight(edge_weight, edges, "GraphConv", self.weight)
        if self.add_self_loops:
            weight, edges = weights_with_self_loops(edges, weight, nodes), with_self_loops(edges, nodes)
        if masks is not None:
            self._check_masks(masks, nodes, edges.shape[1])
            masks = {site: mask.to(self.weight) for site, mask in masks.items()}
        else:
            masks = self._masks(nodes, edges, generator)
        source, target = edges
        # z = W (m_x∘x)
        z = affine(x, self.weight, masks.get("input"))  # (N, F')
        # the message of the edge u → v: ã_uv z_u
        message = symmetric_normalisation(edges, weight, nodes).unsqueeze(1) * z[source]  # (E', F')
        if "message" in masks:
            message = message * masks["message"]
        # y_v = Σ_u m_uv ∘ (ã_uv z_u) + b
        return torch.zeros_like(z).index_add(0, target, message) + self.bias  # (N, F')

    def extra_repr(self) -> str:
        drops = f", drops={list(self.drops)}" if self.drops else ""
        return f"{self.in_features}, {self.out_features}{drops}"
