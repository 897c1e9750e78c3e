"""What answers to several parts of lesson 05 share."""

import torch


def gates(z):
    i, f, g, o = z.chunk(4, dim=-1)
    return i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()


def plain(x, h, W, U, b):
    return gates(x @ W.T + h @ U.T + b)


def wrong_gates(kind):
    """The gates with a mistake of any LSTM."""

    def gates(z):
        i, f, g, o = z.chunk(4, dim=-1)
        if kind == "order":
            f, i = i, f
        if kind == "bias":
            f = f + 1
        i, f, o = i.sigmoid(), f.sigmoid(), o.sigmoid()
        return i, f, g.sigmoid() if kind == "activation" else g.tanh(), o

    return gates


BASICS = {
    "gate-order": {"gates": wrong_gates("order")},
    "wrong-gate-activation": {"gates": wrong_gates("activation")},
    "forget-bias": {"gates": wrong_gates("bias")},
    "tanh-c-forgotten": {"squash": lambda c: c},
}


def basics(bank, answer):
    """The four mistakes of any LSTM inside a part's right answer, which takes `gates` and `squash`."""
    for slug, options in BASICS.items():

        def wrong(options=options, **given):
            return answer(**given, **options)

        wrong.__name__ = slug
        bank.wrong(slug)(wrong)


def moon_with(x, h, c, W, U, b, m_c, gates=gates, squash=torch.tanh):
    i, f, g, o = gates(x @ W.T + h @ U.T + b)
    c = m_c * (f * c + i * g)
    return o * squash(c), c


def semeniuta_with(x, h, c, W, U, b, m_g, gates=gates, squash=torch.tanh):
    i, f, g, o = gates(x @ W.T + h @ U.T + b)
    c = f * c + i * (m_g * g)
    return o * squash(c), c
