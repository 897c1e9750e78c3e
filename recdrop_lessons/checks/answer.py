"""What a check sees of an answer: a function that takes and gives plain values.

The same check runs on the learner's own function (in the notebook, `LocalAnswer`) and on a proxy that
speaks to it over a pipe (in the grader). So arguments and results are base types alone: tensors of
float32, float64, int64 or bool, `torch.Generator`, numbers, strings, None, tuples, lists and dicts.

This file imports torch and nothing of ours, so that the learner's process can hold it without the checks.
"""

from __future__ import annotations

import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import torch
from torch import Tensor

TENSOR_TYPES = (torch.float32, torch.float64, torch.int64, torch.bool)
_MAX_DEPTH = 8
# In place of an exception's class, where the answer raised nothing and returned what no check can read, and
# where the exercise's stub stands as it was handed out.
NO_BASE_TYPE, OTHER_DTYPE, UNWRITTEN = "no base type", "another dtype", "unwritten"

Value = Any  # a base type, as listed above; nested at most eight deep
Gradients = dict[str, "Tensor | None"]


class AnswerError(Exception):
    """The answer raised, or gave something that is not a base type: what a learner needs to see of it.

    `type_name`: the name of the exception's class, "ValueError"; or `NO_BASE_TYPE`, `OTHER_DTYPE` or
        `UNWRITTEN`.
    `message`: its text.
    `traceback_text`: the last lines of its traceback, in the learner's own code.
    """

    def __init__(self, type_name: str, message: str, traceback_text: str = "") -> None:
        super().__init__(type_name, message, traceback_text)
        self.type_name = type_name
        self.message = message
        self.traceback_text = traceback_text

    def __str__(self) -> str:
        return f"{self.type_name}: {self.message}" if self.message else self.type_name


class Status(StrEnum):
    """How a part ended; in records as the word itself."""

    OK = "ok"
    FAILED = "failed"
    TIMEOUT = "timeout"
    DIED = "died"
    UNREADABLE = "unreadable"  # the notebook
    MISSING = "missing"  # the notebook, or the function in it
    NOT_HERE = "not here"  # the browser lacks what the answer uses; never in a notebook or a grader


class AnswerLost(Exception):
    """The answer gave nothing back: in a grader its time ran out or its process died; in the browser it uses
    what is lacking there.

    `status`: which of these.
    `message`: a sentence for the learner.
    """

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message


@dataclass(frozen=True)
class Question:
    """One call to make.

    `arguments`: what the function is called with, by name.
    `wrt`: the arguments whose gradients are taken in the same pass. A name may be a path into a nested
        argument, "layers.0.1".
    `cotangent`: one tensor, for the output's first tensor, or a tuple of them, for its tensors in order.
    """

    arguments: dict[str, Value]
    wrt: tuple[str, ...] = ()
    cotangent: Value = ()


@dataclass(frozen=True)
class Call:
    """What came back of one call, and its arguments afterwards, so that a change in place shows."""

    value: Value
    arguments: dict[str, Value]


class Answer(ABC):
    """A function under check. It is asked one question at a time, so a check sees each reply before it asks
    the next: what is asked depends on the replies alone, not on the process in which the function runs.
    """

    name: str

    @abstractmethod
    def ask(self, question: Question) -> tuple[Call, Gradients | AnswerError]:
        """The call and the vector-Jacobian products: for each name in `wrt`, Σ cotangent · ∂output/∂name.

        None where no gradient reaches it. Where the value can be had and the gradients cannot, they are what
        was raised. The question's tensors stay as they are; its generators advance.

        Raises `AnswerError`: the function raised.
        Raises `AnswerLost`: in a grader, its process is lost; in the browser, something is lacking.
        """

    def __call__(self, **arguments: Value) -> Value:
        """The value alone."""
        return self.inspect(arguments).value

    def inspect(self, arguments: Mapping[str, Value]) -> Call:
        """The call without gradients."""
        call, _ = self.ask(Question(dict(arguments)))
        return call

    def gradients(self, arguments: Mapping[str, Value], wrt: Sequence[str], cotangent: Value) -> Gradients:
        """The gradients alone; what they raise is raised here."""
        _, found = self.ask(Question(dict(arguments), tuple(wrt), cotangent))
        if isinstance(found, AnswerError):
            raise found
        return found


