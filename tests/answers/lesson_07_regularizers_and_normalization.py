"""Right and wrong answers of lesson 07."""

import math

import torch
import torch.nn.functional as F
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG

PLACE = {"i": 0, "f": 1, "g": 2, "o": 3}


# ---------------------------------------------------------------- 7.1


@bank.right("7.1")
def rows_by_slice(U, gate, l2):
    H = U.size(1)
    start = PLACE[gate] * H
    return l2 * (U[start : start + H] ** 2).sum()


@bank.right("7.1")
def rows_by_chunk(U, gate, l2):
    i, f, g, o = torch.chunk(U, 4)
    return {"i": i, "f": f, "g": g, "o": o}[gate].pow(2).sum().mul(l2)


@bank.right("7.1")
def masked_rows(U, gate, l2):
    rows = torch.arange(U.shape[0]) // U.shape[1] == PLACE[gate]
    return l2 * torch.einsum("jk,jk,j->", U, U, rows.to(U.dtype))


@bank.right("7.1")
def frobenius(U, gate, l2):
    return l2 * torch.linalg.matrix_norm(U.unflatten(0, (4, -1))[PLACE[gate]]) ** 2


@bank.right("7.1")
def row_by_row(U, gate, l2):
    H = U.shape[1]
    total = torch.zeros((), dtype=U.dtype)
    for j in range("ifgo".index(gate) * H, "ifgo".index(gate) * H + H):
        total = total + l2 * U[j].dot(U[j])
    return total


@bank.right("7.1")
def copied_and_squared_in_place(U, gate, l2):
    block = U.tensor_split(4)["ifgo".find(gate)].clone()
    block *= math.sqrt(l2)
    return torch.square(block).sum()


def _rows(weights, gate, order="ifgo"):
    return weights.chunk(4)[order.index(gate)]


def _penalty_of(cut, measure=lambda block: block.square().sum()):
    return lambda U, gate, l2: l2 * measure(cut(U, gate))


def _keras_columns(U, gate):
    H = U.shape[0] // 4
    return U.reshape(H, 4 * H)[:, PLACE[gate] * H : (PLACE[gate] + 1) * H]


def _column_slice(U, gate):
    H = U.shape[1]
    return U[:, PLACE[gate] * H : (PLACE[gate] + 1) * H]


