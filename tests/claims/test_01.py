"""What lesson 01 says of memory, beyond what its cells draw: other seeds, and weights drawn in two ways."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recdrop_lessons import SimpleRNN, equations

F, H = 3, 4


def left_of_a_difference(
    cell: str, draw: str, bias: float, seed: int, steps: int = 20, silent: tuple[int, ...] = ()
) -> float:
    """How much of a difference in the first step is left in h, `steps` later; 1 at the start.

    `silent`: the blocks of U that are set to 0.
    """
    rng = np.random.default_rng(seed)
    blocks, units, features = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4}[cell], 32, 8
    if draw == "torch":
        W, U = (rng.uniform(-1, 1, (blocks * units, n)) / np.sqrt(units) for n in (features, units))
    else:
        bound = np.sqrt(6 / (blocks * units + features))
        W = rng.uniform(-bound, bound, (blocks * units, features))
        U = np.linalg.qr(rng.normal(size=(blocks * units, units)))[0]
    for block in silent:
        U[block * units : (block + 1) * units] = 0
    b = np.zeros(blocks * units)
    b[units : 2 * units] += bias  # z of the GRU, f of the LSTM
    biases = (b, 0 * b) if cell == "GRU" else (b,)
    x = rng.normal(size=(64, steps + 1, features))
    other = x.copy()
    other[:, 0] = rng.normal(size=(64, features))
    h, h_other = (equations.run(cell, one, W, U, *biases).h for one in (x, other))
    difference = np.linalg.norm(h - h_other, axis=-1).mean(0)
    return float(difference[steps] / difference[0])


@pytest.mark.parametrize("seed", range(8))
def test_which_plain_cell_forgets_faster_depends_on_how_the_weights_are_drawn(seed: int) -> None:
    def left(cell: str, draw: str) -> float:
        return left_of_a_difference(cell, draw, 0, seed)

    assert left("SimpleRNN", "torch") < left("GRU", "torch")
    assert left("GRU", "keras") < left("SimpleRNN", "keras")


@pytest.mark.parametrize("draw", ["torch", "keras"])
@pytest.mark.parametrize("seed", range(8))
def test_an_open_gate_remembers_whichever_way_the_weights_are_drawn(seed: int, draw: str) -> None:
    for cell in ("GRU", "LSTM"):
        half_open, open_gate = (left_of_a_difference(cell, draw, bias, seed) for bias in (0, 3))
        assert half_open < 1e-3
        assert open_gate > 0.1


@pytest.mark.parametrize("draw", ["torch", "keras"])
@pytest.mark.parametrize("seed", range(8))
def test_what_an_open_gate_alone_leaves_and_what_the_candidate_adds(seed: int, draw: str) -> None:
    gate = 1 / (1 + np.exp(-3))
    for steps in (20, 39):
        alone, without_gates, whole = (
            left_of_a_difference("LSTM", draw, 3, seed, steps, silent)
            for silent in ((2,), (0, 1, 3), ())  # U_g = 0; all of U but U_g at 0; U as drawn
        )
        assert 0.7 * gate**steps < alone < gate**steps
        assert without_gates == pytest.approx(whole, rel=0.1)
        assert whole > 2 * alone
    assert draw == "keras" or whole > 1


def test_where_u_is_negative_a_relu_lstm_need_not_grow() -> None:
    nothing = np.zeros((1, 100, 1)), np.zeros((4, 1))  # x, W

    def last_h(*u: float) -> float:
        biases = np.array([20.0, 20.0, 0.5, 20.0])  # i, f and o open, the candidate's sum 0.5
        return float(equations.run("LSTM", *nothing, np.array([u]).T, biases, activation="relu").h[0, -1, 0])

    assert last_h(0, 0, 0, 0) == pytest.approx(50)
    assert last_h(0.5, 0.5, 0.5, 0.5) > 1e6
    assert last_h(-1, -1, -1, -1) < 1
    assert last_h(0, -10, 0, 0) < 2  # the forget gate's entry alone


def test_a_difference_can_grow_and_a_tanh_state_cannot() -> None:
    """With U = 1.5 and sums near 0 the slope diag(1 - h²) U is above 1; the state stays within [-1, 1]."""
    rnn = SimpleRNN(F, H, return_sequences=True)
    with torch.no_grad():
        rnn.weight_ih.zero_(), rnn.bias.zero_()
        rnn.weight_hh.copy_(1.5 * torch.eye(H))
        zeros, near = torch.zeros(1, H), torch.full((1, H), 1e-6)
        steps = torch.zeros(1, 20, F)
        apart = (rnn(steps, state=near) - rnn(steps, state=zeros)).abs().amax(-1)[0]  # (T,)
        rnn.weight_hh.copy_(1e3 * torch.eye(H))
        largest = rnn(steps, state=near).abs().max()
    assert (apart[1:] > 1.4 * apart[:-1]).all()
    assert largest <= 1
