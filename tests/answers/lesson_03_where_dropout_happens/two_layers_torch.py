"""Right and wrong answers to 3.2."""

import torch
from bank import Bank
from lesson_03_where_dropout_happens._shared import lstm_step, no_tanh, plus_one, step, tanh_gate, zeros
from lesson_03_where_dropout_happens.lstm_with_masks import loop

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


def _run(x, W, U, b):
    return loop(x, W, U, b, torch.ones_like(x[:, 0]), x.new_ones(x.shape[0], U.shape[1]))


@bank.right
def layer_by_layer(x, layer1, layer2, m_between):
    h1 = _run(x, *layer1)
    h2 = _run(h1 * m_between, *layer2)
    return h2, [h1[:, -1], h2[:, -1]]


@bank.right
def step_by_step(x, layer1, layer2, m_between):
    (W1, U1, b1), (W2, U2, b2) = layer1, layer2
    h1 = c1 = zeros(x, U1)
    h2 = c2 = zeros(x, U2)
    out = []
    for t in range(x.size(1)):
        h1, c1 = torch.lstm_cell(x[:, t], (h1, c1), W1, U1, b1, torch.zeros_like(b1))
        h2, c2 = torch.lstm_cell(h1 * m_between[:, t], (h2, c2), W2, U2, b2, torch.zeros_like(b2))
        out.append(h2)
    return torch.stack(out, 1), [h1, h2]


@bank.right
def library_layers(x, layer1, layer2, m_between):
    def run(x, W, U, b):
        zero = x.new_zeros(1, x.shape[0], U.shape[1])
        return torch.lstm(x, (zero, zero), [W, U, b, torch.zeros_like(b)], True, 1, 0.0, False, False, True)[
            0
        ]

    h1 = run(x.contiguous(), *layer1)
    h2 = run(h1.mul(m_between), *layer2)
    return (h2, (h1[:, -1, :], h2[:, -1, :]))


@bank.wrong("state-dropped")
def dropped_state(x, layer1, layer2, m_between):
    h1 = _run(x, *layer1) * m_between
    h2 = _run(h1, *layer2)
    return h2, [h1[:, -1], h2[:, -1]]


@bank.wrong("mask-on-recurrence")
def recurrent(x, layer1, layer2, m_between):
    W, U, b = layer1
    h = c = zeros(x, U)
    out = []
    for t in range(x.shape[1]):
        h, c = step(x[:, t] @ W.T + h @ U.T + b, c)
        h = h * m_between[:, t]
        out.append(h)
    h1 = torch.stack(out, 1)
    h2 = _run(h1, *layer2)
    return h2, [h1[:, -1], h2[:, -1]]


@bank.wrong("mask-on-recurrence")
def both_layers_in_one_loop(x, layer1, layer2, m_between):
    (W1, U1, b1), (W2, U2, b2) = layer1, layer2
    h1 = c1 = zeros(x, U1)
    h2 = c2 = zeros(x, U2)
    out = []
    for t in range(x.size(1)):
        h1, c1 = step(x[:, t] @ W1.T + h1 @ U1.T + b1, c1)
        h1 = h1 * m_between[:, t]
        h2, c2 = step(h1 @ W2.T + h2 @ U2.T + b2, c2)
        out.append(h2)
    return torch.stack(out, 1), [h1, h2]


def _own_step_too(up):
    def answer(x, layer1, layer2, m_between):
        W, U, b = layer1
        h = c = read = zeros(x, U)
        below = []
        for t in range(x.shape[1]):
            h, c = step(x[:, t] @ W.T + read @ U.T + b, c)
            read = h * m_between[:, t]
            below.append(read if up else h)
        h2 = _run(torch.stack(below, 1), *layer2)
        return h2, [h, h2[:, -1]]

    return answer


bank.wrong("own-next-step-masked")(_own_step_too(up=True))
bank.wrong("own-next-step-masked")(_own_step_too(up=False))


@bank.wrong("mask-on-output")
def after_the_last(x, layer1, layer2, m_between):
    h1 = _run(x, *layer1)
    h2 = _run(h1, *layer2)
    return h2 * m_between, [h1[:, -1], h2[:, -1]]


