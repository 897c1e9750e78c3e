"""Mean-one noise: what is drawn, how often, at which scale; what is refused."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recdrop_lessons import DropError, RecdropError
from recdrop_lessons.algebra.noise import bernoulli, check_rate, gaussian, old_value_kept

DRAWS = [bernoulli, gaussian, old_value_kept]
N = 100_000


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(p=st.floats(0, 0.99), shape=st.lists(st.integers(0, 5), max_size=4))
def test_inverted_dropout_is_zero_or_scaled_up(p, shape):
    m = bernoulli(p, shape, generator=seeded())
    assert tuple(m.shape) == tuple(shape) and m.dtype == torch.float32
    scaled_up = torch.tensor(1.0) / (1 - p)
    assert ((m == 0) | (m == scaled_up)).all()
    if p == 0:
        assert (m == 1).all()


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_inverted_dropout_has_its_rate_mean_and_variance(p):
    m = bernoulli(p, (N,), generator=seeded()).double()
    # standard errors: of the rate √(p(1-p)/N); the mean is the rate of the kept, over 1-p
    error = math.sqrt(p * (1 - p) / N)
    assert abs((m == 0).double().mean() - p) < 4 * error
    assert abs(m.mean() - 1) < 4 * error / (1 - p)
    # m² = m/(1-p), so that the variance is off by as much as the mean, over 1-p
    assert abs(m.var() - p / (1 - p)) < 5 * error / (1 - p) ** 2


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_gaussian_noise_has_the_same_mean_and_variance_and_no_zeros(p):
    m = gaussian(p, (N,), generator=seeded()).double()
    variance = p / (1 - p)
    assert (m != 0).all()
    assert abs(m.mean() - 1) < 4 * math.sqrt(variance / N)
    assert abs(m.var() - variance) < 4 * variance * math.sqrt(2 / N)
    # a normal: 68.27 % lie within one standard deviation of the mean
    within = ((m - 1).abs() < math.sqrt(variance)).double().mean()
    assert abs(within - 0.6827) < 4 * math.sqrt(0.6827 * 0.3173 / N)


@pytest.mark.parametrize("p", [0.05, 0.5])
def test_zoneouts_choice_keeps_the_old_value_by_its_rate_and_is_not_scaled(p):
    d = old_value_kept(p, (N,), generator=seeded())
    assert set(d.unique().tolist()) == {0.0, 1.0}
    assert abs(d.mean() - p) < 4 * math.sqrt(p * (1 - p) / N)


@pytest.mark.parametrize("draw", DRAWS)
def test_a_seed_draws_the_same_again_and_then_something_else(draw):
    g = seeded(3)
    first, second = draw(0.4, (50, 3), generator=g), draw(0.4, (50, 3), generator=g)
    assert torch.equal(first, draw(0.4, (50, 3), generator=seeded(3)))
    assert not torch.equal(first, second)
    assert not torch.equal(first, draw(0.4, (50, 3), generator=seeded(4)))
    torch.manual_seed(5)
    without = draw(0.4, (50, 3))
    torch.manual_seed(5)
    assert torch.equal(without, draw(0.4, (50, 3)))


@pytest.mark.parametrize("draw", DRAWS)
def test_neighbours_are_independent(draw):
    m = draw(0.3, (N, 2), generator=seeded()).double()
    correlation = torch.corrcoef(m.T)[0, 1]
    assert abs(correlation) < 4 / math.sqrt(N)


def test_numbers_of_every_kind_are_taken():
    assert check_rate(0) == 0.0 and isinstance(check_rate(0), float)
    assert check_rate(np.float32(0.5)) == check_rate(np.float64(0.5)) == 0.5


@pytest.mark.parametrize(
    "p, cure",
    [
        (1, "Choose 0 <= p < 1"),
        (1.0, "silently drop nothing"),
        (-0.1, "give 1 - keep"),
        (1.5, "give 1 - keep"),
        (20, "divide by 100"),
        (math.nan, "0 <= p < 1"),
        (math.inf, "0 <= p < 1"),
        (True, "expected a number"),
        ("0.5", "expected a number"),
        (None, "expected a number"),
    ],
)
def test_a_rate_that_means_nothing_is_refused_with_the_cure(p, cure):
    for draw in (check_rate, *(lambda p, d=d: d(p, (2,)) for d in DRAWS)):
        with pytest.raises(DropError, match="The rate p was") as caught:
            draw(p)
        assert cure in str(caught.value)
        assert isinstance(caught.value, RecdropError) and isinstance(caught.value, ValueError)
