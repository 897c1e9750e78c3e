"""Checks of lesson 09: probabilities of many passes, their entropy and disagreement, and calibration."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Answer, LocalAnswer, Value
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.compare import compare
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import Exact
from recdrop_lessons.checks.parts import GRADIENT_CUT, Lesson, Misconception, Outcome, Part
from recdrop_lessons.checks.recognise import Silent
from recdrop_lessons.checks.steps import Failed, Reply, Step, Steps, kept, stepwise

EXTREME = 1e4
Function = Callable[[Tensor], Tensor]


def softmax(logits: Tensor) -> Tensor:
    return logits.softmax(-1)


def _naive_softmax(logits: Tensor) -> Tensor:
    return logits.exp() / logits.exp().sum(-1, keepdim=True)


def _one_maximum(logits: Tensor) -> Tensor:
    return _naive_softmax(logits - logits.max())


def _silent_on_extremes(misconception: Misconception) -> Misconception:
    """The same, whatever happens where logits are extreme or probabilities zero: that has its own name."""

    def quiet(mistake: Callable[..., Value]) -> Callable[..., Value]:
        def its(**given: Any) -> Value:
            for name in ("logits", "probabilities"):
                if name in given and bool(
                    (given[name].abs() > EXTREME / 10).any() | (given[name] == 0).any()
                ):
                    raise Silent
            return mistake(**given)

        return its

    return replace(misconception, mistakes=tuple(map(quiet, misconception.mistakes)))


SOFTMAX_UNSTABLE = Misconception(
    "softmax-unstable",
    "Your softmax breaks on large logits: exp(1e4) overflows, and where you subtract one maximum for all, "
    "other rows underflow to 0/0. Use torch.softmax, or subtract the largest logit of each row first.",
)
ZERO_LOG_ZERO = Misconception(
    "zero-log-zero",
    "Where a probability is 0 your result is NaN: 0·log 0 is 0·(-∞) for the computer. It counts as 0; "
    "torch.special.entr, torch.xlogy or a clamp inside the logarithm do that.",
)


def logit_cases(draw: Draw) -> Iterator[Case]:
    """Logits (S, B, K) of several passes that disagree."""
    S, B, K = draw.sizes(3)
    shapes = (
        (S, B, K),
        (S, B, K),
        (1, B, K),
        (S, 1, K),
        (S, B, 1),
        (4, 4, 4),
        (2, B, B),
        (B, B, 3),
        (1, 1, 1),
    )
    for n, (s, b, k) in enumerate(shapes):
        logits = draw.normal(s, b, k, scale=1.5)
        yield Case(f"passes={s}, B={b}, K={k}", {"logits": logits}, n == 0 or 1 in (s, b, k))
    yield Case("passes that agree", {"logits": draw.normal(1, B, K).expand(S, B, K)})
    yield Case("passes=11", {"logits": draw.normal(11, B, K, scale=1.5)}, False)
    yield Case("logits of 1e4 and -1e4", {"logits": EXTREME * draw.normal(S, B, K).sign()})
    level = (-1.0) ** (torch.arange(S)[:, None] + torch.arange(B))[:, :, None].double()
    lifted = draw.normal(S, B, K) + EXTREME * level
    yield Case("all logits of a row near 1e4 or -1e4", {"logits": lifted})


def _where_smooth(arguments: dict[str, Value]) -> tuple[str, ...]:
    """The slope of p log p is infinite at 0, so gradients are asked for where no probability is."""
    return ("logits",) if bool((softmax(arguments["logits"]) > 1e-9).all()) else ()


# ---------------------------------------------------------------- 9.1 mc_predict


def mc_predict(logits: Tensor, *, softmax: Function = softmax) -> Tensor:
    # p̄ = 1/S Σ_s softmax(l_s)
    return softmax(logits).mean(0)  # (B, K)


PREDICT_MISCONCEPTIONS = (
    Misconception(
        "log-probabilities-averaged",
        "You average before the softmax: logits, or log-probabilities, which comes to the same. That is a "
        "geometric mean, and it hides that the passes disagree. Average the probabilities.",
        (
            lambda logits: softmax(logits.mean(0)),
            lambda logits: logits.log_softmax(-1).mean(0).exp(),
        ),
    ),
    Misconception(
        "logits-returned",
        "You return logarithms or logits. Return probabilities: each row sums to 1.",
        (
            lambda logits: logits.mean(0),
            lambda logits: logits.log_softmax(-1).mean(0),
            lambda logits: softmax(logits).mean(0).log(),
        ),
    ),
    Misconception(
        "softmax-axis",
        "Your softmax goes along the wrong axis. The probabilities of one pass and one row sum to 1 over the "
        "classes, the last axis.",
        (
            lambda logits: logits.softmax(0).mean(0),
            lambda logits: logits.softmax(1).mean(0),
        ),
    ),
    Misconception(
        "wrong-axis-averaged",
        "You average over another axis than the passes. The passes are the first axis; rows and classes "
        "stay.",
        (
            lambda logits: softmax(logits).mean(1),
            lambda logits: softmax(logits).mean(2),
            lambda logits: softmax(logits).mean((0, 1)),
        ),
    ),
    Misconception(
        "one-pass-only",
        "You use a single pass. One pass with dropout is one sample; the prediction is the mean over all.",
        (lambda logits: softmax(logits)[0], lambda logits: softmax(logits)[-1]),
    ),
    Misconception(
        "sum-for-mean",
        "You add the passes' probabilities up and do not divide by their number.",
        (lambda logits: softmax(logits).sum(0),),
    ),
    Misconception(
        "votes-counted",
        "You count for which class each pass votes. A pass gives a probability to every class; those are "
        "averaged.",
        (lambda logits: torch.nn.functional.one_hot(logits.argmax(-1), logits.shape[-1]).double().mean(0),),
    ),
    Misconception(
        "median-for-mean",
        "You take the median over the passes. The prediction is the mean: only its rows sum to 1.",
        (lambda logits: softmax(logits).median(0).values,),
    ),
    Misconception(
        "softmax-twice",
        "You apply the softmax once more to the mean. The mean of probabilities is a probability already.",
        (lambda logits: softmax(softmax(logits).mean(0)),),
    ),
    Misconception(
        "sigmoid-for-softmax",
        "You use the sigmoid. The classes exclude each other, so their probabilities come from one softmax.",
        (lambda logits: logits.sigmoid().mean(0),),
    ),
)
ALL_PREDICT_MISCONCEPTIONS = (
    *map(_silent_on_extremes, PREDICT_MISCONCEPTIONS),
    replace(
        SOFTMAX_UNSTABLE,
        mistakes=tuple(partial(mc_predict, softmax=its) for its in (_naive_softmax, _one_maximum)),
    ),
)


# ---------------------------------------------------------------- 9.2 predictive_entropy


def predictive_entropy(probabilities: Tensor) -> Tensor:
    # H[p] = -Σ_k p_k log p_k, with 0·log 0 = 0
    return torch.special.entr(probabilities).sum(-1)  # (B,)


def _entropy_with_nan(probabilities: Tensor) -> Tensor:
    return -(probabilities * probabilities.log()).sum(-1)


ENTROPY_MISCONCEPTIONS = (
    Misconception(
        "log-base-2",
        "Your entropy is in bits: it uses log₂, or log₁₀. In nats it is the natural logarithm, torch.log.",
        (
            lambda probabilities: predictive_entropy(probabilities) / math.log(2),
            lambda probabilities: predictive_entropy(probabilities) / math.log(10),
        ),
    ),
    Misconception(
        "entropy-normalised",
        "You divide by log K, so that the largest entropy is 1. Return the entropy itself, in nats.",
        (lambda probabilities: predictive_entropy(probabilities) / math.log(probabilities.shape[-1]),),
    ),
    Misconception(
        "sign-forgotten",
        "Your entropy is negative. log p is below 0, hence the minus in front: H = -Σ p log p.",
        (lambda probabilities: -predictive_entropy(probabilities),),
    ),
    Misconception(
        "mean-for-sum",
        "You take the mean over the classes. The entropy is the sum; it is itself the mean of -log p under "
        "p.",
        (lambda probabilities: torch.special.entr(probabilities).mean(-1),),
    ),
    Misconception(
        "wrong-axis-summed",
        "You sum along the wrong axis. There is one entropy a row: the sum runs over the classes, the last "
        "axis.",
        (
            lambda probabilities: torch.special.entr(probabilities).sum(0),
            lambda probabilities: torch.special.entr(probabilities).sum(),
            lambda probabilities: torch.special.entr(probabilities).sum(-1).mean(),
            lambda probabilities: torch.special.entr(probabilities),
        ),
    ),
    Misconception(
        "p-forgotten",
        "You leave a factor out: each -log p is weighted by its own p.",
        (
            lambda probabilities: -probabilities.log().sum(-1),
            lambda probabilities: -probabilities.log().mean(-1),
        ),
    ),
    Misconception(
        "not-entropy",
        "That is another measure of doubt (1 minus the top probability, or 1 minus the sum of squares). "
        "Entropy is -Σ p log p.",
        (
            lambda probabilities: 1 - probabilities.max(-1).values,
            lambda probabilities: 1 - (probabilities**2).sum(-1),
            lambda probabilities: -probabilities.max(-1).values.log(),
        ),
    ),
    Misconception(
        "softmax-twice",
        "You apply the softmax to what are probabilities already.",
        (lambda probabilities: predictive_entropy(softmax(probabilities)),),
    ),
)
ALL_ENTROPY_MISCONCEPTIONS = (
    *map(_silent_on_extremes, ENTROPY_MISCONCEPTIONS),
    replace(ZERO_LOG_ZERO, mistakes=(_entropy_with_nan,)),
)


def probability_cases(draw: Draw) -> Iterator[Case]:
    B, K = draw.sizes(2, low=3)
    for b, k in ((B, K), (B, K), (1, K), (4, K), (B, 2), (B, 1), (1, 1), (K, K), (4, 4)):
        yield Case(f"B={b}, K={k}", {"probabilities": softmax(draw.normal(b, k, scale=1.5))})
    yield Case("equal probabilities", {"probabilities": torch.full((B, K), 1 / K, dtype=torch.float64)})
    yield Case("one class certain", {"probabilities": torch.eye(K).double()})
    some = draw.mask(B, K, p=0.4) * draw.uniform(0.2, 0.5)
    some[:, 0] = 1.0
    yield Case("some probabilities are 0", {"probabilities": some / some.sum(-1, keepdim=True)})
    small = torch.tensor([[0.0, 1e-3, 1e-4, 1e-6], [0.4, 0.5, 1e-2, 1e-5]]).double()
    small[:, 0] += 1 - small.sum(-1)
    yield Case("small probabilities", {"probabilities": small})
    tiny = torch.tensor([[1.0, 1e-300, 1e-310, 0.0], [0.5, 0.5, 1e-20, 0.0]]).double()
    yield Case("probabilities near 0", {"probabilities": tiny})


_check_entropies = Exact(
    "predictive_entropy",
    predictive_entropy,
    probability_cases,
    outputs=("the entropy",),
    misconceptions=ALL_ENTROPY_MISCONCEPTIONS,
)


@stepwise
def check_predictive_entropy(answer: Answer, seed: int) -> str:
    """The values, then the gradient along the simplex.

    Probabilities sum to 1, so an answer that normalises them first is right too: its gradient differs by the
    same number in each class of a row, which no change of probabilities sees.
    """
    outcome = _check_entropies(answer, seed)
    if not outcome.ok:
        raise Failed(outcome)
    _slopes(seed).ask(answer)
    return outcome.message


@kept
def _slopes(seed: int) -> Steps:
    draw = Draw(seed, "predictive_entropy, gradient")
    cases = list(probability_cases(draw))[:9]  # where no probability is 0 and the slope is finite
    return Steps(_slope(case, draw.normal(len(case.arguments["probabilities"]))) for case in cases)


def _slope(case: Case, cotangent: Tensor) -> Step:
    name = "probabilities"
    wanted = LocalAnswer(predictive_entropy).gradients(case.arguments, [name], cotangent)[name]
    assert wanted is not None
    along = wanted - wanted.mean(-1, keepdim=True)

    def judge(reply: Reply) -> None:
        found = reply.gradient()
        if found is None:
            raise reply.fail(GRADIENT_CUT)
        its = found - found.mean(-1, keepdim=True)
        difference = compare(its, along, ("gradient along the probabilities",), 1e-8)
        if difference is not None:
            raise reply.fail(GRADIENT_CUT, difference=difference.sentence)

    return Step(case.label, case.arguments, judge, name, cotangent)


# ---------------------------------------------------------------- 9.3 mutual_information


def mutual_information(
    logits: Tensor,
    *,
    softmax: Function = softmax,
    entropy: Function = predictive_entropy,
) -> Tensor:
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
        "You return the whole entropy of the mean prediction. It holds the doubt that every pass shares too; "
        "take away the mean of the passes' own entropies.",
        (lambda logits: predictive_entropy(softmax(logits).mean(0)),),
    ),
    Misconception(
        "expected-entropy",
        "You return the mean of the passes' entropies: that is the doubt which all passes share. What they "
        "disagree about is what the entropy of their mean has beyond it.",
        (lambda logits: predictive_entropy(softmax(logits)).mean(0),),
    ),
    Misconception(
        "entropy-of-one-pass",
        "You take away the entropy of a single pass. It is the mean of the entropies of all passes.",
        (
            lambda logits: (
                predictive_entropy(softmax(logits).mean(0)) - predictive_entropy(softmax(logits)[0])
            ),
            lambda logits: (
                predictive_entropy(softmax(logits).mean(0)) - predictive_entropy(softmax(logits)[-1])
            ),
        ),
    ),
    Misconception(
        "sign-reversed",
        "Your difference is the wrong way round. Averaging can only raise the entropy, so H of the mean "
        "comes first and the result is never below 0.",
        (lambda logits: -mutual_information(logits),),
    ),
    Misconception(
        "log-probabilities-averaged",
        "You average logits, or log-probabilities, before the entropy. The mean prediction is the mean of "
        "the passes' probabilities.",
        (_geometric,),
    ),
    Misconception(
        "log-base-2",
        "Your result is in bits: it uses log₂. In nats it is the natural logarithm, torch.log.",
        (lambda logits: mutual_information(logits) / math.log(2),),
    ),
    Misconception(
        "softmax-axis",
        "Your softmax goes along the wrong axis. The probabilities of one pass and one row sum to 1 over the "
        "classes, the last axis.",
        (
            partial(mutual_information, softmax=lambda logits: logits.softmax(0)),
            partial(mutual_information, softmax=lambda logits: logits.softmax(1)),
        ),
    ),
    Misconception(
        "softmax-forgotten",
        "You treat logits as probabilities. The softmax comes first.",
        tuple(
            partial(mutual_information, softmax=lambda logits: logits, entropy=entropy)
            for entropy in (_entropy_with_nan, predictive_entropy)
        ),
    ),
    Misconception(
        "variance-for-information",
        "You return the variance of the probabilities over the passes. It tells of disagreement too, but the "
        "mutual information is a difference of entropies.",
        (
            lambda logits: _variance(logits, 0).sum(-1),
            lambda logits: _variance(logits, 0).mean(-1),
            lambda logits: _variance(logits, 1).sum(-1),
            lambda logits: _variance(logits, 1).mean(-1),
        ),
    ),
    Misconception(
        "sum-for-mean",
        "You add up the passes' entropies. It is their mean that is taken away.",
        (
            lambda logits: (
                predictive_entropy(softmax(logits).mean(0)) - predictive_entropy(softmax(logits)).sum(0)
            ),
        ),
    ),
    Misconception(
        "mean-for-sum",
        "You take the mean over the classes. An entropy is a sum over the classes.",
        (
            partial(
                mutual_information,
                entropy=lambda probabilities: torch.special.entr(probabilities).mean(-1),
            ),
        ),
    ),
)
ALL_INFORMATION_MISCONCEPTIONS = (
    *map(_silent_on_extremes, INFORMATION_MISCONCEPTIONS),
    replace(ZERO_LOG_ZERO, mistakes=(partial(mutual_information, entropy=_entropy_with_nan),)),
    replace(
        SOFTMAX_UNSTABLE,
        mistakes=tuple(
            partial(mutual_information, softmax=its, entropy=entropy)
            for its in (_naive_softmax, _one_maximum)
            for entropy in (predictive_entropy, _entropy_with_nan)
        ),
    ),
)


# ---------------------------------------------------------------- 9.4 calibration_error


def right_closed(top: Tensor, bins: int) -> Tensor:
    """The bin k of each top probability, k/bins < top ≤ (k+1)/bins."""
    upper = torch.arange(1, bins + 1, dtype=torch.float64) / bins
    return (top[:, None] > upper[None, :]).sum(1).clamp(max=bins - 1)


def _left_closed(top: Tensor, bins: int) -> Tensor:
    lower = torch.arange(1, bins + 1, dtype=torch.float64) / bins
    return (top[:, None] >= lower[None, :]).sum(1).clamp(max=bins - 1)


def _left_closed_without_one(top: Tensor, bins: int) -> Tensor:
    """Left-closed, and nobody takes a top probability of 1."""
    return torch.where(top >= 1, bins, _left_closed(top, bins))


def _weighted(gap: Tensor, share: Tensor) -> Tensor:
    return (share * gap.abs()).sum()


def calibration_error(
    probabilities: Tensor,
    labels: Tensor,
    bins: int,
    *,
    place: Callable[[Tensor, int], Tensor] = right_closed,
    combine: Callable[[Tensor, Tensor], Tensor] = _weighted,
    confidence: Callable[[Tensor, Tensor], Tensor] = lambda probabilities, labels: (
        probabilities.max(-1).values
    ),
    middle: bool = False,
) -> float:
    top = confidence(probabilities, labels)  # (B,)
    right = (probabilities.argmax(-1) == labels).double()
    where = place(top, bins)
    gaps, shares = [], []
    for k in range(bins):
        inside = where == k
        shares.append(inside.double().mean())
        mean = torch.tensor((k + 0.5) / bins).double() if middle else top[inside].mean()
        gaps.append(right[inside].mean() - mean if inside.any() else torch.zeros(()).double())
    # Σ_b n_b/n |accuracy_b - confidence_b|
    return float(combine(torch.stack(gaps), torch.stack(shares)))


def _all_bins(top: Tensor, bins: int) -> Tensor:
    return torch.zeros(len(top), dtype=torch.int64)


def _equal_counts(probabilities: Tensor, labels: Tensor, bins: int) -> float:
    top, guess = probabilities.max(-1)
    order = top.argsort()
    right = (guess == labels).double()[order]
    top = top[order]
    parts = zip(right.tensor_split(bins), top.tensor_split(bins), strict=True)
    return float(sum(len(r) / len(top) * abs(float(r.mean() - t.mean())) for r, t in parts if len(r)))


CALIBRATION_MISCONCEPTIONS = (
    Misconception(
        "bins-left-closed",
        "Your bins hold their lower edge and not their upper one. A bin is (k/bins, (k+1)/bins]: a top "
        "probability on an edge belongs to the bin below, and 1.0 to the last.",
        (
            partial(calibration_error, place=_left_closed),
            partial(calibration_error, place=_left_closed_without_one),
        ),
    ),
    Misconception(
        "bins-not-weighted",
        "You take the plain mean over the bins. Each bin weighs as much as it holds: n_b/n.",
        (
            partial(calibration_error, combine=lambda gap, share: gap.abs().sum() / (share > 0).sum()),
            partial(calibration_error, combine=lambda gap, share: gap.abs().mean()),
            partial(calibration_error, combine=lambda gap, share: gap.abs().sum()),
        ),
    ),
    Misconception(
        "gaps-cancel",
        "You leave out the absolute value, so too much confidence in one bin cancels too little in another.",
        (
            partial(calibration_error, combine=lambda gap, share: (share * gap).sum()),
            partial(calibration_error, combine=lambda gap, share: -(share * gap).sum()),
        ),
    ),
    Misconception(
        "one-bin",
        "You compare the mean accuracy with the mean confidence, without bins. Over- and underconfidence "
        "then cancel.",
        (partial(calibration_error, place=_all_bins),),
    ),
    Misconception(
        "largest-gap",
        "You return the largest gap of any bin: that is the maximum calibration error. The expected one is "
        "the weighted mean.",
        (partial(calibration_error, combine=lambda gap, share: gap.abs().max()),),
    ),
    Misconception(
        "squared-gaps",
        "You square the gaps. The calibration error is a mean of absolute gaps.",
        (
            partial(calibration_error, combine=lambda gap, share: (share * gap**2).sum()),
            partial(calibration_error, combine=lambda gap, share: (share * gap**2).sum().sqrt()),
        ),
    ),
    Misconception(
        "middle-for-confidence",
        "You take each bin's middle for its confidence. It is the mean of the top probabilities that lie in "
        "the bin.",
        (partial(calibration_error, middle=True),),
    ),
    Misconception(
        "labels-probability",
        "You look at the probability of the right class. Confidence is the top probability, whether it is "
        "right or not.",
        (
            partial(
                calibration_error,
                confidence=lambda probabilities, labels: probabilities.gather(1, labels[:, None]).squeeze(1),
            ),
        ),
    ),
    Misconception(
        "bins-of-equal-counts",
        "Your bins hold equally many rows. Here they are equally wide.",
        (_equal_counts,),
    ),
    Misconception(
        "accuracy-not-confidence",
        "You return another number of the bins than the gap between accuracy and confidence.",
        (
            lambda probabilities, labels, bins: float((probabilities.argmax(-1) == labels).double().mean()),
            lambda probabilities, labels, bins: (
                1 - float((probabilities.argmax(-1) == labels).double().mean())
            ),
            lambda probabilities, labels, bins: 1 - calibration_error(probabilities, labels, bins),
            lambda probabilities, labels, bins: 100 * calibration_error(probabilities, labels, bins),
        ),
    ),
)


def rows_off_the_edges(draw: Draw, B: int, K: int, bins: int) -> tuple[Tensor, Tensor]:
    """Probabilities (B, K) whose top is unique and no nearer than 1e-4 to a bin's edge, and labels (B,).

    So no rounding decides where a row lies; edges are tried in cases of their own, where all is exact.
    """
    rows: list[Tensor] = []
    while len(rows) < B:
        p = softmax(draw.normal(K, scale=draw.uniform(0.5, 3)))
        top = p.sort(descending=True).values
        at = float(top[0]) * bins
        if abs(at - round(at)) > 1e-4 * bins and (K == 1 or float(top[0] - top[1]) > 1e-3):
            rows.append(p)
    probabilities = torch.stack(rows)
    right = torch.rand(B, generator=draw.torch, dtype=torch.float64) < 0.6
    other = torch.randint(K, (B,), generator=draw.torch)
    return probabilities, torch.where(right, probabilities.argmax(-1), other)


def calibration_cases(draw: Draw) -> Iterator[Case]:
    for B, K, bins in (
        (40, 3, 10),
        (40, 3, 10),
        (60, 4, 5),
        (25, 2, 7),
        (12, 5, 15),
        (30, 3, 1),
        (1, 3, 10),
        (4, 4, 4),
        (3, 3, 3),
        (5, 6, 100),
    ):
        probabilities, labels = rows_off_the_edges(draw, B, K, bins)
        given = {"probabilities": probabilities, "labels": labels, "bins": bins}
        yield Case(f"B={B}, K={K}, bins={bins}", given)
    # Halves, quarters and eighths are exact in any dtype, so their bins are beyond doubt.
    for bins in (4, 8):
        tops = torch.tensor([0.5, 0.625, 0.75, 0.875, 1.0, 0.75, 0.5, 1.0]).double()
        probabilities = torch.stack([tops, (1 - tops) / 2, (1 - tops) / 2], dim=1)
        probabilities = probabilities[:, torch.randperm(3, generator=draw.torch)]
        labels = probabilities.argmax(-1)
        labels[[0, 2, 4]] = (labels[[0, 2, 4]] + 1) % 3
        shuffled = torch.randperm(8, generator=draw.torch)
        given = {"probabilities": probabilities[shuffled], "labels": labels[shuffled], "bins": bins}
        yield Case(f"top probabilities on the edges of {bins} bins", given)
    certain = torch.eye(3).double()[torch.tensor([0, 1, 2, 1])]
    labels = torch.tensor([0, 1, 2, draw.choice([0, 1, 2])])
    yield Case("all certain", {"probabilities": certain, "labels": labels, "bins": 10})
    yield Case(
        "K=1", {"probabilities": torch.ones(3, 1).double(), "labels": torch.zeros(3).long(), "bins": 5}
    )


_check_errors = Exact(
    "calibration_error",
    calibration_error,
    calibration_cases,
    outputs=("the error",),
    misconceptions=CALIBRATION_MISCONCEPTIONS,
    tolerance={torch.float32: 1e-4, torch.float64: 1e-6},
)


def check_calibration_error(answer: Answer, seed: int) -> Outcome:
    """As any exact part, but the result is a number: accuracies may well be averaged in float32."""
    return _check_errors(answer, seed)


LESSON = Lesson(
    "09_uncertainty",
    parts=(
        Part(
            "9.1",
            "mc_predict",
            20,
            "logits",
            (
                "Two operations, a softmax and a mean. In which order, and along which axis is each?",
                "The softmax over the classes (the last axis) of every pass comes first; then the mean over "
                "the passes (the first axis).",
            ),
            Exact(
                "mc_predict",
                mc_predict,
                logit_cases,
                outputs=("the probabilities",),
                gradients=("logits",),
                misconceptions=ALL_PREDICT_MISCONCEPTIONS,
            ),
            ALL_PREDICT_MISCONCEPTIONS,
        ),
        Part(
            "9.2",
            "predictive_entropy",
            25,
            "probabilities",
            (
                "H = -Σ p log p over the classes, with the natural logarithm. What is 0·log 0 for torch, and "
                "what should it be?",
                "torch.xlogy(p, p) is p·log p with 0 where p is 0; or take the logarithm of p clamped from "
                "below by a tiny number. Sum over the last axis.",
            ),
            check_predictive_entropy,
            ALL_ENTROPY_MISCONCEPTIONS,
        ),
        Part(
            "9.3",
            "mutual_information",
            25,
            "logits",
            (
                "Two entropies: that of the mean prediction, and the mean of the passes' own. Which is the "
                "larger?",
                "Compute the probabilities (S, B, K) once; then H of their mean over the passes, less the "
                "mean over the passes of H.",
            ),
            Exact(
                "mutual_information",
                mutual_information,
                logit_cases,
                outputs=("the information",),
                gradients=_where_smooth,
                misconceptions=ALL_INFORMATION_MISCONCEPTIONS,
            ),
            ALL_INFORMATION_MISCONCEPTIONS,
        ),
        Part(
            "9.4",
            "calibration_error",
            30,
            "probabilities, labels, bins",
            (
                "Of each row you need two numbers: its top probability, and whether the class that has it is "
                "the label.",
                "For each bin: the share of its rows among all, times the absolute difference of its "
                "accuracy and its mean top probability. Empty bins add nothing. Mind which edge a bin "
                "holds.",
            ),
            check_calibration_error,
            CALIBRATION_MISCONCEPTIONS,
        ),
    ),
)
