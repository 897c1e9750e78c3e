"""What several parts of lesson 09 share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.misconceptions import Misconception

Function = Callable[[Tensor], Tensor]
EXTREME = 1e4


def naive_softmax(logits: Tensor) -> Tensor:
    return logits.exp() / logits.exp().sum(-1, keepdim=True)


def one_maximum(logits: Tensor) -> Tensor:
    return naive_softmax(logits - logits.max())


SOFTMAX_UNSTABLE = Misconception(
    "softmax-unstable",
    "Your softmax breaks on large logits: exp(1e4) overflows, and where you subtract one maximum for all, "
    "other examples underflow to 0/0. Use torch.softmax, or subtract the largest logit of each example "
    "first.",
    "Compute exp(1e4). What can you subtract from the logits of one example without changing its softmax?",
)


def logit_cases(draw: Draw) -> Iterator[Case]:
    """Logits (S, B, K) of several passes that disagree."""
    S, B, K = draw.sizes(3)
    shapes = (
        (S, B, K),
        (S, B, K),
        (1, B, K),
        (S, 1, K),
        (S, B, 1),
        (4, 4, 4),
        (2, B, B),
        (B, B, 3),
        (1, 1, 1),
    )
    for n, (s, b, k) in enumerate(shapes):
        logits = draw.normal(s, b, k, scale=1.5)
        yield Case(f"passes={s}, B={b}, K={k}", {"logits": logits}, n == 0 or 1 in (s, b, k))
    yield Case("passes that agree", {"logits": draw.normal(1, B, K).expand(S, B, K)})
    nearly = draw.normal(1, B, K) + 0.1 * draw.normal(S, B, K)
    yield Case("passes that nearly agree", {"logits": nearly}, False)
    yield Case("passes=11", {"logits": draw.normal(11, B, K, scale=1.5)}, False)
    yield Case("logits of 1e4 and -1e4", {"logits": _extreme(draw, S, B, K)})
    level = (-1.0) ** (torch.arange(S)[:, None] + torch.arange(B))[:, :, None].double()
    lifted = draw.normal(S, B, K) + EXTREME * level
    yield Case("all logits of an example near 1e4 or -1e4", {"logits": lifted})


def _extreme(draw: Draw, S: int, B: int, K: int) -> Tensor:
    """Logits of 1e4 and -1e4, (S, B, K), each size at least 2, whatever is drawn with two such examples.

    In the first one class is impossible in every pass; about the second the passes contradict each other.
    """
    signs = draw.normal(S, B, K).sign()
    signs[:, 0, 0], signs[:, 0, 1] = 1, -1
    signs[:, 1] = -1
    signs[0::2, 1, 0] = signs[1::2, 1, 1] = 1
    return EXTREME * signs
