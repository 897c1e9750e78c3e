"""Right and wrong answers to 6.3."""

import torch
import torch.nn.functional as F
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


def _gates(z):
    i, f, g, o = z.chunk(4, dim=-1)
    return i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()


def _lstm_states(x, W, U, b, gates=_gates, squash=torch.tanh, start=None):
    """All states and the last cell."""
    h, c = start or (x.new_zeros(len(x), U.shape[1]),) * 2
    states = []
    for t in range(x.shape[1]):
        i, f, g, o = gates(F.linear(x[:, t], W, b) + h @ U.T)
        c = f * c + i * g
        h = o * squash(c)
        states.append(h)
    return torch.stack(states, 1), c


@bank.right
def layer_by_layer(x, layers, return_sequences):
    for weights in layers:
        x, _ = _lstm_states(x, *weights)
    return x if return_sequences else x[:, -1]


@bank.right
def step_by_step(x, layers, return_sequences):
    states = [(x.new_zeros(x.size(0), U.size(1)), x.new_zeros(x.size(0), U.size(1))) for _, U, _ in layers]
    top = []
    for x_t in x.transpose(0, 1):
        for k, (W, U, b) in enumerate(layers):
            states[k] = torch.lstm_cell(x_t, states[k], W, U, b, torch.zeros_like(b))
            x_t = states[k][0]
        top.append(x_t)
    return torch.stack(top, dim=1) if return_sequences else top[-1]


@bank.right
def recursive_stack(x, layers, return_sequences):
    if len(layers) > 1:
        x = recursive_stack(x, layers[:-1], True)
    W, U, b = layers[-1]
    H = U.shape[1]
    from_x = torch.einsum("btf,gf->btg", x, W) + b
    h = c = torch.zeros(x.shape[0], H, dtype=x.dtype)
    states = x.new_empty(x.shape[0], x.shape[1], H)
    for t in range(x.shape[1]):
        z = from_x[:, t] + torch.einsum("bh,gh->bg", h, U)
        i, f, g, o = z[:, :H], z[:, H : 2 * H], z[:, 2 * H : 3 * H], z[:, 3 * H :]
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        states[:, t] = h
    return states if return_sequences else h


def _wrong_gates(kind):
    def gates(z):
        i, f, g, o = z.chunk(4, dim=-1)
        if kind == "order":
            f, g, o = g, o, f
        if kind == "bias":
            f = f + 1
        i, f, o = i.sigmoid(), f.sigmoid(), o.sigmoid()
        return i, f, g.sigmoid() if kind == "activation" else g.tanh(), o

    return gates


def _stack(
    between=lambda y, flag: y, out=lambda y, flag: y if flag else y[:, -1], pick=lambda ls: ls, **inner
):
    def answer(x, layers, return_sequences):
        for k, weights in enumerate(pick(layers)):
            below = between(x, return_sequences) if k else x
            x, _ = _lstm_states(below, *weights, **inner)
        return out(x, return_sequences)

    return answer


def _flag_on_every_layer(x, layers, return_sequences):
    for weights in layers:
        x, _ = _lstm_states(x, *weights)
        if not return_sequences:
            x = x[:, -1]
    return x


def _states_handed_up(x, layers, return_sequences):
    start = None
    for weights in layers:
        x, c = _lstm_states(x, *weights, start=start)
        start = (x[:, -1], c)
    return x if return_sequences else x[:, -1]


def _joined(x, layers, return_sequences):
    every = []
    for weights in layers:
        x, _ = _lstm_states(x, *weights)
        every.append(x)
    y = torch.cat(every, dim=2)
    return y if return_sequences else y[:, -1]


def _residual(x, layers, return_sequences):
    for weights in layers:
        y, _ = _lstm_states(x, *weights)
        x = y + x if y.shape == x.shape else y
    return x if return_sequences else x[:, -1]


def _pops(x, layers, return_sequences):
    while layers:
        x, _ = _lstm_states(x, *layers.pop(0))
    return x if return_sequences else x[:, -1]


