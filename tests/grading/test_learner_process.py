"""A function over the pipe behaves as the same function beside the checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from recdrop_lessons import checks
from recdrop_lessons.checks.answer import (
    Answer,
    AnswerError,
    AnswerLost,
    LocalAnswer,
    Question,
)
from recdrop_lessons.grading.checker import Checker
from recdrop_lessons.grading.inside.channel import Channel
from recdrop_lessons.grading.learner_process import Budget, LearnerProcess, RemoteAnswer, Times
from recdrop_lessons.grading.spawner import Spawner

Both = Callable[[str], tuple[Answer, Answer]]


@pytest.fixture
def both(spawner: Spawner) -> Iterator[Both]:
    """The function `f` of some code, here and over the pipe."""
    opened: list[LearnerProcess] = []

    def make(source: str) -> tuple[Answer, Answer]:
        names: dict[str, Any] = {}
        exec("import torch\n" + source, names)
        remote = LearnerProcess(spawner, Times(call=3, cell=3), Budget(30), 1 << 20)
        opened.append(remote)
        assert remote.run("import torch\n" + source, "cell 1") is None
        return LocalAnswer(names["f"], "f"), RemoteAnswer(remote, "f")

    yield make
    for remote in opened:
        remote.close()


def outcome(action: Callable[[], Any]) -> Any:
    try:
        return action()
    except AnswerError as error:
        return (error.type_name, error.message)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return (
            isinstance(other, torch.Tensor)
            and one.dtype == other.dtype
            and one.shape == other.shape
            and one.stride() == other.stride()
            and torch.equal(one.nan_to_num(7.0), other.nan_to_num(7.0))
        )
    if isinstance(one, torch.Generator):
        return torch.equal(one.get_state(), other.get_state())
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, (tuple, list)):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


CASES = [
    ("def f(x): return x.T * 2", {"x": torch.arange(6.0).reshape(2, 3)}),
    (
        "def f(x): return x[:, ::2].expand(2, 2), [1, 1.0, True, None, 'ß'], {'a': (x,)}",
        {"x": torch.ones(2, 4)},
    ),
    ("def f(x): return torch.Size([1, 2])", {"x": 0}),
    ("def f(x):\n    x += 1\n    return x", {"x": torch.zeros(3)}),
    ("def f(x):\n    x.numpy()[:] = 4\n    return 0", {"x": torch.zeros(3)}),
    ("def f(x):\n    x.append(torch.ones(1))\n    return len(x)", {"x": [torch.zeros(1)]}),
    ("def f(x): raise ValueError('layer 2: ' + str(x))", {"x": 3}),
    ("def f(x): raise SystemExit(3)", {"x": 3}),
    ("def f(y): return y", {"x": 3}),
    ("def f(x): return x.to(torch.float16)", {"x": torch.ones(2)}),
    ("def f(x): return lambda: 0", {"x": 0}),
    ("import numpy\ndef f(x): return x.numpy()", {"x": torch.ones(2)}),
    ("import numpy\ndef f(x): return numpy.float64(1.5)", {"x": 0}),
    ("def f(x): return torch.nn.Parameter(x)", {"x": torch.ones(2)}),
    ("def f(x): return x.untyped_storage().nbytes()", {"x": torch.ones(4, 6)[:, ::3]}),
]


@pytest.mark.parametrize("source, arguments", CASES)
def test_values_changes_and_errors_are_the_same(both: Both, source: str, arguments: dict[str, Any]) -> None:
    local, remote = both(source)

    def call(answer: Answer) -> Any:
        found = answer.inspect(arguments)
        return (found.value, found.arguments)

    here, there = outcome(lambda: call(local)), outcome(lambda: call(remote))
    assert same(here, there), (here, there)


def test_the_callers_tensors_stay_as_they_are(both: Both) -> None:
    _, remote = both("def f(x):\n    x += 1\n    return x")
    x = torch.zeros(3)
    call = remote.inspect({"x": x})
    assert x.tolist() == [0, 0, 0]
    assert call.arguments["x"].tolist() == [1, 1, 1]


def test_a_generator_advances_on_both_sides(both: Both) -> None:
    local, remote = both("def f(x, generator): return torch.rand(3, generator=generator) + x")
    mine, its = torch.Generator().manual_seed(3), torch.Generator().manual_seed(3)
    for _ in range(3):
        assert torch.equal(local(x=1, generator=mine), remote(x=1, generator=its))
    assert same(mine, its)


def test_a_generator_advances_though_the_function_raises(both: Both) -> None:
    local, remote = both(
        "def f(generator):\n    torch.rand(3, generator=generator), torch.rand(2)\n    raise ValueError"
    )
    mine, its = torch.Generator().manual_seed(3), torch.Generator().manual_seed(3)
    for answer, generator in ((local, mine), (remote, its)):
        torch.manual_seed(5)
        with pytest.raises(AnswerError):
            answer(generator=generator)
        assert torch.rand(1) == torch.rand(3, generator=torch.Generator().manual_seed(5))[2]
    assert same(mine, its)


def test_draws_in_a_gradient_count_too(both: Both) -> None:
    local, remote = both("def f(x): return x * torch.rand(3)")
    x = torch.ones(3)
    found = []
    for answer in (local, remote):
        torch.manual_seed(2)
        gradient = answer.gradients({"x": x}, ["x"], x)["x"]
        found.append((gradient, answer(x=x), torch.rand(1)))
    assert same(*found)


def test_torchs_own_generator_crosses_too(both: Both) -> None:
    local, remote = both("def f(x): return torch.rand(3) + torch.dropout(torch.ones(3), .5, True)")
    torch.manual_seed(11)
    here = [local(x=0), local(x=0)]
    torch.manual_seed(11)
    there = [remote(x=0), remote(x=0)]
    assert same(here, there)
    assert not torch.equal(there[0], there[1])


def test_gradients_are_the_same(both: Both) -> None:
    source = """
