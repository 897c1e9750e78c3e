"""The algebra: a method is a tuple of `Drop`s, and a `Drop` is one choice in each of four columns.

    site × sharing × noise × fill

A paper's method, or a framework's argument, is a row of that table (see `variants`). docs/architecture.md
lists what the table does not cover.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recdrop_lessons.algebra import noise as noises
from recdrop_lessons.algebra.sites import AXES, SITES, Site, site_named
from recdrop_lessons.support.errors import DropError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

FILLS = ("zero", "previous")

#: Masks by the name of their site, each shaped (T or 1, B or 1, [gates,] units or 1).
Masks = Mapping[str, "Tensor"]


@dataclass(frozen=True)
class Drop:
    """One choice of site, sharing, noise and replacement value.

    `site`: one of `SITES`.
    `p`: the fraction that is dropped, 0 ≤ p < 1 (with `fill="previous"`: the fraction that keeps its old
        value).
    `shared`: the axes along which all elements share one draw: any of the site's `axes`, which are "time",
        "batch" and "features" in a sequence. There `("time",)`, the default, is one mask per sequence, and
        `()` a new one at each step. The messages of a graph have "features" and "source" (all messages that
        one node sends), and the default `()`.
    `noise`: "bernoulli" (0 or 1/(1-p)), "gaussian" (N(1, p/(1-p))) or "binary" (0 or 1, not scaled).
    `fill`: "zero", or "previous" (zoneout: the value of the step before).
    `per_gate`: False, one mask for all gates (tied); True, one for each (untied).

    Equation: v → m ∘ v; with `fill="previous"`, v_t → d ∘ v_{t-1} + (1-d) ∘ v_t. At evaluation the mean of
        the mask takes its place: 1 for noise that is scaled, 1 - p for binary noise, p for zoneout's d.
    Raises `DropError` for anything else; it says what to change.
    """

    site: Site
    p: float
    shared: tuple[str, ...]
    noise: str = "bernoulli"
    fill: str = "zero"
    per_gate: bool = False

    def __init__(
        self,
        site: str,
        p: float,
        *,
        shared: Iterable[str] | None = None,
        noise: str = "bernoulli",
        fill: str = "zero",
        per_gate: bool = False,
    ) -> None:
        _check_choice("site", site, tuple(SITES))
        _check_choice("noise", noise, noises.NOISES)
        _check_choice("fill", fill, FILLS)
        site = site_named(site)
        shared = _checked_axes(site, ("time",) if shared is None and "time" in site.axes else shared or ())
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

    @property
    def mean(self) -> float:
        """The expectation of the mask, which takes its place at evaluation."""
        if self.fill == "previous":
            return self.p
        return 1 - self.p if self.noise == "binary" else 1.0

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
        draws = {"bernoulli": noises.bernoulli, "gaussian": noises.gaussian, "binary": noises.binary}
        return draws[self.noise](self.p, shape, generator=generator)


def _checked_axes(site: Site, shared: Iterable[str]) -> tuple[str, ...]:
    """Return `shared` as a tuple in the order of `AXES`, or refuse an axis that the site does not have."""
    given = (shared,) if isinstance(shared, str) else tuple(shared)
    for axis in given:
        if axis == "gates":
            raise DropError('shared was given "gates"; say per_gate=False (one mask for all gates) instead.')
        if axis in AXES and axis not in site.axes:
            raise DropError(
                f'"{axis}" was shared at the site "{site}", which has no such axis; '
                f"share any of {_quoted(site.axes, ', ')} there, or nothing: shared=()."
            )
        _check_choice("shared", axis, site.axes)
    return tuple(axis for axis in AXES if axis in given)


def _check_choice(name: str, given: object, choices: tuple[str, ...]) -> None:
    if given not in choices:
        raise DropError(f"{name} was {given!r}; expected one of {', '.join(map(repr, choices))}.")


def _check_combination(site: Site, shared: tuple[str, ...], noise: str, fill: str, per_gate: bool) -> None:
    """Refuse the combinations that mean nothing."""
    if fill == "previous" and not site.carried:
        raise DropError(
            f'fill="previous" was given at the site {site!r}, which is not carried from step to step; '
            f"zoneout acts on {_quoted((other for other in SITES if other.carried), ' or ')}."
        )
    if fill == "previous" and noise != "bernoulli":
        raise DropError('fill="previous" either keeps the old value or does not: use noise="bernoulli".')
    if per_gate and not site.per_gate:
        raise DropError(
            f"per_gate=True was given at the site {site!r}, which does not branch into the gates; "
            f"it is meant for {_quoted((other for other in SITES if other.per_gate), ' and ')}."
        )
    for axis in site.must_share:
        if axis not in shared:
            raise DropError(
                f"The site {site!r} is a matrix that serves every step, so its mask is drawn once per pass; "
                f'leave "{axis}" in shared.'
            )
    for axis in site.never_shares:
        if axis in shared:
            raise DropError(f'"{axis}" was shared at the site "{site}"; weight drop draws each weight alone.')


def _quoted(sites: Iterable[str], between: str) -> str:
    return between.join(f'"{site}"' for site in sites)


def check_sites(drops: Iterable[Drop], sites: Sequence[str], owner: str) -> tuple[Drop, ...]:
    """Return `drops` as a tuple if `owner` has each of their sites, once; else refuse by name."""
    checked = (drops,) if isinstance(drops, Drop) else tuple(drops)
    for drop in checked:
        if not isinstance(drop, Drop):
            raise DropError(f'drops holds {drop!r}; expected Drop objects, such as Drop("recurrent", 0.2).')
        if drop.site not in sites:
            raise DropError(
                f"{owner} has no site {drop.site!r}: {drop.site.description}. It has "
                f"{', '.join(map(repr, sites))}."
            )
    named = [drop.site for drop in checked]
    for site in named:
        if named.count(site) > 1:
            raise DropError(f"The site {site!r} was given {named.count(site)} drops; give it one.")
    return checked
