"""Right and wrong answers of lesson 01."""

import math

import torch
import torch.nn.functional as F
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


# ---------------------------------------------------------------- 1.1 right


@bank.right("1.1")
def linear(x, h, W, U, b):
    return torch.tanh(F.linear(x, W, b) + F.linear(h, U))


@bank.right("1.1")
def library_cell(x, h, W, U, b):
    return torch.rnn_tanh_cell(x, h, W, U, b, torch.zeros_like(b))


@bank.right("1.1")
def einsum(x, h, W, U, b):
    return torch.tanh(torch.einsum("bf,hf->bh", x, W) + torch.einsum("bk,hk->bh", h, U) + b)


@bank.right("1.1")
def one_product(x, h, W, U, b):
    return torch.tanh(torch.cat([x, h], dim=1) @ torch.cat([W, U], dim=1).T + b)


@bank.right("1.1")
def loops(x, h, W, U, b):
    rows = []
    for k in range(x.shape[0]):
        units = []
        for j in range(W.shape[0]):
            total = b[j]
            for i in range(x.shape[1]):
                total = total + W[j, i] * x[k, i]
            for i in range(h.shape[1]):
                total = total + U[j, i] * h[k, i]
            units.append(torch.tanh(total))
        rows.append(torch.stack(units))
    return torch.stack(rows)


@bank.right("1.1")
def in_place_on_a_new_tensor(x, h, W, U, b):
    out = x @ W.t()
    out += h @ U.t()
    out += b
    return out.tanh_()


@bank.right("1.1")
def by_sigmoid(x, h, W, U, b):
    return 2 * torch.sigmoid(2 * (x @ W.T + h @ U.T + b)) - 1


# ---------------------------------------------------------------- 1.1 wrong


@bank.wrong("1.1", "bias-forgotten")
def no_bias(x, h, W, U, b):
    return torch.tanh(x @ W.T + h @ U.T)


@bank.wrong("1.1", "bias-forgotten")
def bias_outside(x, h, W, U, b):
    return torch.tanh(x @ W.T + h @ U.T) + b


@bank.wrong("1.1", "weights-transposed")
def u_as_it_lies(x, h, W, U, b):
    return torch.tanh(x @ W.T + h @ U + b)


@bank.wrong("1.1", "weights-transposed")
def both_as_they_lie(x, h, W, U, b):
    return (x @ W + h @ U + b).tanh()


@bank.wrong("1.1", "weights-swapped")
def swapped(x, h, W, U, b):
    return torch.tanh(h @ W.T + x @ U.T + b)


@bank.wrong("1.1", "activation-forgotten")
def no_tanh(x, h, W, U, b):
    return x @ W.T + h @ U.T + b


@bank.wrong("1.1", "wrong-activation")
def sigmoid(x, h, W, U, b):
    return torch.sigmoid(F.linear(x, W, b) + F.linear(h, U))


@bank.wrong("1.1", "wrong-activation")
def relu(x, h, W, U, b):
    return (x @ W.T + h @ U.T + b).clamp(min=0)


@bank.wrong("1.1", "activation-before-sum")
def tanh_of_each(x, h, W, U, b):
    return torch.tanh(x @ W.T) + torch.tanh(h @ U.T) + b


@bank.wrong("1.1", "old-state-ignored")
def no_memory(x, h, W, U, b):
    return torch.tanh(F.linear(x, W, b))


@bank.wrong("1.1", "old-state-added")
def residual(x, h, W, U, b):
    return h + torch.tanh(x @ W.T + h @ U.T + b)


@bank.wrong("1.1", "bias-twice")
def two_biases(x, h, W, U, b):
    return torch.rnn_tanh_cell(x, h, W, U, b, b)


@bank.wrong("1.1")
def squeezed(x, h, W, U, b):
    return torch.tanh(x @ W.T + h @ U.T + b).squeeze()


@bank.wrong("1.1", "gradient-cut")
def old_state_detached(x, h, W, U, b):
    return torch.tanh(x @ W.T + h.detach() @ U.T + b)


@bank.wrong("1.1", "gradient-cut")
def by_numpy(x, h, W, U, b):
    import numpy as np

    z = (
        x.detach().numpy() @ W.detach().numpy().T
        + h.detach().numpy() @ U.detach().numpy().T
        + b.detach().numpy()
    )
    return torch.from_numpy(np.tanh(z))


