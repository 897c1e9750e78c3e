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


@bank.wrong("axis-lost-or-added")
def squeezed(x, h, c, W, U, b, m_g):
    new_h, new_c = semeniuta_with(x, h, c, W, U, b, m_g)
    return new_h.squeeze(0), new_c.squeeze(0)


@bank.wrong("gradient-cut")
def candidate_detached(x, h, c, W, U, b, m_g):
    i, f, g, o = plain(x, h, W, U, b)
    new = f * c + i * (m_g * g.detach())
    return o * new.tanh(), new


@bank.wrong("mask-twice")
def output_too(x, h, c, W, U, b, m_g):
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, 1)
    c_new = torch.sigmoid(f) * c + torch.sigmoid(i) * (m_g * torch.tanh(g))
    return (torch.sigmoid(o) * torch.tanh(c_new) * m_g, c_new)


@bank.wrong("mask-on-gates")
def all_blocks_scaled(x, h, c, W, U, b, m_g):
    a = (x @ W.T + h @ U.T + b) * torch.cat([m_g] * 4, dim=1)
    i, f, g, o = a.chunk(4, 1)
    c_new = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return (torch.sigmoid(o) * torch.tanh(c_new), c_new)


@bank.wrong("mask-complement")
def keep_complement(x, h, c, W, U, b, m_g):
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, 1)
    c_new = (1 - m_g) * torch.sigmoid(f) * c + torch.sigmoid(i) * m_g * torch.tanh(g)
    return (torch.sigmoid(o) * torch.tanh(c_new), c_new)


@bank.wrong("mask-squared")
def mask_squared(x, h, c, W, U, b, m_g):
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, 1)
    i = torch.sigmoid(i) * m_g
    g = torch.tanh(g) * m_g
    c_new = torch.sigmoid(f) * c + i * g
    return (torch.sigmoid(o) * torch.tanh(c_new), c_new)


@bank.wrong("mask-after-tanh")
def squashed_masked(x, h, c, W, U, b, m_g):
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, 1)
    new = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * (new.tanh() * m_g), new * m_g


@bank.wrong("zoneout-for-dropout")
def old_cell_where_dropped(x, h, c, W, U, b, m_g):
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, 1)
    new = torch.where(m_g > 0, (f.sigmoid() * c + i.sigmoid() * g.tanh()) * m_g, c)
    return o.sigmoid() * new.tanh(), new


def preactivations(x, h, W, U, b):
    return (torch.matmul(x, W.t()) + torch.matmul(h, U.t()) + b).chunk(4, dim=1)


@bank.wrong("argument-misused")
def gate_before_sigmoid(x, h, c, W, U, b, m_g):
    i, f, g, o = preactivations(x, h, W, U, b)
    cell = f.sigmoid() * c + (i * m_g).sigmoid() * g.tanh()
    return o.sigmoid() * cell.tanh(), cell
