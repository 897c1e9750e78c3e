"""9.4 Is it as unsure as it should be?

Longer than other parts: bins, their edges, weights and means can each be mistaken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Answer
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import Exact
from recdrop_lessons.checks.lessons.lesson_09_uncertainty.predictive_entropy import softmax
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.parts import Outcome, Part
from recdrop_lessons.checks.recognise import Silent


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
    """The expected calibration error over equal-width bins of the top probability.

    Args:
        probabilities: of each example and class, (B, K).
        labels: the right class of each example, int64, (B,).
        bins: the number of bins, an int of at least 1.

    Returns:
        The error, a float between 0 and 1.
    """
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


def _all_classes(zeros: bool) -> Callable[..., float]:
    """Every probability is sorted into a bin, with whether its class is the label; zeros perhaps not."""

    def place(top: Tensor, bins: int) -> Tensor:
        return right_closed(top, bins).where((top > 0) | zeros, bins)

    def mistake(probabilities: Tensor, labels: Tensor, bins: int) -> float:
        each = probabilities.reshape(-1, 1)
        wrong = 1 - torch.nn.functional.one_hot(labels, probabilities.shape[1]).flatten()
        return calibration_error(each, wrong, bins, place=place)  # of one class, 0 is the right label

    return mistake


def _brier(probabilities: Tensor, labels: Tensor, bins: int, mean: bool) -> float:
    right = torch.nn.functional.one_hot(labels, probabilities.shape[1])
    squares = (probabilities - right).square()
    return float(squares.mean() if mean else squares.sum(1).mean())


def _from_least(top: Tensor, bins: int) -> Tensor:
    """Bins between the smallest and the largest top probability."""
    scaled = (top - top.min()) / (top.max() - top.min()).clamp(min=1e-12)
    return right_closed(scaled, bins)


def _above_guess(top: Tensor, bins: int) -> Tensor:
    """Bins between 1/2 and 1."""
    return right_closed(2 * top - 1, bins).clamp(min=0)


def _one_bin_less(probabilities: Tensor, labels: Tensor, bins: int) -> float:
    """As with `bins` edges: where one bin is asked for, none is left, and an answer may do anything."""
    if bins == 1:
        raise Silent
    return calibration_error(probabilities, labels, bins - 1)


MISCONCEPTIONS = (
    Misconception(
        "bins-left-closed",
        "Your bins hold their lower edge and not their upper one. A bin is (k/bins, (k+1)/bins]: a top "
        "probability on an edge belongs to the bin below, and 1.0 to the last.",
        "Take two bins and a top probability of exactly 0.5. Into which of them does the text put it? And "
        "a 1.0?",
        partial(calibration_error, place=_left_closed),
        partial(calibration_error, place=_left_closed_without_one),
    ),
    Misconception(
        "bins-not-weighted",
        "You do not weigh the bins by what they hold. Each has the weight n_b/n.",
        "Put 99 examples into one bin and one into another. Should both count alike?",
        partial(calibration_error, combine=lambda gap, share: gap.abs().sum() / (share > 0).sum()),
        partial(calibration_error, combine=lambda gap, share: gap.abs().mean()),
        partial(calibration_error, combine=lambda gap, share: gap.abs().sum()),
    ),
    Misconception(
        "gaps-cancel",
        "You leave out the absolute value, so too much confidence in one bin cancels too little in another.",
        "Take one bin that is sure by 0.1 too much and one that is sure by 0.1 too little. Should the "
        "error be 0?",
        partial(calibration_error, combine=lambda gap, share: (share * gap).sum()),
        partial(calibration_error, combine=lambda gap, share: -(share * gap).sum()),
    ),
    Misconception(
        "one-bin",
        "You compare the mean accuracy with the mean confidence, without bins. Over- and underconfidence "
        "then cancel.",
        "Search your function for `bins`. What depends on it?",
        partial(calibration_error, place=_all_bins),
    ),
    Misconception(
        "largest-gap",
        "You return the largest gap of any bin: that is the maximum calibration error. The expected one is "
        "the weighted mean.",
        "Take two bins with the gaps 0.1 and 0.3. Should the result lie between them?",
        partial(calibration_error, combine=lambda gap, share: gap.abs().max()),
    ),
    Misconception(
        "squared-gaps",
        "You square the gaps. The calibration error is a mean of absolute gaps.",
        "Take one bin with a gap of 0.1. What should come out?",
        partial(calibration_error, combine=lambda gap, share: (share * gap**2).sum()),
        partial(calibration_error, combine=lambda gap, share: (share * gap**2).sum().sqrt()),
    ),
    Misconception(
        "middle-for-confidence",
        "You take each bin's middle for its confidence. It is the mean of the top probabilities that lie in "
        "the bin.",
        "Put three examples of 0.81 into the bin from 0.8 to 0.9. What is their mean confidence?",
        partial(calibration_error, middle=True),
    ),
    Misconception(
        "labels-probability",
        "You look at the probability of the right class. Confidence is the top probability, whether it is "
        "right or not.",
        "A model says 0.9 for class 1, and the label is class 0. How confident was it?",
        partial(
            calibration_error,
            confidence=lambda probabilities, labels: probabilities.gather(1, labels[:, None]).squeeze(1),
        ),
    ),
    Misconception(
        "bins-of-equal-counts",
        "Your bins hold equally many examples. Here they are equally wide.",
        "Print the edges of your bins. Do they depend on the examples?",
        _equal_counts,
    ),
    Misconception(
        "accuracy-not-confidence",
        "You return another number than the gap between accuracy and confidence.",
        "Take one bin by hand: which two numbers of it are compared?",
        lambda probabilities, labels, bins: float((probabilities.argmax(-1) == labels).double().mean()),
        lambda probabilities, labels, bins: 1 - float((probabilities.argmax(-1) == labels).double().mean()),
        lambda probabilities, labels, bins: 1 - calibration_error(probabilities, labels, bins),
    ),
    Misconception(
        "error-in-percent",
        "Your error is in percent. Return the fraction: a float between 0 and 1.",
        "Take one bin with the accuracy 0.9 and the confidence 0.8. What should come out?",
        lambda probabilities, labels, bins: 100 * calibration_error(probabilities, labels, bins),
    ),
    Misconception(
        "other-score",
        "You compute the Brier score or the log-likelihood, which judge each example. The calibration error "
        "compares the accuracy of each bin with its mean confidence.",
        "Give all examples the probability 0.8 and let 80 % of them be right. The calibration error should "
        "be 0. Is yours?",
        partial(_brier, mean=False),
        partial(_brier, mean=True),
        lambda probabilities, labels, bins: float(
            -probabilities.gather(1, labels[:, None]).clamp(min=1e-12).log().mean()
        ),
    ),
    Misconception(
        "all-classes-binned",
        "You sort every probability into a bin. Each example counts once, by its top probability.",
        "How many numbers do you sort into bins: B, or B·K?",
        _all_classes(True),
        _all_classes(False),
    ),
    Misconception(
        "bins-over-part",
        "Your bins span a part of the range, such as from the smallest to the largest top probability. They "
        "have equal width from 0 to 1.",
        "Print the edges of your bins. Is the first 0 and the last 1, whatever the examples are?",
        partial(calibration_error, place=_from_least),
        partial(calibration_error, place=_above_guess),
    ),
    Misconception(
        "bins-miscounted",
        "You have another number of bins than `bins`: n bins have n + 1 edges.",
        "Print the edges of your bins for bins = 4. How many numbers are there?",
        _one_bin_less,
        lambda probabilities, labels, bins: calibration_error(probabilities, labels, bins + 1),
    ),
)


def off_the_edges(draw: Draw, B: int, K: int, bins: int) -> tuple[Tensor, Tensor]:
    """Probabilities (B, K) whose top is unique and no nearer than 1e-4 to a bin's edge, and labels (B,).

    So no rounding decides the bin of an example; edges are tested in cases of their own, where all is exact.
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
        probabilities, labels = off_the_edges(draw, B, K, bins)
        given = {"probabilities": probabilities, "labels": labels, "bins": bins}
        yield Case(f"B={B}, K={K}, bins={bins}", given)
    # Halves, quarters and eighths are exact in any dtype, so their bins are certain.
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
    for last, said in ((1, "and right"), (draw.choice([0, 2]), "one wrong")):
        given = {"probabilities": certain, "labels": torch.tensor([0, 1, 2, last]), "bins": 8}
        yield Case(f"all certain, {said}", given)
    yield Case(
        "K=1", {"probabilities": torch.ones(3, 1).double(), "labels": torch.zeros(3).long(), "bins": 5}
    )


_check_errors = Exact(
    "calibration_error",
    calibration_error,
    calibration_cases,
    outputs=("the error",),
    misconceptions=MISCONCEPTIONS,
    tolerance={torch.float32: 1e-4, torch.float64: 1e-6},
)


def check_calibration_error(answer: Answer, seed: int) -> Outcome:
    """As any exact part, but the result is a number: accuracies may be averaged in float32."""
    return _check_errors(answer, seed)


PART = Part(
    "9.4",
    calibration_error,
    points=30,
    hints=(
        "Of each example you need two numbers: its top probability, and whether the class that has it is "
        "the label.",
        "Sort the examples by the first number into bins. What are the two means of a bin that should be "
        "alike? Mind which edge a bin holds.",
        "ECE = Σ n_b/n·|accuracy_b - confidence_b| over the bins b, which hold n_b of n examples. A bin's "
        "accuracy is the fraction of its right answers, its confidence the mean of its top probabilities.",
    ),
    check=check_calibration_error,
    misconceptions=MISCONCEPTIONS,
)