@bank.wrong("1.1", "changes-input")
def writes_into_h(x, h, W, U, b):
    new = torch.tanh(x @ W.T + h @ U.T + b)
    h.data.copy_(new)
    return new


@bank.wrong("1.1")
def first_row_only(x, h, W, U, b):
    return torch.tanh(x[:1] @ W.T + h[:1] @ U.T + b).expand(len(x), -1)


@bank.wrong("1.1")
def unwritten(x, h, W, U, b):
    raise NotImplementedError


# ---------------------------------------------------------------- 1.2 right


@bank.right("1.2")
def lstm_cell(x, h, c, W, U, b):
    return torch.lstm_cell(x, (h, c), W, U, b, torch.zeros_like(b))


@bank.right("1.2")
def chunks(x, h, c, W, U, b):
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.right("1.2")
def slices_of_the_weights(x, h, c, W, U, b):
    H = h.shape[1]
    z = [
        F.linear(x, W[k * H : (k + 1) * H], b[k * H : (k + 1) * H]) + F.linear(h, U[k * H : (k + 1) * H])
        for k in range(4)
    ]
    new_c = torch.sigmoid(z[1]) * c + torch.sigmoid(z[0]) * torch.tanh(z[2])
    return torch.sigmoid(z[3]) * torch.tanh(new_c), new_c


@bank.right("1.2")
def reshaped_gates(x, h, c, W, U, b):
    z = (F.linear(x, W) + F.linear(h, U) + b).reshape(len(x), 4, -1)
    i, f, o = z[:, [0, 1, 3]].sigmoid().unbind(1)
    new_c = torch.addcmul(f * c, i, z[:, 2].tanh())
    return (o * new_c.tanh(), new_c)


@bank.right("1.2")
def einsum_gates(x, h, c, W, U, b):
    H = h.shape[-1]
    W4, U4, b4 = W.reshape(4, H, -1), U.reshape(4, H, H), b.reshape(4, 1, H)
    z = torch.einsum("ghf,bf->gbh", W4, x) + torch.einsum("ghk,bk->gbh", U4, h) + b4
    c2 = z[1].sigmoid().mul(c).add(z[0].sigmoid().mul(z[2].tanh()))
    return [z[3].sigmoid() * c2.tanh(), c2]


@bank.right("1.2")
def row_by_row(x, h, c, W, U, b):
    hs, cs = [], []
    for k in range(len(x)):
        i, f, g, o = torch.split(W @ x[k] + U @ h[k] + b, h.shape[1])
        cs.append(torch.sigmoid(f) * c[k] + torch.sigmoid(i) * torch.tanh(g))
        hs.append(torch.sigmoid(o) * torch.tanh(cs[-1]))
    return torch.stack(hs), torch.stack(cs)


@bank.right("1.2")
def fresh_in_place(x, h, c, W, U, b):
    z = torch.addmm(b, x, W.t())
    z = z + h.mm(U.t())
    H = h.size(1)
    out = c.clone()
    out *= torch.sigmoid(z[:, H : 2 * H])
    out += torch.sigmoid(z[:, :H]) * torch.tanh(z[:, 2 * H : 3 * H])
    return torch.sigmoid(z[:, 3 * H :]) * torch.tanh(out), out


@bank.right("1.2")
def by_exponentials(x, h, c, W, U, b):
    def sigmoid(z):
        return 1 / (1 + torch.exp(-z))

    i, f, g, o = torch.tensor_split(x.matmul(W.T) + h.matmul(U.T) + b, 4, dim=-1)
    c = sigmoid(f) * c + sigmoid(i) * torch.tanh(g)
    return sigmoid(o) * torch.tanh(c), c


# ---------------------------------------------------------------- 1.2 wrong


def _gates(x, h, W, U, b):
    return (x @ W.T + h @ U.T + b).chunk(4, dim=1)


@bank.wrong("1.2", "gate-order")
def order_igfo(x, h, c, W, U, b):
    i, g, f, o = _gates(x, h, W, U, b)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("1.2", "gate-order")
def order_of_onnx(x, h, c, W, U, b):
    i, o, f, g = _gates(x, h, W, U, b)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("1.2", "gate-order")
def order_fiog(x, h, c, W, U, b):
    f, i, o, g = _gates(x, h, W, U, b)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("1.2", "tanh-c-forgotten")
def output_of_c(x, h, c, W, U, b):
    i, f, g, o = _gates(x, h, W, U, b)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c, c


