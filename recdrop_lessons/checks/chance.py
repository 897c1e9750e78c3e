"""Bounds on what chance does to a right answer, so that judging by a sample has a stated error.

Each test here rejects a right answer with probability at most `ERROR`. A part makes fewer than 250 such
tests, so a right answer fails with probability below 1e-6. Every bound holds for the sample at hand;
none leans on a limit theorem.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

ERROR = 4e-9


def rate_fits(count: int, of: int, rate: float) -> bool:
    """Whether `count` of `of` independent events of that rate is likely.

    Chernoff: P(count/n ≥ a) ≤ exp(-n KL(a ‖ rate)), and the same below.
    """
    if rate in (0.0, 1.0):
        return count == of * rate
    rest = of - count
    # n KL(count/n ‖ rate)
    divergence = (count * math.log(count / (of * rate)) if count else 0.0) + (
        rest * math.log(rest / (of * (1 - rate))) if rest else 0.0
    )
    return divergence <= math.log(2 / ERROR)


def standard_normal_fits(z: Tensor) -> bool:
    """Whether independent z could be N(0, 1): their distribution function, variance and mean.

    Dvoretzky–Kiefer–Wolfowitz: P(sup |F_n - F| > ε) ≤ 2 exp(-2nε²). F_n is looked at where F is k/1024, which
    takes no sorting; between two such places it is at most 1/1024 farther off.
    """
    n, places = z.numel(), 1024
    uniform = torch.special.ndtr(z)
    below = torch.histc(uniform, places, 0, 1).cumsum(0) / n
    distance = float((below - torch.arange(1, places + 1) / places).abs().max())
    return (
        distance <= math.sqrt(math.log(2 / ERROR) / (2 * n)) and variance_fits(z, 1.0) and mean_fits(z, 1.0)
    )


def variance_fits(z: Tensor, variance: float) -> bool:
    """Whether independent N(0, variance) give such squares."""
    return _squares_fit(float((z**2).sum()), z.numel(), variance)


def pairs_fit(one: Tensor, other: Tensor) -> bool:
    """Whether pairs of independent N(0, 1) could be these: their sum and their difference have variance 2."""
    squares, products = float((one**2).sum() + (other**2).sum()), float((one * other).sum())
    # Σ(a±b)² = Σa² + Σb² ± 2Σab
    return all(_squares_fit(squares + 2 * sign * products, one.numel(), 2.0) for sign in (1, -1))


def sums_vary(samples: Sequence[Tensor]) -> bool:
    """Whether means and variances of independent N(0, 1) samples vary from sample to sample as they must.

    √n·mean is N(0, 1), whose density is at most 1/√(2π). Σz² is χ² with n degrees of freedom, whose density
    is at most 1/(2√(π(n-2))). So either lies within δ of its mean, in units of its standard deviation, with a
    probability of at most 2δ/√(2π)·√(n/(n-2)), and in all k samples with that to the power of k.
    """
    least = min(z.numel() for z in samples)
    delta = math.sqrt(math.pi / 2 * (least - 2) / least) * ERROR ** (1 / len(samples))
    means = [abs(float(z.sum())) / math.sqrt(z.numel()) for z in samples]
    squares = [abs(float((z**2).sum()) - z.numel()) / math.sqrt(2 * z.numel()) for z in samples]
    return max(means) > delta and max(squares) > delta


def _squares_fit(squares: float, n: int, variance: float) -> bool:
    """Laurent & Massart: P(|Σz²/σ² - n| ≥ 2√(nt) + 2t) ≤ 2 exp(-t)."""
    t = math.log(2 / ERROR)
    return abs(squares - n * variance) <= variance * (2 * math.sqrt(n * t) + 2 * t)


def mean_fits(z: Tensor, variance: float) -> bool:
    """Whether independent N(0, variance) have such a mean: P(|mean| > ε) ≤ 2 exp(-nε²/2σ²)."""
    return abs(float(z.mean())) <= math.sqrt(2 * variance * math.log(2 / ERROR) / z.numel())


def pairs(values: Tensor, axis: int, apart: bool = False) -> tuple[Tensor, Tensor]:
    """Values along an axis two by two: neighbours, or half the axis apart.

    No value is in two pairs, so the pairs are independent.
    """
    n = values.shape[axis] // 2
    if apart:
        return values.narrow(axis, 0, n), values.narrow(axis, n, n)
    one, other = values.narrow(axis, 0, 2 * n).unflatten(axis, (n, 2)).unbind(axis + 1)
    return one, other
