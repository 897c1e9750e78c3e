"""Checks that go step by step: each step asks the answer something and ends the check where it is wrong."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Answer, AnswerError, Value
from recdrop_lessons.checks.compare import TOLERANCE, compare, unchanged
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import differs, inputs, raised
from recdrop_lessons.checks.masks import GENERATOR_IGNORED, SAME_EACH_CALL
from recdrop_lessons.checks.parts import CHANGES_INPUT, GRADIENT_CUT, Check, Misconception, Outcome


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


def ask(answer: Answer, arguments: dict[str, Value], label: str) -> Value:
    """The answer's value; fails where it raises, or changes its arguments."""
    try:
        call = answer.inspect(arguments)
    except AnswerError as error:
        raise Failed(raised(error, label, arguments)) from None
    for name, before in arguments.items():
        if not unchanged(before, call.arguments[name]):
            raise fail(CHANGES_INPUT, label, arguments, difference=f"It changed `{name}`.")
    return call.value


def ask_tensor(
    answer: Answer, arguments: dict[str, Value], label: str, shape: tuple[int, ...], dtype: torch.dtype
) -> Tensor:
    """The answer's value, which must be a finite tensor of that shape and dtype."""
    value = ask(answer, arguments, label)
    wanted = torch.zeros(shape, dtype=dtype)
    difference = compare(value, wanted, ("result",), float("inf"), dtype)
    if difference is None and not bool(value.isfinite().all()):
        difference = compare(value, wanted, ("result",), 1e30)
    if difference is not None:
        raise Failed(differs(difference, label, arguments))
    assert isinstance(value, Tensor)
    return value


def same_generator(state: Tensor) -> torch.Generator:
    """A generator that goes on from a state."""
    generator = torch.Generator()
    generator.set_state(state)
    return generator


def gradient_is(
    answer: Answer, arguments: dict[str, Value], wrt: str, cotangent: Tensor, right: Tensor, label: str
) -> None:
    """Fails unless the vector-Jacobian product of the answer is the right one."""
    try:
        found = answer.gradients(arguments, [wrt], cotangent)[wrt]
    except AnswerError as error:
        outcome = raised(error, label, arguments)
        message = f"The values are right, but the backward pass is not. {outcome.message}"
        raise Failed(Outcome(False, message, None, outcome.details)) from None
    if found is None:
        if bool(right.any()):
            raise fail(GRADIENT_CUT, label, arguments, difference=f"None reaches `{wrt}`.")
        return
    tolerance = 10 * TOLERANCE[right.dtype]
    difference = compare(found, right, (f"gradient of {wrt}",), tolerance)
    if difference is not None:
        raise fail(GRADIENT_CUT, label, arguments, difference=difference.sentence)


def draws_from_the_generator(
    answer: Answer, draw: Draw, arguments: dict[str, Value], shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    """Fails unless the same state gives the same result, the call advances it, and None draws afresh.

    The arguments must leave so many draws that two results agree by chance with a probability below 1e-9.
    """
    state = draw.generator().get_state()
    generator = same_generator(state)

    def result(**given: Value) -> Tensor:
        return ask_tensor(answer, arguments | given, "the same generator state, twice", shape, dtype)

    first, second = result(generator=generator), result(generator=generator)
    if not torch.equal(first, result(generator=same_generator(state))):
        raise fail(GENERATOR_IGNORED, "the same generator state, twice", arguments)
    if torch.equal(first, result(generator=draw.generator())):
        raise fail(SAME_EACH_CALL, "two generators with different seeds", arguments)
    if torch.equal(generator.get_state(), state):
        raise fail(
            GENERATOR_IGNORED, "a generator after two calls", arguments, difference="It has not advanced."
        )
    if torch.equal(first, second):
        raise fail(SAME_EACH_CALL, "two calls with one generator", arguments)
    if torch.equal(result(generator=None), result()):
        raise fail(SAME_EACH_CALL, "two calls without a generator", arguments)
