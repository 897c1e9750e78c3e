"""Right and wrong answers to 3.1."""

import torch
import torch.nn.functional as F
from bank import Bank
from lesson_03_where_dropout_happens._shared import lstm_step, no_tanh, plus_one, step, tanh_gate, zeros

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def loop(x, W, U, b, m_x, m_h):
    h = c = zeros(x, U)
    out = []
    for t in range(x.shape[1]):
        h, c = step((x[:, t] * m_x) @ W.T + (h * m_h) @ U.T + b, c)
        out.append(h)
    return torch.stack(out, dim=1)


@bank.right
def library_cell(x, W, U, b, m_x, m_h):
    state = (zeros(x, U), zeros(x, U))
    out = []
    for x_t in x.unbind(dim=1):
        state = torch.lstm_cell(x_t * m_x, (state[0] * m_h, state[1]), W, U, b, torch.zeros_like(b))
        out.append(state[0].unsqueeze(1))
    return torch.cat(out, dim=1)


@bank.right
def all_inputs_at_once(x, W, U, b, m_x, m_h):
    B, T, _ = x.shape
    H = U.shape[1]
    from_x = F.linear(x * m_x.unsqueeze(1), W, b)
    h, c = x.new_zeros(B, H), x.new_zeros(B, H)
    out = x.new_empty(B, T, H)
    for t in range(T):
        h, c = step(from_x[:, t] + F.linear(h * m_h, U), c)
        out[:, t] = h
    return out


@bank.right
def einsum(x, W, U, b, m_x, m_h):
    h = c = x.new_zeros(x.shape[0], U.shape[1])
    out = []
    for t in range(x.shape[1]):
        z = torch.einsum("bf,bf,gf->bg", x[:, t], m_x, W) + torch.einsum("bh,bh,gh->bg", h, m_h, U) + b
        h, c = step(z, c)
        out.append(h)
    return torch.stack(out).transpose(0, 1)


@bank.right
def row_by_row(x, W, U, b, m_x, m_h):
    rows = []
    for x_b, mx_b, mh_b in zip(x, m_x, m_h, strict=True):
        h = c = torch.zeros(U.shape[1], dtype=x.dtype)
        steps = []
        for x_t in x_b:
            h, c = step(W @ (x_t * mx_b) + U @ (h * mh_b) + b, c)
            steps.append(h)
        rows.append(torch.stack(steps))
    return torch.stack(rows)


def _loop(x, W, U, b, m_x, m_h, z, after=lambda h, c: (h, c, h)):
    h = c = zeros(x, U)
    out = []
    for t in range(x.shape[1]):
        h, c = step(z(x[:, t], h), c)
        h, c, y = after(h, c)
        out.append(y)
    return torch.stack(out, dim=1)


@bank.wrong("masked-state-carried")
def carried_and_masked_again(x, W, U, b, m_x, m_h):
    h = c = zeros(x, U)
    out = []
    for t in range(x.shape[1]):
        h = h * m_h
        h, c = step((x[:, t] * m_x) @ W.T + (h * m_h) @ U.T + b, c)
        out.append(h)
    return torch.stack(out, dim=1)


@bank.wrong("masked-state-carried")
def masked_as_the_state(x, W, U, b, m_x, m_h):
    return _loop(
        x,
        W,
        U,
        b,
        m_x,
        m_h,
        lambda x_t, h: (x_t * m_x) @ W.T + h @ U.T + b,
        lambda h, c: (h * m_h, c, h * m_h),
    )


@bank.wrong("mask-after-product")
def after_the_product(x, W, U, b, m_x, m_h):
    return _loop(x, W, U, b, m_x, m_h, lambda x_t, h: (x_t * m_x) @ W.T + (h @ U.T) * m_h.repeat(1, 4) + b)


@bank.wrong("mask-on-output")
def on_the_output(x, W, U, b, m_x, m_h):
    return loop(x, W, U, b, m_x, torch.ones_like(m_h)) * m_h[:, None, :]


@bank.wrong("state-and-cell-masked")
def both_arrows_as_they_are_read(x, W, U, b, m_x, m_h):
    h = c = zeros(x, U)
    out = []
    for t in range(x.shape[1]):
        h, c = step((x[:, t] * m_x) @ W.T + (h * m_h) @ U.T + b, c * m_h)
        out.append(h)
    return torch.stack(out, 1)


