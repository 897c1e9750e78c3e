"""Right and wrong answers to 9.4."""

import itertools
import math

import numpy as np
import torch
import torch.nn.functional as F
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def loop_over_bins(probabilities, labels, bins):
    top, guess = probabilities.max(-1)
    error = 0.0
    for k in range(bins):
        inside = (top > k / bins) & (top <= (k + 1) / bins)
        if inside.any():
            accuracy = (guess[inside] == labels[inside]).double().mean()
            error += inside.double().mean() * (accuracy - top[inside].double().mean()).abs()
    return float(error)


@bank.right
def by_ceiling(probabilities, labels, bins):
    top, guess = probabilities.max(dim=1)
    place = torch.ceil(top * bins).long() - 1
    gap = torch.zeros(bins, dtype=probabilities.dtype)
    gap.index_add_(0, place, (guess == labels).to(top.dtype) - top)
    return gap.abs().sum().item() / len(labels)


@bank.right
def bucketized(probabilities, labels, bins):
    top = probabilities.amax(-1)
    right = probabilities.argmax(-1).eq(labels)
    edges = torch.linspace(0, 1, bins + 1, dtype=top.dtype)
    place = torch.bucketize(top.contiguous(), edges) - 1
    sums = torch.bincount(place, weights=right.to(top.dtype) - top, minlength=bins)
    return float(sums.abs().sum() / top.numel())


@bank.right
def accuracy_in_float32(probabilities, labels, bins):
    top, guess = probabilities.max(-1)
    hits = (guess == labels).float()
    error = torch.zeros(1)
    for lower, upper in zip(torch.arange(bins) / bins, torch.arange(1, bins + 1) / bins, strict=True):
        inside = top.gt(lower.item()) * top.le(upper.item())
        if inside.sum() > 0:
            error += (top[inside].mean() - hits[inside].mean()).abs() * inside.float().mean()
    return error.item()


@bank.right
def in_numpy(probabilities, labels, bins):
    p, y = probabilities.numpy(), labels.numpy()
    top, right = p.max(1), p.argmax(1) == y
    place = np.digitize(top, np.linspace(0, 1, bins + 1), right=True)
    return sum(
        np.mean(place == k) * abs(right[place == k].mean() - top[place == k].mean()) for k in np.unique(place)
    )


@bank.right
def row_by_row_in_python(probabilities, labels, bins):
    rows = {}
    for p, y in zip(probabilities.tolist(), labels.tolist(), strict=True):
        top = max(p)
        rows.setdefault(math.ceil(top * bins), []).append((float(p.index(top) == y), top))
    n = sum(map(len, rows.values()))
    return sum(abs(sum(r - t for r, t in its)) for its in rows.values()) / n


def _ece(place=None, combine=None, confidence=None, middle=False):
    def answer(probabilities, labels, bins):
        p = probabilities.double()
        top = p.max(1).values if confidence is None else confidence(p, labels)
        right = (p.argmax(1) == labels).double()
        where = (torch.ceil(top * bins) - 1 if place is None else place(top, bins)).long()
        total, terms = len(labels), []
        for k in range(bins):
            inside = where == k
            if inside.any():
                mean = (k + 0.5) / bins if middle else top[inside].mean()
                terms.append((int(inside.sum()) / total, float(right[inside].mean() - mean)))
        return float(sum(w * abs(g) for w, g in terms) if combine is None else combine(terms, bins))

    return answer


for slug, answer in (
    ("bins-left-closed", _ece(place=lambda top, bins: (top * bins).floor().clamp(max=bins - 1))),
    ("bins-left-closed", _ece(place=lambda top, bins: (top * bins).floor())),
    (
        "bins-left-closed",
        _ece(place=lambda top, bins: torch.from_numpy(np.digitize(top, np.linspace(0, 1, bins + 1)[1:-1]))),
    ),
    ("bins-not-weighted", _ece(combine=lambda terms, bins: sum(abs(g) for _, g in terms) / len(terms))),
    ("bins-not-weighted", _ece(combine=lambda terms, bins: sum(abs(g) for _, g in terms) / bins)),
    ("gaps-cancel", _ece(combine=lambda terms, bins: sum(w * g for w, g in terms))),
    ("one-bin", lambda p, y, bins: _ece()(p, y, 1)),
    (
        "one-bin",
        lambda p, y, bins: abs(float((p.argmax(1) == y).double().mean() - p.amax(1).double().mean())),
    ),
    ("largest-gap", _ece(combine=lambda terms, bins: max(abs(g) for _, g in terms))),
    ("squared-gaps", _ece(combine=lambda terms, bins: sum(w * g * g for w, g in terms))),
    ("squared-gaps", _ece(combine=lambda terms, bins: math.sqrt(sum(w * g * g for w, g in terms)))),
    ("middle-for-confidence", _ece(middle=True)),
    ("labels-probability", _ece(confidence=lambda p, y: p[torch.arange(len(y)), y])),
    ("accuracy-not-confidence", lambda p, y, bins: float((p.argmax(1) == y).double().mean())),
    ("error-in-percent", lambda p, y, bins: 100 * _ece()(p, y, bins)),
    ("tensor-for-number", lambda p, y, bins: torch.tensor(_ece()(p, y, bins))),
    ("edge-case", lambda p, y, bins: _ece()(p, y, 10)),
    (None, lambda p, y, bins: _ece()(p, y, 15)),
    ("bins-miscounted", lambda p, y, bins: _ece()(p, y, bins + 1)),
    ("imprecise", lambda p, y, bins: round(_ece()(p, y, bins), 3)),
    (None, lambda p, y, bins: _ece()(p.softmax(1), y, bins)),
    (
        "remembers-earlier-call",
        lambda p, y, bins: _ece(combine=lambda terms, b: sum(w * abs(g) for w, g in terms[:-1]))(p, y, bins),
    ),
):
    bank.wrong(slug)(lambda probabilities, labels, bins, answer=answer: answer(probabilities, labels, bins))


