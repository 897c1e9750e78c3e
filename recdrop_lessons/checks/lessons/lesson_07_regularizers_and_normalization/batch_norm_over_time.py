"""7.3 Batch norm over time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from torch import Tensor

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lessons.lesson_07_regularizers_and_normalization._shared import (
    Axes,
    Standardise,
    norm_basics,
    standardise,
)
from recdrop_lessons.checks.misconceptions import Misconception


def batch_norm_over_time(
    x: Tensor,
    per_step: bool,
    eps: float,
    *,
    standardise: Standardise = standardise,
    axes: tuple[Axes, Axes] = ((0,), (0, 1)),
) -> Tensor:
    """Batch norm of sequences, with statistics for each step or for all steps together.

    Args:
        x: the sequences, (B, T, F).
        per_step: a bool; True for statistics over the batch at each step, False over batch and time.
        eps: added to the variance inside the root, a float above 0.

    Returns:
        The normalised sequences, (B, T, F).
    """
    each, all_steps = axes
    return standardise(x, each if per_step else all_steps, eps)


def batch_norm_cases(draw: Draw) -> Iterator[Case]:
    """Both kinds at plain sizes twice, then one example, step or feature, four examples, and equal sizes."""
    B, T, F = draw.sizes(3)
    plain = (B, T, F)
    edges = (1, T, F), (B, 1, F), (B, T, 1), (4, T, F), (1, 1, F), (1, 1, 1), (B, B, F), (T, F, F), (3, 3, 3)
    kind = draw.choice((True, False))
    trials = [(plain, kind), (plain, kind), (plain, not kind), (plain, not kind)]
    trials += [(sizes, per_step) for sizes in edges for per_step in (True, False)]
    for k, ((b, t, f), per_step) in enumerate(trials):
        # columns of different means and scales
        x = draw.normal(b, t, f) * draw.uniform(0.5, 2) + draw.normal(t, f) + draw.normal(f)
        arguments = {"x": x, "per_step": per_step, "eps": draw.uniform(0.05, 0.5)}
        gradients = k in (0, 2) or 1 in (b, t, f)
        yield Case(f"B={b}, T={t}, F={f}, per_step={per_step}", arguments, gradients)
    for per_step in (kind, not kind):
        given = {"x": draw.normal(B + 3, T, F), "per_step": per_step, "eps": 1e-5}
        yield Case(f"eps=1e-5, per_step={per_step}", given)


def _over(each: Axes, all_steps: Axes) -> Callable[..., Tensor]:
    return partial(batch_norm_over_time, axes=(each, all_steps))


MISCONCEPTIONS = (
    Misconception(
        "per-step-inverted",
        "You have per_step the wrong way round. With it each step has statistics of its own; without it all "
        "steps share theirs.",
        "How many means are there if every step has its own? Which value of per_step asks for that?",
        _over((0, 1), (0,)),
    ),
    Misconception(
        "per-step-ignored",
        "You treat both kinds alike: per_step decides whether the statistics run over the batch, or over the "
        "batch and time together.",
        "Search your function for per_step. What depends on it?",
        _over((0,), (0,)),
        _over((0, 1), (0, 1)),
    ),
    Misconception(
        "time-batch-swapped",
        "You exchange the time axis and the batch axis. x is (B, T, F): statistics at each step run over the "
        "examples, axis 0.",
        "Write the three names over the axis numbers 0, 1 and 2. Over which of them do you take the mean?",
        _over((1,), (0, 1)),
        _over((1,), (1,)),
        _over((0,), (1,)),
        lambda **given: batch_norm_over_time(**given).transpose(0, 1),
    ),
    Misconception(
        "axis-one-kept",
        "You keep the time axis, axis 1, and take the statistics over the examples and the features. "
        "PyTorch's BatchNorm1d does so with (B, T, F), since it takes axis 1 for the features.",
        "Print the shape of the mean that you subtract. Which axes of x does it still have, and which "
        "should it have?",
        _over((0, 2), (0, 2)),
        _over((0, 2), (0, 1)),
        _over((0,), (0, 2)),
    ),
    Misconception(
        "norm-over-features",
        "Your statistics run over the features. That is layer norm; a batch norm keeps the features apart, "
        "each with a mean and a variance of its own.",
        "Add 10 to one feature everywhere. A batch norm removes that again: does yours?",
        _over((2,), (2,)),
        _over((0, 2), (0, 1, 2)),
        _over((2,), (1, 2)),
        _over((1, 2), (1, 2)),
        _over((0,), (0, 1, 2)),
        _over((2,), (0, 1)),
        _over((0,), (2,)),
        _over((0, 1, 2), (0, 1, 2)),
        _over((2,), (0, 1, 2)),
    ),
    *norm_basics(batch_norm_over_time),
)

PART = exact_part(
    "7.3",
    batch_norm_over_time,
    points=25,
    hints=(
        "What is a mean taken over: which of examples, steps and features lose their axis?",
        "How many means are there in each kind: one for each step and feature, or one for each feature?",
        "It is (x - μ)/√(σ² + eps). Per step, mean and biased variance run over axis 0; else over axes 0 and "
        "1 together. Keep the axes (keepdim), so that each value meets its own mean.",
    ),
    cases=batch_norm_cases,
    gradients=("x",),
    misconceptions=MISCONCEPTIONS,
)
