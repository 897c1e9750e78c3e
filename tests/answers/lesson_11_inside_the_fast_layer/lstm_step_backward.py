"""Right and wrong answers to 11.1."""

import torch
import torch.nn.functional as F
from bank import Bank
from lesson_11_inside_the_fast_layer._shared import backward, gates, pre_tanh, slopes

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def by_hand(dh, dc, x, h, c, W, U, b, m_h):
    return backward(dh, dc, x, h, c, W, U, b, m_h)


@bank.right
def by_autograd(dh, dc, x, h, c, W, U, b, m_h):
    with torch.enable_grad():
        leaves = [t.detach().clone().requires_grad_() for t in (x, h, c, W, U, b)]
        x, h, c, W, U, b = leaves
        i, f, g, o = gates(F.linear(x, W, b) + F.linear(h * m_h, U))
        new = f * c + i * g
        return torch.autograd.grad([o * new.tanh(), new], leaves, [dh, dc])


@bank.right
def by_vjp(dh, dc, x, h, c, W, U, b, m_h):
    def step(x, h, c, W, U, b):
        return torch.lstm_cell(x, (h * m_h, c), W, U, b, torch.zeros_like(b))

    return torch.func.vjp(step, x, h, c, W, U, b)[1]((dh, dc))


@bank.right
def gate_by_gate_einsum(dh, dc, x, h, c, W, U, b, m_h):
    H = h.shape[1]
    masked = torch.mul(h, m_h)
    z = torch.einsum("bf,gf->bg", x, W) + torch.einsum("bh,gh->bg", masked, U) + b
    i, f, g, o = (z[:, k * H : (k + 1) * H] for k in range(4))
    i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
    t = torch.tanh(f * c + i * g)
    into = dc + dh * o - dh * o * t * t
    dz = x.new_empty(x.size(0), 4 * H)
    dz[:, :H] = into * g * (i - i * i)
    dz[:, H : 2 * H] = into * c * (f - f * f)
    dz[:, 2 * H : 3 * H] = into * i * (1 - g) * (1 + g)
    dz[:, 3 * H :] = dh * t * (o - o * o)
    return [
        torch.einsum("bg,gf->bf", dz, W),
        torch.einsum("bg,gh,bh->bh", dz, U, m_h),
        into * f,
        torch.einsum("bg,bf->gf", dz, x),
        torch.einsum("bg,bh->gh", dz, masked),
        torch.einsum("bg->g", dz),
    ]


@bank.right
def row_by_row(dh, dc, x, h, c, W, U, b, m_h):
    rows = []
    for k in range(len(x)):
        i, f, g, o = gates(W @ x[k] + U @ (h[k] * m_h[k]) + b)
        t = torch.tanh(f * c[k] + i * g)
        d = dc[k] + dh[k] * o * (1 - t.square())
        dz = torch.cat(
            [d * g * i * (1 - i), d * c[k] * f * (1 - f), d * i * (1 - g**2), dh[k] * t * o * (1 - o)]
        )
        rows.append(
            (dz @ W, (dz @ U) * m_h[k], d * f, torch.outer(dz, x[k]), torch.outer(dz, h[k] * m_h[k]), dz)
        )
    dx, d_h, d_c, dW, dU, db = zip(*rows, strict=True)
    return torch.stack(dx), torch.stack(d_h), torch.stack(d_c), sum(dW), sum(dU), sum(db)


def _step(**options):
    def answer(dh, dc, x, h, c, W, U, b, m_h):
        return backward(dh, dc, x, h, c, W, U, b, m_h, **options)

    return answer


def _after(change):
    def answer(dh, dc, x, h, c, W, U, b, m_h):
        return change(backward(dh, dc, x, h, c, W, U, b, m_h), x)

    return answer


def _one(a, z):
    return torch.ones_like(a)


def _pre_sigmoid(a, z):
    return z * (1 - z)


def _no_mask(dh, dc, x, h, c, W, U, b, m_h):
    return backward(dh, dc, x, h, c, W, U, b, torch.ones_like(m_h))


def _mask_on_incoming(dh, dc, x, h, c, W, U, b, m_h):
    return backward(dh * m_h, dc, x, h, c, W, U, b, m_h, mask_h=False)


