"""One site of one pass: a random mask, or noise, met a value here."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from recdrop_lessons.xray.lines import Line
from recdrop_lessons.xray.marks import Mark

#: What happens at a site, and what the report calls it.
KINDS = {
    "multiply": "multiplicative",
    "pick": "Bernoulli, fills",  # a mask chooses between two values
    "select": "selection",  # random places are taken
    "noise": "noise",  # added, or through a product
    "constant": "constant",  # looks like a mask
    "fused": "not seen inside",  # a kernel drops
    "decision": "Python's choice",  # a branch on a random number
}


@dataclass(eq=False)
class MaskSite:
    """A mask, or noise, where it meets data.

    `mask`: what multiplies the value, broadcast as it was, or None if it is not known.
    `scale`: the number that the result is multiplied by later.
    `shape`: the shape of the result. `value`: what is known of the value.
    `made_in`: the paths of the modules that drew the mask.
    `completed`: what the mask takes away is replaced: zoneout, alpha dropout, a fill value.
    `whole`: the value is a whole number, as a word's index is.
    `reaches`, `final`: the outputs depend on it; one is its result.
    `carried`: its masked value meets a weight that the value came from, or what that weight made since.
    `born`: when the value was masked, counted in the pass.
    `feeds`: the weights that its masked value meets first.
    """

    number: int
    kind: str
    operation: str
    function: str
    mask: Tensor | None
    shape: tuple[int, ...]
    value: Mark
    draws: int
    line: Line
    path: str
    module: str
    made_in: frozenset[str]
    apart: bool = True
    padded: bool = False
    whole: bool = False
    born: int = 0
    scale: float = 1.0
    completed: bool = False
    drawn_before: bool = False
    reaches: bool = False
    final: bool = False
    carried: bool = False
    feeds: set[str] = field(default_factory=set)

    @property
    def weights(self) -> bool:
        """Whether the value is a weight, or computed from weights only."""
        return self.value.params != 0 and not self.value.inputs

    @property
    def key(self) -> tuple[str, Line]:
        return self.path, self.line

    def multiplier(self) -> Tensor | None:
        """What the value is multiplied by in all at this site, as broadcast there."""
        return None if self.mask is None else self.mask * self.scale

    def full(self) -> Tensor | None:
        """The multiplier for each element of the value, or None if the shapes do not say."""
        found = self.multiplier()
        try:
            return None if found is None else found.expand(self.shape)
        except RuntimeError:
            return None

    def two_valued(self) -> bool:
        """Whether the multiplier is 0 or one other value, or constant."""
        found = self.multiplier()
        if found is None:
            return False
        kept = found[found != 0]
        return kept.numel() == 0 or bool(torch.isclose(kept, kept.max(), rtol=1e-4).all())


def without_copies(mask: Tensor) -> Tensor:
    """The mask's elements that were drawn: those of an expanded tensor once; 0 and 1 for a mask of bool."""
    mask = mask.detach()
    for axis, (size, stride) in enumerate(zip(mask.shape, mask.stride(), strict=True)):
        if size > 1 and stride == 0:
            mask = mask.narrow(axis, 0, 1)
    return mask.clone() if mask.is_floating_point() else mask.to(torch.get_default_dtype())
