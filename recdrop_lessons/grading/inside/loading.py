"""What a learner's process loads before it runs a notebook."""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import sys
from collections.abc import Sequence
from typing import Any


def load_answers(path: str) -> Any:
    """The module of `LocalAnswer`, from its file: the rest of the library stays out."""
    spec = importlib.util.spec_from_file_location("inside.answers", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def preload(names: Sequence[str]) -> None:
    """Import modules, so that no learner's cell spends its time on them: scipy takes a second."""
    for name in names:
        with contextlib.suppress(Exception):  # a learner's own import of it will say what is wrong
            importlib.import_module(name)
    if names:
        gc.freeze()  # a forked process's collector shall touch, and so copy, nothing of it
