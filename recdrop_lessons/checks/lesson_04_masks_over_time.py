"""Checks of lesson 04: a mask for every sharing, Keras's noise shapes, the chance that a step vanishes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import permutations, product
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Answer, Value
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import Exact
from recdrop_lessons.checks.masks import EXACT_COUNT, GENERAL_MASK, counts_vary, judge
from recdrop_lessons.checks.parts import Lesson, Misconception, Part
from recdrop_lessons.checks.steps import Drawing, Failed, Reply, Step, Steps, fail, kept, stepwise
from recdrop_lessons.checks.tables import Entry, table

# ---------------------------------------------------------------- 4.1 sample_mask

Pattern = tuple[bool, ...]  # for batch, time and features: does one draw serve the whole axis?
AXES = ("batch", "time", "features")


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
            "draw serves all.",
        ),
        lambda wanted: (False, False, False),
    ),
    (
        Misconception(
            "sharing-inverted",
            "You draw anew along the axes that `shared` names, and share along the others. It names the "
            "axes that one draw serves.",
        ),
        lambda wanted: tuple(not one for one in wanted),
    ),
    (
        Misconception(
            "mask-per-step",
            'Your mask changes at each step although `shared` names "time". Gal\'s mask is drawn once per '
            "sequence and serves all its steps.",
        ),
        _always(1, False),
    ),
    (
        Misconception(
            "one-mask-for-all-steps",
            'Your mask is the same at all steps although `shared` does not name "time". Per-step dropout '
            "draws a new one at each.",
        ),
        _always(1, True),
    ),
    (
        Misconception(
            "one-mask-for-batch",
            'All rows have one mask although `shared` does not name "batch". Each row is another sample '
            "and has its own.",
        ),
        _always(0, True),
    ),
    (
        Misconception(
            "mask-per-row",
            'Each row has its own mask although `shared` names "batch": one mask is to serve all rows then.',
        ),
        _always(0, False),
    ),
    (
        Misconception(
            "whole-steps-dropped",
            'All features share one draw although `shared` does not name "features", so whole steps are '
            "dropped.",
        ),
        _always(2, True),
    ),
    (
        Misconception(
            "mask-per-feature",
            'Each feature has its own draw although `shared` names "features": whole steps are to be '
            "dropped then.",
        ),
        _always(2, False),
    ),
    (
        Misconception(
            "time-batch-swapped",
            'You share along time where "batch" is named, and the other way round. The axes are (batch, '
            "time, features), in this order.",
        ),
        _exchanged((1, 0, 2)),
    ),
    *(
        (
            Misconception(
                "axes-swapped",
                "You share along another axis than the one that is named. The axes are (batch, time, "
                "features), in this order.",
            ),
            _exchanged(order),
        )
        for order in permutations(range(3))
        if order not in ((0, 1, 2), (1, 0, 2))
    ),
)


PATTERNS: tuple[Pattern, ...] = tuple(product((False, True), repeat=3))[:-1]
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
        for low, high in ((0.65, 0.75), (0.95, 0.98), (0.02, 0.05))
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
    names = [name for name, one in zip(AXES, wanted, strict=True) if one]
    order = torch.randperm(len(names), generator=draw.torch).tolist()
    shared = tuple(names[k] for k in order)
    given: dict[str, Value] = dict(zip(AXES, sizes, strict=True))
    return given | {"p": p, "shared": shared}


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
        if problem.kind == "sharing":
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
    return fail("The mask is not shared along the axes that `shared` names.", label, measured=rows)


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
    """Axes of one element, and rate zero."""
    a, b, c = draw.sizes(3)
    for sizes in ((1, 1, 1), (1, b, c), (a, 1, c), (a, b, 1), (4, b, c)):
        wanted = draw.choice((*PATTERNS, (True, True, True)))
        yield _step(draw, _arguments(draw, sizes, 0.5, wanted), _kept_or_dropped)
        yield _step(draw, _arguments(draw, sizes, 0.0, wanted), _all_ones)


def _kept_or_dropped(reply: Reply) -> None:
    mask = _tensor(reply)
    reply.compare(mask, torch.where(mask == 0, 0.0, 2.0), "mask", 1e-4)


def _all_ones(reply: Reply) -> None:
    mask = _tensor(reply)
    reply.compare(mask, torch.ones(mask.shape), "mask", 1e-4, ": nothing is dropped")


# ---------------------------------------------------------------- 4.2 noise_shape


def noise_shape(name: str, batch: int, time: int, features: int) -> tuple[int, int, int]:
    return {
        "Dropout": (batch, time, features),
        "SpatialDropout1D": (batch, 1, features),
        "whole steps": (batch, time, 1),
        "one for the batch": (1, time, features),
    }[name]


def _shape_cases(draw: Draw) -> list[Case]:
    names = ["Dropout", "SpatialDropout1D", "whole steps", "one for the batch"]
    order = torch.randperm(4, generator=draw.torch).tolist()
    B, T, F = draw.sizes(3, 2, 40)
    sizes = ((B, T, F), (F, B, T), (1, T, F), (B, 1, F), (B, T, 1), (4, 4, 4))
    return [
        Case(
            f"{names[k]!r}, batch={b}, time={t}, features={f}",
            {"name": names[k], "batch": b, "time": t, "features": f},
        )
        for b, t, f in sizes
        for k in order
    ]


def _gives(
    name: str, *others: Callable[[int, int, int], tuple[int, ...]]
) -> Callable[[dict[str, Value], Value], bool]:
    """Whether the answer to a name is one of other shapes, as a function of the sizes."""

    def shows(arguments: dict[str, Value], value: Value) -> bool:
        sizes = [arguments[axis] for axis in AXES]
        return (
            arguments["name"] == name
            and isinstance(value, (tuple, list))
            and tuple(value) in [other(*sizes) for other in others]
        )

    return shows


SHAPE_ENTRIES = (
    Entry(
        Misconception(
            "spatial-drops-channels",
            "SpatialDropout1D drops a feature (a channel) at all steps at once, so its noise has size 1 on "
            "the time axis. It does not drop steps.",
        ),
        _gives(
            "SpatialDropout1D",
            lambda b, t, f: (b, t, 1),
            lambda b, t, f: (b, t, f),
            lambda b, t, f: (1, t, f),
        ),
    ),
    Entry(
        Misconception(
            "whole-steps-share-features",
            "To drop a whole step all its features must share one draw: size 1 on the feature axis.",
        ),
        _gives(
            "whole steps", lambda b, t, f: (b, 1, f), lambda b, t, f: (b, t, f), lambda b, t, f: (b, 1, 1)
        ),
    ),
    Entry(
        Misconception(
            "dropout-is-element-wise",
            "A plain Dropout layer draws for every element: the noise has the input's own shape. It drops "
            "a whole step only by chance.",
        ),
        _gives("Dropout", lambda b, t, f: (b, t, 1), lambda b, t, f: (b, 1, f), lambda b, t, f: (1, t, f)),
    ),
    Entry(
        Misconception(
            "one-mask-for-all-steps",
            "One mask for the batch still has a draw of its own at each step and feature; only the rows "
            "share it.",
        ),
        _gives(
            "one for the batch",
            lambda b, t, f: (1, 1, f),
            lambda b, t, f: (1, 1, 1),
            lambda b, t, f: (1, t, 1),
        ),
    ),
    Entry(
        Misconception(
            "mask-per-row",
            "One mask for the batch means that the rows share it: size 1 on the batch axis.",
        ),
        _gives(
            "one for the batch",
            lambda b, t, f: (b, 1, 1),
            lambda b, t, f: (b, t, f),
            lambda b, t, f: (b, 1, f),
        ),
    ),
)

# ---------------------------------------------------------------- 4.3 chance_step_vanishes


def chance_step_vanishes(p: float, features: int) -> float:
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
    for p, F in zip(rates, features, strict=True):
        yield Case(f"p={p:.3f}, features={F}", {"p": p, "features": F})


CHANCE_MISCONCEPTIONS = (
    Misconception(
        "dropout-drops-steps",
        "You take p as the chance that a whole step vanishes. Dropout draws for each feature, so all F of "
        "them must be dropped at once.",
        (lambda p, features: p,),
    ),
    Misconception(
        "keep-probability",
        "You take p as the rate of keeping. p is the rate of dropping, so a feature vanishes with "
        "probability p.",
        (lambda p, features: (1 - p) ** features,),
    ),
    Misconception(
        "any-feature",
        "That is the chance that at least one feature is dropped. The step vanishes only when all are.",
        (lambda p, features: 1 - (1 - p) ** features,),
    ),
    Misconception(
        "chances-added",
        "You add up, or share out, the chances of the features. They are drawn independently, so their "
        "chances multiply.",
        (
            lambda p, features: p * features,
            lambda p, features: p / features,
            lambda p, features: min(1.0, p * features),
        ),
    ),
    Misconception(
        "chance-of-staying",
        "That is the chance that something of the step is left. The question is the chance that nothing is.",
        (lambda p, features: 1 - p**features,),
    ),
)

MASK_MISCONCEPTIONS = (*GENERAL_MASK, *{m.slug: m for m, _ in SHARING}.values())

LESSON = Lesson(
    "04_masks_over_time",
    parts=(
        Part(
            "4.1",
            "sample_mask",
            50,
            "batch, time, features, p, shared, generator=None",
            (
                "The size of what you draw is the method: draw a mask that has size 1 along each shared "
                "axis.",
                "Draw uniform numbers of that size, keep where they are at least p, divide by 1-p, and "
                "expand to (batch, time, features).",
            ),
            check_sample_mask,
            MASK_MISCONCEPTIONS,
        ),
        Part(
            "4.2",
            "noise_shape",
            30,
            "name, batch, time, features",
            (
                "Write a 1 on each axis along which one draw serves all. Which axis is that for each of "
                "the four?",
                "SpatialDropout1D drops a feature at all steps; whole steps drop all features of one step; "
                "one for the batch drops the same elements in all rows.",
            ),
            table("noise_shape", noise_shape, _shape_cases, SHAPE_ENTRIES, "the noise shape"),
            tuple(entry.misconception for entry in SHAPE_ENTRIES),
        ),
        Part(
            "4.3",
            "chance_step_vanishes",
            20,
            "p, features",
            (
                "A step vanishes when every one of its features is dropped, and each is dropped by its own "
                "draw.",
                "Independent chances multiply: p for the first feature, times p for the second, and so on.",
            ),
            Exact(
                "chance_step_vanishes",
                chance_step_vanishes,
                chance_cases,
                outputs=("the chance",),
                misconceptions=CHANCE_MISCONCEPTIONS,
                floats=False,
            ),
            CHANCE_MISCONCEPTIONS,
        ),
    ),
)
