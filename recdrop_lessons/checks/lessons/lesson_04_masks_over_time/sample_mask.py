"""4.1 One function for every sharing.

Longer than other parts: every sharing has a mistake of its own, told from the others by what is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import permutations
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Answer, Value
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.lessons.lesson_04_masks_over_time._shared import AXES
from recdrop_lessons.checks.mask_picture import PATTERNS, MaskPicture, Pattern
from recdrop_lessons.checks.masks import EXACT_COUNT, GENERAL_MASK, counts_vary, judge
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.parts import Part
from recdrop_lessons.checks.steps import Drawing, Failed, Reply, Step, Steps, fail, kept, stepwise


def sample_mask(
    batch: int,
    time: int,
    features: int,
    p: float,
    shared: tuple[str, ...],
    generator: torch.Generator | None = None,
) -> Tensor:
    """An inverted Bernoulli mask that is shared along the named axes.

    Args:
        batch: the number of examples B, an int of at least 1.
        time: the number of steps T, an int of at least 1.
        features: the number of features F, an int of at least 1.
        p: the rate of dropping, a float, 0 ≤ p < 1.
        shared: a tuple with none, some or all of "batch", "time" and "features", in any order.
        generator: a torch.Generator to draw from; None for torch's own.

    Returns:
        The mask, (B, T, F), of torch's default dtype, each element 0 or 1/(1-p). An expanded view will do.
    """
    sizes = {"batch": batch, "time": time, "features": features}
    keep = (
        torch.rand([1 if axis in shared else size for axis, size in sizes.items()], generator=generator) >= p
    )
    return (keep / (1 - p)).expand(batch, time, features)


def _exchanged(order: tuple[int, ...]) -> Callable[[Pattern], Pattern]:
    return lambda wanted: tuple(wanted[k] for k in order)


def _always(axis: int, shared: bool) -> Callable[[Pattern], Pattern]:
    return lambda wanted: tuple(shared if k == axis else one for k, one in enumerate(wanted))


# What a mistake makes of each pattern; the first that explains all of them is named.
SHARING: tuple[tuple[Misconception, Callable[[Pattern], Pattern]], ...] = (
    (
        Misconception(
            "sharing-ignored",
            "Each element has its own draw, whatever `shared` says. Along an axis that is named there, one "
            "draw is used for all.",
            "Search your function for `shared`. Does the size of what you draw depend on it?",
        ),
        lambda wanted: (False, False, False),
    ),
    (
        Misconception(
            "sharing-inverted",
            "You draw anew along the axes that `shared` names, and share along the others. It names the "
            "axes along which one draw is used for all.",
            'Try shared=("time",) and print the mask of one example. Do its rows look alike, or its columns?',
        ),
        lambda wanted: tuple(not one for one in wanted),
    ),
    (
        Misconception(
            "mask-per-step",
            'Your mask changes at each step although `shared` names "time". Gal\'s mask is drawn once per '
            "sequence and is used at all its steps.",
            "Print the first two steps of one example. Should they be alike here?",
        ),
        _always(1, False),
    ),
    (
        Misconception(
            "one-mask-for-all-steps",
            'Your mask is the same at all steps although `shared` does not name "time". Per-step dropout '
            "draws a new one at each.",
            "Print the first two steps of one example. Should they be alike here?",
        ),
        _always(1, True),
    ),
    (
        Misconception(
            "one-mask-for-batch",
            'All examples have one mask although `shared` does not name "batch". Each example has its own.',
            "Print the first step of two examples. Should they be alike here?",
        ),
        _always(0, True),
    ),
    (
        Misconception(
            "mask-per-row",
            'Each example has its own mask although `shared` names "batch": one mask is used for all then.',
            "Print the first step of two examples. Should they be alike here?",
        ),
        _always(0, False),
    ),
    (
        Misconception(
            "whole-steps-dropped",
            'All features share one draw although `shared` does not name "features", so whole steps are '
            "dropped.",
            "Print one step. Do its features fall together? Should they here?",
        ),
        _always(2, True),
    ),
    (
        Misconception(
            "mask-per-feature",
            'Each feature has its own draw although `shared` names "features": whole steps are to be '
            "dropped then.",
            "Print one step. Do its features fall together? Should they here?",
        ),
        _always(2, False),
    ),
    (
        Misconception(
            "time-batch-swapped",
            'You share along time where "batch" is named, and the other way round. The axes are (batch, '
            "time, features), in this order.",
            'Which position has "time" in (batch, time, features)? Count from 0.',
        ),
        _exchanged((1, 0, 2)),
    ),
    *(
        (
            Misconception(
                "axes-swapped",
                "You share along another axis than the one that is named. The axes are (batch, time, "
                "features), in this order.",
                "Write down the position of each name in (batch, time, features), and compare with your "
                "code.",
            ),
            _exchanged(order),
        )
        for order in permutations(range(3))
        if order not in ((0, 1, 2), (1, 0, 2))
    ),
)

MISREAD = Misconception(
    "shared-misread",
    "For some values of `shared` the mask is shared along other axes than it names. It may name none, one, "
    "two or three axes, in any order: ask for each axis whether its name is in `shared`.",
    "Call your function with two names, then with the same two in the other order. Does it look at both?",
)
FREE: Pattern = (False, False, False)


@kept
def _masks(seed: int) -> tuple[Steps, Steps, Drawing, Steps, Steps]:
    """Every sharing; other rates; calls with and without generators; all axes shared; what is small."""
    draw = Draw(seed, "sample_mask")

    def sizes(wanted: Pattern) -> list[int]:
        # An axis that alone has its own draws is long: 0.7^90 is the chance that all of it is kept. The
        # others are so long that a mistake that shares along all but one of them shows which one.
        long = wanted.count(False) == 1
        return [draw.integer(90, 100) if long and not one else draw.integer(24, 27) for one in wanted]

    patterns = [_mask(draw, sizes(wanted), draw.uniform(0.3, 0.35), wanted) for wanted in PATTERNS]
    rates = [
        _mask(draw, (20, 25, 30), draw.uniform(low, high), FREE)
        for low, high in ((0.65, 0.75), (0.95, 0.98), (0.02, 0.05), (0.0035, 0.0049))
    ]
    arguments = _arguments(draw, (16, 5, 40), draw.uniform(0.3, 0.35), (False, True, False))
    drawing = Drawing(draw, arguments, _tensor, others=3)
    whole = (2, 3, 4), 0.5, (True, True, True)
    one_draw = (_step(draw, _arguments(draw, *whole), _one_value) for _ in range(_ONE_DRAW))
    return Steps(patterns), Steps(rates), drawing, Steps(one_draw), Steps(_edges(draw))


@stepwise
def check_sample_mask(answer: Answer, seed: int) -> str:
    patterns, rates, drawing, one_draw, edges = _masks(seed)
    found = dict(zip(PATTERNS, patterns.ask(answer), strict=True))
    if any(a != b for a, b in found.items()):
        raise _named(found)
    for its in rates.ask(answer):
        if its != FREE:
            raise _named({FREE: its})
    if not counts_vary(drawing.ask(answer)):
        raise fail(EXACT_COUNT, "seven calls", drawing.arguments)
    seen = set(one_draw.ask(answer))
    if seen != {0.0, 2.0}:
        raise fail(
            "With all three axes shared the mask is all 0 or all 1/(1-p), by one draw.",
            f"all three axes shared, p=0.5, {_ONE_DRAW} draws",
            measured=[["values seen", str(sorted(seen))], ["expected", "0.0 and 2.0"]],
        )
    edges.ask(answer)
    count = len(patterns) + len(rates) + len(drawing) + len(one_draw) + len(edges)
    return f"Right on {count} inputs: every sharing, rate, scale, independence and generator."


def _arguments(draw: Draw, sizes: Sequence[int], p: float, wanted: Pattern) -> dict[str, Value]:
    given = _asked_for(sizes, p, wanted)
    # in the order of the axes and in reverse, each at every seed
    return given | {"shared": given["shared"][::-1] if wanted[1] else given["shared"]}


def _asked_for(sizes: Sequence[int], p: float, wanted: Pattern) -> dict[str, Value]:
    given: dict[str, Value] = dict(zip(AXES, sizes, strict=True))
    return given | {"p": p, "shared": tuple(name for name, one in zip(AXES, wanted, strict=True) if one)}


def _step(draw: Draw, arguments: dict[str, Value], judge: Callable[[Reply], Any]) -> Step:
    sizes = ", ".join(f"{name}={arguments[name]}" for name in AXES)
    label = f"{sizes}, p={arguments['p']:.2f}, shared={arguments['shared']}"
    return Step(label, arguments | {"generator": draw.generator()}, judge)


def _tensor(reply: Reply) -> Tensor:
    """The mask, of the size and dtype that were asked for."""
    return reply.tensor(tuple(reply.arguments[name] for name in AXES), torch.get_default_dtype())


def _mask(draw: Draw, sizes: Sequence[int], p: float, wanted: Pattern) -> Step:
    """One mask. The judge gives its sharing, and fails where something else is wrong with it."""

    def judge_mask(reply: Reply) -> Pattern:
        problem = judge(_tensor(reply), p, wanted)
        if problem is None:
            return wanted
        if problem.kind in {"sharing", "constant"}:
            return problem.shared
        raise reply.fail(problem.misconception or problem.sentence, problem.measured)

    return _step(draw, _arguments(draw, sizes, p, wanted), judge_mask)


def _named(found: dict[Pattern, Pattern]) -> Failed:
    """The failure of a mask that is shared otherwise than it should be."""

    def say(pattern: Pattern) -> str:
        return ", ".join(name for name, one in zip(AXES, pattern, strict=True) if one) or "nothing"

    wrong = next(wanted for wanted in found if found[wanted] != wanted)
    rows = [[f"shared={say(wanted)}", f"yours shares {say(its)}"] for wanted, its in found.items()]
    label = f"shared={tuple(name for name, one in zip(AXES, wrong, strict=True) if one)}"
    for misconception, makes in SHARING:
        if all(its == makes(wanted) for wanted, its in found.items()):
            return fail(misconception, label, measured=rows)
    return fail(MISREAD, label, measured=rows)


_ONE_DRAW = 29  # draws at p = 1/2 that all come out alike by a chance of 2^-28, below chance.ERROR


def _one_value(reply: Reply) -> float:
    """All three axes shared: one draw, so the whole mask has one value."""
    mask = _tensor(reply)
    if not bool((mask == mask[0, 0, 0]).all()):
        raise reply.fail(
            "With all three axes shared there is one draw for the whole mask; yours has several."
        )
    return round(float(mask[0, 0, 0]), 4)


def _edges(draw: Draw) -> Iterator[Step]:
    """Axes of one element, and rate zero, at every sharing."""
    a, b, c = draw.sizes(3)
    edges = (1, 1, 1), (1, b, c), (a, 1, c), (a, b, 1), (4, b, c)
    for k, wanted in enumerate((*PATTERNS, (True, True, True)), start=draw.integer(0, len(edges) - 1)):
        sizes = edges[k % len(edges)]
        yield _step(draw, _arguments(draw, sizes, 0.5, wanted), _kept_or_dropped)
        yield _step(draw, _arguments(draw, sizes, 0.0, wanted), _all_ones)


def _kept_or_dropped(reply: Reply) -> None:
    mask = _tensor(reply)
    reply.compare(mask, torch.where(mask == 0, 0.0, 2.0), "mask", 1e-4)


def _all_ones(reply: Reply) -> None:
    mask = _tensor(reply)
    reply.compare(mask, torch.ones(mask.shape), "mask", 1e-4, ": nothing is dropped")


SHARED_WRONGLY = (*{m.slug: m for m, _ in SHARING}.values(), MISREAD)
MISCONCEPTIONS = (*GENERAL_MASK, *SHARED_WRONGLY)

PART = Part(
    "4.1",
    sample_mask,
    points=25,
    hints=(
        "How many different draws does a mask need that is the same along an axis? That number is its "
        "size there.",
        "Draw a mask that has size 1 along each shared axis, and the full size along the others. How does it "
        "get its full size everywhere afterwards?",
        "Draw uniform numbers of that size, keep where they are at least p, divide by the probability of "
        "keeping, and expand to (batch, time, features).",
    ),
    check=check_sample_mask,
    misconceptions=MISCONCEPTIONS,
    picture=MaskPicture(sample_mask, _asked_for, SHARED_WRONGLY),
)
