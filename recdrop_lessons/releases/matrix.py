"""The matrix of facts: what each release of each framework was observed to do, on each backend.

data/releases.csv has a line an observation, data/facts.csv a line a fact: its question, and a sentence with a
place for what was observed. `tools/releases.py` writes both.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from recdrop_lessons.releases.running import NAMES, Answers
from recdrop_lessons.support.errors import RecdropError
from recdrop_lessons.support.files import write_whole

DATA = Path(__file__).resolve().parent.parent / "data"
#: The fact that a release could be installed and imported; else its observation is the reason.
INSTALLS = "installs"
#: How a release is asked for by tools/releases.py before its number is known.
NEWEST = "newest"
COLUMNS = ("fact", "framework", "release", "backend", "backend_release", "python", "observed")


class NoSuchRelease(RecdropError):
    """A release, a framework or a backend that the matrix does not have."""


@dataclass(frozen=True, order=True)
class Observation:
    """A line of data/releases.csv."""

    fact: str
    framework: str
    release: str
    backend: str
    backend_release: str
    python: str
    observed: str


@dataclass(frozen=True)
class Fact:
    """A line of data/facts.csv; `says` has `{observed}` where the observation stands."""

    fact: str
    framework: str
    question: str
    says: str

    def sentence(self, observed: str) -> str:
        """What was observed, as a sentence."""
        if observed.startswith("raises ") and "{observed}" in self.says:
            return f"{self.question} It {observed}."
        if observed == "no such argument":
            return f"{self.question} There is no such argument."
        return self.says.replace("{observed}", observed)


def numbers(release: str) -> tuple[int, ...]:
    """A release to sort by: "3.12.4" → (3, 12, 4)."""
    return tuple(int("".join(filter(str.isdigit, part)) or 0) for part in release.split("."))


class Matrix:
    """Facts × releases × backends → what was observed."""

    def __init__(self, facts: Iterable[Fact], observations: Iterable[Observation]) -> None:
        self.facts = {one.fact: one for one in facts}
        self.observations = tuple(observations)

    @cached_property
    def _cells(self) -> dict[tuple[str, str, str, str], str]:
        return {(o.framework, o.release, o.backend, o.fact): o.observed for o in self.observations}

    @cached_property
    def _backends(self) -> dict[tuple[str, str], set[str]]:
        """(framework, release) → the backends that it was asked on."""
        found: dict[tuple[str, str], set[str]] = {}
        for one in self.observations:
            if one.fact != INSTALLS:
                found.setdefault((one.framework, one.release), set()).add(one.backend)
        return found

    @property
    def frameworks(self) -> list[str]:
        """The frameworks that were asked, in the course's order."""
        seen = {one.framework for one in self.observations}
        return [name for name in NAMES.values() if name in seen]

    def releases(self, framework: str) -> list[str]:
        """The releases that were asked, oldest first; those that could not be installed are left out."""
        return sorted((one for name, one in self._backends if name == framework), key=numbers)

    def backends(self, framework: str, release: str) -> list[str]:
        """The backends that the release was asked on: torch, jax, tensorflow, numpy; [""] without any."""
        order = ("", "torch", "jax", "tensorflow", "numpy")
        return sorted(self._backends.get((framework, release), ()), key=order.index)

    def has(self, framework: str, release: str, backend: str) -> bool:
        """Whether that release was asked on that backend; one that could not be installed was not."""
        return release in self.releases(framework) and backend in self.backends(framework, release)

    def observed(self, fact: str, framework: str, release: str, backend: str) -> str | None:
        """What was observed; None where the release was not asked that."""
        return self._cells.get((framework, release, backend, fact))

    def asked(self, framework: str) -> list[Fact]:
        """The framework's facts, in reading order. Those of tf_keras are Keras's."""
        known = {o.fact for o in self.observations if o.framework == framework}
        return [fact for name, fact in self.facts.items() if name in known]

    def refusals(self) -> list[Observation]:
        """The releases that could not be installed or imported, with the reason."""
        return [one for one in self.observations if one.fact == INSTALLS]


def read(folder: Path = DATA) -> Matrix:
    """The matrix that the course ships."""
    facts = [Fact(**line) for line in _lines(folder / "facts.csv")]
    return Matrix(facts, [Observation(**line) for line in _lines(folder / "releases.csv")])


def write(answers: Answers, folder: Path = DATA) -> None:
    """Put an environment's answers into the matrix, in place of what it said before to the same questions.

    What it said to a question that no probe asks any more goes; what was not asked this time stays.
    """
    known = read(folder)
    name = "Keras" if answers.framework == "tf_keras" else answers.framework  # they share their probes
    new = [Fact(fact, name, answers.questions[fact], answers.says[fact]) for fact in answers.questions]
    others = [one for one in known.facts.values() if one.framework != name]
    # In reading order: the frameworks' as in NAMES, and a framework's as in its file of probes.
    order = list(NAMES.values())
    facts = sorted([*others, *new], key=lambda one: order.index(one.framework))
    where = (answers.framework, answers.release, answers.backend)
    rows = [
        Observation(
            fact, *where, backend_release=answers.backend_release, python=answers.python, observed=said
        )
        for fact, said in answers.observed.items()
    ]
    unasked = answers.questions.keys() - answers.observed.keys()
    stays = [
        one
        for one in known.observations
        if (one.framework, one.release, one.backend) == where and one.fact in unasked
    ]
    _store(folder, facts, [*_without(known, *where), *stays, *rows])


def write_refusal(where: tuple[str, str, str], python: str, error: Exception, folder: Path = DATA) -> None:
    """Write down that a (framework, release, backend) could not be installed or imported, and why."""
    known = read(folder)
    reason = re.sub(r"(/[\w.+-]+)+/", "…/", " ".join(str(error).split()))  # no folders of this machine
    why = Observation(INSTALLS, *where, backend_release="", python=python, observed=f"no: {reason}")
    _store(folder, list(known.facts.values()), [*_without(known, *where), why])


# --- files -------------------------------------------------------------------------------------------------


def _without(known: Matrix, framework: str, release: str, backend: str) -> list[Observation]:
    """All other rows. A refusal of "newest" goes too: which release it was is known now."""
    gone = {(framework, release, backend), (framework, NEWEST, backend)}
    return [one for one in known.observations if (one.framework, one.release, one.backend) not in gone]


def _store(folder: Path, facts: list[Fact], observations: list[Observation]) -> None:
    place = {fact.fact: number for number, fact in enumerate(facts)}
    order = list(NAMES.values())
    observations = [one for one in observations if one.fact in place or one.fact == INSTALLS]
    observations.sort(
        key=lambda o: (order.index(o.framework), numbers(o.release), o.backend, place.get(o.fact, -1))
    )
    _write(folder / "facts.csv", tuple(Fact.__dataclass_fields__), facts)
    _write(folder / "releases.csv", COLUMNS, observations)


def _lines(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _write(path: Path, columns: tuple[str, ...], rows: Iterable[object]) -> None:
    sheet = io.StringIO()
    table = csv.writer(sheet, lineterminator="\n")
    table.writerow(columns)
    table.writerows([getattr(row, column) for column in columns] for row in rows)
    write_whole(path, sheet.getvalue())