def _keras_order(dh, dc, x, h, c, W, U, b, m_h):
    return backward(dh, dc, x, h, c, W, U, b, m_h, forward_order=(0, 2, 1, 3), order=(0, 2, 1, 3))


for slug, answer in (
    ("mask-twice", _step(mask_h=2)),
    ("mask-twice", _step(mask_h=2, mask_u=2)),
    ("mask-twice", _step(mask_u=2)),
    ("gate-order", _step(order=(0, 2, 1, 3))),
    ("gate-order", _step(order=(1, 0, 2, 3))),
    ("gate-order", _step(order=(3, 0, 1, 2))),
    ("gate-order", _keras_order),
    ("slope-at-preactivation", _step(slopes=slopes(tanh=pre_tanh))),
    ("slope-at-preactivation", _step(slopes=slopes(cell=pre_tanh))),
    ("slope-at-preactivation", _step(slopes=slopes(sigmoid=_pre_sigmoid))),
    ("slope-at-preactivation", _step(slopes=(_pre_sigmoid, pre_tanh, pre_tanh))),
    (
        "slope-at-preactivation",
        _step(slopes=slopes(sigmoid=lambda a, z: a.sigmoid() * (1 - a.sigmoid()))),
    ),
    ("slope-at-preactivation", _step(slopes=slopes(tanh=lambda a, z: 1 - a.tanh() ** 2))),
    ("slope-forgotten", _step(slopes=slopes(sigmoid=_one))),
    ("slope-forgotten", _step(slopes=slopes(tanh=_one))),
    ("slope-forgotten", _step(slopes=slopes(cell=_one))),
    ("slope-forgotten", _step(slopes=(_one, _one, _one))),
    ("cell-gradient-forgotten", _step(total=lambda dc, through_h: through_h)),
    ("output-path-forgotten", _step(total=lambda dc, through_h: dc)),
    ("old-cell-gradient", _step(old_cell=lambda d_cell, dc, f: d_cell)),
    ("old-cell-gradient", _step(old_cell=lambda d_cell, dc, f: dc * f)),
    ("old-cell-gradient", _step(old_cell=lambda d_cell, dc, f: dc)),
    ("factors-exchanged", _step(met=lambda i, f, g, c, new: (g, new, i))),
    ("factors-exchanged", _step(met=lambda i, f, g, c, new: (i, c, g))),
    ("factors-exchanged", _step(met=lambda i, f, g, c, new: (c, g, i))),
    ("tanh-c-forgotten", _step(squash=lambda c: c, slopes=slopes(cell=_one))),
    ("mask-forgotten", _no_mask),
    ("mask-forgotten-in-h", _step(mask_h=False)),
    ("mask-forgotten-in-u", _step(mask_u=False)),
    ("mask-forgotten-backwards", _step(mask_h=False, mask_u=False)),
    ("mask-on-incoming-gradient", _mask_on_incoming),
    ("bias-not-summed", _step(bias=lambda dz: dz)),
    ("bias-not-summed", _step(bias=lambda dz: dz.mean(0))),
    ("bias-not-summed", _step(bias=lambda dz: dz.sum(0, keepdim=True))),
    ("mean-over-batch", _after(lambda d, x: (*d[:3], *(its / x.shape[0] for its in d[3:])))),
    ("gradient-transposed", _after(lambda d, x: (*d[:3], d[3].T, d[4].T, d[5]))),
    ("gradient-transposed", _after(lambda d, x: (*d[:3], d[3].T, *d[4:]))),
    ("outputs-swapped", _after(lambda d, x: (*d[3:], *d[:3]))),
    ("outputs-swapped", _after(lambda d, x: (d[0], d[2], d[1], *d[3:]))),
    ("values-missing", _after(lambda d, x: d[:5])),
    ("sign-reversed", _after(lambda d, x: tuple(-its for its in d))),
    ("some-outputs-wrong", _after(lambda d, x: (d[0].sum(0), *d[1:]))),
    ("axis-lost-or-added", _after(lambda d, x: tuple(its.squeeze() for its in d))),
    ("some-outputs-wrong", _step(bias=lambda dz: dz.sum(1))),
    (None, _step(total=lambda dc, through_h: dc - through_h)),
):
    bank.wrong(slug)(answer)


