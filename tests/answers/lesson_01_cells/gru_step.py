"""Right and wrong answers to 1.3."""

import torch
import torch.nn.functional as F
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def gru_cell(x, h, W, U, b_w, b_u):
    return torch.gru_cell(x, h, W, U, b_w, b_u)


@bank.right
def two_products(x, h, W, U, b_w, b_u):
    xr, xz, xn = F.linear(x, W, b_w).chunk(3, 1)
    hr, hz, hn = F.linear(h, U, b_u).chunk(3, 1)
    r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
    n = torch.tanh(xn + r * hn)
    return n + z * (h - n)


@bank.right
def block_by_block(x, h, W, U, b_w, b_u):
    H = h.shape[1]
    rows = [slice(0, H), slice(H, 2 * H), slice(2 * H, 3 * H)]
    r = torch.sigmoid(x @ W[rows[0]].T + b_w[rows[0]] + h @ U[rows[0]].T + b_u[rows[0]])
    z = torch.sigmoid(x @ W[rows[1]].T + b_w[rows[1]] + h @ U[rows[1]].T + b_u[rows[1]])
    n = torch.tanh(x @ W[rows[2]].T + b_w[rows[2]] + r * (h @ U[rows[2]].T + b_u[rows[2]]))
    return (1 - z) * n + z * h


@bank.right
def lerp(x, h, W, U, b_w, b_u):
    a = torch.einsum("bf,gf->bg", x, W) + b_w
    k = torch.einsum("bh,gh->bg", h, U) + b_u
    H = h.shape[-1]
    rz = (a[:, : 2 * H] + k[:, : 2 * H]).sigmoid()
    n = (a[:, 2 * H :] + rz[:, :H] * k[:, 2 * H :]).tanh()
    return torch.lerp(n, h, rz[:, H:])


@bank.right
def gru_rows(x, h, W, U, b_w, b_u):
    out = torch.empty_like(h)
    for k in range(h.shape[0]):
        a, u = (W @ x[k] + b_w).unflatten(0, (3, -1)), (U @ h[k] + b_u).unflatten(0, (3, -1))
        r, z = (a[0] + u[0]).sigmoid(), (a[1] + u[1]).sigmoid()
        out[k] = (1 - z) * (a[2] + r * u[2]).tanh() + z * h[k]
    return out


def _gru(x, h, W, U, b_w, b_u, order=(0, 1, 2)):
    a, k = F.linear(x, W, b_w).chunk(3, 1), F.linear(h, U, b_u).chunk(3, 1)
    r, z, n = order
    return (a[r] + k[r]).sigmoid(), (a[z] + k[z]).sigmoid(), a[n], k[n]


@bank.wrong("gate-order")
def keras_order(x, h, W, U, b_w, b_u):
    r, z, a, k = _gru(x, h, W, U, b_w, b_u, (1, 0, 2))
    return (1 - z) * (a + r * k).tanh() + z * h


@bank.wrong("gate-order")
def candidate_first(x, h, W, U, b_w, b_u):
    r, z, a, k = _gru(x, h, W, U, b_w, b_u, (1, 2, 0))
    return (1 - z) * (a + r * k).tanh() + z * h


@bank.wrong("update-inverted")
def z_renews(x, h, W, U, b_w, b_u):
    r, z, a, k = _gru(x, h, W, U, b_w, b_u)
    return z * (a + r * k).tanh() + (1 - z) * h


@bank.wrong("reset-before-product")
def reset_first(x, h, W, U, b_w, b_u):
    r, z, a, _ = _gru(x, h, W, U, b_w, b_u)
    H = h.shape[1]
    return (1 - z) * (a + (r * h) @ U[2 * H :].T + b_u[2 * H :]).tanh() + z * h


@bank.wrong("reset-misses-bias")
def bias_outside_reset(x, h, W, U, b_w, b_u):
    r, z, a, _ = _gru(x, h, W, U, b_w, b_u)
    H = h.shape[1]
    return (1 - z) * (a + r * (h @ U[2 * H :].T) + b_u[2 * H :]).tanh() + z * h


