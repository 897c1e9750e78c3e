"""Right and wrong answers to 7.2."""

import torch
import torch.nn.functional as F
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


def _gates(z):
    i, f, g, o = z.chunk(4, dim=-1)
    return i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()


def _norm(v, eps):
    return F.layer_norm(v, v.shape[-1:], eps=eps)


def _ln_step(
    x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c, eps,
    gates=_gates, squash=torch.tanh, norm=_norm, norm_c=None, into=None,
):  # fmt: skip
    norm_c = norm_c or norm
    if into is None:
        a = norm(x @ W.T, eps) * gain_x + norm(h @ U.T, eps) * gain_h + b
    else:
        a = into(lambda v: norm(v, eps), x @ W.T, h @ U.T, b, gain_x, gain_h)
    i, f, g, o = gates(a)
    new = f * c + i * g
    return o * squash(norm_c(new, eps) * gain_c + shift_c), new


@bank.right
def by_layer_norm(x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c, eps):
    return _ln_step(x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c, eps)


@bank.right
def by_hand(x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c, eps):
    def norm(v):
        mean = v.mean(dim=1, keepdim=True)
        variance = ((v - mean) ** 2).mean(dim=1, keepdim=True)
        return (v - mean) / torch.sqrt(variance + eps)

    H = h.shape[1]
    a = gain_x * norm(F.linear(x, W)) + gain_h * norm(F.linear(h, U)) + b
    i, f = torch.sigmoid(a[:, :H]), torch.sigmoid(a[:, H : 2 * H])
    g, o = torch.tanh(a[:, 2 * H : 3 * H]), torch.sigmoid(a[:, 3 * H :])
    new_c = f * c + i * g
    new_h = o * torch.tanh(norm(new_c) * gain_c + shift_c)
    return (new_h, new_c)


@bank.right
def by_rsqrt_and_einsum(x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c, eps):
    def norm(v):
        return (v - v.mean(-1, keepdim=True)) * torch.rsqrt(v.var(-1, unbiased=False, keepdim=True) + eps)

    a = b + norm(torch.einsum("bf,gf->bg", x, W)) * gain_x
    a = a + norm(torch.einsum("bk,gk->bg", h, U)) * gain_h
    i, f, g, o = a.unflatten(1, (4, h.shape[1])).unbind(1)
    new_c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return [o.sigmoid() * (norm(new_c) * gain_c + shift_c).tanh(), new_c]


@bank.right
def row_by_row_in_place(x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c, eps):
    new_h, new_c = torch.empty_like(h), torch.empty_like(c)
    H = h.shape[1]
    for row in range(len(x)):
        a = F.layer_norm(W @ x[row], (4 * H,), gain_x, b, eps) + F.layer_norm(
            U @ h[row], (4 * H,), gain_h, None, eps
        )
        i, f, g, o = a.split(H)
        cell = f.sigmoid() * c[row] + i.sigmoid() * g.tanh()
        new_c[row] = cell
        new_h[row] = o.sigmoid() * F.layer_norm(cell, (H,), gain_c, shift_c, eps).tanh()
    return new_h, new_c


@bank.right
def by_group_norm(x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c, eps):
    if h.shape[1] == 1 and len(h) == 1:  # group_norm refuses a single value
        normed = torch.zeros_like
    else:
        normed = lambda v: F.group_norm(v, 1, eps=eps)  # noqa: E731
    i, f, g, o = _gates(
        F.group_norm(x @ W.T, 1, gain_x, eps=eps) + F.group_norm(h @ U.T, 1, gain_h, eps=eps) + b
    )
    new = torch.addcmul(f * c, i, g)
    return o * torch.tanh(normed(new) * gain_c + shift_c), new


def _wrong_gates(kind):
    def gates(z):
        i, f, g, o = z.chunk(4, dim=-1)
        if kind == "order":
            g, o = o, g
        if kind == "bias":
            f = f + 1
        i, f, o = i.sigmoid(), f.sigmoid(), o.sigmoid()
        return i, f, g.sigmoid() if kind == "activation" else g.tanh(), o

    return gates


