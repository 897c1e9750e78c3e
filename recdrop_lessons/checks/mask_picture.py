"""A mask that is drawn wrongly, beside a right one: the smallest on which the mistake can be seen.

One draw seldom proves anything. So a picture is made only where its own two masks show the mistake: where
yours is shared along other axes, holds other values, or drops far more or less.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Answer, AnswerError, Value
from recdrop_lessons.checks.counterexample import panels
from recdrop_lessons.checks.masks import (
    KEEP_PROBABILITY,
    NO_RESCALE,
    NOT_TWO_VALUES,
    SAME_EACH_CALL,
    WRONG_RATE,
    WRONG_SCALE,
    shared_axes,
)
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.parts import PictureData
from recdrop_lessons.checks.seen_in import explorer

Pattern = tuple[bool, ...]  # for batch, time and features: does one draw serve the whole axis?
PATTERNS: tuple[Pattern, ...] = tuple(product((False, True), repeat=3))[:-1]
_AXES = ("batch", "time", "features")
_SIZES, _LARGE = (2, 6, 4), (2, 8, 6)  # B, T, F; the second for a rate
_VALUES = {one.slug for one in (NO_RESCALE, WRONG_SCALE, NOT_TWO_VALUES)}
_RATES = {one.slug for one in (KEEP_PROBABILITY, WRONG_RATE)}
_APART = 0.25  # rates that differ by this are seen


@dataclass(frozen=True)
class _Pair:
    """Yours and a right mask, both (B, T, F), and what was asked for."""

    given: dict[str, Value]
    yours: Tensor
    right: Tensor

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(self.right.shape)

    @property
    def shared(self) -> tuple[Pattern, Pattern]:
        """Along which axes one draw serves all, in yours and in the right one."""
        return shared_axes(self.yours == 0), shared_axes(self.right == 0)

    @property
    def other_values(self) -> bool:
        """Whether yours keeps at another scale."""
        kept = self.yours[self.yours != 0]
        return bool(((kept - self.right.max()).abs() > 1e-4 * self.right.max()).any())

    @property
    def both(self) -> bool:
        """Whether the right mask keeps and drops."""
        return 0 < int((self.right == 0).sum()) < self.right.numel()


@dataclass(frozen=True, eq=False)
class MaskPicture:
    """Draws the wrong answers of a part that draws a mask.

    `reference`: the part's function.
    `arguments`: what it is called with, from sizes (B, T, F), a rate and a pattern of sharing. The result is
        the mask itself, so x is a tensor of ones.
    `sharing`: the misconceptions about which elements share one draw.
    `patterns`: those that may be asked for, in the order in which they are tested.
    `at_evaluation`: the misconceptions that show at evaluation, and the arguments that ask for it.
    """

    reference: Callable[..., Value]
    arguments: Callable[[tuple[int, ...], float, Pattern], dict[str, Value]]
    sharing: tuple[Misconception, ...]
    patterns: tuple[Pattern, ...] = PATTERNS
    at_evaluation: Mapping[str, dict[str, Value]] = field(default_factory=dict)

    def __call__(self, answer: Answer, slug: str | None) -> PictureData | None:
        ask = _Asking(self, answer, self.at_evaluation.get(slug or "", {}))
        if slug == SAME_EACH_CALL.slug:
            return _two_calls([ask((1, *_SIZES[1:]), 0.5, self.patterns[0], seed) for seed in (0, 1)])
        if slug in _RATES:
            pair = ask(_LARGE, 0.2, self.patterns[0])
            return _as_masks(pair) if pair is not None and _rates_apart(pair) else None
        if slug in _VALUES or slug in self.at_evaluation:
            pair = _other_values(ask, self.patterns[0])
            return None if pair is None else _as_numbers(pair)
        if slug in {one.slug for one in self.sharing}:
            for pattern in self.patterns:
                found = _other_sharing(ask, pattern)
                if found is not None:
                    return _as_masks(found) | _link(found, pattern)
        return None


@dataclass(frozen=True)
class _Asking:
    """Asks an answer for a mask, and the reference for a right one from the same generator."""

    picture: MaskPicture
    answer: Answer
    otherwise: dict[str, Value]

    def __call__(self, sizes: tuple[int, ...], p: float, pattern: Pattern, seed: int = 0) -> _Pair | None:
        """None where the answer gives no mask of these sizes."""
        given = self.picture.arguments(sizes, p, pattern) | self.otherwise
        try:
            yours = self.answer(**given, generator=torch.Generator().manual_seed(seed))
        except AnswerError:
            return None
        if not isinstance(yours, Tensor) or yours.shape != sizes or not bool(yours.isfinite().all()):
            return None
        right = self.picture.reference(**given, generator=torch.Generator().manual_seed(seed))
        return _Pair(given, yours.double(), right.double())


def _other_values(ask: _Asking, pattern: Pattern) -> _Pair | None:
    """As few elements as show that yours holds other values."""
    for sizes in ((1, 1, 2), (1, 1, 4), (1, *_SIZES[1:])):
        pair = ask(sizes, 0.2, pattern)
        if pair is None:
            return None
        differ = pair.other_values or bool((pair.yours == 0).any())
        if differ if ask.otherwise else pair.other_values and pair.both:
            return pair
    return None


def _other_sharing(ask: _Asking, pattern: Pattern) -> _Pair | None:
    """As small a mask as shows that yours is shared along other axes.

    Draws that differ where one should serve all prove it however few they are. Draws that agree prove it only
    where they are many, so nothing is cut there.
    """

    def shows(pair: _Pair | None) -> bool:
        if pair is None or not pair.both:
            return False
        yours, right = pair.shared
        long = [k for k, size in enumerate(pair.sizes) if size > 1]
        return all(right[k] == pattern[k] for k in long) and yours != right

    pair = ask(_SIZES, 0.5, pattern)
    if not shows(pair) or pair is None:
        return None
    found, _ = pair.shared
    if any(a and not b for a, b in zip(found, pattern, strict=True)):
        return pair
    for axis, whole in enumerate(_SIZES):
        for size in range(1, whole):
            sizes = (*pair.sizes[:axis], size, *pair.sizes[axis + 1 :])
            fewer = ask(sizes, 0.5, pattern)
            if fewer is not None and shows(fewer) and _same_on_long_axes(fewer, found, pattern):
                pair = fewer
                break
    return pair


def _same_on_long_axes(pair: _Pair, found: Pattern, pattern: Pattern) -> bool:
    """Whether each axis that was shared wrongly is still longer than 1, and looks as before."""
    yours, _ = pair.shared
    return all(
        (yours[k] == found[k]) if size > 1 else (found[k] == pattern[k]) for k, size in enumerate(pair.sizes)
    )


def _rates_apart(pair: _Pair) -> bool:
    yours, right = (float((mask == 0).double().mean()) for mask in (pair.yours, pair.right))
    return abs(yours - right) > _APART


# ---------------------------------------------------------------- as plain data


def _as_masks(pair: _Pair) -> PictureData:
    """Filled and crossed, with what is alike in words."""
    told: PictureData = {"input": _input(pair), "mask": True}
    for name, mask, its in zip(("yours", "right"), (pair.yours, pair.right), pair.shared, strict=True):
        along = [axis for axis, one, size in zip(_AXES, its, pair.sizes, strict=True) if one and size > 1]
        count = f"{int((mask == 0).sum())} of {mask.numel()} dropped"
        told |= {
            name: _maps(mask, "example"),
            f"{name}_said": f"the same along {' and '.join(along) or 'no axis'}; {count}",
        }
    return told


def _as_numbers(pair: _Pair) -> PictureData:
    return {
        "input": _input(pair),
        "yours": panels("result", pair.yours),
        "right": panels("result", pair.right),
    }


def _two_calls(pairs: list[_Pair | None]) -> PictureData | None:
    """Two calls with two generators, where they give one mask."""
    first, second = pairs
    if first is None or second is None or not torch.equal(first.yours, second.yours):
        return None
    return {
        "input": f"{_input(first)}, two generators",
        "mask": True,
        "yours": _maps(torch.cat([first.yours, second.yours]), "call"),
        "yours_said": "both calls give the same mask",
        "right": _maps(torch.cat([first.right, second.right]), "call"),
        "right_said": "each call draws its own",
    }


def _link(pair: _Pair, pattern: Pattern) -> PictureData:
    """The explorer with masks that are shared as yours are."""
    yours, _ = pair.shared
    batch, time, features = (
        one if size > 1 else asked for one, asked, size in zip(yours, pattern, pair.sizes, strict=True)
    )
    shared = {"time": time, "batch": batch, "features": features}
    return explorer("masks_over_time", "masks that are shared as yours are", p=0.5, units=4, **shared)


def _maps(mask: Tensor, of: str) -> list[dict[str, Any]]:
    """A map for each example or call: steps across, features down."""
    maps = panels(of, mask.transpose(1, 2), "time step", "feature")
    return [one | {"title": f"{of} {k + 1}"} for k, one in enumerate(maps)]


def _input(pair: _Pair) -> str:
    return ", ".join(
        f"{name}=ones of shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"{name}={value!r}"
        for name, value in pair.given.items()
    )
