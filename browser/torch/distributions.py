"""torch.distributions: Categorical, Bernoulli and Normal."""

from __future__ import annotations

import math
from typing import Any

from ._absent import module_getattr
from ._binary import xlogy
from ._dtypes import finfo
from ._making import as_tensor
from ._random import bernoulli, multinomial, normal
from ._softmax import log_softmax
from ._tensor import Tensor


class Distribution:
    def __init__(self, *_: Any, **__: Any) -> None:
        pass


def _logs(probs: Tensor) -> Tensor:
    eps = finfo(probs.dtype).eps
    return probs.clamp(eps, 1 - eps).log()


class Categorical(Distribution):
    def __init__(self, probs: Any = None, logits: Any = None, validate_args: Any = None) -> None:
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        if probs is not None:
            self.probs = probs / probs.sum(-1, True)
            self.logits = _logs(self.probs)
        else:
            self.logits = log_softmax(logits, -1)
            self.probs = self.logits.exp()

    def entropy(self) -> Tensor:
        return -(self.logits.clamp(min=finfo(self.logits.dtype).min) * self.probs).sum(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        return self.logits.gather(-1, value.long().unsqueeze(-1)).squeeze(-1)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        n = math.prod(sample_shape)
        flat = self.probs.detach().reshape(-1, self.probs.shape[-1])
        drawn = multinomial(flat, n, True).t()
        return drawn.reshape((*tuple(sample_shape), *self.probs.shape[:-1]))


class Bernoulli(Distribution):
    def __init__(self, probs: Any = None, logits: Any = None, validate_args: Any = None) -> None:
        self.probs = as_tensor(probs) if logits is None else as_tensor(logits).sigmoid()

    mean = property(lambda self: self.probs)
    variance = property(lambda self: self.probs * (1 - self.probs))

    def sample(self, sample_shape: Any = ()) -> Tensor:
        return bernoulli(self.probs.detach().expand((*tuple(sample_shape), *self.probs.shape)).clone())

    def entropy(self) -> Tensor:
        return -xlogy(self.probs, self.probs) - xlogy(1 - self.probs, 1 - self.probs)

    def log_prob(self, value: Tensor) -> Tensor:
        return xlogy(value, self.probs) + xlogy(1 - value, 1 - self.probs)


class Normal(Distribution):
    def __init__(self, loc: Any, scale: Any, validate_args: Any = None) -> None:
        self.loc, self.scale = as_tensor(loc), as_tensor(scale)

    mean = property(lambda self: self.loc)
    stddev = property(lambda self: self.scale)
    variance = property(lambda self: self.scale**2)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        shape = (*tuple(sample_shape), *(self.loc + self.scale).shape)
        return normal(self.loc.detach().expand(shape), self.scale.detach().expand(shape))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = (*tuple(sample_shape), *(self.loc + self.scale).shape)
        return self.loc + self.scale * normal(self.loc.detach().expand(shape) * 0, 1.0)

    def log_prob(self, value: Tensor) -> Tensor:
        return (
            -((value - self.loc) ** 2) / (2 * self.scale**2)
            - self.scale.log()
            - math.log(math.sqrt(2 * math.pi))
        )

    def entropy(self) -> Tensor:
        return 0.5 + 0.5 * math.log(2 * math.pi) + self.scale.log()


__getattr__ = module_getattr("torch.distributions")
