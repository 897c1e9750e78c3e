"""5.4 Krueger et al. 2017, zoneout: the previous value instead of zero.

Longer than other parts: zoneout can go wrong in training, at evaluation and in its draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Answer, Value
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import Exact
from recdrop_lessons.checks.general import EDGE_CASE, RANDOM_RESULT
from recdrop_lessons.checks.lessons.lesson_05_recurrent_dropout_family._zoneout_drawn import (
    EXPECTATION_IN_TRAINING,
    GIVEN_MASK_IGNORED,
    MASKS_SWAPPED,
    ONE_MASK,
    ONE_RATE,
    OTHER_GENERATOR,
    OTHER_RATE,
    OTHER_VALUES,
    SAME_COUNT,
    SWAPPED,
    draws_at_evaluation,
    masks_are_right,
    redraws_what_is_given,
)
from recdrop_lessons.checks.located import LOCATED
from recdrop_lessons.checks.lstm import (
    GRADIENTS,
    Function,
    Gates,
    State,
    gates,
    lstm_basics,
    lstm_step,
    step_arguments,
    step_cases,
)
from recdrop_lessons.checks.masks import DEPENDENT, ONE_MASK_FOR_BATCH, SAME_EACH_CALL
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.parts import Outcome, Part
from recdrop_lessons.checks.recognise import unless_lost


def zoneout_step(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    W: Tensor,
    U: Tensor,
    b: Tensor,
    z_h: float,
    z_c: float,
    training: bool,
    d_h: Tensor | None = None,
    d_c: Tensor | None = None,
    *,
    gates: Gates = gates,
    squash: Function = torch.tanh,
    keep: Callable[[Value, Tensor, Tensor, float, bool], Tensor] = lambda d, old, new, z, training: (
        d * old + (1 - d) * new
    ),
    h_reads: str = "before zoneout",
    masks_at_evaluation: bool = False,
) -> State:
    """One step of an LSTM with zoneout on the state and on the cell.

    Args:
        x: the input, (B, F).
        h: the old state, (B, H).
        c: the old cell, (B, H).
        W: the input's weights, (4H, F), in blocks i, f, g, o.
        U: the old state's weights, (4H, H), in the same blocks.
        b: the bias, (4H,), in the same blocks.
        z_h: the rate at which values of h are kept, a float, 0 ≤ z < 1.
        z_c: the rate at which values of c are kept, a float, 0 ≤ z < 1.
        training: a bool; at evaluation the expectation is returned.
        d_h: the mask of h, (B, H), 1 where the old value is kept and else 0; drawn where None.
        d_c: the mask of c, (B, H), likewise.

    Returns:
        The new state and the new cell, a tuple (h', c'), each (B, H).
    """
    i, f, g, o = gates(x @ W.T + h @ U.T + b)
    new_c = f * c + i * g

    def factor(d: Tensor | None, z: float) -> Value:
        if training:
            return (torch.rand(h.shape) < z).to(h.dtype) if d is None else d  # (B, H)
        return z if d is None or not masks_at_evaluation else d

    # c' = d∘c + (1-d)∘c̃,  h' = d∘h + (1-d)∘h̃ with h̃ = o∘tanh(c̃); at evaluation d is its mean z
    kept_c = keep(factor(d_c, z_c), c, new_c, z_c, training)
    new_h = o * squash(new_c if h_reads == "before zoneout" else kept_c)
    return keep(factor(d_h, z_h), h, new_h, z_h, training), kept_c


def zoneout_cases(draw: Draw) -> Iterator[Case]:
    """Training with masks that are given, evaluation with and without them, and the rates' ends."""
    for k, case in enumerate(step_cases(draw, step_arguments)):
        shape = case.arguments["h"].shape
        d_h, d_c = (draw.mask(*shape, p=0.5) / 2 for _ in range(2))
        z_h, z_c = draw.uniform(0.1, 0.4), draw.uniform(0.55, 0.9)
        rates = {"z_h": z_h, "z_c": z_c}
        masks = {"d_h": d_h, "d_c": d_c}
        given = case.arguments | rates | {"training": True} | masks
        yield Case(f"{case.label}, training", given, case.gradients)
        if k % 2 == 0:
            given = case.arguments | rates | {"training": False}
            yield Case(f"{case.label}, evaluation", given, k == 0)
        else:
            given = case.arguments | rates | {"training": False} | masks
            yield Case(f"{case.label}, evaluation, masks given all the same", given, k == 1)
    for training in (True, False):
        zeros = {"d_h": torch.zeros(shape).double(), "d_c": torch.zeros(shape).double()}
        given = case.arguments | {"z_h": 0.0, "z_c": 0.0, "training": training}
        yield Case(f"{case.label}, rates 0, {'training' if training else 'evaluation'}", given | zeros, False)
        # at rate 0 a mask that is drawn is 0 as well, so here the numbers and the gradients are known
        yield Case(f"{case.label}, rates 0, {'training, masks drawn' if training else 'evaluation'}", given)


