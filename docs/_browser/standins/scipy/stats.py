"""What the course and its learners use of scipy.stats: Student's t, the standard error, the t-tests.

Another name of scipy.stats raises ModuleNotFoundError: a check then says that it is not in the browser.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from types import SimpleNamespace
from typing import Any, NamedTuple

from scipy import student


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    raise ModuleNotFoundError(f"No module named 'scipy.stats.{name}'", name=f"scipy.stats.{name}")


def _each(function: Callable[[float], float], given: Any) -> Any:
    """One value, or a list of them, as scipy takes an array."""
    if hasattr(given, "tolist"):
        given = given.tolist()
    if isinstance(given, (list, tuple)):
        import numpy as np

        return np.array([function(one) for one in given])
    return function(float(given))


class _Distribution:
    """A distribution at a place and of a width: ppf, isf, cdf, sf and interval."""

    def __init__(self, ppf: Callable[..., float], cdf: Callable[..., float], shapes: int) -> None:
        self._ppf, self._cdf, self._shapes = ppf, cdf, shapes

    def __getattr__(self, name: str) -> Any:
        return __getattr__(name)

    def _split(self, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[tuple[Any, ...], float, float]:
        """The shape parameters (df), the place and the width."""
        shapes, rest = list(given[: self._shapes]), list(given[self._shapes :])
        if self._shapes and not shapes:
            shapes = [named["df"]]
        loc = rest[0] if rest else named.get("loc", 0.0)
        scale = rest[1] if len(rest) > 1 else named.get("scale", 1.0)
        whole = tuple(int(one) if float(one).is_integer() else one for one in shapes)
        return whole, float(loc), float(scale) if scale > 0 else math.nan  # scipy's answer to a width of 0

    def ppf(self, q: Any, *given: Any, **named: Any) -> Any:
        """The value that is not exceeded with probability q."""
        shapes, loc, scale = self._split(given, named)
        return _each(lambda one: loc + scale * self._ppf(one, *shapes), q)

    def isf(self, q: Any, *given: Any, **named: Any) -> Any:
        return self.ppf(_each(lambda one: 1 - one, q), *given, **named)

    def cdf(self, x: Any, *given: Any, **named: Any) -> Any:
        shapes, loc, scale = self._split(given, named)
        return _each(lambda one: self._cdf((one - loc) / scale, *shapes), x)

    def sf(self, x: Any, *given: Any, **named: Any) -> Any:
        return _each(lambda one: 1 - one, self.cdf(x, *given, **named))

    def interval(self, confidence: float, *given: Any, **named: Any) -> tuple[float, float]:
        """The interval around the median that holds this probability."""
        return tuple(self.ppf((1 + sign * confidence) / 2, *given, **named) for sign in (-1, 1))

    def __call__(self, *given: Any, **named: Any) -> SimpleNamespace:
        """The distribution with its parameters set."""

        def fixed(name: str) -> Callable[[Any], Any]:
            return lambda x: getattr(self, name)(x, *given, **named)

        return SimpleNamespace(**{name: fixed(name) for name in ("ppf", "isf", "cdf", "sf", "interval")})


t = _Distribution(student.ppf, student.cdf, 1)
norm = _Distribution(lambda q: NormalDist().inv_cdf(q), lambda x: NormalDist().cdf(x), 0)


def _moments(values: Sequence[float]) -> tuple[int, float, float]:
    """Number, mean and standard deviation with n - 1."""
    numbers = [float(one) for one in values]
    mean = math.fsum(numbers) / len(numbers)
    squares = math.fsum((one - mean) ** 2 for one in numbers)
    return len(numbers), mean, math.sqrt(squares / (len(numbers) - 1))


def sem(a: Sequence[float], ddof: int = 1) -> float:
    """The standard error of the mean, s/√n."""
    n, _, deviation = _moments(a)
    return deviation * math.sqrt((n - 1) / (n - ddof)) / math.sqrt(n)


class Interval(NamedTuple):
    low: float
    high: float


class TTest(tuple[float, float]):
    """A test's (statistic, p-value), and the interval of what was tested."""

    def __new__(cls, middle: float, popmean: float, error: float, df: int) -> TTest:
        away = middle - popmean
        if error:
            statistic, p_value = away / error, 1 - student.within(away / error, df)
        else:  # all values are equal
            statistic, p_value = (math.copysign(math.inf, away), 0.0) if away else (math.nan, math.nan)
        made = super().__new__(cls, (statistic, p_value))
        made.statistic, made.pvalue = made
        made.df, made._middle, made._error = df, middle, error
        return made

    def confidence_interval(self, confidence_level: float = 0.95) -> Interval:
        half = self._error * student.ppf((1 + confidence_level) / 2, self.df)
        return Interval(self._middle - half, self._middle + half)


def ttest_1samp(a: Sequence[float], popmean: float) -> TTest:
    """Student's test that the values come from a normal distribution of this mean."""
    n, mean, deviation = _moments(a)
    return TTest(mean, popmean, deviation / math.sqrt(n), n - 1)


def ttest_rel(a: Sequence[float], b: Sequence[float]) -> TTest:
    """Student's test of the paired differences a - b."""
    return ttest_1samp([float(x) - float(y) for x, y in zip(a, b, strict=True)], 0.0)


def ttest_ind(a: Sequence[float], b: Sequence[float], *, equal_var: bool = True) -> TTest:
    """Student's test of two independent samples of one variance."""
    if not equal_var:
        raise ModuleNotFoundError("Welch's test is missing", name="scipy.stats.ttest_ind(equal_var=False)")
    (n, mean_a, s_a), (m, mean_b, s_b) = _moments(a), _moments(b)
    variance = ((n - 1) * s_a**2 + (m - 1) * s_b**2) / (n + m - 2)
    return TTest(mean_a - mean_b, 0.0, math.sqrt(variance * (1 / n + 1 / m)), n + m - 2)
