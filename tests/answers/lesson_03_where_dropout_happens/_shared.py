"""What answers to several parts of lesson 03 share."""

import torch


def step(z, c):
    i, f, g, o = z.chunk(4, dim=-1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def lstm_step(x, h, c, W, U, b):
    """The step that the exercise gives."""
    return step(x @ W.T + h @ U.T + b, c)


def zeros(x, U):
    return torch.zeros(x.shape[0], U.shape[1], dtype=x.dtype)


def no_tanh(z, c):
    c = z[1].sigmoid() * c + z[0].sigmoid() * z[2].tanh()
    return z[3].sigmoid() * c, c


def tanh_gate(z, c):
    c = z[1].sigmoid() * c + z[0].tanh() * z[2].tanh()
    return z[3].sigmoid() * c.tanh(), c


def plus_one(z, c):
    c = (z[1] + 1).sigmoid() * c + z[0].sigmoid() * z[2].tanh()
    return z[3].sigmoid() * c.tanh(), c
