"""`recdrop sweep --reference`: the whole comparison, resumable, by one process, several, or a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from recdrop_lessons.experiments import studies
from recdrop_lessons.experiments.arms import ARMS
from recdrop_lessons.experiments.runs import Ledger, Setting, remade, run, shipped
from recdrop_lessons.experiments.search import next_runs
from recdrop_lessons.experiments.sweep import workers
from recdrop_lessons.experiments.tasks import TASKS
from recdrop_lessons.support.errors import RecdropError
from recdrop_lessons.support.optional import need
from recdrop_lessons.support.progress import progress_bar


def compare(
    path: Path, task: str, arms: Iterable[str] | None = None, *, jobs: int = 1, scheduler: str | None = None,
    progress: bool = True,
) -> int:  # fmt: skip
    """Search and run what is missing in the file, arm after arm; return the number of runs made.

    `arms`: names of `ARMS`, by default `arms_of(task)`, in that order. `jobs`: processes of one thread each.
    `scheduler`: the address of a Dask scheduler, to run there instead.
    Raises `RecdropError` for an unknown name, a library that is missing, or a file made by other code.
    """
    _check_known("task", [task], TASKS)
    names = list(arms_of(task) if arms is None else arms)
    _check_known("arm", names, ARMS)
    joblib = need("joblib", "joblib")
    ledger = Ledger(path)
    made = 0
    try:
        _check_made_by_this_code(ledger, path)
        with workers(joblib, jobs, scheduler), progress_bar(None, "run", wanted=progress) as advance:
            parallel = joblib.Parallel(return_as="generator_unordered")
            # A round has a dozen runs: with many processes several arms are searched side by side.
            side_by_side = len(names) if scheduler else 1 + (jobs - 1) // 4
            while wanted := _next(task, names, ledger, side_by_side):
                for outcome in parallel(joblib.delayed(run)(setting) for setting in wanted):
                    ledger.add(outcome)
                    made += 1
                    arm = outcome.setting.arm
                    advance(f"{task}: arm {names.index(arm) + 1} of {len(names)}, {arm}")
    finally:
        ledger.close()
    return made


def arms_of(task: str) -> list[str]:
    """Return the arms that differ in a task: where the last output alone is used, its mask has no sharing."""
    last_alone = TASKS[task].score == "accuracy"
    return [name for name in ARMS if not (last_alone and name == "output, sequence")]


def _next(task: str, names: Sequence[str], ledger: Ledger, arms_at_once: int) -> list[Setting]:
    """The small studies first, as far as their arms are asked for; then the rounds of some arms."""
    if task == studies.COPIED_TASK:  # one study alone, nothing is searched
        chosen_on = {kept.setting: kept for kept in shipped("memory")}
        return [s for s in studies.copied(chosen_on) if s.arm in names and s not in ledger.runs]
    if task == studies.ADDED_TASK:
        for mask in studies.ADDED:
            wanted = [setting for setting in studies.added(mask, ledger.runs) if setting not in ledger.runs]
            if wanted and mask.arm in names:
                return wanted
    if task == studies.TASK:
        fixed = [*studies.settings(studies.BUDGETS), *studies.settings(studies.EACH_SITE)]
        wanted = [s for s in dict.fromkeys(fixed) if s.arm in names and s not in ledger.runs]
        if wanted:
            return wanted
    found = []
    for name in names:
        if wanted := next_runs(task, name, ledger.runs):
            found.append(wanted)
        if len(found) == arms_at_once:
            break
    return [setting for wanted in found for setting in wanted]


def _check_known(kind: str, given: Iterable[str], known: Iterable[str]) -> None:
    for name in given:
        if name not in known:
            raise RecdropError(f"The {kind} was {name!r}; expected one of {', '.join(map(repr, known))}.")


def _check_made_by_this_code(ledger: Ledger, path: Path) -> None:
    """Refuse to go on in a file whose runs this code, or these data, do not make: one of each arm tells."""
    for kept in {(kept.setting.task, kept.setting.arm): kept for kept in ledger.runs.values()}.values():
        if not remade(kept):
            raise RecdropError(
                f"{path} holds runs that this code does not make: {kept.setting} begins with other losses "
                f"than those in the file (made with {kept.releases}). Start a new file, or go on with the "
                "release of the course that made it."
            )
