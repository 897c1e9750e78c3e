"""A bar that counts epochs, for a person who watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from recdrop_lessons.support.progress import progress_bar


@contextmanager
def epoch_bar(epochs: int, progress: bool) -> Iterator[Callable[[float], None]]:
    """A bar for a person, none where output is stored or read by a machine (nbval, nbconvert, CI, a pipe)."""
    with progress_bar(epochs, "epoch", wanted=progress, log=False, leave=False) as advance:
        yield lambda validation_loss: advance(f"validation_loss={validation_loss:.3f}")
