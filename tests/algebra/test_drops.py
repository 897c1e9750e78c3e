"""`Drop`: its four columns, the shape of its mask, what its masks share, what it refuses."""

import dataclasses
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recdrop_lessons import GRU, LSTM, SITES, Drop, DropError, Embedding, SimpleRNN
from recdrop_lessons.algebra.drops import check_sites
from recdrop_lessons.algebra.sites import site_named
from recdrop_lessons.layers.tensors import check_mask

N = 20_000


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_a_drop_is_a_value():
    drop = Drop("recurrent", 0.2)
    assert (drop.shared, drop.noise, drop.fill, drop.per_gate) == (("time",), "bernoulli", "zero", False)
    assert drop == Drop("recurrent", 0.2, shared=["time"]) != Drop("recurrent", 0.2, shared=())
    assert len({drop, Drop("recurrent", 0.2)}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        drop.p = 0.3
    assert "recurrent" in repr(drop) and "0.2" in repr(drop)


def test_the_order_in_which_axes_are_named_does_not_matter():
    assert Drop("input", 0.2, shared=("features", "time")).shared == ("time", "features")
    assert Drop("input", 0.2, shared="batch").shared == ("batch",)
    assert Drop("input", 0.2, shared=("time", "time")) == Drop("input", 0.2)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    shared=st.sets(st.sampled_from(site_named("input").axes)),
    per_gate=st.booleans(),
    sizes=st.tuples(*[st.integers(1, 6)] * 3),
    gates=st.integers(1, 4),
)
def test_an_axis_of_one_is_an_axis_that_shares(shared, per_gate, sizes, gates):
    steps, batch, units = sizes
    drop = Drop("input", 0.3, shared=shared, per_gate=per_gate)
    shape = drop.mask_shape(steps, batch, units, gates)
    want = [
        1 if "time" in shared else steps,
        1 if "batch" in shared else batch,
        *([gates] if per_gate else []),
        1 if "features" in shared else units,
    ]
    assert list(shape) == want
    assert drop.sample(shape, generator=seeded()).shape == shape


@pytest.mark.parametrize("noise", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("axis", range(4))
def test_what_is_not_shared_is_independent(axis, noise):
    # Two slices along an axis that is not shared: time, rows, gates, features.
    drop = Drop("recurrent", 0.4, shared=(), noise=noise, per_gate=True)
    shape = [1, 1, 1, 1]
    shape[axis], shape[3 if axis != 3 else 1] = 2, N
    m = drop.sample(tuple(shape), generator=seeded()).double()
    first, second = (s.flatten() for s in m.unbind(axis))
    assert not torch.equal(first, second)
    assert abs(torch.corrcoef(torch.stack([first, second]))[0, 1]) < 4 / math.sqrt(N)


def test_the_rate_is_the_share_that_is_dropped_and_the_mean_is_one():
    for p in (0.2, 0.7):
        m = Drop("input", p, shared=()).sample((10, 20, 100), generator=seeded()).double()
        error = math.sqrt(p * (1 - p) / m.numel())
        assert abs((m == 0).double().mean() - p) < 4 * error
        assert abs(m.mean() - 1) < 4 * error / (1 - p)
    d = Drop("cell", 0.2, fill="previous").sample((N,), generator=seeded())
    assert abs(d.mean() - 0.2) < 4 * math.sqrt(0.2 * 0.8 / N) and d.max() == 1
    m = Drop("input", 0.2, noise="gaussian").sample((N,), generator=seeded())
    assert (m != 0).all() and abs(m.var() - 0.25) < 4 * 0.25 * math.sqrt(2 / N)


@pytest.mark.parametrize(
    "arguments, cure",
    [
        (("hiden", 0.2), "expected one of 'embedding', 'input', 'recurrent'"),
        (("input", 1), "Choose 0 <= p < 1"),
        (("input", -1), "give 1 - keep"),
        (("input", 0.2, {"shared": ("steps",)}), "expected one of 'time', 'batch', 'features'"),
        (("input", 0.2, {"shared": ("gates",)}), "per_gate=False"),
        (("input", 0.2, {"noise": "uniform"}), "expected one of 'bernoulli', 'gaussian'"),
        (("input", 0.2, {"fill": "mean"}), "expected one of 'zero', 'previous'"),
        (("input", 0.2, {"fill": "previous"}), 'zoneout acts on "cell" or "hidden"'),
        (("cell", 0.2, {"fill": "previous", "noise": "gaussian"}), 'use noise="bernoulli"'),
        (("cell", 0.2, {"per_gate": True}), 'meant for "input" and "recurrent"'),
        (("recurrent_weight", 0.2, {"shared": ()}), 'leave "time" in shared'),
        (("embedding", 0.2, {"shared": ("features",)}), 'leave "time" in shared'),
        (("recurrent_weight", 0.2, {"shared": ("time", "features")}), "draws each weight alone"),
    ],
)
def test_a_drop_that_means_nothing_is_refused_with_the_cure(arguments, cure):
    *positional, named = arguments if isinstance(arguments[-1], dict) else (*arguments, {})
    with pytest.raises(DropError) as caught:
        Drop(*positional, **named)
    assert cure in str(caught.value)


@pytest.mark.parametrize("kind", [SimpleRNN, GRU, LSTM, Embedding])
def test_what_a_layer_has_not_it_refuses_by_name(kind):
    foreign = [site for site in SITES if site not in kind.sites]
    assert foreign
    for site in foreign:
        with pytest.raises(DropError) as caught:
            kind(3, 4, drops=Drop(site, 0.2))
        message = str(caught.value)
        assert f"{kind.__name__} has no site {site!r}: {SITES[site]}" in message
        assert all(repr(own) in message for own in kind.sites)


def test_other_drops_that_a_layer_refuses():
    with pytest.raises(DropError, match="'input' was given 2 drops; give it one"):
        LSTM(3, 4, drops=[Drop("input", 0.2), Drop("input", 0.3, shared=())])
    with pytest.raises(DropError, match="expected Drop objects"):
        LSTM(3, 4, drops=[0.3])
    with pytest.raises(DropError, match="give one of the two"):
        LSTM(3, 4, dropout=0.2, drops=Drop("cell", 0.2))
    for word in ("dropout", "recurrent_dropout"):
        with pytest.raises(DropError, match="Choose 0 <= p < 1"):
            LSTM(3, 4, **{word: 1.0})


def test_a_single_drop_and_any_iterable_are_taken():
    one = Drop("input", 0.2)
    assert check_sites(one, ("input",), "x") == check_sites(iter([one]), ("input",), "x") == (one,)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    sizes=st.tuples(*[st.integers(2, 5)] * 3),
    singles=st.tuples(*[st.booleans()] * 3),
    wrong=st.integers(-1, 2),
    per_gate=st.booleans(),
)
def test_a_mask_fits_where_each_axis_is_whole_or_one(sizes, singles, wrong, per_gate):
    shape = [1 if single else size for single, size in zip(singles, sizes, strict=True)]
    if wrong >= 0:
        shape[wrong] = sizes[wrong] + 1
    if per_gate:
        shape.insert(2, 4)
    mask = torch.ones(shape)
    if wrong < 0:
        assert check_mask("recurrent", mask, sizes, 4) is mask
    else:
        with pytest.raises(ValueError, match="expected"):
            check_mask("recurrent", mask, sizes, 4)