def f(x, layers, k):
    (W, b), = layers
    return torch.tanh(x @ W.T + b), (x * 2).detach(), k * x.sum()
"""
    local, remote = both(source)
    draw = torch.Generator().manual_seed(1)
    x, W, b = (torch.randn(*shape, generator=draw) for shape in ((2, 3), (4, 3), (4,)))
    arguments = {"x": x, "layers": [(W, b)], "k": 3}
    cotangent = (torch.randn(2, 4, generator=draw), torch.ones(2, 3), torch.tensor(1.0))
    wrt = ("x", "layers.0.0", "layers.0.1")
    here = local.gradients(arguments, wrt, cotangent)
    # Close and not equal: the learner's process does not get the variables that choose vector units here.
    torch.testing.assert_close(here, remote.gradients(arguments, wrt, cotangent))
    assert here["x"] is not None

    cut_here, cut_there = both("def f(x): return x.detach()")
    arguments = {"x": x}
    assert (
        cut_here.gradients(arguments, ("x",), x) == cut_there.gradients(arguments, ("x",), x) == {"x": None}
    )


def test_value_and_gradients_come_from_one_pass_and_what_is_raised_in_their_place(both: Both) -> None:
    source = """
class Unwilling(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x): return x.clone()
    @staticmethod
    def backward(ctx, gradient): raise ValueError("no way back")

def f(x, k):
    if k == 0: raise ValueError("zero")
    if k == 1: return x * torch.rand(2)
    if k == 2: return Unwilling.apply(x) * torch.rand(2)
    if k == 3: return torch.from_numpy(x.numpy() * 3) * torch.rand(2)
    x += 1
    return x * torch.rand(2)
"""
    x, weights = torch.ones(2), torch.tensor([1.0, 2.0])

    def ask(answer: Answer, k: int) -> Any:
        torch.manual_seed(k)
        return outcome(lambda: answer.ask(Question({"x": x, "k": k}, ("x",), weights)))

    here, there = ([ask(answer, k) for k in range(5)] for answer in both(source))
    assert here[0] == there[0] == ("ValueError", "zero")
    for (call, gradients), (its, also) in zip(here[1:], there[1:], strict=True):
        assert same([call.value, call.arguments], [its.value, its.arguments])
        if isinstance(gradients, AnswerError):  # the place differs: a file here, a cell there
            assert gradients.args[:2] == also.args[:2]
        else:
            torch.testing.assert_close(gradients, also)
    assert same(here[1][1], {"x": here[1][0].value * weights})
    raised = [type(gradients) for _, gradients in here[1:]]
    assert raised == [dict, AnswerError, AnswerError, AnswerError]
    assert "no way back" in str(here[2][1]) and "numpy" in str(here[3][1])
    assert here[4][0].arguments["x"].tolist() == [2, 2]  # the value is asked for alone, and shows its change


def test_an_interrupt_of_the_checker_ends_the_process(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    _, remote = both("def f(x): return x")
    assert remote(x=1) == 1
    receive = Channel._receive

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Channel, "_receive", interrupted)
    with pytest.raises(KeyboardInterrupt):
        remote(x=2)
    monkeypatch.setattr(Channel, "_receive", receive)
    with pytest.raises(AnswerLost, match="interrupted"):  # and not the reply to the question before
        remote(x=3)


def test_a_question_that_ends_the_process_is_said(both: Both) -> None:
    _, remote = both("import os\ndef f(x): return x if x else os._exit(7)")
    assert remote(x=1) == 1
    with pytest.raises(AnswerLost, match="exit code 7"):
        remote(x=0)


@pytest.mark.parametrize(
    "body, status",
    [
        ("while True: pass", "timeout"),
        ("import os; os._exit(3)", "died"),
        ("import os; os.kill(os.getpid(), 9)", "died"),
        ("import ctypes; ctypes.string_at(0)", "died"),
    ],
)
def test_a_lost_process_is_said_and_stays_lost(both: Both, body: str, status: str) -> None:
    _, remote = both(f"def f(x):\n    {body}")
    with pytest.raises(AnswerLost) as first:
        remote(x=1)
    assert first.value.status == status
    assert first.value.message.endswith((".", "?"))
    with pytest.raises(AnswerLost, match=first.value.message[:20]):
        remote(x=1)


def test_what_an_exercise_imports_is_there_before_its_learners_ask_for_it(checker: Checker) -> None:
    loaded = "def f(): return [name in sys.modules for name in ('scipy.stats', 'torch.fx')]"
    for lesson, expected in (("10", [True, True]), ("01", [False, True])):
        remote = checker.open(checks.lesson(lesson), Budget(30))
        assert remote.run(f"import sys\n{loaded}", "cell 1") is None
        assert RemoteAnswer(remote, "f")() == expected
        remote.close()
