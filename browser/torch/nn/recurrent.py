"""torch.nn's recurrent layers and cells."""

from __future__ import annotations

import math
import warnings
from typing import Any

from .. import _cells
from .._absent import lacking
from .._joining import stack
from .._making import empty, zeros
from .._tensor import Tensor
from .module import Module, Parameter
from .modules import uniform
from .utils.rnn import PackedSequence, pad_packed_sequence


class RNNBase(Module):
    """Layers of one cell over time, x (T, B, F) or with batch_first (B, T, F)."""

    gates, mode = 1, "RNN_TANH"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
        nonlinearity: str = "tanh",
    ) -> None:
        super().__init__()
        if proj_size:
            raise lacking("A recurrent layer with proj_size=")
        if not 0 <= dropout <= 1:
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
            )
        if dropout > 0 and num_layers == 1:
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers "
                f"greater than 1, but got dropout={dropout} and num_layers={num_layers}",
                stacklevel=2,
            )
        self.input_size, self.hidden_size, self.num_layers, self.bias = (
            input_size,
            hidden_size,
            num_layers,
            bias,
        )
        self.batch_first, self.dropout, self.bidirectional = batch_first, float(dropout), bidirectional
        self.proj_size, self.nonlinearity = proj_size, nonlinearity
        ways, G, H = 2 if bidirectional else 1, self.gates, hidden_size
        for layer in range(num_layers):
            width = input_size if layer == 0 else H * ways
            for suffix in ("", "_reverse")[:ways]:
                shapes: dict[str, tuple[int, ...]] = {"weight_ih": (G * H, width), "weight_hh": (G * H, H)}
                if bias:
                    shapes |= {"bias_ih": (G * H,), "bias_hh": (G * H,)}
                for name, shape in shapes.items():
                    setattr(self, f"{name}_l{layer}{suffix}", Parameter(empty(*shape, dtype=dtype)))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size else 0
        for one in self.parameters():
            one.detach().uniform_(-bound, bound)

    def flatten_parameters(self) -> None:
        pass

    @property
    def all_weights(self) -> list[list[Any]]:
        each = 4 if self.bias else 2
        flat = list(self._parameters.values())
        return [flat[k : k + each] for k in range(0, len(flat), each)]

    def _cell(self) -> Any:
        raise NotImplementedError

    def _check(self, input: Tensor, batch_axis: int) -> None:
        if input.dim() not in (2, 3):
            raise ValueError(
                f"{type(self).__name__}: Expected input to be 2D or 3D, got {input.dim()}D instead"
            )
        if input._a.shape[-1] != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input._a.shape[-1]}"
            )
        weight = self.all_weights[0][0]
        if input.dtype is not weight.dtype:
            raise ValueError(
                f"{type(self).__name__}: input must have the type {weight.dtype}, got type {input.dtype}"
            )

    def forward(self, input: Any, hx: Any = None) -> Any:
        if isinstance(input, PackedSequence):
            return self._packed(input, hx)
        alone = input.dim() == 2  # without a batch
        self._check(input, 0)
        x = input.unsqueeze(0 if self.batch_first else 1) if alone else input
        x = x if self.batch_first else x.transpose(0, 1)
        count, two = self.num_layers * (2 if self.bidirectional else 1), self.mode == "LSTM"
        shape = (count, x._a.shape[0], self.hidden_size)
        if hx is None:
            start = [zeros(*shape, dtype=x.dtype) for _ in range(2 if two else 1)]
        else:
            start = [one.unsqueeze(1) if alone else one for one in (hx if two else (hx,))]
        for one in start:
            if one._a.shape != shape:
                raise RuntimeError(f"Expected hidden size {shape}, got {list(one._a.shape)}")
        states = (
            list(zip(*(one.unbind(0) for one in start), strict=True)) if two else list(start[0].unbind(0))
        )
        params = [one for group in self.all_weights for one in group]
        y, last = _cells.over_time(
            self._cell(), x, states, params, self.bias, self.dropout, self.training, self.bidirectional
        )
        ends = [stack([s[k] for s in last]) for k in (0, 1)] if two else [stack(last)]
        y = y if self.batch_first else y.transpose(0, 1)
        if alone:
            y, ends = y.squeeze(0 if self.batch_first else 1), [one.squeeze(1) for one in ends]
        return y, (tuple(ends) if two else ends[0])

    def _packed(self, packed: PackedSequence, hx: Any) -> Any:
        """Each sequence by itself, so that no padding is computed."""
        if hx is not None:
            raise lacking("A packed sequence with an initial state")
        x, lengths = pad_packed_sequence(packed, batch_first=True)
        first, self.batch_first = self.batch_first, True
        try:
            found = [self.forward(x[b : b + 1, :n]) for b, n in enumerate(lengths.tolist())]
        finally:
            self.batch_first = first
        from .._joining import cat

        sequences = [y[0] for y, _ in found]
        states = [state if isinstance(state, tuple) else (state,) for _, state in found]
        ends = tuple(cat([state[k] for state in states], 1) for k in range(len(states[0])))
        return PackedSequence(sequences), (ends if self.mode == "LSTM" else ends[0])


class RNN(RNNBase):
    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.mode = f"RNN_{self.nonlinearity.upper()}"

    def _cell(self) -> Any:
        return _cells.rnn_tanh_cell if self.nonlinearity == "tanh" else _cells.rnn_relu_cell


class GRU(RNNBase):
    gates, mode = 3, "GRU"

    def _cell(self) -> Any:
        return _cells.gru_cell


class LSTM(RNNBase):
    gates, mode = 4, "LSTM"

    def _cell(self) -> Any:
        return _cells.lstm_cell


class RNNCellBase(Module):
    gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.bias, self.nonlinearity = (
            input_size,
            hidden_size,
            bias,
            nonlinearity,
        )
        bound, width = 1 / math.sqrt(hidden_size), self.gates * hidden_size
        self.weight_ih = uniform(bound, width, input_size, dtype=dtype)
        self.weight_hh = uniform(bound, width, hidden_size, dtype=dtype)
        self.register_parameter("bias_ih", uniform(bound, width, dtype=dtype) if bias else None)
        self.register_parameter("bias_hh", uniform(bound, width, dtype=dtype) if bias else None)

    def _step(self, input: Tensor, state: Any) -> Any:
        cell = {"RNNCell": f"rnn_{self.nonlinearity}_cell", "GRUCell": "gru_cell", "LSTMCell": "lstm_cell"}
        name = next(cell[base.__name__] for base in type(self).__mro__ if base.__name__ in cell)
        return getattr(_cells, name)(input, state, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)

    def forward(self, input: Tensor, hx: Any = None) -> Any:
        alone = input.dim() == 1
        x = input.unsqueeze(0) if alone else input
        two = isinstance(self, LSTMCell)
        if hx is None:
            start = zeros(x._a.shape[0], self.hidden_size, dtype=x.dtype)
            hx = (start, start) if two else start
        elif alone:
            hx = tuple(one.unsqueeze(0) for one in hx) if two else hx.unsqueeze(0)
        made = self._step(x, hx)
        if not alone:
            return made
        return tuple(one.squeeze(0) for one in made) if two else made.squeeze(0)


class RNNCell(RNNCellBase):
    pass


class GRUCell(RNNCellBase):
    gates = 3


class LSTMCell(RNNCellBase):
    gates = 4
