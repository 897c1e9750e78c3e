"""A function in the learner's process, as the checks see it: the same as a function beside them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import AnswerError, AnswerLost, Call, Gradients, Questions, Value, plain
from recdrop_lessons.grading.inside.channel import Channel, ChannelClosed, ChannelTimeout
from recdrop_lessons.grading.inside.codec import CodecError, generators
from recdrop_lessons.grading.nursery import Nursery, frame

_NO_ANSWER = "The notebook's process sent no proper answer."


@dataclass(frozen=True)
class Times:
    """Wall time, seconds, that each thing may take."""

    call: float = 10.0
    cell: float = 20.0
    read: float = 30.0
    notebook: float = 180.0


class Budget:
    """The wall time of one notebook as a whole."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self, wanted: float) -> float:
        return max(0.1, min(wanted, self._end - time.monotonic()))

    @property
    def spent(self) -> bool:
        return time.monotonic() >= self._end


class RemoteNotebook:
    """One learner's process: it reads a notebook, runs its cells and answers calls.

    Once it is lost (it died, ran out of time, or sent what is no value) it is ended, and every further
    request raises AnswerLost with the same reason.
    """

    def __init__(self, nursery: Nursery, times: Times, budget: Budget, largest_file: int) -> None:
        self._nursery, self._times, self._budget = nursery, times, budget
        self._channel: Channel = nursery.learner(largest_file)
        self._turn = 0
        self._owed = 0  # replies to what was asked, still to come
        self._functions: frozenset[str] = frozenset()
        self._random: Tensor | None = None  # where the other side's torch.default_generator stands
        self.lost: AnswerLost | None = None

    def read(self, notebook: bytes) -> dict[str, Any]:
        """`cells`, or `unreadable` with a sentence."""
        return self._ask("read", self._times.read, notebook_bytes=notebook)

    def run(self, source: str, name: str) -> list[str] | None:
        """Run one cell; what it raised, as type, text and place, or None."""
        reply = self._ask("run", self._times.cell, source=source, name=name)
        functions = reply.get("functions")
        if not isinstance(functions, list) or not all(isinstance(one, str) for one in functions):
            raise self.lose("died", _NO_ANSWER)
        self._functions = frozenset(functions)
        return self._raised(reply)

    def has(self, name: str) -> bool:
        """Whether the cells run so far have defined that function."""
        if self.lost is not None:
            raise self.lost
        return name in self._functions

    def ask_function(self, do: str, arguments: dict[str, Value], **request: Any) -> dict[str, Any]:
        """Call a function; its exception is raised as AnswerError.

        Generators go on as if the function were beside us: those among the arguments, and torch's own, whose
        state crosses only where it is not what the last call left.
        """
        self._send_random(request)
        return self._finish(self._ask(do, self._times.call, arguments=arguments, **request), arguments)

    def ask_each(self, questions: Questions, name: str) -> Iterator[dict[str, Any] | AnswerError]:
        """Ask a function all questions at once; the replies as they come, each with its own time.

        What one raises comes in its place and ends them. Quick ones come together, so a process that ends
        takes those with it that it has just given.
        """
        number = self._nursery.kept(questions)
        request: dict[str, Any] = {"name": name, "questions": frame(questions) if number is None else number}
        self._send_random(request)
        self._send("each", self._times.call, request)
        self._owed = len(questions.items)
        for question in questions.items:
            try:
                yield self._finish(self._receive("each", self._times.call), question.arguments)
            except AnswerError as error:
                self._owed = 0
                yield error
                return

    def _send_random(self, request: dict[str, Any]) -> None:
        own = torch.default_generator
        if self._random is None or not torch.equal(own.get_state(), self._random):
            request["random"] = own

    def _finish(self, reply: dict[str, Any], arguments: dict[str, Value]) -> dict[str, Any]:
        """Bring the generators to where the call left them, and raise what it raised."""
        own = torch.default_generator
        if "generators" in reply:
            given = [own, *generators(arguments)]
            after = reply["generators"]
            if not isinstance(after, list) or len(after) != len(given):
                raise self.lose("died", _NO_ANSWER)
            for one, moved in zip(given, after, strict=True):
                if not isinstance(moved, torch.Generator):
                    raise self.lose("died", _NO_ANSWER)
                one.set_state(moved.get_state())
        self._random = own.get_state()
        raised = self._raised(reply)
        if raised is not None:
            raise AnswerError(*raised)
        return reply

    def lose(self, status: str, message: str) -> AnswerLost:
        """Give the process up."""
        self.lost = AnswerLost(status, message)
        self._channel.close()
        self._nursery.end_learner()
        return self.lost

    def close(self) -> None:
        if self.lost is None:
            self._channel.close()
            self._nursery.end_learner()
            self.lost = AnswerLost("died", "The notebook's process has ended.")

    def _ask(self, do: str, seconds: float, **request: Any) -> dict[str, Any]:
        self._send(do, seconds, request)
        return self._receive(do, seconds)

    def _send(self, do: str, seconds: float, request: dict[str, Any]) -> None:
        while self._owed and self.lost is None:  # replies that a check had no more use for
            self._receive("each", self._times.call)
            self._random = None
        if self.lost is not None:
            raise self.lost
        self._turn += 1
        self._owed = 1
        with self._losing(do, self._budget.left(seconds)) as left:
            self._channel.send({"turn": self._turn, "do": do, **request}, left)

    def _receive(self, do: str, seconds: float) -> dict[str, Any]:
        if self.lost is not None:
            raise self.lost
        with self._losing(do, self._budget.left(seconds)) as left:
            message = self._channel.receive(left)
        if not isinstance(message, dict) or message.get("turn") != self._turn:
            raise self.lose("died", "The notebook's process answered out of turn.")
        self._owed -= 1
        reply = message.get("reply")
        if not isinstance(reply, dict):
            raise self.lose("died", _NO_ANSWER)
        return reply

    @contextlib.contextmanager
    def _losing(self, do: str, seconds: float) -> Iterator[float]:
        """The process is lost where the channel fails."""
        try:
            yield seconds
        except ChannelTimeout:
            raise self.lose("timeout", self._late(do, seconds)) from None
        except ChannelClosed:
            raise self._died(do) from None
        except CodecError as error:
            raise self.lose("died", f"The notebook's process sent what is no value: {error}.") from None

    def _late(self, do: str, seconds: float) -> str:
        if self._budget.spent:
            return f"The notebook took more than {self._times.notebook:.0f} s in all; this was still running."
        what = {"run": "The cell", "read": "Reading the notebook"}.get(do, "The function")
        return f"{what} did not finish within {seconds:.0f} s: is there an endless loop, or a wait for input?"

    def _died(self, do: str) -> AnswerLost:
        lost = self.lose("died", "")
        status = self._nursery.last.status
        if status == -9:  # by its own hand, or because the warm parent is going down and all with it?
            time.sleep(0.2)
            self._nursery.require()
        what = {"run": "while the cell ran", "read": "while the file was read"}.get(
            do, "while the function ran"
        )
        if status == -24:  # SIGXCPU
            how = "it used up its CPU time"
        elif status is not None and status < 0:
            how = f"it was ended by signal {-status}" if status != -9 else "it was cut off"
        else:
            how = f"it left with exit code {status}"
        lost.message = f"The notebook's process ended {what}: {how}. Take out what ends or kills the process."
        lost.args = (lost.status, lost.message)
        return lost

    def _raised(self, reply: dict[str, Any]) -> list[str] | None:
        raised = reply.get("raised")
        if raised is None:
            return None
        if not (
            isinstance(raised, list) and len(raised) == 3 and all(isinstance(text, str) for text in raised)
        ):
            raise self.lose("died", _NO_ANSWER)
        return [text[:2000] for text in raised]