@bank.wrong("changes-input")
def masks_h_in_place(dh, dc, x, h, c, W, U, b, m_h):
    value = backward(dh, dc, x, h, c, W, U, b, m_h)
    h.mul_(m_h)
    return value


@bank.wrong("changes-input")
def adds_into_dc(dh, dc, x, h, c, W, U, b, m_h):
    value = backward(dh, dc, x, h, c, W, U, b, m_h)
    dc += dh
    return value


@bank.wrong("mask-forgotten-forward")
def forward_unmasked(dh, dc, x, h, c, W, U, b, m_h):
    hm = h * m_h
    a = x @ W.T + h @ U.T + b
    ai, af, ag, ao = a.chunk(4, dim=1)
    i, f, g, o = (torch.sigmoid(ai), torch.sigmoid(af), torch.tanh(ag), torch.sigmoid(ao))
    c_new = f * c + i * g
    tc = torch.tanh(c_new)
    d_c = dc + dh * o * (1 - tc**2)
    d_ai = d_c * g * i * (1 - i)
    d_af = d_c * c * f * (1 - f)
    d_ag = d_c * i * (1 - g**2)
    d_ao = dh * tc * o * (1 - o)
    da = torch.cat([d_ai, d_af, d_ag, d_ao], dim=1)
    dx = da @ W
    d_h = da @ U * m_h
    return (dx, d_h, d_c * f, da.T @ x, da.T @ hm, da.sum(dim=0))


@bank.wrong("mask-after-product")
def mask_on_x_product(dh, dc, x, h, c, W, U, b, m_h):
    hm = h
    a = x @ W.T + h @ U.T * m_h.repeat(1, 4) + b
    ai, af, ag, ao = a.chunk(4, dim=1)
    i, f, g, o = (torch.sigmoid(ai), torch.sigmoid(af), torch.tanh(ag), torch.sigmoid(ao))
    c_new = f * c + i * g
    tc = torch.tanh(c_new)
    d_c = dc + dh * o * (1 - tc**2)
    d_ai = d_c * g * i * (1 - i)
    d_af = d_c * c * f * (1 - f)
    d_ag = d_c * i * (1 - g**2)
    d_ao = dh * tc * o * (1 - o)
    da = torch.cat([d_ai, d_af, d_ag, d_ao], dim=1)
    dx = da @ W
    d_h = da @ U * m_h
    return (dx, d_h, d_c * f, da.T @ x, da.T @ hm, da.sum(dim=0))


@bank.wrong("slopes-exchanged")
def sigmoid_slope_for_g(dh, dc, x, h, c, W, U, b, m_h):
    hm = h * m_h
    a = x @ W.T + hm @ U.T + b
    ai, af, ag, ao = a.chunk(4, dim=1)
    i, f, g, o = (torch.sigmoid(ai), torch.sigmoid(af), torch.tanh(ag), torch.sigmoid(ao))
    c_new = f * c + i * g
    tc = torch.tanh(c_new)
    d_c = dc + dh * o * (1 - tc**2)
    d_ai = d_c * g * i * (1 - i)
    d_af = d_c * c * f * (1 - f)
    d_ag = d_c * i * g * (1 - g)
    d_ao = dh * tc * o * (1 - o)
    da = torch.cat([d_ai, d_af, d_ag, d_ao], dim=1)
    dx = da @ W
    d_h = da @ U * m_h
    return (dx, d_h, d_c * f, da.T @ x, da.T @ hm, da.sum(dim=0))


@bank.wrong("output-gate-gradient")
def o_from_cell(dh, dc, x, h, c, W, U, b, m_h):
    hm = h * m_h
    a = x @ W.T + hm @ U.T + b
    ai, af, ag, ao = a.chunk(4, dim=1)
    i, f, g, o = (torch.sigmoid(ai), torch.sigmoid(af), torch.tanh(ag), torch.sigmoid(ao))
    c_new = f * c + i * g
    tc = torch.tanh(c_new)
    d_c = dc + dh * o * (1 - tc**2)
    d_ai = d_c * g * i * (1 - i)
    d_af = d_c * c * f * (1 - f)
    d_ag = d_c * i * (1 - g**2)
    d_ao = (dh + dc) * tc * o * (1 - o)
    da = torch.cat([d_ai, d_af, d_ag, d_ao], dim=1)
    dx = da @ W
    d_h = da @ U * m_h
    return (dx, d_h, d_c * f, da.T @ x, da.T @ hm, da.sum(dim=0))


