"""What torch's dropout does where nothing is recurrent: moments, sharing, attention."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import coefficients
from .asking import Probes

PROBES = Probes()
B, N, P, SCALE = 40, 4, 0.5, 2.0
MANY = (400, 50, 4)  # examples, steps, features


@PROBES.ask(
    "torch_dropout_moments",
    "What mean and variance does `nn.Dropout(.5)` give to an input of ones?",
    "Out of ones `nn.Dropout(.5)` makes {observed}.",
)
def dropout_moments() -> str:
    y = nn.Dropout(P)(torch.ones(MANY))
    error = 5 / math.sqrt(y.numel())
    values = "0 or 1/(1-p)" if ((y == 0) | (y == SCALE)).all() else "other values"
    mean = "mean 1" if abs(y.mean() - 1) < error else f"mean {y.mean():.2f}"
    return (
        f"{values}, {mean}, {'variance p/(1-p)' if abs(y.var() - 1) < error else f'variance {y.var():.2f}'}"
    )


@PROBES.ask(
    "torch_{kind}_sharing",
    "Which elements share one draw in `nn.{kind}(p)` on (B, T, F)?",
    "In `nn.{kind}(p)` on (B, T, F) {observed}.",
    kind=("Dropout", "Dropout1d"),
)
def sharing(kind: str) -> str:
    y = getattr(nn, kind)(P)(torch.ones(MANY))
    names = ("examples", "steps", "features")
    shared = [one for axis, one in enumerate(names) if (y == y.narrow(axis, 0, 1)).all()]
    return f"the {' and '.join(shared)} share one draw" if shared else "each element has its own draw"


@PROBES.ask(
    "torch_dropout_of_one",
    "What does `nn.Dropout(1.0)` give in training mode?",
    "`nn.Dropout(1.0)` gives {observed} in training mode.",
)
def dropout_of_one() -> str:
    y = nn.Dropout(1.0)(torch.ones(B, N))
    return "zeros" if (y == 0).all() else "NaN" if y.isnan().any() else "other"


@PROBES.ask(
    "torch_multihead_attention",
    "Where does `nn.MultiheadAttention(dropout=p)` drop?",
    "`nn.MultiheadAttention(dropout=p)` drops {observed}.",
)
def multihead_attention() -> str:
    n, heads = 12, 2  # values are one-hot in each head, so that the output is the coefficients
    net = nn.MultiheadAttention(heads * n, heads, dropout=P, bias=False, batch_first=True).train()
    with torch.no_grad():
        net.in_proj_weight.zero_()[2 * heads * n :] = torch.eye(heads * n)
        net.out_proj.weight.copy_(torch.eye(heads * n))
    x = torch.eye(n).repeat(B, 1, heads)  # (B, n, heads·n)
    y, _ = net(x, x, x, need_weights=False)
    return coefficients.in_words(y.detach().numpy().reshape(B, n, heads, n), 1 / n)


@PROBES.ask(
    "torch_functional_attention",
    "Does `F.scaled_dot_product_attention(dropout_p=p)` drop where no module is in training mode?",
    "`F.scaled_dot_product_attention(dropout_p=p)` drops {observed}.",
)
def functional_attention() -> str:
    q, v = torch.zeros(B, 12, 12), torch.eye(12).expand(B, 12, 12)
    attend: Callable[..., Tensor] = F.scaled_dot_product_attention
    return "always, in evaluation too" if (attend(q, q, v, dropout_p=P) == 0).any() else "nothing"


# --- torch.compile: the graph is captured, and run without a compiler for C++ ------------------------------


def captured() -> nn.Module:
    """`nn.Dropout` in a compiled module."""
    module: nn.Module = torch.compile(nn.Sequential(nn.Dropout(P)), backend="aot_eager")  # type: ignore[assignment]
    return module


@PROBES.ask(
    "torch_compile_redraw",
    "Does `nn.Dropout` draw a new mask at each call of a module that `torch.compile` captured?",
    "In a module that `torch.compile` captured, `nn.Dropout` uses {observed}.",
)
def compile_redraw() -> str:
    net, x = captured().train(), torch.ones(MANY)
    first, second = net(x), net(x)
    if (first == x).all():
        return "no mask"
    return "the same mask at each call" if (first == second).all() else "a new mask at each call"


@PROBES.ask(
    "torch_compile_evaluation",
    "A compiled module was called in training mode. Does `eval()` turn its `nn.Dropout` off?",
    "In a module that was compiled and called in training mode, `eval()` {observed}.",
)
def compile_evaluation() -> str:
    net, x = captured(), torch.ones(MANY)
    net.train()(x)
    return "turns `nn.Dropout` off" if (net.eval()(x) == x).all() else "leaves `nn.Dropout` on"
