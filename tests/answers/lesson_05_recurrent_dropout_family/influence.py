"""Right and wrong answers to 5.7."""

from itertools import product

from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def by_method(method, p, f, steps):
    if method == "zoneout":
        return [(1 - p) * (p + (1 - p) * f) ** t for t in range(steps)]
    if method == "cell, per sequence":
        return [(1 - p) * (1 / (1 - p)) ** t * f ** (t - 1) for t in range(1, steps + 1)]
    return [f**t for t in range(steps)]


@bank.right
def over_all_masks(method, p, f, steps):
    """Follows g_1 = 1 through every sequence of draws that matters; long ones step by step."""
    if method == "zoneout":
        values, here = [], 1 - p
        for _ in range(steps):
            values.append(here)
            here = p * here + (1 - p) * f * here
        return values
    outcomes = ((0.0, p), (1 / (1 - p), 1 - p))
    values = []
    for t in range(1, steps + 1):
        draws = 1 if method == "cell, per sequence" else min(t, 3)
        mean = 0.0
        for masks in product(outcomes, repeat=draws):
            weight = factor = 1.0
            for m, probability in masks:
                weight *= probability
                factor *= m**t if method == "cell, per sequence" else m
            mean += weight * factor
        values.append(mean * f ** (t - 1))
    return values


def instead(slug, *methods):
    """A wrong value for some methods, as a function of p, f and t."""

    def keep(value):
        @bank.wrong(slug)
        def wrong(method, p, f, steps):
            if method in methods:
                return [value(p, f, t) for t in range(1, steps + 1)]
            return by_method(method, p, f, steps)

        wrong.__name__ = value.__name__
        return value

    return keep


@instead("powers-of-one-mask", "cell, per sequence")
def mean_one(p, f, t):
    return f ** (t - 1)


@instead("no-rescale", "cell, per step")
def survives(p, f, t):
    return (1 - p) ** t * f ** (t - 1)


@instead("candidate-masked-again", "candidate, per sequence")
def again_and_again(p, f, t):
    return (f / (1 - p)) ** (t - 1)


@instead("gates-not-constant", "gates")
def gates_drop(p, f, t):
    return ((1 - p) * f) ** (t - 1)


@instead("zoneout-swapped", "zoneout")
def rate_of_updating(p, f, t):
    return p * (1 - p + p * f) ** (t - 1)


@instead("zoneout-first-step", "zoneout")
def always_written(p, f, t):
    return (p + (1 - p) * f) ** (t - 1)


@instead("zoneout-fills-zero", "zoneout")
def zeros(p, f, t):
    return (1 - p) ** t * f ** (t - 1)


@bank.wrong("sharing-swapped")
def the_other_sharing(method, p, f, steps):
    swapped = {"cell, per step": "cell, per sequence", "cell, per sequence": "cell, per step"}
    return by_method(swapped.get(method, method), p, f, steps)


@instead("zoneout-as-none", "zoneout")
def no_mask(p, f, t):
    return f ** (t - 1)


@instead("sharing-swapped", "cell, per step")
def one_draw_at_each_step(p, f, t):
    return (f / (1 - p)) ** (t - 1)


@bank.wrong("off-by-one")
def late(method, p, f, steps):
    values = by_method(method, p, f, steps)
    return [values[0], *values[:-1]]


@bank.wrong("off-by-one")
def late_from_one(method, p, f, steps):
    return [1.0, *by_method(method, p, f, steps)[:-1]]


@bank.wrong("off-by-one")
def early(method, p, f, steps):
    return by_method(method, p, f, steps + 1)[1:]


@bank.wrong()
def only_the_last(method, p, f, steps):
    return by_method(method, p, f, steps)[-1]


# Two mistakes at once, as a newcomer made them: the first name that is wrong is recognised by itself.


@bank.wrong("no-rescale")
def unscaled_on_the_cell_and_always_written(method, p, f, steps):
    if method.startswith("cell"):
        return [f ** (t - 1) * (1 - p) ** t for t in range(1, steps + 1)]
    keeps = p + (1 - p) * f if method == "zoneout" else f
    return [keeps**t for t in range(steps)]
