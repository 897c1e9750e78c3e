"""Mean-one noise: what a dropout mask is made of.

Every noise here has mean 1, so that multiplying by it leaves the expectation as it was:

    E[m ∘ x] = E[m] ∘ x = x
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real

import torch
from torch import Tensor

from recdrop_lessons.support.errors import DropError

NOISES = ("bernoulli", "gaussian")


def check_rate(p: object) -> float:
    """Return the rate p as a float, or refuse it: p is the share that is *dropped*, 0 ≤ p < 1."""
    if isinstance(p, bool) or not isinstance(p, Real):
        raise DropError(
            f"The rate p was {p!r}; expected a number with 0 <= p < 1, the share that is dropped."
        )
    p = float(p)
    if p == 1:
        raise DropError(
            "The rate p was 1: it would drop everything, and 1/(1-p) has no value. (Keras's LSTM takes "
            "recurrent_dropout=1.0 and then silently drops nothing.) Choose 0 <= p < 1; to remove a "
            "connection "
            "altogether, leave it out of the model."
        )
    if not 0 <= p < 1:
        raise DropError(
            f"The rate p was {p}; expected 0 <= p < 1, the share that is *dropped*. "
            "If you meant the share that is kept, give 1 - keep; if you meant per cent, divide by 100."
        )
    return p


def bernoulli(p: float, shape: Sequence[int], *, generator: torch.Generator | None = None) -> Tensor:
    """Draw inverted-dropout noise: 0 with probability p, 1/(1-p) otherwise.

    Shapes: → `shape`, float32.
    Equation: m = b / (1-p), b ~ Bernoulli(1-p); mean 1, variance p / (1-p).
    Raises `DropError` for p outside [0, 1).
    Source: Srivastava et al. 2014, in its inverted form.
    """
    p = check_rate(p)
    device = generator.device if generator is not None else None
    # One uniform draw for every dtype, so that the same seed keeps the same units in float32 and in float64.
    kept = torch.rand(tuple(shape), generator=generator, device=device) >= p
    return kept / (1 - p)


def gaussian(p: float, shape: Sequence[int], *, generator: torch.Generator | None = None) -> Tensor:
    """Draw Gaussian-dropout noise with the mean and the variance that inverted dropout has.

    Shapes: → `shape`, float32.
    Equation: m ~ N(1, σ²), σ = √(p / (1-p)).
    Raises `DropError` for p outside [0, 1).
    Source: Srivastava et al. 2014, section 10.
    """
    p = check_rate(p)
    device = generator.device if generator is not None else None
    sigma = math.sqrt(p / (1 - p))
    return 1 + sigma * torch.randn(tuple(shape), generator=generator, device=device)


def old_value_kept(p: float, shape: Sequence[int], *, generator: torch.Generator | None = None) -> Tensor:
    """Draw zoneout's choice: 1 where the *old* value is kept (probability p), 0 where the new one is taken.

    Shapes: → `shape`, float32. Not scaled: zoneout replaces a value, it does not remove one.
    Equation: d ~ Bernoulli(p); the caller computes d ∘ old + (1-d) ∘ new.
    Raises `DropError` for p outside [0, 1).
    Source: Krueger et al. 2017.
    """
    p = check_rate(p)
    device = generator.device if generator is not None else None
    return (torch.rand(tuple(shape), generator=generator, device=device) < p).float()
