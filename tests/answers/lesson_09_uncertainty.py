"""Right and wrong answers of lesson 09."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


def _naive(logits):
    return logits.exp() / logits.exp().sum(-1, keepdim=True)


# ---------------------------------------------------------------- 9.1


@bank.right("9.1")
def mean_of_softmax(logits):
    return torch.softmax(logits, dim=2).mean(dim=0)


@bank.right("9.1")
def pass_by_pass(logits):
    total = torch.zeros_like(logits[0])
    for one in logits:
        total = total + F.softmax(one, dim=-1)
    return total / len(logits)


@bank.right("9.1")
def by_hand(logits):
    exps = (logits - logits.amax(-1, keepdim=True)).exp()
    return torch.einsum("sbk,sb->bk", exps, 1 / exps.sum(-1)) / logits.shape[0]


@bank.right("9.1")
def in_log_space(logits):
    return (logits.log_softmax(-1).logsumexp(0) - math.log(logits.size(0))).exp()


for slug, answer in (
    ("log-probabilities-averaged", lambda logits: logits.mean(0).softmax(-1)),
    ("log-probabilities-averaged", lambda logits: logits.log_softmax(-1).mean(0).softmax(-1)),
    ("log-probabilities-averaged", lambda logits: logits.log_softmax(-1).mean(0).exp()),
    ("logits-returned", lambda logits: logits.mean(0)),
    ("logits-returned", lambda logits: logits.log_softmax(-1).mean(0)),
    ("logits-returned", lambda logits: logits.softmax(-1).mean(0).log()),
    ("softmax-axis", lambda logits: logits.softmax(0).mean(0)),
    ("softmax-axis", lambda logits: logits.softmax(1).mean(0)),
    ("wrong-axis-averaged", lambda logits: logits.softmax(-1).mean(1)),
    ("wrong-axis-averaged", lambda logits: logits.softmax(-1).mean(-1)),
    ("one-pass-only", lambda logits: logits[0].softmax(-1)),
    ("one-pass-only", lambda logits: logits[-1].softmax(-1)),
    ("sum-for-mean", lambda logits: logits.softmax(-1).sum(0)),
    (
        "votes-counted",
        lambda logits: F.one_hot(logits.argmax(-1), logits.shape[-1]).to(logits.dtype).mean(0),
    ),
    ("median-for-mean", lambda logits: logits.softmax(-1).median(dim=0)[0]),
    ("softmax-twice", lambda logits: logits.softmax(-1).mean(0).softmax(-1)),
    ("sigmoid-for-softmax", lambda logits: logits.sigmoid().mean(0)),
    ("softmax-unstable", lambda logits: _naive(logits).mean(0)),
    ("log-probabilities-averaged", lambda logits: _naive(logits.mean(0))),
    ("gradient-cut", lambda logits: torch.from_numpy(logits.detach().softmax(-1).numpy().mean(0))),
    ("dtype-changed", lambda logits: logits.float().softmax(-1).mean(0)),
    (None, lambda logits: logits.softmax(-1).mean(0).squeeze(0)),
    (None, lambda logits: logits.softmax(-1).mean(0, keepdim=True)),
    ("softmax-unstable", lambda logits: _naive(logits - logits.max()).mean(0)),
    (None, lambda logits: _naive(logits.clamp(-20, 20)).mean(0)),
    (None, lambda logits: logits.softmax(-1)[:4].mean(0)),
    (None, lambda logits: logits.softmax(-1).sum(0) / 4),
    ("changes-input", lambda logits: logits.sub_(logits.amax(-1, keepdim=True)).softmax(-1).mean(0)),
):
    bank.wrong("9.1", slug)(answer)


# ---------------------------------------------------------------- 9.2


@bank.right("9.2")
def xlogy(probabilities):
    return -torch.xlogy(probabilities, probabilities).sum(-1)


@bank.right("9.2")
def entr(probabilities):
    return torch.special.entr(probabilities).sum(dim=1)


@bank.right("9.2")
def clamped(probabilities):
    return -(probabilities * probabilities.clamp_min(1e-12).log()).sum(-1)


@bank.right("9.2")
def tiny_epsilon(probabilities):
    return -torch.sum(probabilities * torch.log(probabilities + 1e-12), dim=-1)


@bank.right("9.2")
def where_positive(probabilities):
    safe = torch.where(probabilities > 0, probabilities, torch.ones_like(probabilities))
    return -(probabilities * safe.log()).sum(-1)


@bank.right("9.2")
def row_by_row(probabilities):
    rows = []
    for row in probabilities:
        p = row[row > 0]
        rows.append(-(p * p.log()).sum())
    return torch.stack(rows)


@bank.right("9.2")
def by_distribution(probabilities):
    return torch.distributions.Categorical(probs=probabilities).entropy()


@bank.right("9.2")
def bits_to_nats(probabilities):
    return -(probabilities * probabilities.clamp(min=1e-30).log2()).sum(-1) * math.log(2)


def _bits(p):
    return -(p * torch.log2(p.clamp_min(1e-12))).sum(-1)


for slug, answer in (
    ("log-base-2", _bits),
    ("log-base-2", lambda p: -(p * p.log2()).sum(-1)),
    ("log-base-2", lambda p: -(p * p.clamp_min(1e-12).log10()).sum(-1)),
    ("entropy-normalised", lambda p: entr(p) / math.log(p.shape[-1])),
    ("sign-forgotten", lambda p: -entr(p)),
    ("mean-for-sum", lambda p: -torch.xlogy(p, p).mean(-1)),
    ("wrong-axis-summed", lambda p: -torch.xlogy(p, p).sum(0)),
    ("wrong-axis-summed", lambda p: -torch.xlogy(p, p).sum()),
    ("wrong-axis-summed", lambda p: -torch.xlogy(p, p)),
    ("wrong-axis-summed", lambda p: entr(p).mean()),
    ("p-forgotten", lambda p: -p.log().sum(-1)),
    ("p-forgotten", lambda p: -p.log().mean(-1)),
    ("not-entropy", lambda p: 1 - p.amax(-1)),
    ("not-entropy", lambda p: 1 - p.square().sum(-1)),
    ("softmax-twice", lambda p: entr(p.softmax(-1))),
    ("zero-log-zero", lambda p: -(p * p.log()).sum(-1)),
    ("zero-log-zero", lambda p: (p * (1 / p).log()).sum(-1).where(p.min(-1).values > 0, torch.nan)),
    (None, lambda p: (-(p * p.log()).sum(-1)).nan_to_num(0.0)),
    (None, lambda p: -(p * (p + 1e-3).log()).sum(-1)),
    (None, lambda p: -(p * p.clamp_min(1e-2).log()).sum(-1)),
    (None, lambda p: entr(p).squeeze()),
    (None, lambda p: entr(p).unsqueeze(-1)),
    ("gradient-cut", lambda p: entr(p.detach())),
    ("gradient-cut", lambda p: -(p.detach() * p.clamp_min(1e-30).log()).sum(-1)),
    (None, lambda p: entr(p.contiguous().view(-1).view(p.shape)) if p.view(-1) is not None else 0),
    (None, lambda p: entr(p.float()).to(p.dtype)),
    ("dtype-changed", lambda p: entr(p.float())),
    ("changes-input", lambda p: entr(p.clamp_(min=1e-12))),
):
    bank.wrong("9.2", slug)(lambda probabilities, answer=answer: answer(probabilities))


# ---------------------------------------------------------------- 9.3


@bank.right("9.3")
def difference_of_entropies(logits):
    p = logits.softmax(-1)
    return entr(p.mean(0)) - torch.special.entr(p).sum(-1).mean(0)


@bank.right("9.3")
def mean_divergence(logits):
    """The mean KL divergence of the passes from their mean."""
    log_p = logits.log_softmax(-1)
    log_mean = log_p.logsumexp(0) - math.log(len(logits))
    return (log_p.exp() * (log_p - log_mean)).sum(-1).mean(0)


@bank.right("9.3")
def one_row_at_a_time(logits):
    rows = []
    for b in range(logits.shape[1]):
        p = F.softmax(logits[:, b], dim=-1)
        total = -torch.xlogy(p.mean(0), p.mean(0)).sum()
        shared = sum(-torch.xlogy(q, q).sum() for q in p) / len(p)
        rows.append(total - shared)
    return torch.stack(rows)


@bank.right("9.3")
def by_categorical(logits):
    passes = torch.distributions.Categorical(logits=logits)
    mean = torch.distributions.Categorical(probs=passes.probs.mean(0))
    return mean.entropy() - passes.entropy().mean(0)


def _h(p):
    return -torch.xlogy(p, p).sum(-1)


def _h_nan(p):
    return -(p * p.log()).sum(-1)


def _s(logits):
    return logits.softmax(-1)


for slug, answer in (
    ("total-entropy", lambda x: _h(_s(x).mean(0))),
    ("expected-entropy", lambda x: _h(_s(x)).mean(0)),
    ("entropy-of-one-pass", lambda x: _h(_s(x).mean(0)) - _h(_s(x[0]))),
    ("entropy-of-one-pass", lambda x: _h(_s(x).mean(0)) - _h(_s(x))[-1]),
    ("sign-reversed", lambda x: _h(_s(x)).mean(0) - _h(_s(x).mean(0))),
    ("log-probabilities-averaged", lambda x: _h(_s(x.mean(0))) - _h(_s(x)).mean(0)),
    (
        "log-probabilities-averaged",
        lambda x: _h(_s(x.log_softmax(-1).mean(0))) - _h(_s(x)).mean(0),
    ),
    ("log-base-2", lambda x: _bits(_s(x).mean(0)) - _bits(_s(x)).mean(0)),
    ("softmax-axis", lambda x: _h(x.softmax(1).mean(0)) - _h(x.softmax(1)).mean(0)),
    ("softmax-axis", lambda x: _h(x.softmax(0).mean(0)) - _h(x.softmax(0)).mean(0)),
    ("softmax-forgotten", lambda x: _h(x.mean(0)) - _h(x).mean(0)),
    ("variance-for-information", lambda x: _s(x).var(0, unbiased=False).sum(-1)),
    ("variance-for-information", lambda x: ((_s(x) - _s(x).mean(0)) ** 2).sum(0).sum(-1) / (len(x) - 1)),
    ("sum-for-mean", lambda x: _h(_s(x).mean(0)) - _h(_s(x)).sum(0)),
    (
        "mean-for-sum",
        lambda x: (torch.special.entr(_s(x).mean(0)) - torch.special.entr(_s(x)).mean(0)).mean(-1),
    ),
    ("zero-log-zero", lambda x: _h_nan(_s(x).mean(0)) - _h_nan(_s(x)).mean(0)),
    ("softmax-unstable", lambda x: _h(_naive(x).mean(0)) - _h(_naive(x)).mean(0)),
    ("softmax-unstable", lambda x: _h_nan(_naive(x).mean(0)) - _h_nan(_naive(x)).mean(0)),
    (None, lambda x: _h(_s(x).mean(1)) - _h(_s(x)).mean(1)),
    (None, lambda x: (_h(_s(x).mean(0)) - _h(_s(x)).mean(0)).clamp(min=0.05)),
    (None, lambda x: (_h(_s(x).mean(0)) - _h(_s(x)).mean(0)).mean()),
    (None, lambda x: (_h_nan(_s(x).mean(0)) - _h_nan(_s(x)).mean(0)).nan_to_num(0.0)),
    ("gradient-cut", lambda x: _h(_s(x).mean(0)) - _h(_s(x)).mean(0).detach()),
    ("changes-input", lambda x: _h(_s(x.sub_(1)).mean(0)) - _h(_s(x)).mean(0)),
):
    bank.wrong("9.3", slug)(lambda logits, answer=answer: answer(logits))


# ---------------------------------------------------------------- 9.4


@bank.right("9.4")
def loop_over_bins(probabilities, labels, bins):
    top, guess = probabilities.max(-1)
    error = 0.0
    for k in range(bins):
        inside = (top > k / bins) & (top <= (k + 1) / bins)
        if inside.any():
            accuracy = (guess[inside] == labels[inside]).double().mean()
            error += inside.double().mean() * (accuracy - top[inside].double().mean()).abs()
    return float(error)


@bank.right("9.4")
def by_ceiling(probabilities, labels, bins):
    top, guess = probabilities.max(dim=1)
    place = torch.ceil(top * bins).long() - 1
    gap = torch.zeros(bins, dtype=probabilities.dtype)
    gap.index_add_(0, place, (guess == labels).to(top.dtype) - top)
    return gap.abs().sum().item() / len(labels)


@bank.right("9.4")
def bucketized(probabilities, labels, bins):
    top = probabilities.amax(-1)
    right = probabilities.argmax(-1).eq(labels)
    edges = torch.linspace(0, 1, bins + 1, dtype=top.dtype)
    place = torch.bucketize(top.contiguous(), edges) - 1
    sums = torch.bincount(place, weights=right.to(top.dtype) - top, minlength=bins)
    return float(sums.abs().sum() / top.numel())


@bank.right("9.4")
def accuracy_in_float32(probabilities, labels, bins):
    top, guess = probabilities.max(-1)
    hits = (guess == labels).float()
    error = torch.zeros(1)
    for lower, upper in zip(torch.arange(bins) / bins, torch.arange(1, bins + 1) / bins, strict=True):
        inside = top.gt(lower.item()) * top.le(upper.item())
        if inside.sum() > 0:
            error += (top[inside].mean() - hits[inside].mean()).abs() * inside.float().mean()
    return error.item()


@bank.right("9.4")
def in_numpy(probabilities, labels, bins):
    p, y = probabilities.numpy(), labels.numpy()
    top, right = p.max(1), p.argmax(1) == y
    place = np.digitize(top, np.linspace(0, 1, bins + 1), right=True)
    return sum(
        np.mean(place == k) * abs(right[place == k].mean() - top[place == k].mean()) for k in np.unique(place)
    )


@bank.right("9.4")
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
    ("accuracy-not-confidence", lambda p, y, bins: 100 * _ece()(p, y, bins)),
    (None, lambda p, y, bins: torch.tensor(_ece()(p, y, bins))),
    (None, lambda p, y, bins: _ece()(p, y, 10)),
    (None, lambda p, y, bins: _ece()(p, y, 15)),
    (None, lambda p, y, bins: _ece()(p, y, bins + 1)),
    (None, lambda p, y, bins: round(_ece()(p, y, bins), 3)),
    (None, lambda p, y, bins: _ece()(p.softmax(1), y, bins)),
    (
        None,
        lambda p, y, bins: _ece(combine=lambda terms, b: sum(w * abs(g) for w, g in terms[:-1]))(p, y, bins),
    ),
):
    bank.wrong("9.4", slug)(
        lambda probabilities, labels, bins, answer=answer: answer(probabilities, labels, bins)
    )


@bank.wrong("9.4", "bins-of-equal-counts")
def quantile_bins(probabilities, labels, bins):
    top, guess = probabilities.double().max(1)
    order = torch.sort(top).indices
    gaps = ((guess == labels).double() - top)[order]
    return sum(abs(float(chunk.sum())) for chunk in gaps.tensor_split(bins)) / len(gaps)


@bank.wrong("9.4")
def empty_bins_are_nan(probabilities, labels, bins):
    top, guess = probabilities.double().max(1)
    error = 0.0
    for k in range(bins):
        inside = (top > k / bins) & (top <= (k + 1) / bins)
        gap = (guess[inside] == labels[inside]).double().mean() - top[inside].mean()
        error += float(inside.double().mean() * gap.abs())
    return error


@bank.wrong("9.4", "changes-input")
def labels_in_place(probabilities, labels, bins):
    value = loop_over_bins(probabilities, labels, bins)
    labels.add_(1)
    return value


@bank.wrong("9.4", "changes-input")
def probabilities_in_place(probabilities, labels, bins):
    value = loop_over_bins(probabilities, labels, bins)
    probabilities.mul_(0.5)
    return value


@bank.wrong("9.4")
def needs_contiguous(probabilities, labels, bins):
    return loop_over_bins(probabilities.view(-1).view(probabilities.shape), labels, bins)


_seen = {}


@bank.wrong("9.4")
def remembers_by_shape(probabilities, labels, bins):
    return _seen.setdefault(
        (probabilities.dtype, *probabilities.shape, bins), loop_over_bins(probabilities, labels, bins)
    )
