"""The logits of an LSTM under every mask there is, for 9.5: few units have few masks.

So a check knows from the logits alone which mask each pass and example had, and where it stood.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.lstm import lstm_step


def run(given: dict[str, Any], masks: Tensor, *, at: str = "recurrent", exchanged: bool = False) -> Tensor:
    """The logits (P, B, K) of P patterns of masks, (P, T, ·), each the same for every example.

    `exchanged`: the two results of the step are taken for each other.
    """
    x, (W, U, b, V, d) = given["x"], (given[name] for name in ("W", "U", "b", "V", "d"))
    h = c = x.new_zeros(len(masks), len(x), U.shape[1])
    m = masks[:, :, None].to(x.dtype)  # (P, T, 1, ·)
    for t, x_t in enumerate(x.unbind(1)):
        m_t = m[:, t]
        read = h * m_t if at == "recurrent" else h
        seen = x_t * m_t if at == "input" else x_t.expand(len(masks), *x_t.shape)
        old = c * m_t if at == "old cell" else c
        h, c = lstm_step(seen, read, old, W, U, b, exchanged=exchanged)
        h = h * m_t if at == "state" else h
        c = c * m_t if at == "new cell" else c
    last = h * m[:, -1] if at == "output" else h
    logits = last @ V.T + d
    return logits * m[:, -1] if at == "logits" else logits


def patterns(units: int) -> Tensor:
    """All masks of 0 and 1, (2ⁿ, n)."""
    return torch.tensor(list(product((0.0, 1.0), repeat=units)), dtype=torch.float64)


def held(given: dict[str, Any], units: int, scale: float, at: str = "recurrent", **options: bool) -> Tensor:
    T = given["x"].shape[1]
    return run(given, scale * patterns(units)[:, None].expand(-1, T, -1), at=at, **options)


def at_each_step(given: dict[str, Any], scale: float) -> Tensor:
    """Every sequence of masks; that of the first step meets a state of zero."""
    T, H = given["x"].shape[1], given["U"].shape[1]
    later = scale * patterns((T - 1) * H).view(-1, T - 1, H)
    return run(given, torch.cat([later[:, :1], later], dim=1))


def which(logits: Tensor, table: Tensor, tolerance: float) -> Tensor | None:
    """For each pass and example the pattern that gives these logits, (S, B); None where some have none."""
    apart = (logits[:, None] - table).abs().amax(-1)  # (S, P, B)
    least, found = apart.min(1)
    return found if bool((least <= tolerance * (1 + logits.abs().amax())).all()) else None
