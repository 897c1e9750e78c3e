"""Recorded passes of one graph convolution, without dropout and with one kind of it, for 12.2."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw

KINDS = ("message", "edge", "node", "feature", "removed", "none")
Answer = Callable[..., str]


def convolved(z: Tensor, edges: Tensor, left: Tensor, mask: Tensor | None = None) -> Tensor:
    """y_v = Σ_u m_uv ã_uv z_u over the edges that are `left` (E,), ã_uv = 1/√(d_u d_v) of those: (N, F')."""
    source, target = edges
    degree = z.new_zeros(len(z)).index_add(0, target, left.to(z))  # (N,)
    root = torch.where(degree > 0, degree, 1).rsqrt() * (degree > 0)
    messages = (root[source] * root[target] * left)[:, None] * z[source]  # (E, F')
    return torch.zeros_like(z).index_add(0, target, messages if mask is None else mask * messages)


def dropped(draw: Draw, kind: str, z: Tensor, edges: Tensor) -> Tensor:
    """The output of a pass with one kind of dropout: (N, F')."""
    nodes, features, count = len(z), z.shape[1], edges.shape[1]
    p, whole = draw.uniform(0.2, 0.7), torch.ones(count, dtype=torch.bool)
    if kind == "none":
        return convolved(z, edges, whole)
    if kind == "removed":
        return convolved(z, edges, draw.mask(count, p=p) > 0)
    rows = nodes if kind in ("node", "feature") else count
    mask = draw.mask(rows, features if kind in ("message", "feature") else 1, p=p)
    return convolved(z, edges, whole, mask[edges[0]] if rows == nodes else mask)


def _graph(draw: Draw, core: int, leaves: int) -> tuple[int, Tensor]:
    """Nodes that send to each other, leaves with one edge from three of them, and two that hear nothing."""
    ring = torch.arange(core)
    chords = torch.stack([ring, (ring + 2) % core])
    senders = torch.randint(0, 3, (leaves,), generator=draw.torch)
    senders[:6] = torch.tensor([0, 0, 0, 1, 1, 1])  # two nodes that send to three leaves or more
    to_leaves = torch.stack([senders, core + torch.arange(leaves)])
    edges = torch.cat([torch.stack([ring, (ring + 1) % core]), chords, to_leaves], dim=1)
    nodes = core + leaves + 2
    edges = torch.randperm(nodes, generator=draw.torch)[edges]
    return nodes, edges[:, torch.randperm(edges.shape[1], generator=draw.torch)]


def conv_cases(draw: Draw, right: Answer) -> Iterator[Case]:
    """Every kind on every graph, drawn again until what the docstring promises is seen in it."""
    F = draw.integer(3, 5)
    graphs = {"a graph": (5, 9, F), "another graph": (5, 9, F), "many leaves": (6, 40, 2)}
    for label, (core, leaves, features) in graphs.items():
        for k in torch.randperm(len(KINDS), generator=draw.torch).tolist():
            while True:
                nodes, edges = _graph(draw, core, leaves)
                z = draw.normal(nodes, features)
                z = z + 0.3 * z.sign()  # away from zero
                plain = convolved(z, edges, torch.ones(edges.shape[1], dtype=torch.bool))
                y = dropped(draw, KINDS[k], z, edges)
                incoming = torch.bincount(edges[1], minlength=nodes)
                given = {"y_plain": plain, "y_dropped": y, "edges": edges}
                away_from_zero = bool((plain[incoming > 0].abs() > 1e-2).all())
                if away_from_zero and bool(y[incoming == 1].any()) and right(**given) == KINDS[k]:
                    break
            yield Case(f"{label}: {nodes} nodes, {edges.shape[1]} edges", given)
