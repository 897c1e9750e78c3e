"""Right and wrong answers to 1.4."""

import math

import torch
import torch.nn.functional as F
from bank import Bank
from lesson_01_cells._shared import gates
from lesson_01_cells.lstm_step import lstm_cell

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


NAMED = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid, "linear": lambda z: z}


@bank.right
def by_dictionary(x, h, c, W, U, b, activation, recurrent_activation):
    act, rec = NAMED[activation], NAMED[recurrent_activation]
    i, f, g, o = gates(x, h, W, U, b)
    c = rec(f) * c + rec(i) * act(g)
    return rec(o) * act(c), c


@bank.right
def by_getattr(x, h, c, W, U, b, activation, recurrent_activation):
    def apply(name, z):
        return z if name == "linear" else getattr(torch, name)(z)

    H = h.shape[1]
    z = F.linear(x, W, b) + F.linear(h, U)
    i, f, o = (apply(recurrent_activation, z[:, k * H : (k + 1) * H]) for k in (0, 1, 3))
    new_c = f * c + i * apply(activation, z[:, 2 * H : 3 * H])
    return o * apply(activation, new_c), new_c


@bank.right
def by_branches(x, h, c, W, U, b, activation, recurrent_activation):
    def f_of(name, z):
        if name == "tanh":
            return (torch.exp(z) - torch.exp(-z)) / (torch.exp(z) + torch.exp(-z))
        if name == "relu":
            return torch.where(z > 0, z, torch.zeros_like(z))
        if name == "sigmoid":
            return 1 / (1 + torch.exp(-z))
        return z

    z = torch.einsum("bf,gf->bg", x, W) + torch.einsum("bh,gh->bg", h, U) + b
    z = z.reshape(len(x), 4, -1)
    new_c = f_of(recurrent_activation, z[:, 1]) * c + f_of(recurrent_activation, z[:, 0]) * f_of(
        activation, z[:, 2]
    )
    return f_of(recurrent_activation, z[:, 3]) * _tanh_of_large(activation, new_c, f_of), new_c


def _tanh_of_large(name, z, f_of):
    # exp overflows for a large cell, so tanh is torch's own there.
    return torch.tanh(z) if name == "tanh" else f_of(name, z)


@bank.wrong("activation-swapped")
def candidate_only(x, h, c, W, U, b, activation, recurrent_activation):
    act, rec = NAMED[activation], NAMED[recurrent_activation]
    i, f, g, o = gates(x, h, W, U, b)
    c = rec(f) * c + rec(i) * act(g)
    return rec(o) * c.tanh(), c


@bank.wrong("activation-swapped")
def output_only(x, h, c, W, U, b, activation, recurrent_activation):
    act, rec = NAMED[activation], NAMED[recurrent_activation]
    i, f, g, o = gates(x, h, W, U, b)
    c = rec(f) * c + rec(i) * g.tanh()
    return rec(o) * act(c), c


@bank.wrong("activations-exchanged")
def exchanged(x, h, c, W, U, b, activation, recurrent_activation):
    return by_dictionary(x, h, c, W, U, b, recurrent_activation, activation)


@bank.wrong("activation-ignored")
def always_tanh(x, h, c, W, U, b, activation, recurrent_activation):
    return by_dictionary(x, h, c, W, U, b, "tanh", recurrent_activation)


@bank.wrong("recurrent-activation-ignored")
def always_sigmoid(x, h, c, W, U, b, activation, recurrent_activation):
    return by_dictionary(x, h, c, W, U, b, activation, "sigmoid")


@bank.wrong("recurrent-activation-ignored")
def output_gate_sigmoid(x, h, c, W, U, b, activation, recurrent_activation):
    act, rec = NAMED[activation], NAMED[recurrent_activation]
    i, f, g, o = gates(x, h, W, U, b)
    c = rec(f) * c + rec(i) * act(g)
    return o.sigmoid() * act(c), c


@bank.wrong("activation-on-gates")
def output_gate_activation(x, h, c, W, U, b, activation, recurrent_activation):
    act, rec = NAMED[activation], NAMED[recurrent_activation]
    i, f, g, o = gates(x, h, W, U, b)
    c = rec(f) * c + rec(i) * act(g)
    return act(o) * act(c), c


@bank.wrong("activation-on-gates")
def activation_everywhere(x, h, c, W, U, b, activation, recurrent_activation):
    return by_dictionary(x, h, c, W, U, b, activation, activation)


@bank.wrong("recurrent-activation-on-candidate")
def recurrent_on_candidate(x, h, c, W, U, b, activation, recurrent_activation):
    act, rec = NAMED[activation], NAMED[recurrent_activation]
    i, f, g, o = gates(x, h, W, U, b)
    c = rec(f) * c + rec(i) * rec(g)
    return rec(o) * act(c), c


