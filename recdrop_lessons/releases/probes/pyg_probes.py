"""What PyTorch Geometric's attention layers do with dropout, seen from outside.

Each node's features are one-hot and each head's projection is the identity, so that a node's output is the
row of its coefficients; the attention's own vectors are zero, so that all coefficients of a row are equal.
"""

from __future__ import annotations

from typing import Any

import torch
import torch_geometric
import torch_geometric.nn
from torch import Tensor

from . import pyg_dropouts
from .asking import Probes

PROBES = Probes()
N, HEADS, P, SCALE = 30, 2, 0.5, 2.0
KINDS = ("GATConv", "GATv2Conv", "TransformerConv")
GRAPH = torch.cartesian_prod(torch.arange(N), torch.arange(N)).T  # every edge, self-loops too
GRAPH_WITHOUT_LOOPS = GRAPH[:, GRAPH[0] != GRAPH[1]]


def about() -> dict[str, str]:
    """The release that is asked, and its torch."""
    torch_release = torch.__version__.partition("+")[0]
    return {"release": torch_geometric.__version__, "backend": "torch", "backend_release": torch_release}


@torch.no_grad()
def coefficients(kind: str, edges: Tensor = GRAPH, *, training: bool = True, p: float = P) -> Tensor:
    """(receiver, heads, sender), as the layer uses them."""
    layer: Any = getattr(torch_geometric.nn, kind)(N, N, heads=HEADS, dropout=p)
    for name, weight in layer.named_parameters():
        weight.zero_()
        if name in ("lin.weight", "lin_src.weight", "lin_l.weight", "lin_value.weight"):
            weight.copy_(torch.eye(N).repeat(HEADS, 1))
    return layer.train(training)(torch.eye(N), edges).reshape(N, HEADS, N)


@PROBES.ask(
    "{kind}_site",
    "What does PyG's `{kind}(dropout=p)` drop?",
    "`{kind}(dropout=p)` drops {observed}.",
    kind=KINDS,
)
def site(kind: str) -> str:
    whole, seen = coefficients(kind, training=False), coefficients(kind)
    kept = seen != 0
    if kept.all():
        return "nothing"
    if not torch.allclose(seen[kept], SCALE * whole[kept], atol=1e-5):
        summing_to_one = torch.allclose(seen.sum(-1), torch.ones(()), atol=1e-4)
        return (
            "scores before the softmax, or renormalised coefficients" if summing_to_one else "something else"
        )
    by_sender = (kept == kept[:1]).all()
    return "the senders' features" if by_sender else "coefficients after the softmax, each edge by itself"


@PROBES.ask(
    "{kind}_row_sums",
    "Do the coefficients of a node still sum to 1 after the dropout of `{kind}`?",
    "After the dropout of `{kind}` {observed}.",
    kind=KINDS,
)
def row_sums(kind: str) -> str:
    sums = torch.stack([coefficients(kind).sum(-1) for _ in range(100)])  # (passes, N, HEADS)
    if torch.allclose(sums, torch.ones(()), atol=1e-4):
        return "each row sums to 1"
    error = 5 * sums.std() / sums.numel() ** 0.5
    return "rows sum to 1 on average alone" if abs(sums.mean() - 1) < error else "rows do not sum to 1"


@PROBES.ask(
    "{kind}_heads",
    "Do the heads of `{kind}` share one mask?",
    "The heads of `{kind}` have {observed}.",
    kind=KINDS,
)
def heads(kind: str) -> str:
    kept = coefficients(kind) != 0
    return "one mask for all" if (kept[:, 0] == kept[:, 1]).all() else "a mask each"


@PROBES.ask(
    "{kind}_self_loops",
    "What does `{kind}` do with self-loops, and are they dropped too?",
    "`{kind}` {observed}.",
    kind=KINDS,
)
def self_loops(kind: str) -> str:
    loops = coefficients(kind, GRAPH_WITHOUT_LOOPS, training=False).diagonal(dim1=0, dim2=2)  # (HEADS, N)
    if (loops == 0).all():
        return "adds no self-loops"
    dropped = (
        torch.stack([coefficients(kind, GRAPH_WITHOUT_LOOPS).diagonal(dim1=0, dim2=2) for _ in range(20)])
        == 0
    )
    rate = dropped.double().mean().item()
    as_others = abs(rate - P) < 5 * (P * (1 - P) / dropped.numel()) ** 0.5
    return (
        "adds self-loops and drops them like other edges" if as_others else f"drops {rate:.0%} of self-loops"
    )


@PROBES.ask(
    "{kind}_evaluation",
    "Does the dropout of `{kind}` change anything in evaluation mode?",
    "In evaluation mode the dropout of `{kind}` changes {observed}.",
    kind=KINDS,
)
def evaluation(kind: str) -> str:
    alike = torch.equal(coefficients(kind, training=False), coefficients(kind, p=0.0))
    return "nothing" if alike else "the coefficients"


@PROBES.ask(
    "{kind}_dropout_of_one",
    "What does `{kind}(dropout=1.0)` give in training mode?",
    "`{kind}(dropout=1.0)` gives {observed} in training mode.",
    kind=KINDS,
)
def dropout_of_one(kind: str) -> str:
    seen = coefficients(kind, p=1.0)
    return "zeros" if (seen == 0).all() else "NaN" if seen.isnan().any() else "something else"


@PROBES.ask(
    "{kind}_returned_weights",
    "Which weights does `{kind}(dropout=p)` return with `return_attention_weights=True` in training mode?",
    "With `return_attention_weights=True`, `{kind}(dropout=p)` returns {observed}.",
    kind=KINDS,
)
@torch.no_grad()
def returned_weights(kind: str) -> str:
    layer: Any = getattr(torch_geometric.nn, kind)(N, N, heads=HEADS, dropout=P).train()
    _, (_, weights) = layer(torch.randn(N, N), GRAPH, return_attention_weights=True)  # (edges, HEADS)
    return "those after dropout" if (weights == 0).any() else "those before dropout"


PROBES.extend(pyg_dropouts.PROBES)
