"""How fast the fast layer is, on the reader's own machine: training steps of peers, measured in turns.

    python -m recdrop_lessons.experiments.bench        or: recdrop bench

The whole comparison, Keras's backends included, is `benchmarks/layers.py`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call

from recdrop_lessons.algebra import variants
from recdrop_lessons.algebra.noise import bernoulli
from recdrop_lessons.layers.recurrent import LSTM
from recdrop_lessons.layers.stacking import Stack


class Workload(NamedTuple):
    """One training step's size: batch, steps, features, units, layers."""

    batch: int
    steps: int
    features: int
    units: int
    layers: int = 1


WORKLOADS = {
    "small": Workload(32, 29, 12, 64),
    "medium": Workload(32, 35, 64, 128),
    "large": Workload(64, 100, 128, 256),
    "two layers": Workload(20, 35, 650, 650, layers=2),
}
P = 0.2
FLOOR = "nn.LSTM, no recurrent dropout"
OURS = {
    "ours, nothing dropped": (),
    "ours, one mask (Gal tied)": variants.gal(P),
    "ours, one mask per gate (as Keras)": variants.keras(P, P),
    "ours, candidate (Semeniuta)": variants.semeniuta(P),
    "ours, cell (Moon)": variants.moon(P),
    "ours, zoneout": variants.zoneout(P),
    "ours, weight drop": variants.weight_drop(P),
}


class Fused(nn.Module):
    """`nn.LSTM`, last output only: x (B, T, F) → (B, H); `weight_drop`: a new mask on each U per pass."""

    def __init__(self, size: Workload, weight_drop: float = 0.0) -> None:
        super().__init__()
        self.lstm = nn.LSTM(size.features, size.units, size.layers, batch_first=True)
        self.weight_drop = weight_drop

    def forward(self, x: Tensor) -> Tensor:
        if not self.weight_drop:
            return self.lstm(x)[0][:, -1]
        dropped = {
            name: w * bernoulli(self.weight_drop, w.shape) if "weight_hh" in name else w
            for name, w in self.lstm.named_parameters()
        }
        return functional_call(self.lstm, dropped, (x,))[0][:, -1]


class CellLoop(nn.Module):
    """What one writes first: `nn.LSTMCell` in a loop, one mask on x and one on h: x (B, T, F) → (B, H)."""

    def __init__(self, size: Workload) -> None:
        super().__init__()
        self.units = size.units
        inputs = [size.features] + [size.units] * (size.layers - 1)
        self.cells = nn.ModuleList(nn.LSTMCell(n, size.units) for n in inputs)

    def forward(self, x: Tensor) -> Tensor:
        for cell in self.cells:
            h = c = x.new_zeros(len(x), self.units)
            m_x, m_h = bernoulli(P, (len(x), x.shape[2])), bernoulli(P, h.shape)
            outputs = []
            for x_t in x.unbind(1):
                h, c = cell(x_t * m_x, (h * m_h, c))
                outputs.append(h)
            x = torch.stack(outputs, dim=1)
        return x[:, -1]


def our_layers(size: Workload, drops: variants.Drops) -> nn.Module:
    """One `LSTM` of ours, or a stack of them: x (B, T, F) → (B, H)."""
    layers = [
        LSTM(
            size.units if k else size.features, size.units, drops=drops, return_sequences=k < size.layers - 1
        )
        for k in range(size.layers)
    ]
    return layers[0] if len(layers) == 1 else Stack(*layers)


def peers(size: Workload) -> dict[str, Callable[[], nn.Module]]:
    """Everything that runs in this process, by name: the floor first."""
    return {
        FLOOR: lambda: Fused(size),
        **{name: lambda drops=drops: our_layers(size, drops) for name, drops in OURS.items()},  # type: ignore[misc]
        "nn.LSTM in a weight-drop wrapper": lambda: Fused(size, P),
        "nn.LSTMCell in a loop": lambda: CellLoop(size),
    }


def training_step(body: nn.Module, size: Workload) -> Callable[[], None]:
    """Return one step of SGD on `body` and a linear head: forward, backward, update."""
    model = nn.Sequential(body, nn.Linear(size.units, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    x, y = torch.randn(size.batch, size.steps, size.features), torch.randn(size.batch, 1)

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()

    return step


def in_turns(
    steps: Mapping[Any, Callable[[], None]], rounds: int, clock: Callable[[], float] = time.perf_counter
) -> dict[Any, list[float]]:
    """Time every step once a round, so that a busy moment of the machine meets them all. Seconds."""
    times: dict[Any, list[float]] = {name: [] for name in steps}
    for turn in range(rounds + 1):
        for name, step in steps.items():
            start = clock()
            step()
            if turn:  # the first is for warming up
                times[name].append(clock() - start)
    return times


def short_table(seconds: float = 10.0) -> str:
    """Measure the peers on this machine in about `seconds`, one thread, and return a table with bars.

    Each row: the median time of a training step, and its ratio to `nn.LSTM` without recurrent dropout.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return "\n\n".join(_table(name, seconds / 2) for name in ("small", "medium"))
    finally:
        torch.set_num_threads(before)


def _table(name: str, seconds: float) -> str:
    size = WORKLOADS[name]
    steps = {peer: training_step(make(), size) for peer, make in peers(size).items()}
    start = time.perf_counter()
    in_turns(steps, 1)
    rounds = max(5, int(2 * seconds / (time.perf_counter() - start)))
    medians = {peer: statistics.median(t) for peer, t in in_turns(steps, rounds).items()}
    width = max(map(len, medians))
    lines = [
        f"{name}: batch {size.batch}, {size.steps} steps, {size.features} features, {size.units} units; "
        f"one training step, median of {rounds}, one thread"
    ]
    for peer, median in medians.items():
        ratio = median / medians[FLOOR]
        lines.append(f"  {peer:{width}}  {median * 1e3:8.2f} ms  {ratio:5.2f}  {'█' * round(8 * ratio)}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(short_table())
