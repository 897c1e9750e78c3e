"""`recdrop facts`: what holds here, what an upgrade changes, and refusals that say what to give."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from recdrop_lessons.cli import app
from recdrop_lessons.releases import matrix, printed, words


def facts(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["facts", *arguments], env={"COLUMNS": "200"})
    return done.exit_code, " ".join(done.output.split())


def test_an_old_release_and_its_upgrade() -> None:
    code, said = facts("--keras", "3.5", "--backend", "torch")
    assert code == 0
    assert "Keras 3.5 on torch: what 3.5.0 answered" in said
    assert "`LSTM(recurrent_dropout=p)`: on h one mask for all gates." in said
    now, _, then = said.partition("An upgrade to Keras")
    assert "one mask per gate" not in now and "on h one mask per gate." in then
    assert "nn.LSTM" not in said  # of the framework that was named alone


def test_every_fact_on_request() -> None:
    assert "go_backwards" not in facts("--keras", "3.8", "--backend", "torch")[1]
    assert "go_backwards" in facts("--keras", "3.8", "--backend", "torch", "--all")[1]


def test_without_a_release_those_installed_here_are_shown() -> None:
    code, said = facts()
    assert code == 0
    here = printed.installed(matrix.read())
    assert "PyTorch" in here
    for framework, release in here.items():
        assert f"{framework} {release}" in said


def test_the_title_and_the_note_say_who_answered() -> None:
    code, said = facts("--keras", "3.6.0", "--backend", "torch")
    assert code == 0 and "Keras 3.6.0 on torch: what 3.5.0 and 3.7.0 answered" in said
    assert "Keras 3.6.0 on torch was not asked." in said and "3.6.0, now" not in said
    _, said = facts("--keras", "3.0.1", "--backend", "torch")
    assert "3.0.5 answered. Other releases of 3.0 may differ from it." in said
    assert "`LSTM(recurrent_dropout=p)` masks nothing." in said and "2.15" not in said
    _, said = facts("--keras", "3.15.0", "--backend", "torch")
    assert "what 3.15.1 answered" in said and "upgrade" not in said
    _, said = facts("--keras", "3.8.0", "--backend", "torch")
    assert "answered" not in said and "3.8.0, now" in said


@pytest.mark.parametrize("major", ["2", "3"])
def test_a_bare_major_release_names_the_one_that_answered(major: str) -> None:
    code, said = facts("--keras", major)
    newest = [one for one in matrix.read().releases("Keras") if one.startswith(f"{major}.")][-1]
    assert code == 0 and f": what {newest} answered" in said and "name yours" in said


def test_where_the_neighbours_differ_both_are_shown_in_both_tables() -> None:
    _, said = facts("--keras", "3.14", "--backend", "torch")
    both = (
        "not asked: 3.12.4 says: `LSTM(dropout=1.0)`, alone: drops nothing. "
        "3.15.1 says: `LSTM(dropout=1.0)`, alone: drops everything."
    )
    assert both in said
    upgrade = said.partition("An upgrade to Keras")[2]
    assert "may change" in upgrade and upgrade.count("not asked:") == 2 and ", now" not in upgrade


@pytest.mark.parametrize("release", ["2.9", "2.16", "3.99"])
def test_beyond_the_first_and_the_last_nothing_is_stated(release: str) -> None:
    code, said = facts("--keras", release)
    assert code == 0 and said.count("not asked: ") >= len(words.HEADLINES) / 2
    assert "is the nearest that was" in said


@pytest.mark.parametrize(("release", "shown"), [("3.5", "torch"), ("2.15.0", "tensorflow")])
@pytest.mark.parametrize("backend", ["numpy", "theano"])
def test_a_backend_of_the_environment_that_was_not_asked_is_said(
    monkeypatch: pytest.MonkeyPatch, release: str, shown: str, backend: str
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", backend)
    code, said = facts("--keras", release)
    assert code == 0
    assert f"was not asked on '{backend}', the backend in use here" in said and f"this is {shown}." in said


def test_a_backend_that_was_asked_is_shown_without_a_remark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    _, said = facts("--keras", "3.5.0")
    assert "Keras 3.5.0 on jax" in said and "in use here" not in said


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--keras", "1.0"), "No release of Keras 1 was asked"),
        (("--keras", "4"), "No release of Keras 4 was asked"),
        (("--keras", "3.05"), "'3.05' is not a release of Keras"),
        (("--keras", "3.5", "--backend", "numpy"), "was not asked on 'numpy', but on torch"),
        (("--keras", "newest"), "'newest' is not a release of Keras"),
        (("--keras", "3.8", "--backend", "theano"), "was not asked on 'theano', but on torch"),
    ],
)
def test_refusals_say_what_there_is(arguments: tuple[str, ...], why: str) -> None:
    code, said = facts(*arguments)
    assert code == 2 and why in said


@pytest.mark.parametrize("name", ["--keras", "--torch", "--pyg"])
def test_run_and_a_named_release_are_refused_together(name: str) -> None:
    code, said = facts("--run", name, "2.6")
    assert code == 2 and "installed here" in said and "2.6. Omit `--run`" in said
