"""One run of the reference comparison, and the file that keeps it: a line of CSV for each.

A line says what was run, what came out, and what it was made with: the releases, a digest of the data, and a
fingerprint. The fingerprint holds the training losses of the first updates and the validation loss after
them. It changes with anything that determines a run (data, initial weights, masks, equations, optimiser) and
with nothing else: files may move, names may change, a kernel may get faster. `remade` computes it again in
less than a second.
"""

from __future__ import annotations

import csv
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch

from recdrop_lessons.experiments.arms import ARMS
from recdrop_lessons.experiments.patience import FINGERPRINT, Course, measure, train
from recdrop_lessons.experiments.tasks import TASKS, Data, each_score
from recdrop_lessons.experiments.training import evaluating, seeded, single_thread
from recdrop_lessons.support.errors import RecdropError

#: Scores are kept to so many decimal places.
PLACES = 5
#: Two fingerprints agree when no number differs by more. Rounding grows slowly; another equation shows at
#: once.
SAME = 2e-4


@dataclass(frozen=True, order=True)
class Setting:
    """What determines a run, on one machine and release, to the last bit."""

    task: str
    arm: str
    rate: float
    learning_rate: float
    width: int
    weight_decay: float
    split: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class Run:
    """A setting and what it came to, the weights being those of the best epoch.

    `test` is NaN and `units` empty in a run of the search, which never reads the test part. `units`: the
    score of each test example (0 or 1), or of each block of characters (nats).
    `curve_validation`, `curve_test`: the best so far at the task's budgets, as far as the run went.
    """

    setting: Setting
    epochs: int
    best_epoch: int
    train: float
    validation: float
    test: float
    curve_validation: tuple[float, ...]
    curve_test: tuple[float, ...]
    units: tuple[float, ...]
    fingerprint: tuple[float, ...]
    seconds: float
    releases: str
    data: str

    @property
    def finished(self) -> bool:
        """The best epoch does not lie in the last tenth."""
        return self.best_epoch <= 0.9 * self.epochs


def run(setting: Setting) -> Run:
    """Train and measure one setting, in one thread."""
    task = TASKS[setting.task]
    final = (setting.split, setting.seed) not in task.search
    model, data, course = _trained(setting, with_test=final)
    with single_thread():
        units: tuple[float, ...] = ()
        test = float("nan")
        if final:
            with evaluating(model):
                each, loss = each_score(model, data, data.test, task.score)
            units = tuple(each.tolist())
            test = each.mean().item() if task.score == "accuracy" else loss
        learned, _ = measure(model, data, data.train, task)
        validation, _ = measure(model, data, data.validation, task)
    return Run(
        setting=setting, epochs=course.epochs, best_epoch=course.best_epoch, train=learned,
        validation=validation, test=test, curve_validation=course.curve_validation,
        curve_test=course.curve_test, units=units, fingerprint=course.fingerprint,
        seconds=round(course.seconds, 1), releases=releases(), data=data.digest,
    )  # fmt: skip


def _trained(
    setting: Setting, *, with_test: bool, steps: int | None = None
) -> tuple[torch.nn.Module, Data, Course]:
    task = TASKS[setting.task]
    data = task.data(setting.split)
    with single_thread(), denormals_as_zero():
        with seeded(setting.seed):
            model = task.model(setting.width, ARMS[setting.arm](setting.rate))
        course = train(
            model, data, task, learning_rate=setting.learning_rate, weight_decay=setting.weight_decay,
            seed=setting.seed, with_test=with_test, steps=steps,
        )  # fmt: skip
    return model, data, course


@contextmanager
def denormals_as_zero() -> Iterator[None]:
    """Count numbers below 1.2e-38 as 0 inside the block, and not behind it.

    Gradients that fade over many steps, and weights that decay, else reach numbers that a processor is many
    times slower with: an epoch of the text took 1.55 s with them and 0.65 s without.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def remade(kept: Run) -> bool:
    """Say whether the code of today makes this run: its fingerprint agrees with the kept one."""
    _, _, course = _trained(kept.setting, with_test=False, steps=FINGERPRINT[-1])
    return bool(np.allclose(course.fingerprint, kept.fingerprint, rtol=0, atol=SAME))


@cache
def releases() -> str:
    """Name what a run is made with."""
    parts = [f"{name} {version(name)}" for name in ("torch", "numpy", "scikit-learn")]
    return ", ".join([f"Python {platform.python_version()}", *parts])


# --- the file -----------------------------------------------------------------------------------------------

_SETTING = [field.name for field in fields(Setting)]
_OUTCOME = [field.name for field in fields(Run)][1:]
COLUMNS = [*_SETTING, *_OUTCOME, "whole"]


def line(kept: Run) -> list[object]:
    """Return the fields of a run as the file holds them; the last says that the line is whole."""
    values = {name: getattr(kept, name) for name in _OUTCOME}
    for name in ("train", "validation", "test"):
        values[name] = f"{values[name]:.{PLACES}f}"
    for name in ("curve_validation", "curve_test", "fingerprint"):
        values[name] = " ".join(f"{value:.{PLACES}f}" for value in values[name])
    values["units"] = _packed(kept.units, kept.setting.task)
    return [*astuple(kept.setting), *values.values(), "yes"]


def _packed(units: tuple[float, ...], task: str) -> str:
    """Write 0 and 1 as hexadecimal digits, the first example first; losses with four decimal places."""
    if not units:
        return ""
    if TASKS[task].score == "loss":
        return " ".join(f"{value:.4f}" for value in units)
    bits = np.array(units, dtype=np.uint8)
    return f"{len(bits)}:{np.packbits(bits).tobytes().hex()}"


def _unpacked(text: str) -> tuple[float, ...]:
    if ":" not in text:
        return tuple(map(float, text.split()))
    count, digits = text.split(":")
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(digits), dtype=np.uint8))
    return tuple(map(float, bits[: int(count)]))


def read(path: Path) -> list[Run]:
    """Return the runs in a file in the order of its lines; a line cut off half-way is left out."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["whole"] == "yes"]
    return [Run(setting=Setting(**_values(row, Setting)), **_values(row, Run)) for row in rows]


def _values(row: dict[str, str], record: type) -> dict[str, Any]:
    """Return the values of a record's fields in a line, each by the field's type."""
    there = [field for field in fields(record) if field.name in row]
    return {field.name: _READ[str(field.type)](row[field.name]) for field in there}


_READ: dict[str, Callable[[str], Any]] = {
    "str": str, "int": int, "float": float, "tuple[float, ...]": _unpacked,
}  # fmt: skip


class Ledger:
    """A file of runs that is open for more: each is on the disk as soon as it is done.

    Opening it takes a half line off the end. Raises `RecdropError` for a file with other columns.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        header = ",".join(COLUMNS) + "\n"
        if text and not header.startswith(text) and not text.startswith(header):
            raise RecdropError(
                f"{path} is a CSV file with other columns; give the name of a new file, or of one that this "
                "command has made."
            )
        whole = text[: text.rfind("\n") + 1] or header
        if whole != text:
            path.write_text(whole, encoding="utf-8")
        self.runs = {kept.setting: kept for kept in read(path)}
        self._file = path.open("a", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file, lineterminator="\n")

    def add(self, made: Run) -> None:
        """Keep one more run."""
        self.runs[made.setting] = made
        self._writer.writerow(line(made))
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def shipped(task: str) -> list[Run]:
    """Return the runs of a task that come with the course."""
    return read(Path(str(files("recdrop_lessons") / "data" / f"reference_{task}.csv")))
