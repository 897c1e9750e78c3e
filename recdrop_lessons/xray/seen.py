"""A site as the report shows it: its calls in all passes together, and what is measured from them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.xray.axes import grown
from recdrop_lessons.xray.following import Following
from recdrop_lessons.xray.masked import KINDS, MaskSite
from recdrop_lessons.xray.passes import Passes


@dataclass(eq=False)
class SeenSite:
    """One line where a mask or noise meets data, or a module that drops inside.

    `passes`: its calls in each training pass. `batch_axes`, `time_axes`: the axes of the value, as they grow
    with the example. `in_evaluation`: whether it acts in evaluation too. `wide`: the calls with two examples,
    if the example is one. `follows_a_cell`: whether the value comes from a recurrent cell.
    """

    passes: list[list[MaskSite]]
    batch_axes: tuple[int, ...]
    time_axes: tuple[int, ...]
    in_evaluation: bool
    wide: Sequence[MaskSite] = ()
    follows_a_cell: bool = False

    @property
    def first(self) -> MaskSite:
        return self.passes[0][0]

    @property
    def calls(self) -> list[MaskSite]:
        return [call for one in self.passes for call in one]

    def each_drawn_once(self) -> list[MaskSite]:
        """The calls without those that use a mask again, which say nothing new of its rate."""
        found: list[MaskSite] = []
        for one in self.passes:
            masks: dict[int, list[Tensor]] = defaultdict(list)
            for call in one:
                again = call.mask is not None and any(_equal(call.mask, mask) for mask in masks[call.draws])
                if not again:
                    found.append(call)
                if call.mask is not None and not again:
                    masks[call.draws].append(call.mask)
        return found

    def has(self, *flags: str) -> bool:
        """Whether one of these flags is set at a call."""
        return any(getattr(call, flag) for call in self.calls for flag in flags)

    def is_the_same_in_all_passes(self) -> bool:
        """Whether each call has the same mask in every pass."""
        masks = [[call.multiplier() for call in one] for one in self.passes]
        return len(masks) > 1 and all(
            len(one) == len(masks[0])
            and all(
                a is not None and b is not None and _equal(a, b) for a, b in zip(one, masks[0], strict=True)
            )
            for one in masks[1:]
        )

    @property
    def module(self) -> str:
        return self.first.path

    @property
    def file(self) -> str:
        return self.first.line.file

    @property
    def line(self) -> int:
        return self.first.line.line

    @property
    def shape(self) -> tuple[int, ...]:
        return self.first.shape

    @property
    def masks(self) -> list[Tensor]:
        """What the value is multiplied by at each call of the first pass."""
        return [found for call in self.passes[0] if (found := call.multiplier()) is not None]

    @cached_property
    def reaches(self) -> bool:
        return any(call.reaches for call in self.calls)

    @cached_property
    def is_mask(self) -> bool:
        """Whether a mask of zeros and one other value was drawn here and multiplies the value."""
        return (
            self.first.kind == "multiply"
            and bool(self.first.draws)
            and all(c.two_valued() for c in self.calls)
        )

    @property
    def noise(self) -> str:
        """Bernoulli with its scale, Gaussian, or what happens in the place of a multiplication."""
        if not self.is_mask:
            return KINDS[self.first.kind]
        tops = sorted({round(cluster.top, 2) for cluster in self.clusters})
        return "Bernoulli ×" + ", ".join(f"{top:g}" for top in tops[:2]) + (", …" if len(tops) > 2 else "")

    @cached_property
    def rate(self) -> float | None:
        """The fraction of zeros in all passes, or None if that is not what happens here."""
        if not self.is_mask and self.first.kind != "constant":
            return None
        masks = [call.mask for call in self.each_drawn_once() if call.mask is not None]
        count = sum(mask.numel() for mask in masks)
        return sum(int((mask == 0).sum()) for mask in masks) / count if count else None

    @cached_property
    def drawn(self) -> str:
        """How far one draw reaches: along which axes the mask is equal."""
        if self.first.kind == "constant":
            return "never anew"
        if self.first.mask is None:
            return "–"
        if self.first.weights:
            return "on the weights"
        said = []
        if self.is_one_for_the_batch():
            said.append("one for the batch")
        if self._is_equal_along(self.time_axes, self.calls):
            said.append("one per sequence")
        elif len(self.passes[0]) > 1:
            anew = len({call.draws for call in self.passes[0]}) > 1
            said.append("anew at each call" if anew else "one for all calls")
        return ", ".join(said) or "per element"

    def is_one_for_the_batch(self) -> bool:
        """Whether the mask is equal for all examples of the batch, with more than chance behind it."""
        return self._is_equal_along(self.batch_axes, self.wide or self.calls)

    def _is_equal_along(self, axes: tuple[int, ...], calls: Sequence[MaskSite]) -> bool:
        if not axes:
            return False
        along, evidence, values = axes[0], 0, set()
        for call in calls:
            full = call.full()
            if full is None or along >= full.dim() or full.shape[along] < 2:
                return False
            first = full.narrow(along, 0, 1)
            if not bool((full == first).all()):
                return False
            evidence += first.numel()
            values |= set(full.unique().tolist()[:3])
        return len(values) > 1 and (evidence >= 8 or self.first.mask.numel() == 1)  # type: ignore[union-attr]

    @cached_property
    def clusters(self) -> list[Cluster]:
        """The calls by the value that their masks keep: two rates on one line are never pooled."""
        tops: dict[float, list[Tensor]] = defaultdict(list)
        for call in self.each_drawn_once():
            found = call.multiplier()
            if found is not None and found.numel():
                tops[round(float(found.max()), 4)].append(found.flatten() * call.value.factor)
        nothing = tops.pop(0.0, [])
        if len(tops) == 1:
            next(iter(tops.values())).extend(nothing)
        elif not tops and nothing:
            tops[0.0] = nothing
        return [Cluster(torch.cat(masks)) for masks in tops.values()]

    def record(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "module": self.module, "file": self.file, "line": self.line, "function": self.first.line.function,
            "shape": list(self.shape), "kind": self.first.kind, "operation": self.first.operation,
            "mask_shape": None if self.first.mask is None else list(self.first.mask.shape),
            "calls": len(self.passes[0]), "drawn": self.drawn, "noise": self.noise, "rate": self.rate,
            "on_weights": self.first.weights, "reaches_output": self.reaches,
            "in_evaluation": self.in_evaluation,
        }  # fmt: skip


@dataclass(frozen=True)
class Cluster:
    """The elements of masks that keep the same value."""

    values: Tensor

    @property
    def count(self) -> int:
        return self.values.numel()

    @cached_property
    def top(self) -> float:
        return float(self.values.max())

    @cached_property
    def zeros(self) -> float:
        return float((self.values == 0).double().mean())

    @property
    def is_binary(self) -> bool:
        """Whether what is kept stays as it is."""
        return math.isclose(self.top, 1, rel_tol=1e-3)

    @property
    def mean(self) -> float:
        return self.top * (1 - self.zeros)

    @property
    def error(self) -> float:
        """The standard error of the mean, each element drawn apart; never less than that of one element."""
        spread = max(self.zeros * (1 - self.zeros), 1 / self.count)
        return self.top * math.sqrt(spread / self.count)

    def is_far_from(self, rate: float) -> bool:
        """Whether the fraction of zeros is more than six standard errors from a rate."""
        return abs(self.zeros - rate) > 6 * math.sqrt(rate * (1 - rate) / self.count)


def sites(passes: Passes) -> list[SeenSite]:
    """All sites, in the order of the first pass that has them."""
    keys = dict.fromkeys(site.key for one in passes.training for site in one.sites)
    acting = {site.key for site in acting_in_evaluation(passes)}
    wide, longer = _calls(passes.wider), _calls(passes.longer)
    found = []
    for key in keys:
        calls = [[site for site in one.sites if site.key == key] for one in passes.training]
        calls = [one for one in calls if one]
        first = calls[0][0]
        found.append(
            SeenSite(
                passes=calls,
                batch_axes=_axes_of(first, wide.get(key), passes.axes.batch_size),
                time_axes=_axes_of(first, longer.get(key), passes.axes.time_size),
                in_evaluation=key in acting,
                wide=wide.get(key, ()) if passes.axes.batch_size == 1 else (),
                follows_a_cell=any(
                    "weight_hh" in name for name in passes.training[0].named(first.value.params)
                ),
            )
        )
    return found


def acting_in_evaluation(passes: Passes) -> list[MaskSite]:
    """The sites that act in evaluation. A mask of ones does not, nor noise that changes no output."""
    found = {}
    for one in passes.evaluation:
        for site in one.sites:
            multiplier = site.multiplier()
            if multiplier is not None and site.kind in ("multiply", "pick"):
                acts = site.completed and passes.differs_in_evaluation or not bool((multiplier == 1).all())
            else:
                acts = passes.differs_in_evaluation
            if site.draws and site.reaches and acts:
                found[site.key] = site
    return list(found.values())


def _calls(following: Following | None) -> dict[Any, list[MaskSite]]:
    found: dict[Any, list[MaskSite]] = defaultdict(list)
    for site in following.sites if following else []:
        found[site.key].append(site)
    return found


def _axes_of(site: MaskSite, other: list[MaskSite] | None, size: int | None) -> tuple[int, ...]:
    if size is None or not site.shape:
        return ()
    return grown(site.shape, other[0].shape if other else None, size)


def _equal(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and bool((one == other).all())
