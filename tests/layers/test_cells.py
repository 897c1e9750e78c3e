"""One step of each cell: equal to the twin's step; its parameters, its activations, its refusals."""

import math

import pytest
import torch
from replayed import assert_close, numpy, options

from recdrop_lessons import (
    Drop,
    DropError,
    GRUCell,
    LSTMCell,
    RecdropError,
    SimpleRNNCell,
    equations,
    variants,
)
from recdrop_lessons.layers.cells import ACTIVATIONS, affine, zoned_out

CELLS = {"SimpleRNN": SimpleRNNCell, "GRU": GRUCell, "LSTM": LSTMCell}
F, H, B = 3, 4, 5


@pytest.mark.parametrize("kind", CELLS)
def test_a_step_equals_the_twins_step_gates_included(kind):
    torch.manual_seed(0)
    cell = CELLS[kind](F, H, drops=[Drop("input", 0.4), Drop("recurrent", 0.3)]).double()
    x, state = torch.randn(B, F).double(), tuple(torch.randn(B, H).double() for _ in cell.state_names)
    masks = {"input": Drop("input", 0.4).sample((B, F)), "recurrent": Drop("recurrent", 0.3).sample((B, H))}
    now = cell.step(x, state, masks)
    twin = equations.STEPS[kind](
        numpy(x), *numpy(state), *numpy(list(cell.parameters())), masks=numpy(masks), **options(cell)
    )
    assert_close(now.output.detach(), twin.output, 1e-12)
    for ours, theirs in zip(now.state, (twin.h, twin.c), strict=False):
        assert_close(ours.detach(), theirs, 1e-12)
    assert set(now.gates) == set(twin.gates) == set(cell.gate_names)
    for name, gate in now.gates.items():
        assert_close(gate.detach(), twin.gates[name], 1e-12, name)


@pytest.mark.parametrize("kind, gates", [("SimpleRNN", 1), ("GRU", 3), ("LSTM", 4)])
def test_parameters_are_named_shaped_and_drawn_as_in_pytorch(kind, gates):
    cell = CELLS[kind](F, 400)
    biases = ["bias_ih", "bias_hh"] if kind == "GRU" else ["bias"]
    expected = {"weight_ih": (gates * 400, F), "weight_hh": (gates * 400, 400)}
    expected |= dict.fromkeys(biases, (gates * 400,))
    assert {name: tuple(p.shape) for name, p in cell.named_parameters()} == expected
    bound = 1 / math.sqrt(400)
    for parameter in cell.parameters():
        assert parameter.abs().max() <= bound and parameter.abs().max() > 0.9 * bound
        # the variance of U(-b, b) is b²/3; its standard error over n draws is below b²/√n
        assert abs(parameter.var() - bound**2 / 3) < 4 * bound**2 / math.sqrt(parameter.numel())
    torch.manual_seed(1)
    cell.reset_parameters()
    first = cell.weight_hh.clone()
    torch.manual_seed(1)
    cell.reset_parameters()
    assert torch.equal(first, cell.weight_hh)


@pytest.mark.parametrize("kind", CELLS)
def test_the_state_before_the_first_step_is_zero_and_of_the_cells_precision(kind):
    state = CELLS[kind](F, H).double().zero_state(B)
    assert len(state) == len(CELLS[kind].state_names)
    assert all(s.shape == (B, H) and s.dtype == torch.float64 and not s.any() for s in state)


def test_the_activations_are_torchs():
    a = torch.linspace(-3, 3, 13)
    expected = {
        "tanh": torch.tanh(a),
        "sigmoid": torch.sigmoid(a),
        "relu": torch.relu(a),
        "linear": a,
    }
    assert set(ACTIVATIONS) == set(expected) == set(equations.ACTIVATIONS)
    for name, values in expected.items():
        assert torch.equal(ACTIVATIONS[name](a), values)
        assert_close(equations.ACTIVATIONS[name](a.double().numpy()), values, 1e-6, name)


def test_an_lstms_gates_read_four_masks_where_they_differ():
    v, weight = torch.randn(B, F), torch.randn(4 * H, F)
    mask = torch.rand(B, 4, F)
    by_hand = torch.cat([(v * mask[:, k]) @ weight[k * H : (k + 1) * H].T for k in range(4)], 1)
    bias = torch.randn(4 * H)
    assert torch.allclose(affine(v, weight, mask), by_hand, atol=1e-6)
    assert torch.allclose(affine(v, weight, mask, bias), by_hand + bias, atol=1e-6)
    same = torch.rand(B, F)
    assert torch.allclose(affine(v, weight, same), (v * same) @ weight.T, atol=1e-6)


def test_zoneout_keeps_the_old_where_the_mask_is_one():
    old, new = torch.tensor([1.0, 2.0]), torch.tensor([10.0, 20.0])
    assert zoned_out(new, old, torch.tensor([1.0, 0.0])).tolist() == [1.0, 20.0]


@pytest.mark.parametrize("sizes", [(0, 3), (3, 0), (-1, 3), (2.0, 3), (3, "4")])
def test_sizes_that_mean_nothing_are_refused(sizes):
    with pytest.raises(RecdropError, match="expected a whole number, 1 or more"):
        GRUCell(*sizes)


def test_an_unknown_activation_is_refused_with_the_names_there_are():
    for argument in ("activation", "recurrent_activation"):
        with pytest.raises(RecdropError) as caught:
            LSTMCell(3, 4, **{argument: "swish"})
        assert f"{argument} was 'swish'" in str(caught.value)
        assert "'tanh', 'sigmoid', 'relu', 'linear'" in str(caught.value)


def test_two_ways_of_saying_the_drops_are_refused():
    with pytest.raises(DropError, match=r"variants\.keras\(dropout, recurrent_dropout\)"):
        GRUCell(3, 4, recurrent_dropout=0.2, drops=variants.locked(0.1))
