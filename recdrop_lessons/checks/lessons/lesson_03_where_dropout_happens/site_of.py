"""3.3 Which argument is which site?"""

from __future__ import annotations

from collections.abc import Callable

import torch

from recdrop_lessons.checks.answer import Value
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.parts import Part
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
            "`torch.nn.LSTM(dropout=)` acts somewhere else. With one layer it does nothing, and PyTorch "
            "warns. Which place is there only where there are two?",
            "Build a torch.nn.LSTM of one layer with dropout=0.5 and read the warning.",
        ),
        _takes("torch.nn.LSTM.dropout", "attention", "recurrent", "input", "output"),
    ),
    Entry(
        Misconception(
            "keras-dropout-is-input",
            "Keras's `LSTM(dropout=)` acts somewhere else. With W = 0 two training passes are equal, with "
            "U = 0 they differ. What does W multiply?",
            "Set up the two small experiments of lesson 03: weights of one kind zero, two training passes, "
            "compare.",
        ),
        _takes("keras.LSTM.dropout", "attention", "output", "recurrent", "between layers"),
    ),
    Entry(
        Misconception(
            "recurrent-dropout-is-state",
            "Keras's `recurrent_dropout` acts somewhere else. With U = 0 two training passes are equal; with "
            "W = 0 they differ, if the biases are not 0. What does U multiply?",
            "Do the experiment that the message describes, with random biases (Keras starts them at 0, and "
            "then W = 0 keeps h at 0). Write beside W and U what each multiplies.",
        ),
        _takes("keras.LSTM.recurrent_dropout", "attention", "input", "output", "between layers"),
    ),
    Entry(
        Misconception(
            "layer-after-is-output",
            "A Dropout layer after an LSTM cannot act there. It leaves gates, cell and state of every step "
            "as they are. What is left for it?",
            "Draw the LSTM as a closed box. A layer behind the box sees only what comes out of it.",
        ),
        _takes("keras.Dropout after LSTM", "attention", "recurrent", "input"),
    ),
    Entry(
        Misconception(
            "layer-after-is-between",
            "Here the LSTM is the last recurrent layer, so no other one reads what the Dropout layer gives. "
            "'between layers' is the site of another argument. What does this Dropout layer mask?",
            "What does a Dropout layer read that stands behind the last LSTM of the net?",
        ),
        _takes("keras.Dropout after LSTM", "between layers"),
    ),
    Entry(
        Misconception(
            "gat-dropout-is-attention",
            "`GATConv(dropout=)` acts somewhere else. In training what enters a node no longer has weights "
            "that sum to 1, and no feature is masked. Which numbers are these weights?",
            "Look at the picture of the graph in lesson 08: what is written beside the arrows?",
        ),
        _takes("pyg.GATConv.dropout", "input", "output", "recurrent", "between layers"),
    ),
)

PART = Part(
    "3.3",
    site_of,
    points=10,
    hints=(
        "Find each argument of an LSTM on the unrolled picture of lesson 03: does it cut a vertical arrow, a "
        "horizontal one, or one that leaves the cell? That of the graph layer is on the picture of lesson "
        "08.",
        "Give the biases random values, and set the weights behind one arrow to zero. If two training passes "
        "are now equal, the mask was on that arrow.",
        "With random biases, run Keras's two arguments once with W at zero and once with U at zero, and "
        "PyTorch's with a single layer. Where two training passes become equal, the mask was on what you "
        "took away.",
    ),
    check=table("site_of", lambda argument: SITES[argument], _site_cases, SITE_ENTRIES, "the site"),
    misconceptions=tuple(entry.misconception for entry in SITE_ENTRIES),
)
