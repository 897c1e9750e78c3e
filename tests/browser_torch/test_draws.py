"""The same seed gives the same numbers as PyTorch, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from browser_torch.side_by_side import mini
from hypothesis import given, settings
from hypothesis import strategies as st

_PAIR = 24 + 624 * 8  # where in a state its words end
SEEDS = st.integers(-(2**63), 2**64 - 1)


DRAWS = {
    "rand": lambda t, g: t.rand(3, 7, generator=g),
    "rand in float64": lambda t, g: t.rand(5, generator=g, dtype=t.float64),
    "randn of 1": lambda t, g: t.randn((), generator=g),
    "randn of 15": lambda t, g: t.randn(15, generator=g),
    "randn of 16": lambda t, g: t.randn(4, 4, generator=g),
    "randn of 37": lambda t, g: t.randn(37, generator=g),
    "randn of 1000": lambda t, g: t.randn(10, 100, generator=g),
    "randn of 7 in float64": lambda t, g: t.randn(7, generator=g, dtype=t.float64),
    "randint": lambda t, g: t.randint(3, 10, (20,), generator=g),
    "randint of one bound": lambda t, g: t.randint(5, (4, 2), generator=g),
    "randint of 40 bits": lambda t, g: t.randint(0, 2**40, (5,), generator=g),
    "randperm": lambda t, g: t.randperm(23, generator=g),
    "bernoulli of chances": lambda t, g: t.bernoulli(t.full((30,), 0.3), generator=g),
    "bernoulli of chances in float64": lambda t, g: t.bernoulli(
        t.full((30,), 0.3, dtype=t.float64), generator=g
    ),
    "uniform_": lambda t, g: t.empty(3, 4).uniform_(-0.3, 0.7, generator=g),
    "uniform_ along memory": lambda t, g: t.empty(3, 4).t().uniform_(generator=g),
    "normal_": lambda t, g: t.empty(50).normal_(1.3, 0.7, generator=g),
    "normal_ of 3": lambda t, g: t.empty(3).normal_(1.3, 0.7, generator=g),
    "normal": lambda t, g: t.normal(0.0, 2.0, (5, 5), generator=g),
    "normal of tensors": lambda t, g: t.normal(t.arange(4.0), t.ones(4), generator=g),
    "rand_like": lambda t, g: t.rand(6, generator=g) + t.randn(3, 2, generator=g).reshape(-1),
}
MASKS = {
    "bernoulli_": lambda t, g: t.empty(5, 6).bernoulli_(0.3, generator=g),
    "bernoulli_ along memory": lambda t, g: t.empty(5, 6).t().bernoulli_(0.3, generator=g),
    "bernoulli_ in float64": lambda t, g: t.empty(5, 6, dtype=t.float64).bernoulli_(0.3, generator=g),
    "bernoulli of a rate": lambda t, g: t.bernoulli(t.zeros(9), 0.7, generator=g),
}


def _bits(tensor) -> bytes:
    return tensor.numpy().tobytes()


@pytest.mark.parametrize("name", DRAWS)
@settings(max_examples=8)
@given(seed=SEEDS)
def test_draws_are_torchs_bit_for_bit(name, seed):
    real, mine = torch.Generator().manual_seed(seed), mini.Generator().manual_seed(seed)
    for _ in range(2):  # the second starts where the first ended
        expected, found = DRAWS[name](torch, real), DRAWS[name](mini, mine)
        assert str(expected.dtype) == str(found.dtype)
        assert _bits(expected) == _bits(found)


@pytest.mark.parametrize("name", ["randn of 37", "randn of 1000"])
def test_normals_in_float64_are_torchs_but_for_the_last_bit(name):
    # NumPy's logarithm, sine and cosine round in their own way where the machine has wide registers.
    draw = {"randn of 37": 37, "randn of 1000": 1000}[name]
    expected = torch.randn(draw, generator=torch.Generator().manual_seed(3), dtype=torch.float64).numpy()
    found = mini.randn(draw, generator=mini.Generator().manual_seed(3), dtype=mini.float64).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("name", MASKS)
@settings(max_examples=8)
@given(seed=SEEDS)
def test_masks_are_torchs_bit_for_bit(name, seed):
    expected = MASKS[name](torch, torch.Generator().manual_seed(seed))
    assert _bits(expected) == _bits(MASKS[name](mini, mini.Generator().manual_seed(seed)))


@pytest.mark.parametrize("layer", ["dropout", "dropout1d", "alpha_dropout"])
def test_dropout_draws_torchs_masks(layer):
    def dropped(t):
        t.manual_seed(11)
        return getattr(t.nn.functional, layer)(t.ones(4, 5, 6), 0.4, training=True)

    np.testing.assert_allclose(dropped(mini).numpy(), dropped(torch).numpy(), rtol=1e-6)


def test_first_weights_are_torchs():
    def weights(t):
        t.manual_seed(5)
        return [
            t.nn.Linear(7, 3), t.nn.LSTM(5, 6, num_layers=2, bidirectional=True), t.nn.GRUCell(3, 4), t.nn.Embedding(9, 4)
        ]  # fmt: skip

    for real, mine in zip(weights(torch), weights(mini), strict=True):
        expected, found = dict(real.named_parameters()), dict(mine.named_parameters())
        assert list(expected) == list(found)
        for name in expected:
            assert _bits(expected[name].detach()) == _bits(found[name].detach()), (type(real).__name__, name)


@settings(max_examples=20)
@given(seed=SEEDS, before=st.integers(0, 700), ask=st.sampled_from(["rand", "randn"]))
def test_a_state_is_torchs_and_brings_the_draws_back(seed, before, ask):
    real, mine = torch.Generator().manual_seed(seed), mini.Generator().manual_seed(seed)
    for t, g in ((torch, real), (mini, mine)):
        t.rand(before, generator=g)
        t.randn(1, generator=g)  # half of a pair is left
    told, said = (bytes(g.get_state().numpy()) for g in (real, mine))
    assert len(told) == len(said) and told[:_PAIR] == said[:_PAIR]
    # The other half of the pair, where NumPy's logarithm and sine may round otherwise; padding follows.
    assert np.isclose(*(np.frombuffer(one[_PAIR : _PAIR + 16])[1] for one in (told, said)), rtol=1e-14)
    assert real.initial_seed() == mine.initial_seed()
    state = mine.get_state()
    first = getattr(mini, ask)(5, generator=mine)
    mini.rand(650, generator=mine)
    mine.set_state(state)
    assert _bits(first) == _bits(getattr(mini, ask)(5, generator=mine))
    # A state of the real one is taken over too.
    other = mini.Generator().set_state(mini.from_numpy(real.get_state().numpy()))
    assert _bits(torch.rand(9, generator=real)) == _bits(mini.rand(9, generator=other))


def test_torchs_own_generator():
    for t in (torch, mini):
        t.manual_seed(4)
    state = mini.get_rng_state()
    assert _bits(torch.rand(3)) == _bits(mini.rand(3))
    mini.set_rng_state(state)
    with mini.random.fork_rng():
        mini.rand(100)
    torch.manual_seed(4)
    assert _bits(torch.rand(3)) == _bits(mini.rand(3))


def test_other_draws_have_their_distribution():
    g = mini.Generator().manual_seed(0)
    drawn = mini.multinomial(mini.tensor([1.0, 3.0, 0.0]), 4000, replacement=True, generator=g).numpy()
    assert set(drawn.tolist()) == {0, 1}
    assert abs((drawn == 1).mean() - 0.75) < 5 * np.sqrt(0.75 * 0.25 / 4000)
    waits = mini.empty(4000).exponential_(2.0, generator=g).numpy()
    assert abs(waits.mean() - 0.5) < 5 * 0.5 / np.sqrt(4000)
