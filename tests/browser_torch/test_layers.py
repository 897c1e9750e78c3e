"""torch.nn, torch.optim and this library's own layers on the browser's torch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from browser_torch.side_by_side import mini

ROOT = Path(__file__).parents[2]
LAYERS = {
    "Linear": (lambda t: t.nn.Linear(4, 3), (2, 5, 4)),
    "LayerNorm": (lambda t: t.nn.LayerNorm(4), (2, 5, 4)),
    "BatchNorm1d": (lambda t: t.nn.BatchNorm1d(5), (2, 5, 4)),
    "GroupNorm": (lambda t: t.nn.GroupNorm(2, 4), (2, 4, 3)),
    "RNN": (lambda t: t.nn.RNN(4, 3, nonlinearity="relu"), (5, 2, 4)),
    "GRU": (lambda t: t.nn.GRU(4, 3, batch_first=True, bias=False), (2, 5, 4)),
    "LSTM": (lambda t: t.nn.LSTM(4, 3, num_layers=2, bidirectional=True, batch_first=True), (2, 5, 4)),
    "LSTM without a batch": (lambda t: t.nn.LSTM(4, 3), (5, 4)),
    "LSTMCell": (lambda t: t.nn.LSTMCell(4, 3), (2, 4)),
    "GRUCell": (lambda t: t.nn.GRUCell(4, 3), (2, 4)),
    "Sequential": (
        lambda t: t.nn.Sequential(t.nn.Linear(4, 8), t.nn.GELU(), t.nn.Dropout(0.0), t.nn.Linear(8, 2)),
        (3, 4),
    ),
    "in place": (
        lambda t: t.nn.Sequential(t.nn.Linear(4, 8), t.nn.ReLU(inplace=True), t.nn.ELU(), t.nn.Softmax(-1)),
        (3, 4),
    ),
}


def _named(found):
    return {name: one.detach().numpy().copy() for name, one in found.items()}


def _passed(t, layer, x):
    """Outputs, the gradients of parameters and input, and what the layer keeps afterwards."""
    x = t.from_numpy(x.copy()).requires_grad_()
    out = layer(x)
    flat = [
        one
        for item in (out if isinstance(out, tuple) else (out,))
        for one in (item if isinstance(item, tuple) else (item,))
    ]
    sum(((one * one).sum() for one in flat), t.zeros(())).backward()
    gradients = {name: one.grad.numpy() for name, one in layer.named_parameters()}
    return (
        [one.detach().numpy() for one in flat],
        gradients | {"x": x.grad.numpy()},
        _named(layer.state_dict()),
    )


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_torchs(name):
    make, shape = LAYERS[name]
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    real, mine = make(torch), make(mini)
    mine.load_state_dict({key: mini.from_numpy(one) for key, one in _named(real.state_dict()).items()})
    assert list(real.state_dict()) == list(mine.state_dict())
    for expected, found in zip(_passed(torch, real, x), _passed(mini, mine, x), strict=True):
        if isinstance(expected, list):
            expected, found = dict(enumerate(expected)), dict(enumerate(found))
        assert list(expected) == list(found)
        for key in expected:
            np.testing.assert_allclose(found[key], expected[key], rtol=1e-4, atol=1e-5, err_msg=str(key))


OPTIMISERS = {
    "SGD": lambda t, ps: t.optim.SGD(ps, lr=0.1, momentum=0.9, weight_decay=0.01),
    "Nesterov": lambda t, ps: t.optim.SGD(ps, lr=0.1, momentum=0.9, nesterov=True),
    "Adam": lambda t, ps: t.optim.Adam(ps, lr=0.05, weight_decay=0.01),
    "AdamW": lambda t, ps: t.optim.AdamW(ps, lr=0.05),
    "RMSprop": lambda t, ps: t.optim.RMSprop(ps, lr=0.05),
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_few_steps_of_a_training_are_torchs(name):
    def trained(t):
        t.manual_seed(0)
        layer = t.nn.Linear(3, 2)
        x, y = t.randn(8, 3), t.randn(8, 2)
        optimiser = OPTIMISERS[name](t, layer.parameters())
        for _ in range(5):
            optimiser.zero_grad()
            t.nn.functional.mse_loss(layer(x), y).backward()
            t.nn.utils.clip_grad_norm_(layer.parameters(), 0.5)
            optimiser.step()
        return layer.weight.detach().numpy()

    np.testing.assert_allclose(trained(mini), trained(torch), rtol=1e-4, atol=1e-6)


def test_padded_sequences_go_through_packed():
    def packed(t):
        t.manual_seed(1)
        layer, x = t.nn.LSTM(3, 4, batch_first=True), t.randn(2, 5, 3)
        rnn = t.nn.utils.rnn
        out, (h, c) = layer(rnn.pack_padded_sequence(x, t.tensor([5, 3]), batch_first=True))
        y, lengths = rnn.pad_packed_sequence(out, batch_first=True)
        return [one.detach().numpy() for one in (y, lengths, h, c)]

    for expected, found in zip(packed(torch), packed(mini), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


LIBRARY = """
import torch
from recdrop_lessons import LSTM, GRU, SimpleRNN, Stack, Bidirectional, GATConv, Drop, variants, trace_shapes
x = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0))
torch.manual_seed(0)
sums = []
for layer in (LSTM(3, 4, drops=variants.gal(0.3)), GRU(3, 4, recurrent_dropout=0.2), SimpleRNN(3, 4),
              LSTM(3, 4, drops=[Drop("candidate", 0.3, shared=())]), Bidirectional(LSTM(3, 4))):
    y = layer(x)
    y.square().sum().backward()
    sums += [float(y.sum()), *(float(one.grad.sum()) for one in layer.parameters())]
print([round(one, 3) for one in sums])
"""


def test_the_librarys_layers_draw_and_compute_the_same():
    """Values and gradients of a training pass with masks, from the same seed."""
    said = [
        subprocess.run(
            [sys.executable, "-c", LIBRARY], capture_output=True, text=True, check=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        ).stdout
        for paths in ([str(ROOT)], [str(ROOT / "browser"), str(ROOT)])
    ]  # fmt: skip
    real, mine = (np.array(eval(one)) for one in said)
    np.testing.assert_allclose(mine, real, atol=2e-3)
