"""The capstone's experiment: every method, two tasks, several rates and seeds, one budget.

A run is a line of a CSV file (see `results`), written as soon as it is done, so that a sweep which was cut
off continues where it stopped.
"""

from __future__ import annotations

import csv
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from recdrop_lessons.algebra import variants
from recdrop_lessons.algebra.drops import Drop
from recdrop_lessons.experiments.datasets import Splits, digits, manual_text
from recdrop_lessons.experiments.results import DIGITS, SCORES, Result, SweepSetting, line, read, write
from recdrop_lessons.experiments.training import evaluate, fit, seeded, single_thread
from recdrop_lessons.layers.dropout import Embedding
from recdrop_lessons.layers.recurrent import LSTM
from recdrop_lessons.layers.stacking import Stack
from recdrop_lessons.support.errors import RecdropError
from recdrop_lessons.support.optional import need
from recdrop_lessons.support.progress import progress_bar

#: Each method as a row of the algebra: a rate p → drops of the one LSTM layer. Zoneout's rate on h is a tenth
#: of that on c, the proportion of its paper.
METHODS: dict[str, Callable[[float], tuple[Drop, ...]]] = {
    "zaremba": lambda p: (*variants.zaremba(p), *variants.torch_between_layers(p)),
    "locked": lambda p: (Drop("input", p), *variants.locked(p)),
    "gal": variants.gal,
    "gal_untied": lambda p: variants.gal(p, tied=False),
    "recurrent": lambda p: variants.keras(0, p),
    "cell_scaled": variants.cell_scaled,
    "semeniuta": variants.semeniuta,
    "semeniuta_sequence": lambda p: variants.semeniuta(p, per_step=False),
    "zoneout": lambda p: variants.zoneout(p, p / 10),
    "weight_drop": variants.weight_drop,
}
RATES = (0.1, 0.25, 0.5)
SEEDS = (0, 1, 2, 3, 4)


@dataclass(frozen=True)
class Experiment:
    """Data, a model around one LSTM with the given drops, and a budget."""

    data: Callable[[], Splits]
    model: Callable[[tuple[Drop, ...]], nn.Module]
    epochs: int
    batch_size: int
    learning_rate: float


def _digits_model(drops: tuple[Drop, ...]) -> nn.Module:
    return Stack(LSTM(8, 64, drops=drops), nn.Linear(64, 10))


def _text_data() -> Splits:
    return manual_text(TEXT_CHARACTERS).windows(TEXT_STEPS)


def _text_model(drops: tuple[Drop, ...]) -> nn.Module:
    vocabulary = len(manual_text(TEXT_CHARACTERS).vocabulary)
    lstm = LSTM(24, 64, drops=drops, return_sequences=True)
    return Stack(Embedding(vocabulary, 24), lstm, nn.Linear(64, vocabulary))


TEXT_CHARACTERS, TEXT_STEPS = 40_000, 40
TASKS: dict[str, Experiment] = {
    # 300 digits, read row by row: an LSTM of 64 units can learn them by heart.
    "digits": Experiment(digits, _digits_model, epochs=60, batch_size=64, learning_rate=5e-3),
    # The next character of Python's own manual.
    "text": Experiment(_text_data, _text_model, epochs=25, batch_size=32, learning_rate=1e-2),
}


def settings(
    tasks: Iterable[str] = TASKS, methods: Iterable[str] = METHODS, rates: Sequence[float] = RATES,
    seeds: Sequence[int] = SEEDS,
) -> list[SweepSetting]:  # fmt: skip
    """Return every run of the sweep; "none" has the rate 0 alone.

    Raises `RecdropError` for an unknown task or method.
    """
    tasks, methods = list(tasks), list(methods)
    for kind, given, known in (("task", tasks, TASKS), ("method", methods, {"none": None} | METHODS)):
        for name in given:
            if name not in known:
                raise RecdropError(f"The {kind} was {name!r}; expected one of {', '.join(map(repr, known))}.")
    rows = [("none", 0.0), *itertools.product([m for m in methods if m != "none"], rates)]
    return [SweepSetting(task, method, p, seed) for task in tasks for seed in seeds for method, p in rows]


def run(setting: SweepSetting) -> Result:
    """Train and measure one setting, in one thread.

    The initial weights and the order of the examples depend on the seed alone, so runs of one seed are pairs.
    """
    task = TASKS[setting.task]
    data = task.data()
    drops = METHODS[setting.method](setting.rate) if setting.method != "none" else ()
    with single_thread():
        with seeded(setting.seed):
            model = task.model(drops)
        # With `patience` as long as the budget nothing stops early, but the best epoch's weights are kept.
        history = fit(
            model, data, epochs=task.epochs, batch_size=task.batch_size, learning_rate=task.learning_rate,
            seed=setting.seed, patience=task.epochs, progress=False,
        )  # fmt: skip
        scores = [
            round(
                getattr(evaluate(model, part.x, part.y), SCORES[setting.task]), DIGITS
            )  # as the file holds them
            for part in (data.train, data.validation, data.test)
        ]
    digest = manual_text(TEXT_CHARACTERS).digest if setting.task == "text" else "sklearn digits"
    return Result(
        **asdict(setting), **dict(zip(("train", "validation", "test"), scores, strict=True)),
        best_epoch=history.best_epoch, torch=torch.__version__, data=digest,
    )  # fmt: skip


def sweep(
    path: Path, wanted: Sequence[SweepSetting], *, jobs: int = 1, scheduler: str | None = None,
    progress: bool = True,
) -> list[Result]:  # fmt: skip
    """Run what is wanted and not yet in the file; return all that is wanted.

    `jobs`: processes of one thread each. `scheduler`: the address of a Dask scheduler, to run there instead.
    Raises `RecdropError` where a library is missing.
    """
    joblib = need("joblib", "joblib")
    path.parent.mkdir(parents=True, exist_ok=True)
    done = {result.setting: result for result in read(path)}
    write(path, done.values())  # drops a half line, so that the next one starts on its own
    open_settings = [setting for setting in wanted if setting not in done]
    with (
        workers(joblib, jobs, scheduler),
        path.open("a", newline="", encoding="utf-8") as file,
        progress_bar(len(open_settings), "run", wanted=progress) as advance,
    ):
        writer = csv.writer(file, lineterminator="\n")
        runs = joblib.Parallel(return_as="generator_unordered")(joblib.delayed(run)(s) for s in open_settings)
        for result in runs:
            done[result.setting] = result
            writer.writerow(line(result))
            file.flush()
            os.fsync(file.fileno())
            advance()
    write(path, done.values())
    return [done[setting] for setting in wanted]


@contextmanager
def workers(joblib: Any, jobs: int, scheduler: str | None) -> Iterator[None]:
    """Where joblib runs within: processes of this machine, or a Dask cluster."""
    if scheduler is None:
        with joblib.parallel_config(backend="loky", n_jobs=jobs, inner_max_num_threads=1):
            yield
    else:
        with (
            need("distributed", "distributed").Client(scheduler) as client,
            joblib.parallel_config(backend="dask", client=client),
        ):
            yield
