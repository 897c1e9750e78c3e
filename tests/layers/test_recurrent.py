"""The layers over time: equal to the NumPy twins with any masks, values and gradients; shapes; refusals."""

import copy
import itertools
import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from replayed import BATCH, FEATURES, HIDDEN, LAYERS, STEPS, assert_same_pass, inputs, made

from recdrop_lessons import (
    GRU,
    LSTM,
    Drop,
    MaskError,
    RecdropError,
    ShapeError,
    SimpleRNN,
    variants,
)
from recdrop_lessons.algebra.noise import NOISES

KINDS = list(LAYERS)
ALL_SHARED = [axes for n in range(4) for axes in itertools.combinations(("time", "batch", "features"), n)]


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def sharings(site):
    """Every sharing that a site allows."""
    wanted, never = set(site.must_share), set(site.never_shares)
    return [axes for axes in ALL_SHARED if wanted <= set(axes) and not never & set(axes)]


def sites_of(kind):
    return LAYERS[kind].sites


def variants_of(kind):
    """The arguments in which two layers of one kind compute differently."""
    return [{"reset_after": True}, {"reset_after": False}] if kind == "GRU" else [{}]


def drawn(layer, seed=1, batch=BATCH, steps=STEPS):
    return layer.sample_masks(batch, steps, generator=torch.Generator().manual_seed(seed))


# ---- every cell, every site, every sharing: the twin's values and gradients ----

NAMES = ("tanh", "sigmoid", "relu", "linear")


def drops_and_functions():
    """(what it is, kind, arguments) of each layer that is held against its twin."""
    for kind in KINDS:
        for site in sites_of(kind):
            yield f"{site}, gaussian", kind, {"drops": Drop(site, 0.4, noise="gaussian")}
            for shared in sharings(site):
                forms = [{}] + [{"per_gate": True}] * (site.per_gate and kind != "SimpleRNN")
                for form, extra in itertools.product(forms, variants_of(kind)):
                    drop = Drop(site, 0.4, shared=shared, **form)
                    yield f"{site}, {shared}, {form | extra}", kind, {"drops": drop, **extra}
            for shared in ALL_SHARED if site in ("cell", "hidden") else ():
                drop = Drop(site, 0.4, shared=shared, fill="previous")
                yield f"zoneout of {site}, {shared}", kind, {"drops": drop}
        for activation, gates in itertools.product(NAMES, NAMES if kind != "SimpleRNN" else [None]):
            own = {"activation": activation} | ({"recurrent_activation": gates} if gates else {})
            yield f"{activation}, {gates}", kind, {"drops": Drop("recurrent", 0.3), **own}
    for key, row in variants.ROWS.items():
        yield key, "LSTM", {"drops": row.make(0.4)}


CASES = [pytest.param(kind, own, id=f"{kind}: {what}") for what, kind, own in drops_and_functions()]


@pytest.mark.parametrize("kind, arguments", CASES)
def test_equals_the_twin(kind, arguments):
    layer = made(kind, **arguments)
    if "activation" in arguments:  # else gates without bounds multiply up to 1e5: too much for float32
        for parameter in layer.parameters():
            parameter.data *= 0.5
    assert_same_pass(layer, drawn(layer))


def everything(kind, **arguments):
    """A layer with a drop at every site at once."""
    per_gate = kind != "SimpleRNN"
    drops = [
        Drop(
            site,
            0.3,
            shared=("time",) if site == "recurrent_weight" else (),
            per_gate=per_gate and site == "recurrent",
        )
        for site in sites_of(kind)
    ]
    return made(kind, drops=drops, **arguments)


@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("lengths", [None, [3, 1], [2, 3]])
@pytest.mark.parametrize("kind, extra", [(kind, extra) for kind in KINDS for extra in variants_of(kind)])
def test_every_site_at_once_with_lengths_and_backwards(kind, extra, lengths, go_backwards):
    layer = everything(kind, go_backwards=go_backwards, **extra)
    assert_same_pass(layer, drawn(layer), lengths=lengths)


