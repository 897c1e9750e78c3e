"""Right and wrong answers to 1.2."""

import torch
import torch.nn.functional as F
from bank import Bank
from lesson_01_cells._shared import gates

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def lstm_cell(x, h, c, W, U, b):
    return torch.lstm_cell(x, (h, c), W, U, b, torch.zeros_like(b))


@bank.right
def chunks(x, h, c, W, U, b):
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.right
def slices_of_the_weights(x, h, c, W, U, b):
    H = h.shape[1]
    z = [
        F.linear(x, W[k * H : (k + 1) * H], b[k * H : (k + 1) * H]) + F.linear(h, U[k * H : (k + 1) * H])
        for k in range(4)
    ]
    new_c = torch.sigmoid(z[1]) * c + torch.sigmoid(z[0]) * torch.tanh(z[2])
    return torch.sigmoid(z[3]) * torch.tanh(new_c), new_c


@bank.right
def reshaped_gates(x, h, c, W, U, b):
    z = (F.linear(x, W) + F.linear(h, U) + b).reshape(len(x), 4, -1)
    i, f, o = z[:, [0, 1, 3]].sigmoid().unbind(1)
    new_c = torch.addcmul(f * c, i, z[:, 2].tanh())
    return (o * new_c.tanh(), new_c)


@bank.right
def einsum_gates(x, h, c, W, U, b):
    H = h.shape[-1]
    W4, U4, b4 = W.reshape(4, H, -1), U.reshape(4, H, H), b.reshape(4, 1, H)
    z = torch.einsum("ghf,bf->gbh", W4, x) + torch.einsum("ghk,bk->gbh", U4, h) + b4
    c2 = z[1].sigmoid().mul(c).add(z[0].sigmoid().mul(z[2].tanh()))
    return [z[3].sigmoid() * c2.tanh(), c2]


@bank.right
def row_by_row(x, h, c, W, U, b):
    hs, cs = [], []
    for k in range(len(x)):
        i, f, g, o = torch.split(W @ x[k] + U @ h[k] + b, h.shape[1])
        cs.append(torch.sigmoid(f) * c[k] + torch.sigmoid(i) * torch.tanh(g))
        hs.append(torch.sigmoid(o) * torch.tanh(cs[-1]))
    return torch.stack(hs), torch.stack(cs)


@bank.right
def fresh_in_place(x, h, c, W, U, b):
    z = torch.addmm(b, x, W.t())
    z = z + h.mm(U.t())
    H = h.size(1)
    out = c.clone()
    out *= torch.sigmoid(z[:, H : 2 * H])
    out += torch.sigmoid(z[:, :H]) * torch.tanh(z[:, 2 * H : 3 * H])
    return torch.sigmoid(z[:, 3 * H :]) * torch.tanh(out), out


@bank.right
def by_exponentials(x, h, c, W, U, b):
    def sigmoid(z):
        return 1 / (1 + torch.exp(-z))

    i, f, g, o = torch.tensor_split(x.matmul(W.T) + h.matmul(U.T) + b, 4, dim=-1)
    c = sigmoid(f) * c + sigmoid(i) * torch.tanh(g)
    return sigmoid(o) * torch.tanh(c), c


@bank.wrong("gate-order")
def order_igfo(x, h, c, W, U, b):
    i, g, f, o = gates(x, h, W, U, b)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("gate-order")
def order_of_onnx(x, h, c, W, U, b):
    i, o, f, g = gates(x, h, W, U, b)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("gate-order")
def order_fiog(x, h, c, W, U, b):
    f, i, o, g = gates(x, h, W, U, b)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("tanh-c-forgotten")
def output_of_c(x, h, c, W, U, b):
    i, f, g, o = gates(x, h, W, U, b)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c, c


@bank.wrong("wrong-gate-activation")
def all_tanh(x, h, c, W, U, b):
    i, f, g, o = gates(x, h, W, U, b)
    c = f.tanh() * c + i.tanh() * g.tanh()
    return o.tanh() * c.tanh(), c


@bank.wrong("wrong-gate-activation")
def candidate_sigmoid(x, h, c, W, U, b):
    i, f, g, o = gates(x, h, W, U, b)
    c = f.sigmoid() * c + i.sigmoid() * g.sigmoid()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("wrong-gate-activation")
def output_gate_tanh(x, h, c, W, U, b):
    i, f, g, o = gates(x, h, W, U, b)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.tanh() * c.tanh(), c


@bank.wrong("wrong-gate-activation")
def candidate_linear(x, h, c, W, U, b):
    i, f, g, o = gates(x, h, W, U, b)
    c = f.sigmoid() * c + i.sigmoid() * g
    return o.sigmoid() * c.tanh(), c


@bank.wrong("forget-bias")
def plus_one(x, h, c, W, U, b):
    i, f, g, o = gates(x, h, W, U, b)
    c = (f + 1.0).sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("old-cell-in-output")
def reads_old_c(x, h, c, W, U, b):
    i, f, g, o = gates(x, h, W, U, b)
    return o.sigmoid() * c.tanh(), f.sigmoid() * c + i.sigmoid() * g.tanh()


@bank.wrong("cell-not-kept")
def no_old_cell(x, h, c, W, U, b):
    i, _, g, o = gates(x, h, W, U, b)
    c = i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("coupled-gates")
