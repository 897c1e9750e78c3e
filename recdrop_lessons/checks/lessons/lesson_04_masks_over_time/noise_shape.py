"""4.2 Which noise shape is which layer?"""

from __future__ import annotations

from collections.abc import Callable

import torch

from recdrop_lessons.checks.answer import Value
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.lessons.lesson_04_masks_over_time._shared import AXES
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.parts import Part
from recdrop_lessons.checks.tables import Entry, table


def noise_shape(name: str, batch: int, time: int, features: int) -> tuple[int, int, int]:
    """The shape of the noise that each kind of dropout draws for an input (B, T, F).

    Args:
        name: "Dropout", "SpatialDropout1D", "whole steps" or "one for the batch".
        batch: the number of examples B, an int.
        time: the number of steps T, an int.
        features: the number of features F, an int.

    Returns:
        A tuple of three ints, for the axes (batch, time, features).
    """
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
            "none-for-size",
            "Your shape has None in it, as Keras allows: there it stands for the input's own size. Here "
            "write the size itself, an int.",
            "Which of the arguments is the size of this axis?",
        ),
        lambda arguments, value: isinstance(value, (tuple, list)) and None in value,
    ),
    Entry(
        Misconception(
            "one-mask-for-batch",
            "With your shape all examples of the batch lose the same. Each example has draws of its own. "
            "Which axis says how many?",
            "Draw the tables of two examples. Does what falls in the first tell you what falls in the "
            "second?",
        ),
        lambda arguments, value: any(
            _gives(name, shape)(arguments, value)
            for name, shape in (
                ("SpatialDropout1D", lambda b, t, f: (1, 1, f)),
                ("whole steps", lambda b, t, f: (1, t, 1)),
                ("Dropout", lambda b, t, f: (1, t, f)),
            )
        ),
    ),
    Entry(
        Misconception(
            "spatial-drops-channels",
            "SpatialDropout1D drops whole channels, and with your shape it does not. A channel is a feature. "
            "Along which axis does one of its draws serve?",
            '"Spatial" comes from pictures, where a whole colour is dropped. What plays the colour\'s '
            "part in (batch, time, features)?",
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
            "With this shape no step is dropped as a whole, or several fall together. A whole step has one "
            "draw of its own. Which numbers of the step share it?",
            "Draw one example as a table of time by features and strike out one whole step. Along which "
            "axis of your table does the same draw repeat?",
        ),
        _gives(
            "whole steps",
            lambda b, t, f: (b, 1, f),
            lambda b, t, f: (b, t, f),
            lambda b, t, f: (b, 1, 1),
            lambda b, t, f: (1, 1, f),
        ),
    ),
    Entry(
        Misconception(
            "dropout-is-element-wise",
            "With this shape some numbers always fall together. A plain Dropout layer drops each number "
            "alone. How many draws is that?",
            "Strike out numbers at random in a table of time by features. Does any of them tell you about "
            "its neighbour?",
        ),
        _gives("Dropout", lambda b, t, f: (b, t, 1), lambda b, t, f: (b, 1, f)),
    ),
    Entry(
        Misconception(
            "one-mask-for-all-steps",
            "You share more than the batch. In one mask for the batch two steps may still differ, and so may "
            "two features.",
            "Read the name again: of what is there one? Nothing else is shared.",
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
            "With this shape the examples have draws of their own. In one mask for the batch each loses what "
            "the others lose. Which axis is then as short as can be?",
            "Read the name again: of what is there one? Compare two examples of your batch.",
        ),
        _gives(
            "one for the batch",
            lambda b, t, f: (b, 1, 1),
            lambda b, t, f: (b, t, f),
            lambda b, t, f: (b, 1, f),
        ),
    ),
    Entry(
        Misconception(
            "noise-shape-inverted",
            "You write 1 on the axes that have their own draws. It is the other way round: the noise has "
            "size 1 on each axis along which one draw is used for all.",
            'Two draws along an axis of four places, or four: which of these sizes says "one draw for all"?',
        ),
        lambda arguments, value: (
            value
            == tuple(
                1 if size != 1 else arguments[axis]
                for axis, size in zip(AXES, noise_shape(**arguments), strict=True)
            )
        ),
    ),
    Entry(
        Misconception(
            "size-for-sharing",
            "Your noise shape has a 0, or has not three entries. A shared axis has size 1: it is neither 0 "
            "nor left out.",
            "How many draws are there along an axis that shares one? Write that number.",
        ),
        lambda arguments, value: isinstance(value, (tuple, list)) and (0 in value or len(value) != 3),
    ),
    Entry(
        Misconception(
            "other-axes-shared",
            "Each axis of your shape has its own size or 1, but a 1 stands on another axis than it should, "
            "or there are too many of them. 1 belongs on each axis along which one draw is used for all.",
            "For each axis take two numbers that differ in this axis alone. Do they always fall together?",
        ),
        lambda arguments, value: (
            isinstance(value, (tuple, list))
            and len(value) == 3
            and all(isinstance(size, int) for size in value)
            and all(size in (1, arguments[axis]) for axis, size in zip(AXES, value, strict=True))
        ),
    ),
    Entry(
        Misconception(
            "sizes-exchanged",
            "An axis of your noise shape has a size that belongs elsewhere. The axes are (batch, time, "
            "features), each with its own size, or 1 where one draw is used for all.",
            "Write the three names over your tuple and check each size below its name.",
        ),
        lambda arguments, value: (
            isinstance(value, (tuple, list)) and all(isinstance(size, int) and size > 0 for size in value)
        ),
    ),
)

PART = Part(
    "4.2",
    noise_shape,
    points=15,
    hints=(
        "Write a 1 on each axis along which one draw is used for all. Which axis is that for each of the "
        "four?",
        "Draw each mask as a table of time by features for two examples. Which numbers fall together?",
        "For each name and each axis take two numbers that differ in this axis alone. Do they always fall "
        "together? Then the axis has size 1, else its own.",
    ),
    check=table("noise_shape", noise_shape, _shape_cases, SHAPE_ENTRIES, "the noise shape"),
    misconceptions=tuple(entry.misconception for entry in SHAPE_ENTRIES),
)
