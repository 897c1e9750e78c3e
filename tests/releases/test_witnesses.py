"""No release is told what was not asked of it: who answers for it, over every release and odd texts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from recdrop_lessons.releases import matrix, words
from recdrop_lessons.releases.matrix import Fact, Matrix, NoSuchRelease, Observation, numbers
from recdrop_lessons.releases.witnesses import Kind, said, witnesses

KNOWN = matrix.read()
COLUMNS = [
    (framework, backend)
    for framework in KNOWN.frameworks
    for backend in sorted({o.backend for o in KNOWN.observations if o.framework == framework})
]


def asked_on(framework: str, backend: str) -> list[str]:
    return [one for one in KNOWN.releases(framework) if backend in KNOWN.backends(framework, one)]


def every_release(framework: str) -> Iterator[str]:
    """Each M.m, M.m.p and M.m.prc1 of the majors that were asked, beyond the last line and patch too."""
    known = [numbers(one) for one in KNOWN.releases(framework)]
    for major in sorted({one[0] for one in known}):
        lines = max(one[1] for one in known if one[0] == major) + 2
        patches = max(one[2] for one in known) + 2
        for minor in range(lines):
            yield f"{major}.{minor}"
            for patch in range(patches):
                yield from (f"{major}.{minor}.{patch}", f"{major}.{minor}.{patch}rc1")


@pytest.mark.parametrize(("framework", "backend"), COLUMNS)
def test_a_fact_is_stated_only_where_all_who_answer_agree(framework: str, backend: str) -> None:
    for release in every_release(framework):
        try:
            by = witnesses(KNOWN, framework, release, backend)
        except NoSuchRelease:
            continue
        for one in said(KNOWN, by, backend):
            name = one.fact.fact
            observed = {KNOWN.observed(name, framework, other, backend) for other in by.asked}
            if by.kind is Kind.BESIDE or len(observed) > 1:
                assert one.holds is None and one.sentence.startswith("not asked: ")
                assert all(f"{other} says: " in one.sentence for other in by.asked)
            else:
                assert {one.holds} == observed
                assert one.sentence == one.fact.sentence(str(one.holds))


@pytest.mark.parametrize(("framework", "backend"), COLUMNS)
def test_with_a_release_left_out_nothing_false_is_stated_of_it(framework: str, backend: str) -> None:
    """What was asked of it later would not have contradicted what was stated before."""
    for release in asked_on(framework, backend):
        rest = Matrix(
            KNOWN.facts.values(),
            [o for o in KNOWN.observations if (o.framework, o.release) != (framework, release)],
        )
        try:
            by = witnesses(rest, framework, release, backend)
        except NoSuchRelease:
            continue
        then = {one.fact.fact: one.holds for one in said(rest, by, backend)}
        for fact, observed in words.holds(KNOWN, framework, release, backend):
            assert then.get(fact.fact) in (None, observed), (release, by.asked, fact.fact)


def small() -> Matrix:
    facts = [Fact("gates", "Keras", "How many masks?", "The gates have {observed}.")]
    cells = {
        ("2.15.0", "tensorflow"): "four", ("3.2.0", "torch"): "one", ("3.5.0", "torch"): "one",
        ("3.5.2", "torch"): "four", ("3.12.4", "torch"): "four", ("3.12.4", "jax"): "four",
    }  # fmt: skip
    return Matrix(facts, [Observation("gates", "Keras", r, b, "", "3.11", o) for (r, b), o in cells.items()])


@pytest.mark.parametrize(
    ("release", "backend", "asked", "kind"),
    [
        ("3", "torch", ("3.12.4",), Kind.NEWEST),
        ("2", "tensorflow", ("2.15.0",), Kind.NEWEST),
        ("3.5", "torch", ("3.5.2",), Kind.LINE),
        ("3.5.1", "torch", ("3.5.0", "3.5.2"), Kind.BETWEEN),  # two of one line differ
        ("3.5.7", "torch", ("3.5.2",), Kind.LINE),
        ("3.5.0rc1", "torch", ("3.5.0",), Kind.LINE),
        ("3.12.4+cpu", "torch", ("3.12.4",), Kind.ITSELF),
        (" 3.12.4 ", "torch", ("3.12.4",), Kind.ITSELF),
        ("3.12.4.post1", "torch", ("3.12.4",), Kind.LINE),
        ("3.12.4.dev20260101", "torch", ("3.12.4",), Kind.LINE),
        ("3.2.1", None, ("3.2.0",), Kind.LINE),
        ("3.3", "torch", ("3.2.0", "3.5.0"), Kind.BETWEEN),
        ("3.3", "jax", ("3.12.4",), Kind.BESIDE),
        ("3.0.0", "torch", ("3.2.0",), Kind.BESIDE),
        ("3.999999999.0", "torch", ("3.12.4",), Kind.BESIDE),
        ("2.16", None, ("2.15.0",), Kind.BESIDE),
    ],
)
def test_witnesses(release: str, backend: str | None, asked: tuple[str, ...], kind: Kind) -> None:
    by = witnesses(small(), "Keras", release, backend)
    assert (by.asked, by.kind) == (asked, kind)


@pytest.mark.parametrize(
    "text",
    ["", " ", "new", "v3.5", "-1", "3.", ".5", "3..5", "3.05", "03.5", "3.5.x", "3,5", "3.5 3.6", "\uff13.5",
     "\u00b2", "1e3", "9" * 5000],
)  # fmt: skip
def test_what_is_no_release_is_refused_by_name(text: str) -> None:
    with pytest.raises(NoSuchRelease, match="is not a release of Keras: give one as"):
        witnesses(small(), "Keras", text)


@pytest.mark.parametrize(
    ("framework", "release", "backend", "why"),
    [
        ("Keras", "1.0", None, "No release of Keras 1 was asked, so nothing is known of 1.0"),
        ("Keras", "4", None, "No release of Keras 4 was asked"),
        ("Keras", "0", None, "No release of Keras 0 was asked"),
        ("Keras", "2.15.0", "torch", r"No release of Keras 2 was asked on torch.* asked on torch: 3.2.0"),
        ("Caffe", "1.0", None, "never asked"),
    ],
)
def test_what_nothing_is_known_of_is_refused_by_name(
    framework: str, release: str, backend: str | None, why: str
) -> None:
    with pytest.raises(NoSuchRelease, match=why):
        witnesses(small(), framework, release, backend)
