"""Right and wrong answers to 9.2."""

import math

import torch
from bank import Bank
from lesson_09_uncertainty._shared import bits

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def xlogy(probabilities):
    return -torch.xlogy(probabilities, probabilities).sum(-1)


@bank.right
def entr(probabilities):
    return torch.special.entr(probabilities).sum(dim=1)


@bank.right
def clamped(probabilities):
    return -(probabilities * probabilities.clamp_min(1e-12).log()).sum(-1)


@bank.right
def tiny_epsilon(probabilities):
    return -torch.sum(probabilities * torch.log(probabilities + 1e-12), dim=-1)


@bank.right
def where_positive(probabilities):
    safe = torch.where(probabilities > 0, probabilities, torch.ones_like(probabilities))
    return -(probabilities * safe.log()).sum(-1)


@bank.right
def row_by_row(probabilities):
    rows = []
    for row in probabilities:
        p = row[row > 0]
        rows.append(-(p * p.log()).sum())
    return torch.stack(rows)


@bank.right
def by_distribution(probabilities):
    return torch.distributions.Categorical(probs=probabilities).entropy()


@bank.right
def bits_to_nats(probabilities):
    return -(probabilities * probabilities.clamp(min=1e-30).log2()).sum(-1) * math.log(2)


for slug, answer in (
    ("log-base-2", bits),
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
    ("rows-with-zero-lost", lambda p: (-(p * p.log()).sum(-1)).nan_to_num(0.0)),
    ("shifted-by-epsilon", lambda p: -(p * (p + 1e-3).log()).sum(-1)),
    (None, lambda p: -(p * p.clamp_min(1e-2).log()).sum(-1)),
    ("axis-lost-or-added", lambda p: entr(p).squeeze()),
    ("axis-lost-or-added", lambda p: entr(p).unsqueeze(-1)),
    ("gradient-cut", lambda p: entr(p.detach())),
    ("gradient-cut", lambda p: -(p.detach() * p.clamp_min(1e-30).log()).sum(-1)),
    (
        "needs-contiguous",
        lambda p: entr(p.contiguous().view(-1).view(p.shape)) if p.view(-1) is not None else 0,
    ),
    ("imprecise", lambda p: entr(p.float()).to(p.dtype)),
    ("dtype-changed", lambda p: entr(p.float())),
    ("changes-input", lambda p: entr(p.clamp_(min=1e-12))),
):
    bank.wrong(slug)(lambda probabilities, answer=answer: answer(probabilities))


@bank.wrong("entropy-of-each-class")
def binary(probabilities):
    p = probabilities
    return (torch.special.entr(p) + torch.special.entr(1 - p)).sum(-1)


@bank.wrong("shifted-by-epsilon")
def large_epsilon(probabilities):
    return -torch.sum(probabilities * torch.log(probabilities + 0.001), dim=1)


@bank.wrong("rows-with-zero-lost")
def zero_after_the_sum(probabilities):
    return torch.nan_to_num(-(probabilities * probabilities.log()).sum(-1))