def _cell(x, layers, return_sequences):
    y = layer_by_layer(x, layers, True)
    below = layer_by_layer(x, layers[:-1], True) if len(layers) > 1 else x
    return y if return_sequences else _lstm_states(below, *layers[-1])[1]


def _loop_over_rows(x, layers, return_sequences):
    y = layer_by_layer(x.transpose(0, 1), layers, True).transpose(0, 1)
    return y if return_sequences else y[:, -1]


for slug, answer in (
    ("return-sequences-wrong-layer", _flag_on_every_layer),
    ("return-sequences-wrong-layer", _stack(between=lambda y, flag: y if flag else y[:, -1:])),
    ("return-sequences-wrong-layer", _stack(between=lambda y, flag: y[:, -1:])),
    ("return-sequences-wrong-layer", _stack(between=lambda y, flag: y[:, -1:].repeat(1, y.shape[1], 1))),
    ("return-sequences-inverted", _stack(out=lambda y, flag: y[:, -1] if flag else y)),
    ("return-sequences-ignored", _stack(out=lambda y, flag: y)),
    ("return-sequences-ignored", _stack(out=lambda y, flag: y[:, -1])),
    ("time-axis-kept", _stack(out=lambda y, flag: y if flag else y[:, -1:])),
    ("first-step", _stack(out=lambda y, flag: y if flag else y[:, 0])),
    ("state-handed-up", _states_handed_up),
    ("layers-reversed", _stack(pick=lambda layers: reversed(layers))),
    ("layers-left-out", _stack(pick=lambda layers: layers[:1])),
    ("layers-left-out", _stack(pick=lambda layers: layers[:2])),
    ("layers-left-out", _stack(pick=lambda layers: layers[-1:])),
    ("one-layers-weights", _stack(pick=lambda layers: [layers[0] for _ in layers])),
    ("layers-side-by-side", _joined),
    ("time-batch-swapped", _loop_over_rows),
    ("time-batch-swapped", _stack(out=lambda y, flag: y.transpose(0, 1) if flag else y[:, -1])),
    ("time-batch-swapped", _stack(out=lambda y, flag: y if flag else y[-1])),
    ("gate-order", _stack(gates=_wrong_gates("order"))),
    ("wrong-gate-activation", _stack(gates=_wrong_gates("activation"))),
    ("forget-bias", _stack(gates=_wrong_gates("bias"))),
    ("tanh-c-forgotten", _stack(squash=lambda c: c)),
    ("edge-case", _residual),
    ("cell-returned", _cell),
    ("axis-lost-or-added", _stack(out=lambda y, flag: (y if flag else y[:, -1]).squeeze(0))),
    ("more-returned", _stack(out=lambda y, flag: (y, y[:, -1]))),
    ("wrong-shape", _stack(out=lambda y, flag: y[:, :4] if flag else y[:, -1])),
    (None, _stack(out=lambda y, flag: y if flag else y.mean(1))),
    (None, _stack(between=lambda y, flag: y.relu())),
    ("random-result", _stack(between=lambda y, flag: F.dropout(y, 0.1))),
    ("gradient-cut", _stack(between=lambda y, flag: y.detach())),
    ("changes-input", _pops),
):
    bank.wrong(slug)(lambda x, layers, return_sequences, answer=answer: answer(x, layers, return_sequences))


@bank.wrong("unpacks-another-number")
def two_layers_only(x, layers, return_sequences):
    first, second = layers
    return layer_by_layer(x, [first, second], return_sequences)


@bank.wrong("dtype-changed")
def default_dtype(x, layers, return_sequences):
    y = layer_by_layer(x, layers, return_sequences)
    return y.to(torch.get_default_dtype())


@bank.wrong("bias-twice")
def bias_twice(x, layers, return_sequences):
    for W, U, b in layers:
        h = x.new_zeros(x.shape[0], U.shape[1])
        c = h
        ys = []
        for t in range(x.shape[1]):
            h, c = torch.lstm_cell(x[:, t], (h, c), W, U, b, b)
            ys.append(h)
        x = torch.stack(ys, dim=1)
    return x if return_sequences else x[:, -1]


