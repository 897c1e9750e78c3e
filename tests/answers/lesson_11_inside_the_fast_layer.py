"""Right and wrong answers of lesson 11."""

import torch
import torch.nn.functional as F
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


def _gates(z):
    i, f, g, o = z.chunk(4, dim=-1)
    return i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()


# ---------------------------------------------------------------- 11.1 right


def _backward(
    dh, dc, x, h, c, W, U, b, m_h,
    slopes=(lambda a, z: a * (1 - a), lambda a, z: 1 - a * a, lambda a, z: 1 - a * a),
    total=lambda dc, through_h: dc + through_h,
    met=lambda i, f, g, c, new: (g, c, i),
    order=(0, 1, 2, 3),
    forward_order=(0, 1, 2, 3),
    old_cell=lambda d_cell, dc, f: d_cell * f,
    mask_h=True,
    mask_u=True,
    squash=torch.tanh,
    bias=lambda dz: dz.sum(0),
):  # fmt: skip
    z = (x @ W.T + (h * m_h) @ U.T + b).chunk(4, dim=-1)
    z = [z[k] for k in forward_order]
    i, f, g, o = z[0].sigmoid(), z[1].sigmoid(), z[2].tanh(), z[3].sigmoid()
    new = f * c + i * g
    t = squash(new)
    d_cell = total(dc, dh * o * slopes[2](t, new))
    to_i, to_f, to_g = met(i, f, g, c, new)
    dz = [
        d_cell * to_i * slopes[0](i, z[0]),
        d_cell * to_f * slopes[0](f, z[1]),
        d_cell * to_g * slopes[1](g, z[2]),
        dh * t * slopes[0](o, z[3]),
    ]
    dz = torch.cat([dz[k] for k in order], dim=1)
    d_state = dz @ U
    return (
        dz @ W,
        d_state * m_h if mask_h else d_state,
        old_cell(d_cell, dc, f),
        dz.T @ x,
        dz.T @ (h * m_h if mask_u else h),
        bias(dz),
    )


@bank.right("11.1")
def by_hand(dh, dc, x, h, c, W, U, b, m_h):
    return _backward(dh, dc, x, h, c, W, U, b, m_h)


@bank.right("11.1")
def by_autograd(dh, dc, x, h, c, W, U, b, m_h):
    with torch.enable_grad():
        leaves = [t.detach().clone().requires_grad_() for t in (x, h, c, W, U, b)]
        x, h, c, W, U, b = leaves
        i, f, g, o = _gates(F.linear(x, W, b) + F.linear(h * m_h, U))
        new = f * c + i * g
        return torch.autograd.grad([o * new.tanh(), new], leaves, [dh, dc])


@bank.right("11.1")
def by_vjp(dh, dc, x, h, c, W, U, b, m_h):
    def step(x, h, c, W, U, b):
        return torch.lstm_cell(x, (h * m_h, c), W, U, b, torch.zeros_like(b))

    return torch.func.vjp(step, x, h, c, W, U, b)[1]((dh, dc))


@bank.right("11.1")
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


@bank.right("11.1")
def row_by_row(dh, dc, x, h, c, W, U, b, m_h):
    rows = []
    for k in range(len(x)):
        i, f, g, o = _gates(W @ x[k] + U @ (h[k] * m_h[k]) + b)
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


# ---------------------------------------------------------------- 11.1 wrong


def _step(**options):
    def answer(dh, dc, x, h, c, W, U, b, m_h):
        return _backward(dh, dc, x, h, c, W, U, b, m_h, **options)

    return answer


def _after(change):
    def answer(dh, dc, x, h, c, W, U, b, m_h):
        return change(_backward(dh, dc, x, h, c, W, U, b, m_h), x)

    return answer


_RIGHT = (lambda a, z: a * (1 - a), lambda a, z: 1 - a * a, lambda a, z: 1 - a * a)


def _slopes(**others):
    places = {"sigmoid": 0, "tanh": 1, "cell": 2}
    slopes = list(_RIGHT)
    for name, slope in others.items():
        slopes[places[name]] = slope
    return tuple(slopes)


def _one(a, z):
    return torch.ones_like(a)


def _pre_sigmoid(a, z):
    return z * (1 - z)


def _pre_tanh(a, z):
    return 1 - z * z


def _no_mask(dh, dc, x, h, c, W, U, b, m_h):
    return _backward(dh, dc, x, h, c, W, U, b, torch.ones_like(m_h))


def _mask_on_incoming(dh, dc, x, h, c, W, U, b, m_h):
    return _backward(dh * m_h, dc, x, h, c, W, U, b, m_h, mask_h=False)


