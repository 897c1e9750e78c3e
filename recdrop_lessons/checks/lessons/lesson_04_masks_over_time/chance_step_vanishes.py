"""4.3 Does a Dropout layer drop time steps?"""

from __future__ import annotations

from collections.abc import Iterator

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.misconceptions import Misconception


def chance_step_vanishes(p: float, features: int) -> float:
    """The probability that element-wise dropout drops all of a given step.

    Args:
        p: the rate of dropping, a float, 0 ≤ p < 1.
        features: the number of features of the step, an int of at least 1.

    Returns:
        The probability, a float between 0 and 1.
    """
    return float(p**features)


def chance_cases(draw: Draw) -> Iterator[Case]:
    rates = [
        draw.uniform(0.3, 0.45),
        draw.uniform(0.55, 0.7),
        draw.uniform(0.85, 0.99),
        0.5,
        0.0,
        draw.uniform(0.3, 0.45),
    ]
    features = [draw.integer(2, 4), draw.integer(2, 5), draw.integer(5, 30), 3, draw.integer(2, 5), 1]
    rates.append(draw.uniform(0.3, 0.4))  # a small probability is not zero
    features.append(8)
    for p, F in zip(rates, features, strict=True):
        yield Case(f"p={p:.3f}, features={F}", {"p": p, "features": F})


MISCONCEPTIONS = (
    Misconception(
        "dropout-drops-steps",
        "You take p as the probability that a whole step vanishes. Dropout draws for each feature, so all F "
        "of them must be dropped at once.",
        "Take p = 0.5 and two features. List the four outcomes of the two draws: in how many is nothing "
        "left?",
        lambda p, features: p,
    ),
    Misconception(
        "keep-probability",
        "You take p as the rate of keeping. p is the rate of dropping, so a feature vanishes with "
        "probability p.",
        "Take p near 0: almost nothing is dropped. Should a step be likely to vanish?",
        lambda p, features: (1 - p) ** features,
    ),
    Misconception(
        "any-feature",
        "That is the probability that at least one feature is dropped. The step vanishes only when all are.",
        "With more features, should it become easier or harder for the whole step to vanish? Which way "
        "does yours go?",
        lambda p, features: 1 - (1 - p) ** features,
    ),
    Misconception(
        "chances-added",
        "You add or divide the probabilities of the features. They are drawn independently, so their "
        "probabilities multiply.",
        "Two coins: what is the probability of two heads? Which operation gives it?",
        lambda p, features: p * features,
        lambda p, features: p / features,
        lambda p, features: min(1.0, p * features),
    ),
    Misconception(
        "chance-of-staying",
        "That is the probability that something of the step is left. The question is the probability that "
        "nothing is left.",
        "Take p near 0: should your number be near 0 or near 1?",
        lambda p, features: 1 - p**features,
    ),
    Misconception(
        "step-never-vanishes",
        "You call it impossible, or certain. Independent draws may all come out alike: all F "
        "features are dropped with probability p·p·…·p.",
        "Take one feature only. With which probability does this step vanish?",
        lambda p, features: 0.0,
        lambda p, features: 1.0,
    ),
    Misconception(
        "one-feature-alone",
        "That is the probability of one feature alone being dropped, or of several ways to drop all. All F "
        "are dropped at once in one way only: p·p·…·p.",
        "Take p near 1: should your number be near 1 or near 0?",
        lambda p, features: features * p * (1 - p) ** (features - 1),
        lambda p, features: p * (1 - p) ** (features - 1),
        lambda p, features: features * p**features,
        lambda p, features: 1 - (1 - p**features) ** features,
    ),
    Misconception(
        "features-miscounted",
        "Your power is another one: the probability has one factor p for each of the F features.",
        "Try one feature: what should come out? Then two.",
        lambda p, features: p ** (features - 1),
        lambda p, features: p ** (features + 1),
        lambda p, features: p**2,
        lambda p, features: features**p,
        lambda p, features: p ** (1 / features),
    ),
)

PART = exact_part(
    "4.3",
    chance_step_vanishes,
    points=10,
    hints=(
        "What has to happen to each of the features for the whole step to vanish?",
        "A step vanishes when every one of its features is dropped, and each is dropped by its own draw. "
        "Try p = 0.5 with two features.",
        "Probabilities of independent draws multiply, so there is one factor for each feature.",
    ),
    cases=chance_cases,
    outputs=("the probability",),
    floats=False,
    misconceptions=MISCONCEPTIONS,
)
