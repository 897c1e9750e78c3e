"""3.3 Which argument is which site?"""

from __future__ import annotations

from collections.abc import Callable

import torch

from recdrop_lessons.checks.answer import Value
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.parts import Misconception, Part
from recdrop_lessons.checks.tables import Entry, table


def site_of(argument: str) -> str:
    """The site that a framework's dropout argument masks.

    Args:
        argument: one of the five strings above, such as "keras.LSTM.dropout".

    Returns:
        A string: "input", "recurrent", "between layers", "output" or "attention".
    """
    return SITES[argument]


SITES = {
    "keras.LSTM.dropout": "input",
    "keras.LSTM.recurrent_dropout": "recurrent",
    "torch.nn.LSTM.dropout": "between layers",
    "keras.Dropout after LSTM": "output",
    "pyg.GATConv.dropout": "attention",
}


def _site_cases(draw: Draw) -> list[Case]:
    order = torch.randperm(len(SITES), generator=draw.torch).tolist()
    names = list(SITES)
    return [Case(repr(names[k]), {"argument": names[k]}) for k in order]


def _takes(argument: str, *sites: str) -> Callable[[dict[str, Value], Value], bool]:
    return lambda arguments, value: arguments["argument"] == argument and value in sites


SITE_ENTRIES = (
    Entry(
        Misconception(
            "torch-dropout-not-recurrent",
            "`torch.nn.LSTM(dropout=)` is not recurrent dropout, nor does it touch the input or the last "
            "output. It drops what one layer gives to the next.",
        ),
        _takes("torch.nn.LSTM.dropout", "attention", "recurrent", "input", "output"),
    ),
    Entry(
        Misconception(
            "keras-dropout-is-input",
            "Keras's `LSTM(dropout=)` masks x on its way into the gates; the output and the state stay as "
            "they are.",
        ),
        _takes("keras.LSTM.dropout", "attention", "output", "recurrent", "between layers"),
    ),
    Entry(
        Misconception(
            "recurrent-dropout-is-state",
            "Keras's `recurrent_dropout` masks the state h on its way into the next step: the horizontal "
            "arrow.",
        ),
        _takes("keras.LSTM.recurrent_dropout", "attention", "input", "output", "between layers"),
    ),
    Entry(
        Misconception(
            "layer-after-is-output",
            "A Dropout layer after an LSTM sees only what comes out, and masks that. Nothing inside the "
            "LSTM changes.",
        ),
        _takes("keras.Dropout after LSTM", "attention", "recurrent", "input", "between layers"),
    ),
    Entry(
        Misconception(
            "gat-dropout-is-attention",
            "`GATConv(dropout=)` drops attention coefficients, after the softmax. To drop the node "
            "features is F.dropout's work, with a rate of its own.",
        ),
        _takes("pyg.GATConv.dropout", "input", "output", "recurrent", "between layers"),
    ),
)

PART = Part(
    "3.3",
    site_of,
    points=10,
    hints=(
        "Find each argument on the unrolled picture of lesson 03: does it cut a vertical arrow, a "
        "horizontal one, or one that leaves the cell?",
        "Two of them are Keras arguments inside the LSTM (one vertical, one horizontal), one acts "
        "between stacked layers, one after everything, and one is not on an LSTM at all.",
    ),
    check=table("site_of", lambda argument: SITES[argument], _site_cases, SITE_ENTRIES, "the site"),
    misconceptions=tuple(entry.misconception for entry in SITE_ENTRIES),
)