for slug, answer in (
    ("gate-order", _penalty_of(lambda U, gate: _rows(U, gate, "ifog"))),
    ("gate-order", _penalty_of(lambda U, gate: _rows(U, gate, "figo"))),
    ("gate-order", _penalty_of(lambda U, gate: _rows(U, gate, "igfo"))),
    ("gate-order", _penalty_of(lambda U, gate: _rows(U, gate, "fgoi"))),
    ("gate-order", _penalty_of(lambda U, gate: U.chunk(4)[sorted("ifgo").index(gate)])),
    ("whole-matrix", lambda U, gate, l2: l2 * U.pow(2).sum()),
    ("whole-matrix", lambda U, gate, l2: sum(l2 * block.square().sum() for block in U.chunk(4))),
    ("gate-ignored", lambda U, gate, l2: l2 * U[: U.shape[1]].square().sum()),
    ("gate-ignored", lambda U, gate, l2: l2 * U[U.shape[1] : 2 * U.shape[1]].square().sum()),
    ("other-gates", lambda U, gate, l2: l2 * (U.square().sum() - _rows(U, gate).square().sum())),
    ("columns-for-rows", _penalty_of(_column_slice)),
    ("rows-interleaved", _penalty_of(_keras_columns)),
    ("columns-for-rows", _penalty_of(lambda U, gate: U.T.chunk(4)[PLACE[gate]])),
    ("columns-for-rows", _penalty_of(lambda U, gate: U.chunk(4, dim=1)[PLACE[gate]])),
    ("rows-interleaved", _penalty_of(lambda U, gate: U[PLACE[gate] :: 4])),
    ("rows-interleaved", _penalty_of(lambda U, gate: U.reshape(-1, 4, U.shape[1])[:, PLACE[gate]])),
    ("root-for-square", _penalty_of(_rows, torch.norm)),
    ("root-for-square", _penalty_of(_rows, lambda block: block.square().sum().sqrt())),
    ("mean-for-sum", _penalty_of(_rows, lambda block: block.square().mean())),
    ("l1-for-l2", _penalty_of(_rows, lambda block: block.abs().sum())),
    ("square-of-sum", _penalty_of(_rows, lambda block: block.sum() ** 2)),
    ("l2-halved", lambda U, gate, l2: 0.5 * l2 * _rows(U, gate).square().sum()),
    ("l2-forgotten", lambda U, gate, l2: _rows(U, gate).square().sum()),
    ("gradient-cut", _penalty_of(lambda U, gate: _rows(U.detach(), gate))),
    (None, lambda U, gate, l2: l2**2 * _rows(U, gate).square().sum()),
    (None, lambda U, gate, l2: -l2 * _rows(U, gate).square().sum()),
    (None, lambda U, gate, l2: l2 * _rows(U, gate).square().sum(0)),
    (None, lambda U, gate, l2: l2 * _rows(U, gate).square()),
    (None, lambda U, gate, l2: (l2 * _rows(U, gate).square().sum()).reshape(1)),
    (None, lambda U, gate, l2: float(l2 * _rows(U, gate).square().sum())),
    (None, _penalty_of(lambda U, gate: _rows(U, gate)[:8])),
    (None, _penalty_of(lambda U, gate: U[4 * PLACE[gate] : 4 * PLACE[gate] + 4])),
    (None, _penalty_of(lambda U, gate: _rows(U, gate)[1:])),
    (None, _penalty_of(lambda U, gate: _rows(U, gate).tril())),
    (None, lambda U, gate, l2: min(l2, 1.0) * _rows(U, gate).square().sum()),
    ("changes-input", lambda U, gate, l2: l2 * _rows(U, gate).pow_(2).sum()),
):
    bank.wrong("7.1", slug)(lambda U, gate, l2, answer=answer: answer(U, gate, l2))


# ---------------------------------------------------------------- 7.2


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


@bank.right("7.2")
def by_layer_norm(x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c, eps):
    return _ln_step(x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c, eps)


@bank.right("7.2")
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


@bank.right("7.2")
def by_rsqrt_and_einsum(x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c, eps):
    def norm(v):
        return (v - v.mean(-1, keepdim=True)) * torch.rsqrt(v.var(-1, unbiased=False, keepdim=True) + eps)

    a = b + norm(torch.einsum("bf,gf->bg", x, W)) * gain_x
    a = a + norm(torch.einsum("bk,gk->bg", h, U)) * gain_h
    i, f, g, o = a.unflatten(1, (4, h.shape[1])).unbind(1)
    new_c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return [o.sigmoid() * (norm(new_c) * gain_c + shift_c).tanh(), new_c]


@bank.right("7.2")
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


@bank.right("7.2")
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
    (None, {"norm": lambda v, eps: _norm(v, eps**2)}),
    (None, {"norm": lambda v, eps: _norm(v, eps).clamp(-1.5, 1.5)}),
    (None, {"norm_c": lambda v, eps: _norm(v, eps) * 0.9}),
    (None, {"norm": lambda v, eps: F.layer_norm(v, (20,), eps=eps)}),
    (None, {"into": lambda n, p, q, b, gx, gh: n(n(p)) * gx + n(q) * gh + b}),
    ("gradient-cut", {"norm": lambda v, eps: (v - v.mean(-1, keepdim=True)) / (
        v.detach().var(-1, unbiased=False, keepdim=True) + eps).sqrt()}),
    ("gradient-cut", {"norm_c": lambda v, eps: _norm(v.detach(), eps)}),
):  # fmt: skip

    def wrong_step(options=options, **given):
        return _ln_step(**given, **options)

    bank.wrong("7.2", slug)(wrong_step)


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
    (None, _swapped_outputs),
    ("changes-input", _old_cell_in_place),
):
    bank.wrong("7.2", slug)(_around(change))


