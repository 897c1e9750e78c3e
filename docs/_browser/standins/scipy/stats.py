"""What the course and its learners use of scipy.stats: Student's t, the standard error, the t-tests.

Another name of scipy.stats raises ModuleNotFoundError: a check then says that it is not in the browser.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from types import SimpleNamespace
from typing import Any

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


def ttest_1samp(a: Sequence[float], popmean: float) -> SimpleNamespace:
    """Student's test that the values come from a normal distribution of this mean."""
    n, mean, deviation = _moments(a)
    error = deviation / math.sqrt(n)
    apart = mean - popmean
    statistic = apart / error if error else math.copysign(math.inf, apart) if apart else math.nan

    def confidence_interval(confidence_level: float = 0.95) -> SimpleNamespace:
        low, high = t.interval(confidence_level, n - 1, mean, error)
        return SimpleNamespace(low=low, high=high)

    return SimpleNamespace(
        statistic=statistic,
        pvalue=1 - student.within(statistic, n - 1),
        df=n - 1,
        confidence_interval=confidence_interval,
    )


def ttest_rel(a: Sequence[float], b: Sequence[float]) -> SimpleNamespace:
    """Student's test of the paired differences a - b."""
    return ttest_1samp([float(x) - float(y) for x, y in zip(a, b, strict=True)], 0.0)
