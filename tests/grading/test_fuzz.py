"""Whatever arrives from the learner's process: a value or an error, never a crash, a hang or much memory."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from typing import Any

import fuzz
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recdrop_lessons import checks
from recdrop_lessons.checks.answer import AnswerError, AnswerLost, LocalAnswer
from recdrop_lessons.grading.inside import codec
from recdrop_lessons.grading.inside.channel import Channel, ChannelClosed
from recdrop_lessons.grading.inside.transport import SocketTransport
from recdrop_lessons.grading.learner_process import Budget, LearnerProcess, RemoteAnswer, Times
from recdrop_lessons.grading.spawner import Ending


def test_mutated_frames() -> None:
    found = fuzz.run(30_000, seed=1)
    assert found.tried == 30_000
    assert found.values > 1000 and found.errors > 1000  # both ways are tried
    assert found.slowest < 2  # a second of a busy machine, no hang
    assert found.grown < 200_000_000


@given(st.binary(max_size=400), st.binary(max_size=100))
def test_random_bytes(header: bytes, payload: bytes) -> None:
    with contextlib.suppress(codec.CodecError):
        codec.decode(header, payload)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["tensor", "generator", "tuple", "dict", "bytes", "float32 2 1", "bool 3 0"]),
    lambda inner: st.lists(inner, max_size=5)
    | st.dictionaries(st.sampled_from(["tensor", "tuple", "dict", "bytes", "x"]), inner, max_size=2),
    max_leaves=20,
)  # fmt: skip


@given(JSON, st.binary(max_size=64))
def test_random_headers(tree: Any, payload: bytes) -> None:
    with contextlib.suppress(codec.CodecError):
        codec.decode(json.dumps(tree).encode(), payload)


TENSORS = st.builds(
    lambda shape, dtype, fill: torch.full(shape, fill).to(dtype),
    st.lists(st.integers(0, 3), max_size=3),
    st.sampled_from([torch.float32, torch.float64, torch.int64, torch.bool]),
    st.sampled_from([0.0, 1.0, float("nan"), float("inf"), -1e30]),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | TENSORS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
REPLIES = st.fixed_dictionaries(
    {},
    optional={
        "value": VALUES,
        "arguments": VALUES | st.fixed_dictionaries({"x": VALUES}),
        "generators": VALUES | st.just([torch.default_generator]),
        "gradients": VALUES | st.fixed_dictionaries({"x": VALUES}),
        "raised": VALUES | st.lists(st.text(max_size=5), min_size=3, max_size=3),
        "functions": VALUES | st.lists(st.text(max_size=5), max_size=3),
    },
)


class _Hostile:
    """A spawner whose learner answers with whatever it was given."""

    last = Ending()

    def __init__(self, replies: list[Any]) -> None:
        self._replies = replies

    def learner(self, largest_file: int) -> Channel:
        ours, theirs = socket.socketpair()

        def answer() -> None:
            channel, replies = Channel(SocketTransport(theirs)), iter(self._replies)
            with contextlib.suppress(ChannelClosed, StopIteration):
                channel.serve(lambda _: next(replies), lambda error: None)
            channel.close()

        threading.Thread(target=answer, daemon=True).start()
        return Channel(SocketTransport(ours))

    def end_learner(self) -> Ending:
        return self.last

    def require(self) -> None:
        pass


@settings(max_examples=300)
@given(st.lists(REPLIES | VALUES, min_size=3, max_size=3))
def test_replies_of_any_form(replies: list[Any]) -> None:
    """The proxy gives a value or raises what the checks know."""
    notebook = LearnerProcess(_Hostile(replies), Times(), Budget(10), 1 << 20)  # type: ignore[arg-type]
    answer = RemoteAnswer(notebook, "f")
    x = torch.ones(2)
    pull = {"wrt": ["x"], "cotangent": x}
    asked = (lambda: answer(x=x), lambda: answer.gradients({"x": x}, **pull), lambda: notebook.run("", ""))
    for ask in asked:
        with contextlib.suppress(AnswerError, AnswerLost):
            ask()
    with contextlib.suppress(AnswerLost):
        assert notebook.has("f") in (True, False)
    notebook.close()
    assert x.tolist() == [1, 1]


@pytest.mark.parametrize("lesson", checks.all_lessons(), ids=lambda lesson: lesson.name)
@settings(max_examples=15)
@given(value=VALUES, seed=st.integers(0, 2**32))
def test_a_check_survives_any_value(lesson: checks.Lesson, value: Any, seed: int) -> None:
    """A check says "failed" of whatever comes back; it never stumbles itself."""
    for part in lesson.parts:
        result = checks.run(part, LocalAnswer(lambda *_, _value=value, **__: _value, part.name), seed)
        assert result.status in ("failed", "ok")
        assert result.message
