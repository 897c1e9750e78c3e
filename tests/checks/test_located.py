"""What an answer that nothing else explains is told: which argument it does not use, or uses wrongly."""

import pytest
import torch

from recdrop_lessons.checks import LocalAnswer
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.located import located
from recdrop_lessons.checks.recognise import see


def reference(x, w, b, m, scale):
    return torch.tanh(scale * (x * m) @ w.T + b)  # (B, H)


def cases():
    draw = Draw(5, "located")
    for scale in (2.0, 3.0):
        yield Case(
            f"scale={scale}",
            {
                "x": draw.normal(4, 3),
                "w": draw.normal(5, 3),
                "b": draw.normal(5),
                "m": draw.mask(4, 3),
                "scale": scale,
            },
        )


def told(function):
    answer = LocalAnswer(function)
    found = located(answer, reference, see(answer, reference, cases()))
    return found and (found.slug, found.sentence)


@pytest.mark.parametrize(
    ("slug", "names", "function"),
    [
        ("argument-ignored", ["b"], lambda x, w, b, m, scale: torch.tanh(scale * (x * m) @ w.T)),
        ("argument-ignored", ["scale"], lambda x, w, b, m, scale: torch.tanh((x * m) @ w.T + b)),
        (
            "argument-ignored",
            ["b", "m"],
            lambda x, w, b, m, scale: torch.tanh(scale * x @ w.T),
        ),
        ("argument-misused", ["b"], lambda x, w, b, m, scale: torch.tanh(scale * (x * m) @ w.T + b**2)),
        (
            "argument-misused",
            ["x", "w", "m"],
            lambda x, w, b, m, scale: torch.tanh(scale * (x * m**2) @ w.T + b),
        ),
        (
            "examples-mixed",
            [],
            lambda x, w, b, m, scale: torch.tanh(scale * (x * m.mean(0)) @ w.T + b),
        ),
    ],
)
def test_the_argument_at_fault_is_named(slug, names, function):
    found, sentence = told(function)
    assert found == slug
    assert [name for name in ("x", "w", "b", "m", "scale") if f"`{name}`" in sentence] == names


def test_where_every_argument_would_do_none_is_named():
    assert told(lambda x, w, b, m, scale: torch.tanh(scale * (x * m) @ w.T + b) + 1) is None


def test_an_answer_that_only_draws_or_raises_gets_no_name():
    def raises(x, w, b, m, scale):
        raise ValueError

    assert told(raises) is None


def test_a_right_value_that_many_share_tells_nothing():
    """Whole numbers, as a choice among a few, come out equal by chance."""

    def chosen(x, w, b, m, scale):
        return int(scale > 0)

    answer = LocalAnswer(lambda x, w, b, m, scale: 0)
    assert located(answer, chosen, see(answer, chosen, cases())) is None