def _on_the_product(input_side, gates_keep_sigmoid, candidate_alone):
    """Lesson 01 warns of it: the function of the recurrent product U h."""

    @bank.wrong("recurrent-activation-on-product")
    def answer(x, h, c, W, U, b, activation, recurrent_activation):
        act, rec = NAMED[activation], NAMED[recurrent_activation]
        i, f, g, o = (input_side(act, x @ W.T, b) + rec(h @ U.T)).chunk(4, dim=1)
        on_gate, on_c = torch.sigmoid if gates_keep_sigmoid else rec, torch.tanh if candidate_alone else act
        c = on_gate(f) * c + on_gate(i) * act(g)
        return on_gate(o) * on_c(c), c

    answer.__name__ = f"on_the_product_{len(WRONG)}"


for side in (
    lambda act, product, b: product + b,
    lambda act, product, b: act(product) + b,
    lambda act, product, b: act(product + b),
):
    for keeps_sigmoid, alone in ((True, False), (True, True), (False, False)):
        _on_the_product(side, keeps_sigmoid, alone)


@bank.wrong("activation-on-output")
def put_on_top(x, h, c, W, U, b, activation, recurrent_activation):
    h, c = lstm_cell(x, h, c, W, U, b)
    return NAMED[activation](h), c


@bank.wrong("gate-order")
def with_other_order(x, h, c, W, U, b, activation, recurrent_activation):
    act, rec = NAMED[activation], NAMED[recurrent_activation]
    f, i, g, o = gates(x, h, W, U, b)
    c = rec(f) * c + rec(i) * act(g)
    return rec(o) * act(c), c


@bank.wrong("value-not-handled")
def linear_unknown(x, h, c, W, U, b, activation, recurrent_activation):
    known = {name: NAMED[name] for name in ("tanh", "relu", "sigmoid")}
    act, rec = known[activation], known[recurrent_activation]
    i, f, g, o = gates(x, h, W, U, b)
    c = rec(f) * c + rec(i) * act(g)
    return rec(o) * act(c), c


@bank.wrong()
def leaky(x, h, c, W, U, b, activation, recurrent_activation):
    named = NAMED | {"relu": lambda z: F.leaky_relu(z, 0.01)}
    act, rec = named[activation], named[recurrent_activation]
    i, f, g, o = gates(x, h, W, U, b)
    c = rec(f) * c + rec(i) * act(g)
    return rec(o) * act(c), c


@bank.wrong()
def approximate_tanh(x, h, c, W, U, b, activation, recurrent_activation):
    named = NAMED | {"sigmoid": lambda z: 0.5 * (1 + torch.erf(z * math.sqrt(math.pi) / 4))}
    act, rec = named[activation], named[recurrent_activation]
    i, f, g, o = gates(x, h, W, U, b)
    c = rec(f) * c + rec(i) * act(g)
    return rec(o) * act(c), c


def _one_name_is(name, function):
    @bank.wrong("one-name-wrong")
    def answer(x, h, c, W, U, b, activation, recurrent_activation):
        named = NAMED | {name: function}
        act, rec = named[activation], named[recurrent_activation]
        i, f, g, o = gates(x, h, W, U, b)
        c = rec(f) * c + rec(i) * act(g)
        return rec(o) * act(c), c

    answer.__name__ = f"{name}_is_another_{len(WRONG)}"


_one_name_is("linear", torch.zeros_like)
_one_name_is("linear", torch.ones_like)
_one_name_is("linear", lambda z: 2 * z)
_one_name_is("relu", torch.abs)
_one_name_is("relu", lambda z: torch.relu(-z))
_one_name_is("tanh", torch.atan)


@bank.wrong("activated-cell-stored")
def stores_activated_cell(x, h, c, W, U, b, activation, recurrent_activation):
    FUN = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid, "linear": lambda t: t}
    act, rec = (FUN[activation], FUN[recurrent_activation])
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, dim=1)
    c_new = act(rec(f) * c + rec(i) * act(g))
    return (rec(o) * c_new, c_new)


@bank.wrong("name-not-matched")
def relu_else(x, h, c, W, U, b, activation, recurrent_activation):

    def pick(name, t):
        if name == "tanh":
            return torch.tanh(t)
        elif name == "ReLU":
            return torch.relu(t)
        elif name == "sigmoid":
            return torch.sigmoid(t)
        return t

    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, dim=1)
    i, f, o = [pick(recurrent_activation, t) for t in (i, f, o)]
    c_new = f * c + i * pick(activation, g)
    return (o * pick(activation, c_new), c_new)


@bank.wrong("hard-sigmoid")
def hard_gates(x, h, c, W, U, b, activation, recurrent_activation):
    named = {"tanh": torch.tanh, "relu": torch.relu, "linear": lambda v: v}
    act = (named | {"sigmoid": torch.sigmoid})[activation]
    rec = (named | {"sigmoid": torch.nn.functional.hardsigmoid})[recurrent_activation]
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, dim=1)
    new = rec(f) * c + rec(i) * act(g)
    return rec(o) * act(new), new
