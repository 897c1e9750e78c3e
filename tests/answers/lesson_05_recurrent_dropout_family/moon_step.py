"""Right and wrong answers to 5.1."""

import torch
import torch.nn.functional as F
from bank import Bank
from lesson_05_recurrent_dropout_family._shared import basics, gates, moon_with, plain, semeniuta_with

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def moon(x, h, c, W, U, b, m_c):
    return moon_with(x, h, c, W, U, b, m_c)


@bank.right
def moon_distributed(x, h, c, W, U, b, m_c):
    i, f, g, o = plain(x, h, W, U, b)
    new = f * (m_c * c) + i * (m_c * g)
    return o * new.tanh(), new


@bank.right
def moon_of_the_library(x, h, c, W, U, b, m_c):
    new = torch.lstm_cell(x, (h, c), W, U, b, torch.zeros_like(b))[1] * m_c
    o = (F.linear(x, W, b) + F.linear(h, U))[:, -h.shape[1] :].sigmoid()
    return [o * torch.tanh(new), new]


basics(bank, moon_with)


@bank.wrong("mask-on-candidate")
def moon_candidate(x, h, c, W, U, b, m_c):
    return semeniuta_with(x, h, c, W, U, b, m_c)


@bank.wrong("mask-before-activation")
def moon_before_tanh(x, h, c, W, U, b, m_c):
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, 1)
    new = f.sigmoid() * c + i.sigmoid() * (m_c * g).tanh()
    return o.sigmoid() * new.tanh(), new


@bank.wrong("mask-on-old-cell")
def old_cell(x, h, c, W, U, b, m_c):
    i, f, g, o = plain(x, h, W, U, b)
    new = f * (m_c * c) + i * g
    return o * new.tanh(), new


@bank.wrong("mask-not-kept")
def stored_unmasked(x, h, c, W, U, b, m_c):
    i, f, g, o = plain(x, h, W, U, b)
    new = f * c + i * g
    return o * (m_c * new).tanh(), new


@bank.wrong("output-reads-undropped")
def read_unmasked(x, h, c, W, U, b, m_c):
    i, f, g, o = plain(x, h, W, U, b)
    new = f * c + i * g
    return o * new.tanh(), m_c * new


@bank.wrong("mask-on-hidden")
def on_h(x, h, c, W, U, b, m_c):
    i, f, g, o = plain(x, h, W, U, b)
    new = f * c + i * g
    return m_c * o * new.tanh(), new


@bank.wrong("mask-on-recurrence")
def on_old_h(x, h, c, W, U, b, m_c):
    i, f, g, o = plain(x, h * m_c, W, U, b)
    new = f * c + i * g
    return o * new.tanh(), new


@bank.wrong("mask-after-product")
def on_the_product(x, h, c, W, U, b, m_c):
    i, f, g, o = gates(x @ W.T + (h @ U.T) * torch.cat([m_c] * 4, dim=1) + b)
    new = f * c + i * g
    return o * new.tanh(), new


@bank.wrong("mask-forgotten")
def no_mask(x, h, c, W, U, b, m_c):
    return torch.lstm_cell(x, (h, c), W, U, b, torch.zeros_like(b))


@bank.wrong("scale-lost")
def mask_as_boolean(x, h, c, W, U, b, m_c):
    return moon_with(x, h, c, W, U, b, (m_c > 0).to(c.dtype))


@bank.wrong("changes-input")
def cell_in_place(x, h, c, W, U, b, m_c):
    i, f, g, o = plain(x, h, W, U, b)
    c.mul_(f).add_(i * g).mul_(m_c)
    return o * c.tanh(), c


@bank.wrong("gradient-cut")
def masked_fill(x, h, c, W, U, b, m_c):
    i, f, g, o = plain(x, h, W, U, b)
    new = (f * c.detach() + i * g) * m_c
    return o * new.tanh(), new


@bank.wrong("mask-twice")
def mask_twice(x, h, c, W, U, b, m_c):
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, 1)
    c_new = m_c * (torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g))
    return (m_c * torch.sigmoid(o) * torch.tanh(c_new), c_new)


@bank.wrong("mask-after-tanh")
def mask_after_tanh(x, h, c, W, U, b, m_c):
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, 1)
    c_new = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return (torch.sigmoid(o) * (m_c * torch.tanh(c_new)), m_c * c_new)


@bank.wrong("zoneout-for-dropout")
def keeps_old_where_dropped(x, h, c, W, U, b, m_c):
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, 1)
    new = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    c_new = torch.where(m_c == 0, c, m_c * new)
    return (torch.sigmoid(o) * torch.tanh(c_new), c_new)


@bank.wrong("scale-lost")
def binary_mask(x, h, c, W, U, b, m_c):
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, 1)
    c_new = (torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)) * (m_c > 0)
    return (torch.sigmoid(o) * torch.tanh(c_new), c_new)


@bank.wrong("mask-inverted")
def one_minus_the_mask(x, h, c, W, U, b, m_c):
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, 1)
    c_new = (torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)) * (1 - m_c)
    return (torch.sigmoid(o) * torch.tanh(c_new), c_new)


@bank.wrong("mask-of-first-example")
def first_row_of_mask(x, h, c, W, U, b, m_c):
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, 1)
    c_new = m_c[0] * (torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g))
    return (torch.sigmoid(o) * torch.tanh(c_new), c_new)


@bank.wrong("mask-on-gates")
def all_sums_masked(x, h, c, W, U, b, m_c):
    i, f, g, o = ((x @ W.T + h @ U.T + b) * m_c.repeat(1, 4)).chunk(4, 1)
    new = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * new.tanh(), new


@bank.wrong("mask-complement")
def either_old_or_new(x, h, c, W, U, b, m_c):
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, 1)
    new = f.sigmoid() * c * (1 - m_c) + i.sigmoid() * g.tanh() * m_c
    return o.sigmoid() * new.tanh(), new


def parts(x, h, W, U, b):
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, dim=-1)
    return torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)


@bank.wrong("argument-misused")
def mask_on_gates(x, h, c, W, U, b, m_c):
    i, f, g, o = (m_c * t for t in parts(x, h, W, U, b))
    cell = f * c + i * g
    return o * torch.tanh(cell), cell