@bank.wrong("state-and-cell-masked")
def both_arrows_as_they_are_kept(x, W, U, b, m_x, m_h):
    h = c = zeros(x, U)
    out = []
    for t in range(x.shape[1]):
        i, f, g, o = ((x[:, t] * m_x) @ W.T + (h * m_h) @ U.T + b).chunk(4, 1)
        c = m_h * (f.sigmoid() * c + i.sigmoid() * g.tanh())
        h = o.sigmoid() * c.tanh()
        out.append(h)
    return torch.stack(out, 1)


@bank.wrong("mask-on-cell")
def on_the_cell(x, W, U, b, m_x, m_h):
    h = c = zeros(x, U)
    out = []
    for t in range(x.shape[1]):
        i, f, g, o = ((x[:, t] * m_x) @ W.T + h @ U.T + b).chunk(4, 1)
        c = m_h * (f.sigmoid() * c + i.sigmoid() * g.tanh())
        h = o.sigmoid() * c.tanh()
        out.append(h)
    return torch.stack(out, 1)


@bank.wrong("mask-on-candidate")
def on_the_candidate(x, W, U, b, m_x, m_h):
    h = c = zeros(x, U)
    out = []
    for t in range(x.shape[1]):
        i, f, g, o = ((x[:, t] * m_x) @ W.T + h @ U.T + b).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * (m_h * g.tanh())
        h = o.sigmoid() * c.tanh()
        out.append(h)
    return torch.stack(out, 1)


@bank.wrong("masks-swapped")
def masks_swapped(x, W, U, b, m_x, m_h):
    return _loop(x, W, U, b, m_x, m_h, lambda x_t, h: (x_t * m_h) @ W.T + (h * m_x) @ U.T + b)


@bank.wrong("state-mask-forgotten")
def input_only(x, W, U, b, m_x, m_h):
    return loop(x, W, U, b, m_x, torch.ones_like(m_h))


@bank.wrong("input-mask-forgotten")
def state_only(x, W, U, b, m_x, m_h):
    return loop(x, W, U, b, torch.ones_like(m_x), m_h)


@bank.wrong("masks-forgotten")
def no_masks(x, W, U, b, m_x, m_h):
    return loop(x, W, U, b, torch.ones_like(m_x), torch.ones_like(m_h))


@bank.wrong("time-batch-swapped")
def stacked_in_front(x, W, U, b, m_x, m_h):
    return loop(x, W, U, b, m_x, m_h).transpose(0, 1)


@bank.wrong("time-batch-swapped")
def loops_over_the_batch(x, W, U, b, m_x, m_h):
    h = c = x.new_zeros(x.shape[1], U.shape[1])
    out = []
    for x_t in x:
        h, c = step((x_t * m_x) @ W.T + (h * m_h) @ U.T + b, c)
        out.append(h)
    return torch.stack(out)


@bank.wrong("last-step-only")
def last_only(x, W, U, b, m_x, m_h):
    return loop(x, W, U, b, m_x, m_h)[:, -1]


@bank.wrong("gate-order")
def other_order(x, W, U, b, m_x, m_h):
    order = [0, 2, 1, 3]
    W, U, b = (torch.cat([w.chunk(4)[k] for k in order]) for w in (W, U, b))
    return loop(x, W, U, b, m_x, m_h)


def _with_step(step):
    def answer(x, W, U, b, m_x, m_h):
        h = c = zeros(x, U)
        out = []
        for t in range(x.shape[1]):
            h, c = step(((x[:, t] * m_x) @ W.T + (h * m_h) @ U.T + b).chunk(4, 1), c)
            out.append(h)
        return torch.stack(out, 1)

    return answer


bank.wrong("tanh-c-forgotten")(_with_step(no_tanh))


bank.wrong("wrong-gate-activation")(_with_step(tanh_gate))


bank.wrong("forget-bias")(_with_step(plus_one))


