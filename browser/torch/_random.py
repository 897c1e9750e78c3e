"""torch.rand and its kind, and the draws in place."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ._absent import lacking
from ._dtypes import as_numpy, get_default_dtype
from ._generator import Generator, default_generator
from ._operation import FUNCTIONS, operation, sizes
from ._tensor import Tensor

Array = np.ndarray


def source(generator: Any) -> Generator:
    if generator is None:
        return default_generator
    if not isinstance(generator, Generator):
        raise TypeError(f"argument 'generator' must be torch.Generator, not {type(generator).__name__}")
    return generator


def _count(shape: tuple[int, ...]) -> int:
    if any(n < 0 for n in shape):
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(shape)}: {list(shape)}")
    return int(np.prod(shape))


def _drawn(name: str, draw: Callable[[Generator, int, Any], Array]) -> None:
    """torch.name(*size) and torch.name_like(x)."""

    def fresh(
        *size: Any, generator: Any = None, dtype: Any = None, requires_grad: bool = False, **named: Any
    ) -> Tensor:
        shape = sizes((named.pop("size"),) if "size" in named else size)
        if set(named) - {"device", "layout", "pin_memory", "names"}:
            if "out" in named:
                raise lacking(f"torch.{name} with the argument out=")
            raise TypeError(f"{name}() got an unexpected keyword argument '{next(iter(named))}'")
        kind = as_numpy(dtype) or get_default_dtype().np
        if kind.kind != "f":
            raise RuntimeError(f"\"{name}\" not implemented for '{kind.name.title()}'")
        made = Tensor._of(draw(source(generator), _count(shape), kind).reshape(shape))
        return made.requires_grad_() if requires_grad else made

    def like(
        input: Tensor, *, dtype: Any = None, generator: Any = None, requires_grad: bool = False
    ) -> Tensor:
        made = fresh(input._a.shape, generator=generator, dtype=dtype or input.dtype)
        return made.requires_grad_() if requires_grad else made

    fresh.__name__, like.__name__ = name, f"{name}_like"
    FUNCTIONS[name] = fresh
    operation(method=False)(like)


_drawn("rand", lambda rng, n, kind: rng.uniform(n, kind))
_drawn("randn", lambda rng, n, kind: rng.normal(n, kind))


@operation(method=False)
def randint(
    *bounds: Any, generator: Any = None, dtype: Any = None, requires_grad: bool = False, **named: Any
) -> Tensor:
    given = list(bounds)
    size = named.pop("size", None)
    size = given.pop() if size is None else size
    low, high = named.get("low", 0), named.get("high")
    if len(given) == 2:
        low, high = given
    elif given:
        high = given[0] if high is None else high
        low = low if "high" not in named else given[0]
    assert high is not None
    low, high = int(low), int(high)
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    shape = sizes((size,))
    kind = as_numpy(dtype) or np.dtype(np.int64)
    return Tensor._of(source(generator).integers(low, high, _count(shape)).astype(kind).reshape(shape))


@operation(method=False)
def randint_like(input: Tensor, low: int, high: int | None = None, *, dtype: Any = None) -> Tensor:
    low, high = (0, low) if high is None else (low, high)
    return randint(low, high, input._a.shape, dtype=dtype or input.dtype)


@operation(method=False)
def randperm(n: int, *, generator: Any = None, dtype: Any = None) -> Tensor:
    return Tensor._of(source(generator).permutation(int(n)).astype(as_numpy(dtype) or np.int64))


@operation()
def bernoulli(input: Tensor, p: Any = None, *, generator: Any = None) -> Tensor:
    rng = source(generator)
    if p is not None:
        return Tensor._of(_of_rate(rng, input._a.shape, p).astype(input._a.dtype))
    chance = input._a
    if chance.dtype.kind != "f":
        raise RuntimeError(f"\"bernoulli_tensor_cpu_p_\" not implemented for '{chance.dtype.name.title()}'")
    _check_chance(chance)
    return Tensor._of(rng.below(chance, chance.dtype).astype(chance.dtype))


def _check_chance(p: Any) -> None:
    if not np.all((np.asarray(p) >= 0) & (np.asarray(p) <= 1)):
        if np.ndim(p) == 0:
            raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")
        raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.")


def _of_rate(rng: Generator, shape: tuple[int, ...], p: Any) -> Array:
    """Draws below p: of 53 bits for a number, of p's own kind for a tensor."""
    if isinstance(p, Tensor):
        _check_chance(p._a)
        return rng.below(np.broadcast_to(p._a, shape), p._a.dtype)
    _check_chance(p)
    return rng.below(np.broadcast_to(np.float64(p), shape), np.float64)


