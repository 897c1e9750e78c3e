"""5.7 How long the first candidate lives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.misconceptions import Misconception

METHODS = (
    "none",
    "gates",
    "candidate, per step",
    "candidate, per sequence",
    "cell, per step",
    "cell, per sequence",
    "zoneout",
)


def influence(method: str, p: float, f: float, steps: int) -> list[float]:
    """The mean over the masks of ∂c_t/∂g_1 at t = 1 … steps: what is left of the first candidate in the cell.

    The step is c_t = f·c_{t-1} + g_t with its masks: the input gate is 1, and all gates are held constant,
    also where a mask acts on what they read. g_1 is the candidate before its mask.

    Args:
        method: "none"; "gates", masks on x, h or weights; "candidate, per step" or "candidate, per sequence",
            a mask on g; "cell, per step" or "cell, per sequence", a mask on the whole new cell; "zoneout", of
            the cell, drawn anew at each step. Masks are inverted: 0 or 1/(1-p).
        p: the rate of dropping, for zoneout of keeping the old value, a float, 0 ≤ p < 1.
        f: the forget gate, a float from 0 to 1; 0⁰ is 1.
        steps: how many steps, an int of at least 1.

    Returns:
        A list of `steps` floats.
    """
    # the first step's factor on g, and the factor of each further step; E[mᵗ] = (1-p)·(1/(1-p))ᵗ
    first, factor = {"zoneout": (1 - p, p + (1 - p) * f), "cell, per sequence": (1.0, f / (1 - p))}.get(
        method, (1.0, f)
    )
    return [float(first * factor**t) for t in range(steps)]


def influence_cases(draw: Draw) -> Iterator[Case]:
    """Every method in every setting."""
    settings = [
        (draw.uniform(0.2, 0.4), draw.uniform(0.8, 0.95), 4),
        (draw.uniform(0.55, 0.7), draw.uniform(0.5, 0.75), 5),
        (0.5, 1.0, 3),
        (0.25, 0.0, 3),
        (0.0, 0.9, 3),
        (draw.uniform(0.2, 0.6), draw.uniform(0.3, 0.9), 1),
        (draw.uniform(0.05, 0.15), draw.uniform(0.9, 1.0), draw.integer(9, 14)),
    ]
    for p, f, steps in settings:
        for method in METHODS:
            given = {"method": method, "p": p, "f": f, "steps": steps}
            yield Case(f"{method!r}, p={p:.3f}, f={f:.3f}, steps={steps}", given)


Curve = Callable[[float, float, int], float]


def _instead(*methods: str, value: Curve) -> Callable[..., list[float]]:
    """Right, but for some methods; the value is a function of p, f and t = 1 … steps."""

    def its(method: str, p: float, f: float, steps: int) -> list[float]:
        if method not in methods:
            return influence(method, p, f, steps)
        return [value(p, f, t) for t in range(1, steps + 1)]

    return its


CELL = ("cell, per step", "cell, per sequence")
CANDIDATE = ("candidate, per step", "candidate, per sequence")


def _other_sharing(method: str, p: float, f: float, steps: int) -> list[float]:
    swapped = {CELL[0]: CELL[1], CELL[1]: CELL[0]}
    return influence(swapped.get(method, method), p, f, steps)


def _unscaled(method: str, p: float, f: float, steps: int) -> list[float]:
    """Every mask is 0 or 1."""
    if method not in (*CELL, *CANDIDATE):
        return influence(method, p, f, steps)
    times = {"cell, per step": 1}.get(method, 0)  # how often a further step's mask is drawn
    return [(1 - p) ** (1 + times * t) * f**t for t in range(steps)]


def _late(method: str, p: float, f: float, steps: int, *, start: float | None) -> list[float]:
    """At t the value of t - 1, and at the beginning that of t = 1 or a number."""
    values = influence(method, p, f, steps)
    return [values[0] if start is None else start, *values[:-1]]


MISCONCEPTIONS = (
    Misconception(
        "powers-of-one-mask",
        "You take the mean of the sequence's mask to be 1 at each step. But it is one draw: after t steps "
        "its power mᵗ stands before g_1, and the mean of mᵗ is not the power of the mean. With p = 0.5 the "
        "mean of m² is 2.",
        "Take p = 0.5 and list the two values of the mask. Square each, then take the mean. Is it 1?",
        _instead("cell, per sequence", value=lambda p, f, t: f ** (t - 1)),
    ),
    Misconception(
        "sharing-swapped",
        "You take the cell's mask per step for one per sequence. New at each step the masks are independent, "
        "and the mean of their product is the product of their means.",
        "Which of the two draws once, which at every step? Take p = 0.5 and two steps, and list all "
        "outcomes of each.",
        _other_sharing,
        _instead("cell, per step", value=lambda p, f, t: (f / (1 - p)) ** (t - 1)),
    ),
    Misconception(
        "no-rescale",
        "You leave out the scale of the mask. It is 0 or 1/(1-p), so its mean is 1.",
        "List the two values of the mask at p = 0.5 and take their mean.",
        _instead("cell, per step", value=lambda p, f, t: (1 - p) ** t * f ** (t - 1)),
        _instead("cell, per sequence", value=lambda p, f, t: (1 - p) * f ** (t - 1)),
        _instead(*CANDIDATE, value=lambda p, f, t: (1 - p) * f ** (t - 1)),
        _unscaled,
    ),
    Misconception(
        "candidate-masked-again",
        "You let the candidate's mask act at each step. It acts on g_1 once, when it is written, and "
        "not on what the cell holds.",
        "Write c_2 in terms of g_1, with the mask at the place where it stands. How many times does it "
        "stand there?",
        _instead("candidate, per sequence", value=lambda p, f, t: (f / (1 - p)) ** (t - 1)),
        _instead(*CANDIDATE, value=lambda p, f, t: (f / (1 - p)) ** (t - 1)),
    ),
    Misconception(
        "gates-not-constant",
        "You let a mask that the gates read act on the cell. With the gates held constant nothing between "
        "g_1 and c_t is masked.",
        "Cross out everything that is held constant. Which factors between g_1 and c_t are left?",
        _instead("gates", value=lambda p, f, t: (1 - p) * f ** (t - 1)),
        _instead("gates", value=lambda p, f, t: ((1 - p) * f) ** (t - 1)),
        _instead("gates", value=lambda p, f, t: (f / (1 - p)) ** (t - 1)),
    ),
    Misconception(
        "zoneout-swapped",
        "You take p as the rate of updating. In zoneout the old value is kept with probability p.",
        "Take p = 1 in your mind, in zoneout's meaning: does the cell change at all?",
        _instead("zoneout", value=lambda p, f, t: p * (1 - p + p * f) ** (t - 1)),
    ),
    Misconception(
        "zoneout-first-step",
        "You forget that zoneout acts in the first step too: with probability p the old cell stays, and g_1 "
        "is not written at all.",
        "What stands in the cell after step 1 if zoneout acts there? Does it hold g_1?",
        _instead("zoneout", value=lambda p, f, t: (p + (1 - p) * f) ** (t - 1)),
    ),
    Misconception(
        "zoneout-fills-zero",
        "You let zoneout put zeros. It puts the old value: where a step is skipped, g_1 stays in the cell "
        "unchanged.",
        "What stands in the cell after a step at which zoneout acts: 0, or what was there before?",
        _instead("zoneout", value=lambda p, f, t: (1 - p) ** t * f ** (t - 1)),
    ),
    Misconception(
        "zoneout-as-none",
        "Your values for zoneout are those without any mask. Where a step is skipped, g_1 stays as it is, "
        "and in the first step it may not be written at all.",
        "What stands in the cell after a step at which zoneout acts? Compare it with a step without masks.",
        _instead("zoneout", value=lambda p, f, t: f ** (t - 1)),
    ),
    Misconception(
        "off-by-one",
        "Your values are a step early or late. At t = 1 the candidate has just been written, and no forget "
        "gate has acted on it yet.",
        "Read the example in the text: how many forget gates stand before g_1 at t = 1?",
        lambda method, p, f, steps: influence(method, p, f, steps + 1)[1:],
        *(partial(_late, start=start) for start in (None, 1.0, 0.0)),
    ),
)

PART = exact_part(
    "5.7",
    influence,
    points=15,
    hints=(
        "Write c_1, c_2, c_3 with their masks and follow g_1: which factors stand before it after t steps?",
        "Which of these factors are random, and are they drawn once or at each step? The mean of a "
        "product is the product of the means only for independent draws.",
        "Independent masks multiply mean by mean. One mask that acts t times gives mᵗ: list its two "
        "values and their probabilities. Zoneout's step multiplies what the cell holds by 1 or by f; and "
        "what does it do to g_1 in the first step?",
    ),
    cases=influence_cases,
    outputs=("the list",),
    floats=False,
    misconceptions=MISCONCEPTIONS,
)