def _standardised(unbiased=False, scale=lambda variance, eps: (variance + eps).sqrt(), centre=True):
    def norm(v, eps):
        variance = v.var(-1, unbiased=unbiased, keepdim=True)
        return (v - v.mean(-1, keepdim=True) if centre else v) / scale(variance, eps)

    return norm


def _rms(v, eps):
    return v / (v.pow(2).mean(-1, keepdim=True) + eps).sqrt()


def _eps(value):
    return lambda v, eps: _norm(v, value)


def _over_batch(v, eps):
    return (v - v.mean(0)) / (v.var(0, unbiased=False) + eps).sqrt()


def _over_both(v, eps):
    return F.layer_norm(v, v.shape, eps=eps)


def _each_gate(norm, v):
    return torch.cat([norm(block) for block in v.chunk(4, 1)], 1)


for slug, options in (
    ("norm-per-gate", {"into": lambda n, p, q, b, gx, gh: _each_gate(n, p) * gx + _each_gate(n, q) * gh + b}),
    ("norm-on-sum", {"into": lambda n, p, q, b, gx, gh: n(p + q) * gx + b}),
    ("norm-on-sum", {"into": lambda n, p, q, b, gx, gh: n(p + q) * (gx + gh) + b}),
    ("norm-on-sum", {"into": lambda n, p, q, b, gx, gh: n(p + q + b) * gx}),
    ("norm-on-sum", {"into": lambda n, p, q, b, gx, gh: n(p * gx + q * gh) + b}),
    ("gains-swapped", {"into": lambda n, p, q, b, gx, gh: n(p) * gh + n(q) * gx + b}),
    ("gain-inside-norm", {"into": lambda n, p, q, b, gx, gh: n(p * gx) + n(q * gh) + b}),
    ("bias-in-norm", {"into": lambda n, p, q, b, gx, gh: n(p + b) * gx + n(q) * gh}),
    ("bias-in-norm", {"into": lambda n, p, q, b, gx, gh: n(p) * gx + n(q + b) * gh}),
    ("bias-twice", {"into": lambda n, p, q, b, gx, gh: (n(p) * gx + b) + (n(q) * gh + b)}),
    ("bias-forgotten", {"into": lambda n, p, q, b, gx, gh: n(p) * gx + n(q) * gh}),
    ("norm-forgotten", {"into": lambda n, p, q, b, gx, gh: p + q + b}),
    ("norm-forgotten", {"into": lambda n, p, q, b, gx, gh: p * gx + q * gh + b}),
    ("gain-forgotten", {"into": lambda n, p, q, b, gx, gh: n(p) + n(q) + b}),
    ("gain-forgotten", {"into": lambda n, p, q, b, gx, gh: n(p) * gx + n(q) + b}),
    ("norm-over-batch", {"norm": _over_batch}),
    ("norm-over-batch", {"norm": _over_both}),
    ("unbiased-variance", {"norm": _standardised(unbiased=True)}),
    ("eps-outside-root", {"norm": _standardised(scale=lambda variance, eps: variance.sqrt() + eps)}),
    ("eps-ignored", {"norm": _eps(1e-5)}),
    ("eps-ignored", {"norm": _eps(0.0)}),
    ("root-forgotten", {"norm": _standardised(scale=lambda variance, eps: variance + eps)}),
    ("not-divided", {"norm": lambda v, eps: v - v.mean(-1, keepdim=True)}),
    ("mean-kept", {"norm": _standardised(centre=False)}),
    ("mean-kept", {"norm": _rms}),
    ("gate-order", {"gates": _wrong_gates("order")}),
    ("wrong-gate-activation", {"gates": _wrong_gates("activation")}),
    ("forget-bias", {"gates": _wrong_gates("bias")}),
    ("tanh-c-forgotten", {"squash": lambda c: c}),
    ("eps-misused", {"norm": lambda v, eps: _norm(v, eps**2)}),
    (None, {"norm": lambda v, eps: _norm(v, eps).clamp(-1.5, 1.5)}),
    ("some-outputs-wrong", {"norm_c": lambda v, eps: _norm(v, eps) * 0.9}),
    ("shapes-do-not-fit", {"norm": lambda v, eps: F.layer_norm(v, (20,), eps=eps)}),
    (None, {"into": lambda n, p, q, b, gx, gh: n(n(p)) * gx + n(q) * gh + b}),
    ("gradient-cut", {"norm": lambda v, eps: (v - v.mean(-1, keepdim=True)) / (
        v.detach().var(-1, unbiased=False, keepdim=True) + eps).sqrt()}),
    ("gradient-cut", {"norm_c": lambda v, eps: _norm(v.detach(), eps)}),
):  # fmt: skip

    def wrong_step(options=options, **given):
        return _ln_step(**given, **options)

    bank.wrong(slug)(wrong_step)


