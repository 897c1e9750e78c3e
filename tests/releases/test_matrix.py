"""The shipped matrix agrees with the installed frameworks, has no holes, and is said in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from recdrop_lessons.releases import matrix, printed, running, words
from recdrop_lessons.releases.matrix import Fact, Matrix, Observation
from recdrop_lessons.releases.running import Answers, ProbeError

KNOWN = matrix.read()
PACKAGES = {name: package for package, name in running.NAMES.items()}


# --- what is shipped ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("framework", printed.installed(KNOWN))
def test_the_installed_release_answers_as_the_matrix_says(framework: str) -> None:
    """The probes run here, in a process of their own, on the backend of the course."""
    answers = running.ask_here(PACKAGES[framework], "torch" if framework == "Keras" else "")
    if not KNOWN.has(framework, answers.release, answers.backend):
        pytest.skip(f"{framework} {answers.release} was not asked yet: run tools/releases.py --newest")
    shipped = {
        fact.fact: observed
        for fact, observed in words.holds(KNOWN, framework, answers.release, answers.backend)
    }
    assert shipped == answers.observed
    for fact in answers.observed:  # the texts are those of the probes
        assert KNOWN.facts[fact].question == answers.questions[fact]
        assert KNOWN.facts[fact].says == answers.says[fact]


def test_every_fact_has_a_question_and_a_sentence() -> None:
    for fact in KNOWN.facts.values():
        assert fact.question.endswith("?"), fact
        assert fact.says.endswith(".") and fact.says.count("{observed}") == 1, fact
        assert "{" not in fact.says.replace("{observed}", "") + fact.question, fact


@pytest.mark.parametrize("framework", KNOWN.frameworks)
def test_each_release_was_asked_every_fact(framework: str) -> None:
    facts = {fact.fact for fact in KNOWN.asked(framework)}
    for release in KNOWN.releases(framework):
        for backend in KNOWN.backends(framework, release):
            held = {fact.fact for fact, _ in words.holds(KNOWN, framework, release, backend)}
            assert held == facts, (release, backend)


def test_no_fact_is_left_without_an_observation() -> None:
    observed = {one.fact for one in KNOWN.observations}
    assert set(KNOWN.facts) <= observed
    assert observed <= set(KNOWN.facts) | {matrix.INSTALLS}


def test_the_headlines_are_facts() -> None:
    assert set(words.HEADLINES) <= set(KNOWN.facts)


def test_the_matrix_holds_what_the_course_teaches_of_old_releases() -> None:
    """Facts read in the wheels' sources too (see the issues named in data/claims.toml)."""

    def torch(fact: str, release: str) -> str | None:
        return KNOWN.observed(fact, "Keras", release, "torch")

    gates = "LSTM_h_gates(recurrent_dropout=p)"
    assert {torch(gates, release) for release in ("3.2.0", "3.3.3", "3.5.0", "3.7.0")} == {
        "one mask for all gates"
    }
    assert {torch(gates, release) for release in ("3.8.0", "3.12.4")} == {"one mask per gate"}
    assert torch("GRU_update_path", "3.7.0") == "multiplied by the scaled mask at each step"
    assert torch("GRU_update_path", "3.8.0") == "kept as it is"
    assert torch("GRU_update_path", "3.2.0") == "multiplied by the scaled mask at each step"
    assert {torch("LSTM_recurrent_dropout_site", release) for release in ("3.0.5", "3.1.1")} == {"nothing"}
    assert torch("LSTM_recurrent_dropout_site", "3.2.0") == "h before its product"


# --- a small matrix ----------------------------------------------------------------------------------------


def small() -> Matrix:
    facts = [Fact("gates", "Keras", "How many masks?", "The gates have {observed}.")]
    cells = {
        ("3.0.5", "torch"): "one", ("3.3.3", "torch"): "one", ("3.12.4", "torch"): "four",
        ("3.3.3", "jax"): "one", ("3.12.4", "jax"): "raises ValueError", ("3.12.4", "tensorflow"): "four",
    }  # fmt: skip
    rows = [Observation("gates", "Keras", r, b, "", "3.11", said) for (r, b), said in cells.items()]
    rows.append(Observation(matrix.INSTALLS, "Keras", "3.0.5", "jax", "", "3.11", "no: pip: no wheel"))
    return Matrix(facts, rows)


def test_releases_are_in_order_and_what_could_not_be_installed_is_none() -> None:
    known = small()
    assert known.releases("Keras") == ["3.0.5", "3.3.3", "3.12.4"]
    assert known.backends("Keras", "3.0.5") == ["torch"]
    assert not known.has("Keras", "3.0.5", "jax")
    assert [one.observed for one in known.refusals()] == ["no: pip: no wheel"]


