"""8.5 Which site of the graph layer is masked?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lessons.lesson_08_graph_attention_dropout._recorded_gat import SITES, graph_cases
from recdrop_lessons.checks.lessons.lesson_08_graph_attention_dropout.attention_coefficients import DIRECTION
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.recognise import Silent
from recdrop_lessons.checks.taken_for import confused, taken_for


def find_graph_site(
    plain: dict[str, Tensor],
    dropped: dict[str, Tensor],
    edges: Tensor,
    nodes: int,
    *,
    end: int = 1,
    nodes_without: bool = False,
    of_sums: Callable[[Tensor], Tensor] = torch.any,
) -> str:
    """The site of dropout in the second of two recorded passes of one GAT layer over the same graph.

    Args:
        plain: the pass without dropout, a dict of tensors: "alpha", (E,), the coefficients as they are used
            in the sum; "y", (N, F'), the new features.
        dropped: the pass with dropout at one site, or without any, the same keys and shapes. Masks are 0 or
            1/(1-p), p unknown and above 0. Where features are dropped, the coefficients of some target with
            several incoming edges change; where attention is dropped, some target's sum differs from 1.
            Coefficients may be exactly 0 in either pass.
        edges: source and target of each edge, int64, (2, E).
        nodes: the number of nodes N, an int; some may have no incoming edge.

    Returns:
        A string: "features", "attention", "projected", or "none" where the passes are equal.
    """
    if _equal(plain["alpha"], dropped["alpha"]):
        return "none" if _equal(plain["y"], dropped["y"]) else "projected"
    sums = dropped["alpha"].new_zeros(nodes).index_add(0, edges[end], dropped["alpha"])  # (N,)
    heard = torch.bincount(edges[end], minlength=nodes) > 0
    off = (sums - 1).abs() > 1e-5
    return "attention" if bool(of_sums(off if nodes_without else off[heard])) else "features"


def _equal(a: Tensor, b: Tensor) -> bool:
    return bool(((a - b).abs() <= 1e-6).all())


def _by_zeros(plain: dict[str, Tensor], dropped: dict[str, Tensor], edges: Tensor, nodes: int) -> str:
    if _equal(plain["alpha"], dropped["alpha"]):
        return "none" if _equal(plain["y"], dropped["y"]) else "projected"
    return "attention" if bool((dropped["alpha"] == 0).any()) else "features"


def _to_the_last_bit(plain: dict[str, Tensor], dropped: dict[str, Tensor], edges: Tensor, nodes: int) -> str:
    """Where rounding decides, on few edges, it depends on the order of the sum: nothing is said of those."""
    found = find_graph_site(plain, dropped, edges, nodes)
    if found == "features" and edges.shape[1] < 100:
        raise Silent
    return "attention" if found == "features" else found


def _with(**switches: Any) -> Callable[..., str]:
    return lambda **given: find_graph_site(**given, **switches)


MISCONCEPTIONS = (
    Misconception(
        "zero-means-dropped",
        "You look for coefficients that are 0. A softmax can give 0 without a mask, and a mask may drop no "
        "edge at all and still scale them: it shows in what the coefficients sum to.",
        "Suppose that the mask keeps every edge and scales it by 2. Where would you see that, if nothing "
        "is 0?",
        _by_zeros,
    ),
    Misconception(
        "changed-means-dropped",
        "You confuse changed coefficients with dropped ones. They are computed from the features: dropping "
        "features changes them too, and the softmax makes them sum to 1 again.",
        "Add up the coefficients into one node, before and after. Which of the two sites leaves this sum "
        "as it was?",
        taken_for(find_graph_site, features="attention"),
        taken_for(find_graph_site, attention="features"),
    ),
    Misconception(
        "nodes-without-edges",
        "You expect the coefficients of every node to sum to 1. A node without incoming edges has none, and "
        "its sum is 0 in any pass.",
        "Which nodes have a sum at all? Look at the targets of the edges.",
        _with(nodes_without=True),
    ),
    Misconception(
        "exact-comparison",
        "You ask whether sums are equal to 1 to the last bit. A softmax sums to 1 up to rounding: compare "
        "with a tolerance.",
        "Compute the softmax of many rows of ten random numbers, and count the rows whose sum is not 1 to "
        "the last bit.",
        _to_the_last_bit,
    ),
    Misconception(
        "all-sums-expected",
        "You take attention as dropped only where each node's sum differs from 1. Dropped and scaled "
        "coefficients may sum to 1 at some nodes: one sum that differs is enough.",
        "A node has two edges; one is dropped and the other is scaled by 2. What may their sum be?",
        _with(of_sums=torch.all),
    ),
    DIRECTION.shown_by(_with(end=0)),
    Misconception(
        "features-for-projected",
        "You confuse features and projected features. The coefficients are computed from the projections "
        "before those are dropped; dropping the features comes before everything.",
        "Which of alpha and y do you look at first? If alpha is as before, what can have been dropped?",
        *confused(find_graph_site, "features", "projected"),
    ),
    Misconception(
        "none-forgotten",
        "You name a site where the two passes are equal.",
        "Ask first of all whether anything differs.",
        *(taken_for(find_graph_site, none=site) for site in SITES[:3]),
    ),
)

PART = exact_part(
    "8.5",
    find_graph_site,
    points=20,
    hints=(
        "Follow the layer in its order: features, projection, coefficients, softmax, sum. Which of alpha "
        "and y can change at each of the three sites?",
        "Compare the coefficients first, with a tolerance. If they are as before, what is left?",
        "Where the coefficients changed: what do those into each node sum to after a softmax, and what "
        "after a mask? Leave out nodes without incoming edges.",
    ),
    cases=graph_cases,
    outputs=("the site",),
    told=False,
    misconceptions=MISCONCEPTIONS,
)
