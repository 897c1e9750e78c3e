"""What DGL's GATConv does with its two dropouts, from outside: one-hot features, identity projections."""

from __future__ import annotations

from typing import Any

import dgl
import torch
from dgl.nn.pytorch import GATConv
from torch import Tensor

from .asking import Probes

PROBES = Probes()
N, HEADS, P, SCALE = 30, 2, 0.5, 2.0


def about() -> dict[str, str]:
    """The release that is asked, and its torch."""
    torch_release = torch.__version__.partition("+")[0]
    return {"release": dgl.__version__, "backend": "torch", "backend_release": torch_release}


@torch.no_grad()
def coefficients(*, training: bool = True, attn_drop: float = 0.0, feat_drop: float = 0.0) -> Tensor:
    """(receiver, heads, sender), as the layer uses them; all of a row are equal before dropout."""
    layer: Any = GATConv(N, N, HEADS, attn_drop=attn_drop, feat_drop=feat_drop)
    for name, weight in layer.named_parameters():
        weight.zero_()
        if name == "fc.weight":
            weight.copy_(torch.eye(N).repeat(HEADS, 1))
    sender, receiver = torch.cartesian_prod(torch.arange(N), torch.arange(N)).T
    return layer.train(training)(dgl.graph((sender, receiver), num_nodes=N), torch.eye(N))


def _only(argument: str) -> Any:
    return {argument: P}


@PROBES.ask(
    "DGL_{argument}_site",
    "What does DGL's `GATConv({argument}=p)` drop?",
    "`GATConv({argument}=p)` drops {observed}.",
    argument=("attn_drop", "feat_drop"),
)
def site(argument: str) -> str:
    seen = coefficients(**_only(argument))
    kept = seen != 0
    if kept.all():
        return "nothing"
    if not torch.allclose(seen[kept], torch.tensor(SCALE / N), atol=1e-5):
        return "something else"
    if (kept == kept[:1]).all():
        return "the features of the nodes"
    return "coefficients after the softmax, each edge by itself, not renormalised"


@PROBES.ask(
    "DGL_{argument}_heads",
    "Do the heads of DGL's `GATConv({argument}=p)` share one mask?",
    "The heads of `GATConv({argument}=p)` have {observed}.",
    argument=("attn_drop", "feat_drop"),
)
def heads(argument: str) -> str:
    kept = coefficients(**_only(argument)) != 0
    return "one mask for all" if (kept[:, 0] == kept[:, 1]).all() else "a mask each"


@PROBES.ask(
    "DGL_evaluation",
    "Do the dropouts of DGL's `GATConv` change anything in evaluation mode?",
    "In evaluation mode the dropouts of `GATConv` change {observed}.",
)
def evaluation() -> str:
    alike = torch.allclose(coefficients(training=False, attn_drop=P, feat_drop=P), torch.tensor(1 / N))
    return "nothing" if alike else "the coefficients"
