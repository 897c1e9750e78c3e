"""What PyTorch, Keras or PyG say of their own code stays out of a lesson.

A new release may say that a function inside of it will go. A learner cannot act on this. A warning about the
learner's own line still comes.
"""

from __future__ import annotations

import warnings

FRAMEWORKS = ("torch", "keras", "torch_geometric")
_OF_RELEASES = (DeprecationWarning, FutureWarning, PendingDeprecationWarning)


def turn_on() -> None:
    """Ignore what a framework's own files say of coming releases, in this process."""
    for category in _OF_RELEASES:
        for name in FRAMEWORKS:
            warnings.filterwarnings("ignore", category=category, module=rf"{name}(\.|$)")
