"""Right and wrong answers to 2.2."""

import math

import numpy as np
import torch
from bank import Bank
from lesson_02_noise._shared import rand
from lesson_02_noise.inverted_dropout import compare_uniform

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


def _randn(x, generator, shape=None):
    return torch.randn(shape or x.shape, generator=generator, dtype=x.dtype)


@bank.right
def times_one_plus(x, p, training, generator=None):
    return x * (1 + math.sqrt(p / (1 - p)) * _randn(x, generator)) if training else x


@bank.right
def normal_(x, p, training, generator=None):
    if not training:
        return x
    return x * torch.empty_like(x).normal_(1.0, (p / (1 - p)) ** 0.5, generator=generator)


@bank.right
def torch_normal(x, p, training, generator=None):
    if not training or p == 0:
        return x.clone()
    sigma = torch.tensor(p / (1 - p), dtype=x.dtype).sqrt()
    return torch.normal(torch.ones_like(x), sigma.expand(x.shape), generator=generator) * x


@bank.right
def expanded(x, p, training, generator=None):
    noise = torch.randn(x.shape, generator=generator, dtype=torch.float64).to(x.dtype)
    return x + x * noise * (p / (1 - p)) ** 0.5 if training else x


def _gaussian(spread):
    def answer(x, p, training, generator=None):
        return x * (1 + spread(p) * _randn(x, generator)) if training and p else x

    return answer


for slug, spread in (
    ("std-is-p", lambda p: p),
    ("std-is-root-p", lambda p: math.sqrt(p)),
    ("std-is-one", lambda p: 1.0),
    ("std-without-root", lambda p: p / (1 - p)),
    ("std-inverted", lambda p: math.sqrt((1 - p) / p)),
    ("std-inverted", lambda p: (1 - p) / p),
    ("std-without-rescale", lambda p: math.sqrt(p * (1 - p))),
):
    bank.wrong(slug)(_gaussian(spread))


@bank.wrong("additive-noise")
def additive(x, p, training, generator=None):
    return x + math.sqrt(p / (1 - p)) * _randn(x, generator) if training else x


@bank.wrong("additive-noise")
def additive_p(x, p, training, generator=None):
    return x + p * _randn(x, generator) if training else x


@bank.wrong("one-number")
def nothing_at_all(x, p, training, generator=None):
    return x


@bank.wrong("one-number")
def one_draw_for_all(x, p, training, generator=None):
    return x * (1 + math.sqrt(p / (1 - p)) * torch.randn((), generator=generator)) if training else x


@bank.wrong("mean-zero")
def no_one(x, p, training, generator=None):
    return x * math.sqrt(p / (1 - p)) * _randn(x, generator) if training and p else x


@bank.wrong("gaussian-rescaled")
def rescaled(x, p, training, generator=None):
    return times_one_plus(x, p, True, generator) / (1 - p) if training else x


@bank.wrong("bernoulli-noise")
def bernoulli(x, p, training, generator=None):
    return compare_uniform(x, p, training, generator)


@bank.wrong("noise-clipped")
def clipped(x, p, training, generator=None):
    return x * (1 + math.sqrt(p / (1 - p)) * _randn(x, generator)).clamp(min=0) if training else x


@bank.wrong("noise-clipped")
def folded_at_zero(x, p, training, generator=None):
    if not training:
        return x
    noise = torch.randn(x.shape, generator=generator, dtype=x.dtype)
    return x * (1 + math.sqrt(p / (1 - p)) * noise).abs()


@bank.wrong("noise-one-sided")
def rand_for_randn(x, p, training, generator=None):
    if not training:
        return x
    return x * (1 + math.sqrt(p / (1 - p)) * torch.rand(x.shape, generator=generator, dtype=x.dtype))


@bank.wrong("noise-one-sided")
def size_of_the_noise_added(x, p, training, generator=None):
    if not training:
        return x
    noise = torch.randn(x.shape, generator=generator, dtype=x.dtype)
    return x * (1 + math.sqrt(p / (1 - p)) * noise.abs())


@bank.wrong("dropout-at-evaluation")
def noisy_at_evaluation(x, p, training, generator=None):
    return times_one_plus(x, p, True, generator)


@bank.wrong("rescale-at-test")
def scaled_at_evaluation(x, p, training, generator=None):
    return times_one_plus(x, p, True, generator) if training else x * (1 - p)


@bank.wrong("one-mask-for-batch")
def one_row_of_noise(x, p, training, generator=None):
    noise = _randn(x, generator, (1, *x.shape[1:]))
    return x * (1 + math.sqrt(p / (1 - p)) * noise) if training else x


@bank.wrong("mask-shared")
def one_number_a_row(x, p, training, generator=None):
    noise = _randn(x, generator, (*x.shape[:-1], 1))
    return x * (1 + math.sqrt(p / (1 - p)) * noise) if training else x


@bank.wrong("generator-ignored")
def randn_like(x, p, training, generator=None):
    return x * (1 + math.sqrt(p / (1 - p)) * torch.randn_like(x)) if training else x


@bank.wrong("same-mask-each-call")
def noise_seeded(x, p, training, generator=None):
    return times_one_plus(x, p, training, torch.Generator().manual_seed(7))


@bank.wrong("noise-not-normal")
def uniform_noise(x, p, training, generator=None):
    sigma = math.sqrt(p / (1 - p))
    return x * (1 + sigma * math.sqrt(12) * (rand(x, generator) - 0.5)) if training else x


@bank.wrong("changes-input")
def multiplied_in_place(x, p, training, generator=None):
    if not training:
        return x
    x *= 1 + math.sqrt(p / (1 - p)) * _randn(x, generator)
    return x


@bank.wrong("gradient-cut")
def noise_on_data(x, p, training, generator=None):
    return x + (times_one_plus(x, p, True, generator) - x).detach() if training else x


@bank.wrong("noise-not-normal")
def uniform_same_moments(x, p, training, generator=None):
    if not training:
        return x
    half = (3 * p / (1 - p)) ** 0.5
    u = torch.rand(x.shape, generator=generator, dtype=x.dtype)
    return x * (1 + half * (2 * u - 1))


def _standardised(centred, scaled):
    def answer(x, p, training, generator=None):
        if not training:
            return x
        z = torch.randn(x.shape, generator=generator, dtype=x.dtype)
        if centred and z.numel() > 1:
            z = z - z.mean()
        if scaled and z.numel() > 1:
            z = z / z.std(unbiased=scaled == "unbiased")
        return x * (1 + math.sqrt(p / (1 - p)) * z)

    return answer


for centred, scaled in (
    (True, "biased"),
    (True, "unbiased"),
    (True, ""),
    (False, "biased"),
    (False, "unbiased"),
):
    bank.wrong("noise-standardised")(_standardised(centred, scaled))


@bank.wrong("generator-ignored")
def numpy_where_no_generator_is_given(x, p, training, generator=None):
    if not training:
        return x
    if generator is None:
        noise = torch.from_numpy(np.random.default_rng().standard_normal(x.shape)).to(x.dtype)
    else:
        noise = torch.randn(x.shape, generator=generator, dtype=x.dtype)
    return x * (1 + math.sqrt(p / (1 - p)) * noise)
