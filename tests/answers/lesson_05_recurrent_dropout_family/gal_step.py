"""Right and wrong answers to 5.2."""

import torch
import torch.nn.functional as F
from bank import Bank
from lesson_05_recurrent_dropout_family._shared import basics, gates
from lesson_05_recurrent_dropout_family.moon_step import no_mask

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


def _gal(x, h, c, W, U, b, m_x, m_h, gates=gates, squash=torch.tanh):
    B, H = h.shape
    m_x = m_x.expand(4, *x.shape)
    m_h = m_h.expand(4, *h.shape)
    W, U = W.reshape(4, H, -1), U.reshape(4, H, H)
    z = torch.einsum("gbf,ghf->bgh", x * m_x, W) + torch.einsum("gbk,ghk->bgh", h * m_h, U)
    i, f, g, o = gates(z.reshape(B, 4 * H) + b)
    c = f * c + i * g
    return o * squash(c), c


@bank.right
def gal_einsum(x, h, c, W, U, b, m_x, m_h):
    return _gal(x, h, c, W, U, b, m_x, m_h)


@bank.right
def gal_loop(x, h, c, W, U, b, m_x, m_h):
    blocks = []
    for k, (w, u, bias) in enumerate(zip(W.chunk(4), U.chunk(4), b.chunk(4), strict=True)):
        mx = m_x[k] if m_x.ndim == 3 else m_x
        mh = m_h[k] if m_h.ndim == 3 else m_h
        blocks.append(F.linear(x * mx, w, bias) + F.linear(h * mh, u))
    i, f, g, o = blocks
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.right
def gal_batched(x, h, c, W, U, b, m_x, m_h):
    masks = [m if len(m.shape) == 3 else torch.stack([m] * 4) for m in (m_x, m_h)]
    H = h.size(1)
    z = torch.bmm(x * masks[0], W.unflatten(0, (4, H)).transpose(1, 2))
    z = (
        z + torch.bmm(h * masks[1], U.unflatten(0, (4, H)).transpose(1, 2)) + b.view(4, 1, H)
        if b.is_contiguous()
        else (z + torch.bmm(h * masks[1], U.unflatten(0, (4, H)).transpose(1, 2)) + b.unflatten(0, (4, 1, H)))
    )
    new = z[1].sigmoid() * c + z[0].sigmoid() * z[2].tanh()
    return z[3].sigmoid() * new.tanh(), new


basics(bank, _gal)


def _gal_by(per_gate_x, per_gate_h, pick=lambda m, k: m[k], after=False):
    def answer(x, h, c, W, U, b, m_x, m_h):
        blocks = []
        for k, (w, u, bias) in enumerate(zip(W.chunk(4), U.chunk(4), b.chunk(4), strict=True)):
            mx = pick(m_x, k) if per_gate_x(m_x, m_h) else m_x
            mh = pick(m_h, k) if per_gate_h(m_x, m_h) else m_h
            from_h = (h @ u.T) * mh if after else (h * mh) @ u.T
            blocks.append((x * mx) @ w.T + from_h + bias)
        i, f, g, o = blocks
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c

    return answer


def _x3(m_x, m_h):
    return m_x.dim() == 3


def _h3(m_x, m_h):
    return m_h.dim() == 3


def _either(m_x, m_h):
    return m_x.dim() == 3 or m_h.dim() == 3


for slug, answer in (
    ("mask-after-product", _gal_by(_x3, _h3, after=True)),
    ("masks-told-by-size", _gal_by(lambda m_x, m_h: len(m_x) == 4, lambda m_x, m_h: len(m_h) == 4)),
    ("masks-not-independent", _gal_by(_x3, _x3)),
    ("masks-not-independent", _gal_by(_h3, _h3)),
    ("one-mask-for-all-gates", _gal_by(_x3, _h3, lambda m, k: m[0])),
    ("one-mask-for-all-gates", _gal_by(_x3, _h3, lambda m, k: m.mean(0))),
    ("mask-gate-order", _gal_by(_x3, _h3, lambda m, k: m[3 - k])),
    ("mask-gate-order", _gal_by(_x3, _h3, lambda m, k: m[(0, 2, 1, 3)[k]])),
    ("masks-not-independent", _gal_by(_either, _either)),
    ("one-kind-of-mask", _gal_by(lambda m_x, m_h: False, lambda m_x, m_h: False)),
    ("one-kind-of-mask", _gal_by(_x3, lambda m_x, m_h: False)),
    ("one-kind-of-mask", _gal_by(lambda m_x, m_h: False, _h3)),
    ("one-kind-of-mask", _gal_by(lambda m_x, m_h: True, lambda m_x, m_h: True)),
):
    bank.wrong(slug)(answer)


