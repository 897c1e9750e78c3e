"""What a check sees of an answer: a function that takes and gives plain values.

The same check runs on the learner's own function (in the notebook, `LocalAnswer`) and on a proxy that
speaks to it over a pipe (in the grader). So arguments and results are base types alone: tensors of
float32, float64, int64 or bool, `torch.Generator`, numbers, strings, None, tuples, lists and dicts.

This file imports torch and nothing of ours, so that the learner's process can hold it without the checks.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

TENSOR_TYPES = (torch.float32, torch.float64, torch.int64, torch.bool)
_MAX_DEPTH = 8

Value = Any  # a base type, as listed above; nested at most eight deep
Gradients = dict[str, "Tensor | None"]


class AnswerError(Exception):
    """The answer raised, or gave something that is no base type: what a learner needs to see of it.

    Args:
        type_name: the name of the exception's class, "ValueError".
        message: its text.
        traceback_text: the last lines of its traceback, in the learner's own code.
    """

    def __init__(self, type_name: str, message: str, traceback_text: str = "") -> None:
        super().__init__(type_name, message, traceback_text)
        self.type_name = type_name
        self.message = message
        self.traceback_text = traceback_text

    def __str__(self) -> str:
        return f"{self.type_name}: {self.message}" if self.message else self.type_name


class AnswerLost(Exception):
    """The answer gave nothing back: its time ran out or its process died. Only a grader raises it.

    Args:
        status: "timeout" or "died".
        message: a sentence for the learner.
    """

    def __init__(self, status: str, message: str) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message


@dataclass(frozen=True)
class Call:
    """One call: what came back, and the arguments as the answer left them."""

    value: Value
    arguments: dict[str, Value]


@dataclass(frozen=True)
class Question:
    """Arguments to call with, and the gradients to take in the same pass, as in `Answer.gradients`."""

    arguments: dict[str, Value]
    wrt: tuple[str, ...] = ()
    cotangent: Value = ()


@dataclass(frozen=True, eq=False)  # known by identity, so that a grader can keep what it makes of them
class Questions:
    """Questions that are asked together, so that none waits for the answer to the one before it."""

    items: tuple[Question, ...]


class Answer(Protocol):
    """A function under check. Every method may raise `AnswerError`, and in a grader `AnswerLost`."""

    name: str

    def __call__(self, **arguments: Value) -> Value:
        """The answer's value. The arguments here stay as they are, but a generator advances."""

    def inspect(self, arguments: Mapping[str, Value]) -> Call:
        """The value, and the arguments after the call, so that a change in place shows."""

    def gradients(self, arguments: Mapping[str, Value], wrt: Sequence[str], cotangent: Value) -> Gradients:
        """The vector-Jacobian product: for each name in `wrt`, Σ cotangent · ∂output/∂name.

        A name may be a path into a nested argument, "layers.0.1". `cotangent` is one tensor, for the
        output's first tensor, or a tuple of them, for its tensors in order. None: no gradient reaches it.
        """

    def each(self, questions: Questions) -> Iterator[tuple[Call, Gradients] | AnswerError]:
        """For each question its call and gradients, from one pass; what one raises comes last."""


class LocalAnswer:
    """The learner's function in this process; it only ever sees copies, strides kept."""

    def __init__(self, function: Callable[..., Value], name: str | None = None) -> None:
        self.function = function
        self.name = name or str(getattr(function, "__name__", "answer"))

    def __call__(self, **arguments: Value) -> Value:
        return self.inspect(arguments).value

    def inspect(self, arguments: Mapping[str, Value]) -> Call:
        given = {name: copy(value) for name, value in arguments.items()}
        value = self._call(given)
        return Call(plain(value), {name: plain(value) for name, value in given.items()})

    def gradients(self, arguments: Mapping[str, Value], wrt: Sequence[str], cotangent: Value) -> Gradients:
        given, leaves = _with_leaves(arguments, wrt)
        return _pull_back(self._call(given), leaves, cotangent)

    def each(self, questions: Questions) -> Iterator[tuple[Call, Gradients] | AnswerError]:
        for question in questions.items:
            try:
                yield self.ask(question)
            except AnswerError as error:
                yield error
                return

    def ask(self, question: Question) -> tuple[Call, Gradients]:
        """One question's call and gradients. Raises AnswerError."""
        given, leaves = _with_leaves(question.arguments, question.wrt)
        value = self._call(given)
        call = Call(plain(value), {name: plain(item) for name, item in given.items()})
        return call, _pull_back(value, leaves, question.cotangent)

    def _call(self, given: dict[str, Value]) -> Value:
        try:
            return self.function(**given)
        except (Exception, SystemExit) as error:
            raise _answer_error(error) from None


