"""Recorded passes of one GAT layer, without dropout and with dropout at one site, for 8.5."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.lessons.lesson_08_graph_attention_dropout._graphs import (
    away_from_zero,
    extreme_graph,
    random_edges,
)
from recdrop_lessons.checks.lessons.lesson_08_graph_attention_dropout.attention_coefficients import (
    attention_coefficients,
)

SITES = ("features", "attention", "projected", "none")
Pass = dict[str, Tensor]
_SEEN = 1e-3  # by so much a mask must change something, or the inputs are drawn again


@dataclass(frozen=True)
class GatWeights:
    """W (F', F), a_src and a_dst (F',), and the slope of the leaky ReLU."""

    W: Tensor
    a_src: Tensor
    a_dst: Tensor
    slope: float


def record(
    x: Tensor, edges: Tensor, weights: GatWeights, site: str = "none", m: Tensor | None = None
) -> Pass:
    """alpha (E,), as it is used, and y (N, F') of a GAT layer on x (N, F), with a mask at one site."""

    def masked(value: Tensor, its: str) -> Tensor:
        return value * m if site == its and m is not None else value

    z = masked(x, "features") @ weights.W.T  # (N, F')
    alpha = masked(attention_coefficients(z, edges, weights.a_src, weights.a_dst, weights.slope), "attention")
    # y_v = Σ α_uv z_u
    messages = alpha[:, None] * masked(z, "projected")[edges[0]]  # (E, F')
    return {"alpha": alpha, "y": torch.zeros_like(z).index_add(0, edges[1], messages)}


def graph_cases(draw: Draw) -> Iterator[Case]:
    """Every site on every graph; then coefficients that are 0 without a mask, and drops that a sum hides."""
    N, F, P = draw.sizes(3, 3, 8)
    graphs = {
        "random edges": (N, F, P, random_edges(draw, N, 3 * N)),
        "nodes without edges": (N + 4, F, P, random_edges(draw, N, 2 * N)),
        "many edges": (12, F, P, random_edges(draw, 12, 200)),
        "one feature": (N, 1, 1, random_edges(draw, N, 3 * N)),
        "four of all": (4, 4, 4, random_edges(draw, 4, 4)),
        "repeated edges": (3, F, P, torch.tensor([[0, 0, 1, 2, 1, 1], [2, 2, 2, 0, 1, 1]])),
    }
    for label, (nodes, features, projected, edges) in graphs.items():
        for k in torch.randperm(len(SITES), generator=draw.torch).tolist():
            plain, dropped = _both(draw, SITES[k], nodes, features, projected, edges)
            yield _case(label, plain, dropped, edges, nodes)
    yield from _with_zeros(draw)
    yield from _whole_masks(draw)
    yield _hidden_drop(draw)
    yield _balanced_sources(draw)


def _case(label: str, plain: Pass, dropped: Pass, edges: Tensor, nodes: int) -> Case:
    given = {"plain": plain, "dropped": dropped, "edges": edges, "nodes": nodes}
    return Case(f"{label}: {nodes} nodes, {edges.shape[1]} edges", given)


def _weights(draw: Draw, features: int, projected: int) -> GatWeights:
    return GatWeights(
        away_from_zero(draw, projected, features),
        away_from_zero(draw, projected),
        away_from_zero(draw, projected),
        draw.uniform(0.2, 0.4),
    )


def _both(
    draw: Draw, site: str, nodes: int, features: int, projected: int, edges: Tensor
) -> tuple[Pass, Pass]:
    """The two passes; what tells the site must be seen, or they are drawn again."""
    sizes = {"features": (nodes, features), "attention": (edges.shape[1],), "projected": (nodes, projected)}
    while True:
        x, weights = away_from_zero(draw, nodes, features), _weights(draw, features, projected)
        m = draw.mask(*sizes.get(site, (nodes,)), p=draw.uniform(0.2, 0.7))
        plain, dropped = record(x, edges, weights), record(x, edges, weights, site, m)
        if site == "none" or _seen(site, plain, dropped, edges, nodes):
            return plain, dropped


def _seen(site: str, plain: Pass, dropped: Pass, edges: Tensor, nodes: int) -> bool:
    if site == "projected":
        return bool((plain["y"] - dropped["y"]).abs().max() > _SEEN)
    if site == "features":
        return bool((plain["alpha"] - dropped["alpha"]).abs().max() > _SEEN)
    sums = plain["alpha"].new_zeros(nodes).index_add(0, edges[1], dropped["alpha"])
    heard = torch.bincount(edges[1], minlength=nodes) > 0
    return bool((sums[heard] - 1).abs().max() > _SEEN)


def _with_zeros(draw: Draw) -> Iterator[Case]:
    """Logits so far apart that coefficients are exactly 0 in either pass, at every site."""
    for k in torch.randperm(len(SITES), generator=draw.torch).tolist():
        site = SITES[k]
        while True:
            a_src = away_from_zero(draw, 3)
            a_dst = 1e-3 * away_from_zero(draw, 3)
            weights = GatWeights(torch.eye(3).double(), a_src, a_dst, draw.uniform(0.2, 0.4))
            x, edges = extreme_graph(draw, a_src)
            sizes = {"features": (6, 3), "attention": (6,), "projected": (6, 3)}
            m = draw.mask(*sizes.get(site, (6,)), p=draw.uniform(0.2, 0.7))
            plain, dropped = record(x, edges, weights), record(x, edges, weights, site, m)
            zeros = bool((plain["alpha"] == 0).any() & (dropped["alpha"] == 0).any())
            if zeros and (site == "none" or _seen(site, plain, dropped, edges, 6)):
                break
        yield _case("coefficients of 0", plain, dropped, edges, 6)


def _whole_masks(draw: Draw) -> Iterator[Case]:
    """A mask that drops every edge, and one that drops none and scales them all."""
    edges, weights = random_edges(draw, 5, 8), _weights(draw, 3, 2)
    x = away_from_zero(draw, 5, 3)
    for scale in (0.0, 1 / (1 - draw.uniform(0.2, 0.6))):
        dropped = record(x, edges, weights, "attention", torch.full((8,), scale).double())
        yield _case("a small graph", record(x, edges, weights), dropped, edges, 5)


def _hidden_drop(draw: Draw) -> Case:
    """Into node 0 one of two equal coefficients is dropped at p = 0.5: the sum is 1 there alone."""
    edges = torch.tensor([[1, 1, 0, 2, 1], [0, 0, 1, 1, 2]])
    weights, x = _weights(draw, 3, 2), away_from_zero(draw, 4, 3)
    m = torch.tensor([2.0, 0.0, 2.0, 2.0, 0.0]).double()
    return _case(
        "repeated edges", record(x, edges, weights), record(x, edges, weights, "attention", m), edges, 4
    )


def _balanced_sources(draw: Draw) -> Case:
    """Two nodes alike into a third, both kept at p = 0.5: what leaves a node sums to 1, what enters to 2."""
    edges, weights = torch.tensor([[0, 1], [2, 2]]), _weights(draw, 3, 2)
    x = away_from_zero(draw, 3, 3)
    x[1] = x[0]
    dropped = record(x, edges, weights, "attention", torch.full((2,), 2.0).double())
    return _case("two edges into one node", record(x, edges, weights), dropped, edges, 3)
