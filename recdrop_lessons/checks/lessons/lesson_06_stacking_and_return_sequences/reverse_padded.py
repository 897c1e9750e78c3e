"""6.4 Reversed within the valid part."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lessons.lesson_06_stacking_and_return_sequences._shared import padded_cases, valid
from recdrop_lessons.checks.misconceptions import Misconception


def reverse_padded(
    x: Tensor,
    lengths: Tensor,
    *,
    place: Callable[[Tensor, Tensor, int], Tensor] = lambda t, n, T: torch.where(t < n, n - 1 - t, t),
) -> Tensor:
    """Each example's valid part reversed in time, its padding left in place.

    Args:
        x: the sequences, (B, T, F); what comes after an example's length is padding.
        lengths: the number of valid steps of each example, int64, (B,), from 1 to T.

    Returns:
        The sequences with their valid parts reversed, (B, T, F).
    """
    T = x.shape[1]
    steps = place(torch.arange(T), lengths[:, None], T)  # (B, T)
    return x.gather(1, steps.expand(x.shape[0], T)[:, :, None].expand_as(x))


def _placed(place: Callable[[Tensor, Tensor, int], Tensor]) -> Callable[..., Tensor]:
    return partial(reverse_padded, place=place)


def _within(length: Callable[[Tensor, int], Tensor]) -> Callable[..., Tensor]:
    """The reversal within other lengths."""

    def place(t: Tensor, n: Tensor, T: int) -> Tensor:
        n = length(n, T)
        return torch.where(t < n, n - 1 - t, t)

    return _placed(place)


def _padding(fill: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """The padding replaced: fill(reversed, x), (B, T, F) or what extends to it."""

    def mistake(x: Tensor, lengths: Tensor) -> Tensor:
        turned = reverse_padded(x, lengths)
        return turned.where(valid(x.shape[1], lengths) > 0, fill(turned, x))

    return mistake


def _swapped(x: Tensor, lengths: Tensor) -> Tensor:
    return reverse_padded(x.transpose(0, 1), lengths).transpose(0, 1)


MISCONCEPTIONS = (
    Misconception(
        "flipped-whole",
        "You flip the whole time axis, so the padding comes first and the backward layer reads it before the "
        "sequence. Reverse the valid part alone.",
        "Reverse a b c _ _ by hand, and by your function. Where is the padding in each?",
        _placed(lambda t, n, T: T - 1 - t),
        _placed(lambda t, n, T: torch.where(t < n, T - 1 - t, t)),
    ),
    Misconception(
        "padding-moved",
        "Your padding does not stay as it is. Only the valid steps change places; the padding is left where "
        "it is and in its own order.",
        "Mark the padding with the values 9 and 8 and look where they are afterwards.",
        _placed(lambda t, n, T: torch.where(t < n, n - 1 - t, T - 1 - (t - n))),
        _placed(lambda t, n, T: (t + n) % T),
        _placed(lambda t, n, T: torch.where(t < T - n, t + n, T - 1 - t)),
    ),
    Misconception(
        "padding-overwritten",
        "You overwrite the padding. It is left as it is, whatever its values are.",
        "Mark the padding with the value 9 and look for it afterwards.",
        _placed(lambda t, n, T: (n - 1 - t).clamp(min=0)),
        _placed(lambda t, n, T: (n - 1 - t) % T),
        _placed(lambda t, n, T: (n - 1 - t).abs()),
        _padding(lambda turned, x: torch.zeros_like(x)),
        _padding(lambda turned, x: x.flip(1)),
        _padding(lambda turned, x: turned[:, :1]),
    ),
    Misconception(
        "off-by-one",
        "You are one step off: a sequence of n valid steps has them at 0 to n-1, and step t comes from "
        "n-1-t.",
        "Take a sequence of one valid step. Which step should come first afterwards?",
        _within(lambda n, T: (n + 1).clamp(max=T)),
        _within(lambda n, T: n - 1),
        _placed(lambda t, n, T: torch.where(t < n, n - t, t)),
        _placed(lambda t, n, T: torch.where(t < n, (n - t).clamp(max=T - 1), t)),
        _placed(lambda t, n, T: torch.where(t < n, (n - 2 - t) % T, t)),
        _placed(lambda t, n, T: torch.where(t <= n, (n - t).clamp(max=T - 1), t)),
    ),
    Misconception(
        "one-length-for-all",
        "You use one sequence's length for all. Each sequence is reversed within its own.",
        "Give two examples different lengths. Does your code look at both?",
        _within(lambda n, T: n.max()),
        _within(lambda n, T: n.min()),
        _within(lambda n, T: n[0]),
        _within(lambda n, T: n[-1]),
    ),
    Misconception(
        "padding-reversed-alone",
        "You reverse the padding and leave the valid part. It is the other way round.",
        "Which steps does a slice from lengths[b] on hold: the valid ones or the padding?",
        _placed(lambda t, n, T: torch.where(t < n, t, T - 1 - (t - n))),
    ),
    Misconception(
        "not-reversed",
        "Your valid part is not reversed: the last valid step comes first, and step 0 at lengths[b] - 1.",
        "Reverse a b c _ _ by hand and compare with what you return.",
        lambda x, lengths: x,
    ),
    Misconception(
        "wrong-axis-flipped",
        "You flip the examples or the features. Time is the second axis.",
        "Over which axis do you flip? Write the three names over the shape.",
        lambda x, lengths: x.flip(0),
        lambda x, lengths: x.flip(2),
        lambda x, lengths: x.flip(1, 2),
        lambda x, lengths: reverse_padded(x, lengths).flip(2),
    ),
    Misconception(
        "time-batch-swapped",
        "You exchange the time axis and the batch axis. x is (B, T, F), and lengths has one entry "
        "per example.",
        "Write the three axes of x over your index. Which axis do the lengths belong to?",
        _swapped,
        lambda x, lengths: reverse_padded(x, lengths).transpose(0, 1),
    ),
)

PART = exact_part(
    "6.4",
    reverse_padded,
    points=20,
    hints=(
        "A sequence of 3 valid steps in 5 holds a b c _ _ and becomes c b a _ _. What happens to the "
        "padding?",
        "From which step does step t come, while t is valid, and from which after that? Write it down for "
        "the example above.",
        "Step t of example b comes from lengths[b] - 1 - t where t is valid, else from t. Build these "
        "indices (B, T) and gather along time, or go example by example.",
    ),
    cases=lambda draw: padded_cases(draw, "x"),
    gradients=("x",),
    misconceptions=MISCONCEPTIONS,
)
