"""What is said of an exception, or of a value that no check can read, is true of it."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from recdrop_lessons.checks import LocalAnswer, part, run
from recdrop_lessons.checks.report import Report


def right(x: Any, h: Any, W: Any, U: Any, b: Any) -> Any:
    return torch.tanh(x @ W.T + h @ U.T + b)


def helper_without_return(a: Any) -> None:
    a.tanh()


class Kept:
    """A value with an attribute that is set too late."""


#: By misconception: answers to 1.1 that raise.
RAISES: dict[str, list[Callable[..., Any]]] = {
    "attribute-missing": [
        lambda x, h, W, U, b: torch.tahn(x @ W.T + h @ U.T + b),
        lambda x, h, W, U, b: torch.linear(x, W, b),
        lambda x, h, W, U, b: (x @ W.tranpose(0, 1) + h @ U.T + b).tanh(),
        lambda x, h, W, U, b: x.astype(float),
        lambda x, h, W, U, b: torch.zeros(x.sizes()),
        lambda x, h, W, U, b: torch.zeros(x.shapes[0]),
        lambda x, h, W, U, b: torch.zeros(2, dtype=x.dtypes.float),
        lambda x, h, W, U, b: (x @ W.T, h @ U.T).tanh(),
        lambda x, h, W, U, b: Kept().value,
    ],
    "called-wrongly": [
        lambda x, h, W, U, b: torch.matmul(x, W, U),
        lambda x, h, W, U, b: F.linear(x),
        lambda x, h, W, U, b: torch.tanh(x @ W.T, h @ U.T, b),
        lambda x, h, W, U, b: torch.tanh(x, dimension=1),
        lambda x, h, W, U, b: x.sum(axes=1),
        lambda x, h, W, U, b: torch.rand_like(x, W),
        lambda x, h, W, U, b: right(x, h, W, U),
        lambda x, h, W, U, b: right(x, h, W, U, b, x),
        lambda x, h, W, U, b: right(x, h, W, U, b, b=b),
        lambda x, h, W, U, b: len(x, h),
        lambda x, h, W, U, b: max(),
    ],
    "kind-confused": [
        lambda x, h, W, U, b: torch.tanh(1.0) + x,
        lambda x, h, W, U, b: x @ torch.tanh,
        lambda x, h, W, U, b: x(W),
        lambda x, h, W, U, b: torch.cat(x, 1),
        lambda x, h, W, U, b: torch.zeros("size"),
        lambda x, h, W, U, b: x.reshape("shape"),
        lambda x, h, W, U, b: [*3.0],
    ],
    "none-not-handled": [
        lambda x, h, W, U, b: helper_without_return(x) + b,
        lambda x, h, W, U, b: helper_without_return(x).tanh(),
        lambda x, h, W, U, b: torch.tanh(helper_without_return(x)),
        lambda x, h, W, U, b: torch.bernoulli(helper_without_return(x)),
    ],
    "tensor-as-number": [
        lambda x, h, W, U, b: math.tanh(x @ W.T + h @ U.T + b),
        lambda x, h, W, U, b: float(x @ W.T),
        lambda x, h, W, U, b: x.item(),
        lambda x, h, W, U, b: [1, 2][x],
    ],
    "bool-in-arithmetic": [
        lambda x, h, W, U, b: 1 - (x > 0),
        lambda x, h, W, U, b: -(x > 0),
        lambda x, h, W, U, b: (x > 0) - (x > 1),
    ],
    "unpacks-another-number": [
        lambda x, h, W, U, b: (lambda one, other: one)(*[part for part, _, _ in [(x, h)]]),
    ],
    "element-missing": [
        lambda x, h, W, U, b: W.chunk(4, 1)[7],
        lambda x, h, W, U, b: [x, h][2],
        lambda x, h, W, U, b: x.shape[2],
        lambda x, h, W, U, b: [].pop(),
    ],
    "shapes-do-not-fit": [
        lambda x, h, W, U, b: x @ W @ x,
        lambda x, h, W, U, b: x.sum(4),
        lambda x, h, W, U, b: x[1000],
        lambda x, h, W, U, b: x.reshape(1001),
        lambda x, h, W, U, b: torch.stack([]),
        lambda x, h, W, U, b: list(zip(x, range(1000), strict=True)),
    ],
    "division-by-zero": [
        lambda x, h, W, U, b: math.sqrt(-1.0) * x,
        lambda x, h, W, U, b: x * (1 / (len(x) - len(x))),
    ],
    "dtype-changed": [
        lambda x, h, W, U, b: x.double() @ W.T.float(),
        lambda x, h, W, U, b: (x > 0).long().mean() + x,
    ],
}


@pytest.mark.parametrize(
    ("slug", "answer"), [(slug, answer) for slug, answers in RAISES.items() for answer in answers]
)
def test_an_exception_is_told_as_what_it_is(slug: str, answer: Any) -> None:
    result = run(part("1.1"), LocalAnswer(answer), 0)
    assert result.misconception == slug, result.message
    assert "Your function raised" in result.message
    assert "two shapes" not in result.message.lower()


def _unwritten() -> None:
    raise NotImplementedError()


def _refuses(*_: Any) -> None:
    raise NotImplementedError("no union of masks")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda **given: _unwritten(), "Not written yet."),
        (torch.no_grad()(lambda **given: _unwritten()), "Not written yet."),
        (lambda **given: _refuses(), "Your function raised NotImplementedError: no union of masks"),
        (lambda **given: datetime.tzinfo().utcoffset(None), "Your function raised NotImplementedError: a tz"),
        (lambda **given: torch.nn.Module()(given["x"]), "Your function raised NotImplementedError: Module"),
    ],
)
def test_the_stub_is_told_by_where_it_raises(answer: Any, said: str) -> None:
    assert run(part("1.1"), LocalAnswer(answer), 0).message.startswith(said)


@pytest.mark.parametrize(
    ("slug", "change"),
    [
        ("wrong-kind", lambda y: y.detach().numpy()),
        ("wrong-kind", lambda y: [y.detach().numpy()]),
        ("wrong-kind", lambda y: (one for one in [y])),
        ("wrong-kind", lambda y: torch.tanh),
        ("wrong-kind", lambda y: 1j),
        ("wrong-kind", lambda y: y.to_sparse()),
        ("dtype-changed", lambda y: y.half()),
        ("dtype-changed", lambda y: y.to(torch.complex64)),
        ("dtype-changed", lambda y: y.int()),
    ],
)
def test_of_a_value_that_cannot_be_read_nothing_is_said_to_have_been_raised(slug: str, change: Any) -> None:
    for name in ("1.1", "1.2", "2.4", "7.1"):

        def answer(name: str = name, **given: Any) -> Any:
            value = part(name).function(**given)
            return change(value) if isinstance(value, torch.Tensor) else tuple(map(change, value))

        result = run(part(name), LocalAnswer(answer), 0)
        assert result.misconception == slug, result.message
        told = Report(result).text()
        assert "raise" not in told and ("You return" in told or "What you return holds" in told)


def test_numpy_on_a_tensor_that_wants_a_gradient_cuts_the_gradient() -> None:
    """Its values are right, so the cut is what is said, and its hint."""
    answers = {
        "1.1": lambda x, h, W, U, b: torch.from_numpy(np.tanh(np.asarray(x @ W.T + h @ U.T + b))),
        "2.4": lambda x, p: torch.from_numpy((1 - p) * np.tanh(x.numpy() / (1 - p)) - np.tanh(x.numpy())).to(
            x.dtype
        ),
        "2.1": lambda x, p, training, generator=None: (
            torch.from_numpy(x.numpy() * (torch.rand(x.shape, generator=generator) >= p).numpy()) / (1 - p)
            if training
            else x
        ).to(x.dtype),
    }
    for number, answer in answers.items():
        result = run(part(number), LocalAnswer(answer), 0)
        assert result.misconception == "gradient-cut", (number, result.message)
        assert result.message.count("The values are right") == 1 and "NumPy" in result.message
        assert ".numpy()" in result.hint


def test_an_argument_more_in_the_def_line_is_no_wrong_call_of_the_learners() -> None:
    for answer in (
        lambda x, h, W, U, b, k: right(x, h, W, U, b),
        lambda x, h, W, U: x,
        lambda x, h, W, U, bias: x,
    ):
        assert run(part("1.1"), LocalAnswer(answer), 0).misconception == "arguments-renamed"


def test_a_key_that_is_no_argument_is_not_a_value_without_a_case() -> None:
    def misspelt(plain: Any, dropped: Any) -> Any:
        return plain["gate"]

    def no_case(argument: str) -> Any:
        return {"keras.LSTM.dropout": "input"}[argument]

    assert run(part("3.4"), LocalAnswer(misspelt), 0).misconception is None
    assert run(part("3.3"), LocalAnswer(no_case), 0).misconception == "value-not-handled"
