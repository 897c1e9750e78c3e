"""Right and wrong answers to 3.2."""

import torch
from bank import Bank
from lesson_03_where_dropout_happens._shared import no_tanh, plus_one, step, tanh_gate, zeros
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
