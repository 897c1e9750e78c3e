"""What torch.nn does with dropout, seen from outside: identity weights, equal inputs, footprints of steps."""

from __future__ import annotations

import itertools
import warnings

import torch
from torch import Tensor, nn

from . import pytorch_dropout
from .asking import Probes

PROBES = Probes()
B, T, N, P, SCALE = 40, 6, 4, 0.5, 2.0
KINDS = ("RNN", "LSTM", "GRU")


def about() -> dict[str, str]:
    """The release that is asked."""
    return {"release": torch.__version__.partition("+")[0], "backend": "", "backend_release": ""}


def same(a: Tensor, b: Tensor) -> bool:
    return torch.allclose(a, b, atol=1e-5)


def see_through(layers: int, dropout: float, carry: float = 0.0) -> nn.RNN:
    """A relu net whose every layer hands on what it reads; layer 0 adds `carry` times its last h."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = nn.RNN(N, N, num_layers=layers, nonlinearity="relu", batch_first=True, dropout=dropout)
    with torch.no_grad():
        for name, weight in net.named_parameters():
            of_x = torch.eye(N) if name.startswith("weight_ih") else torch.zeros(())
            weight.copy_(carry * torch.eye(N) if name == "weight_hh_l0" else of_x)
    return net.train()


@torch.no_grad()
def counted(layers: int) -> tuple[Tensor, Tensor, Tensor]:
    """Output, h_n and the whole count 1 … T of a net whose first layer counts the steps."""
    y, h = see_through(layers, P, carry=1.0)(torch.ones(B, T, N))
    return y, h, torch.arange(1.0, T + 1).view(1, T, 1).expand_as(y)


# --- nn.RNN, nn.LSTM, nn.GRU: dropout= ---------------------------------------------------------------------


@PROBES.ask(
    "torch_rnn_dropout_site",
    "Where does the `dropout=` of PyTorch's recurrent layers act, with two layers?",
    "`nn.LSTM(num_layers=2, dropout=p)` drops {observed}.",
)
def rnn_dropout_site() -> str:
    y, h, count = counted(2)
    if not same(h[0], torch.full_like(h[0], float(T))):
        return "the input or h"
    between = ((y == 0) | (y == SCALE * count)).all() and (y == 0).any() and (y != 0).any()
    return "between the layers alone" if between and same(h[1], y[:, -1]) else "something else"


@PROBES.ask(
    "torch_rnn_last_layer",
    "Does PyTorch's `dropout=` mask the output of the last layer?",
    "With three layers `dropout=` makes {observed}.",
)
def rnn_last_layer() -> str:
    with torch.no_grad():
        y, _ = see_through(3, P)(torch.ones(B, T, N))
    values = sorted(set(y.flatten().tolist()))
    return {(0.0, 4.0): "two masks: none on the last output", (0.0, 8.0): "three masks"}.get(
        tuple(values), "other"
    )


@PROBES.ask(
    "torch_rnn_h_n",
    "Does PyTorch's `dropout=` mask the lower layers' `h_n`?",
    "The lower layers' `h_n` is {observed} by `dropout=`.",
)
def rnn_h_n() -> str:
    _, h, _ = counted(2)
    return "not masked" if same(h[0], torch.full_like(h[0], float(T))) else "masked"


@PROBES.ask(
    "torch_rnn_time",
    "Does the mask between PyTorch's layers stay for the whole sequence?",
    "Between the layers PyTorch draws {observed}.",
)
def rnn_time() -> str:
    y, _, count = counted(2)
    kept = y / count
    return (
        "one mask for the sequence" if same(kept, kept[:, :1].expand_as(kept)) else "a new mask at each step"
    )


@PROBES.ask(
    "torch_rnn_examples",
    "Does each example get its own mask between PyTorch's layers?",
    "Between the layers PyTorch draws {observed}.",
)
def rnn_examples() -> str:
    y, _, _ = counted(2)
    return "one mask for the batch" if same(y, y[:1].expand_as(y)) else "a mask for each example"


@PROBES.ask(
    "torch_{kind}_one_layer",
    "What does `nn.{kind}(num_layers=1, dropout=p)` do?",
    "`nn.{kind}(num_layers=1, dropout=p)` {observed}.",
    kind=KINDS,
)
def one_layer(kind: str) -> str:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        net = getattr(nn, kind)(N, N, dropout=P, batch_first=True)
    x = torch.randn(B, T, N)
    nothing = same(net.train()(x)[0], net.eval()(x)[0])
    warned = any("num_layers" in str(one.message) for one in said)
    return f"drops {'nothing' if nothing else 'something'} and {'warns' if warned else 'does not warn'}"


@PROBES.ask(
    "torch_{kind}_recurrent_dropout",
    "Do PyTorch's recurrent layers take a `recurrent_dropout`?",
    "`nn.{kind}(recurrent_dropout=p)` {observed}.",
    kind=KINDS,
)
def recurrent_dropout(kind: str) -> str:
    getattr(nn, kind)(N, N, recurrent_dropout=P)
    return "is taken"


@PROBES.ask(
    "torch_rnn_dropout_of_one",
    "What does `nn.LSTM(num_layers=2, dropout=1.0)` hand to its second layer?",
    "`nn.LSTM(num_layers=2, dropout=1.0)` hands {observed} to its second layer.",
)
def rnn_dropout_of_one() -> str:
    with torch.no_grad():
        y, _ = see_through(2, 1.0)(torch.ones(B, T, N))
    return "zeros" if (y == 0).all() else "NaN" if y.isnan().any() else "what it got"


@PROBES.ask(
    "torch_evaluation_seed",
    "Does an evaluation pass of PyTorch's LSTM draw from the generator?",
    "An evaluation pass of `nn.LSTM(dropout=p)` {observed}.",
)
def evaluation_seed() -> str:
    net, x = nn.LSTM(N, N, 2, dropout=P).eval(), torch.ones(T, B, N)
    torch.manual_seed(0)
    first = torch.rand(4)
    torch.manual_seed(0)
    net(x)
    return "leaves the seed as it is" if same(first, torch.rand(4)) else "advances the seed"


# --- shapes, order, biases ---------------------------------------------------------------------------------


@PROBES.ask(
    "torch_two_axes",
    "What does `nn.LSTM(F, H, batch_first=True)` do with an input of two axes, (B, F)?",
    "`nn.LSTM` {observed} an input of two axes.",
)
def two_axes() -> str:
    net, x = nn.LSTM(N, N, batch_first=True), torch.randn(B, N)
    changed = x.clone()
    changed[0] = 0
    leaks = not same(net(x)[0][1:], net(changed)[0][1:])
    return "takes as one unbatched sequence" if leaks else "takes as a batch of steps"


@PROBES.ask(
    "torch_bidirectional_h_n",
    "What is `h_n[-1]` of a bidirectional LSTM of PyTorch?",
    "`h_n[-1]` of a bidirectional LSTM is {observed}.",
)
def bidirectional_h_n() -> str:
    out, (h, _) = nn.LSTM(N, N, batch_first=True, bidirectional=True)(torch.randn(B, T, N))
    return "the backward half, at the first step" if same(h[-1], out[:, 0, N:]) else "something else"


@PROBES.ask(
    "torch_gate_order",
    "In which order does PyTorch stack the LSTM's gates?",
    "The LSTM's gates are stacked as {observed}.",
)
def gate_order() -> str:
    net, x = nn.LSTM(N, N, batch_first=True), torch.randn(B, 1, N)
    h, c = torch.randn(1, B, N), torch.randn(1, B, N)
    W, U, b, d = net.parameters()
    blocks = (x[:, 0] @ W.T + h[0] @ U.T + b + d).chunk(4, -1)
    _, (h_new, c_new) = net(x, (h, c))
    for order in itertools.permutations("ifgo"):
        a = dict(zip(order, blocks, strict=True))
        ours = a["f"].sigmoid() * c[0] + a["i"].sigmoid() * a["g"].tanh()
        if same(ours, c_new[0]) and same(a["o"].sigmoid() * ours.tanh(), h_new[0]):
            return ", ".join(order)
    return "something else"


@PROBES.ask(
    "torch_gru_gate_order",
    "In which order does PyTorch stack the GRU's gates, and what does z multiply?",
    "The GRU's gates are stacked as {observed}.",
)
def gru_gate_order() -> str:
    net, x, h = nn.GRU(N, N, batch_first=True), torch.randn(B, 1, N), torch.randn(1, B, N)
    W, U, b, d = net.parameters()
    of_x, of_h = (x[:, 0] @ W.T + b).chunk(3, -1), (h[0] @ U.T + d).chunk(3, -1)
    _, h_new = net(x, h)
    for order in itertools.permutations("rzn"):
        a, u = dict(zip(order, of_x, strict=True)), dict(zip(order, of_h, strict=True))
        r, z = (a["r"] + u["r"]).sigmoid(), (a["z"] + u["z"]).sigmoid()
        n = (a["n"] + r * u["n"]).tanh()
        if same((1 - z) * n + z * h[0], h_new[0]):
            return f"{', '.join(order)}; z keeps"
    return "something else"


@PROBES.ask(
    "torch_biases",
    "How many bias vectors has a layer of PyTorch's LSTM?",
    "A layer of `nn.LSTM` has {observed}.",
)
def biases() -> str:
    return f"{sum('bias' in name for name, _ in nn.LSTM(N, N).named_parameters())} bias vectors"


PROBES.extend(pytorch_dropout.PROBES)
