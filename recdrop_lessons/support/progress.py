"""How far long work has come: a bar with the time left for a person, a plain line now and then in a log."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import sys
from collections.abc import Iterator
from typing import Any, Protocol

LOG_SECONDS = 30.0  # between two lines of a log, and before the first


class Advance(Protocol):
    """One more is done; `note` stands beside the count."""

    def __call__(self, note: str = "") -> None: ...


@contextlib.contextmanager
def progress_bar(
    total: int | None, unit: str, *, wanted: bool = True, log: bool = True, leave: bool = True
) -> Iterator[Advance]:
    """Count to `total` in `unit`s; `None` where nobody knows how many there will be.

    In a terminal and in JupyterLab a bar, by tqdm; none where tqdm is not installed, or is not `wanted`.
    In a file, a pipe or CI a line each `LOG_SECONDS`, without control characters, where a `log` is kept; a
    notebook that is run by a machine stores nothing.
    `leave`: the full bar stays.
    """
    look = _look(total, log) if wanted else None
    tqdm = _tqdm()
    if look is None or tqdm is None:
        yield lambda note="": None
        return
    with tqdm(total=total, unit=unit, leave=leave, **look) as bar:

        def advance(note: str = "") -> None:
            bar.set_postfix_str(note, refresh=False)
            bar.update()

        yield advance


def watched() -> bool:
    """Say whether a person sees what is printed."""
    if os.environ.get("CI"):
        return False
    kernel = _kernel()
    if kernel is None:
        return sys.stderr is not None and sys.stderr.isatty()
    # JupyterLab lets a cell ask its person for input; nbval and nbconvert have nobody to ask.
    return bool(getattr(kernel, "_allow_stdin", True))


def _kernel() -> Any:
    """The notebook's kernel that this code runs in, or None."""
    ipython = sys.modules.get("IPython")
    return getattr(ipython and ipython.get_ipython(), "kernel", None)


def _look(total: int | None, log: bool) -> dict[str, Any] | None:
    """tqdm's arguments for whoever reads; None where nobody does."""
    if watched():
        # tqdm itself shows nothing where a terminal does not tell its size (docker exec -t).
        size = shutil.get_terminal_size()
        return {"ncols": size.columns - 1, "nrows": size.lines} if _kernel() is None else {}
    if _kernel() is not None or not log or sys.stderr is None:
        return None
    line = "{n_fmt} of {total_fmt} {unit}s, {elapsed} gone, {remaining} left{postfix}"
    return {
        "file": _Lines(),
        "bar_format": line if total is not None else "{n_fmt} {unit}s, {elapsed} gone{postfix}",
        "delay": LOG_SECONDS,
        "mininterval": LOG_SECONDS,
        "miniters": 1,
    }


def _tqdm() -> Any:
    """The class of bars, without its thread: those who grade fork. None where it is not installed."""
    try:
        module = importlib.import_module("tqdm.auto")
    except ImportError:  # a bar is no reason to fail
        return None
    module.tqdm.monitor_interval = 0
    return module.tqdm


class _Lines:
    """What tqdm writes over one line of a terminal, as lines of its own on stderr."""

    def write(self, text: str) -> None:
        if line := text.strip():
            print(line, file=sys.stderr, flush=True)

    def flush(self) -> None:
        """Nothing: each line is out."""
