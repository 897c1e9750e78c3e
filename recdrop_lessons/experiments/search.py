"""How an arm is tuned: three rounds of a search on validation, then fresh runs of what was chosen.

Every arm gets the same, "no dropout" too (its first round tries weight decays where the others try rates):

1. *Rates*: six from .02 to .6 at the task's own learning rate and width. Where the best lies on the edge, one
   more rate beyond it, and so on for as long as that is better.
2. *Training*: at the best of these, half and twice the learning rate, half and twice the width, and two
   weight decays, one change at a time. The width goes no further: twice the task's own is the size that all
   may have.
3. *Halving*: the best three, and all changes that were improvements taken together, on twice as many runs.
   Where the best has the least or the largest learning rate, or the largest weight decay, that was tried, one
   step beyond it on as many runs, and so on for as long as that is better.

The candidate with the best mean validation score over the runs of the third round is chosen, and run anew
with twelve seeds on splits that the search has not seen. Each run goes to patience: candidates are halved by
their scores at the end and never after a few epochs, since a short budget favours weak dropout.
Which runs come next depends only on the runs there are, so a search that was cut off continues.
Paper: Jamieson & Talwalkar 2016, "Non-stochastic best arm identification" (successive halving).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from recdrop_lessons.experiments.runs import Run, Setting
from recdrop_lessons.experiments.tasks import TASKS, Task

RATES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.6)
#: The next rate where the best is the first, or the last, that was tried.
BEYOND = {0.02: 0.008, 0.008: 0.003, 0.6: 0.8, 0.8: 0.9, 0.9: 0.95}
#: The six candidates of "none" in the first round: AdamW's weight decays.
DECAYS = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0)
#: The weight decays of the second round.
SOME_DECAY = (0.03, 0.3)
#: The next decay where the largest was best.
MORE_DECAY = {0.3: 1.0, 1.0: 3.0, 3.0: 10.0}
KEPT = 3
#: Mean scores that agree to so many decimal places are equal.
EQUAL = 4

Runs = Mapping[Setting, Run]


class Candidate(NamedTuple):
    """What is tuned in an arm."""

    rate: float
    learning_rate: float
    width: int
    weight_decay: float


def next_runs(task: str, arm: str, runs: Runs) -> list[Setting]:
    """Return the open runs of the arm's present round; empty when the arm is done."""
    for wanted in _rounds(task, arm, runs):
        if still_open := [setting for setting in wanted if setting not in runs]:
            return still_open
    return [setting for setting in final_runs(task, arm, runs) if setting not in runs]


def _rounds(task: str, arm: str, runs: Runs) -> Iterable[list[Setting]]:
    """Yield the settings of each round; a round is only asked for when those before it are complete."""
    tuned, few = TASKS[task], len(TASKS[task].search) // 2
    tried = first_candidates(tuned, arm)
    yield _settings(task, arm, tried, few)
    best = ranked(task, arm, tried, runs, few)[0]
    while arm != "none" and best.rate in BEYOND:
        further_rate = best._replace(rate=BEYOND[best.rate])
        if further_rate in tried:
            break
        tried = [*tried, further_rate]
        yield _settings(task, arm, tried, few)
        best = ranked(task, arm, tried, runs, few)[0]
    changed = training_changes(best)
    tried = list(dict.fromkeys([*tried, *changed]))
    yield _settings(task, arm, tried, few)
    last = _last_round(task, arm, best, changed, tried, runs)
    yield _settings(task, arm, last, 2 * few)
    while further := beyond(ranked(task, arm, last, runs, 2 * few)[0], [*tried, *last]):
        last = [*last, *further]
        yield _settings(task, arm, last, 2 * few)


def _last_round(
    task: str, arm: str, best: Candidate, changed: list[Candidate], tried: list[Candidate], runs: Runs
) -> list[Candidate]:
    few = len(TASKS[task].search) // 2
    order = ranked(task, arm, tried, runs, few)
    together = best
    for one in reversed(order[: order.index(best)]):  # what was better than `best`, the best last
        if one in changed:
            together = together._replace(
                **{name: new for name, new in one._asdict().items() if new != getattr(best, name)}
            )
    return list(dict.fromkeys([*order[:KEPT], together]))