@bank.wrong("1.2", "wrong-gate-activation")
def all_tanh(x, h, c, W, U, b):
    i, f, g, o = _gates(x, h, W, U, b)
    c = f.tanh() * c + i.tanh() * g.tanh()
    return o.tanh() * c.tanh(), c


@bank.wrong("1.2", "wrong-gate-activation")
def candidate_sigmoid(x, h, c, W, U, b):
    i, f, g, o = _gates(x, h, W, U, b)
    c = f.sigmoid() * c + i.sigmoid() * g.sigmoid()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("1.2", "wrong-gate-activation")
def output_gate_tanh(x, h, c, W, U, b):
    i, f, g, o = _gates(x, h, W, U, b)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.tanh() * c.tanh(), c


@bank.wrong("1.2", "wrong-gate-activation")
def candidate_linear(x, h, c, W, U, b):
    i, f, g, o = _gates(x, h, W, U, b)
    c = f.sigmoid() * c + i.sigmoid() * g
    return o.sigmoid() * c.tanh(), c


@bank.wrong("1.2", "forget-bias")
def plus_one(x, h, c, W, U, b):
    i, f, g, o = _gates(x, h, W, U, b)
    c = (f + 1.0).sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("1.2", "old-cell-in-output")
def reads_old_c(x, h, c, W, U, b):
    i, f, g, o = _gates(x, h, W, U, b)
    return o.sigmoid() * c.tanh(), f.sigmoid() * c + i.sigmoid() * g.tanh()


@bank.wrong("1.2", "cell-not-kept")
def no_old_cell(x, h, c, W, U, b):
    i, _, g, o = _gates(x, h, W, U, b)
    c = i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("1.2", "coupled-gates")
def coupled(x, h, c, W, U, b):
    i, _, g, o = _gates(x, h, W, U, b)
    i = i.sigmoid()
    c = (1 - i) * c + i * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("1.2", "tanh-stored")
def squashed_cell(x, h, c, W, U, b):
    i, f, g, o = _gates(x, h, W, U, b)
    c = (f.sigmoid() * c + i.sigmoid() * g.tanh()).tanh()
    return o.sigmoid() * c, c


@bank.wrong("1.2", "outputs-swapped")
def c_first(x, h, c, W, U, b):
    return lstm_cell(x, h, c, W, U, b)[::-1]


@bank.wrong("1.2", "state-swapped")
def h_for_c(x, h, c, W, U, b):
    return lstm_cell(x, c, h, W, U, b)


@bank.wrong("1.2", "gates-interleaved")
def every_fourth(x, h, c, W, U, b):
    z = x @ W.T + h @ U.T + b
    i, f, g, o = z[:, 0::4], z[:, 1::4], z[:, 2::4], z[:, 3::4]
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("1.2", "bias-forgotten")
def lstm_without_bias(x, h, c, W, U, b):
    return lstm_cell(x, h, c, W, U, 0 * b)


@bank.wrong("1.2", "bias-twice")
def both_biases(x, h, c, W, U, b):
    return torch.lstm_cell(x, (h, c), W, U, b, b)


