"""Right and wrong answers to 11.2."""

import torch
import torch.nn.functional as F
from bank import Bank
from lesson_11_inside_the_fast_layer._shared import backward, gates, pre_tanh, slopes

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


def _forward(x, W, U, b, m_x, m_h):
    h = c = x.new_zeros(x.shape[0], U.shape[1])
    states, before = [], []
    for x_t in x.unbind(1):
        before.append((h, c))
        i, f, g, o = gates((x_t * m_x) @ W.T + (h * m_h) @ U.T + b)
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
        dx, dh, dc, _, dU, dz = backward(
            dh, dc, x[:, t] * m_x, h, c, W, U, b, m_h, bias=lambda dz: dz, **options
        )
        dc = dc if keep_cell else torch.zeros_like(dc)
        dW = dz.T @ (x[:, t] * m_x if mask_dw else x[:, t])
        weights = [add(a, its) for a, its in zip(weights, (dW, dU, dz.sum(0)), strict=True)]
        dxs.append(dx * m_x if mask_dx else dx)
    return (stack(dxs[::-1] if reverse else dxs), *weights)


@bank.right
def back_through_time(d_states, x, W, U, b, m_x, m_h):
    return _through_time(d_states, x, W, U, b, m_x, m_h)


@bank.wrong("mask-twice")
def masked_once_more_in_the_loop(d_states, x, W, U, b, m_x, m_h):
    return _through_time(d_states, x, W, U, b, m_x, m_h, incoming=lambda above, later, _: above + later * m_h)


@bank.wrong("mask-twice")
def dx_masked_twice(d_states, x, W, U, b, m_x, m_h):
    dx, *weights = _through_time(d_states, x, W, U, b, m_x, m_h)
    return (dx * m_x[:, None], *weights)


@bank.wrong("mask-twice")
def both_masked_twice(d_states, x, W, U, b, m_x, m_h):
    dx, *weights = masked_once_more_in_the_loop(d_states, x, W, U, b, m_x, m_h)
    return (dx * m_x[:, None], *weights)


@bank.right
def time_by_autograd(d_states, x, W, U, b, m_x, m_h):
    with torch.enable_grad():
        leaves = [t.detach().clone().requires_grad_() for t in (x, W, U, b)]
        states = _forward(*leaves, m_x, m_h)[0]
        return torch.autograd.grad(states, leaves, d_states)


@bank.right
def time_by_vjp(d_states, x, W, U, b, m_x, m_h):
    def layer(x, W, U, b):
        return _forward(x, W, U, b, m_x, m_h)[0]

    return torch.func.vjp(layer, x, W, U, b)[1](d_states)


@bank.right
def weights_at_the_end(d_states, x, W, U, b, m_x, m_h):
    B, T = x.shape[:2]
    H = U.shape[1]
    _, before = _forward(x, W, U, b, m_x, m_h)
    dz = x.new_zeros(T, B, 4 * H)
    dh = dc = x.new_zeros(B, H)
    for t in reversed(range(T)):
        h, c = before[t]
        i, f, g, o = gates((x[:, t] * m_x) @ W.T + (h * m_h) @ U.T + b)
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
    ("slope-at-preactivation", _time(slopes=slopes(cell=pre_tanh))),
    ("slope-at-preactivation", _time(slopes=slopes(tanh=pre_tanh))),
    ("output-path-forgotten", _time(total=lambda dc, through_h: dc)),
    ("old-cell-gradient", _time(old_cell=lambda d_cell, dc, f: d_cell)),
    ("cell-gradient-forgotten", _time(old_cell=lambda d_cell, dc, f: dc * f)),
    ("outputs-swapped", _then(lambda d, x: (*d[1:], d[0]))),
    ("outputs-swapped", _then(lambda d, x: (d[0], d[2], d[1], d[3]))),
    ("values-missing", _then(lambda d, x: d[1:])),
    ("some-outputs-wrong", _then(lambda d, x: (d[0][:, -1], *d[1:]))),
    ("axis-lost-or-added", _then(lambda d, x: tuple(its.squeeze() for its in d))),
    (None, _time(incoming=lambda above, later, last: above - later)),
    ("some-outputs-wrong", _time(add=lambda total, new: torch.maximum(total, new))),
):
    bank.wrong(slug)(answer)


@bank.wrong("changes-input")
def masks_x_in_place(d_states, x, W, U, b, m_x, m_h):
    value = _through_time(d_states, x, W, U, b, m_x, m_h)
    x.mul_(m_x[:, None])
    return value


@bank.wrong("changes-input")
def carries_in_d_states(d_states, x, W, U, b, m_x, m_h):
    value = _through_time(d_states, x, W, U, b, m_x, m_h)
    d_states[:, 0] += 1
    return value


@bank.wrong("steps-forwards")
def forward_order(d_states, x, W, U, b, m_x, m_h):
    B, T, H = d_states.shape
    h = torch.zeros(B, H, dtype=x.dtype)
    c = torch.zeros(B, H, dtype=x.dtype)
    saved = []
    for t in range(T):
        xm, hm = (x[:, t] * m_x, h * m_h)
        i, f, g, o = (xm @ W.T + hm @ U.T + b).chunk(4, dim=1)
        i, f, g, o = (torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o))
        c_old = c
        c = f * c + i * g
        h = o * torch.tanh(c)
        saved.append((xm, hm, c_old, i, f, g, o, torch.tanh(c)))
    dh = torch.zeros_like(h)
    dc = torch.zeros_like(c)
    dW, dU, db = (torch.zeros_like(W), torch.zeros_like(U), torch.zeros_like(b))
    dx = [None] * T
    for t in range(T):
        xm, hm, c_old, i, f, g, o, tc = saved[t]
        dh = dh + d_states[:, t]
        dc = dc + dh * o * (1 - tc**2)
        da = torch.cat(
            [dc * g * i * (1 - i), dc * c_old * f * (1 - f), dc * i * (1 - g**2), dh * tc * o * (1 - o)],
            dim=1,
        )
        dx[t] = da @ W * m_x
        dW = dW + da.T @ xm
        dU = dU + da.T @ hm
        db = db + da.sum(0)
        dh = da @ U * m_h
        dc = dc * f
    return (torch.stack(dx, dim=1), dW, dU, db)


