"""Functions that neither NumPy nor plain Python has for arrays: the error function and the normal quantile."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

_erf = np.vectorize(math.erf, otypes=[np.float64])
_inverse = NormalDist().inv_cdf


def erf(x: np.ndarray) -> np.ndarray:
    """The error function, element by element."""
    return _erf(x) if x.size else x.copy()


def normal_cdf(x: np.ndarray) -> np.ndarray:
    """Φ(x) = (1 + erf(x/√2)) / 2; by erfc where x is negative, so that small values keep their digits."""
    if not x.size:
        return x.copy()
    return 0.5 * np.vectorize(math.erfc, otypes=[np.float64])(-x / math.sqrt(2))


def normal_quantile(p: np.ndarray) -> np.ndarray:
    """Φ⁻¹(p); ∓∞ at 0 and 1, NaN outside."""

    def one(q: float) -> float:
        if 0 < q < 1:
            return _inverse(q)
        return -math.inf if q == 0 else math.inf if q == 1 else math.nan

    return np.vectorize(one, otypes=[np.float64])(p) if p.size else p.copy()
