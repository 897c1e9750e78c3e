"""`recdrop facts`: what the releases installed here do, and what an upgrade would change."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from recdrop_lessons.releases import words
from recdrop_lessons.releases.matrix import Matrix, NoSuchRelease, Observation
from recdrop_lessons.releases.running import NAMES, ask_here
from recdrop_lessons.releases.witnesses import Kind, Said, Witnesses, said, witnesses

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
    for a release that nothing is known of, or a backend that was not asked.
    """
    from rich.markup import escape
    from rich.table import Table

    for framework, release in releases.items():
        on, remark = _backend(matrix, framework, release, backend)
        by = witnesses(matrix, framework, release, on)
        where = f" on {on}" if on else ""
        answered = "" if by.kind is Kind.ITSELF else f": what {by.names} answered"
        facts = [one for one in said(matrix, by, on) if every_fact or one.fact.fact in words.HEADLINES]
        table = Table(
            title=f"{framework} {release}{where}{answered}",
            caption=by.caution(where),
            title_justify="left",
            caption_justify="left",
        )
        table.add_column("observed")
        for one in facts:
            table.add_row(escape(one.sentence))
        if remark:
            yield remark
        yield table
        newest = matrix.releases(framework)[-1]
        if by.asked[0] == newest:
            yield f"{newest} is the newest release of {framework} that was asked.\n"
        elif not matrix.has(framework, newest, on):
            yield f"{framework} {newest}, the newest that was asked, was not asked{where}.\n"
        else:
            yield _upgrade(matrix, by, newest, facts, on)


def _upgrade(matrix: Matrix, by: Witnesses, newest: str, facts: Sequence[Said], on: str) -> Any:
    """A table of the facts that the newest release answers otherwise; a sentence where there are none."""
    from rich.markup import escape
    from rich.table import Table

    then = {fact.fact: observed for fact, observed in words.holds(matrix, by.framework, newest, on)}
    changed = [
        (one, then[one.fact.fact])
        for one in facts
        if any(observed != then.get(one.fact.fact, observed) for _, observed in one.observed)
    ]
    itself = by.kind is Kind.ITSELF
    if not changed:
        if itself:
            return f"An upgrade to {by.framework} {newest} changes none of these facts.\n"
        return f"{by.framework} {newest} answers as {by.names} to all of these.\n"
    title = f"An upgrade to {by.framework} {newest} {'changes' if itself else 'may change'}"
    after = Table(title=title, title_justify="left", show_lines=True)
    after.add_column(f"{by.release}, now" if itself else f"{by.names} answered", ratio=1)
    after.add_column(f"{newest}, then", ratio=1)
    for one, observed in changed:
        after.add_row(escape(one.sentence), escape(one.fact.sentence(observed)))
    return after


def _backend(matrix: Matrix, framework: str, release: str, wanted: str | None) -> tuple[str, str]:
    """The backend whose answers are shown; and a remark where it is not the one in use here.

    It is the one asked for; without one, the one in use here or the first that speaks for the release.
    """
    on_any = witnesses(matrix, framework, release)
    known = [one for one in ("", *BACKENDS) if _speaks(matrix, on_any, one)]
    known = known or matrix.backends(framework, on_any.asked[-1])
    if framework != "Keras":
        return known[0], ""
    backend = wanted or default_backend()
    if backend in known:
        return backend, ""
    there_is = ", ".join(known)
    if wanted:
        raise NoSuchRelease(f"{framework} {release} was not asked on {backend!r}, but on {there_is}.")
    return known[0], (
        f"{framework} {release} was not asked on {backend!r}, the backend in use here, but on {there_is}: "
        f"this is {known[0]}.\n"
    )


def _speaks(matrix: Matrix, on_any: Witnesses, backend: str) -> bool:
    """Whether releases asked on the backend speak for this one, as near to it as those on any backend."""
    try:
        by = witnesses(matrix, on_any.framework, on_any.release, backend)
    except NoSuchRelease:
        return False
    return by.alone or by.asked == on_any.asked
