"""Failures as outcomes: an answer that raised, one that gave something else, and what it was given."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import NO_BASE_TYPE, OTHER_DTYPE, UNWRITTEN, AnswerError, Value, tensors
from recdrop_lessons.checks.compare import Difference, describe, number
from recdrop_lessons.checks.general import DTYPE_CHANGED, GRADIENT_CUT, KEYWORDS_RENAMED, WRONG_KIND
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.of_errors import of_error
from recdrop_lessons.checks.parts import Outcome
from recdrop_lessons.checks.picture import picture
from recdrop_lessons.checks.symptoms import of_difference

_LONG = 400  # characters of a value that can be read
NOT_WRITTEN_YET = "Not written yet."


def raised(error: AnswerError, label: str, arguments: dict[str, Value]) -> Outcome:
    """The outcome of an answer that raised."""
    if error.type_name == UNWRITTEN:
        return Outcome(False, NOT_WRITTEN_YET, None, {"unwritten": True})
    details = {"case": label, "inputs": inputs(arguments), "traceback": error.traceback_text}
    if error.type_name in (NO_BASE_TYPE, OTHER_DTYPE):
        found = WRONG_KIND if error.type_name == NO_BASE_TYPE else DTYPE_CHANGED
        return _named(found, f"On {label}: {error.message}.", details)
    # Without a frame of the learner's, it is the call itself that failed.
    at_the_call = error.type_name == "TypeError" and not error.traceback_text
    if at_the_call and re.search(r"unexpected keyword argument|missing \d+ required", error.message):
        return Outcome(
            False, f"{KEYWORDS_RENAMED.sentence} ({error.message})", KEYWORDS_RENAMED.slug, details
        )
    return _named(of_error(error, arguments), f"Your function raised {error} (on {label}).", details)


def backward_raised(error: AnswerError, label: str, arguments: dict[str, Value]) -> Outcome:
    """The outcome of an answer whose values are right and whose backward pass raised."""
    if "Can't call numpy()" in error.message:  # the value alone was had, without gradients
        said = f"Where a gradient is wanted, your function raised {error} (on {label})."
        details = {"case": label, "inputs": inputs(arguments), "traceback": error.traceback_text}
        return _named(GRADIENT_CUT, said, details)
    outcome = raised(error, label, arguments)
    message = f"The values are right, but the backward pass is not. {outcome.message}"
    return Outcome(False, message, outcome.misconception, outcome.details)


def differs(difference: Difference, label: str, arguments: dict[str, Value]) -> Outcome:
    """The outcome of an answer that gave something else."""
    details = {"case": label, "inputs": inputs(arguments)} | picture(difference)
    return _named(of_difference(difference), f"On {label}: {difference.sentence}", details)


def untold(
    difference: Difference, yours: Value, output: str, label: str, arguments: dict[str, Value]
) -> Outcome:
    """As `differs`, without the right value: of a table's entries or a few words, nothing is given away.

    `yours`, `output`: the whole of what came back, and its name.
    """
    details = {"case": label, "inputs": inputs(arguments)}
    said = describe(yours) if any(True for _ in tensors(yours)) else repr(yours)[:60]
    return _named(
        of_difference(difference), f"On {label} you return {said} for {output}: that is wrong.", details
    )


def _named(found: Misconception | None, said: str, details: dict[str, Any]) -> Outcome:
    """The failure under its misconception's name, where there is one."""
    if found is None:
        return Outcome(False, said, None, details)
    return Outcome(False, f"{found.sentence} {said}", found.slug, details | {"said": said})


def inputs(arguments: dict[str, Value]) -> list[list[str]]:
    """Name, shape or value, and dtype of each argument, for the report."""
    rows = []
    for name, value in arguments.items():
        if isinstance(value, Tensor):
            rows.append([name, str(tuple(value.shape)), str(value.dtype).removeprefix("torch.")])
        elif isinstance(value, dict):
            shapes = ", ".join(f"{key} {tuple(item.shape)}" for key, item in value.items())
            rows.append([name, f"dict of {len(value)}", f"tensors {shapes}"])
        elif isinstance(value, (tuple, list)) and any(True for _ in tensors(value)):
            shapes = ", ".join(str(tuple(item.shape)) for item in tensors(value))
            rows.append([name, f"{type(value).__name__} of {len(value)}", f"tensors {shapes}"])
        elif isinstance(value, torch.Generator):
            rows.append([name, "a generator", ""])
        else:
            rows.append([name, _shown(value), type(value).__name__])
    return rows


def _shown(value: Value) -> str:
    """A value whole if it can be read, else with four digits a number, else up to the end of an element."""
    exact = repr(value)
    if len(exact) <= _LONG or not isinstance(value, (tuple, list)):
        return exact[:_LONG]
    items, shown = [_to_four_digits(item) for item in value], list[str]()
    while items and len(", ".join([*shown, items[0]])) < _LONG:
        shown.append(items.pop(0))
    inner = ", ".join([*shown, "…"] if items else shown)
    return f"({inner})" if isinstance(value, tuple) else f"[{inner}]"


def _to_four_digits(value: Value) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_to_four_digits, value))}]"
    return number(value) if isinstance(value, float) else repr(value)