@bank.wrong("one-kind-of-mask")
def always_tied(x, h, c, W, U, b, m_x, m_h):
    i, f, g, o = ((x * m_x) @ W.T + (h * m_h) @ U.T + b).chunk(4, dim=-1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.wrong("state-mask-forgotten")
def gal_input_only(x, h, c, W, U, b, m_x, m_h):
    return _gal(x, h, c, W, U, b, m_x, torch.ones_like(m_h))


@bank.wrong("input-mask-forgotten")
def gal_state_only(x, h, c, W, U, b, m_x, m_h):
    return _gal(x, h, c, W, U, b, torch.ones_like(m_x), m_h)


@bank.wrong("masks-forgotten")
def gal_neither(x, h, c, W, U, b, m_x, m_h):
    return no_mask(x, h, c, W, U, b, None)


@bank.wrong("masked-state-carried")
def gal_masked_out(x, h, c, W, U, b, m_x, m_h):
    new_h, new_c = _gal(x, h, c, W, U, b, m_x, m_h)
    return new_h * (m_h if m_h.dim() == 2 else m_h[3]), new_c


@bank.wrong("mask-on-cell")
def gal_on_the_cell(x, h, c, W, U, b, m_x, m_h):
    new_h, new_c = _gal(x, h, c, W, U, b, m_x, torch.ones_like(m_h))
    return new_h, new_c * (m_h if m_h.dim() == 2 else m_h[1])


@bank.wrong("changes-input")
def gal_in_place(x, h, c, W, U, b, m_x, m_h):
    x_, h_ = x.clone(), h
    if m_h.dim() == 2:
        h_ *= m_h
        return _gal(x_, h_, c, W, U, b, m_x, torch.ones_like(m_h))
    return _gal(x_, h_, c, W, U, b, m_x, m_h)


@bank.wrong("needs-contiguous")
def gal_views(x, h, c, W, U, b, m_x, m_h):
    return _gal(x, h, c, W.view(4, -1, W.shape[1]).reshape(W.shape), U.view(-1).view(U.shape), b, m_x, m_h)


@bank.wrong("one-kind-of-mask")
def untied_only(x, h, c, W, U, b, m_x, m_h):
    a = [x * m_x[k] @ W.chunk(4)[k].T + h * m_h[k] @ U.chunk(4)[k].T + b.chunk(4)[k] for k in range(4)]
    i, f, g, o = a
    c_new = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return (torch.sigmoid(o) * torch.tanh(c_new), c_new)


@bank.wrong("masks-summed")
def whole_w_each_mask(x, h, c, W, U, b, m_x, m_h):
    xs = [m_x] if m_x.dim() == 2 else list(m_x)
    hs = [m_h] if m_h.dim() == 2 else list(m_h)
    a = b
    for m in xs:
        a = a + x * m @ W.T
    for m in hs:
        a = a + h * m @ U.T
    i, f, g, o = a.chunk(4, 1)
    c_new = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return (torch.sigmoid(o) * torch.tanh(c_new), c_new)


@bank.wrong("masks-not-independent")
def all_tied_where_the_inputs_is(x, h, c, W, U, b, m_x, m_h):
    if m_x.dim() == 2:
        return always_tied(x, h, c, W, U, b, m_x, m_h)
    return _gal(x, h, c, W, U, b, m_x, m_h)


@bank.wrong("masks-not-independent")
def all_tied_where_the_states_is(x, h, c, W, U, b, m_x, m_h):
    if m_h.dim() == 2:
        return always_tied(x, h, c, W, U, b, m_x, m_h)
    return _gal(x, h, c, W, U, b, m_x, m_h)


@bank.wrong("products-reshaped")
def products_of_the_gates_reshaped(x, h, c, W, U, b, m_x, m_h):
    def product(v, m, weights):
        if m.dim() == 2:
            return (v * m) @ weights.T
        return torch.bmm(v * m, weights.unflatten(0, (4, -1)).transpose(1, 2)).reshape(len(v), -1)

    i, f, g, o = (product(x, m_x, W) + product(h, m_h, U) + b).chunk(4, 1)
    c_new = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return (torch.sigmoid(o) * torch.tanh(c_new), c_new)


@bank.wrong("mask-reshaped")
def mask_reshaped(x, h, c, W, U, b, m_x, m_h):
    B = x.shape[0]
    mx = m_x.reshape(B, 4, -1) if m_x.dim() == 3 else m_x.unsqueeze(1).repeat(1, 4, 1)
    mh = m_h.reshape(B, 4, -1) if m_h.dim() == 3 else m_h.unsqueeze(1).repeat(1, 4, 1)
    a = [x * mx[:, k] @ W.chunk(4)[k].T + h * mh[:, k] @ U.chunk(4)[k].T + b.chunk(4)[k] for k in range(4)]
    i, f, g, o = a
    c_new = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return (torch.sigmoid(o) * torch.tanh(c_new), c_new)
