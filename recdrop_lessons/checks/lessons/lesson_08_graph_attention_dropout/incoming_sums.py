"""8.3 What a node receives in all."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lessons.lesson_08_graph_attention_dropout._graphs import graphs, random_edges
from recdrop_lessons.checks.lessons.lesson_08_graph_attention_dropout._shared import (
    renormalised,
    renormalised_safely,
)
from recdrop_lessons.checks.lessons.lesson_08_graph_attention_dropout.attention_coefficients import (
    DIRECTION,
    softmax_within,
)
from recdrop_lessons.checks.misconceptions import Misconception


def incoming_sums(alpha: Tensor, edges: Tensor, m_alpha: Tensor, nodes: int) -> Tensor:
    """The sum of the dropped coefficients that enter each node.

    Args:
        alpha: the coefficients, (E,).
        edges: source and target of each edge, int64, (2, E).
        m_alpha: the mask of the coefficients, (E,), scaled.
        nodes: the number of nodes N, an int; some may have no edge.

    Returns:
        The sums, (N,); zero for a node without incoming edges.
    """
    # s_v = Σ over the edges into v of α∘m
    return alpha.new_zeros(nodes).index_add(0, edges[1], alpha * m_alpha)  # (N,)


def _last_one(alpha: Tensor, edges: Tensor, m_alpha: Tensor, nodes: int) -> Tensor:
    sums = alpha.new_zeros(nodes)
    sums[edges[1]] = alpha * m_alpha
    return sums


def _mean_of_edges(alpha: Tensor, edges: Tensor, m_alpha: Tensor, nodes: int) -> Tensor:
    count = torch.bincount(edges[1], minlength=nodes)
    return incoming_sums(alpha, edges, m_alpha, nodes) / count.clamp(min=1)


def _largest_of_edges(alpha: Tensor, edges: Tensor, m_alpha: Tensor, nodes: int) -> Tensor:
    return alpha.new_zeros(nodes).scatter_reduce(0, edges[1], alpha * m_alpha, "amax")


MISCONCEPTIONS = (
    DIRECTION.shown_by(
        lambda alpha, edges, m_alpha, nodes: incoming_sums(alpha, edges.flip(0), m_alpha, nodes),
    ),
    Misconception(
        "attention-mask-forgotten",
        "You sum the coefficients as they were before the drop. The mask is part of the sum, and that is the "
        "point: after it they no longer sum to 1.",
        "Search your function for m_alpha. Is it in the sum?",
        lambda alpha, edges, m_alpha, nodes: incoming_sums(alpha, edges, torch.ones_like(m_alpha), nodes),
    ),
    Misconception(
        "attention-renormalised",
        "You renormalise: your sums are 1 wherever an edge is left. Dropped coefficients stay as they are, "
        "so the sum of a node may be more or less than 1.",
        "Drop one of two edges into a node. Should the sum go back to 1?",
        lambda alpha, edges, m_alpha, nodes: incoming_sums(
            renormalised_safely(alpha, m_alpha, edges[1]), edges, torch.ones_like(alpha), nodes
        ),
        lambda alpha, edges, m_alpha, nodes: incoming_sums(
            renormalised(alpha, m_alpha, edges[1]), edges, torch.ones_like(alpha), nodes
        ),
    ),
    Misconception(
        "no-rescale",
        "You use the mask as yes or no. It is scaled already: multiply by it as it is.",
        "Print the mask. Which values does it hold, and what do you do with the larger one?",
        lambda alpha, edges, m_alpha, nodes: incoming_sums(
            alpha, edges, (m_alpha > 0).to(alpha.dtype), nodes
        ),
    ),
    Misconception(
        "sums-overwritten",
        "Of several edges into one node only one is left: `s[target] = …` and `s[target] += …` write each "
        "place once. `index_add` adds them all.",
        "Run `s = torch.zeros(2); s[torch.tensor([0, 0])] += 1` and look at s.",
        _last_one,
    ),
    Misconception(
        "nodes-from-edges",
        "You take the length of your result from the edges. A node may have no edge at all, so the "
        "length comes from `nodes`.",
        "Call your function with `nodes` one larger. Is the result longer?",
        lambda alpha, edges, m_alpha, nodes: incoming_sums(alpha, edges, m_alpha, int(edges.max()) + 1),
        lambda alpha, edges, m_alpha, nodes: incoming_sums(alpha, edges, m_alpha, int(edges[1].max()) + 1),
        lambda alpha, edges, m_alpha, nodes: incoming_sums(alpha, edges, m_alpha, nodes)[edges[1].unique()],
        lambda alpha, edges, m_alpha, nodes: incoming_sums(alpha, edges, m_alpha, nodes)[edges.unique()],
    ),
    Misconception(
        "mean-for-sum",
        "You take the mean over a node's incoming edges. Return their sum.",
        "Put the same edge in twice. Should the value of its target stay, or grow?",
        _mean_of_edges,
    ),
    Misconception(
        "maximum-for-sum",
        "You keep the largest of a node's incoming coefficients. Return their sum.",
        "Two edges of 0.5 enter a node. What should come out?",
        _largest_of_edges,
    ),
    Misconception(
        "both-ends",
        "You add each edge at its source and at its target. An edge enters one node, its target.",
        "How many nodes does one edge enter?",
        lambda alpha, edges, m_alpha, nodes: (
            incoming_sums(alpha, edges, m_alpha, nodes) + incoming_sums(alpha, edges.flip(0), m_alpha, nodes)
        ),
    ),
    Misconception(
        "self-loops-added",
        "You add a self-loop to each node. Here the edges are what they are.",
        "Call your function with a single edge from 0 to 1. What should node 0 get?",
        lambda alpha, edges, m_alpha, nodes: incoming_sums(alpha, edges, m_alpha, nodes) + 1,
    ),
    Misconception(
        "edges-counted",
        "You add up the mask alone. What is summed is the coefficient of each edge times its mask.",
        "Set a coefficient to 0. What should its edge add to the sum?",
        lambda alpha, edges, m_alpha, nodes: incoming_sums(torch.ones_like(alpha), edges, m_alpha, nodes),
        lambda alpha, edges, m_alpha, nodes: incoming_sums(
            torch.ones_like(alpha), edges, (m_alpha > 0).to(alpha.dtype), nodes
        ),
    ),
    Misconception(
        "isolated-node-kept",
        "A node without incoming edges gets something in your sums. Nothing enters it, so its sum is 0.",
        "Take a node that no edge enters. What is a sum of nothing?",
        lambda alpha, edges, m_alpha, nodes: (
            incoming_sums(alpha, edges, m_alpha, nodes) + (torch.bincount(edges[1], minlength=nodes) == 0)
        ),
        lambda alpha, edges, m_alpha, nodes: incoming_sums(alpha, edges, m_alpha, nodes).where(
            torch.bincount(edges[1], minlength=nodes) > 0, torch.nan
        ),
    ),
)


def sums_cases(draw: Draw) -> Iterator[Case]:
    for label, N, _, edges in graphs(draw):
        E = edges.shape[1]
        alpha = softmax_within(draw.normal(E), edges[1])
        given = {"alpha": alpha, "edges": edges, "m_alpha": draw.mask(E), "nodes": N}
        yield Case(label, given)
    edges = random_edges(draw, 5, 9)
    alpha = softmax_within(draw.normal(9), edges[1])
    given = {"alpha": alpha, "edges": edges, "m_alpha": draw.mask(9), "nodes": 8}
    yield Case("nodes without any edge", given)
    yield Case("all dropped", given | {"m_alpha": torch.zeros(9).double()})


PART = exact_part(
    "8.3",
    incoming_sums,
    points=10,
    hints=(
        "Each edge brings one number to one node. Which number, and to which of its two ends?",
        "The same sum as in the layer, with a 1 in place of each source's features. What becomes of a "
        "node without edges?",
        "Start from zeros for all nodes and add α∘m of each edge at its target. Several edges may enter "
        "one node, so plain indexing is not enough: `index_add` adds them all.",
    ),
    cases=sums_cases,
    outputs=("the sums",),
    gradients=("alpha",),
    misconceptions=MISCONCEPTIONS,
)