class LocalAnswer(Answer):
    """The learner's function in this process; it only ever sees copies, strides kept."""

    def __init__(self, function: Callable[..., Value], name: str | None = None) -> None:
        self.function = function
        self.name = name or str(getattr(function, "__name__", "answer"))

    def ask(self, question: Question) -> tuple[Call, Gradients | AnswerError]:
        if not question.wrt:
            return self._ask(question)
        drawn_from = [torch.default_generator, *generators(question.arguments)]
        starts = [generator.get_state() for generator in drawn_from]
        try:
            return self._ask(question)
        except AnswerError as error:
            # Some functions raise only where an argument wants a gradient (`x.numpy()`, `x += 1`). The value
            # is what a learner sees first, so it is asked for alone, from the same draws.
            for generator, start in zip(drawn_from, starts, strict=True):
                generator.set_state(start)
            call, _ = self._ask(Question(question.arguments))
            return call, error

    def _ask(self, question: Question) -> tuple[Call, Gradients | AnswerError]:
        given, leaves = _with_leaves(question.arguments, question.wrt)
        try:
            value = self.function(**given)
        except (Exception, SystemExit) as error:
            raise answer_error(error) from None
        call = Call(plain(value), {name: plain(item) for name, item in given.items()})
        try:
            return call, _pull_back(value, leaves, question.cotangent)
        except AnswerError as error:
            return call, error


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
        raise answer_error(error) from None
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
        if value.layout != torch.strided or value.device.type != "cpu":
            said = f"{_returned(depth)} a tensor of {value.layout} on {value.device}"
            raise AnswerError(NO_BASE_TYPE, f"{said}; a plain tensor on the CPU is expected")
        if value.dtype not in TENSOR_TYPES:
            said = f"{_returned(depth)} a tensor of {value.dtype}"
            raise AnswerError(OTHER_DTYPE, f"{said}; it can be float32, float64, int64 or bool")
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
    kind = type(value).__qualname__
    if type(value).__module__ != "builtins":
        kind = f"{type(value).__module__}.{kind}"
    said = f"{_returned(depth)} a value of the type {kind}"
    raise AnswerError(NO_BASE_TYPE, f"{said}; return tensors, numbers, strings, or tuples and lists of them")


def _returned(depth: int) -> str:
    return "What you return holds" if depth else "You return"


def tensors(value: Value) -> Iterator[Tensor]:
    """The tensors in a value, in order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from tensors(item)
    elif isinstance(value, dict):
        yield from tensors(list(value.values()))


def generators(value: Value) -> list[torch.Generator]:
    """The generators in a value, in order."""
    if isinstance(value, torch.Generator):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [one for item in value for one in generators(item)] if isinstance(value, (tuple, list)) else []


def pick(arguments: Mapping[str, Value], path: str) -> Value:
    """The item at a path: "x", or "layers.0.1" for arguments["layers"][0][1]."""
    first, *rest = path.split(".")
    value = arguments[first]
    for step in rest:
        value = value[int(step)] if isinstance(value, (tuple, list)) else value[step]
    return value


#: What runs an answer, wherever the library lies and whether or not it is compiled ahead.
_OURS = ("recdrop_lessons/checks/answer.py", "recdrop_lessons/checks/from_source.py")
#: Where torch lies: what it raises in Python is not the learner's own `raise`.
_TORCH = str(torch.__file__).removesuffix("__init__.py")
#: The browser's torch tells whether an exception comes from what the browser lacks; real torch has no such.
_not_here: Callable[[BaseException], str | None] = getattr(torch, "not_here", lambda error: None)


def answer_error(error: BaseException) -> AnswerError | AnswerLost:
    """What to show of an exception: its class, its text and the last frames below ours, without paths."""
    if (lacking := _not_here(error)) is not None:
        return AnswerLost(Status.NOT_HERE, lacking)
    every = traceback.extract_tb(error.__traceback__)
    frames = [
        frame for frame in every if not _is_ours(frame.filename) and not frame.filename.startswith(_TORCH)
    ]
    text = "".join(f"{frame.name}, line {frame.lineno}:\n    {frame.line}\n" for frame in frames[-3:])
    kind = UNWRITTEN if _is_the_stub(error) else type(error).__name__
    return AnswerError(kind, str(error)[:2000], text[-2000:])


def _is_ours(filename: str) -> bool:
    return filename.replace("\\", "/").endswith(_OURS)


def _is_the_stub(error: BaseException) -> bool:
    """Whether it is `raise NotImplementedError()` in the answer's own code.

    PyTorch raises the same class, with a text, for `1 - mask` of a bool mask and for the mean of integers.
    """
    if type(error) is not NotImplementedError or error.args:
        return False
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    answers = [
        frame
        for frame in frames
        if not _is_ours(frame.f_code.co_filename) and not frame.f_code.co_filename.startswith(_TORCH)
    ]
    if not answers or answers[-1] is not frames[-1]:
        return False
    return answers[0].f_globals is answers[-1].f_globals
