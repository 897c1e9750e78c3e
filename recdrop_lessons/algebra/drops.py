"""The algebra: a dropout method is a tuple of `Drop`s, and a `Drop` is one choice in each of four columns.

    site × sharing × noise × fill

A paper's method, or a framework's argument, is a row of that table (see `variants`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from recdrop_lessons.algebra import noise as noises
from recdrop_lessons.support.errors import DropError, MaskError

#: Where a mask can act, in the order in which a step meets them.
SITES: dict[str, str] = {
    "embedding": "the rows of the embedding matrix: a word type is dropped wherever it stands",
    "input": "x_t, before its product with W",
    "recurrent": "h_{t-1}, before its product with U: on its way into the gates",
    "recurrent_weight": "the matrix U (weight_hh) itself",
    "candidate": "g_t, what the step wants to write",
    "cell": "c_t, what the LSTM remembers",
    "hidden": "h_t, carried to the next step and sent up",
    "output": "h_t, sent up only",
    "attention": "the coefficients of graph attention, after their softmax",
    "projected": "the projected node features of graph attention, as they are summed",
}
AXES = ("time", "batch", "features")
FILLS = ("zero", "previous")

#: Masks by the name of their site, each shaped (T or 1, B or 1, [gates,] units or 1).
Masks = Mapping[str, Tensor]


@dataclass(frozen=True)
class Drop:
    """One choice of where, how shared, which noise, and what fills the hole.

    `site`: one of `SITES`.
    `p`: the share that is dropped, 0 ≤ p < 1 (with `fill="previous"`: the share that keeps its old value).
    `shared`: the axes along which one draw serves all: any of "time", "batch", "features".
        `("time",)` is one mask per sequence; `()` is a new one at each step.
    `noise`: "bernoulli" (0 or 1/(1-p)) or "gaussian" (N(1, p/(1-p))).
    `fill`: "zero", or "previous" (zoneout: the value of the step before).
    `per_gate`: False, one mask for all gates (tied); True, one for each (untied).

    Equation: v → m ∘ v; with `fill="previous"`, v_t → d ∘ v_{t-1} + (1-d) ∘ v_t.
    Raises `DropError`, with the cure, for anything else.
    """

    site: str
    p: float
    shared: tuple[str, ...] = ("time",)
    noise: str = "bernoulli"
    fill: str = "zero"
    per_gate: bool = False

    def __init__(
        self,
        site: str,
        p: float,
        *,
        shared: Iterable[str] = ("time",),
        noise: str = "bernoulli",
        fill: str = "zero",
        per_gate: bool = False,
    ) -> None:
        shared = _checked_axes(shared)
        _check_choice("site", site, tuple(SITES))
        _check_choice("noise", noise, noises.NOISES)
        _check_choice("fill", fill, FILLS)
        _check_combination(site, shared, noise, fill, per_gate)
        for name, value in (
            ("site", site),
            ("p", noises.check_rate(p)),
            ("shared", shared),
            ("noise", noise),
            ("fill", fill),
            ("per_gate", bool(per_gate)),
        ):
            object.__setattr__(self, name, value)

    def mask_shape(self, steps: int, batch: int, units: int, gates: int = 1) -> tuple[int, ...]:
        """Return the shape of this drop's mask: (T or 1, B or 1, [gates,] units or 1).

        The size *is* the method: an axis of length 1 is an axis that shares its draw.
        """
        time = 1 if "time" in self.shared else steps
        rows = 1 if "batch" in self.shared else batch
        features = 1 if "features" in self.shared else units
        return (time, rows, gates, features) if self.per_gate else (time, rows, features)

    def sample(self, shape: tuple[int, ...], *, generator: torch.Generator | None = None) -> Tensor:
        """Draw a mask of `shape`, ready to multiply by; for `fill="previous"` 1 where the old value stays."""
        if self.fill == "previous":
            return noises.old_value_kept(self.p, shape, generator=generator)
        draw = noises.gaussian if self.noise == "gaussian" else noises.bernoulli
        return draw(self.p, shape, generator=generator)


def _checked_axes(shared: Iterable[str]) -> tuple[str, ...]:
    """Return `shared` as a tuple in the order of `AXES`, or refuse it."""
    given = (shared,) if isinstance(shared, str) else tuple(shared)
    for axis in given:
        if axis == "gates":
            raise DropError('shared was given "gates"; say per_gate=False (one mask for all gates) instead.')
        _check_choice("shared", axis, AXES)
    return tuple(axis for axis in AXES if axis in given)


def _check_choice(name: str, given: object, choices: tuple[str, ...]) -> None:
    if given not in choices:
        raise DropError(f"{name} was {given!r}; expected one of {', '.join(map(repr, choices))}.")


def _check_combination(site: str, shared: tuple[str, ...], noise: str, fill: str, per_gate: bool) -> None:
    """Refuse the combinations that mean nothing."""
    if fill == "previous" and site not in ("cell", "hidden"):
        raise DropError(
            f'fill="previous" was given at the site {site!r}, which is not carried from step to step; '
            'zoneout acts on "cell" or "hidden".'
        )
    if fill == "previous" and noise != "bernoulli":
        raise DropError('fill="previous" either keeps the old value or does not: use noise="bernoulli".')
    if per_gate and site not in ("input", "recurrent"):
        raise DropError(
            f"per_gate=True was given at the site {site!r}, which does not branch into the gates; "
            'it is meant for "input" and "recurrent".'
        )
    if site in ("recurrent_weight", "embedding") and "time" not in shared:
        raise DropError(
            f"The site {site!r} is a matrix that serves every step, so its mask is drawn once per pass; "
            'leave "time" in shared.'
        )
    if site == "recurrent_weight" and "features" in shared:
        raise DropError(
            '"features" was shared at the site "recurrent_weight"; weight drop draws each weight alone.'
        )


def check_sites(drops: Iterable[Drop], sites: tuple[str, ...], owner: str) -> tuple[Drop, ...]:
    """Return `drops` as a tuple if `owner` has each of their sites, once; else refuse by name."""
    checked = (drops,) if isinstance(drops, Drop) else tuple(drops)
    for drop in checked:
        if not isinstance(drop, Drop):
            raise DropError(f'drops holds {drop!r}; expected Drop objects, such as Drop("recurrent", 0.2).')
        if drop.site not in sites:
            raise DropError(
                f"{owner} has no site {drop.site!r}: {SITES[drop.site]}. It has "
                f"{', '.join(map(repr, sites))}."
            )
    named = [drop.site for drop in checked]
    for site in named:
        if named.count(site) > 1:
            raise DropError(f"The site {site!r} was given {named.count(site)} drops; give it one.")
    return checked


def check_is_tensor(site: str, mask: object) -> None:
    """Refuse a mask that is not a tensor: the NumPy twins' masks are arrays."""
    if not isinstance(mask, Tensor):
        raise MaskError(
            f"The mask {site!r} is a {type(mask).__name__}; expected a tensor: torch.as_tensor(mask)."
        )


def check_mask(site: str, mask: Tensor, expected: tuple[int, ...], gates: int) -> Tensor:
    """Return `mask` if its shape is (T or 1, B or 1, [gates,] units or 1), else raise `MaskError`."""
    check_is_tensor(site, mask)
    per_gate = site in ("input", "recurrent") and mask.dim() == len(expected) + 1
    full = (*expected[:2], gates, *expected[2:]) if per_gate else expected
    fits = mask.dim() == len(full) and all(
        have in (1, want) for have, want in zip(mask.shape, full, strict=True)
    )
    if per_gate and fits and mask.shape[2] != gates:
        fits = False
    if not fits:
        steps, batch, units = expected
        also = f", or ({steps} or 1, {batch} or 1, {gates}, {units} or 1) with one mask per gate"
        raise MaskError(
            f"The mask {site!r} has shape {tuple(mask.shape)}; expected ({steps} or 1, {batch} or 1, "
            f"{units} or 1)"
            f"{also if site in ('input', 'recurrent') else ''}: time, batch, units. "
            "A mask (B, units) for the whole sequence becomes one by mask.unsqueeze(0)."
        )
    return mask
