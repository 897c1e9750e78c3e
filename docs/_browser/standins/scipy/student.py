"""Student's t distribution for a whole number of degrees of freedom, in closed form."""

from __future__ import annotations

import math


def within(t: float, df: int) -> float:
    """Probability of |T| <= |t|.

    Source: Abramowitz and Stegun 1964, 26.7.3 and 26.7.4.
    """
    if df < 1 or df != int(df):
        raise ValueError(f"df was {df}: in the browser it must be a whole number of at least 1.")
    angle = math.atan(abs(t) / math.sqrt(df))  # θ
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = df % 2
    term, terms = (cosine, []) if odd else (1.0, [])
    for k in range(2 + odd, int(df) + 1, 2):  # cos θ, 2/3 cos³ θ, …  or  1, 1/2 cos² θ, …
        terms.append(term)
        term *= cosine**2 * (k - 1) / k
    if odd:
        return 2 / math.pi * (angle + sine * math.fsum(terms))
    return sine * math.fsum(terms)


def cdf(t: float, df: int) -> float:
    """Probability of T <= t."""
    return (1 + math.copysign(within(t, df), t)) / 2


def ppf(q: float, df: int) -> float:
    """The t with P(T <= t) = q, by bisection down to the last bit."""
    if not 0 < q < 1:
        return math.nan if not 0 <= q <= 1 else math.copysign(math.inf, q - 0.5)
    if q < 0.5:
        return -ppf(1 - q, df)
    low, high = 0.0, 1.0
    while cdf(high, df) < q:
        high *= 2
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if cdf(middle, df) < q else (low, middle)
    return high