@pytest.mark.parametrize("lengths", [None, [3, 1]])
def test_zoneout_with_lengths_and_backwards(kind, lengths):
    drops = variants.zoneout(0.4, 0.3) if kind == "LSTM" else variants.zoneout_hidden(0.4)
    layer = made(kind, drops=drops, go_backwards=True)
    assert_same_pass(layer, drawn(layer), lengths=lengths)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_drops_at_any_shape_equal_the_twin(data):
    kind = data.draw(st.sampled_from(KINDS))
    batch, steps = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 5))
    features, hidden = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    drops = []
    for site in data.draw(st.lists(st.sampled_from(sites_of(kind)), unique=True)):
        previous = bool(site.carried) and data.draw(st.booleans())
        drops.append(
            Drop(
                site,
                data.draw(st.floats(0, 0.9)),
                shared=data.draw(st.sampled_from(sharings(site))),
                noise="bernoulli" if previous else data.draw(st.sampled_from(NOISES)),
                fill="previous" if previous else "zero",
                per_gate=site.per_gate and data.draw(st.booleans()),
            )
        )
    torch.manual_seed(0)
    layer = LAYERS[kind](
        features,
        hidden,
        drops=drops,
        return_sequences=True,
        return_state=True,
        go_backwards=data.draw(st.booleans()),
    )
    lengths = data.draw(st.none() | st.lists(st.integers(1, steps), min_size=batch, max_size=batch))
    assert_same_pass(
        layer, drawn(layer, 1, batch, steps), lengths=lengths, gradients=False, batch=batch, steps=steps
    )


# ---- training and evaluation ----


def test_evaluation_equals_the_twin_without_masks(kind):
    layer = everything(kind).eval()
    x, state = inputs(layer)
    with_nothing = layer(x, state)
    assert_same_pass(made(kind), {})
    plain = made(kind)
    plain.load_state_dict(layer.state_dict())
    for ours, theirs in zip(with_nothing, plain(x, state), strict=True):
        assert torch.equal(ours, theirs)


def test_zoneout_at_evaluation_keeps_the_old_value_by_its_share(kind):
    drops = variants.zoneout(0.3, 0.2) if kind == "LSTM" else variants.zoneout_hidden(0.2)
    layer = made(kind, drops=drops)
    x, state = inputs(layer)
    shares = {d.site: torch.full((1, 1, 1), d.p) for d in layer.drops}
    assert_same_pass(layer, shares)
    at_share = layer(x, state, masks=shares)
    for ours, theirs in zip(layer.eval()(x, state), at_share, strict=True):
        assert torch.equal(ours, theirs)


def test_training_draws_what_sample_masks_draws(kind):
    layer = everything(kind).train()
    x, state = inputs(layer)
    fresh = layer(x, state, generator=torch.Generator().manual_seed(7))
    again = layer(x, state, masks=drawn(layer, 7))
    for ours, theirs in zip(fresh, again, strict=True):
        assert torch.equal(ours, theirs)  # to the last bit


def test_training_draws_anew_at_each_call(kind):
    layer = made(kind, drops=Drop("input", 0.5), return_state=False).train()
    x, _ = inputs(layer, batch=20)
    generator = torch.Generator().manual_seed(0)
    assert not torch.equal(layer(x, generator=generator), layer(x, generator=generator))
    assert not torch.equal(layer(x), layer(x))
    torch.manual_seed(3)
    first = layer(x)
    torch.manual_seed(3)
    assert torch.equal(first, layer(x))


def test_the_same_seed_draws_the_same_masks_in_both_precisions():
    single, double = everything("LSTM"), everything("LSTM").double()
    for (site, a), b in zip(drawn(single).items(), drawn(double).values(), strict=True):
        assert b.dtype == torch.float64
        assert torch.equal(a, b.float()), site


def test_kerass_words_mean_kerass_rows():
    assert LSTM(2, 3, dropout=0.2).drops == (Drop("input", 0.2),)
    assert LSTM(2, 3, dropout=0.2, recurrent_dropout=0.3).drops == (
        Drop("input", 0.2, per_gate=True),
        Drop("recurrent", 0.3, per_gate=True),
    )
    assert SimpleRNN(2, 3, dropout=0.2, recurrent_dropout=0.3).drops == (
        Drop("input", 0.2),
        Drop("recurrent", 0.3),
    )
    assert GRU(2, 3).drops == ()


def test_masks_have_the_shapes_that_are_promised(kind):
    layer = everything(kind)
    gates = len(layer.gate_names)
    expected = {
        "input": (STEPS, BATCH, FEATURES),
        "recurrent": (STEPS, BATCH, HIDDEN) if gates == 1 else (STEPS, BATCH, gates, HIDDEN),
        "recurrent_weight": (gates * HIDDEN, HIDDEN),
    }
    for site, mask in drawn(layer).items():
        assert tuple(mask.shape) == expected.get(site, (STEPS, BATCH, HIDDEN))