def _keras_order(dh, dc, x, h, c, W, U, b, m_h):
    return _backward(dh, dc, x, h, c, W, U, b, m_h, forward_order=(0, 2, 1, 3), order=(0, 2, 1, 3))


for slug, answer in (
    ("gate-order", _step(order=(0, 2, 1, 3))),
    ("gate-order", _step(order=(1, 0, 2, 3))),
    ("gate-order", _step(order=(3, 0, 1, 2))),
    ("gate-order", _keras_order),
    ("slope-at-preactivation", _step(slopes=_slopes(tanh=_pre_tanh))),
    ("slope-at-preactivation", _step(slopes=_slopes(cell=_pre_tanh))),
    ("slope-at-preactivation", _step(slopes=_slopes(sigmoid=_pre_sigmoid))),
    ("slope-at-preactivation", _step(slopes=(_pre_sigmoid, _pre_tanh, _pre_tanh))),
    (
        "slope-at-preactivation",
        _step(slopes=_slopes(sigmoid=lambda a, z: a.sigmoid() * (1 - a.sigmoid()))),
    ),
    ("slope-at-preactivation", _step(slopes=_slopes(tanh=lambda a, z: 1 - a.tanh() ** 2))),
    ("slope-forgotten", _step(slopes=_slopes(sigmoid=_one))),
    ("slope-forgotten", _step(slopes=_slopes(tanh=_one))),
    ("slope-forgotten", _step(slopes=_slopes(cell=_one))),
    ("slope-forgotten", _step(slopes=(_one, _one, _one))),
    ("cell-gradient-forgotten", _step(total=lambda dc, through_h: through_h)),
    ("output-path-forgotten", _step(total=lambda dc, through_h: dc)),
    ("old-cell-gradient", _step(old_cell=lambda d_cell, dc, f: d_cell)),
    ("old-cell-gradient", _step(old_cell=lambda d_cell, dc, f: dc * f)),
    ("old-cell-gradient", _step(old_cell=lambda d_cell, dc, f: dc)),
    ("factors-exchanged", _step(met=lambda i, f, g, c, new: (g, new, i))),
    ("factors-exchanged", _step(met=lambda i, f, g, c, new: (i, c, g))),
    ("factors-exchanged", _step(met=lambda i, f, g, c, new: (c, g, i))),
    ("tanh-c-forgotten", _step(squash=lambda c: c, slopes=_slopes(cell=_one))),
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
    (None, _after(lambda d, x: d[:5])),
    (None, _after(lambda d, x: tuple(-its for its in d))),
    (None, _after(lambda d, x: (d[0].sum(0), *d[1:]))),
    (None, _after(lambda d, x: tuple(its.squeeze() for its in d))),
    (None, _step(bias=lambda dz: dz.sum(1))),
    (None, _step(total=lambda dc, through_h: dc - through_h)),
):
    bank.wrong("11.1", slug)(answer)


@bank.wrong("11.1", "changes-input")
def masks_h_in_place(dh, dc, x, h, c, W, U, b, m_h):
    value = _backward(dh, dc, x, h, c, W, U, b, m_h)
    h.mul_(m_h)
    return value


@bank.wrong("11.1", "changes-input")
def adds_into_dc(dh, dc, x, h, c, W, U, b, m_h):
    value = _backward(dh, dc, x, h, c, W, U, b, m_h)
    dc += dh
    return value


# ---------------------------------------------------------------- 11.2


def _forward(x, W, U, b, m_x, m_h):
    h = c = x.new_zeros(x.shape[0], U.shape[1])
    states, before = [], []
    for x_t in x.unbind(1):
        before.append((h, c))
        i, f, g, o = _gates((x_t * m_x) @ W.T + (h * m_h) @ U.T + b)
        c = f * c + i * g
        h = o * c.tanh()
        states.append(h)
    return torch.stack(states, 1), before


def _through_time(
    d_states, x, W, U, b, m_x, m_h,
    incoming=lambda above, later, last: above + later,
    keep_cell=True,
    add=lambda a, b: a + b,
    mask_dx=True,
    mask_dw=True,
    stack=lambda dxs: torch.stack(dxs, 1),
    reverse=True,
    **options,
):  # fmt: skip
    before = _forward(x, W, U, b, m_x, m_h)[1]
    dh, dc = torch.zeros_like(before[0][0]), torch.zeros_like(before[0][0])
    weights = [torch.zeros_like(W), torch.zeros_like(U), torch.zeros_like(b)]
    dxs = []
    for t in range(x.shape[1] - 1, -1, -1):
        h, c = before[t]
        dh = incoming(d_states[:, t], dh, t == x.shape[1] - 1)
        dx, dh, dc, _, dU, dz = _backward(
            dh, dc, x[:, t] * m_x, h, c, W, U, b, m_h, bias=lambda dz: dz, **options
        )
        dc = dc if keep_cell else torch.zeros_like(dc)
        dW = dz.T @ (x[:, t] * m_x if mask_dw else x[:, t])
        weights = [add(a, its) for a, its in zip(weights, (dW, dU, dz.sum(0)), strict=True)]
        dxs.append(dx * m_x if mask_dx else dx)
    return (stack(dxs[::-1] if reverse else dxs), *weights)