def test_spans_say_from_which_release_on_and_name_the_backend_that_differs() -> None:
    assert words.by_release(small(), "gates", "Keras") == (
        "3.0 to 3.3: one; 3.12 and later: four; on jax, 3.12 and later: raises ValueError"
    )


@pytest.mark.parametrize(
    ("releases", "said"),
    [(["3.0.5", "3.3.3"], "3.0 to 3.3: one"), (["3.3.3"], "3.3: one"), ([], "")],
)
def test_one_value_everywhere(releases: list[str], said: str) -> None:
    assert words.spans({(release, ""): "one" for release in releases}, releases) == said


def test_a_release_without_a_value_parts_those_around_it() -> None:
    releases = ["2.15.0", "3.0.5", "3.2.0", "3.5.0"]
    cells = {(release, "torch"): "true" for release in releases if release != "3.0.5"}
    assert words.spans(cells, releases) == "2.15: true; 3.2 and later: true"
    cells |= {("3.2.0", "jax"): "false"}
    assert "2.15: true; 3.5 and later: true; on torch, 3.2: true; on jax, 3.2: false" == words.spans(
        cells, releases
    )


def test_where_no_value_has_most_of_the_backends_each_is_named() -> None:
    said = {"torch": "a", "jax": "b", "tensorflow": "c"}
    cells = {("3.5.0", backend): value for backend, value in said.items()}
    assert words.spans(cells, ["3.5.0"]) == "on torch, 3.5: a; on jax, 3.5: b; on tensorflow, 3.5: c"
    assert words.spans(cells | {("3.5.0", "numpy"): "a", ("3.5.0", "mlx"): "a"}, ["3.5.0"]).startswith(
        "3.5: a;"
    )


def test_changes_are_those_that_differ() -> None:
    known = small()
    (change,) = words.changes(known, "Keras", "3.3.3", "3.12.4", "torch")
    assert (change.now, change.then) == ("one", "four")
    assert words.changes(known, "Keras", "3.0.5", "3.3.3", "torch") == []


@pytest.mark.parametrize(
    ("observed", "sentence"),
    [
        ("one", "The gates have one."),
        ("raises ValueError", "How many masks? It raises ValueError."),
        ("no such argument", "How many masks? There is no such argument."),
    ],
)
def test_a_sentence_holds_what_was_observed(observed: str, sentence: str) -> None:
    assert small().facts["gates"].sentence(observed) == sentence


def test_answers_take_the_place_of_older_ones_and_a_refusal_of_none(tmp_path: Path) -> None:
    def answers(release: str, said: str) -> Answers:
        texts = {"gates": "How many?"}, {"gates": "They have {observed}."}
        return Answers("Keras", release, "torch", "2.13.0", "3.11", {"gates": said}, *texts)

    matrix.write(answers("3.12.4", "four"), tmp_path)
    matrix.write(answers("3.3.3", "two"), tmp_path)
    matrix.write(answers("3.3.3", "one"), tmp_path)
    why = ProbeError("no\n wheel in /home/me/x.y/lib.so")
    matrix.write_refusal(("Keras", "3.5.0", "torch"), "3.11", why, tmp_path)
    known = matrix.read(tmp_path)
    assert words.by_release(known, "gates", "Keras") == "3.3: one; 3.12 and later: four"
    assert [one.observed for one in known.refusals()] == ["no: no wheel in …/lib.so"]
    matrix.write(answers("3.5.0", "one"), tmp_path)
    assert matrix.read(tmp_path).refusals() == []


def test_what_was_not_asked_again_stays_and_what_no_probe_asks_goes(tmp_path: Path) -> None:
    def answers(observed: dict[str, str], *asked: str) -> Answers:
        texts = {one: f"{one}?" for one in asked}, dict.fromkeys(asked, "{observed}.")
        return Answers("Keras", "3.8.0", "torch", "", "3.11", observed, *texts)

    matrix.write(answers({"gates": "four", "old": "yes"}, "gates", "old"), tmp_path)
    matrix.write(answers({"new": "no"}, "new", "gates"), tmp_path)
    known = matrix.read(tmp_path)
    assert [(one.fact, one.observed) for one in known.observations] == [("new", "no"), ("gates", "four")]
    assert list(known.facts) == ["new", "gates"]


# --- the probes' process -----------------------------------------------------------------------------------


def test_a_framework_that_cannot_be_imported_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(running.PROBES, "keras", "nothing")
    with pytest.raises(ProbeError, match=r"No module named '.*nothing_probes'"):
        running.ask_here("keras", "torch")
