"""The one name of scipy.special that the checks use."""

from __future__ import annotations

from scipy import student


def stdtrit(df: int, q: float) -> float:
    """The t with P(T <= t) = q."""
    return student.ppf(q, df)