@bank.right("11.2")
def back_through_time(d_states, x, W, U, b, m_x, m_h):
    return _through_time(d_states, x, W, U, b, m_x, m_h)


@bank.right("11.2")
def time_by_autograd(d_states, x, W, U, b, m_x, m_h):
    with torch.enable_grad():
        leaves = [t.detach().clone().requires_grad_() for t in (x, W, U, b)]
        states = _forward(*leaves, m_x, m_h)[0]
        return torch.autograd.grad(states, leaves, d_states)


@bank.right("11.2")
def time_by_vjp(d_states, x, W, U, b, m_x, m_h):
    def layer(x, W, U, b):
        return _forward(x, W, U, b, m_x, m_h)[0]

    return torch.func.vjp(layer, x, W, U, b)[1](d_states)


@bank.right("11.2")
def weights_at_the_end(d_states, x, W, U, b, m_x, m_h):
    B, T = x.shape[:2]
    H = U.shape[1]
    _, before = _forward(x, W, U, b, m_x, m_h)
    dz = x.new_zeros(T, B, 4 * H)
    dh = dc = x.new_zeros(B, H)
    for t in reversed(range(T)):
        h, c = before[t]
        i, f, g, o = _gates((x[:, t] * m_x) @ W.T + (h * m_h) @ U.T + b)
        tanh_c = torch.tanh(f * c + i * g)
        dh = dh + d_states[:, t]
        dc = dc + dh * o * (1 - tanh_c**2)
        parts = dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g * g), dh * tanh_c * o * (1 - o)
        dz[t] = torch.hstack(parts)
        dh, dc = dz[t] @ U * m_h, dc * f
    states = torch.stack([h * m_h for h, _ in before])
    inputs = (x * m_x.unsqueeze(1)).transpose(0, 1)
    return (
        torch.einsum("tbg,gf,bf->btf", dz, W, m_x),
        torch.einsum("tbg,tbf->gf", dz, inputs),
        torch.einsum("tbg,tbh->gh", dz, states),
        dz.sum((0, 1)),
    )


def _time(**options):
    def answer(d_states, x, W, U, b, m_x, m_h):
        return _through_time(d_states, x, W, U, b, m_x, m_h, **options)

    return answer


def _then(change):
    def answer(d_states, x, W, U, b, m_x, m_h):
        return change(_through_time(d_states, x, W, U, b, m_x, m_h), x)

    return answer


def _above(above, later, last):
    return above


for slug, answer in (
    ("state-gradient-not-carried", _time(incoming=_above)),
    ("state-gradient-not-carried", _time(incoming=_above, keep_cell=False)),
    ("cell-gradient-forgotten", _time(keep_cell=False)),
    ("last-output-only", _time(incoming=lambda above, later, last: above if last else later)),
    ("weights-not-summed", _time(add=lambda total, new: new)),
    ("mean-over-batch", _then(lambda d, x: (d[0], *(its / x.shape[0] for its in d[1:])))),
    ("mean-over-batch", _then(lambda d, x: (d[0], *(its / x.shape[1] for its in d[1:])))),
    ("time-reversed", _time(reverse=False)),
    ("time-batch-swapped", _time(stack=lambda dxs: torch.stack(dxs))),
    (
        "masks-forgotten",
        lambda d_states, x, W, U, b, m_x, m_h: _through_time(
            d_states, x, W, U, b, torch.ones_like(m_x), torch.ones_like(m_h)
        ),
    ),
    (
        "masks-forgotten",
        lambda d_states, x, W, U, b, m_x, m_h: _through_time(d_states, x, W, U, b, m_x, torch.ones_like(m_h)),
    ),
    ("mask-forgotten-in-x", _time(mask_dx=False)),
    ("mask-forgotten-in-w", _time(mask_dw=False)),
    ("mask-forgotten-in-h", _time(mask_h=False)),
    ("mask-forgotten-in-u", _time(mask_u=False)),
    ("mask-forgotten-backwards", _time(mask_dx=False, mask_dw=False)),
    ("mask-forgotten-backwards", _time(mask_h=False, mask_u=False)),
    ("mask-forgotten-backwards", _time(mask_h=False, mask_u=False, mask_dx=False, mask_dw=False)),
    ("gate-order", _time(order=(0, 2, 1, 3))),
    ("slope-at-preactivation", _time(slopes=_slopes(cell=_pre_tanh))),
    ("slope-at-preactivation", _time(slopes=_slopes(tanh=_pre_tanh))),
    ("output-path-forgotten", _time(total=lambda dc, through_h: dc)),
    ("old-cell-gradient", _time(old_cell=lambda d_cell, dc, f: d_cell)),
    ("cell-gradient-forgotten", _time(old_cell=lambda d_cell, dc, f: dc * f)),
    ("outputs-swapped", _then(lambda d, x: (*d[1:], d[0]))),
    ("outputs-swapped", _then(lambda d, x: (d[0], d[2], d[1], d[3]))),
    (None, _then(lambda d, x: d[1:])),
    (None, _then(lambda d, x: (d[0][:, -1], *d[1:]))),
    (None, _then(lambda d, x: tuple(its.squeeze() for its in d))),
    (None, _time(incoming=lambda above, later, last: above - later)),
    (None, _time(add=lambda total, new: torch.maximum(total, new))),
):
    bank.wrong("11.2", slug)(answer)


