"""Right and wrong answers to 2.3."""

import math

import torch
import torch.nn.functional as F
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def closed_form(x, p):
    return x, x**2 * p / (1 - p)


@bank.right
def from_two_values(x, p):
    kept = x / (1 - p)
    mean = (1 - p) * kept + p * torch.zeros_like(x)
    second = (1 - p) * kept**2
    return mean, second - mean**2


@bank.right
def deviations(x, p):
    mean = x.clone()
    return [mean, p * mean**2 + (1 - p) * (x / (1 - p) - mean) ** 2]


@bank.right
def by_std(x, p):
    return x * 1.0, (x * math.sqrt(p / (1 - p))).square()


@bank.wrong("variance-kept")
def no_variance(x, p):
    return x, torch.zeros_like(x)


@bank.wrong("no-rescale")
def plain_mask(x, p):
    return x * (1 - p), x**2 * p * (1 - p)


@bank.wrong("no-rescale")
def bernoulli_variance(x, p):
    return x, x * x * p * (1 - p)


@bank.wrong("no-rescale")
def bernoulli_mean(x, p):
    return x * (1 - p), x * x * p / (1 - p)


@bank.wrong("variance-is-x")
def x_twice(x, p):
    return x.clone(), x.clone()


@bank.wrong("std-for-variance")
def std(x, p):
    return x, x.abs() * math.sqrt(p / (1 - p))


@bank.wrong("square-forgotten")
def no_square(x, p):
    return x, x * p / (1 - p)


@bank.wrong("mask-alone")
def of_the_mask(x, p):
    return x, torch.full_like(x, p / (1 - p))


@bank.wrong("second-moment")
def not_centred(x, p):
    return x, x**2 / (1 - p)


@bank.wrong("keep-probability")
def kept_with_p(x, p):
    return x, x**2 * ((1 - p) / p if p else math.inf)


@bank.wrong("outputs-swapped")
def variance_first(x, p):
    return closed_form(x, p)[::-1]


@bank.wrong("over-elements")
def of_the_sample(x, p):
    return x.mean(), x.var(correction=0)


@bank.wrong("random-result")
def simulated(x, p):
    draws = torch.stack([F.dropout(x, p) for _ in range(200)])
    return draws.mean(0), draws.var(0)


@bank.wrong("edge-case")
def an_edge_rate(x, p):
    return x, x**2 * p / (1 - p) if p < 0.9 else x**2 * 9


@bank.wrong("over-elements")
def over_elements(x, p):
    mean = x.mean()
    variance = x.var(unbiased=False) * p / (1 - p)
    return (mean.expand_as(x), variance.expand_as(x))


@bank.wrong("scaled-twice")
def scaled_twice(x, p):
    scaled = x / (1 - p)
    return (x, p * scaled**2)
