"""Right and wrong answers to 5.3."""

import torch
from bank import Bank
from lesson_05_recurrent_dropout_family._shared import basics, moon_with, plain, semeniuta_with
from lesson_05_recurrent_dropout_family.moon_step import (
    no_mask,
    old_cell,
    on_h,
    on_old_h,
    on_the_product,
    read_unmasked,
    stored_unmasked,
)

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def semeniuta(x, h, c, W, U, b, m_g):
    return semeniuta_with(x, h, c, W, U, b, m_g)


@bank.right
def gate_masked(x, h, c, W, U, b, m_g):
    i, f, g, o = plain(x, h, W, U, b)
    new = torch.addcmul(f * c, i * m_g, g)
    return o * new.tanh(), new


@bank.right
def by_subtraction(x, h, c, W, U, b, m_g):
    i, f, g, o = plain(x, h, W, U, b)
    new = f * c + i * g - (1 - m_g) * i * g
    return o * new.tanh(), new


basics(bank, semeniuta_with)


@bank.wrong("mask-on-cell")
def semeniuta_cell(x, h, c, W, U, b, m_g):
    return moon_with(x, h, c, W, U, b, m_g)


@bank.wrong("mask-before-activation")
def before_tanh(x, h, c, W, U, b, m_g):
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, 1)
    new = f.sigmoid() * c + i.sigmoid() * (m_g * g).tanh()
    return o.sigmoid() * new.tanh(), new


for slug, moons in (
    ("mask-on-old-cell", old_cell),
    ("mask-not-kept", stored_unmasked),
    ("output-reads-undropped", read_unmasked),
    ("mask-on-hidden", on_h),
    ("mask-on-recurrence", on_old_h),
    ("mask-after-product", on_the_product),
    ("mask-forgotten", no_mask),
):
    bank.wrong(slug)(lambda x, h, c, W, U, b, m_g, moons=moons: moons(x, h, c, W, U, b, m_g))


@bank.wrong()
def squeezed(x, h, c, W, U, b, m_g):
    new_h, new_c = semeniuta_with(x, h, c, W, U, b, m_g)
    return new_h.squeeze(0), new_c.squeeze(0)


@bank.wrong("gradient-cut")
def candidate_detached(x, h, c, W, U, b, m_g):
    i, f, g, o = plain(x, h, W, U, b)
    new = f * c + i * (m_g * g.detach())
    return o * new.tanh(), new
