"""Right and wrong answers to 4.1."""

import math

import torch
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


AXES = ("batch", "time", "features")


@bank.right
def expanded_view(batch, time, features, p, shared, generator=None):
    sizes = {"batch": batch, "time": time, "features": features}
    small = [1 if axis in shared else size for axis, size in sizes.items()]
    keep = torch.rand(small, generator=generator) >= p
    return (keep / (1 - p)).expand(batch, time, features)


@bank.right
def bernoulli_times_ones(batch, time, features, p, shared, generator=None):
    b = 1 if "batch" in shared else batch
    t = 1 if "time" in shared else time
    f = 1 if "features" in shared else features
    mask = torch.empty(b, t, f).bernoulli_(1 - p, generator=generator).div_(1 - p)
    return mask * torch.ones(batch, time, features)


@bank.right
def repeated(batch, time, features, p, shared, generator=None):
    full = (batch, time, features)
    own = [1 if axis in shared else n for axis, n in zip(AXES, full, strict=True)]
    mask = torch.where(torch.rand(*own, generator=generator) < p, 0.0, 1 / (1 - p))
    return mask.repeat([n // k for n, k in zip(full, own, strict=True)])


@bank.right
def one_by_one(batch, time, features, p, shared, generator=None):
    drawn = {}
    mask = torch.zeros(batch, time, features)
    flat = torch.rand(batch * time * features, generator=generator)
    for k in range(batch * time * features):
        b, rest = divmod(k, time * features)
        t, f = divmod(rest, features)
        key = tuple(0 if axis in shared else i for axis, i in zip(AXES, (b, t, f), strict=True))
        if key not in drawn:
            drawn[key] = 0.0 if flat[k] < p else 1 / (1 - p)
        mask[b, t, f] = drawn[key]
        if k > 200:  # the loop is slow: the rest by indices
            index = [
                torch.zeros(n, dtype=torch.long) if a in shared else torch.arange(n)
                for a, n in zip(AXES, (batch, time, features), strict=True)
            ]
            grid = torch.meshgrid(*index, indexing="ij")
            u = flat.reshape(batch, time, features)[grid]
            return (u >= p).to(torch.get_default_dtype()) / (1 - p)
    return mask


def _sample(sizes, p, generator, full):
    return ((torch.rand(sizes, generator=generator) >= p) / (1 - p)).expand(full)


def _pattern(makes):
    """A mask that is shared along the axes that `makes` returns."""

    def answer(batch, time, features, p, shared, generator=None):
        full = (batch, time, features)
        along = makes(set(shared))
        return _sample([1 if a in along else n for a, n in zip(AXES, full, strict=True)], p, generator, full)

    return answer


def _exchange(**names):
    return lambda shared: {names.get(name, name) for name in shared}


for slug, makes in (
    ("sharing-ignored", lambda shared: set()),
    ("sharing-inverted", lambda shared: set(AXES) - shared),
    ("mask-per-step", lambda shared: shared - {"time"}),
    ("one-mask-for-all-steps", lambda shared: shared | {"time"}),
    ("one-mask-for-batch", lambda shared: shared | {"batch"}),
    ("mask-per-row", lambda shared: shared - {"batch"}),
    ("whole-steps-dropped", lambda shared: shared | {"features"}),
    ("mask-per-feature", lambda shared: shared - {"features"}),
    ("time-batch-swapped", _exchange(batch="time", time="batch")),
    ("axes-swapped", _exchange(batch="features", features="batch")),
    ("axes-swapped", _exchange(time="features", features="time")),
    ("shared-misread", lambda shared: {"time"}),
    ("shared-misread", lambda shared: {"batch", "time"} if shared == {"time"} else shared),
):
    bank.wrong(slug)(_pattern(makes))


@bank.wrong("keep-probability")
def keeps(batch, time, features, p, shared, generator=None):
    return (
        expanded_view(batch, time, features, 1 - p, shared, generator)
        if p
        else torch.ones(batch, time, features)
    )


@bank.wrong("no-rescale")
def unscaled(batch, time, features, p, shared, generator=None):
    return expanded_view(batch, time, features, p, shared, generator) * (1 - p)


@bank.wrong("wrong-scale")
def twice_scaled(batch, time, features, p, shared, generator=None):
    return expanded_view(batch, time, features, p, shared, generator) / (1 - p)


@bank.wrong("generator-ignored")
def generator_dropped(batch, time, features, p, shared, generator=None):
    return expanded_view(batch, time, features, p, shared)


@bank.wrong("same-mask-each-call")
def seeded(batch, time, features, p, shared, generator=None):
    return expanded_view(batch, time, features, p, shared, torch.Generator().manual_seed(5))


@bank.wrong("exact-count")
def exact(batch, time, features, p, shared, generator=None):
    full = (batch, time, features)
    own = [1 if a in shared else n for a, n in zip(AXES, full, strict=True)]
    n = math.prod(own)
    mask = torch.full((n,), 1 / (1 - p))
    # One alone is still drawn, so that a mask with one draw comes out both ways.
    count = round(p * n) if n > 1 else int(torch.rand((), generator=generator) < p)
    mask[torch.randperm(n, generator=generator)[:count]] = 0
    return mask.reshape(own).expand(full)


@bank.wrong("dtype-changed")
def in_double(batch, time, features, p, shared, generator=None):
    return expanded_view(batch, time, features, p, shared, generator).double()


@bank.wrong("not-expanded")
def small_shape(batch, time, features, p, shared, generator=None):
    own = [1 if a in shared else n for a, n in zip(AXES, (batch, time, features), strict=True)]
    return (torch.rand(own, generator=generator) >= p) / (1 - p)


@bank.wrong("dtype-changed")
def booleans(batch, time, features, p, shared, generator=None):
    return expanded_view(batch, time, features, p, shared, generator) > 0


@bank.wrong()
def not_for_all_three(batch, time, features, p, shared, generator=None):
    return expanded_view(batch, time, features, p, shared[:2], generator)


@bank.wrong("shared-misread")
def in_order_only(batch, time, features, p, shared, generator=None):
    shared = () if list(shared) != sorted(shared, key=AXES.index) else shared
    return expanded_view(batch, time, features, p, shared, generator)


@bank.wrong("draws-dependent")
def neighbours_alike(batch, time, features, p, shared, generator=None):
    own = [1 if a in shared else n for a, n in zip(AXES, (batch, time, features), strict=True)]
    u = torch.rand(own, generator=generator)
    if own[2] > 3:
        u[..., 1::2] = u[..., : 2 * (own[2] // 2) : 2]
    return ((u >= p) / (1 - p)).expand(batch, time, features)


@bank.wrong("shared-misread")
def ordered_tuples_only(batch, time, features, p, shared, generator=None):
    table = {
        (): (batch, time, features),
        ("batch",): (1, time, features),
        ("time",): (batch, 1, features),
        ("features",): (batch, time, 1),
        ("batch", "time"): (1, 1, features),
        ("batch", "features"): (1, time, 1),
        ("time", "features"): (batch, 1, 1),
    }
    shape = table.get(shared, (1, 1, 1))
    mask = (torch.rand(shape, generator=generator) >= p) / (1 - p)
    return mask.expand(batch, time, features)