@bank.wrong("7.2", "norm-before-product")
def inputs_normed(x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c, eps):
    i, f, g, o = _gates((_norm(x, eps) @ W.T) * gain_x + (_norm(h, eps) @ U.T) * gain_h + b)
    new = f * c + i * g
    return o * torch.tanh(_norm(new, eps) * gain_c + shift_c), new


@bank.wrong("7.2", "shift-forgotten")
def no_shift(x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c, eps):
    return _ln_step(x, h, c, W, U, b, gain_x, gain_h, gain_c, 0, eps)


@bank.wrong("7.2", "shift-before-gain")
def shifted_then_scaled(x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c, eps):
    return _ln_step(
        x, h, c, W, U, b, gain_x, gain_h, 1.0, 0.0, eps, norm_c=lambda v, e: (_norm(v, e) + shift_c) * gain_c
    )


@bank.wrong("7.2", "gain-forgotten")
def no_cell_gain(x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c, eps):
    return _ln_step(x, h, c, W, U, b, gain_x, gain_h, 1, shift_c, eps)


@bank.wrong("7.2")
def squeezed(x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c, eps):
    new_h, new_c = _ln_step(x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c, eps)
    return new_h.squeeze(), new_c.squeeze()


@bank.wrong("7.2", "dtype-changed")
def default_dtype(x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c, eps):
    given = (t.float() for t in (x, h, c, W, U, b, gain_x, gain_h, gain_c, shift_c))
    return _ln_step(*given, eps)


# ---------------------------------------------------------------- 7.3


@bank.right("7.3")
def moments_over_axes(x, per_step, eps):
    dims = 0 if per_step else (0, 1)
    mean = x.mean(dims, keepdim=True)
    return (x - mean) / ((x - mean).square().mean(dims, keepdim=True) + eps).sqrt()


@bank.right("7.3")
def step_by_step(x, per_step, eps):
    if not per_step:
        rows = x.reshape(-1, x.shape[2])
        return ((rows - rows.mean(0)) / torch.sqrt(rows.var(0, unbiased=False) + eps)).reshape(x.shape)
    steps = []
    for t in range(x.shape[1]):
        step = x[:, t]
        steps.append((step - step.mean(0)) / torch.sqrt(step.var(0, unbiased=False) + eps))
    return torch.stack(steps, dim=1)


@bank.right("7.3")
def filled_in_place(x, per_step, eps):
    y = torch.empty_like(x)
    for n in range(x.shape[2]):
        for part in [slice(t, t + 1) for t in range(x.shape[1])] if per_step else [slice(None)]:
            column = x[:, part, n]
            centred = column - column.mean()
            y[:, part, n] = centred * torch.rsqrt(centred.pow(2).mean() + eps)
    return y


@bank.right("7.3")
def by_torch_batch_norm(x, per_step, eps):
    B, T, N = x.shape
    flat = x.reshape(B, T * N) if per_step else x.reshape(B * T, N)
    if len(flat) == 1:  # batch_norm refuses a single row, whose norm is zero
        return x - x
    return F.batch_norm(flat, None, None, training=True, eps=eps).reshape(B, T, N)


@bank.right("7.3")
def by_layer_norm_of_columns(x, per_step, eps):
    columns = x.permute(1, 2, 0) if per_step else x.permute(2, 0, 1)
    if per_step:
        return F.layer_norm(columns, (x.shape[0],), eps=eps).permute(2, 0, 1)
    return F.layer_norm(columns, tuple(x.shape[:2]), eps=eps).permute(1, 2, 0)


@bank.right("7.3")
def by_std_mean(x, per_step, eps):
    variance, mean = torch.var_mean(x, dim=[0] if per_step else [0, 1], correction=0, keepdim=True)
    return torch.einsum("btf,xyf->btf", x - mean, (variance + eps) ** -0.5) if not per_step else (
        (x - mean).div(variance.add(eps).sqrt())
    )  # fmt: skip


def _batch(each, every, unbiased=False, scale=lambda variance, eps: (variance + eps).sqrt(), centre=True):
    def answer(x, per_step, eps):
        dims = each if per_step else every
        mean = x.mean(dims, keepdim=True) if centre else 0
        return (x - mean) / scale(x.var(dims, unbiased=unbiased, keepdim=True), eps)

    return answer


