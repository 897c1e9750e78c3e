"""4.6 A blank step, a blank sequence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.misconceptions import Misconception

Chances = tuple[float, float]


def blank_chances(p: float, features: int, steps: int, how: str) -> tuple[float, float]:
    """How probable it is that dropout leaves nothing of a step, and nothing of a whole sequence.

    Args:
        p: the rate of dropping, a float, 0 ≤ p < 1.
        features: the number of features of each step, an int of at least 1.
        steps: the number of steps of the sequence, an int of at least 1.
        how: "layer", a Dropout layer in front; "argument", Keras's `dropout=` of a recurrent layer, without
            `recurrent_dropout`: one mask for all steps of a sequence; "whole steps", dropout with noise_shape
            (None, None, 1).

    Returns:
        For one sequence a tuple of two floats: the probability that a given step is wholly blank (all its
        features dropped), and the probability that the whole sequence is.
    """
    # as many independent draws as decide over the step, and over the sequence
    of_step = {"layer": features, "argument": features, "whole steps": 1}[how]
    of_sequence = {"layer": features * steps, "argument": features, "whole steps": steps}[how]
    return float(p) ** of_step, float(p) ** of_sequence


WAYS = ("layer", "argument", "whole steps")


def chance_cases(draw: Draw) -> Iterator[Case]:
    """All three ways in every setting. Rates are so high that no probability vanishes in the tolerance."""
    settings = [
        (draw.uniform(0.6, 0.7), 2, 3),
        (draw.uniform(0.3, 0.45), 3, 2),
        (draw.uniform(0.9, 0.98), draw.integer(5, 12), draw.integer(4, 8)),
        (0.5, 1, 3),
        (0.5, 3, 1),
        (draw.uniform(0.2, 0.8), 1, 1),
        (0.0, 2, 3),
        (draw.uniform(0.75, 0.85), 4, 4),
    ]
    for p, features, steps in settings:
        for how in WAYS:
            given = {"p": p, "features": features, "steps": steps, "how": how}
            yield Case(f"p={p:.3f}, features={features}, steps={steps}, how={how!r}", given)


def _instead(way: str, mistake: Callable[[float, int, int], Chances]) -> Callable[..., Chances]:
    """Right, but for one way."""

    def its(p: float, features: int, steps: int, how: str) -> Chances:
        return mistake(p, features, steps) if how == way else blank_chances(p, features, steps, how)

    return its


def _any_step(p: float, features: int, steps: int, how: str) -> Chances:
    step, sequence = blank_chances(p, features, steps, how)
    return step, sequence if how == "argument" else 1 - (1 - step) ** steps


def _added(p: float, features: int, steps: int, how: str, *, at_most: float = float("inf")) -> Chances:
    step, _ = blank_chances(p, features, steps, how)
    return step, step if how == "argument" else min(at_most, step * steps)


MISCONCEPTIONS = (
    Misconception(
        "argument-drawn-at-each-step",
        "You take the argument `dropout=` as drawn anew at each step. Its mask is drawn once for a sequence: "
        "where one step is blank, all are.",
        "Draw the mask of the argument as a table of time by features. How many different rows does it have?",
        _instead("argument", lambda p, F, T: (p**F, p ** (F * T))),
    ),
    Misconception(
        "layer-drawn-once",
        "You take the Dropout layer's mask as drawn once for a sequence. It has a draw for every step and "
        "feature, so each step is blank independently of the others.",
        "Draw the layer's mask as a table of time by features. Is each row drawn anew?",
        _instead("layer", lambda p, F, T: (p**F, p**F)),
    ),
    Misconception(
        "dropout-drops-steps",
        "You take p as the probability that a step is blank, although each feature has its own draw. Then "
        "all of them must be dropped at once.",
        "Draw one step with three features by hand. How many coins are tossed, and how must they fall for "
        "the step to be blank?",
        _instead("layer", lambda p, F, T: (p, p**T)),
        lambda p, features, steps, how: blank_chances(p, 1, steps, how),
    ),
    Misconception(
        "whole-steps-by-feature",
        "You raise p to the number of features for whole steps too. With noise_shape (None, None, 1) all "
        "features of a step share one draw.",
        "How many coins are tossed for one step when the noise has size 1 on the feature axis?",
        _instead("whole steps", lambda p, F, T: (p**F, p ** (F * T))),
    ),
    Misconception(
        "whole-steps-drawn-once",
        "You take one draw for the whole sequence. Each step has a draw of its own: all must fall.",
        "How many coins are tossed for a sequence of three steps when the noise has a draw for each step?",
        _instead("whole steps", lambda p, F, T: (p, p)),
    ),
    Misconception(
        "any-step",
        "Your second number is the probability that at least one step is blank. The sequence is blank only "
        "where all of them are.",
        "Take two steps, each blank with probability 1/2. List the four outcomes. In how many are both "
        "blank?",
        _any_step,
    ),
    Misconception(
        "chances-added",
        "You multiply a probability by a number of draws. Independent draws multiply: for n of them it is p "
        "to the power n.",
        "Two coins: what is the probability of two heads? Is it larger or smaller than that of one?",
        _added,
        partial(_added, at_most=1.0),
    ),
    Misconception(
        "keep-probability",
        "You take p as the rate of keeping. p is the rate of dropping, and blank is what is dropped.",
        "Take p near 0: almost nothing is dropped. Should a blank step be likely?",
        lambda p, features, steps, how: blank_chances(1 - p, features, steps, how),
    ),
    Misconception(
        "outputs-swapped",
        "You return the sequence's probability first. The order is (a step, the whole sequence).",
        "Compare your return line with the docstring.",
        lambda **given: blank_chances(**given)[::-1],
    ),
)


PART = exact_part(
    "4.6",
    blank_chances,
    points=15,
    hints=(
        "For each of the three: how many independent draws decide whether a step is blank?",
        "And how many independent draws decide over the whole sequence? Draw each mask as a table of time "
        "by features.",
        "Of n independent draws all are dropped with probability p to the power n. A layer draws for each "
        "step and feature, the argument for each feature once, whole steps for each step once.",
    ),
    cases=chance_cases,
    outputs=("of a step", "of the sequence"),
    floats=False,
    misconceptions=MISCONCEPTIONS,
)