def first_candidates(task: Task, arm: str) -> list[Candidate]:
    """Return the six candidates of the first round."""
    if arm == "none":
        return [Candidate(0.0, task.learning_rate, task.width, decay) for decay in DECAYS]
    return [Candidate(rate, task.learning_rate, task.width, 0.0) for rate in RATES]


def training_changes(best: Candidate) -> list[Candidate]:
    """Return the candidates that differ from the best of the first round in one thing."""
    return [
        *(best._replace(learning_rate=best.learning_rate * times) for times in (0.5, 2.0)),
        *(best._replace(width=round(best.width * times)) for times in (0.5, 2.0)),
        *(best._replace(weight_decay=decay) for decay in SOME_DECAY if decay != best.weight_decay),
    ]


def beyond(best: Candidate, tried: list[Candidate]) -> list[Candidate]:
    """Return the next learning rate, and weight decay, where that of `best` is the last that was tried."""
    rates = [candidate.learning_rate for candidate in tried]
    further = [
        best._replace(learning_rate=best.learning_rate * times)
        for end, times in ((min(rates), 0.5), (max(rates), 2.0))
        if best.learning_rate == end
    ]
    if best.weight_decay in MORE_DECAY and best.weight_decay == max(c.weight_decay for c in tried):
        further.append(best._replace(weight_decay=MORE_DECAY[best.weight_decay]))
    return further


def ranked(task: str, arm: str, tried: Iterable[Candidate], runs: Runs, pairs: int) -> list[Candidate]:
    """Return the candidates, best first, by the mean validation score over the first `pairs` of the search.

    Equal means keep the order in which they were tried. Two accuracies with the same number of right answers
    are equal, whatever the file has rounded, so that a search which goes on from its file chooses alike.
    """
    sign = 1 if TASKS[task].score == "accuracy" else -1

    def mean(candidate: Candidate) -> float:
        scores = [runs[setting].validation for setting in _settings(task, arm, [candidate], pairs)]
        return round(float(np.mean(scores)), EQUAL)

    return sorted(tried, key=lambda candidate: -sign * mean(candidate))


def chosen(task: str, arm: str, runs: Runs) -> Candidate | None:
    """Return the candidate that the search chose, None where it is not complete."""
    last: list[Setting] = []
    for wanted in _rounds(task, arm, runs):
        if any(setting not in runs for setting in wanted):
            return None
        last = wanted
    tried = list(dict.fromkeys(candidate_of(setting) for setting in last))
    return ranked(task, arm, tried, runs, len(TASKS[task].search))[0]


def final_runs(task: str, arm: str, runs: Runs) -> list[Setting]:
    """Return the fresh runs of the chosen candidate; empty where nothing is chosen yet."""
    best = chosen(task, arm, runs)
    if best is None:
        return []
    return [Setting(task, arm, **best._asdict(), split=split, seed=seed) for split, seed in TASKS[task].final]


def candidate_of(setting: Setting) -> Candidate:
    """Return what is tuned in a setting."""
    return Candidate(setting.rate, setting.learning_rate, setting.width, setting.weight_decay)


def _settings(task: str, arm: str, candidates: Iterable[Candidate], pairs: int) -> list[Setting]:
    return [
        Setting(task, arm, **candidate._asdict(), split=split, seed=seed)
        for candidate in candidates
        for split, seed in TASKS[task].search[:pairs]
    ]


def on_an_edge(task: str, arm: str, best: Candidate, runs: Runs) -> list[str]:
    """Name what of a candidate is the least or the most that was tried: the search was too small there.

    No weight decay at all is no edge: there is nothing below it.
    """
    tried = [
        candidate_of(setting)
        for setting in runs
        if (setting.task, setting.arm) == (task, arm) and (setting.split, setting.seed) in TASKS[task].search
    ]
    edges = []
    for name, value in best._asdict().items():
        values = {getattr(candidate, name) for candidate in tried}
        if len(values) > 1 and value in (min(values), max(values)) and value != 0:
            edges.append(name.replace("_", " "))
    return edges
