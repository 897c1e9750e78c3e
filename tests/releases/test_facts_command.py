"""`recdrop facts`: what holds here, what an upgrade changes, and refusals that say what to give."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from recdrop_lessons.cli import app
from recdrop_lessons.releases import matrix, printed


def facts(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["facts", *arguments], env={"COLUMNS": "200"})
    return done.exit_code, " ".join(done.output.split())


def test_an_old_release_and_its_upgrade() -> None:
    code, said = facts("--keras", "3.5", "--backend", "torch")
    assert code == 0
    assert "Keras 3.5 on torch" in said
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


def test_a_release_that_was_not_asked_is_answered_by_the_one_before_it() -> None:
    code, said = facts("--keras", "3.6.0", "--backend", "torch")
    assert code == 0 and "Keras 3.6.0 itself was not asked; this is what 3.5.0 answered." in said


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--keras", "1.0"), "Keras 1.0 is older than the oldest that was asked"),
        (("--keras", "newest"), "'newest' is not a release of Keras"),
        (("--keras", "3.8", "--backend", "theano"), "was not asked on 'theano', but on torch"),
    ],
)
def test_refusals_say_what_there_is(arguments: tuple[str, ...], why: str) -> None:
    code, said = facts(*arguments)
    assert code == 2 and why in said