def _around(change):
    """The right gates and another use of the cell: change(norm of a cell, old c, i, f, g, o)."""

    def answer(x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c, eps):
        i, f, g, o = _gates(_norm(x @ W.T, eps) * gain_x + _norm(h @ U.T, eps) * gain_h + b)
        return change(lambda v: _norm(v, eps) * gain_c + shift_c, c, i, f, g, o)

    return answer


def _stored_normed(norm, c, i, f, g, o):
    new = norm(f * c + i * g)
    return o * new.tanh(), new


def _stored_and_normed_twice(norm, c, i, f, g, o):
    new = norm(f * c + i * g)
    return o * norm(new).tanh(), new


def _old_normed(norm, c, i, f, g, o):
    new = f * norm(c) + i * g
    return o * norm(new).tanh(), new


def _old_normed_alone(norm, c, i, f, g, o):
    new = f * norm(c) + i * g
    return o * new.tanh(), new


def _not_normed(norm, c, i, f, g, o):
    new = f * c + i * g
    return o * new.tanh(), new


def _after_tanh(norm, c, i, f, g, o):
    new = f * c + i * g
    return o * norm(new.tanh()), new


def _output_normed(norm, c, i, f, g, o):
    new = f * c + i * g
    return norm(o * new.tanh()), new


def _swapped_outputs(norm, c, i, f, g, o):
    new = f * c + i * g
    return new, o * norm(new).tanh()


def _old_cell_in_place(norm, c, i, f, g, o):
    c.mul_(f).add_(i * g)
    return o * norm(c).tanh(), c


for slug, change in (
    ("normed-cell-carried", _stored_normed),
    ("normed-cell-carried", _stored_and_normed_twice),
    ("old-cell-normed", _old_normed),
    ("old-cell-normed", _old_normed_alone),
    ("cell-not-normed", _not_normed),
    ("norm-after-tanh", _after_tanh),
    ("norm-after-tanh", _output_normed),
    ("outputs-swapped", _swapped_outputs),
    ("changes-input", _old_cell_in_place),
):
    bank.wrong(slug)(_around(change))


@bank.wrong("norm-before-product")
def inputs_normed(x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c, eps):
    i, f, g, o = _gates((_norm(x, eps) @ W.T) * gain_x + (_norm(h, eps) @ U.T) * gain_h + b)
    new = f * c + i * g
    return o * torch.tanh(_norm(new, eps) * gain_c + shift_c), new


@bank.wrong("shift-forgotten")
def no_shift(x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c, eps):
    return _ln_step(x, h, c, W, U, b, gain_x, gain_h, gain_c, 0, eps)


@bank.wrong("shift-before-gain")
def shifted_then_scaled(x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c, eps):
    return _ln_step(
        x, h, c, W, U, b, gain_x, gain_h, 1.0, 0.0, eps, norm_c=lambda v, e: (_norm(v, e) + shift_c) * gain_c
    )


@bank.wrong("gain-forgotten")
def no_cell_gain(x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c, eps):
    return _ln_step(x, h, c, W, U, b, gain_x, gain_h, 1, shift_c, eps)


@bank.wrong("axis-lost-or-added")
def squeezed(x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c, eps):
    new_h, new_c = _ln_step(x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c, eps)
    return new_h.squeeze(), new_c.squeeze()


@bank.wrong("dtype-changed")
def default_dtype(x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c, eps):
    given = (t.float() for t in (x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c))
    return _ln_step(*given, eps)
