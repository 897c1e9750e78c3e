"""Recurrent steps and layers that torch has as functions."""

from __future__ import annotations

from typing import Any

from ._absent import lacking
from ._joining import cat, stack
from ._operation import operation
from ._tensor import Tensor
from ._unary import relu, sigmoid, tanh


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    y = x @ weight.T
    return y if bias is None else y + bias


@operation(method=False)
def lstm_cell(
    input: Tensor, hx: Any, w_ih: Tensor, w_hh: Tensor, b_ih: Any = None, b_hh: Any = None
) -> tuple[Tensor, Tensor]:
    h, c = hx
    gates = _linear(input, w_ih, b_ih) + _linear(h, w_hh, b_hh)  # (B, 4H)
    i, f, g, o = gates.chunk(4, 1)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c


@operation(method=False)
def gru_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Any = None, b_hh: Any = None
) -> Tensor:
    x_r, x_z, x_n = _linear(input, w_ih, b_ih).chunk(3, 1)
    h_r, h_z, h_n = _linear(hx, w_hh, b_hh).chunk(3, 1)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    n = tanh(x_n + r * h_n)
    return (hx - n) * z + n


@operation(method=False)
def rnn_tanh_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Any = None, b_hh: Any = None
) -> Tensor:
    return tanh(_linear(input, w_ih, b_ih) + _linear(hx, w_hh, b_hh))


@operation(method=False)
def rnn_relu_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Any = None, b_hh: Any = None
) -> Tensor:
    return relu(_linear(input, w_ih, b_ih) + _linear(hx, w_hh, b_hh))


def over_time(
    cell: Any,
    x: Tensor,
    states: list[Any],
    params: list[Any],
    has_biases: bool,
    p: float,
    train: bool,
    two_ways: bool,
) -> tuple[Tensor, list[Any]]:
    """Layers of one cell over x (B, T, F), dropout between them. Returns (B, T, ·) and each layer's last state."""
    from .nn.functional import dropout

    each, ways = 4 if has_biases else 2, 2 if two_ways else 1
    if len(params) != each * len(states):
        raise lacking("A recurrent layer with projections")
    last: list[Any] = []
    for k in range(0, len(states), ways):
        directions = []
        for way in range(ways):
            weights = params[each * (k + way) : each * (k + way + 1)]
            state, outputs = states[k + way], []
            steps = x.unbind(1)
            for x_t in reversed(steps) if way else steps:
                state = cell(x_t, state, *weights)
                outputs.append(state[0] if isinstance(state, tuple) else state)
            directions.append(stack(outputs[::-1] if way else outputs, 1))
            last.append(state)
        x = cat(directions, 2) if two_ways else directions[0]
        if k + ways < len(states):
            x = dropout(x, p, train)
    return x, last


def _layers(cell: Any, input: Tensor, states: list[Any], *rest: Any) -> tuple[Tensor, list[Any]]:
    params, has_biases, _, p, train, two_ways, batch_first = rest
    x = input if batch_first else input.transpose(0, 1)
    y, last = over_time(cell, x, states, list(params), has_biases, p, train, two_ways)
    return y if batch_first else y.transpose(0, 1), last


@operation(method=False)
def lstm(
    input: Tensor,
    hx: Any,
    params: Any,
    has_biases: bool,
    num_layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    if not isinstance(has_biases, bool):
        raise lacking("torch.lstm on packed sequences")
    states = list(zip(hx[0].unbind(0), hx[1].unbind(0), strict=True))
    y, last = _layers(
        lstm_cell, input, states, params, has_biases, num_layers, dropout, train, bidirectional, batch_first
    )
    return y, stack([h for h, _ in last]), stack([c for _, c in last])


def _one_state(cell: Any, name: str) -> Any:
    def layer(
        input: Tensor,
        hx: Tensor,
        params: Any,
        has_biases: bool,
        num_layers: int,
        dropout: float,
        train: bool,
        bidirectional: bool,
        batch_first: bool = False,
    ) -> tuple[Tensor, Tensor]:
        if not isinstance(has_biases, bool):
            raise lacking(f"torch.{name} on packed sequences")
        states = list(hx.unbind(0))
        y, last = _layers(
            cell, input, states, params, has_biases, num_layers, dropout, train, bidirectional, batch_first
        )
        return y, stack(last)

    layer.__name__ = name
    return operation(method=False)(layer)


gru, rnn_tanh, rnn_relu = (
    _one_state(gru_cell, "gru"),
    _one_state(rnn_tanh_cell, "rnn_tanh"),
    _one_state(rnn_relu_cell, "rnn_relu"),
)
