"""Checks that go step by step: each step asks the answer something and ends the check where it is wrong."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Answer, AnswerError, Gradients, Question, Value, generators
from recdrop_lessons.checks.compare import TOLERANCE, compare, unchanged
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.general import CHANGES_INPUT, GRADIENT_CUT
from recdrop_lessons.checks.masks import GENERATOR_IGNORED, SAME_EACH_CALL
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.outcomes import backward_raised, differs, inputs, raised
from recdrop_lessons.checks.parts import Check, Outcome


class Failed(Exception):
    """Ends a stepwise check."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.message)
        self.outcome = outcome


def stepwise(steps: Callable[[Answer, int], str]) -> Check:
    """Make a check of steps that return the message of success, or raise `Failed` on the way."""

    @functools.wraps(steps)
    def check(answer: Answer, seed: int) -> Outcome:
        try:
            return Outcome(True, steps(answer, seed))
        except Failed as failed:
            return failed.outcome

    return check


# What is asked on a seed is made once and kept for the next answer, since a class is graded on one seed. Few
# seeds are kept, as these inputs are large.
kept = functools.lru_cache(maxsize=2)


def fail(
    reason: Misconception | str,
    label: str,
    arguments: dict[str, Value] | None = None,
    measured: list[list[str]] | None = None,
    difference: str = "",
) -> Failed:
    """The exception that ends the check: a misconception, or a sentence where none has a name."""
    details: dict[str, Any] = {"case": label}
    if arguments is not None:
        details["inputs"] = inputs(arguments)
    if measured:
        details["measured"] = measured
    if difference:
        details["difference"] = difference
    if isinstance(reason, Misconception):
        return Failed(Outcome(False, reason.sentence, reason.slug, details))
    return Failed(Outcome(False, reason, None, details))


# ---------------------------------------------------------------- one call


@dataclass(frozen=True)
class Step:
    """One call, and how its reply is judged.

    `label`: what is special about the call, for the report.
    `arguments`: as they are handed over; a generator among them belongs to this call alone.
    `judge`: raises `Failed` where the reply is wrong; what it returns, `Steps.ask` returns.
    `wrt`: the argument whose gradient is taken in the same pass, "" for none.
    `cotangent`: the output's weights in that gradient.
    """

    label: str
    arguments: dict[str, Value]
    judge: Callable[[Reply], Any]
    wrt: str = ""
    cotangent: Tensor | None = None

    def ask(self, answer: Answer) -> Any:
        """What the judge returns. Raises Failed where the call raises, changes its arguments or is wrong."""
        question = Question(self.arguments, (self.wrt,) if self.wrt else (), self.cotangent)
        try:
            call, gradients = answer.ask(question)
        except AnswerError as error:
            raise Failed(raised(error, self.label, self.arguments)) from None
        for name, before in self.arguments.items():
            if not unchanged(before, call.arguments[name]):
                said = f"It changed `{name}`."
                raise fail(CHANGES_INPUT, self.label, self.arguments, difference=said)
        return self.judge(Reply(self, call.value, gradients))


