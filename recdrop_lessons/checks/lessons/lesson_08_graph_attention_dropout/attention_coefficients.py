"""8.1 Attention coefficients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lessons.lesson_08_graph_attention_dropout._graphs import (
    EXTREME,
    away_from_zero,
    extreme_graph,
    graphs,
    random_edges,
)
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.recognise import Silent

Normalise = Callable[[Tensor, Tensor], Tensor]


def softmax_within(logits: Tensor, group: Tensor) -> Tensor:
    """The softmax over the edges that share a group: both (E,) → (E,)."""
    same = group[:, None] == group[None, :]  # (E, E)
    # α_e = exp(l_e - log Σ exp l), the sum over the edges of the same group
    return (logits - logits.expand_as(same).masked_fill(~same, -torch.inf).logsumexp(1)).exp()


def attention_coefficients(
    h: Tensor,
    edges: Tensor,
    a_src: Tensor,
    a_dst: Tensor,
    slope: float,
    *,
    activation: Callable[[Tensor, float], Tensor] = F.leaky_relu,
    normalise: Normalise = softmax_within,
    group: int = 1,
) -> Tensor:
    """The attention coefficient of each edge: a softmax over the edges with the same target.

    Args:
        h: the nodes' features, (N, F).
        edges: source and target of each edge, int64, (2, E).
        a_src: scores a node as a source, (F,).
        a_dst: scores a node as a target, (F,).
        slope: the leaky ReLU's slope below zero, a float between 0 and 1.

    Returns:
        The coefficients, (E,), in the order of the edges.
    """
    source, target = edges
    # e_uv = leakyReLU(a_src·h_u + a_dst·h_v)
    logits = activation((h @ a_src)[source] + (h @ a_dst)[target], slope)  # (E,)
    return normalise(logits, edges[group])


def naive(logits: Tensor, group: Tensor) -> Tensor:
    return logits.exp() / ((group[:, None] == group[None, :]) * logits.exp()[None, :]).sum(1)


def one_maximum(logits: Tensor, group: Tensor) -> Tensor:
    return naive(logits - logits.max(), group)


def _last_exp_for_sum(logits: Tensor, group: Tensor) -> Tensor:
    """s[target] = exp(l): of several edges into one node one is left in the denominator."""
    sums = logits.new_zeros(int(group.max()) + 1)
    sums[group] = logits.exp()
    return logits.exp() / sums[group]


def with_loops(edges: Tensor, nodes: int, instead: bool) -> Tensor:
    """A loop a node more; where `instead`, for those that were there."""
    edges = edges[:, edges[0] != edges[1]] if instead else edges
    return torch.cat([edges, torch.arange(nodes).expand(2, nodes)], dim=1)


def coefficients_with_loops(
    h: Tensor, edges: Tensor, a_src: Tensor, a_dst: Tensor, slope: float, *, instead: bool, cut: bool
) -> Tensor:
    alpha = attention_coefficients(h, with_loops(edges, len(h), instead), a_src, a_dst, slope)
    return alpha[: edges.shape[1]] if cut else alpha


def loops_removed(h: Tensor, edges: Tensor, a_src: Tensor, a_dst: Tensor, slope: float) -> Tensor:
    loop = edges[0] == edges[1]
    alpha = h.new_zeros(edges.shape[1])
    alpha[~loop] = attention_coefficients(h, edges[:, ~loop], a_src, a_dst, slope)
    return alpha


def merged(h: Tensor, edges: Tensor, a_src: Tensor, a_dst: Tensor, slope: float, share: bool) -> Tensor:
    """As with a matrix of nodes by nodes, where an edge that repeats is there once."""
    once, where, count = edges.unique(dim=1, return_inverse=True, return_counts=True)
    alpha = attention_coefficients(h, once, a_src, a_dst, slope)
    return (alpha / count if share else alpha)[where]


def each_end(h: Tensor, edges: Tensor, a_src: Tensor, a_dst: Tensor, slope: float) -> Tensor:
    source, target = edges
    logits = F.leaky_relu(h @ a_src, slope)[source] + F.leaky_relu(h @ a_dst, slope)[target]
    return softmax_within(logits, target)


DIRECTION = Misconception(
    "edge-direction",
    "You read the edges the other way round. edges[0] is where an edge comes from, edges[1] where it goes: "
    "a node receives along its incoming edges.",
    "Take a single edge, from node 0 to node 1. Which of the two nodes receives something?",
)

SELF_LOOPS_ADDED = Misconception(
    "self-loops-added",
    "You add self-loops. GAT layers of libraries may do that, but here the edges are what they are: none is "
    "added, and a node without incoming edges receives nothing.",
    "Call your function with a single edge from 0 to 1. How many edges take part in it?",
)

COEFFICIENT_MISCONCEPTIONS = (
    DIRECTION.shown_by(
        lambda h, edges, a_src, a_dst, slope: attention_coefficients(h, edges.flip(0), a_src, a_dst, slope),
    ),
    Misconception(
        "attention-vectors-swapped",
        "You take one attention vector for the other. a_src belongs to the node that an edge "
        "leaves, a_dst to the one that it enters.",
        "Which node does a_src score: the one where an edge begins, or the one where it ends?",
        lambda h, edges, a_src, a_dst, slope: attention_coefficients(h, edges, a_dst, a_src, slope),
        lambda h, edges, a_src, a_dst, slope: attention_coefficients(h, edges, a_src, a_src, slope),
        lambda h, edges, a_src, a_dst, slope: attention_coefficients(h, edges, a_dst, a_dst, slope),
    ),
    Misconception(
        "softmax-over-sources",
        "You normalise over the edges that leave a node. The softmax goes over the edges that enter it: what "
        "enters a node sums to 1, what leaves it need not.",
        "Draw one node with three arrows going in. Which numbers should sum to 1? Check it with your result.",
        partial(attention_coefficients, group=0),
    ),
    Misconception(
        "softmax-over-all-edges",
        "You take one softmax over all edges of the graph. Each target has a softmax of its own, over its "
        "incoming edges.",
        "Add up all your coefficients. Is it 1, or the number of nodes that something enters?",
        partial(attention_coefficients, normalise=lambda logits, group: logits.softmax(0)),
    ),
    Misconception(
        "not-normalised",
        "Your coefficients are no softmax over a node's incoming edges: it is missing, or its exp or its "
        "denominator is.",
        "Add up your coefficients over the edges into one node. Is the sum 1, and is each of them positive?",
        partial(attention_coefficients, normalise=lambda logits, group: logits),
        partial(attention_coefficients, normalise=lambda logits, group: logits.exp()),
        partial(
            attention_coefficients,
            normalise=lambda logits, group: (
                logits / ((group[:, None] == group[None, :]) * logits[None, :]).sum(1)
            ),
        ),
    ),
    Misconception(
        "denominator-overwritten",
        "Of several edges into one node only one is left in your denominator: `s[target] = …` and "
        "`s[target] += …` write each place once. `index_add` adds them all.",
        "Run `s = torch.zeros(2); s[torch.tensor([0, 0])] += 1` and look at s.",
        partial(attention_coefficients, normalise=_last_exp_for_sum),
    ),
    Misconception(
        "leaky-relu-forgotten",
        "Your logits go into the softmax as they are. The leaky ReLU comes in between: without it the "
        "target's part cancels in the softmax.",
        "What stands between the sum of the two scores and the softmax in the text? Search for it in your "
        "code.",
        partial(attention_coefficients, activation=lambda logits, slope: logits),
    ),
    Misconception(
        "slope-ignored",
        "Your leaky ReLU has a slope of its own. Use the `slope` that is passed in (F.leaky_relu takes it as "
        "its second argument; alone it takes 0.01).",
        "Call your function with slope 0 and slope 1. Does the result change?",
        partial(attention_coefficients, activation=lambda logits, slope: F.leaky_relu(logits, 0.01)),
        partial(attention_coefficients, activation=lambda logits, slope: F.leaky_relu(logits, 0.2)),
        partial(attention_coefficients, activation=lambda logits, slope: logits.relu()),
    ),
    Misconception(
        "target-cancels",
        "Your coefficients do not depend on the target: its score is left out, or the leaky ReLU is put on "
        "each score before the sum, and then the target's part cancels in the softmax. There is one leaky "
        "ReLU, around a_src·h_u + a_dst·h_v.",
        "Make a_dst a hundred times as large. Should the coefficients change? How many leaky ReLUs do you "
        "use for one edge, and around what?",
        each_end,
    ),
    Misconception(
        "source-ignored",
        "All edges into a node get the same coefficient: your logits leave out the source's score, "
        "a_src·h_u.",
        "Make a_src a hundred times as large. Should the coefficients of two edges into one node differ? "
        "Do they?",
        lambda h, edges, a_src, a_dst, slope: attention_coefficients(h, edges, 0 * a_src, a_dst, slope),
    ),
    SELF_LOOPS_ADDED.shown_by(
        partial(coefficients_with_loops, instead=False, cut=True),
        partial(coefficients_with_loops, instead=False, cut=False),
        partial(coefficients_with_loops, instead=True, cut=False),
    ),
    Misconception(
        "self-loops-removed",
        "You leave out the edges from a node to itself. They are edges like all others.",
        "Look for a line that compares source and target.",
        loops_removed,
    ),
    Misconception(
        "duplicate-edges-merged",
        "An edge that repeats counts once in your softmax, as in a matrix of nodes by nodes. Each copy is an "
        "edge of its own.",
        "Give the function the same edge twice. How many coefficients should come back, and do they have "
        "room in a table of nodes by nodes?",
        partial(merged, share=False),
        partial(merged, share=True),
    ),
)

SOFTMAX_UNSTABLE = Misconception(
    "softmax-unstable",
    "Your softmax breaks on large logits: exp(1e4) overflows, and where you subtract one maximum for all "
    "edges, the edges of another node underflow to 0/0. Subtract each target's own maximum.",
    "Compute exp(800) and exp(-800). What can you subtract from the logits of one node without changing "
    "its softmax?",
)


def silent_on_extremes(misconception: Misconception) -> Misconception:
    """The same, whatever happens on extreme logits: a learner may have this mistake and an overflow too."""

    def quiet(mistake: Callable[..., Any]) -> Callable[..., Any]:
        def its(**given: Any) -> Any:
            if any(isinstance(v, Tensor) and float(v.abs().max()) > EXTREME / 100 for v in given.values()):
                raise Silent
            return mistake(**given)

        return its

    return misconception.shown_by(*map(quiet, misconception.mistakes))


def coefficient_arguments(draw: Draw, nodes: int, features: int, edges: Tensor) -> dict[str, Any]:
    return {
        "h": draw.normal(nodes, features),
        "edges": edges,
        "a_src": away_from_zero(draw, features),
        "a_dst": away_from_zero(draw, features),
        "slope": draw.uniform(0.25, 0.45),
    }


def coefficient_cases(draw: Draw) -> Iterator[Case]:
    for label, N, features, edges in graphs(draw):
        yield Case(label, coefficient_arguments(draw, N, features, edges))
    for slope in (0.05, 0.2):
        given = coefficient_arguments(draw, 6, 3, random_edges(draw, 6, 10))
        yield Case(f"slope={slope}", given | {"slope": slope}, False)
    given = coefficient_arguments(draw, 6, 3, torch.zeros(2, 6, dtype=torch.int64))
    h, edges = extreme_graph(draw, given["a_src"])
    yield Case("logits of 1e4 and -1e4", given | {"h": h, "edges": edges, "a_dst": 1e-3 * given["a_dst"]})


UNSTABLE = tuple(partial(attention_coefficients, normalise=normalise) for normalise in (naive, one_maximum))

MISCONCEPTIONS = (*map(silent_on_extremes, COEFFICIENT_MISCONCEPTIONS), SOFTMAX_UNSTABLE.shown_by(*UNSTABLE))

PART = exact_part(
    "8.1",
    attention_coefficients,
    points=30,
    hints=(
        "Two stages: a score for each edge, then a softmax. Over which edges does each softmax run?",
        "Score every node twice, once as a source and once as a target. How does an edge pick from these 2N "
        "numbers? And what can be subtracted from the scores of one softmax, so that exp stays finite?",
        "e = LeakyReLU((h @ a_src)[source] + (h @ a_dst)[target]). Subtract each target's own maximum, take "
        "exp, and divide by the sum over the edges with the same target.",
    ),
    cases=coefficient_cases,
    outputs=("the coefficients",),
    gradients=("h", "a_src", "a_dst"),
    misconceptions=MISCONCEPTIONS,
)