@bank.wrong("bins-of-equal-counts")
def quantile_bins(probabilities, labels, bins):
    top, guess = probabilities.double().max(1)
    order = torch.sort(top).indices
    gaps = ((guess == labels).double() - top)[order]
    return sum(abs(float(chunk.sum())) for chunk in gaps.tensor_split(bins)) / len(gaps)


@bank.wrong("not-finite")
def empty_bins_are_nan(probabilities, labels, bins):
    top, guess = probabilities.double().max(1)
    error = 0.0
    for k in range(bins):
        inside = (top > k / bins) & (top <= (k + 1) / bins)
        gap = (guess[inside] == labels[inside]).double().mean() - top[inside].mean()
        error += float(inside.double().mean() * gap.abs())
    return error


@bank.wrong("changes-input")
def labels_in_place(probabilities, labels, bins):
    value = loop_over_bins(probabilities, labels, bins)
    labels.add_(1)
    return value


@bank.wrong("changes-input")
def probabilities_in_place(probabilities, labels, bins):
    value = loop_over_bins(probabilities, labels, bins)
    probabilities.mul_(0.5)
    return value


@bank.wrong("needs-contiguous")
def needs_contiguous(probabilities, labels, bins):
    return loop_over_bins(probabilities.view(-1).view(probabilities.shape), labels, bins)


_seen = {}


@bank.wrong()
def remembers_by_shape(probabilities, labels, bins):
    return _seen.setdefault(
        (probabilities.dtype, *probabilities.shape, bins), loop_over_bins(probabilities, labels, bins)
    )


@bank.wrong("bins-over-part")
def bins_from_minimum(probabilities, labels, bins):
    top, guess = probabilities.max(1)
    ok = (guess == labels).to(top.dtype)
    edges = torch.linspace(float(top.min()), float(top.max()), bins + 1, dtype=top.dtype)
    which = (torch.bucketize(top, edges) - 1).clamp(0, bins - 1)
    err = 0.0
    for k in which.unique():
        m = which == k
        err += (m.sum() / len(top) * (ok[m].mean() - top[m].mean()).abs()).item()
    return err


@bank.wrong("all-classes-binned")
def every_probability(probabilities, labels, bins):
    p = probabilities.double().flatten()
    hit = torch.nn.functional.one_hot(labels, probabilities.shape[1]).double().flatten()
    total = 0.0
    for k in range(bins):
        inside = (p > k / bins) & (p <= (k + 1) / bins)
        if inside.any():
            total += float(inside.double().mean() * (hit[inside].mean() - p[inside].mean()).abs())
    return total


@bank.wrong("other-score")
def brier(probabilities, labels, bins):
    target = F.one_hot(labels, probabilities.shape[1]).to(probabilities.dtype)
    return ((probabilities - target) ** 2).sum(1).mean().item()


@bank.wrong("error-in-percent")
def calibration_in_percent_loop(probabilities, labels, bins):
    top, answer = probabilities.max(dim=-1)
    right = (answer == labels).to(probabilities.dtype)
    n = len(labels)
    error = 0.0
    for k in range(bins):
        inside = (top > k / bins) & (top <= (k + 1) / bins)
        if inside.any():
            gap = (right[inside].mean() - top[inside].mean()).abs().item()
            error += inside.sum().item() / n * gap
    return 100 * error


@bank.wrong("error-in-percent")
def calibration_in_percent_bucketize(probabilities, labels, bins):
    confidence = probabilities.amax(dim=1)
    hit = probabilities.argmax(dim=1).eq(labels).to(confidence.dtype)
    inner_edges = torch.arange(1, bins, dtype=confidence.dtype, device=confidence.device) / bins
    where = torch.bucketize(confidence.contiguous(), inner_edges)
    gaps = confidence.new_zeros(bins).index_add(0, where, hit - confidence)
    return float(gaps.abs().sum() * 100.0 / labels.numel())


@bank.wrong("bins-miscounted")
def calibration_linspace_one_bin_short(probabilities, labels, bins):
    top, answer = probabilities.max(dim=1)
    right = (answer == labels).to(top.dtype)
    edges = torch.linspace(0, 1, bins, dtype=top.dtype)
    error = 0.0
    for low, high in itertools.pairwise(edges):
        inside = (top > low) & (top <= high)
        count = int(inside.sum())
        if count == 0:
            continue
        accuracy = right[inside].mean()
        confidence = top[inside].mean()
        error += count / len(top) * abs(float(accuracy - confidence))
    return float(error)


@bank.wrong("bins-miscounted")
def calibration_one_bin_too_many(probabilities, labels, bins):
    conf = torch.amax(probabilities, -1)
    good = (torch.argmax(probabilities, -1) == labels).to(conf.dtype)
    number = bins + 1
    upper = torch.arange(1, number + 1, dtype=conf.dtype, device=conf.device) / number
    index = (conf[:, None] > upper[None, :-1]).sum(dim=1)
    member = F.one_hot(index, number).to(conf.dtype)
    count = member.sum(0)
    accuracy = good @ member / count.clamp(min=1)
    confidence = conf @ member / count.clamp(min=1)
    return ((count / count.sum()) * (accuracy - confidence).abs()).sum().item()
