"""`recdrop facts`: what the releases installed here do, and what an upgrade would change."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from recdrop_lessons.releases import words
from recdrop_lessons.releases.matrix import Fact, Matrix, NoSuchRelease, Observation, numbers
from recdrop_lessons.releases.running import NAMES, ask_here

BACKENDS = ("torch", "jax", "tensorflow", "numpy")


def installed(matrix: Matrix) -> dict[str, str]:
    """The releases of the frameworks in this environment that the matrix knows, by the course's names."""
    found = {}
    for package, name in NAMES.items():
        try:
            release = version(package).partition("+")[0]
        except PackageNotFoundError:
            continue
        if name in matrix.frameworks:
            found[name] = release
    return found


def default_backend() -> str:
    """Keras's backend here: KERAS_BACKEND, else the first one that is installed, torch before the others."""
    named = os.environ.get("KERAS_BACKEND", "")
    if named:
        return named
    for backend in BACKENDS[:-1]:
        try:
            version(backend)
        except PackageNotFoundError:
            continue
        return backend
    return "tensorflow"


def measured_here(matrix: Matrix, releases: Mapping[str, str], backend: str) -> Matrix:
    """The matrix with what the installed frameworks answer now, in place of what it has for them."""
    packages = {name: package for package, name in NAMES.items()}
    rows = list(matrix.observations)
    for framework in releases:
        answers = ask_here(packages[framework], backend if framework == "Keras" else "")
        where = (framework, answers.release, answers.backend)
        rows = [row for row in rows if (row.framework, row.release, row.backend) != where]
        rows += [
            Observation(fact, *where, answers.backend_release, answers.python, said)
            for fact, said in answers.observed.items()
        ]
    return Matrix(matrix.facts.values(), rows)


def tables(
    matrix: Matrix, releases: Mapping[str, str], backend: str | None, every_fact: bool
) -> Iterator[Any]:
    """A rich table of what holds, and one of what an upgrade changes, for each framework and release.

    The main facts, or every one. `backend` is Keras's; None takes the one in use here. Raises `NoSuchRelease`
    for a release older than all that were asked, or a backend that was not.
    """
    from rich.markup import escape
    from rich.table import Table

    def shown(fact: Fact) -> bool:
        return every_fact or fact.fact in words.HEADLINES

    for framework, release in releases.items():
        asked = matrix.nearest(framework, release)
        on = _backend(matrix, framework, asked, backend)
        name = f"{framework} {release}" + (f" on {on}" if on else "")
        table = Table(title=name, caption=_caption(framework, release, asked), title_justify="left")
        table.add_column("observed")
        for fact, observed in words.holds(matrix, framework, asked, on):
            if shown(fact):
                table.add_row(escape(fact.sentence(observed)))
        yield table
        newest = matrix.releases(framework)[-1]
        if asked == newest:
            yield f"{newest} is the newest release of {framework} that was asked.\n"
            continue
        changed = [one for one in words.changes(matrix, framework, asked, newest, on) if shown(one.fact)]
        after = Table(
            title=f"An upgrade to {framework} {newest} changes", title_justify="left", show_lines=True
        )
        after.add_column(f"{release}, now", ratio=1)
        after.add_column(f"{newest}, then", ratio=1)
        for change in changed:
            sentences = map(change.fact.sentence, (change.now, change.then))
            after.add_row(*map(escape, sentences))
        yield after if changed else f"An upgrade to {framework} {newest} changes none of these facts.\n"


def _caption(framework: str, release: str, asked: str) -> str | None:
    exact = numbers(release)
    same = exact == numbers(asked)[: len(exact)]
    return None if same else f"{framework} {release} itself was not asked; this is what {asked} answered."


def _backend(matrix: Matrix, framework: str, release: str, wanted: str | None) -> str:
    """The backend asked for; without one, the one in use here or the first that the release was asked on."""
    known = matrix.backends(framework, release)
    if framework != "Keras":
        return known[0]
    if wanted is None:
        return default_backend() if default_backend() in known else known[0]
    if wanted not in known:
        raise NoSuchRelease(f"{framework} {release} was not asked on {wanted!r}, but on {', '.join(known)}.")
    return wanted
