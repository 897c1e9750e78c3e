"""8.4 Self-loops."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Answer, AnswerError
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import Exact
from recdrop_lessons.checks.general import DTYPE_CHANGED
from recdrop_lessons.checks.lessons.lesson_08_graph_attention_dropout._graphs import graphs, random_edges
from recdrop_lessons.checks.lessons.lesson_08_graph_attention_dropout.attention_coefficients import with_loops
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.parts import Outcome, Part


def with_self_loops(edges: Tensor, nodes: int) -> Tensor:
    """The edges with exactly one self-loop for each node, at the end.

    Args:
        edges: source and target of each edge, int64, (2, E).
        nodes: the number of nodes N, an int; some may have no edge.

    Returns:
        The new edges, int64, (2, E' + N), where E' counts the edges that were no loops.
    """
    return with_loops(edges, nodes, instead=True)


def _only_missing(edges: Tensor, nodes: int) -> Tensor:
    have = edges[0][edges[0] == edges[1]]
    missing = [v for v in range(nodes) if v not in have]
    return torch.cat([edges, torch.tensor([missing, missing], dtype=torch.int64)], dim=1)


def _loops_for(edges: Tensor, nodes: int, which: str) -> Tensor:
    """Loops for the nodes that occur: in all edges, or as sources or targets."""
    kept = edges[:, edges[0] != edges[1]]
    some = {"all": edges, "sources": edges[0], "targets": edges[1]}[which].unique()
    return torch.cat([kept, some.expand(2, -1)], dim=1)


def _both_ways(edges: Tensor, nodes: int) -> Tensor:
    kept = edges[:, edges[0] != edges[1]]
    return with_loops(torch.cat([kept, kept.flip(0)], dim=1), nodes, instead=True)


MISCONCEPTIONS = (
    Misconception(
        "self-loops-forgotten",
        "Your edges hold no self-loops, or no new ones: a node without a loop receives nothing from itself, "
        "and its own features are lost in the layer.",
        "Compare the number of edges before and after. How many should be new?",
        lambda edges, nodes: edges,
        lambda edges, nodes: edges[:, edges[0] != edges[1]],
    ),
    Misconception(
        "self-loops-doubled",
        "You add a loop to nodes that have one already. Such a node would count itself twice: take the old "
        "loops out first.",
        "Call your function on its own result. Should there be more edges the second time?",
        lambda edges, nodes: with_loops(edges, nodes, instead=False),
        lambda edges, nodes: torch.cat([torch.arange(nodes).expand(2, nodes), edges], dim=1),
    ),
    Misconception(
        "repeated-loops-left",
        "You add only the loops that are missing, so a loop that repeats still repeats, and the loops do not "
        "stand in order at the end. Take out all loops, then add one for each node.",
        "Give the graph the loop (1, 1) twice. How many loops of node 1 should there be afterwards?",
        _only_missing,
    ),
    Misconception(
        "loops-in-front",
        "You put the loops first. They come at the end, after the edges that were there.",
        "Print the last columns of your result. Are they the loops?",
        lambda edges, nodes: with_self_loops(edges, nodes).roll(nodes, 1),
    ),
    Misconception(
        "nodes-from-edges",
        "You take the nodes that get a loop from the edges. A node may have no edge at all: `nodes` says how "
        "many there are.",
        "Call your function with `nodes` one larger. Is there a loop for the new node?",
        lambda edges, nodes: with_self_loops(edges, int(edges.max()) + 1),
        *(partial(_loops_for, which=which) for which in ("all", "sources", "targets")),
    ),
    Misconception(
        "duplicate-edges-merged",
        "You take out edges that repeat. Only self-loops are made unique here; each other copy stays.",
        "Give the graph the edge (0, 1) twice. How many should be left?",
        lambda edges, nodes: with_loops(edges.unique(dim=1), nodes, instead=True),
        lambda edges, nodes: with_loops(edges, nodes, instead=False).unique(dim=1),
    ),
    Misconception(
        "edges-both-ways",
        "You add each edge in the other direction too. The graph is directed: only self-loops are added.",
        "Take the single edge (0, 1). Which edges should there be afterwards?",
        _both_ways,
    ),
    Misconception(
        "loops-miscounted",
        "You add one self-loop too few or too many. There is one for each node 0, 1, …, nodes - 1.",
        "Take nodes = 1. Which loops should there be?",
        lambda edges, nodes: with_self_loops(edges, nodes - 1),
        lambda edges, nodes: with_self_loops(edges, nodes + 1),
    ),
    Misconception(
        "pairs-for-rows",
        "Your edges are pairs, (E, 2). The docstring asks for two rows, sources and targets: (2, E).",
        "Print the shape of your result and compare it with the docstring.",
        lambda edges, nodes: with_self_loops(edges, nodes).T,
    ),
    Misconception(
        "edges-sorted",
        "You sort the edges. They keep their order, since masks and coefficients are given in that order.",
        "Give the edges (2, 0), (0, 1). In which order do they come back?",
        lambda edges, nodes: (lambda e: e[:, e[1].argsort(stable=True)])(with_self_loops(edges, nodes)),
        lambda edges, nodes: (lambda e: e[:, e[0].argsort(stable=True)])(with_self_loops(edges, nodes)),
        lambda edges, nodes: (lambda e: e[:, (e[0] * nodes + e[1]).argsort(stable=True)])(
            with_self_loops(edges, nodes)
        ),
        lambda edges, nodes: (lambda e: e[:, (e[1] * nodes + e[0]).argsort(stable=True)])(
            with_self_loops(edges, nodes)
        ),
    ),
)


def loop_cases(draw: Draw) -> Iterator[Case]:
    for label, N, _, edges in graphs(draw):
        yield Case(label, {"edges": edges, "nodes": N})
    edges = random_edges(draw, 5, 7)
    some = torch.tensor([[3, 1, 3], [3, 1, 3]])
    yield Case("a loop that repeats, nodes without edges", {"edges": torch.cat([some, edges], 1), "nodes": 7})
    yield Case("nothing but loops", {"edges": torch.tensor([[1, 0], [1, 0]]), "nodes": 3})


_check_loops = Exact(
    "with_self_loops",
    with_self_loops,
    loop_cases,
    outputs=("the edges",),
    misconceptions=MISCONCEPTIONS,
    floats=False,
)


def check_with_self_loops(answer: Answer, seed: int) -> Outcome:
    """The right numbers, and whole ones: float edges cannot index."""
    outcome = _check_loops(answer, seed)
    if not outcome.ok:
        return outcome
    case = next(iter(loop_cases(Draw(seed, "with_self_loops"))))
    try:
        dtype = answer(**case.arguments).dtype
    except AnswerError as error:
        return Outcome(False, f"Your function raised {error} on a second call.")
    if dtype != torch.int64:
        said = f"The edges came back as {dtype}; they are indices, so int64 is expected."
        return Outcome(False, said, DTYPE_CHANGED.slug)
    return outcome


PART = Part(
    "8.4",
    with_self_loops,
    points=5,
    hints=(
        "A loop is an edge whose source is its target. Some may be there already, even twice.",
        "It is easier to take all old loops out than to find which are missing. How do you recognise them "
        "in `edges`?",
        "Keep the edges whose two ends differ, in their order; then append one loop for each of the nodes "
        "0, 1, …",
    ),
    check=check_with_self_loops,
    misconceptions=MISCONCEPTIONS,
)
