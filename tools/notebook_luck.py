"""For authors: does an output that nbval compares depend on luck?

.venv/bin/python tools/notebook_luck.py notebooks/04_masks_over_time.ipynb --seeds 300

A marked cell that draws from a global generator runs again at other seeds, and has to print the same at each.
A mask of six numbers is constant by chance in one run of 32: nbval passes many times, and fails one day.
"""

from __future__ import annotations

import contextlib
import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import nbformat
import numpy as np
import torch
import typer
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

MARK = "# NBVAL_CHECK_OUTPUT"

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, help=__doc__)


def global_states() -> tuple[object, ...]:
    """What Python, NumPy and torch draw from without a generator; Keras seeds its own from Python's."""
    numpy_state = np.random.get_state(legacy=False)  # noqa: NPY002  the global state is the subject
    return random.getstate(), repr(numpy_state), torch.get_rng_state().numpy().tobytes()


def seed_globals(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    torch.manual_seed(seed)


def printed(shell: InteractiveShell, source: str) -> str:
    """What a cell prints; an error that it promises is part of it."""
    with capture_output(display=False) as captured:
        result = shell.run_cell(source)
    error = result.error_in_exec or result.error_before_exec
    return captured.stdout + (repr(error) if error else "")


def lucky_cells(path: Path, seeds: int, seconds: float) -> Iterator[tuple[str, int, list[str]]]:
    """(cell id, runs, different outputs) of each marked cell that draws from a global generator."""
    shell = InteractiveShell.instance()
    shell.reset(new_session=True)
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        before, began = global_states(), time.perf_counter()
        first = printed(shell, cell.source)
        if MARK not in cell.source or global_states() == before:
            continue
        runs = min(seeds, int(seconds / (time.perf_counter() - began)))
        outputs = [first]
        for seed in range(runs):
            seed_globals(seed)
            outputs.append(printed(shell, cell.source))
        yield cell.id, runs, list(dict.fromkeys(outputs))


@app.command()
def main(
    files: list[Path],
    seeds: Annotated[int, typer.Option(help="Seeds at which a cell runs again.")] = 100,
    seconds: Annotated[float, typer.Option(help="At most this long for one cell.")] = 20.0,
) -> None:
    """Say which compared outputs change with the seed."""
    failed = False
    for path in [path.resolve() for path in files]:
        with contextlib.chdir(path.parent):
            for name, runs, outputs in lucky_cells(path, seeds, seconds):
                verdict = "the same" if len(outputs) == 1 else f"{len(outputs)} different outputs"
                verdict = verdict if runs else "not tried: it takes longer than --seconds"
                print(f"{path.name} {name}: {runs} more runs, {verdict}", flush=True)
                if len(outputs) > 1:
                    failed = True
                    print(*outputs[:3], sep="\n---\n", file=sys.stderr)
    raise typer.Exit(int(failed))


if __name__ == "__main__":
    os.environ["MPLBACKEND"] = "agg"
    app()