def cell(x, h, c, W, U, b):
    n = h.shape[-1]
    a = F.linear(x, W, b) + F.linear(h, U)
    i = torch.sigmoid(a[:, 0 * n : 1 * n])
    f = torch.sigmoid(a[:, 1 * n : 2 * n])
    g = torch.tanh(a[:, 2 * n : 3 * n])
    o = torch.sigmoid(a[:, 3 * n : 4 * n])
    c = f * c + i * g
    return o * torch.tanh(c), c


lstm_step = cell


@bank.wrong("cell-returned")
def cell_returned(x, layers, return_sequences):
    for k in range(len(layers)):
        W, U, b = layers[k]
        h = x.new_zeros(x.shape[0], U.shape[1])
        c = torch.zeros_like(h)
        steps = []
        for t in range(x.shape[1]):
            h, c = cell(x[:, t, :], h, c, W, U, b)
            steps.append(c)
        x = torch.stack(steps, dim=1)
    if return_sequences:
        return x
    return x[:, -1, :]


@bank.wrong("state-before-step")
def state_before_update(x, layers, return_sequences):
    for k in range(len(layers)):
        W, U, b = layers[k]
        h = x.new_zeros(x.shape[0], U.shape[1])
        c = torch.zeros_like(h)
        steps = []
        for t in range(x.shape[1]):
            steps.append(h)
            h, c = cell(x[:, t, :], h, c, W, U, b)
        x = torch.stack(steps, dim=1)
    if return_sequences:
        return x
    return x[:, -1, :]


@bank.wrong("time-reversed")
def backwards(x, layers, return_sequences):
    for k in range(len(layers)):
        W, U, b = layers[k]
        h = x.new_zeros(x.shape[0], U.shape[1])
        c = torch.zeros_like(h)
        steps = []
        for t in range(x.shape[1])[::-1]:
            h, c = cell(x[:, t, :], h, c, W, U, b)
            steps.append(h)
        x = torch.stack(steps, dim=1)
    if return_sequences:
        return x
    return x[:, -1, :]


@bank.wrong("upper-bias-forgotten")
def no_bias(x, layers, return_sequences):
    for k in range(len(layers)):
        W, U, b = layers[k]
        h = x.new_zeros(x.shape[0], U.shape[1])
        c = torch.zeros_like(h)
        steps = []
        for t in range(x.shape[1]):
            h, c = cell(x[:, t, :], h, c, W, U, b if k == 0 else 0 * b)
            steps.append(h)
        x = torch.stack(steps, dim=1)
    if return_sequences:
        return x
    return x[:, -1, :]


@bank.wrong("state-and-cell-exchanged")
def stack_unpacks_cell_first_nested_loops(x, layers, return_sequences):
    seq = x
    for W, U, b in layers:
        h = seq.new_zeros(seq.shape[0], U.shape[1])
        c = seq.new_zeros(seq.shape[0], U.shape[1])
        states = []
        for t in range(seq.shape[1]):
            c, h = lstm_step(seq[:, t], h, c, W, U, b)
            states.append(h)
        seq = torch.stack(states, dim=1)
    return seq if return_sequences else seq[:, -1]


@bank.wrong("state-and-cell-exchanged")
def stack_unpacks_cell_first_step_by_step(x, layers, return_sequences):
    n = x.size(0)
    states = [torch.zeros(n, U.size(1), dtype=x.dtype, device=x.device) for _, U, _ in layers]
    cells = [torch.zeros_like(s) for s in states]
    top = []
    for value in x.unbind(1):
        for k, weights in enumerate(layers):
            cells[k], states[k] = lstm_step(value, states[k], cells[k], *weights)
            value = states[k]
        top.append(value)
    if not return_sequences:
        return top[-1]
    return torch.cat([s.unsqueeze(1) for s in top], dim=1)