def _swap(training: bool, evaluation: bool) -> Callable[..., State]:
    def keep(d: Value, old: Tensor, new: Tensor, z: float, in_training: bool) -> Tensor:
        swapped = training if in_training else evaluation
        return (1 - d) * old + d * new if swapped else d * old + (1 - d) * new

    return partial(zoneout_step, keep=keep)


def _rescale(how: str, evaluation: bool = False) -> Callable[..., State]:
    def keep(d: Value, old: Tensor, new: Tensor, z: float, training: bool) -> Tensor:
        if not training and not evaluation:
            return d * old + (1 - d) * new
        if how == "new":
            return d * old + (1 - d) * new / (1 - z)
        if how == "all":
            return (d * old + (1 - d) * new) / (1 - z)
        return d / z * old + (1 - d) / (1 - z) * new if z else new

    return partial(zoneout_step, keep=keep)


def _evaluates(to: str) -> Callable[..., State]:
    def keep(d: Value, old: Tensor, new: Tensor, z: float, training: bool) -> Tensor:
        if training:
            return d * old + (1 - d) * new
        return {"new": new, "scaled": (1 - z) * new, "old": old, "half": (old + new) / 2}[to]

    return partial(zoneout_step, keep=keep)


def _zero(d: Value, old: Tensor, new: Tensor, z: float, training: bool) -> Tensor:
    return (1 - d) * new


def _zero_scaled(d: Value, old: Tensor, new: Tensor, z: float, training: bool) -> Tensor:
    return (1 - d) * new / (1 - z) if training else new


def _zero_in_training(d: Value, old: Tensor, new: Tensor, z: float, training: bool) -> Tensor:
    return (1 - d) * new if training else d * old + (1 - d) * new


def _renamed(**names: str) -> Callable[..., State]:
    """The right step with arguments taken for each other."""

    def step(**given: Any) -> State:
        taken = {name: given[names.get(name, name)] for name in given}
        return zoneout_step(**taken)

    return step


def _one_state_only(which: str) -> Callable[..., State]:
    def step(**given: Any) -> State:
        plain = {name: given[name] for name in GRADIENTS}
        new_h, new_c = lstm_step(**plain)
        h, c = zoneout_step(**given)
        return (h, new_c) if which == "h" else (new_h, c)

    return step


AT_EVALUATION = Misconception(
    "zoneout-at-evaluation",
    "Your step still keeps and renews at random at evaluation. There the expectation is taken: z times the "
    "old value plus 1-z times the new.",
    "Call your step twice at evaluation. Do you get the same values?",
    partial(zoneout_step, masks_at_evaluation=True),
)