# ---- in place: in the order of memory, as PyTorch goes through a tensor ----


def _refill(input: Tensor, drawn: Callable[[int], Array]) -> Tensor:
    """New values, drawn one after the other in the order in which the elements lie in memory."""
    a = input._a
    order = sorted(range(a.ndim), key=lambda d: -a.strides[d]) if a.ndim else []
    in_memory = a.transpose(order)
    values = drawn(a.size).reshape(in_memory.shape)
    back = [int(i) for i in np.argsort(order)] if order else []
    return input._become(Tensor._of(values.transpose(back).astype(a.dtype, copy=False)))


@operation(function=False)
def bernoulli_(input: Tensor, p: Any = 0.5, *, generator: Any = None) -> Tensor:
    if isinstance(p, Tensor):
        return input._become(
            Tensor._of(_of_rate(source(generator), input._a.shape, p).astype(input._a.dtype))
        )
    return _refill(input, lambda n: _of_rate(source(generator), (n,), p))


@operation(function=False)
def uniform_(input: Tensor, a: float = 0.0, b: float = 1.0, *, generator: Any = None) -> Tensor:
    if a > b:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={a} > to={b}")
    kind = input._a.dtype.type

    def drawn(n: int) -> Array:
        # In float32 torch multiplies and adds with a single rounding; so does float64, rounded at the end.
        return source(generator).uniform(n, kind).astype(np.float64) * float(kind(b - a)) + float(kind(a))

    return _refill(input, drawn)


@operation(function=False)
def normal_(input: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Tensor:
    if std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    return _refill(input, lambda n: source(generator).normal(n, input._a.dtype, mean, std))


@operation(function=False)
def random_(input: Tensor, *bounds: int, generator: Any = None) -> Tensor:
    top = {"b": 2, "f": 2**24 if input._a.itemsize == 4 else 2**53}.get(input._a.dtype.kind)
    low, high = (
        (0, top or 2 ** (8 * input._a.itemsize - 1))
        if not bounds
        else (0, bounds[0])
        if len(bounds) == 1
        else bounds
    )
    return _refill(input, lambda n: source(generator).integers(low, high, n))


@operation(function=False)
def exponential_(input: Tensor, lambd: float = 1.0, *, generator: Any = None) -> Tensor:
    kind = input._a.dtype.type
    return _refill(input, lambda n: -np.log1p(-source(generator).uniform(n, kind)) / kind(lambd))


@operation(method=False)
def normal(
    mean: Any, std: Any = 1.0, size: Any = None, *, generator: Any = None, dtype: Any = None
) -> Tensor:
    if size is not None:
        made = FUNCTIONS["zeros"](size, dtype=dtype)
        return normal_(made, float(mean), float(std), generator=generator)
    drawn_like = mean if isinstance(mean, Tensor) else std
    shape = np.broadcast_shapes(*(one._a.shape for one in (mean, std) if isinstance(one, Tensor)))
    z = FUNCTIONS["zeros"](shape, dtype=drawn_like.dtype)
    return normal_(z, generator=generator) * std + mean


@operation()
def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Any = None
) -> Tensor:
    """Indices by weight. The draws follow the same distribution as torch's, and differ from them."""
    rng = source(generator)
    rows = np.atleast_2d(input._a).astype(np.float64)
    if not replacement:
        if (num_samples > (rows > 0).sum(1)).any():
            raise RuntimeError(
                "invalid multinomial distribution (with replacement=False, not enough non-negative category to sample)"
            )
        with np.errstate(all="ignore"):
            keys = rows / -np.log1p(-rng.uniform(rows.size, np.float64).reshape(rows.shape))
        drawn = np.argsort(-keys, 1, kind="stable")[:, :num_samples]
    else:
        upto = rows.cumsum(1) / rows.sum(1, keepdims=True)
        u = rng.uniform(rows.shape[0] * num_samples, np.float64).reshape(rows.shape[0], num_samples)
        drawn = np.stack([np.searchsorted(its, one, side="right") for its, one in zip(upto, u, strict=True)])
    return Tensor._indices(drawn if input._a.ndim == 2 else drawn[0])


# ---- torch's own generator ----


def manual_seed(seed: Any) -> Generator:
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    return default_generator.seed()


def initial_seed() -> int:
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    default_generator.set_state(new_state)


@contextlib.contextmanager
def fork_rng(devices: Any = None, enabled: bool = True, **_: Any) -> Iterator[None]:
    """What is drawn inside leaves the generator outside as it was."""
    before = default_generator.get_state()
    try:
        yield
    finally:
        if enabled:
            default_generator.set_state(before)
