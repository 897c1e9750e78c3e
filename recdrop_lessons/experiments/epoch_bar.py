"""A bar that counts epochs, for a person who watches."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from recdrop_lessons.support.optional import need


@contextmanager
def epoch_bar(epochs: int, progress: bool) -> Iterator[Callable[[float], None]]:
    """A bar for a person, none where output is stored or read by a machine (nbval, nbconvert, CI, a pipe)."""
    try:
        tqdm = need("tqdm.auto", "tqdm").tqdm if progress and watched() else None
    except ImportError:
        tqdm = None  # a bar is no reason to fail
    if tqdm is None:
        yield lambda validation_loss: None
        return
    with tqdm(total=epochs, unit="epoch", leave=False) as bar:

        def advance(validation_loss: float) -> None:
            bar.set_postfix(validation_loss=f"{validation_loss:.3f}")
            bar.update()

        yield advance


def watched() -> bool:
    """Say whether a person sees what is printed."""
    if os.environ.get("CI"):
        return False
    ipython = sys.modules.get("IPython")
    kernel = getattr(ipython and ipython.get_ipython(), "kernel", None)
    if kernel is None:
        return sys.stderr.isatty()
    # JupyterLab lets a cell ask its person for input; nbval and nbconvert have nobody to ask.
    return getattr(kernel, "_allow_stdin", True)
