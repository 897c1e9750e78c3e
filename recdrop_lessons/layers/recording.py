"""Look inside a pass: gates, states and masks of every step, for pictures, widgets and tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from recdrop_lessons.algebra.drops import Masks
from recdrop_lessons.layers.cells import StepResult
from recdrop_lessons.layers.recurrent import Recurrent
from recdrop_lessons.support.errors import RecdropError


@dataclass
class Trace:
    """What a recurrent layer did in its last recorded pass.

    Shapes: `gates[name]`, `states[name]` and `output` (B, T, H); `masks` as `sample_masks` returns them.
    """

    gates: dict[str, Tensor] = field(default_factory=dict)
    states: dict[str, Tensor] = field(default_factory=dict)
    masks: dict[str, Tensor] = field(default_factory=dict)
    output: Tensor | None = None

    def add(self, layer: Recurrent, taken: Sequence[StepResult], masks: Masks) -> None:
        """Take down one pass of `layer`; a later pass replaces an earlier one."""
        self.gates = {name: torch.stack([s.gates[name] for s in taken], dim=1) for name in layer.gate_names}
        self.states = {
            name: torch.stack([s.state[k] for s in taken], dim=1) for k, name in enumerate(layer.state_names)
        }
        self.masks = dict(masks)
        self.output = torch.stack([s.output for s in taken], dim=1)


@contextmanager
def record(model: nn.Module) -> Iterator[Trace | list[Trace]]:
    """Record what the recurrent layers in `model` do inside the `with` block.

    Gives one `Trace` for a recurrent layer; for a model of several a list, in the order of the layers.

        with record(lstm) as trace:
            lstm(x)
        trace.gates["f"]  # (B, T, H)

    Raises `RecdropError` where there is no recurrent layer of this library.
    """
    layers = [module for module in model.modules() if isinstance(module, Recurrent)]
    if not layers:
        raise RecdropError(f"record was given a {type(model).__name__} with no SimpleRNN, GRU or LSTM in it.")
    traces = [Trace() for _ in layers]
    for layer, trace in zip(layers, traces, strict=True):
        layer._listeners.append(trace)
    try:
        yield traces[0] if isinstance(model, Recurrent) else traces
    finally:
        for layer, trace in zip(layers, traces, strict=True):
            # By identity: two empty traces are equal.
            layer._listeners[:] = [other for other in layer._listeners if other is not trace]
