"""What the checks use of scipy.special: Student's t by its degrees of freedom.

Another name raises ModuleNotFoundError: a check then says that it is not in the browser.
"""

from __future__ import annotations

from typing import Any

from scipy import student


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    raise ModuleNotFoundError(f"No module named 'scipy.special.{name}'", name=f"scipy.special.{name}")


def stdtrit(df: int, p: float) -> float:
    """The t with P(T <= t) = p."""
    return student.ppf(p, df)


def stdtr(df: int, t: float) -> float:
    """P(T <= t)"""
    return student.cdf(t, df)