@bank.wrong("1.2", "weights-reshaped")
def reshaped_weights(x, h, c, W, U, b):
    H = h.shape[1]
    i, f, g, o = (x @ W.reshape(-1, 4 * H) + h @ U.reshape(-1, 4 * H) + b).chunk(4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("1.2")
def only_h(x, h, c, W, U, b):
    return lstm_cell(x, h, c, W, U, b)[0]


@bank.wrong("1.2")
def one_size(x, h, c, W, U, b):
    i, f, g, o = torch.split(x @ W.T + h @ U.T + b, 4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("1.2")
def five_chunks(x, h, c, W, U, b):
    # Right by chance while H is at most 4.
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(5, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("1.2")
def chunks_of_the_batch(x, h, c, W, U, b):
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("1.2", "changes-input")
def cell_in_place(x, h, c, W, U, b):
    i, f, g, o = _gates(x, h, W, U, b)
    c *= f.sigmoid()
    c += i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("1.2", "gradient-cut")
def cell_data(x, h, c, W, U, b):
    i, f, g, o = _gates(x, h, W, U, b)
    c = f.sigmoid() * c.data + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("1.2", "dtype-changed")
def new_zeros(x, h, c, W, U, b):
    out_h, out_c = torch.zeros(h.shape), torch.zeros(c.shape)
    new_h, new_c = lstm_cell(x, h, c, W, U, b)
    out_h += new_h
    out_c += new_c
    return out_h, out_c


# ---------------------------------------------------------------- 1.3 right


@bank.right("1.3")
def gru_cell(x, h, W, U, b_w, b_u):
    return torch.gru_cell(x, h, W, U, b_w, b_u)


@bank.right("1.3")
def two_products(x, h, W, U, b_w, b_u):
    xr, xz, xn = F.linear(x, W, b_w).chunk(3, 1)
    hr, hz, hn = F.linear(h, U, b_u).chunk(3, 1)
    r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
    n = torch.tanh(xn + r * hn)
    return n + z * (h - n)


@bank.right("1.3")
def block_by_block(x, h, W, U, b_w, b_u):
    H = h.shape[1]
    rows = [slice(0, H), slice(H, 2 * H), slice(2 * H, 3 * H)]
    r = torch.sigmoid(x @ W[rows[0]].T + b_w[rows[0]] + h @ U[rows[0]].T + b_u[rows[0]])
    z = torch.sigmoid(x @ W[rows[1]].T + b_w[rows[1]] + h @ U[rows[1]].T + b_u[rows[1]])
    n = torch.tanh(x @ W[rows[2]].T + b_w[rows[2]] + r * (h @ U[rows[2]].T + b_u[rows[2]]))
    return (1 - z) * n + z * h


@bank.right("1.3")
def lerp(x, h, W, U, b_w, b_u):
    a = torch.einsum("bf,gf->bg", x, W) + b_w
    k = torch.einsum("bh,gh->bg", h, U) + b_u
    H = h.shape[-1]
    rz = (a[:, : 2 * H] + k[:, : 2 * H]).sigmoid()
    n = (a[:, 2 * H :] + rz[:, :H] * k[:, 2 * H :]).tanh()
    return torch.lerp(n, h, rz[:, H:])


@bank.right("1.3")
def gru_rows(x, h, W, U, b_w, b_u):
    out = torch.empty_like(h)
    for k in range(h.shape[0]):
        a, u = (W @ x[k] + b_w).unflatten(0, (3, -1)), (U @ h[k] + b_u).unflatten(0, (3, -1))
        r, z = (a[0] + u[0]).sigmoid(), (a[1] + u[1]).sigmoid()
        out[k] = (1 - z) * (a[2] + r * u[2]).tanh() + z * h[k]
    return out


# ---------------------------------------------------------------- 1.3 wrong


def _gru(x, h, W, U, b_w, b_u, order=(0, 1, 2)):
    a, k = F.linear(x, W, b_w).chunk(3, 1), F.linear(h, U, b_u).chunk(3, 1)
    r, z, n = order
    return (a[r] + k[r]).sigmoid(), (a[z] + k[z]).sigmoid(), a[n], k[n]


@bank.wrong("1.3", "gate-order")
def keras_order(x, h, W, U, b_w, b_u):
    r, z, a, k = _gru(x, h, W, U, b_w, b_u, (1, 0, 2))
    return (1 - z) * (a + r * k).tanh() + z * h


@bank.wrong("1.3", "gate-order")
def candidate_first(x, h, W, U, b_w, b_u):
    r, z, a, k = _gru(x, h, W, U, b_w, b_u, (1, 2, 0))
    return (1 - z) * (a + r * k).tanh() + z * h


@bank.wrong("1.3", "update-inverted")
def z_renews(x, h, W, U, b_w, b_u):
    r, z, a, k = _gru(x, h, W, U, b_w, b_u)
    return z * (a + r * k).tanh() + (1 - z) * h


@bank.wrong("1.3", "reset-before-product")
def reset_first(x, h, W, U, b_w, b_u):
    r, z, a, _ = _gru(x, h, W, U, b_w, b_u)
    H = h.shape[1]
    return (1 - z) * (a + (r * h) @ U[2 * H :].T + b_u[2 * H :]).tanh() + z * h


@bank.wrong("1.3", "reset-misses-bias")
def bias_outside_reset(x, h, W, U, b_w, b_u):
    r, z, a, _ = _gru(x, h, W, U, b_w, b_u)
    H = h.shape[1]
    return (1 - z) * (a + r * (h @ U[2 * H :].T) + b_u[2 * H :]).tanh() + z * h


@bank.wrong("1.3", "reset-forgotten")
def no_reset(x, h, W, U, b_w, b_u):
    _, z, a, k = _gru(x, h, W, U, b_w, b_u)
    return (1 - z) * (a + k).tanh() + z * h


@bank.wrong("1.3", "reset-on-input")
def reset_all(x, h, W, U, b_w, b_u):
    r, z, a, k = _gru(x, h, W, U, b_w, b_u)
    return (1 - z) * (r * (a + k)).tanh() + z * h


@bank.wrong("1.3", "gates-exchanged")
def z_resets(x, h, W, U, b_w, b_u):
    _, z, a, k = _gru(x, h, W, U, b_w, b_u)
    return (1 - z) * (a + z * k).tanh() + z * h


@bank.wrong("1.3", "old-state-lost")
def no_leak(x, h, W, U, b_w, b_u):
    r, z, a, k = _gru(x, h, W, U, b_w, b_u)
    return (1 - z) * (a + r * k).tanh()


@bank.wrong("1.3", "wrong-gate-activation")
def sigmoid_candidate(x, h, W, U, b_w, b_u):
    r, z, a, k = _gru(x, h, W, U, b_w, b_u)
    return (1 - z) * (a + r * k).sigmoid() + z * h


@bank.wrong("1.3", "bias-forgotten")
def one_bias(x, h, W, U, b_w, b_u):
    return torch.gru_cell(x, h, W, U, b_w, torch.zeros_like(b_u))


@bank.wrong("1.3", "biases-swapped")
def swapped_biases(x, h, W, U, b_w, b_u):
    return torch.gru_cell(x, h, W, U, b_u, b_w)


@bank.wrong("1.3", "biases-swapped")
def both_inside(x, h, W, U, b_w, b_u):
    return torch.gru_cell(x, h, W, U, torch.zeros_like(b_w), b_w + b_u)


@bank.wrong("1.3")
def a_tuple(x, h, W, U, b_w, b_u):
    new = torch.gru_cell(x, h, W, U, b_w, b_u)
    return new, new


@bank.wrong("1.3", "changes-input")
def h_in_place(x, h, W, U, b_w, b_u):
    r, z, a, k = _gru(x, h, W, U, b_w, b_u)
    h.mul_(z).add_((1 - z) * (a + r * k).tanh())
    return h


@bank.wrong("1.3", "gradient-cut")
def gate_detached(x, h, W, U, b_w, b_u):
    r, z, a, k = _gru(x, h, W, U, b_w, b_u)
    z = z.detach()
    return (1 - z) * (a + r * k).tanh() + z * h


# ---------------------------------------------------------------- 1.4 right

NAMED = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid, "linear": lambda z: z}


@bank.right("1.4")
def by_dictionary(x, h, c, W, U, b, activation, recurrent_activation):
    act, rec = NAMED[activation], NAMED[recurrent_activation]
    i, f, g, o = _gates(x, h, W, U, b)
    c = rec(f) * c + rec(i) * act(g)
    return rec(o) * act(c), c


@bank.right("1.4")
def by_getattr(x, h, c, W, U, b, activation, recurrent_activation):
    def apply(name, z):
        return z if name == "linear" else getattr(torch, name)(z)

    H = h.shape[1]
    z = F.linear(x, W, b) + F.linear(h, U)
    i, f, o = (apply(recurrent_activation, z[:, k * H : (k + 1) * H]) for k in (0, 1, 3))
    new_c = f * c + i * apply(activation, z[:, 2 * H : 3 * H])
    return o * apply(activation, new_c), new_c


@bank.right("1.4")
def by_branches(x, h, c, W, U, b, activation, recurrent_activation):
    def f_of(name, z):
        if name == "tanh":
            return (torch.exp(z) - torch.exp(-z)) / (torch.exp(z) + torch.exp(-z))
        if name == "relu":
            return torch.where(z > 0, z, torch.zeros_like(z))
        if name == "sigmoid":
            return 1 / (1 + torch.exp(-z))
        return z

    z = torch.einsum("bf,gf->bg", x, W) + torch.einsum("bh,gh->bg", h, U) + b
    z = z.reshape(len(x), 4, -1)
    new_c = f_of(recurrent_activation, z[:, 1]) * c + f_of(recurrent_activation, z[:, 0]) * f_of(
        activation, z[:, 2]
    )
    return f_of(recurrent_activation, z[:, 3]) * _tanh_of_large(activation, new_c, f_of), new_c


def _tanh_of_large(name, z, f_of):
    # exp overflows for a large cell, so tanh is torch's own there.
    return torch.tanh(z) if name == "tanh" else f_of(name, z)


# ---------------------------------------------------------------- 1.4 wrong


@bank.wrong("1.4", "activation-swapped")
def candidate_only(x, h, c, W, U, b, activation, recurrent_activation):
    act, rec = NAMED[activation], NAMED[recurrent_activation]
    i, f, g, o = _gates(x, h, W, U, b)
    c = rec(f) * c + rec(i) * act(g)
    return rec(o) * c.tanh(), c


@bank.wrong("1.4", "activation-swapped")
def output_only(x, h, c, W, U, b, activation, recurrent_activation):
    act, rec = NAMED[activation], NAMED[recurrent_activation]
    i, f, g, o = _gates(x, h, W, U, b)
    c = rec(f) * c + rec(i) * g.tanh()
    return rec(o) * act(c), c


@bank.wrong("1.4", "activations-exchanged")
def exchanged(x, h, c, W, U, b, activation, recurrent_activation):
    return by_dictionary(x, h, c, W, U, b, recurrent_activation, activation)


@bank.wrong("1.4", "activation-ignored")
def always_tanh(x, h, c, W, U, b, activation, recurrent_activation):
    return by_dictionary(x, h, c, W, U, b, "tanh", recurrent_activation)


@bank.wrong("1.4", "recurrent-activation-ignored")
def always_sigmoid(x, h, c, W, U, b, activation, recurrent_activation):
    return by_dictionary(x, h, c, W, U, b, activation, "sigmoid")


@bank.wrong("1.4", "recurrent-activation-ignored")
def output_gate_sigmoid(x, h, c, W, U, b, activation, recurrent_activation):
    act, rec = NAMED[activation], NAMED[recurrent_activation]
    i, f, g, o = _gates(x, h, W, U, b)
    c = rec(f) * c + rec(i) * act(g)
    return o.sigmoid() * act(c), c


@bank.wrong("1.4", "activation-on-gates")
def output_gate_activation(x, h, c, W, U, b, activation, recurrent_activation):
    act, rec = NAMED[activation], NAMED[recurrent_activation]
    i, f, g, o = _gates(x, h, W, U, b)
    c = rec(f) * c + rec(i) * act(g)
    return act(o) * act(c), c


@bank.wrong("1.4", "activation-on-gates")
def activation_everywhere(x, h, c, W, U, b, activation, recurrent_activation):
    return by_dictionary(x, h, c, W, U, b, activation, activation)


@bank.wrong("1.4", "recurrent-activation-on-candidate")
def recurrent_on_candidate(x, h, c, W, U, b, activation, recurrent_activation):
    act, rec = NAMED[activation], NAMED[recurrent_activation]
    i, f, g, o = _gates(x, h, W, U, b)
    c = rec(f) * c + rec(i) * rec(g)
    return rec(o) * act(c), c


@bank.wrong("1.4", "activation-on-output")
def put_on_top(x, h, c, W, U, b, activation, recurrent_activation):
    h, c = lstm_cell(x, h, c, W, U, b)
    return NAMED[activation](h), c


@bank.wrong("1.4", "gate-order")
def with_other_order(x, h, c, W, U, b, activation, recurrent_activation):
    act, rec = NAMED[activation], NAMED[recurrent_activation]
    f, i, g, o = _gates(x, h, W, U, b)
    c = rec(f) * c + rec(i) * act(g)
    return rec(o) * act(c), c


@bank.wrong("1.4")
def linear_unknown(x, h, c, W, U, b, activation, recurrent_activation):
    known = {name: NAMED[name] for name in ("tanh", "relu", "sigmoid")}
    act, rec = known[activation], known[recurrent_activation]
    i, f, g, o = _gates(x, h, W, U, b)
    c = rec(f) * c + rec(i) * act(g)
    return rec(o) * act(c), c


@bank.wrong("1.4")
def leaky(x, h, c, W, U, b, activation, recurrent_activation):
    named = NAMED | {"relu": lambda z: F.leaky_relu(z, 0.01)}
    act, rec = named[activation], named[recurrent_activation]
    i, f, g, o = _gates(x, h, W, U, b)
    c = rec(f) * c + rec(i) * act(g)
    return rec(o) * act(c), c


@bank.wrong("1.4")
def approximate_tanh(x, h, c, W, U, b, activation, recurrent_activation):
    named = NAMED | {"sigmoid": lambda z: 0.5 * (1 + torch.erf(z * math.sqrt(math.pi) / 4))}
    act, rec = named[activation], named[recurrent_activation]
    i, f, g, o = _gates(x, h, W, U, b)
    c = rec(f) * c + rec(i) * act(g)
    return rec(o) * act(c), c
