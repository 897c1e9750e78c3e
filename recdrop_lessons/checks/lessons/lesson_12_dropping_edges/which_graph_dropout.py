"""12.2 Which graph dropout was it?"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lessons.lesson_12_dropping_edges._recorded_conv import KINDS, conv_cases
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.taken_for import confused, taken_for


def which_graph_dropout(
    y_plain: Tensor,
    y_dropped: Tensor,
    edges: Tensor,
    *,
    end: int = 1,
    several: bool = False,
    tolerance: float = 1e-3,
) -> str:
    """The kind of dropout in the second of two recorded passes of one graph convolution.

    Args:
        y_plain: the output without dropout, (N, F), F ≥ 2. The layer has no bias and adds no self-loops. No
            number is 0 at a node that an edge leads to.
        y_dropped: the output with one kind of dropout, or without any, (N, F).
        edges: source and target of each edge, int64, (2, E), none twice. No edge leads to some of the nodes,
            and exactly one edge leads to several of them. At these the kind shows, and not all that they
            receive is gone. Some nodes send to three of them or more.

    Returns:
        A string. "message", "edge", "node" or "feature": a mask with values 0 and 1/(1-p), on messages whose
        normalisation is that of y_plain, shared as in 12.1, p unknown and above 0. "removed": edges were
        removed, nothing was scaled, and the degrees are those of the edges that are left. "none": nothing
        was dropped.
    """
    incoming = torch.bincount(edges[end], minlength=len(y_plain))
    chosen = (incoming[edges[end]] >= 1) if several else (incoming[edges[end]] == 1)  # (E,)
    source, target = edges[1 - end][chosen], edges[end][chosen]
    ratio = y_dropped[target] / y_plain[target]  # (leaves, F): what the message was multiplied by
    kept = ratio[ratio.abs() > 1e-4]
    all_ones = _alike(kept, 1, tolerance)
    if all_ones and kept.numel() == ratio.numel():
        return "none"
    # a mask has one scale above 1; removed edges change the degrees, or nothing but the edge itself
    if all_ones or not _alike(kept, kept[:1], tolerance):
        return "removed"
    first = (source[:, None] == source[None, :]).int().argmax(1)  # the first leaf of the same source
    same_row, same_source = _alike(ratio, ratio[:, :1], tolerance), _alike(ratio, ratio[first], tolerance)
    if same_source:
        return "node" if same_row else "feature"
    return "edge" if same_row else "message"


def _alike(a: Tensor, b: Tensor | int, tolerance: float) -> bool:
    return bool(((a - b).abs() <= tolerance).all())


MISCONCEPTIONS = (
    Misconception(
        "all-nodes-compared",
        "You look at nodes with several incoming edges too. What they receive is a sum, and its ratio mixes "
        "several draws: look at the nodes with exactly one incoming edge.",
        "A node receives 1 and 3. One message is dropped, the other doubled. Does the ratio of the sums say "
        "what happened to each?",
        partial(which_graph_dropout, several=True),
    ),
    Misconception(
        "edge-direction",
        "You take the first row of `edges` for the nodes that receive. It has the sources; the second row "
        "has the targets.",
        "Write down one edge and say in words who sends and who receives.",
        partial(which_graph_dropout, end=0),
    ),
    Misconception(
        "removed-for-masked",
        "You take every message that is gone for a masked one. Where edges are removed, the rest is not "
        "multiplied by one common 1/(1-p): look at the messages that are left.",
        "Collect the ratios that are not 0. Are they all the same number, and is it above 1?",
        *(taken_for(which_graph_dropout, removed=kind) for kind in KINDS[:4]),
    ),
    Misconception(
        "edge-for-node",
        "You confuse dropped edges with dropped nodes. If a node is dropped, all that it sends is gone: "
        "compare the nodes that receive from the same source.",
        "Take a source with three receivers. What must their ratios have in common under each of the two?",
        *confused(which_graph_dropout, "edge", "node"),
    ),
    Misconception(
        "message-for-feature",
        "You confuse single numbers of messages with features of nodes. A dropped feature of a node is gone "
        "from all that it sends: compare the nodes that receive from the same source.",
        "Take a source with three receivers. What must the rows of their ratios have in common under each "
        "of the two?",
        *confused(which_graph_dropout, "message", "feature"),
    ),
    Misconception(
        "features-not-compared",
        "You do not look at whether the numbers of one message fall together. Under two of the kinds they "
        "do, under two they do not.",
        "Print the ratios of one node. Are they alike?",
        *confused(which_graph_dropout, "message", "edge"),
        *confused(which_graph_dropout, "feature", "node"),
        taken_for(which_graph_dropout, message="edge", feature="node"),
        taken_for(which_graph_dropout, edge="message", node="feature"),
    ),
    Misconception(
        "none-forgotten",
        "You name a kind where the two passes are equal.",
        "Ask first of all whether anything differs.",
        *(taken_for(which_graph_dropout, none=kind) for kind in KINDS[:5]),
    ),
    Misconception(
        "exact-comparison",
        "You compare ratios to the last bit. Division and sums round: compare with a tolerance.",
        "Print a few ratios that should be equal with all their digits.",
        partial(which_graph_dropout, tolerance=0.0),
    ),
)

PART = exact_part(
    "12.2",
    which_graph_dropout,
    points=40,
    hints=(
        "Where exactly one edge leads to a node, what it receives is one message. What does the ratio of the "
        "two passes tell you there?",
        "Look at the ratios that are not 0. If a mask made them, what do they have in common? If edges were "
        "removed, what happens to the degrees, and to the ratios?",
        "For a mask two questions are left. Are the ratios of one node alike? Are the rows of ratios alike "
        "for all nodes that receive from the same source?",
    ),
    cases=lambda draw: conv_cases(draw, which_graph_dropout),
    outputs=("the kind",),
    told=False,
    misconceptions=MISCONCEPTIONS,
)
