"""9.3 How far do the passes disagree?"""

from __future__ import annotations

import math
from functools import partial

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Value
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lessons.lesson_09_uncertainty._shared import (
    SOFTMAX_UNSTABLE,
    Function,
    logit_cases,
    naive_softmax,
    one_maximum,
)
from recdrop_lessons.checks.lessons.lesson_09_uncertainty.predictive_entropy import (
    ZERO_LOG_ZERO,
    entropy_with_nan,
    predictive_entropy,
    silent_on_extremes,
    softmax,
)
from recdrop_lessons.checks.misconceptions import Misconception


def _where_smooth(arguments: dict[str, Value]) -> tuple[str, ...]:
    """The slope of p log p is infinite at 0, so gradients are asked for where no probability is."""
    return ("logits",) if bool((softmax(arguments["logits"]) > 1e-9).all()) else ()


def mutual_information(
    logits: Tensor, *, softmax: Function = softmax, entropy: Function = predictive_entropy
) -> Tensor:
    """The disagreement of the passes about each example, in nats.

    Args:
        logits: of each pass, example and class, (S, B, K).

    Returns:
        The mutual information, (B,), never below 0 but for rounding.
    """
    p = softmax(logits)  # (S, B, K)
    # I = H[p̄] - 1/S Σ_s H[p_s]
    return entropy(p.mean(0)) - entropy(p).mean(0)  # (B,)


def _geometric(logits: Tensor) -> Tensor:
    return predictive_entropy(softmax(logits.mean(0))) - predictive_entropy(softmax(logits)).mean(0)


def _variance(logits: Tensor, less: int) -> Tensor:
    p = softmax(logits)
    return ((p - p.mean(0)) ** 2).sum(0) / (len(p) - less)


