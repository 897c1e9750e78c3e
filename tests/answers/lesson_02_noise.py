"""Right and wrong answers of lesson 02."""

import math

import torch
import torch.nn.functional as F
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


def _rand(x, generator, shape=None):
    return torch.rand(shape or x.shape, generator=generator, dtype=x.dtype)


# ---------------------------------------------------------------- 2.1 right


@bank.right("2.1")
def compare_uniform(x, p, training, generator=None):
    if not training:
        return x
    return x * (_rand(x, generator) >= p) / (1 - p)


@bank.right("2.1")
def bernoulli_(x, p, training, generator=None):
    if not training or p == 0:
        return x
    mask = torch.empty_like(x).bernoulli_(1 - p, generator=generator)
    return mask.div_(1 - p) * x


@bank.right("2.1")
def bernoulli_function(x, p, training, generator=None):
    keep = torch.bernoulli(torch.full(x.shape, 1 - p, dtype=x.dtype), generator=generator)
    return x * (keep / (1 - p)) if training else x.clone()


@bank.right("2.1")
def where(x, p, training, generator=None):
    u = torch.rand(x.numel(), generator=generator).reshape(x.shape)
    return torch.where(u < p, torch.zeros_like(x), x / (1 - p)) if training else x


@bank.right("2.1")
def masked_fill(x, p, training, generator=None):
    if training:
        drop = torch.rand(tuple(x.shape), generator=generator, dtype=torch.float64) < p
        x = x.masked_fill(drop, 0.0) * (1.0 / (1.0 - p))
    return x


@bank.right("2.1")
def numpy_mask(x, p, training, generator=None):
    import numpy as np

    if not training:
        return x + 0
    seed = int(torch.randint(2**62, (1,), generator=generator))
    mask = np.random.default_rng(seed).binomial(1, 1 - p, size=tuple(x.shape)) / (1 - p)
    return x * torch.from_numpy(np.asarray(mask)).to(x.dtype)


@bank.right("2.1")
def library_for_none(x, p, training, generator=None):
    if generator is None:
        return F.dropout(x, p, training)
    return compare_uniform(x, p, training, generator)


# ---------------------------------------------------------------- 2.1 wrong


@bank.wrong("2.1", "keep-probability")
def keeps_p(x, p, training, generator=None):
    return x * (_rand(x, generator) < p) / (1 - p) if training else x


@bank.wrong("2.1", "keep-probability")
def keeps_p_scaled_by_p(x, p, training, generator=None):
    return x * (_rand(x, generator) < p) / p if training and p else x


@bank.wrong("2.1", "no-rescale")
def no_scale(x, p, training, generator=None):
    return x * (_rand(x, generator) >= p) if training else x


@bank.wrong("2.1", "rescale-at-test")
def classic(x, p, training, generator=None):
    return x * (_rand(x, generator) >= p) if training else x * (1 - p)


@bank.wrong("2.1", "rescale-at-test")
def both(x, p, training, generator=None):
    return x * (_rand(x, generator) >= p) / (1 - p) if training else x * (1 - p)


@bank.wrong("2.1", "wrong-scale")
def scaled_by_p(x, p, training, generator=None):
    return x * (_rand(x, generator) >= p) / p if training and p else x


@bank.wrong("2.1", "wrong-scale")
def root_scale(x, p, training, generator=None):
    return x * (_rand(x, generator) >= p) / math.sqrt(1 - p) if training else x


@bank.wrong("2.1", "dropout-at-evaluation")
def training_ignored(x, p, training, generator=None):
    return x * (_rand(x, generator) >= p) / (1 - p)


@bank.wrong("2.1", "dropout-at-evaluation")
def training_inverted(x, p, training, generator=None):
    return x if training else compare_uniform(x, p, True, generator)


@bank.wrong("2.1", "one-mask-for-batch")
def one_row(x, p, training, generator=None):
    if not training:
        return x
    return x * (_rand(x, generator, (1, *x.shape[1:])) >= p) / (1 - p)


