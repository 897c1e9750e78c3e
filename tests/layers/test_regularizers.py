"""Penalties on one gate: the right block, the right gradient, nothing else."""

import pytest
import torch

from recdrop_lessons import GRU, LSTM, RecdropError, SimpleRNN, gate_norms, gate_penalty
from recdrop_lessons.layers.regularizers import gate_block

H = 5


@pytest.mark.parametrize(
    "layer", [LSTM(3, H), GRU(3, H), SimpleRNN(3, H)], ids=lambda layer: type(layer).__name__
)
@pytest.mark.parametrize(("kernel", "name"), [("input", "weight_ih"), ("recurrent", "weight_hh")])
def test_reaches_one_gate_and_no_other(layer, kernel, name):
    for k, gate in enumerate(layer.gate_names):
        layer.zero_grad()
        penalty = gate_penalty(layer, gate=gate, kernel=kernel, l1=0.5, l2=2.0)
        rows = slice(k * H, (k + 1) * H)
        weight = getattr(layer, name)
        expected = 0.5 * weight[rows].abs().sum() + 2 * weight[rows].square().sum()
        assert torch.allclose(penalty, expected)
        penalty.backward()
        touched = weight.grad.abs().sum(1) > 0
        assert touched[rows].all() and touched.sum() == H


def test_no_gate_means_all_gates():
    layer = LSTM(3, H)
    assert torch.allclose(gate_penalty(layer, l2=1.0), layer.weight_hh.square().sum())


def test_bias_of_an_lstm_is_one_and_of_a_gru_two():
    assert gate_block(LSTM(3, H), "f", "bias").shape == (H,)
    gru = GRU(3, H)
    assert torch.equal(
        gate_block(gru, "z", "bias"), torch.stack([gru.bias_ih[H : 2 * H], gru.bias_hh[H : 2 * H]])
    )


def test_norms_by_gate():
    layer = LSTM(3, H)
    norms = gate_norms(layer)
    assert list(norms) == ["i", "f", "g", "o"]
    assert norms["g"] == pytest.approx(layer.weight_hh[2 * H : 3 * H].norm().item())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"gate": "c", "l2": 1.0}, "Keras calls g by the name c"),
        ({"gate": "z", "l2": 1.0}, "LSTM has 'i', 'f', 'g', 'o'"),
        ({"kernel": "weights", "l2": 1.0}, "'input', 'recurrent', 'bias'"),
        ({"l2": -1.0}, "0 or more"),
    ],
)
def test_refusals_name_the_cure(arguments, words):
    with pytest.raises(RecdropError, match=words):
        gate_penalty(LSTM(3, H), **arguments)