@bank.wrong("mask-at-first-step")
def first_step_masked_only(x, W, U, b, m_x, m_h):
    h = c = zeros(x, U)
    out = []
    for t in range(x.shape[1]):
        x_t = x[:, t] * m_x if t == 0 else x[:, t]
        h, c = step(x_t @ W.T + (h * m_h) @ U.T + b, c)
        out.append(h)
    return torch.stack(out, 1)


@bank.wrong("later-steps-wrong")
def state_not_carried(x, W, U, b, m_x, m_h):
    z = (x * m_x[:, None]) @ W.T + b
    return step(z, x.new_zeros(*x.shape[:2], U.shape[1]))[0]


@bank.wrong("axis-lost-or-added")
def squeezes(x, W, U, b, m_x, m_h):
    return loop(x, W, U, b, m_x, m_h).squeeze()


@bank.wrong("changes-input")
def masks_x_in_place(x, W, U, b, m_x, m_h):
    x *= m_x[:, None]
    return loop(x, W, U, b, torch.ones_like(m_x), m_h)


@bank.wrong("gradient-cut")
def truncated(x, W, U, b, m_x, m_h):
    h = c = zeros(x, U)
    out = []
    for t in range(x.shape[1]):
        h, c = step((x[:, t] * m_x) @ W.T + (h.detach() * m_h) @ U.T + b, c.detach())
        out.append(h)
    return torch.stack(out, 1)


@bank.wrong("state-before-step")
def masked_state_overwrites(x, W, U, b, m_x, m_h):
    B, T, _ = x.shape
    h = c = x.new_zeros(B, U.shape[1])
    outs = []
    for t in range(T):
        h = h * m_h
        outs.append(h)
        i, f, g, o = (x[:, t] * m_x @ W.T + h @ U.T + b).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
    return torch.stack(outs, 1)


@bank.wrong("mask-at-first-step")
def first_step_only(x, W, U, b, m_x, m_h):
    B, T, _ = x.shape
    h = c = x.new_zeros(B, U.shape[1])
    outs = []
    for t in range(T):
        x_t = x[:, t] * m_x if t == 0 else x[:, t]
        i, f, g, o = (x_t @ W.T + h * m_h @ U.T + b).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        outs.append(h)
    return torch.stack(outs, 1)


@bank.wrong("state-before-step")
def states_appended_before_step_loop(x, W, U, b, m_x, m_h):
    B, T, _ = x.shape
    H = U.shape[1]
    h = torch.zeros(B, H, dtype=x.dtype, device=x.device)
    c = torch.zeros(B, H, dtype=x.dtype, device=x.device)
    states = []
    for t in range(T):
        states.append(h)
        h, c = lstm_step(x[:, t] * m_x, h * m_h, c, W, U, b)
    return torch.stack(states, dim=1)


@bank.wrong("state-before-step")
def states_from_zero_without_last_unbind(x, W, U, b, m_x, m_h):
    hs = [x.new_zeros(len(x), U.shape[-1])]
    cell = torch.zeros_like(hs[0])
    for step_input in (x * m_x.unsqueeze(1)).unbind(1):
        new_h, cell = lstm_step(step_input, m_h * hs[-1], cell, W, U, b)
        hs.append(new_h)
    return torch.cat([h[:, None] for h in hs[:-1]], dim=1)


@bank.wrong("state-and-cell-exchanged")
def cell_unpacked_first_loop(x, W, U, b, m_x, m_h):
    h = x.new_zeros(x.shape[0], U.shape[1])
    c = x.new_zeros(x.shape[0], U.shape[1])
    out = []
    for t in range(x.shape[1]):
        c, h = lstm_step(x[:, t] * m_x, h * m_h, c, W, U, b)
        out.append(h)
    return torch.stack(out, 1)


@bank.wrong("state-and-cell-exchanged")
def cell_unpacked_first_preallocated(x, W, U, b, m_x, m_h):
    batch, steps = x.shape[:2]
    units = U.size(1)
    result = torch.zeros((batch, steps, units), dtype=x.dtype, device=x.device)
    memory, state = torch.zeros((2, batch, units), dtype=x.dtype, device=x.device)
    masked_x = torch.einsum("btf,bf->tbf", x, m_x)
    for t, x_t in enumerate(masked_x):
        memory, state = lstm_step(x_t, state.mul(m_h), memory, W, U, b)
        result[:, t] = state
    return result
