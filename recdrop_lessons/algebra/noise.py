"""Noise: what a dropout mask is made of.

Bernoulli and Gaussian noise have mean 1, so that multiplying by it leaves the expectation as it was:

    E[m ∘ x] = E[m] ∘ x = x

Binary noise, 0 or 1, is not scaled: its mean is 1 - p, and evaluation multiplies by that mean.

torch is imported when something is drawn: pictures and explorers read the algebra without it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING

from recdrop_lessons.support.errors import DropError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

NOISES = ("bernoulli", "gaussian", "binary")


def check_rate(p: object) -> float:
    """Return the rate p as a float, or refuse it: p is the fraction that is *dropped*, 0 ≤ p < 1."""
    if isinstance(p, bool) or not isinstance(p, Real):
        raise DropError(
            f"The rate p was {p!r}; expected a number with 0 <= p < 1, the fraction that is dropped."
        )
    p = float(p)
    if p == 1:
        raise DropError(
            "The rate p was 1: it would drop everything, and 1/(1-p) has no value. (Some releases of "
            "Keras take recurrent_dropout=1.0 in an LSTM and silently drop nothing.) Choose 0 <= p < 1; to "
            "remove a connection altogether, leave it out of the model."
        )
    if not 0 <= p < 1:
        raise DropError(
            f"The rate p was {p}; expected 0 <= p < 1, the fraction that is *dropped*. "
            "If you meant the fraction that is kept, give 1 - keep; if you meant per cent, divide by 100."
        )
    return p


def _device(generator: torch.Generator | None) -> torch.device | None:
    return None if generator is None else generator.device


def _uniform(shape: Sequence[int], generator: torch.Generator | None) -> Tensor:
    """One draw from [0, 1) in float32, so that the same seed keeps the same units in every dtype."""
    import torch

    return torch.rand(tuple(shape), generator=generator, device=_device(generator))


def binary(p: float, shape: Sequence[int], *, generator: torch.Generator | None = None) -> Tensor:
    """Draw noise that is not scaled: 0 with probability p, 1 otherwise. Its mean is 1 - p, not 1.

    Shapes: → `shape`, float32.
    Equation: b ~ Bernoulli(1-p); at evaluation the caller multiplies by E[b] = 1-p.
    Raises `DropError` for p outside [0, 1).
    Source: Srivastava et al. 2014, as first written.
    """
    p = check_rate(p)
    return (_uniform(shape, generator) >= p).float()


def bernoulli(p: float, shape: Sequence[int], *, generator: torch.Generator | None = None) -> Tensor:
    """Draw inverted-dropout noise: 0 with probability p, 1/(1-p) otherwise.

    Shapes: → `shape`, float32.
    Equation: m = b / (1-p), b ~ Bernoulli(1-p); mean 1, variance p / (1-p).
    Raises `DropError` for p outside [0, 1).
    Source: Srivastava et al. 2014, in its inverted form.
    """
    return binary(p, shape, generator=generator) / (1 - check_rate(p))


def gaussian(p: float, shape: Sequence[int], *, generator: torch.Generator | None = None) -> Tensor:
    """Draw Gaussian-dropout noise with the mean and the variance that inverted dropout has.

    Shapes: → `shape`, float32.
    Equation: m ~ N(1, σ²), σ = √(p / (1-p)).
    Raises `DropError` for p outside [0, 1).
    Source: Srivastava et al. 2014, section 10.
    """
    import torch

    sigma = math.sqrt(check_rate(p) / (1 - check_rate(p)))
    return 1 + sigma * torch.randn(tuple(shape), generator=generator, device=_device(generator))


def old_value_kept(p: float, shape: Sequence[int], *, generator: torch.Generator | None = None) -> Tensor:
    """Draw zoneout's choice: 1 where the *old* value is kept (probability p), 0 where the new one is taken.

    Shapes: → `shape`, float32. Not scaled: zoneout replaces a value, it does not remove one.
    Equation: d ~ Bernoulli(p); the caller computes d ∘ old + (1-d) ∘ new.
    Raises `DropError` for p outside [0, 1).
    Source: Krueger et al. 2017.
    """
    return (_uniform(shape, generator) < check_rate(p)).float()
