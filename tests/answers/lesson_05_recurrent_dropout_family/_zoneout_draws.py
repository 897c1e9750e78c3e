"""Ways to draw d_h and d_c, where they are None: `draw(h, z_h, z_c, d_h, d_c)` gives both masks."""

import numpy as np
import torch
import torch.nn.functional as F


def drawn(z, like):
    return (torch.rand_like(like) < z).to(like.dtype)


def each(draw):
    """The same way for both masks, each at its rate where it is None."""

    def both(h, z_h, z_c, d_h, d_c):
        return draw(z_h, h) if d_h is None else d_h, draw(z_c, h) if d_c is None else d_c

    both.__name__ = draw.__name__
    return both


right = each(drawn)


# ---- one mask for both


def second_mask_is_the_first(h, z_h, z_c, d_h, d_c):
    d_h = drawn(z_h, h) if d_h is None else d_h
    return d_h, d_h if d_c is None else d_c


def first_mask_is_the_second(h, z_h, z_c, d_h, d_c):
    d_c = drawn(z_c, h) if d_c is None else d_c
    return d_c if d_h is None else d_h, d_c


def one_mask_where_both_are_none(h, z_h, z_c, d_h, d_c):
    if d_h is None and d_c is None:
        d_h = d_c = drawn(z_h, h)
    return right(h, z_h, z_c, d_h, d_c)


def one_mask_where_one_is_given(h, z_h, z_c, d_h, d_c):
    if d_h is None and d_c is None:
        return drawn(z_h, h), drawn(z_c, h)
    return (d_c, d_c) if d_h is None else (d_h, d_h)


def one_mask_at_the_rate_of_renewing(h, z_h, z_c, d_h, d_c):
    return second_mask_is_the_first(h, 1 - z_h, z_c, d_h, d_c)


# ---- rates


def both_at_the_rate_of_h(h, z_h, z_c, d_h, d_c):
    return right(h, z_h, z_h, d_h, d_c)


def both_at_the_rate_of_c(h, z_h, z_c, d_h, d_c):
    return right(h, z_c, z_c, d_h, d_c)


def rates_exchanged(h, z_h, z_c, d_h, d_c):
    return right(h, z_c, z_h, d_h, d_c)


def half(z, like):
    return drawn(0.5, like)


def a_tenth(z, like):
    return drawn(0.1, like)


def by_the_normal_distribution(z, like):
    return (torch.randn_like(like) < z).to(like.dtype)


def twice_as_often(z, like):
    return drawn(min(1, 2 * z), like)


# ---- what a mask holds


def a_fixed_number_of_places(z, like):
    n = like.numel()
    return (torch.randperm(n) < round(z * n)).to(like.dtype).reshape(like.shape)


def of_bool(z, like):
    return torch.rand_like(like) < z


def scaled_by_dropout(z, like):
    return F.dropout(torch.ones_like(like), 1 - z)


def one_draw_for_all_of_a_mask(z, like):
    return drawn(z, like[:1, :1]).expand_as(like)


# ---- what is drawn from


def by_numpy(z, like):
    return torch.from_numpy(np.random.default_rng().random(like.shape) < z).to(like.dtype)


WRONG = (
    ("generator-ignored", each(by_numpy)),
    ("one-mask-for-both", second_mask_is_the_first),
    ("one-mask-for-both", first_mask_is_the_second),
    ("one-mask-for-both", one_mask_where_both_are_none),
    ("one-mask-for-both", one_mask_where_one_is_given),
    ("one-mask-for-both", one_mask_at_the_rate_of_renewing),
    ("one-rate-for-both", both_at_the_rate_of_h),
    ("one-rate-for-both", both_at_the_rate_of_c),
    ("masks-swapped", rates_exchanged),
    ("wrong-rate", each(half)),
    ("wrong-rate", each(a_tenth)),
    ("wrong-rate", each(by_the_normal_distribution)),
    ("wrong-rate", each(twice_as_often)),
    ("one-mask-for-batch", each(one_draw_for_all_of_a_mask)),
    ("exact-count", each(a_fixed_number_of_places)),
    ("bool-in-arithmetic", each(of_bool)),
    ("mask-not-two-valued", each(scaled_by_dropout)),
)