@bank.wrong("reset-forgotten")
def no_reset(x, h, W, U, b_w, b_u):
    _, z, a, k = _gru(x, h, W, U, b_w, b_u)
    return (1 - z) * (a + k).tanh() + z * h


@bank.wrong("reset-on-input")
def reset_all(x, h, W, U, b_w, b_u):
    r, z, a, k = _gru(x, h, W, U, b_w, b_u)
    return (1 - z) * (r * (a + k)).tanh() + z * h


@bank.wrong("gates-exchanged")
def z_resets(x, h, W, U, b_w, b_u):
    _, z, a, k = _gru(x, h, W, U, b_w, b_u)
    return (1 - z) * (a + z * k).tanh() + z * h


@bank.wrong("reset-inverted")
def one_minus_r(x, h, W, U, b_w, b_u):
    r, z, a, k = _gru(x, h, W, U, b_w, b_u)
    return (1 - z) * (a + (1 - r) * k).tanh() + z * h


@bank.wrong("reset-on-input")
def reset_the_input_alone(x, h, W, U, b_w, b_u):
    r, z, a, k = _gru(x, h, W, U, b_w, b_u)
    return (1 - z) * (r * a + k).tanh() + z * h


@bank.wrong("gates-interleaved")
def every_third_row(x, h, W, U, b_w, b_u):
    (xr, xz, xn), (hr, hz, hn) = (
        (v @ w.T + b).unflatten(1, (-1, 3)).unbind(2) for v, w, b in ((x, W, b_w), (h, U, b_u))
    )
    r, z = (xr + hr).sigmoid(), (xz + hz).sigmoid()
    return (1 - z) * (xn + r * hn).tanh() + z * h


@bank.wrong("old-state-lost")
def no_leak(x, h, W, U, b_w, b_u):
    r, z, a, k = _gru(x, h, W, U, b_w, b_u)
    return (1 - z) * (a + r * k).tanh()


@bank.wrong("wrong-gate-activation")
def sigmoid_candidate(x, h, W, U, b_w, b_u):
    r, z, a, k = _gru(x, h, W, U, b_w, b_u)
    return (1 - z) * (a + r * k).sigmoid() + z * h


@bank.wrong("bias-forgotten")
def one_bias(x, h, W, U, b_w, b_u):
    return torch.gru_cell(x, h, W, U, b_w, torch.zeros_like(b_u))


@bank.wrong("biases-swapped")
def swapped_biases(x, h, W, U, b_w, b_u):
    return torch.gru_cell(x, h, W, U, b_u, b_w)


@bank.wrong("both-biases-reset")
def both_inside(x, h, W, U, b_w, b_u):
    return torch.gru_cell(x, h, W, U, torch.zeros_like(b_w), b_w + b_u)


@bank.wrong("more-returned")
def a_tuple(x, h, W, U, b_w, b_u):
    new = torch.gru_cell(x, h, W, U, b_w, b_u)
    return new, new


@bank.wrong("changes-input")
def h_in_place(x, h, W, U, b_w, b_u):
    r, z, a, k = _gru(x, h, W, U, b_w, b_u)
    h.mul_(z).add_((1 - z) * (a + r * k).tanh())
    return h


@bank.wrong("gradient-cut")
def gate_detached(x, h, W, U, b_w, b_u):
    r, z, a, k = _gru(x, h, W, U, b_w, b_u)
    z = z.detach()
    return (1 - z) * (a + r * k).tanh() + z * h


@bank.wrong("reset-in-final-sum")
def reset_of_old_state_mix(x, h, W, U, b_w, b_u):
    xr, xz, xn = (x @ W.T + b_w).chunk(3, 1)
    hr, hz, hn = (h @ U.T + b_u).chunk(3, 1)
    r = torch.sigmoid(xr + hr)
    z = torch.sigmoid(xz + hz)
    n = torch.tanh(xn + r * hn)
    return (1 - z) * n + z * (r * h)


@bank.wrong("old-state-lost")
def no_update(x, h, W, U, b_w, b_u):
    xr, _, xn = (x @ W.T + b_w).chunk(3, 1)
    hr, _, hn = (h @ U.T + b_u).chunk(3, 1)
    r = torch.sigmoid(xr + hr)
    return torch.tanh(xn + r * hn)