@bank.wrong("mask-forgotten")
def unmasked(x, layer1, layer2, m_between):
    return layer_by_layer(x, layer1, layer2, torch.ones_like(m_between))


@bank.wrong("one-mask-for-all-steps")
def first_mask_for_all(x, layer1, layer2, m_between):
    return layer_by_layer(x, layer1, layer2, m_between[:, :1].expand_as(m_between))


@bank.wrong("mask-on-input")
def on_the_input(x, layer1, layer2, m_between):
    return layer_by_layer(x * m_between, layer1, layer2, torch.ones_like(m_between))


@bank.wrong("states-swapped")
def top_first(x, layer1, layer2, m_between):
    y, states = layer_by_layer(x, layer1, layer2, m_between)
    return y, states[::-1]


@bank.wrong("time-batch-swapped")
def time_first(x, layer1, layer2, m_between):
    y, states = layer_by_layer(x, layer1, layer2, m_between)
    return y.transpose(0, 1), states


@bank.wrong("gate-order")
def reordered(x, layer1, layer2, m_between):
    layers = [
        tuple(torch.cat([w.chunk(4)[k] for k in (1, 0, 2, 3)]) for w in layer) for layer in (layer1, layer2)
    ]
    return layer_by_layer(x, *layers, m_between)


def _two_with(step):
    def run(x, W, U, b):
        h = c = zeros(x, U)
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


bank.wrong("tanh-c-forgotten")(_two_with(no_tanh))


bank.wrong("wrong-gate-activation")(_two_with(tanh_gate))


bank.wrong("forget-bias")(_two_with(plus_one))


@bank.wrong("values-missing")
def output_only(x, layer1, layer2, m_between):
    return layer_by_layer(x, layer1, layer2, m_between)[0]


@bank.wrong("some-outputs-wrong")
def all_states(x, layer1, layer2, m_between):
    h1 = _run(x, *layer1)
    h2 = _run(h1 * m_between, *layer2)
    return h2, [h1, h2]


@bank.wrong("shapes-do-not-fit")
def stacked_states(x, layer1, layer2, m_between):
    y, states = layer_by_layer(x, layer1, layer2, m_between)
    return y, torch.stack(states)


@bank.wrong("axis-lost-or-added")
def transposed_in_place_of_the_list(x, layer1, layer2, m_between):
    y, states = layer_by_layer(x, layer1, layer2, m_between)
    return y, [s.unsqueeze(0) for s in states]


@bank.wrong("last-step-undropped")
def undropped_only_last(x, layer1, layer2, m_between):

    def run(x, W, U, b):
        h = x.new_zeros(x.shape[0], U.shape[1])
        c = torch.zeros_like(h)
        hs = []
        for t in range(x.shape[1]):
            i, f, g, o = (x[:, t] @ W.T + h @ U.T + b).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            hs.append(h)
        return (torch.stack(hs, 1), c)

    low, _ = run(x, *layer1)
    masked = torch.cat([low[:, :-1] * m_between[:, :-1], low[:, -1:]], 1)
    high, _ = run(masked, *layer2)
    return (high, [low[:, -1], high[:, -1]])


def layer(x, weights):
    W, U, b = weights
    h = c = x.new_zeros(x.shape[0], U.shape[1])
    out = []
    for x_t in x.unbind(1):
        h, c = torch.lstm_cell(x_t, (h, c), W, U, b, torch.zeros_like(b))
        out.append(h)
    return torch.stack(out, 1)


@bank.wrong("examples-mixed")
def rescaled_again(x, layer1, layer2, m_between):
    low = layer(x, layer1)
    high = layer(low * m_between / m_between.mean().clamp(min=0.1), layer2)
    return high, [low[:, -1], high[:, -1]]