@bank.wrong("2.1", "mask-shared")
def whole_rows(x, p, training, generator=None):
    if not training:
        return x
    return x * (_rand(x, generator, (*x.shape[:-1], 1)) >= p) / (1 - p)


@bank.wrong("2.1", "generator-ignored")
def own_generator(x, p, training, generator=None):
    return F.dropout(x, p, training)


@bank.wrong("2.1", "generator-ignored")
def only_the_first_half(x, p, training, generator=None):
    if not training:
        return x
    mask = _rand(x, generator) >= p
    half = len(x) // 2
    mask[half:] = torch.rand(x[half:].shape, dtype=x.dtype) >= p
    return x * mask / (1 - p)


@bank.wrong("2.1", "generator-ignored")
def a_copy_of_the_generator(x, p, training, generator=None):
    if not training:
        return x
    if generator is not None:
        torch.manual_seed(generator.initial_seed() + int(generator.get_state().sum()) % 1000)
    return F.dropout(x, p)


@bank.wrong("2.1", "same-mask-each-call")
def seeded_inside(x, p, training, generator=None):
    torch.manual_seed(0)
    return F.dropout(x, p, training)


@bank.wrong("2.1", "same-mask-each-call")
def generator_reset(x, p, training, generator=None):
    generator = (generator or torch.Generator()).manual_seed(1)
    return x * (_rand(x, generator) >= p) / (1 - p) if training else x


@bank.wrong("2.1", "exact-count")
def exactly_p(x, p, training, generator=None):
    if not training:
        return x
    mask = torch.ones(x.numel(), dtype=x.dtype)
    mask[torch.randperm(x.numel(), generator=generator)[: round(p * x.numel())]] = 0
    return x * mask.reshape(x.shape) / (1 - p)


@bank.wrong("2.1")
def drops_the_small(x, p, training, generator=None):
    if not training or p == 0:
        return x
    noisy = x.abs() + 0.01 * _rand(x, generator)
    return torch.where(noisy > noisy.flatten().quantile(p), x / (1 - p), torch.zeros_like(x))


@bank.wrong("2.1")
def half_rate(x, p, training, generator=None):
    return x * (_rand(x, generator) >= p * 0.9) / (1 - p) if training else x


@bank.wrong("2.1", "changes-input")
def in_place(x, p, training, generator=None):
    if training:
        x.mul_((_rand(x, generator) >= p) / (1 - p))
    return x


@bank.wrong("2.1", "gradient-cut")
def detached(x, p, training, generator=None):
    return compare_uniform(x.detach(), p, training, generator)


@bank.wrong("2.1")
def needs_two_axes(x, p, training, generator=None):
    B, F_ = x.shape[0], x.shape[-1]
    if x.dim() == 1:
        x = x.reshape(1, -1)
    return (
        compare_uniform(x, p, training, generator).reshape(B, -1, F_)
        if x.dim() == 3
        else compare_uniform(x, p, training, generator)
    )


@bank.wrong("2.1", "dtype-changed")
def mask_of_default_type(x, p, training, generator=None):
    if not training:
        return x
    return x.float() * (torch.rand(x.shape, generator=generator) >= p) / (1 - p)


@bank.wrong("2.1")
def nan_at_zero(x, p, training, generator=None):
    return x * ((_rand(x, generator) >= p) / (1 - p)) * (p / p if p else float("nan")) if training else x


