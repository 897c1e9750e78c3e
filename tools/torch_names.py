"""Write browser/torch/names.txt: the public names of the installed torch, which the browser's torch asks.

A name in the list that the browser's torch has not is said to be lacking there; any other is misspelt.
"""

from __future__ import annotations

import importlib
from pathlib import Path

import torch

PATH = Path(__file__).parents[1] / "browser" / "torch" / "names.txt"
MODULES = (
    "torch",
    "torch.autograd",
    "torch.autograd.function",
    "torch.autograd.functional",
    "torch.cuda",
    "torch.distributions",
    "torch.func",
    "torch.linalg",
    "torch.nn",
    "torch.nn.functional",
    "torch.nn.init",
    "torch.nn.parameter",
    "torch.nn.utils",
    "torch.nn.utils.rnn",
    "torch.optim",
    "torch.random",
    "torch.special",
)


def text() -> str:
    """One line a holder: its name, then its public names."""
    held = {name: dir(importlib.import_module(name)) for name in MODULES}
    held["torch.Tensor"] = dir(torch.Tensor)
    return "".join(
        f"{holder}: {' '.join(sorted(name for name in names if not name.startswith('_')))}\n"
        for holder, names in sorted(held.items())
    )


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
