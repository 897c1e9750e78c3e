"""The claims of lesson 01, each run against the installed framework."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from recdrop_lessons import GRU, SimpleRNN, equations
from recdrop_lessons.experiments.training import seeded
from recdrop_lessons.frameworks import from_keras, import_keras

keras = import_keras()
B, T, F, H = 2, 5, 3, 4
STATES = {"SimpleRNN": 1, "GRU": 1, "LSTM": 2}


@pytest.fixture
def x() -> Tensor:
    return torch.randn(B, T, F, generator=torch.Generator().manual_seed(0))


def one_step(kind: str, x: Tensor, implementation: int = 2, **functions: Callable[[Tensor], Tensor]) -> Any:
    """One step of Keras's own cell from a zero state; returns the cell."""
    options = {} if kind == "SimpleRNN" else {"implementation": implementation}
    cell = getattr(keras.layers, f"{kind}Cell")(H, **options, **functions)
    cell.build((None, F))
    cell(x[:, 0], [torch.zeros(B, H)] * STATES[kind])
    return cell


@pytest.mark.parametrize(
    "kind, implementation, expected",
    [
        ("SimpleRNN", 2, {"activation": 1}),
        *(("GRU", k, {"activation": 1, "recurrent_activation": 2}) for k in (1, 2)),
        *(("LSTM", k, {"activation": 2, "recurrent_activation": 3}) for k in (1, 2)),
    ],
)
def test_keras_calls_its_activations_so_often_in_a_step(
    x: Tensor, kind: str, implementation: int, expected: dict[str, int]
) -> None:
    calls: Counter[str] = Counter()

    def spy(name: str, function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        def watched(a: Tensor) -> Tensor:
            calls[name] += 1
            return function(a)

        return watched

    functions = {"activation": spy("activation", torch.tanh)}
    if "recurrent_activation" in expected:
        functions["recurrent_activation"] = spy("recurrent_activation", torch.sigmoid)
    one_step(kind, x, implementation, **functions)
    assert calls == expected


def test_activation_acts_in_two_places_of_the_lstm(x: Tensor) -> None:
    layer = keras.layers.LSTM(H, activation="relu")
    theirs = layer(x).detach().numpy()
    kernel, recurrent_kernel, bias = layer.get_weights()

    def last_h(candidate: Any, shown: Any) -> Any:
        h = c = np.zeros((B, H))
        for x_t in x.numpy().transpose(1, 0, 2):
            i, f, g, o = np.split(x_t @ kernel + h @ recurrent_kernel + bias, 4, axis=-1)
            i, f, o = (1 / (1 + np.exp(-a)) for a in (i, f, o))
            c = f * c + i * candidate(g)
            h = o * shown(c)
        return h

    def relu(a: Any) -> Any:
        return np.maximum(a, 0)

    same = {
        (one is relu, other is relu): np.allclose(last_h(one, other), theirs, atol=1e-6)
        for one in (np.tanh, relu)
        for other in (np.tanh, relu)
    }
    assert same == {(False, False): False, (False, True): False, (True, False): False, (True, True): True}


@pytest.mark.parametrize("kind, gates", [("LSTM", (0, 1, 3)), ("GRU", (0, 1))])
def test_recurrent_activation_is_the_gates_function(x: Tensor, kind: str, gates: tuple[int, ...]) -> None:
    reached: list[Tensor] = []

    def listening(a: Tensor) -> Tensor:
        reached.append(a.detach().clone())
        return torch.sigmoid(a)

    cell = one_step(kind, x, recurrent_activation=listening)
    kernel, bias = (torch.as_tensor(cell.get_weights()[k]) for k in (0, 2))
    # from h = 0 the recurrent product is 0, so the whole sum is W x + b
    sums = (x[:, 0] @ kernel + bias.reshape(-1, kernel.shape[1]).sum(0)).split(H, dim=-1)
    assert len(reached) == len(gates)
    for gate in gates:
        assert any(torch.allclose(a, sums[gate], atol=1e-6) for a in reached)
    assert all((a != 0).any() for a in reached)


def test_gru_blocks_of_keras_are_z_r_h(x: Tensor) -> None:
    layer = keras.layers.GRU(H, return_sequences=True)
    layer.build((None, None, F))
    rng = np.random.default_rng(0)
    layer.set_weights([rng.normal(size=w.shape) for w in layer.get_weights()])
    theirs = layer(x).detach()
    kernel, recurrent_kernel, bias = layer.get_weights()

    def ours(order: tuple[int, ...]) -> Tensor:
        gru = GRU(F, H, return_sequences=True)
        with torch.no_grad():
            for parameter, weight in zip(
                gru.parameters(), (kernel.T, recurrent_kernel.T, *bias), strict=True
            ):
                blocks = np.split(weight, 3)
                parameter.copy_(torch.as_tensor(np.concatenate([blocks[k] for k in order])))
            return gru(x)

    assert torch.allclose(ours((1, 0, 2)), theirs, atol=1e-6)
    assert not torch.allclose(ours((0, 1, 2)), theirs, atol=1e-2)
    assert torch.allclose(from_keras(layer)(x), theirs, atol=1e-6)


@pytest.mark.parametrize(
    "kind, block, counts",
    [*((nn.LSTM, k, False) for k in range(4)), (nn.GRU, 0, False), (nn.GRU, 1, False), (nn.GRU, 2, True)],
)
def test_second_bias_counts_in_the_gru_alone(
    x: Tensor, kind: type[nn.RNNBase], block: int, counts: bool
) -> None:
    with seeded(0):
        layer = kind(F, H, batch_first=True)
    rows = slice(block * H, (block + 1) * H)
    with torch.no_grad():
        before = layer(x)[0]
        layer.bias_hh_l0[rows] -= 0.5
        layer.bias_ih_l0[rows] += 0.5
        change = (layer(x)[0] - before).abs().max().item()
    assert (change > 1e-3) is counts
    assert counts or change < 1e-6


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


def test_two_biases_move_their_sum_twice_as_far(x: Tensor) -> None:
    def moved(frozen: bool) -> Tensor:
        with seeded(0):
            lstm = nn.LSTM(F, H, batch_first=True)
        lstm.bias_hh_l0.requires_grad_(not frozen)
        before = (lstm.bias_ih_l0 + lstm.bias_hh_l0).detach().clone()
        lstm(x)[0].sum().backward()
        torch.optim.SGD([p for p in lstm.parameters() if p.requires_grad], lr=0.1).step()
        return (lstm.bias_ih_l0 + lstm.bias_hh_l0).detach() - before

    assert torch.allclose(moved(frozen=False), 2 * moved(frozen=True), atol=1e-6)
    assert moved(frozen=True).abs().max() > 1e-3


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
