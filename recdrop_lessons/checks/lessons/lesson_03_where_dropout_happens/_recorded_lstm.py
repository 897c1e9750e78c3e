"""Recorded passes of one LSTM, without masks and with masks at one site, for 3.4."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.lstm import Layer, layer

SITES = ("input", "recurrent", "candidate", "cell", "hidden", "output", "none")
Pass = dict[str, Tensor]

_ROUNDING = 1e-7  # relative: what another order of the same sums does in float32
_SEEN = 1e-4  # by so much a mask must change something at once, or the inputs are drawn again


def record(x: Tensor, c0: Tensor, weights: Layer, site: str = "none", masks: Tensor | None = None) -> Pass:
    """What an LSTM computes over x (T, B, F) from h0 = 0 and c0 (B, H), with masks (T, B, ·) at one site."""
    W, U, b = weights
    h, c = torch.zeros_like(c0), c0  # (B, H)
    names = ("gates", "c", "h", "y")
    steps = []
    for t, x_t in enumerate(x):

        def masked(value: Tensor, its: str, t: int = t) -> Tensor:
            return value * masks[t] if site == its and masks is not None else value

        i, f, g, o = (masked(x_t, "input") @ W.T + masked(h, "recurrent") @ U.T + b).chunk(4, dim=-1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        # c' = f∘c + i∘g,  h' = o∘tanh(c')
        c = masked(f * c + i * masked(g, "candidate"), "cell")
        h = masked(o * c.tanh(), "hidden")
        steps.append((torch.cat([i, f, g, o], dim=-1), c, h, masked(h, "output")))
    return {name: torch.stack(values) for name, values in zip(names, zip(*steps, strict=True), strict=True)}


def site_cases(draw: Draw) -> Iterator[Case]:
    """Every site in every setting, in an order that varies: both sharings, with and without rounding."""
    T, B, F, H = draw.sizes(4)
    settings = (
        (T, B, F, H, "new at each step", False),
        (T, B, F, H, "one for all steps", True),
        (2, B, F, H, "new at each step", True),
        (T, 1, F, H, "one for all steps", False),
        (T, 4, F, 1, "new at each step", False),
        (T, B, 1, H, "one for all steps", False),
        (4, 4, 4, 4, "new at each step", True),
    )
    for *sizes, sharing, rounded in settings:
        for k in torch.randperm(len(SITES), generator=draw.torch).tolist():
            plain, dropped = _both(draw, SITES[k], *sizes, fresh=sharing == "new at each step")
            said = "T={}, B={}, F={}, H={}".format(*sizes) + f", masks, if any, {sharing}"
            given = {"plain": plain, "dropped": dropped}
            if rounded:
                recorded = {name: _rounded(draw, value) for name, value in dropped.items()}
                yield Case(f"{said}, with rounding", given | {"dropped": recorded}, unrounded=given)
            else:
                yield Case(said, given)


def _both(draw: Draw, site: str, T: int, B: int, F: int, H: int, *, fresh: bool) -> tuple[Pass, Pass]:
    """The two passes. What the mask changes first, it changes so much that no rounding looks like it."""
    while True:
        x, c0 = draw.normal(T, B, F), draw.normal(B, H)
        c0 = c0.sign() * (0.5 + c0.abs())
        weights = layer(draw, F, H)
        width = F if site == "input" else H
        masks = torch.stack([draw.mask(B, width, p=0.5) for _ in range(T)])  # (T, B, ·), 0 or 2
        masks = masks if fresh else masks[:1].expand_as(masks)
        plain, dropped = record(x, c0, weights), record(x, c0, weights, site, masks)
        if _far_from_0(plain, dropped, site, masks[0]) and _told_apart(plain, dropped, site, masks[0]):
            return plain, dropped


def _far_from_0(plain: Pass, dropped: Pass, site: str, mask: Tensor) -> bool:
    """Whether no cell of the first step looks dropped that is not."""
    its = dropped["c"][0][mask > 0] if site == "cell" else dropped["c"][0]
    return all(bool((c.abs() > 10 * _SEEN).all()) for c in (plain["c"][0], its))


def _told_apart(plain: Pass, dropped: Pass, site: str, mask: Tensor) -> bool:
    if site == "none":
        return True
    changed = {name: (plain[name] - dropped[name]).abs() for name in plain}
    where = {"input": "gates", "candidate": "c", "cell": "c", "hidden": "h", "output": "y"}
    if site == "recurrent":
        return float(changed["gates"][1].max()) > _SEEN
    clear = float(changed[where[site]][0].max()) > _SEEN
    if site in ("candidate", "cell"):
        # a candidate's mask must not double a cell, nor drop all of one, as the cell's own does
        c, its = plain["c"][0], dropped["c"][0]
        clear &= float(changed["c"][0].min()) > _SEEN
        clear &= site == "cell" or bool(((its - c * mask).abs() > _SEEN).all())
    return clear


def _rounded(draw: Draw, values: Tensor) -> Tensor:
    return values * (1 + _ROUNDING * (2 * torch.rand(values.shape, generator=draw.torch).double() - 1))
