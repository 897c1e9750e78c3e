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


def test_an_argument_is_not_said_to_be_ignored_where_one_other_value_gives_the_same_by_chance():
    """relu and linear agree on what is positive; an answer that uses the name is right to give the same."""
    functions = {"relu": torch.relu, "linear": lambda a: a, "tanh": torch.tanh}

    def reference(x, w, name):
        return functions[name]((x @ w.T).exp() - 1.5)  # (B, H)

    def inside(x, w, name):
        return functions[name]((x @ w.T).exp()) - 1.5

    def without(x, w, name):
        return torch.relu((x @ w.T).exp() - 1.4)

    draw = Draw(5, "located, names")
    cases = [
        Case(name, {"x": draw.normal(4, 3), "w": draw.normal(5, 3), "name": name})
        for name in ("relu", "linear", "tanh")
    ]
    for function, slug in ((inside, None), (without, "argument-ignored")):
        answer = LocalAnswer(function)
        found = located(answer, reference, see(answer, reference, cases))
        assert (found and found.slug) == slug


def test_a_tensor_is_not_said_to_be_ignored_where_another_gives_the_same_by_chance():
    def reference(x, s):
        return x.sin() + s[0]

    def of_the_sign(x, s):
        return x.sin() + s[0].sign() * 0.5

    draw = Draw(6, "located, signs")
    cases = [
        Case(str(k), {"x": draw.normal(4, 3), "s": torch.tensor([k + 0.3, -k - 0.7]).double()})
        for k in (1, 2)
    ]
    answer = LocalAnswer(of_the_sign)
    found = located(answer, reference, see(answer, reference, cases))
    assert found is None or found.slug != "argument-ignored"


def test_a_mistake_beside_an_argument_is_not_laid_to_the_argument_alone():
    """w + m for w·m: x = 0 hides it, and x is used as it should be."""

    def reference(x, w, m, b):
        return torch.tanh(x @ (w * m).T + b)

    draw = Draw(7, "located, beside")
    sizes = {"x": (4, 3), "w": (5, 3), "b": (5,)}
    cases = [
        Case(str(k), {name: draw.normal(*size) for name, size in sizes.items()} | {"m": draw.mask(5, 3)})
        for k in range(2)
    ]
    answer = LocalAnswer(lambda x, w, m, b: torch.tanh(x @ (w + m).T + b))
    found = located(answer, reference, see(answer, reference, cases))
    assert found and found.slug == "argument-misused"
    assert "`x`, or in what you combine with it" in found.sentence


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
