"""2.3 Mean and variance of what comes out."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.misconceptions import Misconception


def dropout_moments(x: Tensor, p: float) -> tuple[Tensor, Tensor]:
    """The mean and the variance, over the masks, of element-wise inverted dropout of the constant x.

    Args:
        x: a float tensor of any shape, such as (B, F).
        p: the rate of dropping, a float, 0 ≤ p < 1.

    Returns:
        A tuple (mean, variance), each of x's shape and dtype.
    """
    # E[xm] = x,  Var[xm] = x² p/(1-p)
    return x, x**2 * p / (1 - p)


def moments_cases(draw: Draw) -> Iterator[Case]:
    a, b, c = draw.sizes(3)
    rates = [
        draw.uniform(0.15, 0.4),
        draw.uniform(0.6, 0.9),
        0.0,
        draw.uniform(0.95, 0.99),
        0.5,
        draw.uniform(0, 1),
    ]
    for shape, p in zip(((a, b), (a, b), (a, b, c), (1, a), (1, 1), (b,)), rates, strict=True):
        yield Case(f"x of shape {shape}, p={p:.2f}", {"x": draw.normal(*shape, scale=2.0), "p": p})


MISCONCEPTIONS = (
    Misconception(
        "variance-kept",
        "You take the variance to be zero, as if dropout kept it. It keeps the mean; the variance of x·m "
        "is x²·p/(1-p).",
        "Write ten draws of x·m for x = 1, p = 0.5 in a row. Do they vary?",
        lambda x, p: (x, torch.zeros_like(x)),
    ),
    Misconception(
        "variance-is-x",
        "You return x as the variance too. The variance of x·m is x² times that of m.",
        "Take a negative x. Can a variance be negative?",
        lambda x, p: (x, x),
    ),
    Misconception(
        "no-rescale",
        "A value that you return belongs to a mask that is not scaled up. Inverted dropout multiplies by 0 "
        "or 1/(1-p): its mean is 1 and its variance p/(1-p).",
        "What values can the mask take? Take the mean of these two, each with its probability, before you "
        "go on.",
        lambda x, p: ((1 - p) * x, x**2 * p * (1 - p)),
        lambda x, p: (x, x**2 * p * (1 - p)),
        lambda x, p: ((1 - p) * x, x**2 * p / (1 - p)),
    ),
    Misconception(
        "std-for-variance",
        "Your second value is the standard deviation. The variance is its square.",
        "Double x and look at your second value. By which factor should a variance grow?",
        lambda x, p: (x, x.abs() * (p / (1 - p)) ** 0.5),
        lambda x, p: (x, x * (p / (1 - p)) ** 0.5),
    ),
    Misconception(
        "square-forgotten",
        "You scale the variance by x. A factor x scales the variance by x².",
        "Double x and look at your second value. By which factor should a variance grow?",
        lambda x, p: (x, x * p / (1 - p)),
        lambda x, p: (x, x.abs() * p / (1 - p)),
    ),
    Misconception(
        "mask-alone",
        "You give the mask's own variance. The output is x·m, so its variance is x² times that.",
        "Set x to 0. What is the variance of 0 times anything?",
        lambda x, p: (x, torch.full_like(x, p / (1 - p))),
        lambda x, p: (torch.ones_like(x), torch.full_like(x, p / (1 - p))),
    ),
    Misconception(
        "second-moment",
        "Your second value is E[y²] = x²/(1-p). The variance is that minus the squared mean.",
        "Take p = 0. Nothing is random then: what should the variance be, and what do you return?",
        lambda x, p: (x, x**2 / (1 - p)),
    ),
    Misconception(
        "keep-probability",
        "You use p as the rate of keeping. Here p is the rate of dropping, and 1-p that of keeping.",
        "Take p near 0: almost nothing is dropped. Should the variance be small or large?",
        lambda x, p: (x, x**2 * (1 - p) / p if p else torch.full_like(x, float("inf"))),
        lambda x, p: (x, x**2 * (1 - p) / p),
    ),
    Misconception(
        "outputs-swapped",
        "You return (variance, mean). The order is (mean, variance).",
        "Compare your return line with the docstring.",
        lambda x, p: dropout_moments(x, p)[::-1],
    ),
    Misconception(
        "over-elements",
        "You take mean and variance over the elements of x. The exercise asks for those of each element over "
        "the masks.",
        "Give an x of a single element. Does your variance still make sense? Over what is the mean to be "
        "taken?",
        *(
            lambda x, p, unbiased=unbiased, dropped=dropped: (
                x.mean().expand_as(x) if dropped else x.mean(),
                (x.var(unbiased=unbiased) * (p / (1 - p) if dropped == 2 else 1)).expand_as(x)
                if dropped
                else x.var(unbiased=unbiased),
            )
            for unbiased in (False, True)
            for dropped in (0, 1, 2)
        ),
    ),
    Misconception(
        "scaled-twice",
        "You divide by (1-p) once too often. Var[m] = p/(1-p), so the variance is x²·p/(1-p).",
        "Write down E[m] and E[m²] for p = 0.5 with numbers, then subtract the square of the first from "
        "the second.",
        lambda x, p: (x, x**2 * p / (1 - p) ** 2),
        lambda x, p: (x / (1 - p), x**2 * p / (1 - p) ** 2),
    ),
)

PART = exact_part(
    "2.3",
    dropout_moments,
    points=20,
    hints=(
        "Here x is a constant and the mask is random. Which values can m take, and with which probabilities?",
        "Write down E[m] and E[m²] with these two values. How do they give the variance of m?",
        "The variance of m is E[m²] less the square of E[m]. A constant factor x comes out of a mean as "
        "it is, and out of a variance squared.",
    ),
    cases=moments_cases,
    outputs=("mean", "variance"),
    gradients=("x",),
    misconceptions=MISCONCEPTIONS,
)
