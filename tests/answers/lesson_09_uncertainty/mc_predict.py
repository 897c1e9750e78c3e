"""Right and wrong answers to 9.1."""

import math

import torch
import torch.nn.functional as F
from bank import Bank
from lesson_09_uncertainty._shared import naive

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def mean_of_softmax(logits):
    return torch.softmax(logits, dim=2).mean(dim=0)


@bank.right
def pass_by_pass(logits):
    total = torch.zeros_like(logits[0])
    for one in logits:
        total = total + F.softmax(one, dim=-1)
    return total / len(logits)


@bank.right
def by_hand(logits):
    exps = (logits - logits.amax(-1, keepdim=True)).exp()
    return torch.einsum("sbk,sb->bk", exps, 1 / exps.sum(-1)) / logits.shape[0]


@bank.right
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
    ("softmax-unstable", lambda logits: naive(logits).mean(0)),
    ("log-probabilities-averaged", lambda logits: naive(logits.mean(0))),
    ("gradient-cut", lambda logits: torch.from_numpy(logits.detach().softmax(-1).numpy().mean(0))),
    ("dtype-changed", lambda logits: logits.float().softmax(-1).mean(0)),
    ("axis-lost-or-added", lambda logits: logits.softmax(-1).mean(0).squeeze(0)),
    ("axis-lost-or-added", lambda logits: logits.softmax(-1).mean(0, keepdim=True)),
    ("softmax-unstable", lambda logits: naive(logits - logits.max()).mean(0)),
    ("edge-case", lambda logits: naive(logits.clamp(-20, 20)).mean(0)),
    (None, lambda logits: logits.softmax(-1)[:4].mean(0)),
    ("constant-factor", lambda logits: logits.softmax(-1).sum(0) / 9),  # no input has 9 passes
    ("changes-input", lambda logits: logits.sub_(logits.amax(-1, keepdim=True)).softmax(-1).mean(0)),
):
    bank.wrong(slug)(answer)


@bank.wrong("running-average")
def running_average(logits):
    p = logits[0].softmax(-1)
    for l in logits[1:]:
        p = (p + l.softmax(-1)) / 2
    return p
