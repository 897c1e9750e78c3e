"""Dropout as a layer of its own: of what passes between two layers, and of whole word types."""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recdrop_lessons.algebra.drops import Drop, Masks, check_sites
from recdrop_lessons.algebra.sites import sites_of
from recdrop_lessons.layers.recurrent import Shape
from recdrop_lessons.layers.tensors import check_floats, check_is_tensor, check_mask, check_whole
from recdrop_lessons.support.errors import MaskError, ShapeError


class Dropout(nn.Module):
    """The algebra as a layer of its own, between two others.

    `shared=()`: each element alone, as `torch.nn.Dropout`. `("time",)`: a feature for the whole sequence, as
    Keras's `SpatialDropout1D`. `("features",)`: whole time steps.
    `noise="gaussian"`: Keras's `GaussianDropout`; "binary": 0 or 1 in training, times 1-p at evaluation.
    Shapes: x (B, T, F) → the same; mask (T or 1, B or 1, F or 1), as everywhere in this library.
    Raises `DropError` for a rate outside [0, 1), `MaskError` for a mask of another shape.
    """

    def __init__(self, p: float, *, shared: Iterable[str] = (), noise: str = "bernoulli") -> None:
        super().__init__()
        self.drop = Drop("output", p, shared=shared, noise=noise)

    def sample_masks(
        self, batch: int, steps: int, features: int, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Draw the mask of one pass, under the name "output"."""
        return {"output": self.drop.sample(self.drop.mask_shape(steps, batch, features), generator=generator)}

    def forward(
        self, x: Tensor, *, masks: Masks | None = None, generator: torch.Generator | None = None
    ) -> Tensor:
        """Multiply x (B, T, F) by its mask in training, and by the mask's mean, 1 or 1-p, at evaluation."""
        self.output_shape(tuple(check_floats(x, "Dropout").shape))
        batch, steps, features = x.shape
        if masks is None:
            if not self.training:
                return x if self.drop.mean == 1 else x * self.drop.mean
            masks = self.sample_masks(batch, steps, features, generator=generator)
        _check_names(masks, "output", "Dropout", needed=self.drop.p > 0)
        if "output" not in masks:
            return x
        mask = check_mask("output", masks["output"], (steps, batch, features), gates=1)
        return x * mask.to(x).transpose(0, 1)  # (B, T, F)

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape as it came, or refuse one without time."""
        if len(shape) != 3:
            raise ShapeError(
                f"Dropout was given the shape {shape}; it masks over time and needs (batch, time, features).",
                "For a tensor without time use torch.nn.Dropout.",
            )
        return shape

    def extra_repr(self) -> str:
        return f"{self.drop.p}, shared={self.drop.shared}, noise={self.drop.noise!r}"


class Embedding(nn.Module):
    """Vectors for word numbers, with dropout of whole word types.

    Shapes: x (B, T) of whole numbers below V → (B, T, F). Mask "embedding" (V, 1), or (V, F) with
        `shared=("time",)`.
    Equation: y = (m ∘ E)[x].
    Raises `RecdropError` for input that is not whole numbers from 0 to V-1.
    Source: Gal & Ghahramani 2016; Merity et al. 2018.
    """

    sites = sites_of("Embedding")

    def __init__(self, vocabulary: int, features: int, *, drops: Iterable[Drop] = ()) -> None:
        super().__init__()
        self.vocabulary, self.features = vocabulary, features
        self.drops = check_sites(drops, self.sites, "Embedding")
        self.weight = nn.Parameter(torch.randn(vocabulary, features))  # E (V, F)

    def sample_masks(
        self, batch: int, steps: int, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Draw the mask of one pass: it belongs to the matrix, so neither batch nor steps matter."""
        return {
            str(drop.site): drop.sample(
                (self.vocabulary, 1 if "features" in drop.shared else self.features), generator=generator
            ).to(self.weight)
            for drop in self.drops
        }

    def _masks(self, generator: torch.Generator | None) -> dict[str, Tensor]:
        """The mask of a pass that is given none: drawn in training, else its mean where that is not 1."""
        if self.training:
            return self.sample_masks(1, 1, generator=generator)
        return {str(d.site): self.weight.new_full((1, 1), d.mean) for d in self.drops if d.mean != 1}

    def _check_masks(self, masks: Masks) -> None:
        """Refuse masks of another name or shape."""
        _check_names(masks, "embedding", "Embedding", needed=any(drop.p > 0 for drop in self.drops))
        for site, mask in masks.items():
            check_is_tensor(site, mask)
            if tuple(mask.shape) not in ((self.vocabulary, 1), (self.vocabulary, self.features)):
                raise MaskError(
                    f"The mask {site!r} has shape {tuple(mask.shape)}; expected ({self.vocabulary}, 1), one "
                    f"draw a word type, or ({self.vocabulary}, {self.features})."
                )

    def forward(
        self, x: Tensor, *, masks: Masks | None = None, generator: torch.Generator | None = None
    ) -> Tensor:
        """Look up x (B, T) in the matrix with its dropped rows."""
        check_whole(x, "Embedding", self.weight, below=self.vocabulary)
        if masks is None:
            masks = self._masks(generator)
        else:
            self._check_masks(masks)
        mask = masks.get("embedding")
        E = self.weight if mask is None else self.weight * mask.to(self.weight)
        return F.embedding(x.long(), E)  # (B, T, F)

    def output_shape(self, shape: Shape) -> Shape:
        """Return (…, F) for (…)."""
        return (*shape, self.features)


def _check_names(masks: Masks, site: str, owner: str, *, needed: bool) -> None:
    """Refuse masks for another site than this layer's one, or none where it drops."""
    if set(masks) - {site} or needed and site not in masks:
        raise MaskError(
            f"{owner} was given masks for {sorted(masks)}; expected {site!r} alone, as its sample_masks "
            "draws it."
        )
