"""The results of the capstone's experiment: one line of a CSV file a run, and how they are read.

The rate of a method is chosen on the validation part; the test part is looked at once, at that rate.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from importlib.resources import files
from pathlib import Path

from recdrop_lessons.experiments.intervals import paired_p_value
from recdrop_lessons.support.files import write_whole

#: What each task is scored by: "accuracy" (more is better) or "loss" (nats a character; less is better).
SCORES = {"digits": "accuracy", "text": "loss"}
#: Scores are held to so many places, in the file and outside it.
DIGITS = 6


@dataclass(frozen=True, order=True)
class SweepSetting:
    """One run: a task, a method (or "none"), its rate, a seed."""

    task: str
    method: str
    rate: float
    seed: int


@dataclass(frozen=True)
class Result:
    """What a run came to, and on what: the scores of the epoch with the best validation loss."""

    task: str
    method: str
    rate: float
    seed: int
    train: float
    validation: float
    test: float
    best_epoch: int
    torch: str
    data: str

    @property
    def setting(self) -> SweepSetting:
        """What was run."""
        return SweepSetting(self.task, self.method, self.rate, self.seed)


# ---- the file ----

_COLUMNS = [field.name for field in fields(Result)]


def read(path: Path) -> list[Result]:
    """Return the results in a file, in the order of their settings; a line cut off half-way is left out."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if None not in row.values() and row["data"].endswith(".")]
    results = [
        Result(
            task=row["task"],
            method=row["method"],
            rate=float(row["rate"]),
            seed=int(row["seed"]),
            train=float(row["train"]),
            validation=float(row["validation"]),
            test=float(row["test"]),
            best_epoch=int(row["best_epoch"]),
            torch=row["torch"],
            data=row["data"].removesuffix("."),
        )
        for row in rows
    ]
    return sorted(results, key=lambda result: result.setting)


def line(result: Result) -> list[object]:
    """Return the fields of a result as the file holds them; a full stop at the end says: whole."""
    values = asdict(result)
    for name in ("train", "validation", "test"):
        values[name] = f"{values[name]:.{DIGITS}f}"
    return [*(values[name] for name in _COLUMNS[:-1]), f"{result.data}."]


def write(path: Path, results: Iterable[Result]) -> None:
    """Write the file anew, in order, whole or not at all."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(line(result) for result in sorted(results, key=lambda r: r.setting))
    write_whole(path, text.getvalue())


def shipped() -> list[Result]:
    """Return the results that come with the course, as `recdrop sweep` made them."""
    return read(Path(str(files("recdrop_lessons") / "data" / "sweep.csv")))


# ---- reading the results ----


def chosen_rates(results: Iterable[Result], task: str) -> dict[str, float]:
    """Return for each method the rate with the best mean validation score over the seeds."""
    by_rate: dict[str, dict[float, list[float]]] = {}
    for result in results:
        if result.task == task:
            by_rate.setdefault(result.method, {}).setdefault(result.rate, []).append(result.validation)
    better = max if SCORES[task] == "accuracy" else min
    return {
        method: better(rates, key=lambda rate: sum(rates[rate]) / len(rates[rate]))
        for method, rates in by_rate.items()
    }


def final_scores(results: Iterable[Result], task: str) -> dict[str, list[float]]:
    """Return for each method the test scores at its chosen rate, in the order of the seeds."""
    results = sorted(results, key=lambda result: result.setting)
    rates = chosen_rates(results, task)
    return {
        method: [r.test for r in results if (r.task, r.method, r.rate) == (task, method, rate)]
        for method, rate in rates.items()
    }


def p_values(results: Iterable[Result]) -> dict[tuple[str, str, str], float]:
    """Return Student's p-value of every two methods of a task, at their chosen rates, paired by seed."""
    kept = list(results)
    found = {}
    for task in SCORES:
        scores = final_scores(kept, task)
        for a, b in itertools.combinations(scores, 2):
            found[task, a, b] = paired_p_value(scores[a], scores[b])
    return found
