"""Masks in NumPy, for pictures: shapes and probabilities as of `Drop.sample`, without torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recdrop_lessons.twins.equations import Array

if TYPE_CHECKING:
    from recdrop_lessons.algebra.drops import Drop


def noise(drop: Drop, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Draw a mask of `shape`, ready to multiply by; for `fill="previous"`, 1 where the old value stays.

    Equation: m = b/(1-p) or b, b ~ Bernoulli(1-p); or m ~ N(1, p/(1-p)); zoneout: d ~ Bernoulli(p).
    """
    if drop.fill == "previous":
        return (rng.random(shape) < drop.p).astype(float)
    if drop.noise == "gaussian":
        return 1 + np.sqrt(drop.p / (1 - drop.p)) * rng.standard_normal(shape)
    kept = (rng.random(shape) >= drop.p).astype(float)
    return kept if drop.noise == "binary" else kept / (1 - drop.p)


def mask(
    drop: Drop, *, steps: int, batch: int, units: int, gates: int, rng: np.random.Generator,
    features: int | None = None,
) -> Array:  # fmt: skip
    """Draw the mask of one `Drop` for a recurrent layer of `units` that reads `features`, by default as many.

    Shapes: → (T or 1, B or 1, [G,] units or 1); of a matrix (G·H, H), whatever B and T.
    """
    if drop.site.matrix:
        return noise(drop, (gates * units, units), rng)
    if drop.site.width == "input_size" and features is not None:
        units = features
    return noise(drop, drop.mask_shape(steps, batch, units, gates), rng)