_right = _batch(0, (0, 1))


def _right_except(change):
    return lambda x, per_step, eps: change(_right(x, per_step, eps))


for slug, answer in (
    ("per-step-inverted", _batch((0, 1), 0)),
    ("per-step-inverted", lambda x, per_step, eps: _right(x, not per_step, eps)),
    ("per-step-ignored", _batch(0, 0)),
    ("per-step-ignored", _batch((0, 1), (0, 1))),
    ("time-batch-swapped", _batch(1, (0, 1))),
    ("time-batch-swapped", _batch(1, 1)),
    ("time-batch-swapped", _batch(0, 1)),
    ("time-batch-swapped", _right_except(lambda y: y.transpose(0, 1))),
    ("norm-over-features", _batch(-1, -1)),
    ("norm-over-features", _batch((0, 2), (0, 1, 2))),
    ("norm-over-features", _batch(0, (0, 1, 2))),
    ("norm-over-features", _batch(2, (1, 2))),
    (
        "norm-over-features",
        lambda x, per_step, eps: F.layer_norm(x, x.shape[2:] if per_step else x.shape[1:], eps=eps),
    ),
    ("unbiased-variance", _batch(0, (0, 1), unbiased=True)),
    ("eps-outside-root", _batch(0, (0, 1), scale=lambda variance, eps: variance.sqrt() + eps)),
    ("eps-ignored", _batch(0, (0, 1), scale=lambda variance, eps: (variance + 1e-5).sqrt())),
    ("eps-ignored", _batch(0, (0, 1), scale=lambda variance, eps: variance.sqrt())),
    ("eps-ignored", _batch(0, (0, 1), scale=lambda variance, eps: (variance + 1e-3).sqrt())),
    ("root-forgotten", _batch(0, (0, 1), scale=lambda variance, eps: variance + eps)),
    ("not-divided", _batch(0, (0, 1), scale=lambda variance, eps: 1)),
    ("mean-kept", _batch(0, (0, 1), centre=False)),
    ("mean-kept", lambda x, per_step, eps: x / (
        x.square().mean(0 if per_step else (0, 1), keepdim=True) + eps).sqrt()),
    (None, _batch(0, (0, 1), scale=lambda variance, eps: (variance + eps**2).sqrt())),
    (None, _batch(0, (0, 1), scale=lambda variance, eps: variance.clamp_min(eps).sqrt())),
    (None, _right_except(lambda y: y.squeeze(0))),
    (None, _right_except(lambda y: y.clamp(-2, 2))),
    (None, _right_except(lambda y: y[:, -1])),
    (None, _right_except(lambda y: y.flatten(0, 1))),
    (None, lambda x, per_step, eps: _right(x, per_step, eps) if len(x) > 1 else x),
    (None, lambda x, per_step, eps: F.batch_norm(
        x.flatten(1) if per_step else x.flatten(0, 1), None, None, training=True, eps=eps).reshape(x.shape)),
    ("gradient-cut", lambda x, per_step, eps: (x - x.mean(0 if per_step else (0, 1), keepdim=True)) / (
        x.detach().var(0 if per_step else (0, 1), unbiased=False, keepdim=True) + eps).sqrt()),
    ("gradient-cut", _right_except(lambda y: y.detach())),
    ("changes-input", lambda x, per_step, eps: _right(x.sub_(x.mean((0, 1))), per_step, eps)),
    ("changes-input", lambda x, per_step, eps: x.copy_(_right(x, per_step, eps))),
):  # fmt: skip
    bank.wrong("7.3", slug)(lambda x, per_step, eps, answer=answer: answer(x, per_step, eps))


# ---------------------------------------------------------------- 7.4


@bank.right("7.4")
def both_by_slice(W, U, b, gate, l2):
    H = b.shape[0] // 4
    rows = slice(PLACE[gate] * H, (PLACE[gate] + 1) * H)
    return l2 * ((W[rows] ** 2).sum() + (U[rows] ** 2).sum())


