"""The answer to question 1 in one picture, for the README and the first lesson.

`python -m recdrop_lessons.plots.where_picture FILE` writes it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from recdrop_lessons.algebra import variants
from recdrop_lessons.plots import unrolled
from recdrop_lessons.plots.style import Picture

NOTES = {
    "input": "Keras: dropout=",
    "recurrent": "Keras: recurrent_dropout=",
    "output": "torch.nn.LSTM: dropout=",
}


def picture() -> Picture:
    """Draw Keras's two arguments and PyTorch's one at their sites, with the sharing of their masks."""
    drops = (*variants.keras(0.5, 0.5), *variants.torch_between_layers(0.5))
    drawn = unrolled.picture("LSTM", drops, notes=NOTES)
    return Picture(
        drawn.svg,
        alt=f"{drawn.alt} Keras's dropout masks the input, its recurrent_dropout the hidden state on its way "
        "into the gates, each with one mask per sequence and gate; PyTorch's dropout masks what is sent up, "
        "with a new mask at each step.",
        caption="Keras's dropout= and recurrent_dropout= act before the gates and keep their masks for the "
        "whole sequence; PyTorch's dropout= acts between layers and draws anew at each step.",
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(picture().svg + "\n", encoding="utf-8")