# ---- the meaning of the papers' rows ----


def test_a_unit_under_moons_or_semeniutas_sequence_mask_is_removed_for_that_sample():
    for drops in (variants.moon(0.5), variants.semeniuta(0.5, per_step=False)):
        layer = made("LSTM", drops=drops)
        x, _ = inputs(layer, steps=8)
        masks = drawn(layer, seed=2, steps=8)
        (mask,) = masks.values()  # (1, B, H)
        assert (mask == 0).any() and (mask != 0).any()
        outputs, _, c = layer(x, masks=masks)
        dead = mask[0] == 0  # (B, H)
        assert (c[dead] == 0).all() and (outputs.transpose(1, 2)[dead] == 0).all()
        assert (c[~dead] != 0).all()


def test_under_a_cell_mask_of_each_step_a_value_survives_by_the_power_of_the_steps():
    # i = 0 and f = 1: the cell only keeps what it has, so what is left after T steps is what no mask hit.
    rows, steps, p = 20_000, 5, 0.3
    layer = LSTM(1, 1, drops=Drop("cell", p, shared=()), return_state=True).train()
    with torch.no_grad():
        layer.weight_ih.zero_(), layer.weight_hh.zero_()
        layer.bias.copy_(torch.tensor([-100.0, 100.0, 0.0, 100.0]))
    start = torch.zeros(rows, 1), torch.ones(rows, 1)
    c = layer(torch.zeros(rows, steps, 1), start, generator=torch.Generator().manual_seed(0))[2]
    survived = (c != 0).double().mean().item()
    expected = (1 - p) ** steps
    standard_error = (expected * (1 - expected) / rows) ** 0.5
    assert abs(survived - expected) < 4 * standard_error


def test_semeniutas_mask_never_touches_what_the_cell_holds():
    layer = made("LSTM", drops=variants.semeniuta(0.5))
    with torch.no_grad():
        layer.weight_ih.zero_(), layer.weight_hh.zero_()
        layer.bias.copy_(torch.tensor([0.0, 100.0, 0.0, 0.0]).repeat_interleave(HIDDEN))  # f = 1, g = 0
    x, (h, c) = inputs(layer, steps=6)
    assert torch.allclose(layer.train()(x, (h, c))[2], c)


def test_grus_mask_on_h_never_touches_the_leak():
    layer = made("GRU", drops=Drop("recurrent", 0.5))
    with torch.no_grad():
        layer.bias_ih.copy_(torch.tensor([0.0, 100.0, 0.0]).repeat_interleave(HIDDEN))  # z = 1: keep
    x, (h,) = inputs(layer, steps=6)
    assert torch.allclose(layer.train()(x, h)[1], h)


# ---- evaluation: the mean of each mask takes its place ----


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("kind, site", [(kind, site) for kind in KINDS for site in sites_of(kind)])
def test_evaluation_multiplies_by_the_mean_of_binary_noise(kind, site, fast):
    p, shared = 0.3, sharings(site)[0]
    layer = made(kind, drops=Drop(site, p, shared=shared, noise="binary")).eval()
    layer.fast = fast
    x, state = inputs(layer)
    masks = {name: torch.full_like(mask, 1 - p) for name, mask in drawn(layer).items()}
    for grad in (True, False):
        with torch.set_grad_enabled(grad):
            for ours, theirs in zip(layer(x, state), layer(x, state, masks=masks), strict=True):
                torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=0)
            assert not torch.allclose(layer(x, state)[0], made(kind)(x, state)[0])


@pytest.mark.parametrize("noise", NOISES)
def test_the_mean_over_the_masks_is_what_evaluation_gives_where_nothing_bends(noise):
    # A linear net with U = 0: the output is linear in the mask on x.
    rows, p = 20_000, 0.4
    layer = SimpleRNN(1, 1, activation="linear", drops=Drop("input", p, noise=noise))
    with torch.no_grad():
        layer.weight_hh.zero_(), layer.weight_ih.fill_(1.0), layer.bias.zero_()
        x = torch.ones(rows, 2, 1)
        training = layer.train()(x, generator=torch.Generator().manual_seed(0))
        evaluation = layer.eval()(x[:1])
    assert evaluation.item() == pytest.approx(1 - p if noise == "binary" else 1, abs=1e-6)
    error = training.std().item() / rows**0.5
    assert abs(training.mean().item() - evaluation.item()) < 4 * error