class RemoteAnswer:
    """`checks.answer.Answer` over the pipe. Behaves as `LocalAnswer` does, random draws included."""

    def __init__(self, notebook: RemoteNotebook, name: str) -> None:
        self._notebook = notebook
        self.name = name

    def __call__(self, **arguments: Value) -> Value:
        return self.inspect(arguments).value

    def inspect(self, arguments: Mapping[str, Value]) -> Call:
        given = dict(arguments)
        return self._called(self._notebook.ask_function("call", given, name=self.name), given)

    def gradients(self, arguments: Mapping[str, Value], wrt: Sequence[str], cotangent: Value) -> Gradients:
        given = {"name": self.name, "wrt": list(wrt), "cotangent": cotangent}
        return self._pulled(self._notebook.ask_function("gradients", dict(arguments), **given), wrt)

    def each(self, questions: Questions) -> Iterator[tuple[Call, Gradients] | AnswerError]:
        replies = self._notebook.ask_each(questions, self.name)
        for question, reply in zip(questions.items, replies, strict=False):
            try:
                if isinstance(reply, AnswerError):
                    raise reply
                yield self._called(reply, question.arguments), self._pulled(reply, question.wrt)
            except AnswerError as error:
                yield error
                return

    def _called(self, reply: dict[str, Any], given: dict[str, Value]) -> Call:
        after = reply.get("arguments")
        if "value" not in reply:
            raise self._notebook.lose("died", _NO_ANSWER)
        if after is None:
            return Call(plain(reply["value"]), given)
        if not isinstance(after, dict) or after.keys() != given.keys():
            raise self._notebook.lose("died", _NO_ANSWER)
        return Call(plain(reply["value"]), {name: plain(value) for name, value in after.items()})

    def _pulled(self, reply: dict[str, Any], wrt: Sequence[str]) -> Gradients:
        found = reply.get("gradients")
        if (
            not isinstance(found, dict)
            or found.keys() != set(wrt)
            or not all(value is None or isinstance(value, Tensor) for value in found.values())
        ):
            raise self._notebook.lose("died", _NO_ANSWER)
        return found
