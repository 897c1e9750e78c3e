"""What came out of the reference comparison: complete arms, rows without a network, and which of them differ.

An arm is complete when its search has ended and all fresh runs of what was chosen are there. Of the others
nothing is shown: a search that was cut off says nothing about its arm.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recdrop_lessons.experiments import baselines, search, studies
from recdrop_lessons.experiments.arms import ARMS, NAMES
from recdrop_lessons.experiments.intervals import Interval
from recdrop_lessons.experiments.paired_splits import (
    PairedDifference,
    Scores,
    difference,
    interval,
    mean_score,
    told_apart,
)
from recdrop_lessons.experiments.runs import Run
from recdrop_lessons.experiments.search import Candidate
from recdrop_lessons.experiments.tasks import COPIES, TASKS

Pair = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class ComparedRow:
    """One row of the table: an arm with its fresh runs, or a method without a network.

    `searched`: how many runs chose it. `edges`: see `search.on_an_edge`.
    """

    name: str
    scores: Scores
    chosen: Candidate | None = None
    runs: tuple[Run, ...] = ()
    searched: int = 0
    edges: tuple[str, ...] = ()

    @property
    def mean(self) -> float:
        """The mean test score: of runs within a split first, then of splits."""
        return mean_score(self.scores)


def complete(task: str, runs: Iterable[Run]) -> dict[str, ComparedRow]:
    """Return the complete arms by their names in `ARMS`, in that order."""
    made = {run.setting: run for run in runs}
    found = {}
    for arm in ARMS:
        chosen, wanted = search.chosen(task, arm, made), search.final_runs(task, arm, made)
        if chosen is None or not all(setting in made for setting in wanted):
            continue
        kept = tuple(made[setting] for setting in wanted)
        pairs = TASKS[task].search
        found[arm] = ComparedRow(
            name=NAMES.get(arm, arm),
            scores=studies.to_patience(kept),
            chosen=chosen,
            runs=kept,
            searched=sum(s.arm == arm and (s.split, s.seed) in pairs for s in made),
            edges=tuple(search.on_an_edge(task, arm, chosen, made)),
        )
    return found


def not_tuned(runs: Iterable[Run]) -> dict[str, ComparedRow]:
    """Return the rows of the study with fixed settings, `studies.EACH_SITE`, on the same splits and seeds."""
    found = {}
    for fixed, kept in studies.complete(runs, studies.EACH_SITE).items():
        rate = f", p = {fixed.rate}" if fixed.rate else ""
        name = f"{NAMES[fixed.arm]}{rate}, not tuned"
        found[fixed.arm] = ComparedRow(name=name, scores=studies.to_patience(kept), runs=tuple(kept))
    return found


def added_to_tuned(runs: Iterable[Run]) -> dict[studies.Fixed, ComparedRow]:
    """Return the complete rows of `studies.ADDED`: a mask added to what was chosen for no dropout."""
    made = {run.setting: run for run in runs}
    found = {}
    for fixed in studies.ADDED:
        wanted = studies.added(fixed, made)
        if wanted and all(setting in made for setting in wanted):
            kept = tuple(made[setting] for setting in wanted)
            found[fixed] = ComparedRow(
                name=f"{NAMES[fixed.arm]}, p = {fixed.rate}, added",
                scores=studies.to_patience(kept),
                runs=kept,
            )
    return found


def copied(runs: Sequence[Run]) -> dict[tuple[str, str], ComparedRow]:
    """Return the complete rows of `studies.copied` by task and arm."""
    features = dict(zip(studies.COPIED_TASKS, ("two features", f"{COPIES} copies of each"), strict=True))
    found = {}
    for task, arm in itertools.product(features, studies.COPIED_ARMS):
        kept = tuple(run for run in runs if (run.setting.task, run.setting.arm) == (task, arm))
        if len(kept) == len(studies.COPIED_PAIRS):
            found[task, arm] = ComparedRow(
                name=f"{NAMES[arm]}; {features[task]}", scores=studies.to_patience(kept), runs=kept
            )
    return found


def without_network(task: str) -> dict[str, ComparedRow]:
    """Return the rows without a network, on the splits of the fresh runs: one score for each of these runs.

    Classifiers for tasks of accuracy, an n-gram model for text. A method without chance in it scores alike
    for two runs of one split.
    """
    splits = [split for split, _ in TASKS[task].final]
    methods = baselines.CLASSIFIERS if TASKS[task].score == "accuracy" else baselines.TEXT_MODELS
    rows = {}
    for name, scored in methods.items():
        of_split = {split: scored(TASKS[task].data(split)) for split in sorted(set(splits))}
        units = np.array([of_split[split] for split in splits])
        rows[name] = ComparedRow(name=name, scores=Scores(units, splits))
    return rows


@dataclass(frozen=True, kw_only=True)
class PairTable:
    """Every pair of some rows, best mean first.

    `means`: mean and 95 % interval of each row. `differences`: better mean minus worse. `told_apart`: the
    pairs that differ by Holm's correction for all of them, at 5 %.
    """

    order: list[str]
    means: dict[str, Interval]
    differences: dict[Pair, PairedDifference]
    told_apart: frozenset[Pair]

    def differ(self, a: str, b: str) -> bool:
        """Say whether two rows can be told apart, in whichever order they are named."""
        return (a, b) in self.told_apart or (b, a) in self.told_apart

    def gain(self, a: str, b: str) -> PairedDifference:
        """Return the mean of a minus that of b, with its interval."""
        if (a, b) in self.differences:
            return self.differences[a, b]
        other = self.differences[b, a]
        return PairedDifference(-other.mean, -other.high, -other.low, other.p_value)

    def differ_from(self, row: str, others: Iterable[str]) -> frozenset[str]:
        """Return which of the others differ from one row, by Holm's correction for these comparisons only.

        It answers one question that was asked before the results were seen. It is another family than all
        pairs: each of the two keeps its own 5 %.
        """
        return told_apart({other: self.gain(other, row) for other in others if other != row})

    def groups(self) -> list[list[str]]:
        """Return the largest sets of rows of which no two can be told apart, the best row's set first.

        They are the maximal cliques of the graph in which such rows are neighbours (Bron & Kerbosch 1973).
        """
        import networkx as nx

        alike = nx.Graph()
        alike.add_nodes_from(self.order)
        alike.add_edges_from(
            (a, b) for a, b in itertools.combinations(self.order, 2) if not self.differ(a, b)
        )
        place = self.order.index
        return sorted(
            (sorted(group, key=place) for group in nx.find_cliques(alike)),
            key=lambda group: [place(row) for row in group],
        )


def compared(rows: Mapping[str, ComparedRow], *, sign: int = 1) -> PairTable:
    """Compare every two rows by Student's paired t over the splits' means; Holm over all pairs.

    `sign`: -1 for a loss, where less is better.
    """
    order = sorted(rows, key=lambda name: -sign * rows[name].mean)
    means = {name: interval(rows[name].scores) for name in order}
    differences = {
        (a, b): difference(rows[a].scores, rows[b].scores) for a, b in itertools.combinations(order, 2)
    }
    return PairTable(order=order, means=means, differences=differences, told_apart=told_apart(differences))