@dataclass(frozen=True)
class Reply:
    """What came back of a step: the value, and the gradient or what its pass raised."""

    step: Step
    value: Value
    gradients: Gradients | AnswerError

    @property
    def arguments(self) -> dict[str, Value]:
        return self.step.arguments

    def fail(
        self, reason: Misconception | str, measured: list[list[str]] | None = None, difference: str = ""
    ) -> Failed:
        """The exception that ends the check here."""
        return fail(reason, self.step.label, self.arguments, measured, difference)

    def compare(self, yours: Value, right: Value, name: str, tolerance: float, remark: str = "") -> None:
        """Fails unless the two are the same."""
        difference = compare(yours, right, (name,), tolerance)
        if difference is not None:
            raise Failed(differs(difference, self.step.label + remark, self.arguments))

    def tensor(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """The value, which must be a finite tensor of that shape and dtype."""
        value = self.value
        if (
            isinstance(value, Tensor)
            and value.shape == shape
            and value.dtype == dtype
            and math.isfinite(value.sum().item())  # then so is each element
        ):
            return value
        wanted = torch.zeros(shape, dtype=dtype)
        difference = compare(value, wanted, ("result",), float("inf"), dtype) or compare(
            value, wanted, ("result",), 1e30
        )
        if difference is not None:
            outcome = differs(difference, self.step.label, self.arguments)
            for name in ("yours", "right", "marks"):  # the right values are nowhere: zeros stood for them
                outcome.details.pop(name, None)
            raise Failed(outcome)
        assert isinstance(value, Tensor)
        return value

    def gradient(self) -> Tensor | None:
        """The gradient that was asked for; fails where its pass raised."""
        if not isinstance(self.gradients, AnswerError):
            return self.gradients[self.step.wrt]
        raise Failed(backward_raised(self.gradients, self.step.label, self.arguments))

    def slope_is(self, slope: Tensor) -> None:
        """Fails unless the output has that slope in the argument, element by element."""
        found, wrt = self.gradient(), self.step.wrt
        assert self.step.cotangent is not None
        right = self.step.cotangent * slope  # vᵀ ∂y/∂x, of a ∂y/∂x that is diagonal
        if found is None:
            if bool(right.any()):
                raise self.fail(GRADIENT_CUT, difference=f"None reaches `{wrt}`.")
            return
        difference = compare(found, right, (f"gradient of {wrt}",), 10 * TOLERANCE[right.dtype])
        if difference is not None:
            raise self.fail(GRADIENT_CUT, difference=difference.sentence)


# ---------------------------------------------------------------- many calls


class Steps:
    """Calls that are asked and judged one after the other; the first that is wrong ends the asking.

    They can be asked of one answer after another: generators start where they stood when this was made.
    """

    def __init__(self, steps: Iterable[Step]) -> None:
        self.steps = tuple(steps)
        drawn_from = [one for step in self.steps for one in generators(step.arguments)]
        self._starts = [(generator, generator.get_state()) for generator in drawn_from]

    def __len__(self) -> int:
        return len(self.steps)

    def ask(self, answer: Answer) -> list[Any]:
        """What the judges return, in order."""
        for generator, start in self._starts:
            generator.set_state(start)
        return [step.ask(answer) for step in self.steps]


def same_generator(state: Tensor) -> torch.Generator:
    """A generator that goes on from a state."""
    generator = torch.Generator()
    generator.set_state(state)
    return generator


def from_one_state(answer: Answer, step: Step) -> list[Any]:
    """What the judge returns of two calls that find torch's own generator in the same state."""
    start = torch.default_generator.get_state()
    first = step.ask(answer)
    torch.default_generator.set_state(start)
    return [first, step.ask(answer)]


class Drawing:
    """Calls that show whether a generator is used: its state decides, a call moves it, None is torch's own.

    `arguments`: without a generator. They must leave so many draws that two results agree by chance with a
        probability below 1e-9.
    `judge`: gives a reply's result as a tensor, and may fail.
    `others`: how many generators with other seeds are tested.
    """

    def __init__(
        self, draw: Draw, arguments: dict[str, Value], judge: Callable[[Reply], Tensor], others: int = 1
    ) -> None:
        self.arguments = arguments
        self._state = draw.generator().get_state()
        self._generator, again = same_generator(self._state), same_generator(self._state)
        given: list[dict[str, Value]] = [
            {"generator": self._generator},
            {"generator": again},
            {"generator": None},
            {},
            *({"generator": draw.generator()} for _ in range(others)),
        ]
        self._steps = Steps(Step(_TWICE, arguments | one, judge) for one in given)

    def __len__(self) -> int:
        return len(self._steps) + 3

    def ask(self, answer: Answer) -> list[Tensor]:
        """The results that should be independent, 4 + others; fails where two are the same, or should be."""
        first, again, *rest = self._steps.ask(answer)
        # Once more the first call; its generator goes on from where that call left it.
        second = self._steps.steps[0].ask(answer)
        if not torch.equal(first, again):
            raise fail(GENERATOR_IGNORED, _TWICE, self.arguments)
        free, also_free, *others = rest
        if any(torch.equal(first, other) for other in others):
            raise fail(SAME_EACH_CALL, "two generators with different seeds", self.arguments)
        if torch.equal(self._generator.get_state(), self._state):
            said = "It has not advanced."
            raise fail(GENERATOR_IGNORED, "a generator after two calls", self.arguments, difference=said)
        if torch.equal(first, second):
            raise fail(SAME_EACH_CALL, "two calls with one generator", self.arguments)
        if torch.equal(free, also_free):
            raise fail(SAME_EACH_CALL, "two calls without a generator", self.arguments)
        if not torch.equal(*from_one_state(answer, self._steps.steps[2])):
            raise fail(GENERATOR_IGNORED, "torch's own generator, twice from one state", self.arguments)
        return [first, second, *rest]


_TWICE = "the same generator state, twice"
