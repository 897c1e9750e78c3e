"""A function in the learner's process, as the checks see it: the same as a function beside them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import (
    Answer,
    AnswerError,
    AnswerLost,
    Call,
    Gradients,
    Question,
    Status,
    Value,
    generators,
    plain,
)
from recdrop_lessons.grading.inside.channel import Channel, ChannelClosed, ChannelTimeout
from recdrop_lessons.grading.inside.codec import CodecError
from recdrop_lessons.grading.spawner import Spawner

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


class LearnerProcess:
    """One learner's process: it reads a notebook, runs its cells and answers calls.

    Once it is lost (it died, ran out of time, or sent what is not a value) it is ended, and every further
    request raises AnswerLost with the same reason.
    """

    def __init__(self, spawner: Spawner, times: Times, budget: Budget, largest_file: int) -> None:
        self._spawner, self._times, self._budget = spawner, times, budget
        self._channel: Channel = spawner.learner(largest_file)
        self._functions: frozenset[str] = frozenset()
        self._random: Tensor | None = None  # where the other side's torch.default_generator stands
        self.lost: AnswerLost | None = None

    def read(self, notebook: bytes) -> dict[str, Any]:
        """`cells`, or `unreadable` with a sentence."""
        return self._ask("read", self._times.read, notebook_bytes=notebook)

    def run(self, source: str, name: str) -> AnswerError | None:
        """Run one cell; what it raised, or None."""
        reply = self._ask("run", self._times.cell, source=source, name=name)
        functions = reply.get("functions")
        if not isinstance(functions, list) or not all(isinstance(one, str) for one in functions):
            raise self.lose(Status.DIED, _NO_ANSWER)
        self._functions = frozenset(functions)
        return None if reply.get("raised") is None else self._raised(reply["raised"])

    def has(self, name: str) -> bool:
        """Whether the cells run so far have defined that function."""
        if self.lost is not None:
            raise self.lost
        return name in self._functions

    def call(self, name: str, question: Question) -> tuple[Call, Gradients | AnswerError]:
        """As `Answer.ask` for a function of the notebook.

        Generators go on as if the function were beside us: those among the arguments, and torch's own, whose
        state crosses only where it is not what the last call left.
        """
        own, request = torch.default_generator, dict[str, Any]()
        if self._random is None or not torch.equal(own.get_state(), self._random):
            request["random"] = own
        asked = {"arguments": question.arguments, "wrt": list(question.wrt), "cotangent": question.cotangent}
        reply = self._ask("call", self._times.call, name=name, **asked, **request)
        if "generators" in reply:
            self._move([own, *generators(question.arguments)], reply["generators"])
        self._random = own.get_state()
        if "raised" in reply:
            raise self._raised(reply["raised"])
        return self._called(reply, question.arguments), self._pulled(reply.get("gradients"), question.wrt)

    def _move(self, given: list[torch.Generator], after: Any) -> None:
        """Bring the generators to where the call left them."""
        if not isinstance(after, list) or len(after) != len(given):
            raise self.lose(Status.DIED, _NO_ANSWER)
        for one, moved in zip(given, after, strict=True):
            if not isinstance(moved, torch.Generator):
                raise self.lose(Status.DIED, _NO_ANSWER)
            one.set_state(moved.get_state())

    def _called(self, reply: dict[str, Any], given: dict[str, Value]) -> Call:
        after = reply.get("arguments")
        if "value" not in reply:
            raise self.lose(Status.DIED, _NO_ANSWER)
        if after is None:
            return Call(plain(reply["value"]), given)
        if not isinstance(after, dict) or after.keys() != given.keys():
            raise self.lose(Status.DIED, _NO_ANSWER)
        return Call(plain(reply["value"]), {name: plain(value) for name, value in after.items()})

    def _pulled(self, found: Any, wrt: Sequence[str]) -> Gradients | AnswerError:
        if isinstance(found, list):
            return self._raised(found)
        if (
            not isinstance(found, dict)
            or found.keys() != set(wrt)
            or not all(value is None or isinstance(value, Tensor) for value in found.values())
        ):
            raise self.lose(Status.DIED, _NO_ANSWER)
        return found

    def lose(self, status: Status, message: str) -> AnswerLost:
        """Give the process up."""
        self.lost = AnswerLost(status, message)
        self._channel.close()
        self._spawner.end_learner()
        return self.lost

    def close(self) -> None:
        if self.lost is None:
            self._channel.close()
            self._spawner.end_learner()
            self.lost = AnswerLost(Status.DIED, "The notebook's process has ended.")

    def _ask(self, do: str, seconds: float, **request: Any) -> dict[str, Any]:
        if self.lost is not None:
            raise self.lost
        seconds = self._budget.left(seconds)
        try:
            reply = self._channel.ask({"do": do, **request}, seconds)
        except ChannelTimeout:
            raise self.lose(Status.TIMEOUT, self._late(do, seconds)) from None
        except ChannelClosed:
            raise self._died(do) from None
        except CodecError as error:
            raise self.lose(
                Status.DIED, f"The notebook's process sent what is not a value: {error}."
            ) from None
        except BaseException:  # an interrupt of the checker: the reply would come when nobody waits for it
            self.lose(Status.DIED, "The grader was interrupted.")
            raise
        if not isinstance(reply, dict):
            raise self.lose(Status.DIED, _NO_ANSWER)
        return reply

    def _late(self, do: str, seconds: float) -> str:
        if self._budget.spent:
            return f"The notebook took more than {self._times.notebook:.0f} s in all; this was still running."
        what = {"run": "The cell", "read": "Reading the notebook"}.get(do, "The function")
        return f"{what} did not finish within {seconds:.0f} s: is there an endless loop, or a wait for input?"

    def _died(self, do: str) -> AnswerLost:
        lost = self.lose(Status.DIED, "")
        status = self._spawner.last.status
        if status == -9:  # by its own hand, or because the fork server is going down and all with it?
            time.sleep(0.2)
            self._spawner.require()
        what = {"run": "while the cell ran", "read": "while the file was read"}.get(
            do, "while the function ran"
        )
        if self._spawner.last.too_much_memory:
            how = "it took too much memory"
        elif status == -24:  # SIGXCPU
            how = "it used up its CPU time"
        elif status is not None and status < 0:
            how = f"it was ended by signal {-status}" if status != -9 else "it was cut off"
        else:
            how = f"it left with exit code {status}"
        lost.message = f"The notebook's process ended {what}: {how}. Take out what ends or kills the process."
        lost.args = (lost.status, lost.message)
        return lost

    def _raised(self, texts: Any) -> AnswerError:
        """What was raised, from its type, text and place."""
        if not (isinstance(texts, list) and len(texts) == 3 and all(isinstance(text, str) for text in texts)):
            raise self.lose(Status.DIED, _NO_ANSWER)
        kind, text, place = (text[:2000] for text in texts)
        return AnswerError(kind, text, place)


class RemoteAnswer(Answer):
    """A function of the learner's process. Behaves as `LocalAnswer` does, random draws included."""

    def __init__(self, notebook: LearnerProcess, name: str) -> None:
        self._notebook = notebook
        self.name = name

    def ask(self, question: Question) -> tuple[Call, Gradients | AnswerError]:
        return self._notebook.call(self.name, question)