def test_moons_cell_stays_within_what_an_lstm_can_reach_and_the_scaled_one_does_not():
    bounds = {}
    for name, make in (("moon", variants.moon), ("scaled", variants.cell_scaled)):
        layer = made("LSTM", drops=make(0.5))
        with torch.no_grad():
            layer.bias[HIDDEN : 2 * HIDDEN] += 5  # the forget gate starts open
            x, _ = inputs(layer, steps=40)
            masks = drawn(layer, steps=40)
            bounds[name] = layer(x, masks=masks)[2].abs().max().item()
    assert bounds["moon"] <= 40 < 1e6 < bounds["scaled"]  # |c_t| ≤ |c_{t-1}| + 1


# ---- shapes ----


def test_what_returns(kind):
    x = torch.randn(5, 4, FEATURES)
    states = len(LAYERS[kind].state_names)
    every = made(kind)(x)
    assert [tuple(r.shape) for r in every] == [(5, 4, HIDDEN)] + [(5, HIDDEN)] * states
    last = made(kind, return_sequences=False)(x)
    assert torch.equal(last[0], every[0][:, -1])
    assert torch.equal(made(kind, return_sequences=False, return_state=False)(x), last[0])
    assert torch.equal(made(kind, return_state=False)(x), every[0])


def test_go_backwards_reads_from_the_end_and_stays_in_the_order_of_reading(kind):
    x = torch.randn(5, 4, FEATURES)
    ahead, back = made(kind), made(kind, go_backwards=True)
    for ours, theirs in zip(back(x), ahead(x.flip(1)), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("go_backwards", [False, True])
def test_padding_changes_nothing(kind, go_backwards):
    layer = made(kind, go_backwards=go_backwards, return_sequences=False)
    x, lengths = torch.randn(3, 6, FEATURES), torch.tensor([6, 2, 4])
    other = x.clone()
    for b, n in enumerate(lengths):
        other[b, n:] = 1e3
    results = layer(x, lengths=lengths)
    for ours, theirs in zip(results, layer(other, lengths=lengths), strict=True):
        assert torch.equal(ours, theirs)
    for b, n in enumerate(lengths):
        for ours, alone in zip(results, layer(x[b : b + 1, :n]), strict=True):
            assert torch.allclose(ours[b], alone[0], atol=1e-6)
    everywhere = made(kind, go_backwards=go_backwards)(x, lengths=lengths)[0]
    assert (everywhere[1, 2:] == 0).all() and (everywhere[1, :2] != 0).all()


def test_an_empty_batch_passes():
    layer, none = made("LSTM", return_state=False), torch.zeros(0, 3, FEATURES)
    assert layer(none).shape == (0, 3, HIDDEN)
    assert layer(none, lengths=torch.zeros(0, dtype=torch.long)).shape == (0, 3, HIDDEN)


def test_a_state_goes_on_where_it_was_left(kind):
    layer = made(kind)
    x = torch.randn(2, 6, FEATURES)
    whole, *end = layer(x)
    first, *middle = layer(x[:, :4])
    second, *end_again = layer(x[:, 4:], middle)
    assert torch.allclose(torch.cat([first, second], 1), whole, atol=1e-6)
    for ours, theirs in zip(end_again, end, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-6)


def test_output_shape_says_what_leaves():
    assert LSTM(2, 3).output_shape((None, 7, 2)) == (None, 3)
    assert LSTM(2, 3, return_sequences=True).output_shape((5, 7, 2)) == (5, 7, 3)


# ---- NaN in is NaN out ----


def test_nan_in_is_nan_out(kind):
    for layer in (made(kind), everything(kind).train()):
        x, _ = inputs(layer, steps=5)
        x[0, 2, 0] = float("nan")
        outputs, *states = layer(x)
        assert outputs[0, 2:].isnan().all()
        assert not outputs[0, :2].isnan().any() and not outputs[1].isnan().any()
        assert all(s[0].isnan().all() and not s[1].isnan().any() for s in states)


# ---- copies and files ----


def test_a_layer_is_copied_saved_and_loaded_whole(kind, tmp_path):
    layer = everything(kind, activation="linear").train()
    x, state = inputs(layer)
    expected = layer(x, state, masks=drawn(layer))
    torch.save(layer, tmp_path / "layer.pt")
    torch.save(layer.state_dict(), tmp_path / "weights.pt")
    from_weights = everything(kind, activation="linear", seed=9)
    assert not torch.equal(from_weights(x, state, masks=drawn(layer))[0], expected[0])
    from_weights.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    copies = [
        copy.deepcopy(layer),
        pickle.loads(pickle.dumps(layer)),
        torch.load(tmp_path / "layer.pt", weights_only=False),
        from_weights,
    ]
    for other in copies:
        assert other.drops == layer.drops
        for ours, theirs in zip(other(x, state, masks=drawn(layer)), expected, strict=True):
            assert torch.equal(ours, theirs)
    with torch.no_grad():
        copies[0].weight_ih.zero_()
    assert not torch.equal(copies[0].weight_ih, layer.weight_ih)


# ---- refusals, each with its cure ----


def refused(error, layer, *arguments, cure, **named):
    with pytest.raises(error) as caught:
        layer(*arguments, **named)
    assert isinstance(caught.value, RecdropError)
    for words in (cure,) if isinstance(cure, str) else cure:
        assert words in str(caught.value), str(caught.value)


def test_two_dimensions_are_refused(kind):
    refused(ShapeError, made(kind), torch.randn(4, FEATURES), cure=["return_sequences=True", "RepeatVector"])
    refused(ShapeError, made(kind), torch.randn(4, FEATURES), cure=["(batch, time, features)", "(4, 2)"])


def test_other_wrong_shapes_are_refused():
    layer = LSTM(3, 4)
    refused(ShapeError, layer, torch.randn(2, 5, 3, 1), cure="x.flatten(2)")
    refused(ShapeError, layer, torch.randn(2, 5, 7), cure="LSTM(7, 4)")
    refused(ShapeError, layer, torch.randn(2, 3, 5), cure="x.transpose(1, 2)")
    refused(ShapeError, layer, torch.randn(2, 0, 3), cure="at least one time step")
    with pytest.raises(ShapeError) as caught:
        layer(torch.randn(2, 5, 7))
    assert "transpose" not in str(caught.value)


def test_wrong_states_are_refused():
    x, h = torch.randn(2, 5, 3), torch.zeros(2, 4)
    refused(ShapeError, LSTM(3, 4), x, h, cure="Give h, c, each of shape (2, 4)")
    refused(ShapeError, GRU(3, 4), x, (h, h), cure="Give h, each of shape (2, 4)")
    refused(ShapeError, GRU(3, 4), x, h[:1], cure="(2, 4)")


@pytest.mark.parametrize(
    "shape",
    [(BATCH, HIDDEN), (2, BATCH, HIDDEN), (1, BATCH + 1, HIDDEN), (1, BATCH, HIDDEN + 1),
     (STEPS, BATCH, 1, HIDDEN), (STEPS, BATCH, 3, HIDDEN), (1, BATCH, 4, HIDDEN, 1)],
)  # fmt: skip
def test_a_mask_of_the_wrong_shape_is_refused(shape):
    layer = made("LSTM", drops=Drop("recurrent", 0.3))
    refused(
        MaskError,
        layer,
        torch.randn(BATCH, STEPS, FEATURES),
        masks={"recurrent": torch.ones(shape)},
        cure=["mask.unsqueeze(0)", "(3 or 1, 2 or 1, 3 or 1)", "(3 or 1, 2 or 1, 4, 3 or 1)", str(shape)],
    )


def test_other_wrong_masks_are_refused():
    layer, x = made("LSTM", drops=Drop("recurrent", 0.3)), torch.randn(BATCH, STEPS, FEATURES)
    good = torch.ones(1, BATCH, HIDDEN)
    refused(MaskError, layer, x, masks={}, cure=["lacks 'recurrent'", "sample_masks(batch, steps)"])
    refused(MaskError, layer, x, masks={"forget": good}, cure=["no site 'forget'", "'recurrent'"])
    refused(MaskError, layer, x, masks={"recurrent": good.numpy()}, cure="torch.as_tensor(mask)")
    refused(
        MaskError, layer, x, masks={"recurrent": good, "cell": torch.ones(1, BATCH, 4, HIDDEN)}, cure="'cell'"
    )
    refused(
        MaskError,
        layer,
        x,
        masks={"recurrent": good, "recurrent_weight": torch.ones(1, HIDDEN)},
        cure="that of the weight, (12, 3)",
    )
    refused(
        MaskError, made("GRU"), x, masks={"cell": good}, cure=["no site 'cell'", "what the LSTM remembers"]
    )
    masks_of_zero_rate = made("LSTM", drops=Drop("recurrent", 0))(x, masks={})
    assert torch.equal(masks_of_zero_rate[0], made("LSTM")(x)[0])
