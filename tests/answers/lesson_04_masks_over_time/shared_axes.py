"""Right and wrong answers to 4.5."""

from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG
AXES = ("batch", "time", "features")


@bank.right
def against_the_first(mask):
    first = mask[:1], mask[:, :1], mask[:, :, :1]
    return tuple(name for name, slices in zip(AXES, first, strict=True) if (mask == slices).all())


@bank.right
def by_the_range(mask):
    return [name for k, name in enumerate(AXES) if (mask.amax(k) == mask.amin(k)).all()]


@bank.right
def slice_by_slice(mask):
    found = []
    for k, name in enumerate(AXES):
        one, *others = mask.unbind(k)
        if all((one - other).abs().max() < 1e-6 for other in others):
            found.append(name)
    return tuple(found)


@bank.wrong("own-for-shared")
def where_it_changes(mask):
    return tuple(name for name in AXES if name not in against_the_first(mask))


@bank.wrong("one-line-looked-at")
def one_line(mask):
    lines = mask[:, 0, 0], mask[0, :, 0], mask[0, 0, :]
    return tuple(name for name, line in zip(AXES, lines, strict=True) if (line == line[0]).all())


@bank.wrong("one-example-looked-at")
def in_the_first_example(mask):
    one = mask[0]
    found = (mask == mask[:1]).all(), (one == one[:1]).all(), (one == one[:, :1]).all()
    return tuple(name for name, shared in zip(AXES, found, strict=True) if shared)


@bank.wrong("one-example-looked-at")
def time_in_the_last_example(mask):
    found = {name: name in against_the_first(mask) for name in AXES}
    found["time"] = bool((mask[-1] == mask[-1, :1]).all())
    return tuple(name for name in AXES if found[name])


@bank.wrong()
def first_and_last_example(mask):
    """Whatever lies between them is not looked at."""
    ends = mask[[0, -1]]
    found = {name: name in against_the_first(mask) for name in AXES}
    found["features"] = bool((ends == ends[..., :1]).all())
    return tuple(name for name in AXES if found[name])


@bank.wrong("one-place-looked-at")
def of_time_the_last_feature(mask):
    found = {name: name in against_the_first(mask) for name in AXES}
    found["time"] = bool((mask[..., -1] == mask[:, :1, -1]).all())
    return tuple(name for name in AXES if found[name])


@bank.wrong("one-place-looked-at")
def at_the_first_step(mask):
    now = mask[:, 0]
    found = (now == now[:1]).all(), (mask == mask[:, :1]).all(), (now == now[:, :1]).all()
    return tuple(name for name, shared in zip(AXES, found, strict=True) if shared)


@bank.wrong("one-place-looked-at")
def of_the_first_feature(mask):
    one = mask[..., 0]
    found = (one == one[:1]).all(), (one == one[:, :1]).all(), (mask == mask[..., :1]).all()
    return tuple(name for name, shared in zip(AXES, found, strict=True) if shared)


@bank.wrong("two-slices-compared")
def neighbours(mask):
    return tuple(n for k, n in enumerate(AXES) if (mask.select(k, 0) == mask.select(k, 1)).all())


@bank.wrong("two-slices-compared")
def both_ends(mask):
    return tuple(n for k, n in enumerate(AXES) if (mask.select(k, 0) == mask.select(k, -1)).all())


@bank.wrong("counts-compared")
def by_the_mean(mask):
    means = mask.mean((1, 2)), mask.mean((0, 2)), mask.mean((0, 1))
    return tuple(n for n, one in zip(AXES, means, strict=True) if (one - one[0]).abs().max() < 1e-6)


@bank.wrong("time-batch-swapped")
def time_first(mask):
    first = mask[:, :1], mask[:1], mask[:, :, :1]
    return tuple(name for name, slices in zip(AXES, first, strict=True) if (mask == slices).all())


@bank.wrong("order-reversed")
def reversed_order(mask):
    return against_the_first(mask)[::-1]


@bank.wrong("axes-in-other-order")
def time_batch_features(mask):
    return tuple(name for name in ("time", "batch", "features") if name in against_the_first(mask))


@bank.wrong("axes-in-other-order")
def features_in_front(mask):
    return [name for name in ("features", "batch", "time") if name in against_the_first(mask)]


@bank.wrong("string-for-tuple")
def no_comma(mask):
    found = against_the_first(mask)
    return found[0] if len(found) == 1 else found


@bank.wrong()
def nothing_is_shared(mask):
    return ()


@bank.wrong("changes-input")
def subtracts(mask):
    found = against_the_first(mask)
    mask -= mask[:1].clone()
    return found
