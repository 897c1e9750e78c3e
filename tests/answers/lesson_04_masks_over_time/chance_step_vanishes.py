"""Right and wrong answers to 4.3."""

import math

import torch
import torch.nn.functional as F
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def power(p, features):
    return p**features


@bank.right
def by_logarithm(p, features):
    return math.exp(features * math.log(p)) if p > 0 else 0.0


@bank.right
def by_loop(p, features):
    chance = 1
    for _ in range(features):
        chance *= p
    return chance


@bank.right
def by_torch(p, features):
    return torch.full((features,), p, dtype=torch.float64).prod().item()


@bank.wrong("dropout-drops-steps")
def just_p(p, features):
    return p


@bank.wrong("keep-probability")
def kept(p, features):
    return (1 - p) ** features


@bank.wrong("any-feature")
def any_of_them(p, features):
    return 1 - (1 - p) ** features


@bank.wrong("chances-added")
def added(p, features):
    return p * features


@bank.wrong("chance-of-staying")
def stays(p, features):
    return 1 - p**features


@bank.wrong("tensor-for-number")
def tensor(p, features):
    return torch.tensor(p) ** features


@bank.wrong("random-result")
def simulated(p, features):
    return float((F.dropout(torch.ones(1000, features), p) == 0).all(1).float().mean())


@bank.wrong("imprecise")
def rounded(p, features):
    return round(p**features, 3)


@bank.wrong("division-by-zero")
def fails_at_zero(p, features):
    return math.exp(features * math.log(p))


@bank.wrong("step-never-vanishes")
def never(p, features):
    return 0.0


@bank.wrong("features-miscounted")
def off_by_one(p, features):
    return float(p) ** (features - 1)


@bank.wrong("edge-case")
def small_is_zero(p, features):
    return p**features if p**features > 2e-3 else 0.0


@bank.wrong("one-feature-alone")
def exactly_one(p, features):
    return math.comb(features, 1) * p * (1 - p) ** (features - 1)
