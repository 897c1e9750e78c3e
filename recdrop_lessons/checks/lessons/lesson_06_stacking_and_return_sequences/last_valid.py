"""6.2 The last valid step."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lessons.lesson_06_stacking_and_return_sequences._shared import padded_cases, valid
from recdrop_lessons.checks.misconceptions import Misconception


def last_valid(outputs: Tensor, lengths: Tensor) -> Tensor:
    """The output at each example's last valid step.

    Args:
        outputs: the outputs at all steps, (B, T, H); those past an example's length are padding.
        lengths: the number of valid steps of each example, int64, (B,), from 1 to T.

    Returns:
        The outputs at the last valid steps, (B, H).
    """
    # y_b = outputs[b, lengths_b - 1]
    return outputs[torch.arange(len(lengths)), lengths - 1]  # (B, H)


def _at(place: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """The step at place(lengths, T) of each example."""

    def mistake(outputs: Tensor, lengths: Tensor) -> Tensor:
        steps = place(lengths, torch.tensor(outputs.shape[1]))
        return outputs[torch.arange(len(lengths)), steps.expand(len(lengths))]

    return mistake


def _valid_sum(outputs: Tensor, lengths: Tensor) -> Tensor:
    return (outputs * valid(outputs.shape[1], lengths)).sum(1)


MISCONCEPTIONS = (
    Misconception(
        "last-from-padding",
        "You take the last step of the tensor. In a shorter sequence it is padding: the last valid step "
        "of example b is lengths[b] - 1.",
        "Take lengths (2, 3) and T = 3. Which step would you point at for the first example?",
        lambda outputs, lengths: outputs[:, -1],
        lambda outputs, lengths: outputs[:, -1:],
    ),
    Misconception(
        "off-by-one",
        "You are one step off. A sequence of n valid steps has them at 0 to n-1, so the last is at n-1.",
        "Take a sequence of length 1. Which index has its only step?",
        _at(lambda lengths, T: lengths),
        _at(lambda lengths, T: lengths.clamp(max=T - 1)),
        _at(lambda lengths, T: lengths % T),
        _at(lambda lengths, T: lengths - 2),
        _at(lambda lengths, T: (lengths - 2).clamp(min=0)),
    ),
    Misconception(
        "one-length-for-all",
        "You use one sequence's length for all. Each sequence ends where its own length says.",
        "Give two examples different lengths. Does your index change from one to the next?",
        _at(lambda lengths, T: lengths.max() - 1),
        _at(lambda lengths, T: lengths.min() - 1),
        _at(lambda lengths, T: lengths[0] - 1),
        _at(lambda lengths, T: lengths[-1] - 1),
    ),
    Misconception(
        "first-step",
        "You take the first step. The last valid one has read the whole sequence.",
        "Take an example with three valid steps. Which of them was computed last?",
        lambda outputs, lengths: outputs[:, 0],
    ),
    Misconception(
        "counted-from-the-end",
        "You count from the end of the tensor, where the padding is. Count from the start: lengths[b] - 1.",
        "Take an example of length 2 in a batch of T = 5. Which index do you get if you count from the "
        "front, and which from the back?",
        _at(lambda lengths, T: -lengths),
        _at(lambda lengths, T: T - 1 - lengths),
    ),
    Misconception(
        "pooled-steps",
        "You pool the steps. Return one of them, the last valid one.",
        "How many steps should the value that you return come from?",
        _valid_sum,
        lambda outputs, lengths: _valid_sum(outputs, lengths) / lengths[:, None],
        lambda outputs, lengths: outputs.mean(1),
        lambda outputs, lengths: outputs.where(valid(outputs.shape[1], lengths) > 0, -torch.inf).amax(1),
    ),
    Misconception(
        "all-rows-for-each",
        "You pick the step of each example from all examples: outputs[:, lengths - 1] is (B, B, H). Pair the "
        "examples with their steps.",
        "Print the shape of your result for B = 3. Which axis is too much, and which of its entries belong "
        "together?",
        lambda outputs, lengths: outputs[:, lengths - 1],
    ),
    Misconception(
        "time-batch-swapped",
        "You exchange the time axis and the batch axis. outputs is (B, T, H): the example comes first, then "
        "the step.",
        "Write the three axes of `outputs` over your index. Which axis do the lengths belong to?",
        lambda outputs, lengths: outputs[lengths - 1, torch.arange(len(lengths))],
    ),
)

PART = exact_part(
    "6.2",
    last_valid,
    points=20,
    hints=(
        "Example b has lengths[b] valid steps, counted from step 0. Where is its last one?",
        "Each example has a step of its own, so one index for all is not enough. How do you pick a "
        "different step for each example?",
        "Index with two tensors at once, the examples 0 to B-1 and the steps lengths - 1: they are "
        "paired. Or use gather along axis 1.",
    ),
    cases=lambda draw: padded_cases(draw, "outputs"),
    outputs=("the last valid step",),
    gradients=("outputs",),
    misconceptions=MISCONCEPTIONS,
)