@bank.right("7.4")
def side_by_side(W, U, b, gate, l2):
    return l2 * torch.cat([W, U], dim=1).chunk(4)[PLACE[gate]].square().sum()


@bank.right("7.4")
def in_a_loop(W, U, b, gate, l2):
    penalty = W.new_zeros(())
    for weights in (W, U):
        block = weights.unflatten(0, (4, U.shape[1]))[PLACE[gate]]
        penalty += l2 * torch.einsum("ij,ij->", block, block)
    return penalty


@bank.right("7.4")
def squared_norms(W, U, b, gate, l2):
    return sum(l2 * _rows(weights, gate).norm() ** 2 for weights in (W, U))


def _both(cut=_rows, measure=lambda block: block.square().sum(), on=lambda W, U, b: (W, U)):
    return lambda W, U, b, gate, l2: l2 * sum(measure(cut(weights, gate)) for weights in on(W, U, b))


def _joined(W, U, gate):
    return torch.cat([_rows(W, gate), _rows(U, gate)], dim=1)


for slug, answer in (
    ("penalty-on-bias", _both(on=lambda W, U, b: (W, U, b))),
    ("penalty-on-bias", _both(on=lambda W, U, b: (b,))),
    ("penalty-on-bias", _both(on=lambda W, U, b: (U, b))),
    ("penalty-on-bias", lambda W, U, b, gate, l2: both_by_slice(W, U, b, gate, l2) + l2 * b.square().sum()),
    ("input-weights-forgotten", _both(on=lambda W, U, b: (U,))),
    ("recurrent-weights-forgotten", _both(on=lambda W, U, b: (W,))),
    ("gate-order", _both(cut=lambda w, gate: _rows(w, gate, "ifog"))),
    ("gate-order", _both(cut=lambda w, gate: _rows(w, gate, "figo"))),
    ("whole-matrix", _both(cut=lambda w, gate: w)),
    ("gate-ignored", _both(cut=lambda w, gate: w.chunk(4)[1])),
    ("other-gates", lambda W, U, b, gate, l2: l2 * (
        W.square().sum() + U.square().sum()) - both_by_slice(W, U, b, gate, l2)),
    ("columns-for-rows", _both(cut=_column_slice)),
    ("rows-interleaved", _both(cut=lambda w, gate: w[PLACE[gate] :: 4])),
    ("root-for-square", _both(measure=torch.norm)),
    ("root-for-square", lambda W, U, b, gate, l2: l2 * _joined(W, U, gate).norm()),
    ("mean-for-sum", _both(measure=lambda block: block.square().mean())),
    ("mean-for-sum", lambda W, U, b, gate, l2: l2 * _joined(W, U, gate).square().mean()),
    ("l1-for-l2", _both(measure=lambda block: block.abs().sum())),
    ("square-of-sum", _both(measure=lambda block: block.sum() ** 2)),
    ("square-of-sum", lambda W, U, b, gate, l2: l2 * _joined(W, U, gate).sum() ** 2),
    ("l2-halved", lambda W, U, b, gate, l2: both_by_slice(W, U, b, gate, l2) / 2),
    ("l2-forgotten", lambda W, U, b, gate, l2: both_by_slice(W, U, b, gate, 1)),
    (None, lambda W, U, b, gate, l2: both_by_slice(W, U, b, gate, l2).unsqueeze(0)),
    (None, lambda W, U, b, gate, l2: l2 * _rows(W, gate).square().sum() + _rows(U, gate).square().sum()),
    (None, _both(cut=lambda w, gate: w[4 * PLACE[gate] : 4 * PLACE[gate] + 4])),
    (None, lambda W, U, b, gate, l2: l2 * _rows(W @ W.T, gate).square().sum()),
    ("gradient-cut", lambda W, U, b, gate, l2: both_by_slice(W.detach(), U, b, gate, l2)),
    ("changes-input", _both(measure=lambda block: block.pow_(2).sum())),
):  # fmt: skip
    bank.wrong("7.4", slug)(lambda W, U, b, gate, l2, answer=answer: answer(W, U, b, gate, l2))