def _with_leaves(
    arguments: Mapping[str, Value], wrt: Sequence[str]
) -> tuple[dict[str, Value], dict[str, Tensor]]:
    """A copy of the arguments, and those of its tensors that gradients are to reach.

    A leaf that is asked for by two names stays one leaf.
    """
    given: dict[str, Value] = {name: copy(value) for name, value in arguments.items()}
    return given, {path: pick(given, path).requires_grad_() for path in wrt}


def _pull_back(value: Value, leaves: dict[str, Tensor], cotangent: Value) -> Gradients:
    """The vector-Jacobian product at the leaves. Raises AnswerError where the backward pass raises."""
    wanted = list(cotangent) if isinstance(cotangent, (tuple, list)) else [cotangent]
    pairs = [(y, v) for y, v in zip(tensors(value), wanted, strict=False) if y.requires_grad]
    if not pairs or not leaves:
        return dict.fromkeys(leaves)
    try:
        # The gradient of v·y is vᵀ ∂y/∂x: the same as by `grad_outputs`, which imports for half a second.
        products = [torch.vdot(y.flatten(), v.to(y.dtype).flatten()) for y, v in pairs]
        found = torch.autograd.grad(products, list(leaves.values()), allow_unused=True)
    except Exception as error:
        raise _answer_error(error) from None
    return {
        path: None if gradient is None else gradient.detach()
        for path, gradient in zip(leaves, found, strict=True)
    }


def copy(value: Value) -> Value:
    """A deep copy with every tensor's strides kept; a generator is handed on itself."""
    if isinstance(value, Tensor):
        if value.numel() == 0 or value.is_contiguous():
            return value.detach().clone()
        # The memory that the tensor spans, gaps included, in one row; then the same view of it.
        span = 1 + sum((size - 1) * stride for size, stride in zip(value.shape, value.stride(), strict=True))
        memory = value.detach().as_strided((span,), (1,), value.storage_offset()).clone()
        return memory.as_strided(value.shape, value.stride())
    if isinstance(value, dict):
        return {name: copy(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return tuple(copy(item) for item in value)
    if isinstance(value, list):
        return [copy(item) for item in value]
    return value


def plain(value: Value, depth: int = 0) -> Value:
    """The value in base types; raises AnswerError, saying what was found, where that cannot be."""
    if isinstance(value, Tensor):
        if value.dtype not in TENSOR_TYPES or value.layout != torch.strided or value.device.type != "cpu":
            raise AnswerError(
                "TypeError",
                f"your function returned a tensor of {value.dtype}, {value.layout} on {value.device}; "
                "a plain float32, float64, int64 or bool tensor on the CPU is expected",
            )
        bare = value.detach()
        return bare if type(bare) is Tensor else bare.as_subclass(Tensor)
    if value is None:
        return value
    for base in (bool, int, float, str):  # bool first: it is an int too
        if isinstance(value, base):
            return base(value)
    if depth < _MAX_DEPTH:
        if isinstance(value, dict):
            return {str(name): plain(item, depth + 1) for name, item in value.items()}
        if isinstance(value, tuple):
            return tuple(plain(item, depth + 1) for item in value)
        if isinstance(value, list):
            return [plain(item, depth + 1) for item in value]
    if isinstance(value, torch.Generator):
        return value
    raise AnswerError(
        "TypeError",
        f"your function returned a {type(value).__module__}.{type(value).__qualname__}; "
        "return tensors, numbers, strings, or tuples and lists of them",
    )


def tensors(value: Value) -> Iterator[Tensor]:
    """The tensors in a value, in order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from tensors(item)
    elif isinstance(value, dict):
        yield from tensors(list(value.values()))


def pick(arguments: Mapping[str, Value], path: str) -> Value:
    """The item at a path: "x", or "layers.0.1" for arguments["layers"][0][1]."""
    first, *rest = path.split(".")
    value = arguments[first]
    for step in rest:
        value = value[int(step)] if isinstance(value, (tuple, list)) else value[step]
    return value


def _answer_error(error: BaseException) -> AnswerError:
    """What to show of an exception: its class, its text and the last frames below ours, without paths."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    text = "".join(f"{frame.name}, line {frame.lineno}:\n    {frame.line}\n" for frame in frames[-3:])
    return AnswerError(type(error).__name__, str(error)[:2000], text[-2000:])