@bank.wrong("state-before-step")
def both_loops_append_before_step(x, layer1, layer2, m_between):
    def run(inputs, W, U, b):
        h = inputs.new_zeros(inputs.shape[0], U.shape[1])
        c = inputs.new_zeros(inputs.shape[0], U.shape[1])
        states = []
        for t in range(inputs.shape[1]):
            states.append(h)
            h, c = lstm_step(inputs[:, t], h, c, W, U, b)
        return torch.stack(states, dim=1), h

    lower, last1 = run(x, *layer1)
    upper, last2 = run(lower * m_between, *layer2)
    return upper, [last1, last2]


@bank.wrong("state-before-step")
def upper_state_appended_before_step_one_loop(x, layer1, layer2, m_between):
    W1, U1, b1 = layer1
    W2, U2, b2 = layer2
    B = x.size(0)
    h1, c1 = x.new_zeros(B, U1.size(1)), x.new_zeros(B, U1.size(1))
    h2, c2 = x.new_zeros(B, U2.size(1)), x.new_zeros(B, U2.size(1))
    output = []
    for x_t, m_t in zip(x.unbind(1), m_between.unbind(1), strict=True):
        h1, c1 = lstm_step(x_t, h1, c1, W1, U1, b1)
        output += [h2]
        h2, c2 = lstm_step(h1 * m_t, h2, c2, W2, U2, b2)
    return torch.stack(output, 1), [h1, h2]


@bank.wrong("state-and-cell-exchanged")
def both_loops_unpack_cell_first(x, layer1, layer2, m_between):
    def run(seq, layer):
        W, U, b = layer
        h = torch.zeros(seq.shape[0], U.shape[1], dtype=seq.dtype, device=seq.device)
        c = torch.zeros_like(h)
        hs = []
        for each in seq.transpose(0, 1):
            c, h = lstm_step(each, h, c, W, U, b)
            hs.append(h)
        return torch.stack(hs).transpose(0, 1)

    first = run(x, layer1)
    second = run(first * m_between, layer2)
    return second, [first[:, -1], second[:, -1]]


@bank.wrong("state-and-cell-exchanged")
def lower_loop_unpacks_cell_first(x, layer1, layer2, m_between):
    W1, U1, b1 = layer1
    W2, U2, b2 = layer2
    B, T = x.shape[0], x.shape[1]

    h1 = x.new_zeros((B, U1.shape[1]))
    c1 = x.new_zeros((B, U1.shape[1]))
    below = []
    for t in range(T):
        c1, h1 = lstm_step(x[:, t, :], h1, c1, W1, U1, b1)
        below.append(h1 * m_between[:, t, :])

    h2 = x.new_zeros((B, U2.shape[1]))
    c2 = x.new_zeros((B, U2.shape[1]))
    above = []
    for t in range(T):
        h2, c2 = lstm_step(below[t], h2, c2, W2, U2, b2)
        above.append(h2)
    return torch.stack(above, dim=1), [h1, h2]


@bank.wrong("state-handed-up")
def upper_starts_from_lower_last_two_loops(x, layer1, layer2, m_between):
    W1, U1, b1 = layer1
    h = x.new_zeros(x.shape[0], U1.shape[1])
    c = torch.zeros_like(h)
    lower = []
    for t in range(x.shape[1]):
        h, c = lstm_step(x[:, t], h, c, W1, U1, b1)
        lower.append(h)
    last1 = h

    W2, U2, b2 = layer2
    dropped = torch.stack(lower, dim=1) * m_between
    upper = []
    for t in range(x.shape[1]):
        h, c = lstm_step(dropped[:, t], h, c, W2, U2, b2)
        upper.append(h)
    return torch.stack(upper, dim=1), [last1, h]


@bank.wrong("state-handed-up")
def state_and_cell_zeroed_once_for_both_layers(x, layer1, layer2, m_between):
    units = layer1[1].size(-1)
    state = (x.new_zeros(x.size(0), units), x.new_zeros(x.size(0), units))
    sequence, last = x, []
    for weights, mask in ((layer1, m_between), (layer2, None)):
        collected = []
        for row in sequence.unbind(dim=1):
            state = lstm_step(row, *state, *weights)
            collected.append(state[0])
        last.append(state[0])
        sequence = torch.stack(collected, dim=1)
        if mask is not None:
            sequence = sequence * mask
    return sequence, last