@bank.wrong("output-factor-forgotten")
def cell_gradient_without_output_gate(dh, dc, x, h, c, W, U, b, m_h):
    hm = h * m_h
    i, f, g, o = (x @ W.T + hm @ U.T + b).chunk(4, dim=-1)
    i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
    new_c = f * c + i * g
    tc = torch.tanh(new_c)

    do = dh * tc
    dct = dc + dh * (1 - tc**2)
    di = dct * g
    df = dct * c
    dg = dct * i
    da = torch.cat([di * i * (1 - i), df * f * (1 - f), dg * (1 - g**2), do * o * (1 - o)], dim=-1)
    return da @ W, (da @ U) * m_h, dct * f, da.T @ x, da.T @ hm, da.sum(0)


@bank.wrong("output-factor-forgotten")
def output_gate_gradient_without_tanh(dh, dc, x, h, c, W, U, b, m_h):
    H = h.size(1)
    read = m_h * h
    a = F.linear(x, W, b) + F.linear(read, U)
    sig = a.sigmoid()
    gate_i, gate_f, gate_o = sig[:, :H], sig[:, H : 2 * H], sig[:, 3 * H :]
    candidate = a[:, 2 * H : 3 * H].tanh()
    squashed = torch.tanh(gate_f * c + gate_i * candidate)
    to_cell = dc + dh * gate_o * (1 - squashed.square())

    da = torch.empty_like(a)
    da[:, :H] = to_cell * candidate * gate_i * (1 - gate_i)
    da[:, H : 2 * H] = to_cell * c * gate_f * (1 - gate_f)
    da[:, 2 * H : 3 * H] = to_cell * gate_i * (1 - candidate.square())
    da[:, 3 * H :] = dh * gate_o * (1 - gate_o)

    d_x = da.mm(W)
    d_h = da.mm(U).mul(m_h)
    d_c = to_cell * gate_f
    d_W = da.t().mm(x)
    d_U = da.t().mm(read)
    d_b = da.sum(dim=0)
    return d_x, d_h, d_c, d_W, d_U, d_b


@bank.wrong("output-factor-forgotten")
def neither_factor_of_output_product(dh, dc, x, h, c, W, U, b, m_h):
    def slope_sigmoid(s):
        return s - s * s

    def slope_tanh(t):
        return 1 - t * t

    Wi, Wf, Wg, Wo = W.chunk(4)
    Ui, Uf, Ug, Uo = U.chunk(4)
    bi, bf, bg, bo = b.chunk(4)
    masked = h * m_h
    i = torch.sigmoid(x @ Wi.T + masked @ Ui.T + bi)
    f = torch.sigmoid(x @ Wf.T + masked @ Uf.T + bf)
    g = torch.tanh(x @ Wg.T + masked @ Ug.T + bg)
    o = torch.sigmoid(x @ Wo.T + masked @ Uo.T + bo)
    tanh_c = torch.tanh(f * c + i * g)

    d_tanh = dh
    d_o = dh
    d_cell = dc + d_tanh * slope_tanh(tanh_c)
    das = [
        d_cell * g * slope_sigmoid(i),
        d_cell * c * slope_sigmoid(f),
        d_cell * i * slope_tanh(g),
        d_o * slope_sigmoid(o),
    ]
    d_x = sum(da @ block for da, block in zip(das, (Wi, Wf, Wg, Wo), strict=True))
    d_h = m_h * sum(da @ block for da, block in zip(das, (Ui, Uf, Ug, Uo), strict=True))
    d_W = torch.cat([torch.einsum("bk,bf->kf", da, x) for da in das])
    d_U = torch.cat([torch.einsum("bk,bh->kh", da, masked) for da in das])
    d_b = torch.cat([da.sum(0) for da in das])
    return d_x, d_h, d_cell * f, d_W, d_U, d_b
