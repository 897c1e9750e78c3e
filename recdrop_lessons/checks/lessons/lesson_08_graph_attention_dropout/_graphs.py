"""Graphs that tell an answer's mistakes apart, for the parts of lesson 08."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from recdrop_lessons.checks.draw import Draw

EXTREME = 1e4


def random_edges(draw: Draw, nodes: int, count: int) -> Tensor:
    """`count` ≥ 4 edges (2, E) in no order: some node has two sources or more, some node no incoming edge."""
    order = torch.randperm(nodes, generator=draw.torch)
    targets = order[: max(1, nodes - 1)]  # the rest has no incoming edge
    pick = torch.randint(len(targets), (count,), generator=draw.torch)
    target = targets[pick]
    source = torch.randint(nodes, (count,), generator=draw.torch)
    if nodes >= 3:
        # Two sources of one target, and an edge of one of them to another target.
        source[:3] = torch.stack([order[1], order[2], order[1]])
        target[:3] = torch.stack([order[0], order[0], order[1]])
    shuffled = torch.randperm(count, generator=draw.torch)
    return torch.stack([source, target])[:, shuffled]


def graphs(draw: Draw) -> Iterator[tuple[str, int, int, Tensor]]:
    """What is special, the number of nodes, that of features, and the edges."""
    N, features = draw.integer(5, 7), draw.integer(2, 4)
    E = draw.integer(8, 12)
    for _ in range(2):
        yield f"N={N}, F={features}, E={E}", N, features, random_edges(draw, N, E)
    edges = random_edges(draw, N, E)
    again = torch.randint(E, (3,), generator=draw.torch)
    again[0] = int((edges[0] != edges[1]).nonzero()[0])  # one that is no loop
    yield "edges that repeat", N, features, torch.cat([edges, edges[:, again]], dim=1)
    into_one = edges.clone()
    into_one[1] = draw.integer(0, N - 1)
    yield "all edges into one node", N, features, into_one
    loops = torch.arange(N).expand(2, N)
    yield "a self-loop at each node", N, features, torch.cat([loops, edges], dim=1)
    yield "the last node without any edge", N, features, random_edges(draw, N - 1, E)
    # The number of nodes is that of h: the edges tell it neither by their sources nor by their targets.
    lowest = edges % (N - 1)  # nodes 0 … N-2
    into_last, from_last = torch.tensor([[0, 1], [N - 1, N - 1]]), torch.tensor([[N - 1, N - 1], [0, 1]])
    yield "the last node has no outgoing edge", N, features, torch.cat([lowest, into_last], dim=1)
    yield "the last node has no incoming edge", N, features, torch.cat([lowest, from_last], dim=1)
    yield "the first node without any edge", N, features, 1 + lowest
    yield "E=1", N, features, torch.tensor([[2], [1]])
    yield "E=2", N, features, edges[:, :2]
    yield "N=1, E=3", 1, features, torch.zeros(2, 3, dtype=torch.int64)
    yield "F=1", N, 1, random_edges(draw, N, E)
    yield "N=4, F=4, E=4", 4, 4, random_edges(draw, 4, 4)


def extreme_graph(draw: Draw, a_src: Tensor) -> tuple[Tensor, Tensor]:
    """Features (N, F') and edges whose logits are ±1e4 and -5e3; one node receives low ones alone.

    The logits into a node are far apart, so that its coefficients are 0 or 1 and no rounding shows.
    """
    levels = torch.tensor([0.0, 0.0, 1.0, 0.5, -0.5, -1.0], dtype=torch.float64) * EXTREME
    h = draw.normal(6, len(a_src)) + levels[:, None] * a_src / (a_src @ a_src)
    edges = torch.tensor([[2, 3, 4, 5, 4, 5], [0, 0, 0, 0, 1, 1]])
    return h, edges[:, torch.randperm(6, generator=draw.torch)]


def away_from_zero(draw: Draw, *shape: int) -> Tensor:
    values = draw.normal(*shape)
    return values + 0.3 * values.sign()
