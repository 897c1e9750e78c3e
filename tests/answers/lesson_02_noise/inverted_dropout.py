"""Right and wrong answers to 2.1."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from bank import Bank
from lesson_02_noise._shared import rand

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def compare_uniform(x, p, training, generator=None):
    if not training:
        return x
    return x * (rand(x, generator) >= p) / (1 - p)


@bank.right
def bernoulli_(x, p, training, generator=None):
    if not training or p == 0:
        return x
    mask = torch.empty_like(x).bernoulli_(1 - p, generator=generator)
    return mask.div_(1 - p) * x


@bank.right
def bernoulli_function(x, p, training, generator=None):
    keep = torch.bernoulli(torch.full(x.shape, 1 - p, dtype=x.dtype), generator=generator)
    return x * (keep / (1 - p)) if training else x.clone()


@bank.right
def where(x, p, training, generator=None):
    u = torch.rand(x.numel(), generator=generator).reshape(x.shape)
    return torch.where(u < p, torch.zeros_like(x), x / (1 - p)) if training else x


@bank.right
def masked_fill(x, p, training, generator=None):
    if training:
        drop = torch.rand(tuple(x.shape), generator=generator, dtype=torch.float64) < p
        x = x.masked_fill(drop, 0.0) * (1.0 / (1.0 - p))
    return x


@bank.right
def numpy_mask(x, p, training, generator=None):
    if not training:
        return x + 0
    seed = int(torch.randint(2**62, (1,), generator=generator))
    mask = np.random.default_rng(seed).binomial(1, 1 - p, size=tuple(x.shape)) / (1 - p)
    return x * torch.from_numpy(np.asarray(mask)).to(x.dtype)


@bank.right
def library_for_none(x, p, training, generator=None):
    if generator is None:
        return F.dropout(x, p, training)
    return compare_uniform(x, p, training, generator)


@bank.wrong("keep-probability")
def keeps_p(x, p, training, generator=None):
    return x * (rand(x, generator) < p) / (1 - p) if training else x


@bank.wrong("keep-probability")
def keeps_p_scaled_by_p(x, p, training, generator=None):
    return x * (rand(x, generator) < p) / p if training and p else x


@bank.wrong("no-rescale")
def no_scale(x, p, training, generator=None):
    return x * (rand(x, generator) >= p) if training else x


@bank.wrong("rescale-at-test")
def classic(x, p, training, generator=None):
    return x * (rand(x, generator) >= p) if training else x * (1 - p)


@bank.wrong("rescale-at-test")
def both(x, p, training, generator=None):
    return x * (rand(x, generator) >= p) / (1 - p) if training else x * (1 - p)


@bank.wrong("wrong-scale")
def scaled_by_p(x, p, training, generator=None):
    return x * (rand(x, generator) >= p) / p if training and p else x


@bank.wrong("wrong-scale")
def root_scale(x, p, training, generator=None):
    return x * (rand(x, generator) >= p) / math.sqrt(1 - p) if training else x


@bank.wrong("dropout-at-evaluation")
def training_ignored(x, p, training, generator=None):
    return x * (rand(x, generator) >= p) / (1 - p)


@bank.wrong("dropout-at-evaluation")
def training_inverted(x, p, training, generator=None):
    return x if training else compare_uniform(x, p, True, generator)


@bank.wrong("one-mask-for-batch")
def one_row(x, p, training, generator=None):
    if not training:
        return x
    return x * (rand(x, generator, (1, *x.shape[1:])) >= p) / (1 - p)


@bank.wrong("mask-shared")
def whole_rows(x, p, training, generator=None):
    if not training:
        return x
    return x * (rand(x, generator, (*x.shape[:-1], 1)) >= p) / (1 - p)


@bank.wrong("generator-ignored")
def own_generator(x, p, training, generator=None):
    return F.dropout(x, p, training)


@bank.wrong("generator-ignored")
def only_the_first_half(x, p, training, generator=None):
    if not training:
        return x
    mask = rand(x, generator) >= p
    half = len(x) // 2
    mask[half:] = torch.rand(x[half:].shape, dtype=x.dtype) >= p
    return x * mask / (1 - p)


@bank.wrong("generator-ignored")
def a_copy_of_the_generator(x, p, training, generator=None):
    if not training:
        return x
    if generator is not None:
        torch.manual_seed(generator.initial_seed() + int(generator.get_state().sum()) % 1000)
    return F.dropout(x, p)


@bank.wrong("same-mask-each-call")
def seeded_inside(x, p, training, generator=None):
    torch.manual_seed(0)
    return F.dropout(x, p, training)


@bank.wrong("same-mask-each-call")
def generator_reset(x, p, training, generator=None):
    generator = (generator or torch.Generator()).manual_seed(1)
    return x * (rand(x, generator) >= p) / (1 - p) if training else x


@bank.wrong("exact-count")
def exactly_p(x, p, training, generator=None):
    if not training:
        return x
    mask = torch.ones(x.numel(), dtype=x.dtype)
    mask[torch.randperm(x.numel(), generator=generator)[: round(p * x.numel())]] = 0
    return x * mask.reshape(x.shape) / (1 - p)


@bank.wrong()
def drops_the_small(x, p, training, generator=None):
    if not training or p == 0:
        return x
    noisy = x.abs() + 0.01 * rand(x, generator)
    return torch.where(noisy > noisy.flatten().quantile(p), x / (1 - p), torch.zeros_like(x))


@bank.wrong("nothing-drawn")
def scaled_alone(x, p, training, generator=None):
    return x / (1 - p) if training else x


@bank.wrong("nothing-drawn")
def everything_dropped(x, p, training, generator=None):
    return x * 0 if training else x


@bank.wrong("nothing-drawn")
def in_whole_percents(x, p, training, generator=None):
    if not training:
        return x
    return x * (torch.randint(0, 100, x.shape, generator=generator) >= round(100 * p)) / (1 - p)


@bank.wrong("wrong-rate")
def half_rate(x, p, training, generator=None):
    return x * (rand(x, generator) >= p * 0.9) / (1 - p) if training else x


@bank.wrong("changes-input")
def in_place(x, p, training, generator=None):
    if training:
        x.mul_((rand(x, generator) >= p) / (1 - p))
    return x


@bank.wrong("gradient-cut")
def detached(x, p, training, generator=None):
    return compare_uniform(x.detach(), p, training, generator)


@bank.wrong("axis-lost-or-added")
def needs_two_axes(x, p, training, generator=None):
    B, F_ = x.shape[0], x.shape[-1]
    if x.dim() == 1:
        x = x.reshape(1, -1)
    return (
        compare_uniform(x, p, training, generator).reshape(B, -1, F_)
        if x.dim() == 3
        else compare_uniform(x, p, training, generator)
    )


@bank.wrong("dtype-changed")
def mask_of_default_type(x, p, training, generator=None):
    if not training:
        return x
    return x.float() * (torch.rand(x.shape, generator=generator) >= p) / (1 - p)


@bank.wrong("not-finite")
def nan_at_zero(x, p, training, generator=None):
    return x * ((rand(x, generator) >= p) / (1 - p)) * (p / p if p else float("nan")) if training else x


@bank.wrong("draws-dependent")
def neighbours_alike(x, p, training, generator=None):
    if not training:
        return x
    u = rand(x, generator)
    if x.shape[-1] > 3:
        u[..., 1::2] = u[..., : 2 * (x.shape[-1] // 2) : 2]
    return x * (u >= p) / (1 - p)


@bank.wrong("draws-dependent")
def half_repeated(x, p, training, generator=None):
    if not training:
        return x
    u = rand(x, generator)
    half = len(x) // 2
    u[half : 2 * half] = u[:half]
    return x * (u >= p) / (1 - p)


@bank.wrong("wrong-rate")
def whole_percents(x, p, training, generator=None):
    if not training:
        return x
    percent = torch.randint(0, 100, x.shape, generator=generator)
    return torch.where(percent < 100 * p, torch.zeros_like(x), x / (1 - p))


@bank.wrong("generator-ignored")
def numpy_where_no_generator_is_given(x, p, training, generator=None):
    if not training:
        return x
    if generator is None:
        mask = torch.from_numpy(np.random.default_rng().random(x.shape) >= p)
        return x * mask / (1 - p)
    return x * (torch.rand(x.shape, generator=generator) >= p) / (1 - p)