@bank.wrong("11.2", "changes-input")
def masks_x_in_place(d_states, x, W, U, b, m_x, m_h):
    value = _through_time(d_states, x, W, U, b, m_x, m_h)
    x.mul_(m_x[:, None])
    return value


@bank.wrong("11.2", "changes-input")
def carries_in_d_states(d_states, x, W, U, b, m_x, m_h):
    value = _through_time(d_states, x, W, U, b, m_x, m_h)
    d_states[:, 0] += 1
    return value


# ---------------------------------------------------------------- 11.3


@bank.right("11.3")
def dropped_weights(dz, h, U, m_U):
    V = U * m_U
    return dz @ V, (dz.T @ h) * m_U


@bank.right("11.3")
def weights_by_autograd(dz, h, U, m_U):
    with torch.enable_grad():
        h, U = h.detach().requires_grad_(), U.detach().requires_grad_()
        return torch.autograd.grad(F.linear(h, U * m_U), [h, U], dz)


@bank.right("11.3")
def weights_einsum(dz, h, U, m_U):
    return [torch.einsum("bg,gh,gh->bh", dz, U, m_U), torch.einsum("bg,bh,gh->gh", dz, h, m_U)]


@bank.right("11.3")
def weights_row_by_row(dz, h, U, m_U):
    dU = torch.zeros_like(U)
    for d, its in zip(dz, h, strict=True):
        dU = dU + torch.outer(d, its) * m_U
    return torch.stack([(U * m_U).T @ d for d in dz]), dU


for slug, answer in (
    ("mask-forgotten-in-u", lambda dz, h, U, m: (dz @ (U * m), dz.T @ h)),
    ("mask-forgotten-in-h", lambda dz, h, U, m: (dz @ U, (dz.T @ h) * m)),
    ("mask-forgotten", lambda dz, h, U, m: (dz @ U, dz.T @ h)),
    ("no-rescale", lambda dz, h, U, m: (dz @ (U * (m > 0)), (dz.T @ h) * (m > 0))),
    ("no-rescale", lambda dz, h, U, m: (dz @ (U * m), (dz.T @ h) * (m > 0))),
    ("mask-twice", lambda dz, h, U, m: (dz @ (U * m), (dz.T @ h) * m * m)),
    ("weight-for-gradient", lambda dz, h, U, m: (dz @ (U * m), (dz.T @ h) * (U * m))),
    ("gradient-transposed", lambda dz, h, U, m: (dz @ (U * m), (h.T @ dz) * m.T)),
    ("mean-over-batch", lambda dz, h, U, m: (dz @ (U * m), (dz.T @ h) * m / dz.shape[0])),
    ("outputs-swapped", lambda dz, h, U, m: dropped_weights(dz, h, U, m)[::-1]),
    (None, lambda dz, h, U, m: dropped_weights(dz, h, U, m)[0]),
    (None, lambda dz, h, U, m: (dz @ (U * m), (dz.T @ h) * m[:, :1])),
    (None, lambda dz, h, U, m: (dz @ (U * m), (dz[:1].T @ h[:1]) * m)),
    (None, lambda dz, h, U, m: tuple(its.squeeze() for its in dropped_weights(dz, h, U, m))),
    ("changes-input", lambda dz, h, U, m: (dz @ U.mul_(m), (dz.T @ h) * m)),
):
    bank.wrong("11.3", slug)(lambda dz, h, U, m_U, answer=answer: answer(dz, h, U, m_U))
