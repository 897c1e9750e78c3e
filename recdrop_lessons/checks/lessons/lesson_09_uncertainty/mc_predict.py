"""9.1 The prediction of many passes."""

from __future__ import annotations

from functools import partial, reduce

import torch
from torch import Tensor

from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lessons.lesson_09_uncertainty._shared import (
    SOFTMAX_UNSTABLE,
    Function,
    logit_cases,
    naive_softmax,
    one_maximum,
)
from recdrop_lessons.checks.lessons.lesson_09_uncertainty.predictive_entropy import (
    silent_on_extremes,
    softmax,
)
from recdrop_lessons.checks.misconceptions import Misconception


def mc_predict(logits: Tensor, *, softmax: Function = softmax) -> Tensor:
    """The mean of the probabilities of several passes.

    Args:
        logits: of each pass, example and class, (S, B, K).

    Returns:
        The probabilities, (B, K); the values of each example sum to 1.
    """
    # p̄ = 1/S Σ_s softmax(l_s)
    return softmax(logits).mean(0)  # (B, K)


PREDICT_MISCONCEPTIONS = (
    Misconception(
        "log-probabilities-averaged",
        "You average logits or log-probabilities. That leads to a geometric mean, and hides that the passes "
        "disagree. Average the probabilities.",
        "Two passes say 0.9 and 0.1 for a class. What should their mean be? In which order do you take "
        "softmax and mean?",
        lambda logits: softmax(logits.mean(0)),
        lambda logits: logits.log_softmax(-1).mean(0).exp(),
    ),
    Misconception(
        "logits-returned",
        "You return logarithms or logits. Return probabilities: the values of each example sum to 1.",
        "Sum your result over the classes. Is it 1?",
        lambda logits: logits.mean(0),
        lambda logits: logits.log_softmax(-1).mean(0),
        lambda logits: softmax(logits).mean(0).log(),
    ),
    Misconception(
        "softmax-axis",
        "Your softmax goes along the wrong axis. The probabilities of one pass and one example sum to 1 over "
        "the classes, the last axis.",
        "Sum the probabilities of one pass and one example over the classes. Is it 1?",
        lambda logits: logits.softmax(0).mean(0),
        lambda logits: logits.softmax(1).mean(0),
    ),
    Misconception(
        "wrong-axis-averaged",
        "You average over another axis than the passes. The passes are the first axis; examples and classes "
        "stay.",
        "Print the shape of your result. Which axis has disappeared?",
        lambda logits: softmax(logits).mean(1),
        lambda logits: softmax(logits).mean(2),
        lambda logits: softmax(logits).mean((0, 1)),
    ),
    Misconception(
        "one-pass-only",
        "You use a single pass. One pass with dropout is one sample; the prediction is the mean over all.",
        "How many passes does your result depend on? Change the last one and look.",
        lambda logits: softmax(logits)[0],
        lambda logits: softmax(logits)[-1],
    ),
    Misconception(
        "sum-for-mean",
        "You add the passes' probabilities up and do not divide by their number.",
        "Sum your result over the classes. Is it 1, or the number of passes?",
        lambda logits: softmax(logits).sum(0),
    ),
    Misconception(
        "votes-counted",
        "You count for which class each pass votes. A pass gives a probability to every class; those are "
        "averaged.",
        "Two passes say (0.6, 0.4). What should the prediction be? And what do you return?",
        lambda logits: torch.nn.functional.one_hot(logits.argmax(-1), logits.shape[-1]).double().mean(0),
    ),
    Misconception(
        "median-for-mean",
        "You take the median over the passes. The prediction is the mean: medians need not sum to 1.",
        "Three passes say (0.6, 0.3, 0.1), (0.1, 0.6, 0.3) and (0.3, 0.1, 0.6). What do your probabilities "
        "sum to?",
        lambda logits: softmax(logits).median(0).values,
    ),
    Misconception(
        "running-average",
        "You average the mean so far with the next pass. Then the last pass has the weight 1/2; every pass "
        "has 1/S.",
        "Write down the weights that the first and the last of three passes get in your result.",
        lambda logits: reduce(lambda mean, p: (mean + p) / 2, softmax(logits)),
    ),
    Misconception(
        "softmax-twice",
        "You apply the softmax once more to the mean. The mean of probabilities is a probability already.",
        "Two passes agree on (0.9, 0.1). What should their mean be?",
        lambda logits: softmax(softmax(logits).mean(0)),
    ),
    Misconception(
        "sigmoid-for-softmax",
        "You use the sigmoid. The classes exclude each other, so their probabilities come from one softmax.",
        "Add 5 to all logits of an example. Should its probabilities change? Do yours?",
        lambda logits: logits.sigmoid().mean(0),
        lambda logits: (lambda p: p / p.sum(-1, keepdim=True))(logits.sigmoid().mean(0)),
        lambda logits: (lambda p: p / p.sum(-1, keepdim=True))(logits.sigmoid()).mean(0),
    ),
)

MISCONCEPTIONS = (
    *map(silent_on_extremes, PREDICT_MISCONCEPTIONS),
    SOFTMAX_UNSTABLE.shown_by(*(partial(mc_predict, softmax=its) for its in (naive_softmax, one_maximum))),
)

PART = exact_part(
    "9.1",
    mc_predict,
    points=20,
    hints=(
        "Each pass gives a distribution over the classes. What is averaged, and over what?",
        "Two operations, a softmax and a mean. In which order, and along which axis is each?",
        "The softmax over the classes (the last axis) of every pass comes first; then the mean over the "
        "passes (the first axis).",
    ),
    cases=logit_cases,
    outputs=("the probabilities",),
    gradients=("logits",),
    misconceptions=MISCONCEPTIONS,
)
