"""Which of the releases that were asked can speak for a release: itself, its line's, or its two neighbours.

A release that was not asked is answered within its own major release alone. Its neighbours are those that
were asked on the same backend.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from recdrop_lessons.releases.matrix import Fact, Matrix, NoSuchRelease, numbers
from recdrop_lessons.releases.words import line

_NUMBER = r"(?:0|[1-9][0-9]{0,8})"
#: As pip writes a release: 3, 3.5, 3.5.0, 3.5.0rc1, 2.4.0.post1, 2.13.0+cpu.
_RELEASE = re.compile(rf"({_NUMBER}(?:\.{_NUMBER})*)((?:a|b|rc|\.post|\.dev)[0-9]+)*(\+[a-z0-9.]+)?")


class Kind(enum.Enum):
    """How near the answering releases are to the one that was named."""

    ITSELF = "it was asked"
    LINE = "another release of its line was asked"
    NEWEST = "a bare major release was named, and its newest was asked"
    BETWEEN = "one before it and one after it were asked"
    BESIDE = "all that were asked are older, or all are newer"


@dataclass(frozen=True)
class Witnesses:
    """The releases that answer for `framework release`, oldest first: one, or the two neighbours."""

    framework: str
    release: str
    asked: tuple[str, ...]
    kind: Kind

    @property
    def alone(self) -> bool:
        """Whether what they agree on may be said without naming them in the sentence."""
        return self.kind is not Kind.BESIDE

    @property
    def names(self) -> str:
        """ "3.8.0 and 3.12.4"."""
        return " and ".join(self.asked)

    def caution(self, on: str) -> str | None:
        """How far the answers go; None where the release itself was asked. `on` is " on torch" or ""."""
        if self.kind is Kind.ITSELF:
            return None
        if self.kind is Kind.LINE:
            return f"{self.asked[0]} answered. Other releases of {line(self.asked[0])} may differ from it."
        name = f"{self.framework} {self.release}{on}"
        if self.kind is Kind.NEWEST:
            newest = f"{self.asked[0]} answered, the newest {name} that was asked"
            return f"{newest}. Others may differ from it: name yours, as {self.asked[0]}."
        if self.kind is Kind.BETWEEN:
            return f"{name} was not asked. Where {self.names} agree, one sentence stands for both."
        return f"{name} was not asked; {self.asked[0]} is the nearest that was."


@dataclass(frozen=True)
class Said:
    """A fact, and what each witness was observed to do."""

    fact: Fact
    observed: tuple[tuple[str, str], ...]  # (release, observation)
    alone: bool  # as Witnesses.alone

    @property
    def holds(self) -> str | None:
        """What all of them did, where that may be said of the release; else None."""
        agreed = {observation for _, observation in self.observed}
        return self.observed[0][1] if self.alone and len(agreed) == 1 else None

    @property
    def sentence(self) -> str:
        """The fact, or "not asked", and what each witness says."""
        if self.holds is not None:
            return self.fact.sentence(self.holds)
        said = (f"{release} says: {self.fact.sentence(one)}" for release, one in self.observed)
        return "not asked: " + " ".join(said)


def witnesses(matrix: Matrix, framework: str, release: str, backend: str | None = None) -> Witnesses:
    """Who speaks for "3", "3.5", "3.5.1" or an installed release, of those asked on `backend` (None: on any).

    Raises `NoSuchRelease` where the text is no release, or none of its major release was asked.
    """
    wanted, final = _read(framework, release)
    asked = matrix.releases(framework)
    if not asked:
        raise NoSuchRelease(f"{framework} was never asked; the matrix has {', '.join(matrix.frameworks)}.")
    known = [one for one in asked if backend is None or backend in matrix.backends(framework, one)]
    major = [one for one in known if numbers(one)[0] == wanted[0]]
    if not major:
        on = f" on {backend}" if backend else ""
        there_is = ", ".join(known) or "none"
        raise NoSuchRelease(
            f"No release of {framework} {wanted[0]} was asked{on}, so nothing is known of {release}; "
            f"asked{on}: {there_is}."
        )
    of_line = [one for one in major if numbers(one)[:2] == wanted[:2]]

    def found(kind: Kind, *by: str) -> Witnesses:
        return Witnesses(framework, release, by, kind)

    if len(wanted) == 1:
        return found(Kind.NEWEST, major[-1])
    if of_line and len(wanted) == 2:
        return found(Kind.LINE, of_line[-1])
    if same := [one for one in of_line if numbers(one) == wanted]:
        return found(Kind.ITSELF if final else Kind.LINE, *same)
    near = of_line or major
    before = [one for one in near if numbers(one) < wanted][-1:]
    after = [one for one in near if numbers(one) > wanted][:1]
    if before and after:
        return found(Kind.BETWEEN, *before, *after)
    return found(Kind.LINE if of_line else Kind.BESIDE, *before, *after)


def said(matrix: Matrix, by: Witnesses, backend: str) -> list[Said]:
    """Each fact that a witness was asked, in reading order."""
    rows = []
    for fact in matrix.asked(by.framework):
        cells = ((one, matrix.observed(fact.fact, by.framework, one, backend)) for one in by.asked)
        observed = tuple((release, one) for release, one in cells if one is not None)
        if observed:
            rows.append(Said(fact, observed, by.alone and len(observed) == len(by.asked)))
    return rows


def _read(framework: str, release: str) -> tuple[tuple[int, ...], bool]:
    """ "3.5.0rc1" → (3, 5, 0), and that it is not final."""
    text = _RELEASE.fullmatch(release.strip())
    if text is None:
        raise NoSuchRelease(f"{release!r} is not a release of {framework}: give one as 3.5 or 3.5.0.")
    return numbers(text[1]), text[2] is None
