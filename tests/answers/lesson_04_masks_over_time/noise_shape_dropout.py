"""Right and wrong answers to 4.4."""

import math

import torch
import torch.nn.functional as F
from bank import Bank
from lesson_02_noise.inverted_dropout import compare_uniform

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def broadcast(x, p, noise_shape, generator=None):
    shape = [n if n is not None else size for n, size in zip(noise_shape, x.shape, strict=True)]
    return x * (torch.rand(shape, generator=generator, dtype=x.dtype) >= p) / (1 - p)


@bank.right
def expand(x, p, noise_shape, generator=None):
    shape = tuple(x.size(k) if n is None else n for k, n in enumerate(noise_shape))
    mask = torch.zeros(shape, dtype=x.dtype).bernoulli_(1 - p, generator=generator).div_(1 - p)
    return mask.expand_as(x) * x


@bank.right
def select(x, p, noise_shape, generator=None):
    shape = [x.shape[k] if n is None else n for k, n in enumerate(noise_shape)]
    drop = torch.rand(*shape, generator=generator) < p
    return (x / (1 - p)).masked_fill(drop, 0)


def _full(x, noise_shape):
    return [x.shape[k] if n is None else n for k, n in enumerate(noise_shape)]


@bank.wrong("noise-shape-ignored")
def ignored(x, p, noise_shape, generator=None):
    return compare_uniform(x, p, True, generator)


@bank.wrong("noise-shape-inverted")
def inverted(x, p, noise_shape, generator=None):
    shape = [size if n == 1 else 1 for n, size in zip(noise_shape, x.shape, strict=True)]
    return x * (torch.rand(shape, generator=generator, dtype=x.dtype) >= p) / (1 - p)


@bank.wrong("none-is-one")
def none_is_one(x, p, noise_shape, generator=None):
    shape = [1 if n is None else n for n in noise_shape]
    return x * (torch.rand(shape, generator=generator, dtype=x.dtype) >= p) / (1 - p)


@bank.wrong("axes-swapped")
def reversed_axes(x, p, noise_shape, generator=None):
    shared = [n == 1 for n in noise_shape][::-1]
    if x.dim() == 3 and noise_shape[1] == 1:
        shared = [True, False, False]
    shape = [1 if one else size for one, size in zip(shared, x.shape, strict=True)]
    return x * (torch.rand(shape, generator=generator, dtype=x.dtype) >= p) / (1 - p)


@bank.wrong("keep-probability")
def keeps(x, p, noise_shape, generator=None):
    return x * (torch.rand(_full(x, noise_shape), generator=generator, dtype=x.dtype) < p) / (1 - p)


@bank.wrong("no-rescale")
def unscaled(x, p, noise_shape, generator=None):
    return x * (torch.rand(_full(x, noise_shape), generator=generator, dtype=x.dtype) >= p)


@bank.wrong("wrong-scale")
def over_p(x, p, noise_shape, generator=None):
    return x * (torch.rand(_full(x, noise_shape), generator=generator, dtype=x.dtype) >= p) / max(p, 1e-3)


@bank.wrong("generator-ignored")
def ignores_generator(x, p, noise_shape, generator=None):
    return x * F.dropout(torch.ones(_full(x, noise_shape), dtype=x.dtype), p)


@bank.wrong("same-mask-each-call")
def always_the_same(x, p, noise_shape, generator=None):
    return broadcast(x, p, noise_shape, torch.Generator().manual_seed(3))


@bank.wrong("exact-count")
def fixed_number(x, p, noise_shape, generator=None):
    shape = _full(x, noise_shape)
    n = math.prod(shape)
    mask = torch.ones(n, dtype=x.dtype)
    mask[torch.randperm(n, generator=generator)[: round(p * n)]] = 0
    return x * mask.reshape(shape) / (1 - p)


@bank.wrong("unpacks-another-number")
def only_three_axes(x, p, noise_shape, generator=None):
    b, t, f = noise_shape
    return broadcast(x, p, (b, t, f), generator)


@bank.wrong("changes-input")
def written_into_x(x, p, noise_shape, generator=None):
    x.copy_(broadcast(x, p, noise_shape, generator))
    return x


@bank.wrong("gradient-cut")
def no_gradient(x, p, noise_shape, generator=None):
    with torch.no_grad():
        return broadcast(x, p, noise_shape, generator)


@bank.wrong("axis-lost-or-added")
def squeezed(x, p, noise_shape, generator=None):
    return broadcast(x, p, noise_shape, generator).squeeze()


@bank.wrong("mask-not-two-valued")
def averaged_mask(x, p, noise_shape, generator=None):
    mask = (torch.rand(x.shape, generator=generator) >= p).to(x.dtype) / (1 - p)
    for k, s in enumerate(noise_shape):
        if s == 1:
            mask = mask.mean(dim=k, keepdim=True)
    return x * mask


@bank.wrong("noise-shape-misread")
def squeezed_mask(x, p, noise_shape, generator=None):
    shape = [x.shape[k] for k, s in enumerate(noise_shape) if s is None]
    mask = (torch.rand(shape, generator=generator) >= p).to(x.dtype)
    return x * mask / (1 - p)
