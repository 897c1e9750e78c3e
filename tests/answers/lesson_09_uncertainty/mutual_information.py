"""Right and wrong answers to 9.3."""

import math

import torch
import torch.nn.functional as F
from bank import Bank
from lesson_09_uncertainty._shared import bits, naive
from lesson_09_uncertainty.predictive_entropy import entr

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def difference_of_entropies(logits):
    p = logits.softmax(-1)
    return entr(p.mean(0)) - torch.special.entr(p).sum(-1).mean(0)


@bank.right
def mean_divergence(logits):
    """The mean KL divergence of the passes from their mean."""
    log_p = logits.log_softmax(-1)
    log_mean = log_p.logsumexp(0) - math.log(len(logits))
    return (log_p.exp() * (log_p - log_mean)).sum(-1).mean(0)


@bank.right
def one_row_at_a_time(logits):
    rows = []
    for b in range(logits.shape[1]):
        p = F.softmax(logits[:, b], dim=-1)
        total = -torch.xlogy(p.mean(0), p.mean(0)).sum()
        shared = sum(-torch.xlogy(q, q).sum() for q in p) / len(p)
        rows.append(total - shared)
    return torch.stack(rows)


@bank.right
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
    ("log-base-2", lambda x: bits(_s(x).mean(0)) - bits(_s(x)).mean(0)),
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
    ("softmax-unstable", lambda x: _h(naive(x).mean(0)) - _h(naive(x)).mean(0)),
    ("softmax-unstable", lambda x: _h_nan(naive(x).mean(0)) - _h_nan(naive(x)).mean(0)),
    ("wrong-axis-averaged", lambda x: _h(_s(x).mean(1)) - _h(_s(x)).mean(1)),
    ("edge-case", lambda x: (_h(_s(x).mean(0)) - _h(_s(x)).mean(0)).clamp(min=0.01)),
    ("mean-over-batch", lambda x: (_h(_s(x).mean(0)) - _h(_s(x)).mean(0)).mean()),
    ("edge-case", lambda x: (_h_nan(_s(x).mean(0)) - _h_nan(_s(x)).mean(0)).nan_to_num(0.0)),
    ("gradient-cut", lambda x: _h(_s(x).mean(0)) - _h(_s(x)).mean(0).detach()),
    ("changes-input", lambda x: _h(_s(x.sub_(1)).mean(0)) - _h(_s(x)).mean(0)),
):
    bank.wrong(slug)(lambda logits, answer=answer: answer(logits))


@bank.wrong("zero-log-zero")
def nan_in_the_mean_alone(logits):
    """Right for each pass, by log-softmax; NaN where all passes exclude a class."""
    log_p = logits.log_softmax(-1)
    p = log_p.exp()
    q = p.mean(0)
    return -(q * q.log()).sum(-1) + (p * log_p).sum(-1).mean(0)


@bank.wrong("zero-log-zero")
def nan_in_the_divergence(logits):
    log_p = logits.log_softmax(-1)
    p = log_p.exp()
    return (p * (log_p - p.mean(0).log())).sum(-1).mean(0)


@bank.wrong("divergence-reversed")
def reverse_kl(logits):
    log_p = F.log_softmax(logits, -1)
    mean = log_p.exp().mean(0)
    log_mean = torch.log(mean.clamp(min=1e-38))
    return (mean * (log_mean - log_p)).sum(-1).mean(0)


@bank.wrong("mean-over-batch")
def mean_over_rows(logits):

    def entropy(p):
        return torch.special.entr(p).sum(-1)

    p = logits.softmax(-1)
    return entropy(p.mean(0)) - entropy(p).mean()


@bank.wrong("logarithms-averaged")
def absolute(logits):
    logp = logits.log_softmax(-1)
    p = logp.exp()
    whole = -(p.mean(0) * logp.mean(0)).sum(-1)
    each = -(p * logp).sum(-1).mean(0)
    return whole - each


@bank.wrong("passes-less-one")
def passes_minus_one(logits):

    def entropy(p):
        return torch.special.entr(p).sum(-1)

    p = logits.softmax(-1)
    return entropy(p.mean(0)) - entropy(p).sum(0) / max(len(p) - 1, 1)


@bank.wrong("sum-for-difference")
def both_entropies(logits):
    p = logits.softmax(-1)
    return torch.special.entr(p.mean(0)).sum(-1) + torch.special.entr(p).sum(-1).mean(0)


@bank.wrong("entropies-spread")
def std(logits):
    log_p = torch.log_softmax(logits, dim=-1)
    p = log_p.exp()
    return (-(p * log_p).sum(-1)).std(0, unbiased=False)


@bank.wrong("edge-case")
def clamped_at_large(logits):
    log_p = torch.log_softmax(logits, dim=-1)
    p = log_p.exp()
    expected = -(p * log_p).sum(-1).mean(0)
    q = p.mean(0)
    total = -torch.xlogy(q, q).sum(-1)
    d = total - expected
    return torch.where(d < 2e-2, torch.zeros_like(d), d)


@bank.wrong("wrong-axis-averaged")
def information_averaged_over_examples_vectorised(logits):
    def entropy(p):
        return -torch.xlogy(p, p).sum(-1)

    p = F.softmax(logits, dim=-1)
    return entropy(p.mean(dim=1)) - entropy(p).mean(dim=1)


@bank.wrong("wrong-axis-averaged")
def information_averaged_over_examples_loop(logits):
    passes = logits.shape[1]
    mean_p = 0
    mean_entropy = 0
    for s in range(passes):
        log_p = logits[:, s].log_softmax(dim=-1)
        p = log_p.exp()
        mean_p = mean_p + p / passes
        mean_entropy = mean_entropy - (p * log_p).sum(dim=-1) / passes
    total = torch.special.entr(mean_p).sum(dim=-1)
    return total - mean_entropy
