"""The two names of scipy.stats that the course uses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import SimpleNamespace

from scipy import student

t = SimpleNamespace(ppf=student.ppf, cdf=student.cdf)


def ttest_1samp(values: Sequence[float], mean: float) -> SimpleNamespace:
    """Student's test that the values come from a normal distribution of this mean."""
    n = len(values)
    middle = math.fsum(values) / n
    deviation = math.sqrt(math.fsum((value - middle) ** 2 for value in values) / (n - 1))
    statistic = (middle - mean) / (deviation / math.sqrt(n))
    return SimpleNamespace(statistic=statistic, pvalue=1 - student.within(statistic, n - 1))