@bank.wrong("masked-state-carried")
def masked_state_carried(d_states, x, W, U, b, m_x, m_h):
    B, T, H = d_states.shape
    h = torch.zeros(B, H, dtype=x.dtype)
    c = torch.zeros(B, H, dtype=x.dtype)
    saved = []
    for t in range(T):
        xm, hm = (x[:, t] * m_x, h * m_h)
        i, f, g, o = (xm @ W.T + hm @ U.T + b).chunk(4, dim=1)
        i, f, g, o = (torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o))
        c_old = c
        c = f * c + i * g
        h = o * torch.tanh(c) * m_h
        saved.append((xm, hm, c_old, i, f, g, o, torch.tanh(c)))
    dh = torch.zeros_like(h)
    dc = torch.zeros_like(c)
    dW, dU, db = (torch.zeros_like(W), torch.zeros_like(U), torch.zeros_like(b))
    dx = [None] * T
    for t in reversed(range(T)):
        xm, hm, c_old, i, f, g, o, tc = saved[t]
        dh = dh + d_states[:, t]
        dc = dc + dh * o * (1 - tc**2)
        da = torch.cat(
            [dc * g * i * (1 - i), dc * c_old * f * (1 - f), dc * i * (1 - g**2), dh * tc * o * (1 - o)],
            dim=1,
        )
        dx[t] = da @ W * m_x
        dW = dW + da.T @ xm
        dU = dU + da.T @ hm
        db = db + da.sum(0)
        dh = da @ U * m_h
        dc = dc * f
    return (torch.stack(dx, dim=1), dW, dU, db)


@bank.wrong("states-one-step-late")
def step_backward_gets_state_after_step(d_states, x, W, U, b, m_x, m_h):
    def forward(x_t, h, c):
        i, f, g, o = (x_t @ W.T + (h * m_h) @ U.T + b).chunk(4, dim=-1)
        new_c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(new_c), new_c

    def backward(dh, dc, x_t, h, c):
        hm = h * m_h
        i, f, g, o = (x_t @ W.T + hm @ U.T + b).chunk(4, dim=-1)
        i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
        tc = torch.tanh(f * c + i * g)
        dct = dc + dh * o * (1 - tc**2)
        da = torch.cat(
            [dct * g * i * (1 - i), dct * c * f * (1 - f), dct * i * (1 - g**2), dh * tc * o * (1 - o)],
            dim=-1,
        )
        return da @ W, (da @ U) * m_h, dct * f, da.T @ x_t, da.T @ hm, da.sum(0)

    B, T, _ = x.shape
    H = U.shape[1]
    h = x.new_zeros(B, H)
    c = x.new_zeros(B, H)
    kept = []
    for t in range(T):
        h, c = forward(x[:, t] * m_x, h, c)
        kept.append((h, c))

    dx = torch.zeros_like(x)
    dW, dU, db = torch.zeros_like(W), torch.zeros_like(U), torch.zeros_like(b)
    dh = x.new_zeros(B, H)
    dc = x.new_zeros(B, H)
    for t in reversed(range(T)):
        h, c = kept[t]
        dx_t, dh, dc, dW_t, dU_t, db_t = backward(d_states[:, t] + dh, dc, x[:, t] * m_x, h, c)
        dx[:, t] = dx_t * m_x
        dW += dW_t
        dU += dU_t
        db += db_t
    return dx, dW, dU, db


@bank.wrong("states-one-step-late")
def kept_gates_right_kept_states_after_step_einsum(d_states, x, W, U, b, m_x, m_h):
    batch, steps, units = d_states.shape
    xm = x * m_x[:, None, :]
    from_x = F.linear(xm, W, b)  # (B, T, 4H)

    state = x.new_zeros(batch, units)
    cell = x.new_zeros(batch, units)
    states, cells, gates, squashed = [], [], [], []
    for t in range(steps):
        i, f, g, o = (from_x[:, t] + F.linear(state * m_h, U)).split(units, dim=1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        cell = f * cell + i * g
        state = o * cell.tanh()
        gates.append((i, f, g, o))
        squashed.append(cell.tanh())
        states.append(state)
        cells.append(cell)

    back_h = torch.zeros_like(state)
    back_c = torch.zeros_like(cell)
    das = [None] * steps
    for t in range(steps - 1, -1, -1):
        i, f, g, o = gates[t]
        c_old = cells[t]
        dh = d_states[:, t] + back_h
        dc = back_c + dh * o * (1 - squashed[t] ** 2)
        das[t] = torch.cat(
            (
                dc * g * i * (1 - i),
                dc * c_old * f * (1 - f),
                dc * i * (1 - g**2),
                dh * squashed[t] * o * (1 - o),
            ),
            dim=1,
        )
        back_h = das[t].matmul(U) * m_h
        back_c = dc * f

    da = torch.stack(das, dim=1)
    h_old = torch.stack(states, dim=1) * m_h[:, None, :]
    d_x = da.matmul(W) * m_x[:, None, :]
    d_W = torch.einsum("btk,btf->kf", da, xm)
    d_U = torch.einsum("btk,bth->kh", da, h_old)
    return d_x, d_W, d_U, da.sum(dim=(0, 1))