INFORMATION_MISCONCEPTIONS = (
    Misconception(
        "total-entropy",
        "You return the whole entropy of the mean prediction. It also holds the uncertainty that is in every "
        "pass; subtract the mean of the passes' own entropies.",
        "Let all passes agree on (0.5, 0.5). What do they disagree about? What do you return?",
        lambda logits: predictive_entropy(softmax(logits).mean(0)),
    ),
    Misconception(
        "expected-entropy",
        "You return the mean of the passes' entropies: that is the uncertainty in every pass. Their "
        "disagreement is what the entropy of their mean has beyond it.",
        "Let all passes agree on (0.5, 0.5). What do they disagree about? What do you return?",
        lambda logits: predictive_entropy(softmax(logits)).mean(0),
    ),
    Misconception(
        "entropy-of-one-pass",
        "You subtract the entropy of a single pass. Subtract the mean of the entropies of all passes.",
        "How many passes does your second term depend on? Change the last one and look.",
        lambda logits: predictive_entropy(softmax(logits).mean(0)) - predictive_entropy(softmax(logits)[0]),
        lambda logits: predictive_entropy(softmax(logits).mean(0)) - predictive_entropy(softmax(logits)[-1]),
    ),
    Misconception(
        "sign-reversed",
        "Your difference is the wrong way round. Averaging can only raise the entropy, so H of the mean "
        "comes first and the result is never below 0.",
        "Let two passes say (1, 0) and (0, 1). Which is larger, the entropy of their mean or the mean of "
        "their entropies?",
        lambda logits: -mutual_information(logits),
    ),
    Misconception(
        "log-probabilities-averaged",
        "You average logits, or log-probabilities, before the entropy. The mean prediction is the mean of "
        "the passes' probabilities.",
        "Two passes say 0.9 and 0.1 for a class. What should the mean prediction be? In which order do you "
        "take softmax and mean?",
        _geometric,
    ),
    Misconception(
        "log-base-2",
        "Your result is in bits: it uses log₂. In nats it is the natural logarithm, torch.log.",
        "Let two passes say (1, 0) and (0, 1). The result should be about 0.693. Is yours 1?",
        lambda logits: mutual_information(logits) / math.log(2),
    ),
    Misconception(
        "softmax-axis",
        "Your softmax goes along the wrong axis. The probabilities of one pass and one example sum to 1 over "
        "the classes, the last axis.",
        "Sum the probabilities of one pass and one example over the classes. Is it 1?",
        partial(mutual_information, softmax=lambda logits: logits.softmax(0)),
        partial(mutual_information, softmax=lambda logits: logits.softmax(1)),
    ),
    Misconception(
        "softmax-forgotten",
        "You treat logits as probabilities. The softmax comes first.",
        "What does an entropy take as its argument? Sum it over the classes.",
        *(
            partial(mutual_information, softmax=lambda logits: logits, entropy=entropy)
            for entropy in (entropy_with_nan, predictive_entropy)
        ),
    ),
    Misconception(
        "variance-for-information",
        "You return the variance of the probabilities over the passes. It measures disagreement too, but the "
        "mutual information is a difference of entropies.",
        "Let two passes say (1, 0) and (0, 1). The result should be about 0.693. Which quantities of the "
        "text do you compute?",
        lambda logits: _variance(logits, 0).sum(-1),
        lambda logits: _variance(logits, 0).mean(-1),
        lambda logits: _variance(logits, 1).sum(-1),
        lambda logits: _variance(logits, 1).mean(-1),
    ),
    Misconception(
        "entropies-spread",
        "You return how far the passes' entropies lie apart. The mutual information "
        "is the entropy of the mean prediction less the mean of the entropies.",
        "Let two passes say (1, 0) and (0, 1). How far apart are their entropies, and how much do they "
        "disagree?",
        lambda logits: predictive_entropy(softmax(logits)).var(0),
        lambda logits: predictive_entropy(softmax(logits)).std(0),
        lambda logits: predictive_entropy(softmax(logits)).std(0, correction=0),
    ),
    Misconception(
        "sum-for-mean",
        "You add up the passes' entropies. Subtract their mean.",
        "Let three passes agree on (0.5, 0.5). What should be left? What do you return?",
        lambda logits: (
            predictive_entropy(softmax(logits).mean(0)) - predictive_entropy(softmax(logits)).sum(0)
        ),
    ),
    Misconception(
        "mean-for-sum",
        "You take the mean over the classes. An entropy is a sum over the classes.",
        "Let two passes say (1, 0) and (0, 1). The entropy of their mean should be about 0.693. Is yours?",
        partial(mutual_information, entropy=lambda probabilities: torch.special.entr(probabilities).mean(-1)),
    ),
    Misconception(
        "divergence-reversed",
        "You take the divergence of the mean from each pass. The mutual information is the mean divergence "
        "of each pass from the mean prediction: Σ p_s (log p_s - log p̄).",
        "Which distribution stands as the weight in your sum: that of each pass, or that of the mean?",
        lambda logits: (
            (softmax(logits).mean(0) * (softmax(logits).mean(0).log() - logits.log_softmax(-1)))
            .sum(-1)
            .mean(0)
        ),
    ),
    Misconception(
        "wrong-axis-averaged",
        "You average over the examples in place of the passes. The passes are the first axis; each example "
        "has its own result.",
        "Print the shape of your result. Which axis has disappeared?",
        lambda logits: mutual_information(logits.transpose(0, 1)),
    ),
    Misconception(
        "mean-over-batch",
        "You average over the examples too. Each example has its own mutual information.",
        "Print the shape of each of your two terms. Should both have one number for each example?",
        lambda logits: (
            predictive_entropy(softmax(logits).mean(0)) - predictive_entropy(softmax(logits)).mean()
        ),
        lambda logits: mutual_information(logits).mean(),
        lambda logits: mutual_information(logits).mean().expand(logits.shape[1]),
    ),
    Misconception(
        "logarithms-averaged",
        "You average the log-probabilities where the mean prediction's own logarithm belongs: H[p̄] is "
        "-Σ p̄ log p̄.",
        "Where do you take the logarithm: after the mean over the passes, or before it?",
        lambda logits: (
            -(softmax(logits).mean(0) * logits.log_softmax(-1).mean(0)).sum(-1)
            - predictive_entropy(softmax(logits)).mean(0)
        ),
    ),
    Misconception(
        "passes-less-one",
        "You divide the entropies by S - 1. Their mean over the passes divides by S; n - 1 belongs to a "
        "variance.",
        "Take a single pass. Its mean entropy is the entropy itself. By what do you divide?",
        lambda logits: (
            predictive_entropy(softmax(logits).mean(0))
            - predictive_entropy(softmax(logits)).sum(0) / max(len(logits) - 1, 1)
        ),
    ),
    Misconception(
        "sum-for-difference",
        "You add the two entropies. The mutual information is their difference: H[p̄] less the mean of "
        "H[p_s].",
        "Let all passes agree on (0.5, 0.5). What do they disagree about? What do you return?",
        lambda logits: (
            predictive_entropy(softmax(logits).mean(0)) + predictive_entropy(softmax(logits)).mean(0)
        ),
    ),
)

MISCONCEPTIONS = (
    *map(silent_on_extremes, INFORMATION_MISCONCEPTIONS),
    ZERO_LOG_ZERO.shown_by(
        partial(mutual_information, entropy=entropy_with_nan),
        # right for each pass; NaN only where a class is impossible in all of them
        lambda logits: (
            entropy_with_nan(softmax(logits).mean(0)) - predictive_entropy(softmax(logits)).mean(0)
        ),
    ),
    SOFTMAX_UNSTABLE.shown_by(
        *(
            partial(mutual_information, softmax=its, entropy=entropy)
            for its in (naive_softmax, one_maximum)
            for entropy in (predictive_entropy, entropy_with_nan)
        )
    ),
)

PART = exact_part(
    "9.3",
    mutual_information,
    points=25,
    hints=(
        "Compare the first and the third line of the table. The mean prediction is (0.5, 0.5) in both. What "
        "differs?",
        "Take the last line. How uncertain is each of the two passes by itself, and how uncertain is their "
        "mean? What has to be done with these three numbers to get 0.051?",
        "I = H[p̄] - mean of H[p_s] over the passes s. Compute the probabilities (S, B, K) once: one entropy "
        "is taken after the mean over the passes, the other before it.",
    ),
    cases=logit_cases,
    outputs=("the information",),
    gradients=_where_smooth,
    misconceptions=MISCONCEPTIONS,
)