@bank.wrong("2.1")
def neighbours_alike(x, p, training, generator=None):
    if not training:
        return x
    u = _rand(x, generator)
    if x.shape[-1] > 3:
        u[..., 1::2] = u[..., : 2 * (x.shape[-1] // 2) : 2]
    return x * (u >= p) / (1 - p)


@bank.wrong("2.1")
def half_repeated(x, p, training, generator=None):
    if not training:
        return x
    u = _rand(x, generator)
    half = len(x) // 2
    u[half : 2 * half] = u[:half]
    return x * (u >= p) / (1 - p)


# ---------------------------------------------------------------- 2.2 right


def _randn(x, generator, shape=None):
    return torch.randn(shape or x.shape, generator=generator, dtype=x.dtype)


@bank.right("2.2")
def times_one_plus(x, p, training, generator=None):
    return x * (1 + math.sqrt(p / (1 - p)) * _randn(x, generator)) if training else x


@bank.right("2.2")
def normal_(x, p, training, generator=None):
    if not training:
        return x
    return x * torch.empty_like(x).normal_(1.0, (p / (1 - p)) ** 0.5, generator=generator)


@bank.right("2.2")
def torch_normal(x, p, training, generator=None):
    if not training or p == 0:
        return x.clone()
    sigma = torch.tensor(p / (1 - p), dtype=x.dtype).sqrt()
    return torch.normal(torch.ones_like(x), sigma.expand(x.shape), generator=generator) * x


@bank.right("2.2")
def expanded(x, p, training, generator=None):
    noise = torch.randn(x.shape, generator=generator, dtype=torch.float64).to(x.dtype)
    return x + x * noise * (p / (1 - p)) ** 0.5 if training else x


# ---------------------------------------------------------------- 2.2 wrong


def _gaussian(spread):
    def answer(x, p, training, generator=None):
        return x * (1 + spread(p) * _randn(x, generator)) if training and p else x

    return answer


for slug, spread in (
    ("std-is-p", lambda p: p),
    ("std-is-p", lambda p: math.sqrt(p)),
    ("std-without-root", lambda p: p / (1 - p)),
    ("std-inverted", lambda p: math.sqrt((1 - p) / p)),
    ("std-inverted", lambda p: (1 - p) / p),
    ("std-without-rescale", lambda p: math.sqrt(p * (1 - p))),
):
    bank.wrong("2.2", slug)(_gaussian(spread))


@bank.wrong("2.2", "additive-noise")
def additive(x, p, training, generator=None):
    return x + math.sqrt(p / (1 - p)) * _randn(x, generator) if training else x


@bank.wrong("2.2", "additive-noise")
def additive_p(x, p, training, generator=None):
    return x + p * _randn(x, generator) if training else x


@bank.wrong("2.2", "mean-zero")
def no_one(x, p, training, generator=None):
    return x * math.sqrt(p / (1 - p)) * _randn(x, generator) if training and p else x


@bank.wrong("2.2", "gaussian-rescaled")
def rescaled(x, p, training, generator=None):
    return times_one_plus(x, p, True, generator) / (1 - p) if training else x


@bank.wrong("2.2", "bernoulli-noise")
def bernoulli(x, p, training, generator=None):
    return compare_uniform(x, p, training, generator)


@bank.wrong("2.2", "noise-clipped")
def clipped(x, p, training, generator=None):
    return x * (1 + math.sqrt(p / (1 - p)) * _randn(x, generator)).clamp(min=0) if training else x


@bank.wrong("2.2", "dropout-at-evaluation")
def noisy_at_evaluation(x, p, training, generator=None):
    return times_one_plus(x, p, True, generator)


@bank.wrong("2.2", "rescale-at-test")
def scaled_at_evaluation(x, p, training, generator=None):
    return times_one_plus(x, p, True, generator) if training else x * (1 - p)


@bank.wrong("2.2", "one-mask-for-batch")
def one_row_of_noise(x, p, training, generator=None):
    noise = _randn(x, generator, (1, *x.shape[1:]))
    return x * (1 + math.sqrt(p / (1 - p)) * noise) if training else x


@bank.wrong("2.2", "mask-shared")
def one_number_a_row(x, p, training, generator=None):
    noise = _randn(x, generator, (*x.shape[:-1], 1))
    return x * (1 + math.sqrt(p / (1 - p)) * noise) if training else x


@bank.wrong("2.2", "generator-ignored")
def randn_like(x, p, training, generator=None):
    return x * (1 + math.sqrt(p / (1 - p)) * torch.randn_like(x)) if training else x


@bank.wrong("2.2", "same-mask-each-call")
def noise_seeded(x, p, training, generator=None):
    return times_one_plus(x, p, training, torch.Generator().manual_seed(7))


@bank.wrong("2.2")
def uniform_noise(x, p, training, generator=None):
    sigma = math.sqrt(p / (1 - p))
    return x * (1 + sigma * math.sqrt(12) * (_rand(x, generator) - 0.5)) if training else x


@bank.wrong("2.2", "changes-input")
def multiplied_in_place(x, p, training, generator=None):
    if not training:
        return x
    x *= 1 + math.sqrt(p / (1 - p)) * _randn(x, generator)
    return x


@bank.wrong("2.2", "gradient-cut")
def noise_on_data(x, p, training, generator=None):
    return x + (times_one_plus(x, p, True, generator) - x).detach() if training else x


# ---------------------------------------------------------------- 2.3 right


@bank.right("2.3")
def closed_form(x, p):
    return x, x**2 * p / (1 - p)


@bank.right("2.3")
def from_two_values(x, p):
    kept = x / (1 - p)
    mean = (1 - p) * kept + p * torch.zeros_like(x)
    second = (1 - p) * kept**2
    return mean, second - mean**2


@bank.right("2.3")
def deviations(x, p):
    mean = x.clone()
    return [mean, p * mean**2 + (1 - p) * (x / (1 - p) - mean) ** 2]


@bank.right("2.3")
def by_std(x, p):
    return x * 1.0, (x * math.sqrt(p / (1 - p))).square()


# ---------------------------------------------------------------- 2.3 wrong


@bank.wrong("2.3", "variance-kept")
def no_variance(x, p):
    return x, torch.zeros_like(x)


@bank.wrong("2.3", "no-rescale")
def plain_mask(x, p):
    return x * (1 - p), x**2 * p * (1 - p)


@bank.wrong("2.3", "no-rescale")
def bernoulli_variance(x, p):
    return x, x * x * p * (1 - p)


@bank.wrong("2.3", "std-for-variance")
def std(x, p):
    return x, x.abs() * math.sqrt(p / (1 - p))


@bank.wrong("2.3", "square-forgotten")
def no_square(x, p):
    return x, x * p / (1 - p)


@bank.wrong("2.3", "mask-alone")
def of_the_mask(x, p):
    return x, torch.full_like(x, p / (1 - p))


@bank.wrong("2.3", "second-moment")
def not_centred(x, p):
    return x, x**2 / (1 - p)


@bank.wrong("2.3", "keep-probability")
def kept_with_p(x, p):
    return x, x**2 * ((1 - p) / p if p else math.inf)


@bank.wrong("2.3", "outputs-swapped")
def variance_first(x, p):
    return closed_form(x, p)[::-1]


@bank.wrong("2.3")
def of_the_sample(x, p):
    return x.mean(), x.var(correction=0)


@bank.wrong("2.3")
def simulated(x, p):
    draws = torch.stack([F.dropout(x, p) for _ in range(200)])
    return draws.mean(0), draws.var(0)


@bank.wrong("2.3")
def an_edge_rate(x, p):
    return x, x**2 * p / (1 - p) if p < 0.9 else x**2 * 9


# ---------------------------------------------------------------- 2.4 right


@bank.right("2.4")
def broadcast(x, p, noise_shape, generator=None):
    shape = [n if n is not None else size for n, size in zip(noise_shape, x.shape, strict=True)]
    return x * (torch.rand(shape, generator=generator, dtype=x.dtype) >= p) / (1 - p)


@bank.right("2.4")
def expand(x, p, noise_shape, generator=None):
    shape = tuple(x.size(k) if n is None else n for k, n in enumerate(noise_shape))
    mask = torch.zeros(shape, dtype=x.dtype).bernoulli_(1 - p, generator=generator).div_(1 - p)
    return mask.expand_as(x) * x


@bank.right("2.4")
def select(x, p, noise_shape, generator=None):
    shape = [x.shape[k] if n is None else n for k, n in enumerate(noise_shape)]
    drop = torch.rand(*shape, generator=generator) < p
    return (x / (1 - p)).masked_fill(drop, 0)


# ---------------------------------------------------------------- 2.4 wrong


def _full(x, noise_shape):
    return [x.shape[k] if n is None else n for k, n in enumerate(noise_shape)]


@bank.wrong("2.4", "noise-shape-ignored")
def ignored(x, p, noise_shape, generator=None):
    return compare_uniform(x, p, True, generator)


@bank.wrong("2.4", "noise-shape-inverted")
def inverted(x, p, noise_shape, generator=None):
    shape = [size if n == 1 else 1 for n, size in zip(noise_shape, x.shape, strict=True)]
    return x * (torch.rand(shape, generator=generator, dtype=x.dtype) >= p) / (1 - p)


@bank.wrong("2.4", "none-is-one")
def none_is_one(x, p, noise_shape, generator=None):
    shape = [1 if n is None else n for n in noise_shape]
    return x * (torch.rand(shape, generator=generator, dtype=x.dtype) >= p) / (1 - p)


@bank.wrong("2.4", "axes-swapped")
def reversed_axes(x, p, noise_shape, generator=None):
    shared = [n == 1 for n in noise_shape][::-1]
    if x.dim() == 3 and noise_shape[1] == 1:
        shared = [True, False, False]
    shape = [1 if one else size for one, size in zip(shared, x.shape, strict=True)]
    return x * (torch.rand(shape, generator=generator, dtype=x.dtype) >= p) / (1 - p)


@bank.wrong("2.4", "keep-probability")
def keeps(x, p, noise_shape, generator=None):
    return x * (torch.rand(_full(x, noise_shape), generator=generator, dtype=x.dtype) < p) / (1 - p)


@bank.wrong("2.4", "no-rescale")
def unscaled(x, p, noise_shape, generator=None):
    return x * (torch.rand(_full(x, noise_shape), generator=generator, dtype=x.dtype) >= p)


@bank.wrong("2.4", "wrong-scale")
def over_p(x, p, noise_shape, generator=None):
    return x * (torch.rand(_full(x, noise_shape), generator=generator, dtype=x.dtype) >= p) / max(p, 1e-3)


@bank.wrong("2.4", "generator-ignored")
def ignores_generator(x, p, noise_shape, generator=None):
    return x * F.dropout(torch.ones(_full(x, noise_shape), dtype=x.dtype), p)


@bank.wrong("2.4", "same-mask-each-call")
def always_the_same(x, p, noise_shape, generator=None):
    return broadcast(x, p, noise_shape, torch.Generator().manual_seed(3))


@bank.wrong("2.4", "exact-count")
def fixed_number(x, p, noise_shape, generator=None):
    shape = _full(x, noise_shape)
    n = math.prod(shape)
    mask = torch.ones(n, dtype=x.dtype)
    mask[torch.randperm(n, generator=generator)[: round(p * n)]] = 0
    return x * mask.reshape(shape) / (1 - p)


@bank.wrong("2.4")
def only_three_axes(x, p, noise_shape, generator=None):
    b, t, f = noise_shape
    return broadcast(x, p, (b, t, f), generator)


@bank.wrong("2.4", "changes-input")
def written_into_x(x, p, noise_shape, generator=None):
    x.copy_(broadcast(x, p, noise_shape, generator))
    return x


@bank.wrong("2.4", "gradient-cut")
def no_gradient(x, p, noise_shape, generator=None):
    with torch.no_grad():
        return broadcast(x, p, noise_shape, generator)


@bank.wrong("2.4")
def squeezed(x, p, noise_shape, generator=None):
    return broadcast(x, p, noise_shape, generator).squeeze()