def coupled(x, h, c, W, U, b):
    i, _, g, o = gates(x, h, W, U, b)
    i = i.sigmoid()
    c = (1 - i) * c + i * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("tanh-stored")
def squashed_cell(x, h, c, W, U, b):
    i, f, g, o = gates(x, h, W, U, b)
    c = (f.sigmoid() * c + i.sigmoid() * g.tanh()).tanh()
    return o.sigmoid() * c, c


@bank.wrong("outputs-swapped")
def c_first(x, h, c, W, U, b):
    return lstm_cell(x, h, c, W, U, b)[::-1]


@bank.wrong("state-swapped")
def h_for_c(x, h, c, W, U, b):
    return lstm_cell(x, c, h, W, U, b)


@bank.wrong("gates-interleaved")
def every_fourth(x, h, c, W, U, b):
    z = x @ W.T + h @ U.T + b
    i, f, g, o = z[:, 0::4], z[:, 1::4], z[:, 2::4], z[:, 3::4]
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("bias-forgotten")
def lstm_without_bias(x, h, c, W, U, b):
    return lstm_cell(x, h, c, W, U, 0 * b)


@bank.wrong("bias-twice")
def both_biases(x, h, c, W, U, b):
    return torch.lstm_cell(x, (h, c), W, U, b, b)


@bank.wrong("weights-reshaped")
def reshaped_weights(x, h, c, W, U, b):
    H = h.shape[1]
    i, f, g, o = (x @ W.reshape(-1, 4 * H) + h @ U.reshape(-1, 4 * H) + b).chunk(4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("values-missing")
def only_h(x, h, c, W, U, b):
    return lstm_cell(x, h, c, W, U, b)[0]


@bank.wrong("unpacks-another-number")
def one_size(x, h, c, W, U, b):
    i, f, g, o = torch.split(x @ W.T + h @ U.T + b, 4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("unpacks-another-number")
def five_chunks(x, h, c, W, U, b):
    # Right by chance while H is at most 4.
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(5, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong()
def chunks_of_the_batch(x, h, c, W, U, b):
    # The batch decides what is said: another number of pieces, or four whose shapes do not fit.
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("changes-input")
def cell_in_place(x, h, c, W, U, b):
    i, f, g, o = gates(x, h, W, U, b)
    c *= f.sigmoid()
    c += i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("gradient-cut")
def cell_data(x, h, c, W, U, b):
    i, f, g, o = gates(x, h, W, U, b)
    c = f.sigmoid() * c.data + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("dtype-changed")
def new_zeros(x, h, c, W, U, b):
    out_h, out_c = torch.zeros(h.shape), torch.zeros(c.shape)
    new_h, new_c = lstm_cell(x, h, c, W, U, b)
    out_h += new_h
    out_c += new_c
    return out_h, out_c


@bank.wrong("forget-gate-inverted")
def one_minus_f(x, h, c, W, U, b):
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, dim=1)
    forget = torch.sigmoid(f)
    c_new = (1 - forget) * c + torch.sigmoid(i) * torch.tanh(g)
    return (torch.sigmoid(o) * torch.tanh(c_new), c_new)


def _cell(
    gate_sum=lambda x, h, W, U, b: x @ W.T + h @ U.T + b,
    new=lambda i, f, g, c: f * c + i * g,
    out=lambda o: o,
    squash=torch.tanh,
):
    def answer(x, h, c, W, U, b):
        i, f, g, o = gate_sum(x, h, W, U, b).chunk(4, dim=1)
        i, f, o = i.sigmoid(), f.sigmoid(), o.sigmoid()
        c = new(i, f, g.tanh(), c)
        return out(o) * squash(c), c

    return answer


for slug, answer in (
    ("gate-missing", _cell(out=lambda o: 1)),
    ("gate-missing", _cell(new=lambda i, f, g, c: c + i * g)),
    ("gate-missing", _cell(new=lambda i, f, g, c: f * c + g)),
    ("gate-missing", _cell(new=lambda i, f, g, c: f * c + i)),
    ("coupled-gates", _cell(new=lambda i, f, g, c: f * c + (1 - f) * g)),
    ("wrong-output-activation", _cell(squash=torch.sigmoid)),
    ("wrong-output-activation", _cell(squash=torch.relu)),
    ("cell-not-kept", _cell(new=lambda i, f, g, c: i * g)),
    ("sign-in-cell", _cell(new=lambda i, f, g, c: f * c - i * g)),
    ("sign-in-cell", _cell(lambda x, h, W, U, b: x @ W.T + h @ U.T - b)),
    ("input-ignored", _cell(lambda x, h, W, U, b: h @ U.T + b)),
    ("state-ignored", _cell(lambda x, h, W, U, b: x @ W.T + b)),
):
    bank.wrong(slug)(lambda x, h, c, W, U, b, answer=answer: answer(x, h, c, W, U, b))


@bank.wrong("argument-misused")
def bias_interleaved(x, h, c, W, U, b):
    H = h.shape[1]
    a = x @ W.T + h @ U.T
    a = a + b.reshape(4, H).T.reshape(-1)
    i, f, g, o = a.chunk(4, dim=1)
    cell = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(cell), cell