MISCONCEPTIONS = (
    SWAPPED.shown_by(_swap(True, True), _swap(True, False), _swap(False, True)),
    Misconception(
        "zoneout-rescaled",
        "You scale what zoneout lets through. Nothing is dropped to zero, so nothing needs scaling: it is "
        "the old value or the new.",
        "What would be the mean of a value that is the old one or the new one? Does anything get lost that "
        "a scale must make up for?",
        *(_rescale(how, evaluation) for how in ("new", "all", "each") for evaluation in (False, True)),
    ),
    Misconception(
        "h-from-zoned-cell",
        "Your new state reads the cell after its zoneout. In the paper h̃ = o∘tanh(c̃) comes from the cell "
        "*before* its zoneout, and then gets its own.",
        "Which cell does the tanh of your output read? Follow its name to the line that made it.",
        partial(zoneout_step, h_reads="after zoneout"),
    ),
    AT_EVALUATION,
    Misconception(
        "no-expectation",
        "At evaluation you switch zoneout off, or return something else than the expectation: z times the "
        "old value plus 1-z "
        "times the new.",
        "A value is the old one with probability z. What is its mean? Use the same weights at evaluation.",
        _evaluates("new"),
        _evaluates("scaled"),
        _evaluates("old"),
        _evaluates("half"),
    ),
    Misconception(
        "zero-for-previous",
        "You put zero where the old value belongs: that is dropout. In zoneout the replacement value is the "
        "previous value.",
        "Set d to 1 everywhere. What should the step return?",
        partial(zoneout_step, keep=_zero),
        partial(zoneout_step, keep=_zero_scaled),
        partial(zoneout_step, keep=_zero_in_training),
    ),
    MASKS_SWAPPED.shown_by(
        _renamed(d_h="d_c", d_c="d_h", z_h="z_c", z_c="z_h"),
        _renamed(d_h="d_c", d_c="d_h"),
        _renamed(z_h="z_c", z_c="z_h"),
    ),
    ONE_MASK.shown_by(
        _renamed(d_h="d_c"),
        _renamed(d_c="d_h"),
        _renamed(d_h="d_c", z_h="z_c"),
        _renamed(d_c="d_h", z_c="z_h"),
    ),
    Misconception(
        "one-state-only",
        "You put zoneout on one of the two states alone. Both h and c have it, each with its rate.",
        "Set z_h to 0.9 and z_c to 0, then the other way round. Does each change the state that it should?",
        _one_state_only("h"),
        _one_state_only("c"),
    ),
    *lstm_basics(zoneout_step),
    ONE_RATE,
    OTHER_RATE,
    OTHER_VALUES,
    EXPECTATION_IN_TRAINING,
    ONE_MASK_FOR_BATCH,
    GIVEN_MASK_IGNORED,
    SAME_COUNT,
    OTHER_GENERATOR,
    DEPENDENT,
    SAME_EACH_CALL,
)

_zoneout_given = Exact(
    "zoneout_step",
    zoneout_step,
    zoneout_cases,
    outputs=("h'", "c'"),
    gradients=GRADIENTS,
    misconceptions=MISCONCEPTIONS,
)


def check_zoneout(answer: Answer, seed: int) -> Outcome:
    """With masks that are given the numbers are exact; masks that are drawn are judged by distribution."""
    outcome = _zoneout_given(answer, seed)
    if outcome.ok:
        return masks_are_right(answer, seed)
    if outcome.misconception in (None, EDGE_CASE.slug, RANDOM_RESULT.slug, *LOCATED):
        return unless_lost(lambda: _named(answer, seed, outcome)) or outcome
    return outcome


def _named(answer: Answer, seed: int, outcome: Outcome) -> Outcome | None:
    """The failure by a name that the numbers alone do not give."""
    if draws_at_evaluation(answer, seed):
        return Outcome(False, AT_EVALUATION.sentence, AT_EVALUATION.slug, outcome.details)
    if redraws_what_is_given(answer, seed):
        return Outcome(False, GIVEN_MASK_IGNORED.sentence, GIVEN_MASK_IGNORED.slug, outcome.details)
    if "masks drawn" in outcome.details.get("case", ""):
        # Wrong at every rate is no edge, named or not.
        drawn = masks_are_right(answer, seed)
        return None if drawn.ok else drawn
    return None


PART = Part(
    "5.4",
    zoneout_step,
    points=20,
    hints=(
        "First do the plain step. Then each value of h and of c is the old one or the new one. Which lines "
        "of the table show where the new h comes from?",
        "A mask chooses between two values. How do you write this choice as a sum, so that gradients reach "
        "both? And what is the mean of the sum, if d is 1 with probability z?",
        "With c̃ and h̃ from the plain step, c' = d_c∘c + (1-d_c)∘c̃ and h' = d_h∘h + (1-d_h)∘h̃. A mask that "
        "is None is 1 with probability z. At evaluation z stands in the place of d.",
    ),
    check=check_zoneout,
    misconceptions=MISCONCEPTIONS,
    picture=_zoneout_given.picture,
)
