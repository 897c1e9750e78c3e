"""Right and wrong answers of lesson 03."""

import torch
import torch.nn.functional as F
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


def _step(z, c):
    i, f, g, o = z.chunk(4, dim=-1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def _zeros(x, U):
    return torch.zeros(x.shape[0], U.shape[1], dtype=x.dtype)


# ---------------------------------------------------------------- 3.1 right


@bank.right("3.1")
def loop(x, W, U, b, m_x, m_h):
    h = c = _zeros(x, U)
    out = []
    for t in range(x.shape[1]):
        h, c = _step((x[:, t] * m_x) @ W.T + (h * m_h) @ U.T + b, c)
        out.append(h)
    return torch.stack(out, dim=1)


@bank.right("3.1")
def library_cell(x, W, U, b, m_x, m_h):
    state = (_zeros(x, U), _zeros(x, U))
    out = []
    for x_t in x.unbind(dim=1):
        state = torch.lstm_cell(x_t * m_x, (state[0] * m_h, state[1]), W, U, b, torch.zeros_like(b))
        out.append(state[0].unsqueeze(1))
    return torch.cat(out, dim=1)


@bank.right("3.1")
def all_inputs_at_once(x, W, U, b, m_x, m_h):
    B, T, _ = x.shape
    H = U.shape[1]
    from_x = F.linear(x * m_x.unsqueeze(1), W, b)
    h, c = x.new_zeros(B, H), x.new_zeros(B, H)
    out = x.new_empty(B, T, H)
    for t in range(T):
        h, c = _step(from_x[:, t] + F.linear(h * m_h, U), c)
        out[:, t] = h
    return out


@bank.right("3.1")
def einsum(x, W, U, b, m_x, m_h):
    h = c = x.new_zeros(x.shape[0], U.shape[1])
    out = []
    for t in range(x.shape[1]):
        z = torch.einsum("bf,bf,gf->bg", x[:, t], m_x, W) + torch.einsum("bh,bh,gh->bg", h, m_h, U) + b
        h, c = _step(z, c)
        out.append(h)
    return torch.stack(out).transpose(0, 1)


@bank.right("3.1")
def row_by_row(x, W, U, b, m_x, m_h):
    rows = []
    for x_b, mx_b, mh_b in zip(x, m_x, m_h, strict=True):
        h = c = torch.zeros(U.shape[1], dtype=x.dtype)
        steps = []
        for x_t in x_b:
            h, c = _step(W @ (x_t * mx_b) + U @ (h * mh_b) + b, c)
            steps.append(h)
        rows.append(torch.stack(steps))
    return torch.stack(rows)


# ---------------------------------------------------------------- 3.1 wrong


def _loop(x, W, U, b, m_x, m_h, z, after=lambda h, c: (h, c, h)):
    h = c = _zeros(x, U)
    out = []
    for t in range(x.shape[1]):
        h, c = _step(z(x[:, t], h), c)
        h, c, y = after(h, c)
        out.append(y)
    return torch.stack(out, dim=1)


@bank.wrong("3.1", "masked-state-carried")
def carried_and_masked_again(x, W, U, b, m_x, m_h):
    h = c = _zeros(x, U)
    out = []
    for t in range(x.shape[1]):
        h = h * m_h
        h, c = _step((x[:, t] * m_x) @ W.T + (h * m_h) @ U.T + b, c)
        out.append(h)
    return torch.stack(out, dim=1)


@bank.wrong("3.1", "masked-state-carried")
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


@bank.wrong("3.1", "mask-after-product")
def after_the_product(x, W, U, b, m_x, m_h):
    return _loop(x, W, U, b, m_x, m_h, lambda x_t, h: (x_t * m_x) @ W.T + (h @ U.T) * m_h.repeat(1, 4) + b)


@bank.wrong("3.1", "mask-on-output")
def on_the_output(x, W, U, b, m_x, m_h):
    return loop(x, W, U, b, m_x, torch.ones_like(m_h)) * m_h[:, None, :]


@bank.wrong("3.1", "mask-on-cell")
def on_the_cell(x, W, U, b, m_x, m_h):
    h = c = _zeros(x, U)
    out = []
    for t in range(x.shape[1]):
        i, f, g, o = ((x[:, t] * m_x) @ W.T + h @ U.T + b).chunk(4, 1)
        c = m_h * (f.sigmoid() * c + i.sigmoid() * g.tanh())
        h = o.sigmoid() * c.tanh()
        out.append(h)
    return torch.stack(out, 1)


@bank.wrong("3.1", "mask-on-candidate")
def on_the_candidate(x, W, U, b, m_x, m_h):
    h = c = _zeros(x, U)
    out = []
    for t in range(x.shape[1]):
        i, f, g, o = ((x[:, t] * m_x) @ W.T + h @ U.T + b).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * (m_h * g.tanh())
        h = o.sigmoid() * c.tanh()
        out.append(h)
    return torch.stack(out, 1)


@bank.wrong("3.1", "masks-swapped")
def masks_swapped(x, W, U, b, m_x, m_h):
    return _loop(x, W, U, b, m_x, m_h, lambda x_t, h: (x_t * m_h) @ W.T + (h * m_x) @ U.T + b)


@bank.wrong("3.1", "state-mask-forgotten")
def input_only(x, W, U, b, m_x, m_h):
    return loop(x, W, U, b, m_x, torch.ones_like(m_h))


@bank.wrong("3.1", "input-mask-forgotten")
def state_only(x, W, U, b, m_x, m_h):
    return loop(x, W, U, b, torch.ones_like(m_x), m_h)


@bank.wrong("3.1", "masks-forgotten")
def no_masks(x, W, U, b, m_x, m_h):
    return loop(x, W, U, b, torch.ones_like(m_x), torch.ones_like(m_h))


@bank.wrong("3.1", "time-batch-swapped")
def stacked_in_front(x, W, U, b, m_x, m_h):
    return loop(x, W, U, b, m_x, m_h).transpose(0, 1)


@bank.wrong("3.1", "time-batch-swapped")
def loops_over_the_batch(x, W, U, b, m_x, m_h):
    h = c = x.new_zeros(x.shape[1], U.shape[1])
    out = []
    for x_t in x:
        h, c = _step((x_t * m_x) @ W.T + (h * m_h) @ U.T + b, c)
        out.append(h)
    return torch.stack(out)


@bank.wrong("3.1", "last-step-only")
def last_only(x, W, U, b, m_x, m_h):
    return loop(x, W, U, b, m_x, m_h)[:, -1]


@bank.wrong("3.1", "gate-order")
def other_order(x, W, U, b, m_x, m_h):
    order = [0, 2, 1, 3]
    W, U, b = (torch.cat([w.chunk(4)[k] for k in order]) for w in (W, U, b))
    return loop(x, W, U, b, m_x, m_h)


def _with_step(step):
    def answer(x, W, U, b, m_x, m_h):
        h = c = _zeros(x, U)
        out = []
        for t in range(x.shape[1]):
            h, c = step(((x[:, t] * m_x) @ W.T + (h * m_h) @ U.T + b).chunk(4, 1), c)
            out.append(h)
        return torch.stack(out, 1)

    return answer


def _no_tanh(z, c):
    c = z[1].sigmoid() * c + z[0].sigmoid() * z[2].tanh()
    return z[3].sigmoid() * c, c


def _tanh_gate(z, c):
    c = z[1].sigmoid() * c + z[0].tanh() * z[2].tanh()
    return z[3].sigmoid() * c.tanh(), c


def _plus_one(z, c):
    c = (z[1] + 1).sigmoid() * c + z[0].sigmoid() * z[2].tanh()
    return z[3].sigmoid() * c.tanh(), c


bank.wrong("3.1", "tanh-c-forgotten")(_with_step(_no_tanh))
bank.wrong("3.1", "wrong-gate-activation")(_with_step(_tanh_gate))
bank.wrong("3.1", "forget-bias")(_with_step(_plus_one))


@bank.wrong("3.1")
def first_step_masked_only(x, W, U, b, m_x, m_h):
    h = c = _zeros(x, U)
    out = []
    for t in range(x.shape[1]):
        x_t = x[:, t] * m_x if t == 0 else x[:, t]
        h, c = _step(x_t @ W.T + (h * m_h) @ U.T + b, c)
        out.append(h)
    return torch.stack(out, 1)


@bank.wrong("3.1")
def state_not_carried(x, W, U, b, m_x, m_h):
    z = (x * m_x[:, None]) @ W.T + b
    return _step(z, x.new_zeros(*x.shape[:2], U.shape[1]))[0]


@bank.wrong("3.1")
def squeezes(x, W, U, b, m_x, m_h):
    return loop(x, W, U, b, m_x, m_h).squeeze()


@bank.wrong("3.1", "changes-input")
def masks_x_in_place(x, W, U, b, m_x, m_h):
    x *= m_x[:, None]
    return loop(x, W, U, b, torch.ones_like(m_x), m_h)


@bank.wrong("3.1", "gradient-cut")
def truncated(x, W, U, b, m_x, m_h):
    h = c = _zeros(x, U)
    out = []
    for t in range(x.shape[1]):
        h, c = _step((x[:, t] * m_x) @ W.T + (h.detach() * m_h) @ U.T + b, c.detach())
        out.append(h)
    return torch.stack(out, 1)


# ---------------------------------------------------------------- 3.2 right


def _run(x, W, U, b):
    return loop(x, W, U, b, torch.ones_like(x[:, 0]), x.new_ones(x.shape[0], U.shape[1]))


@bank.right("3.2")
def layer_by_layer(x, layer1, layer2, m_between):
    h1 = _run(x, *layer1)
    h2 = _run(h1 * m_between, *layer2)
    return h2, [h1[:, -1], h2[:, -1]]


@bank.right("3.2")
def step_by_step(x, layer1, layer2, m_between):
    (W1, U1, b1), (W2, U2, b2) = layer1, layer2
    h1 = c1 = _zeros(x, U1)
    h2 = c2 = _zeros(x, U2)
    out = []
    for t in range(x.size(1)):
        h1, c1 = torch.lstm_cell(x[:, t], (h1, c1), W1, U1, b1, torch.zeros_like(b1))
        h2, c2 = torch.lstm_cell(h1 * m_between[:, t], (h2, c2), W2, U2, b2, torch.zeros_like(b2))
        out.append(h2)
    return torch.stack(out, 1), [h1, h2]


@bank.right("3.2")
def library_layers(x, layer1, layer2, m_between):
    def run(x, W, U, b):
        zero = x.new_zeros(1, x.shape[0], U.shape[1])
        return torch.lstm(x, (zero, zero), [W, U, b, torch.zeros_like(b)], True, 1, 0.0, False, False, True)[
            0
        ]

    h1 = run(x.contiguous(), *layer1)
    h2 = run(h1.mul(m_between), *layer2)
    return (h2, (h1[:, -1, :], h2[:, -1, :]))


# ---------------------------------------------------------------- 3.2 wrong


@bank.wrong("3.2", "state-dropped")
def dropped_state(x, layer1, layer2, m_between):
    h1 = _run(x, *layer1) * m_between
    h2 = _run(h1, *layer2)
    return h2, [h1[:, -1], h2[:, -1]]


@bank.wrong("3.2", "mask-on-recurrence")
def recurrent(x, layer1, layer2, m_between):
    W, U, b = layer1
    h = c = _zeros(x, U)
    out = []
    for t in range(x.shape[1]):
        h, c = _step(x[:, t] @ W.T + h @ U.T + b, c)
        h = h * m_between[:, t]
        out.append(h)
    h1 = torch.stack(out, 1)
    h2 = _run(h1, *layer2)
    return h2, [h1[:, -1], h2[:, -1]]


@bank.wrong("3.2", "mask-on-output")
def after_the_last(x, layer1, layer2, m_between):
    h1 = _run(x, *layer1)
    h2 = _run(h1, *layer2)
    return h2 * m_between, [h1[:, -1], h2[:, -1]]


@bank.wrong("3.2", "mask-forgotten")
def unmasked(x, layer1, layer2, m_between):
    return layer_by_layer(x, layer1, layer2, torch.ones_like(m_between))


@bank.wrong("3.2", "one-mask-for-all-steps")
def first_mask_for_all(x, layer1, layer2, m_between):
    return layer_by_layer(x, layer1, layer2, m_between[:, :1].expand_as(m_between))


@bank.wrong("3.2", "mask-on-input")
def on_the_input(x, layer1, layer2, m_between):
    return layer_by_layer(x * m_between, layer1, layer2, torch.ones_like(m_between))


@bank.wrong("3.2", "states-swapped")
def top_first(x, layer1, layer2, m_between):
    y, states = layer_by_layer(x, layer1, layer2, m_between)
    return y, states[::-1]


@bank.wrong("3.2", "time-batch-swapped")
def time_first(x, layer1, layer2, m_between):
    y, states = layer_by_layer(x, layer1, layer2, m_between)
    return y.transpose(0, 1), states


@bank.wrong("3.2", "gate-order")
def reordered(x, layer1, layer2, m_between):
    layers = [
        tuple(torch.cat([w.chunk(4)[k] for k in (1, 0, 2, 3)]) for w in layer) for layer in (layer1, layer2)
    ]
    return layer_by_layer(x, *layers, m_between)


def _two_with(step):
    def run(x, W, U, b):
        h = c = _zeros(x, U)
        out = []
        for t in range(x.shape[1]):
            h, c = step((x[:, t] @ W.T + h @ U.T + b).chunk(4, 1), c)
            out.append(h)
        return torch.stack(out, 1)

    def answer(x, layer1, layer2, m_between):
        h1 = run(x, *layer1)
        h2 = run(h1 * m_between, *layer2)
        return h2, [h1[:, -1], h2[:, -1]]

    return answer


bank.wrong("3.2", "tanh-c-forgotten")(_two_with(_no_tanh))
bank.wrong("3.2", "wrong-gate-activation")(_two_with(_tanh_gate))
bank.wrong("3.2", "forget-bias")(_two_with(_plus_one))


@bank.wrong("3.2")
def output_only(x, layer1, layer2, m_between):
    return layer_by_layer(x, layer1, layer2, m_between)[0]


@bank.wrong("3.2")
def all_states(x, layer1, layer2, m_between):
    h1 = _run(x, *layer1)
    h2 = _run(h1 * m_between, *layer2)
    return h2, [h1, h2]


@bank.wrong("3.2")
def stacked_states(x, layer1, layer2, m_between):
    y, states = layer_by_layer(x, layer1, layer2, m_between)
    return y, torch.stack(states)


@bank.wrong("3.2")
def transposed_in_place_of_the_list(x, layer1, layer2, m_between):
    y, states = layer_by_layer(x, layer1, layer2, m_between)
    return y, [s.unsqueeze(0) for s in states]


# ---------------------------------------------------------------- 3.3

SITES = {
    "keras.LSTM.dropout": "input",
    "keras.LSTM.recurrent_dropout": "recurrent",
    "torch.nn.LSTM.dropout": "between layers",
    "keras.Dropout after LSTM": "output",
    "pyg.GATConv.dropout": "attention",
}


@bank.right("3.3")
def dictionary(argument):
    return SITES[argument]


@bank.right("3.3")
def branches(argument):
    if "GATConv" in argument:
        return "attention"
    if argument.startswith("torch"):
        return "between layers"
    if "after" in argument:
        return "output"
    return "recurrent" if "recurrent" in argument else "input"


def _site(**changed):
    table = SITES | {k.replace("__", " ").replace("_d_", "."): v for k, v in changed.items()}

    def answer(argument):
        return table[argument]

    return answer


for slug, name, site in (
    ("torch-dropout-not-recurrent", "torch.nn.LSTM.dropout", "recurrent"),
    ("torch-dropout-not-recurrent", "torch.nn.LSTM.dropout", "output"),
    ("keras-dropout-is-input", "keras.LSTM.dropout", "output"),
    ("recurrent-dropout-is-state", "keras.LSTM.recurrent_dropout", "between layers"),
    ("layer-after-is-output", "keras.Dropout after LSTM", "recurrent"),
    ("gat-dropout-is-attention", "pyg.GATConv.dropout", "input"),
    (None, "pyg.GATConv.dropout", "weights"),
    (None, "keras.LSTM.dropout", None),
    (None, "keras.LSTM.dropout", "Input"),
):
    bank.wrong("3.3", slug)(lambda argument, name=name, site=site: (SITES | {name: site})[argument])


@bank.wrong("3.3")
def a_list(argument):
    return [SITES[argument]]


@bank.wrong("3.3")
def one_missing(argument):
    return {k: v for k, v in SITES.items() if "GAT" not in k}[argument]
