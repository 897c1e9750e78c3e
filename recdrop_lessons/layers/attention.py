"""Graph attention with its three dropout sites, each by its own name.

`GATConv(dropout=p)` drops attention coefficients; `F.dropout(x)` before the layer drops node features; the
authors' own code drops the projected features too. Three sites, three rates.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recdrop_lessons.algebra.drops import Drop, Masks, check_sites
from recdrop_lessons.algebra.sites import site_named, sites_of
from recdrop_lessons.layers.cells import affine
from recdrop_lessons.layers.edges import check_graph, with_self_loops
from recdrop_lessons.layers.tensors import check_is_tensor
from recdrop_lessons.support.errors import DropError, MaskError


def softmax_over_incoming(logits: Tensor, targets: Tensor, nodes: int) -> Tensor:
    """Return the softmax of each target's incoming edges.

    Shapes: logits (E, K), targets (E,) → (E, K).
    Equation: α_e = exp(l_e - max) / Σ_{e' into the same target} exp(l_{e'} - max); the max keeps it finite.
    """
    index = targets.unsqueeze(1).expand_as(logits)  # (E, K)
    highest = logits.new_full((nodes, logits.shape[1]), -math.inf).scatter_reduce(0, index, logits, "amax")
    exps = (logits - highest.detach()[targets]).exp()  # (E, K)
    sums = torch.zeros_like(highest).index_add(0, targets, exps)  # (N, K)
    return exps / sums[targets]


class GATConv(nn.Module):
    """Graph attention, K heads.

    Shapes: x (N, F), edges (2, E) of source and target → (N, K·F'), or with `concat=False` the mean of the
        heads (N, F'). Parameters: weight (K·F', F), a_src and a_dst (K, F'), bias.
    Equation: z = W (m_x∘x); e_uv = leakyReLU(a_src·z_u + a_dst·z_v); α = softmax over the edges into v;
        y_v = Σ_u (m_α∘α)_uv (m_z∘z_u) + b. The dropped coefficients are not renormalised.
    Sites: "input" m_x (N, F), or (N, K, F) for a mask of its own in each head (`per_gate=True`: a head is a
        gate here); "attention" m_α (E, K), with self-loops; "projected" m_z (N, K·F') at the source, after
        the coefficients are computed.
    `dropout`: PyG's argument, which is `Drop("attention", p)`. `drops`: any of the three.
    Raises `DropError`, `MaskError`, `ShapeError` or `RecdropError`; each says what to change.
    Source: Veličković et al. 2018; dropout sites as in the authors' code.
    """

    sites = sites_of("GATConv")

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        heads: int = 1,
        concat: bool = True,
        slope: float = 0.2,
        add_self_loops: bool = True,
        dropout: float = 0.0,
        drops: Iterable[Drop] = (),
    ) -> None:
        super().__init__()
        drops = (drops,) if isinstance(drops, Drop) else tuple(drops)
        if dropout and drops:
            raise DropError(
                'dropout= was given together with drops=; write dropout as Drop("attention", p) among them.'
            )
        self.drops = check_sites((Drop("attention", dropout),) if dropout else drops, self.sites, "GATConv")
        self.in_features, self.out_features, self.heads = in_features, out_features, heads
        self.concat, self.slope, self.add_self_loops = concat, slope, add_self_loops
        self.weight = nn.Parameter(torch.empty(heads * out_features, in_features))
        self.a_src = nn.Parameter(torch.empty(heads, out_features))
        self.a_dst = nn.Parameter(torch.empty(heads, out_features))
        self.bias = nn.Parameter(torch.zeros(heads * out_features if concat else out_features))
        for parameter in (self.weight, self.a_src, self.a_dst):
            nn.init.xavier_uniform_(parameter)

    def edges_with_loops(self, edges: Tensor, nodes: int) -> Tensor:
        """Return the edges that the layer works on: (2, E) as given, or with self-loops added."""
        return with_self_loops(edges, nodes) if self.add_self_loops else edges

    def _mask_shapes(self, nodes: int, edges: int) -> dict[str, tuple[int, ...]]:
        return {
            "input": (nodes, self.in_features),
            "attention": (edges, self.heads),
            "projected": (nodes, self.heads * self.out_features),
        }

    def sample_masks(
        self, nodes: int, edges: int, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Draw the masks of one pass; `edges` counts the self-loops too (see `edges_with_loops`)."""
        shapes, masks = self._mask_shapes(nodes, edges), {}
        for drop in self.drops:
            rows, columns = shapes[drop.site]
            rows = 1 if "batch" in drop.shared else rows
            columns = 1 if "features" in drop.shared else columns
            shape = (rows, self.heads, columns) if drop.per_gate else (rows, columns)
            masks[str(drop.site)] = drop.sample(shape, generator=generator).to(self.weight)
        return masks

    def _masks(self, nodes: int, edges: int, generator: torch.Generator | None) -> dict[str, Tensor]:
        """The masks of a pass that is given none: drawn in training, else the mean of each that is not 1."""
        if self.training:
            return self.sample_masks(nodes, edges, generator=generator)
        return {str(d.site): self.weight.new_full((1, 1), d.mean) for d in self.drops if d.mean != 1}

    def _check_masks(self, masks: Masks, nodes: int, edges: int) -> None:
        shapes = self._mask_shapes(nodes, edges)
        for site, mask in masks.items():
            if site not in shapes:
                raise MaskError(f"GATConv has no site {site!r}. It has {', '.join(map(repr, self.sites))}.")
            check_is_tensor(site, mask)
            rows, columns = shapes[site]
            per_head = site_named(site).per_gate and mask.dim() == 3
            expected = (rows, self.heads, columns) if per_head else (rows, columns)
            # An axis of length 1 shares its draw, except the heads', which must all be there.
            fits = mask.dim() == len(expected) and all(
                have == want or (have == 1 and not (per_head and axis == 1))
                for axis, (have, want) in enumerate(zip(mask.shape, expected, strict=True))
            )
            if not fits:
                raise MaskError(
                    f"The mask {site!r} has shape {tuple(mask.shape)}; expected {expected}, "
                    "or 1 on an axis that shares its draw."
                )
        missing = [drop.site for drop in self.drops if drop.p > 0 and drop.site not in masks]
        if missing:
            raise MaskError(
                f"masks lacks {', '.join(map(repr, missing))}; give every mask of sample_masks(nodes, edges)."
            )

    def attention(self, z: Tensor, edges: Tensor) -> Tensor:
        """Return the coefficients α (E, K) from projected features z (N, K, F')."""
        source, target = edges
        # e_uv = leakyReLU(a_src·z_u + a_dst·z_v)
        logits = F.leaky_relu((z * self.a_src).sum(-1)[source] + (z * self.a_dst).sum(-1)[target], self.slope)
        return softmax_over_incoming(logits, target, len(z))  # (E, K)

    def forward(
        self,
        x: Tensor,
        edges: Tensor,
        *,
        masks: Masks | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Send x (N, F) along the edges (2, E): with `masks` those, else new ones in training only."""
        check_graph(x, edges, "GATConv", self.in_features, self.out_features, self.weight)
        nodes = len(x)
        edges = self.edges_with_loops(edges.long(), nodes)
        if masks is not None:
            self._check_masks(masks, nodes, edges.shape[1])
            masks = {site: mask.to(self.weight) for site, mask in masks.items()}
        else:
            masks = self._masks(nodes, edges.shape[1], generator)
        # z = W (m_x∘x)
        z = affine(x, self.weight, masks.get("input")).unflatten(1, (self.heads, -1))  # (N, K, F')
        alpha = self.attention(z, edges)  # (E, K)
        if "attention" in masks:
            alpha = alpha * masks["attention"]
        if "projected" in masks:
            z = z * masks["projected"].expand(nodes, self.heads * self.out_features).view_as(z)
        # y_v = Σ_u α_uv z_u
        source, target = edges
        y = torch.zeros_like(z).index_add(0, target, alpha.unsqueeze(-1) * z[source])  # (N, K, F')
        return (y.flatten(1) if self.concat else y.mean(1)) + self.bias

    def extra_repr(self) -> str:
        drops = f", drops={list(self.drops)}" if self.drops else ""
        return f"{self.in_features}, {self.out_features}, heads={self.heads}{drops}"
