"""What the noise of 2.2 can be in place of N(1, p/(1-p))."""

from __future__ import annotations

import math

from recdrop_lessons.checks.misconceptions import Misconception

STD_IS_P = Misconception(
    "std-is-p",
    "Your noise has standard deviation p. It is √(p/(1-p)), which gives the variance that inverted dropout "
    "of rate p has.",
    "Take p = 0.5: the multiplier of inverted dropout is 0 or 2. What is its standard deviation?",
)

STD_IS_ROOT_P = Misconception(
    "std-is-root-p",
    "Your noise has standard deviation √p. It is √(p/(1-p)), which gives the variance that inverted dropout "
    "of rate p has.",
    "Take p = 0.5: the multiplier of inverted dropout is 0 or 2. What is its variance?",
)

STD_IS_ONE = Misconception(
    "std-is-one",
    "Your noise has standard deviation 1. It depends on p and is √(p/(1-p)).",
    "Take p near 0: almost nothing is to happen to x. How large should the noise be?",
)

STD_WITHOUT_ROOT = Misconception(
    "std-without-root",
    "Your noise has standard deviation p/(1-p). That is the variance; the standard deviation is its root.",
    "Which of mean, variance and standard deviation does torch.randn get multiplied by?",
)

STD_INVERTED = Misconception(
    "std-inverted",
    "Your noise has standard deviation √((1-p)/p), or its square: p and 1-p are exchanged, so a small p "
    "makes much noise. It is √(p/(1-p)).",
    "Take p near 0. Should there be almost no noise, or very much?",
)

STD_BERNOULLI = Misconception(
    "std-without-rescale",
    "Your noise has the spread of a mask that is not rescaled, √(p(1-p)). Rescaled by 1/(1-p) it is "
    "√(p/(1-p)).",
    "The Bernoulli multiplier that you want to match takes the values 0 and what? Compute its variance at "
    "p = 0.5 with numbers.",
)

ADDITIVE = Misconception(
    "additive-noise",
    "You add the noise to x. Gaussian dropout multiplies: y = x·m with m ~ N(1, p/(1-p)), so large values "
    "get large noise and zero stays zero.",
    "Feed x = 0. Should anything but 0 come out?",
)

MEAN_ZERO = Misconception(
    "mean-zero",
    "Your noise has mean 0, so x vanishes on average. The multiplier's mean is 1: that is why nothing "
    "needs rescaling.",
    "Average your multiplier over a hundred draws. Should it be 0 or 1 if the layer is to keep the mean?",
)

GAUSSIAN_RESCALED = Misconception(
    "gaussian-rescaled",
    "You divide by 1-p as in inverted dropout. The Gaussian multiplier has mean 1 already; there is "
    "nothing to rescale.",
    "Average your multiplier over a hundred draws at p = 0.5. Is it 1 before you divide?",
)

ONE_NUMBER = Misconception(
    "one-number",
    "Every element is multiplied by the same number. Each has a draw of its own, from N(1, p/(1-p)).",
    "Print y / x. How many different numbers do you see, and how many should there be?",
)

BERNOULLI_NOISE = Misconception(
    "bernoulli-noise",
    "Your noise drops elements to zero. Gaussian dropout drops none: every element is multiplied by a draw "
    "from a normal distribution.",
    "Count the exact zeros in your result for an x of ones. How many does a continuous distribution give?",
)

CLIPPED = Misconception(
    "noise-clipped",
    "Your multiplier is never negative. N(1, p/(1-p)) has a lower tail; cutting it raises the mean.",
    "At p = 0.5 draw a thousand multipliers. A normal distribution goes below 0 sometimes: does yours?",
)

ONE_SIDED = Misconception(
    "noise-one-sided",
    "Your multiplier is below 1 nowhere. Half of the draws of N(1, p/(1-p)) are: torch.randn draws around 0, "
    "torch.rand from 0 to 1.",
    "Print the smallest and the largest of your multipliers for an x of ones. Around which number should "
    "they lie?",
)

STANDARDISED = Misconception(
    "noise-standardised",
    "Your noise has the same mean or the same variance in every call. Each element is an independent draw, "
    "so the mean and the variance of a sample vary from call to call: do not subtract its mean or divide by "
    "its standard deviation.",
    "Draw four numbers: may their mean differ from 1? Look for a line that makes it 1.",
)
NOT_NORMAL = Misconception(
    "noise-not-normal",
    "Your noise is not normal, though its mean and variance pass for the right ones in this sample. Draw it "
    "with torch.randn.",
    "Which function of torch draws numbers with two tails that never end?",
)
GAUSSIAN_SPREADS = (
    (STD_IS_P, lambda p: p),
    (STD_WITHOUT_ROOT, lambda p: p / (1 - p)),
    (STD_INVERTED, lambda p: math.sqrt((1 - p) / p)),
    (STD_INVERTED, lambda p: (1 - p) / p),
    (STD_BERNOULLI, lambda p: math.sqrt(p * (1 - p))),
    (STD_IS_ROOT_P, lambda p: math.sqrt(p)),
    (STD_IS_ONE, lambda p: 1.0),
)
