"""Right and wrong answers to 5.5."""

import torch
import torch.nn.functional as F
from bank import Bank
from lesson_05_recurrent_dropout_family._shared import basics, gates

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


def _weight_drop(x, h, c, W, U, b, m_U, gates=gates, squash=torch.tanh):
    i, f, g, o = gates(F.linear(x, W, b) + F.linear(h, U * m_U))
    c = f * c + i * g
    return o * squash(c), c


@bank.right
def weight_drop(x, h, c, W, U, b, m_U):
    return _weight_drop(x, h, c, W, U, b, m_U)


@bank.right
def library_weight_drop(x, h, c, W, U, b, m_U):
    return torch.lstm_cell(x, (h, c), W, U * m_U, b, torch.zeros_like(b))


@bank.right
def weight_drop_transposed(x, h, c, W, U, b, m_U):
    z = x.mm(W.t()) + h.mm(U.t().mul(m_U.t())) + b
    i, f, g, o = gates(z)
    new = f * c + i * g
    return o * new.tanh(), new


@bank.right
def gate_by_gate(x, h, c, W, U, b, m_U):
    H = h.shape[1]
    z = []
    for k in range(4):
        rows = slice(k * H, (k + 1) * H)
        masked = U[rows] * m_U[rows]
        z.append(x @ W[rows].T + (h.unsqueeze(1) * masked).sum(-1) + b[rows])
    new = z[1].sigmoid() * c + z[0].sigmoid() * z[2].tanh()
    return z[3].sigmoid() * new.tanh(), new


basics(bank, _weight_drop)


def _weights(change):
    def answer(x, h, c, W, U, b, m_U):
        return torch.lstm_cell(x, (h, c), W, U * change(m_U), b, torch.zeros_like(b))

    return answer


def _some(m, blocks):
    return torch.cat([p if k in blocks else torch.ones_like(p) for k, p in enumerate(m.chunk(4))])


@bank.wrong("argument-misused")
def mask_added(x, h, c, W, U, b, m_U):
    # Right where h is zero, and h itself is used as it should be.
    return torch.lstm_cell(x, (h, c), W, U + m_U, b, torch.zeros_like(b))


for slug, change in (
    ("mask-forgotten", lambda m: 1),
    ("mask-on-some-gates", lambda m: _some(m, (2,))),
    ("mask-on-some-gates", lambda m: _some(m, (0, 1, 3))),
    ("one-mask-for-all-gates", lambda m: m[: m.shape[1]].repeat(4, 1)),
    ("weight-mask-transposed", lambda m: torch.cat([p.T for p in m.chunk(4)])),
    ("units-not-weights", lambda m: m[:1]),
    ("units-not-weights", lambda m: m.mean(0)),
    ("rows-not-weights", lambda m: m[:, :1]),
    ("rows-not-weights", lambda m: m.mean(1, keepdim=True)),
    ("scale-lost", lambda m: (m > 0).to(m.dtype)),
    ("mask-inverted", lambda m: 1 - m),
    (None, lambda m: m.flip(0)),
):
    bank.wrong(slug)(_weights(change))


@bank.wrong("mask-on-input-weights")
def input_weights(x, h, c, W, U, b, m_U):
    return torch.lstm_cell(x, (h, c), W * m_U, U, b, torch.zeros_like(b))


@bank.wrong("mask-on-input-weights")
def both_weights(x, h, c, W, U, b, m_U):
    return torch.lstm_cell(x, (h, c), W * m_U, U * m_U, b, torch.zeros_like(b))


@bank.wrong("changes-input")
def weights_in_place(x, h, c, W, U, b, m_U):
    return torch.lstm_cell(x, (h, c), W, U.mul_(m_U), b, torch.zeros_like(b))


@bank.wrong("gradient-cut")
def weights_data(x, h, c, W, U, b, m_U):
    return torch.lstm_cell(x, (h, c), W, U.data * m_U, b, torch.zeros_like(b))


@bank.wrong("mask-on-bias")
def bias_too(x, h, c, W, U, b, m_U):
    i, f, g, o = (x @ W.T + h @ (U * m_U).T + b * m_U[:, 0]).chunk(4, 1)
    c_new = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return (torch.sigmoid(o) * torch.tanh(c_new), c_new)


@bank.wrong("scale-lost")
def zero_or_one(x, h, c, W, U, b, m_U):
    U2 = U.masked_fill(m_U == 0, 0.0)
    i, f, g, o = (x @ W.T + h @ U2.T + b).chunk(4, 1)
    c_new = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return (torch.sigmoid(o) * torch.tanh(c_new), c_new)


@bank.wrong("argument-ignored")
def mask_only(x, h, c, W, U, b, m_U):
    i, f, g, o = (x @ W.T + h @ m_U.T + b).chunk(4, 1)
    c2 = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c2), c2
