"""Right and wrong answers to 2.4."""

import math

import torch
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def closed_form(x, p):
    return (1 - p) * torch.tanh(x / (1 - p)) - torch.tanh(x)


@bank.right
def over_the_outcomes(x, p):
    outcomes = ((0.0, p), (1 / (1 - p), 1 - p))
    return sum(weight * torch.tanh(factor * x) for factor, weight in outcomes) - x.tanh()


@bank.wrong("mean-passes-through")
def no_gap(x, p):
    return torch.zeros_like(x)


@bank.wrong("no-rescale")
def unscaled(x, p):
    return (1 - p) * torch.tanh(x) - torch.tanh(x)


@bank.wrong("probability-forgotten")
def only_what_is_kept(x, p):
    return torch.tanh(x / (1 - p)) - torch.tanh(x)


@bank.wrong("keep-probability")
def kept_with_p(x, p):
    return p * torch.tanh(x / p) - torch.tanh(x)


@bank.wrong("kept-weighed-by-p")
def weighed_by_p(x, p):
    return p * torch.tanh(x / (1 - p)) - torch.tanh(x)


@bank.wrong("gap-without-sign")
def size_of_the_gap(x, p):
    return closed_form(x, p).abs()


@bank.wrong("mean-without-difference")
def the_mean(x, p):
    return (1 - p) * torch.tanh(x / (1 - p))


@bank.wrong("sign-swapped")
def the_other_way(x, p):
    return torch.tanh(x) - (1 - p) * torch.tanh(x / (1 - p))


@bank.wrong("mean-inside")
def tanh_of_a_mean(x, p):
    return torch.tanh(x * (1 - p)) - torch.tanh(x)


@bank.wrong("second-order")
def taylor(x, p):
    t = torch.tanh(x)
    return 0.5 * (-2 * t * (1 - t**2)) * x**2 * p / (1 - p)


@bank.wrong()
def simulated(x, p):
    masks = (torch.rand(200, *x.shape) >= p).to(x.dtype) / (1 - p)
    return torch.tanh(masks * x).mean(0) - torch.tanh(x)


@bank.wrong("changes-input")
def in_place(x, p):
    right = closed_form(x, p)
    x.mul_(math.pi)
    return right
