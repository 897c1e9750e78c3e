"""Where a claim comes from, and the verdict on it in other releases (data/claims.toml, data/releases.csv)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from recdrop_lessons.releases import words
from recdrop_lessons.releases.matrix import Matrix
from recdrop_lessons.support.errors import RecdropError

FILE = Path(__file__).resolve().parent.parent / "data" / "claims.toml"
UNKNOWN = "a common belief"


class SourceError(RecdropError):
    """An entry of data/claims.toml that cannot be read; the message names it."""


@dataclass(frozen=True)
class Source:
    """The place where a claim is made, and how facts of the matrix decide it.

    `facts`: fact → what was observed → the verdict on the claim then: "true", "half true", "false", "refused"
    where the release raises an error instead, or "" where that says nothing about it.
    """

    source: str = UNKNOWN
    url: str = ""
    facts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def link(self) -> str:
        """The source in Markdown."""
        return f"[{self.source}]({self.url})" if self.url else self.source

    def by_release(self, matrix: Matrix) -> str:
        """The verdict in each release that was asked; "" where no fact decides the claim.

        Facts of one framework that decide otherwise in one release make the claim half true there.
        Raises `SourceError` for a fact that the matrix does not have.
        """
        if unknown := set(self.facts) - set(matrix.facts):
            raise SourceError(f"{FILE.name}: there is no fact {', '.join(sorted(unknown))} in facts.csv.")
        said = []
        for framework in matrix.frameworks:
            cells = {
                (release, backend): verdict
                for release in matrix.releases(framework)
                for backend in matrix.backends(framework, release)
                if (verdict := self.verdict(matrix, framework, release, backend))
            }
            if cells:
                said.append(f"{framework}, {words.spans(cells, matrix.releases(framework))}")
        return ". ".join(said)

    def verdict(self, matrix: Matrix, framework: str, release: str, backend: str) -> str | None:
        """The verdict in one release; None where a fact of the framework decides nothing there."""
        owner = "Keras" if framework == "tf_keras" else framework
        facts = [fact for fact in self.facts if matrix.facts[fact].framework == owner]
        observed = {fact: matrix.observed(fact, framework, release, backend) or "" for fact in facts}
        decided = {self.facts[fact].get(said) for fact, said in observed.items()}
        if None in decided or not (decided := decided - {""}):
            return None
        return decided.pop() if len(decided) == 1 else "half true"


def read(file: Path = FILE) -> dict[str, Source]:
    """The sources by the claim's cell: "claim-keras-uses-semeniuta" → its source.

    Raises `SourceError` for an entry with an unknown key or verdict.
    """
    entries = tomllib.loads(file.read_text(encoding="utf-8"))
    for name, entry in entries.items():
        if unknown := set(entry) - {"source", "url", "facts"}:
            raise SourceError(f"{file.name}, [{name}]: {', '.join(sorted(unknown))} is not known there.")
        verdicts = {verdict for fact in entry.get("facts", {}).values() for verdict in fact.values()}
        if wrong := verdicts - {"true", "half true", "false", "refused", ""}:
            raise SourceError(f"{file.name}, [{name}]: {', '.join(sorted(wrong))} is not a verdict.")
    return {f"claim-{name}": Source(**entry) for name, entry in entries.items()}
