"""What the course says about Keras 3, run against the installed one: if a release changes it, this fails.

Not here, because not installed: tf_keras (Keras 2), Keras 3.5.0's GRU, and what papers and their code do.
"""

import math
import re

import numpy as np
import pytest
import torch

from recdrop_lessons import LSTM, Drop, Dropout, variants
from recdrop_lessons.frameworks import from_keras, import_keras, keras_masks

# Keras reads torch tensors in a way that NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
keras = import_keras()
layers = keras.layers
B, T, F, H = 40, 6, 3, 4
GATED = [layers.LSTM, layers.GRU]
ALL = [layers.SimpleRNN, *GATED]


def values(result):
    return result.detach().numpy()


def built(kind, units=H, features=F, **arguments):
    layer = kind(units, **{"seed": 1, **arguments})
    layer.build((None, None, features))
    return layer


def x_of(features=F, batch=B, steps=T):
    return torch.randn(batch, steps, features, generator=torch.Generator().manual_seed(0))


def clear_layer(kind, **arguments):
    """A layer that shows its input: its output at each step is the input as the candidate (or h) reads it.

    Every activation is linear, U is 0, the candidate's block of W is the identity, the gates are constants.
    """
    own = {} if kind is layers.SimpleRNN else {"recurrent_activation": "linear"}
    layer = built(kind, F, F, activation="linear", return_sequences=True, **own, **arguments)
    cell = layer.cell
    eye, none, zero, one = np.eye(F), np.zeros((F, F)), np.zeros(F), np.ones(F)
    if kind is layers.LSTM:  # i = o = 1, f = 0: h = g
        kernel, bias = [none, none, eye, none], np.concatenate([one, zero, zero, one])
    elif kind is layers.GRU:  # z = 0: h = hh
        kernel, bias = [none, none, eye], np.zeros((2, 3 * F))
    else:
        kernel, bias = [eye], zero
    cell.kernel.assign(np.concatenate(kernel, axis=1))
    cell.recurrent_kernel.assign(np.zeros((F, len(kernel) * F)))
    cell.bias.assign(bias)
    return layer


# ---- dropout= and recurrent_dropout=: where, how shared, how often, at which scale ----


@pytest.mark.parametrize("recurrent_dropout", [0.0, 0.4])
@pytest.mark.parametrize("kind", ALL)
def test_dropout_multiplies_x_by_one_mask_for_all_steps(kind, recurrent_dropout):
    layer, x = clear_layer(kind, dropout=0.3, recurrent_dropout=recurrent_dropout), torch.ones(B, T, F)
    first, second = values(layer(x, training=True)), values(layer(x, training=True))
    # scaled up or nothing
    assert np.allclose(np.unique(first.round(5)), [0, 1 / 0.7], atol=1e-4)
    # the same at every time step; independent per row; drawn afresh at each call
    assert (first == first[:, :1]).all()
    assert len(np.unique(first[:, 0], axis=0)) > 2
    assert not np.array_equal(first, second)
    assert np.array_equal(values(layer(x)), np.ones((B, T, F)))


@pytest.mark.parametrize("kind", ALL)
def test_masks_are_batch_by_features_and_batch_by_units_inverted(kind):
    layer = built(kind, 100, 50, dropout=0.3, recurrent_dropout=0.4)
    masks = keras_masks(layer, x_of(50, batch=200))
    for site, p, units in (("input", 0.3, 50), ("recurrent", 0.4, 100)):
        mask = masks[site]
        n = mask.numel()
        assert mask.shape[:2] == (1, 200) and mask.shape[-1] == units
        assert torch.allclose(mask.unique(), torch.tensor([0.0, 1 / (1 - p)]))
        assert abs((mask == 0).double().mean() - p) < 4 * math.sqrt(p * (1 - p) / n)
        a, b = mask[0, 0].flatten().double(), mask[0, 1].flatten().double()
        assert abs(torch.corrcoef(torch.stack([a, b]))[0, 1]) < 4 / math.sqrt(len(a))


@pytest.mark.parametrize("kind", ALL)
def test_recurrent_dropout_multiplies_h_before_its_product(kind):
    # h_t = U (m ∘ h_{t-1}) with U the identity: a mask that stays leaves m^t of what was there.
    own = {} if kind is layers.SimpleRNN else {"recurrent_activation": "linear"}
    layer = built(kind, F, F, activation="linear", return_sequences=True, recurrent_dropout=0.5, **own)
    cell, eye, none = layer.cell, np.eye(F), np.zeros((F, F))
    zero, one = np.zeros(F), np.ones(F)
    if kind is layers.LSTM:
        blocks, bias = [none, none, eye, none], np.concatenate([one, zero, zero, one])
    elif kind is layers.GRU:  # r = 1, z = 0
        blocks, bias = [none, none, eye], np.stack([np.concatenate([zero, one, zero]), np.zeros(3 * F)])
    else:
        blocks, bias = [eye], zero
    cell.kernel.assign(np.zeros((F, len(blocks) * F)))
    cell.recurrent_kernel.assign(np.concatenate(blocks, axis=1))
    cell.bias.assign(bias)
    x, start = torch.zeros(B, 3, F), torch.ones(B, F)
    state = [start, torch.zeros(B, F)] if kind is layers.LSTM else [start]
    y = values(layer(x, initial_state=state, training=True))
    kept = y[:, 0] != 0
    assert 0.3 < kept.mean() < 0.7
    for t in range(3):
        assert np.allclose(y[:, t], np.where(kept, 2.0 ** (t + 1), 0))


def test_nothing_else_is_dropped():
    # With f = 1 and i = 0 the cell holds what it has; with o = 1 the output is tanh(c): no mask touches them.
    layer = built(layers.LSTM, dropout=0.5, recurrent_dropout=0.5, return_state=True, return_sequences=True)
    for weight in layer.cell.trainable_weights:
        weight.assign(np.zeros(weight.shape))
    layer.cell.bias.assign(np.repeat([-100.0, 100.0, 0.0, 100.0], H))
    c = torch.rand(B, H) + 0.5
    out, _, c_last = layer(x_of(), initial_state=[torch.ones(B, H), c], training=True)
    assert torch.equal(c_last, c)
    assert torch.allclose(out, torch.tanh(c).unsqueeze(1).expand(B, T, H))
    # Nor the candidate: with i = o = 1, f = 0 and g = tanh(1), no output is 0.
    layer.cell.bias.assign(np.repeat([100.0, -100.0, 1.0, 100.0], H))
    out, *_ = layer(x_of(), training=True)
    assert torch.allclose(out, torch.tanh(torch.tanh(torch.ones(()))).expand(B, T, H))


def test_grus_leak_is_never_dropped():
    layer = built(layers.GRU, dropout=0.5, recurrent_dropout=0.5)
    layer.cell.bias.assign(np.stack([np.repeat([100.0, 0.0, 0.0], H), np.zeros(3 * H)]))  # z = 1: keep
    start = torch.rand(B, H) + 0.5
    assert torch.allclose(layer(x_of(), initial_state=[start], training=True), start)


def test_grus_state_stays_below_one_over_a_long_sequence():
    # Keras 3.5.0 multiplied the carried state by the inverted mask and reached 1e28.
    layer = built(layers.GRU, recurrent_dropout=0.5, return_sequences=True)
    assert np.abs(values(layer(x_of(steps=100), training=True))).max() < 1


# ---- implementation 1 and 2: one mask for all gates, or one each ----


@pytest.mark.parametrize("kind, gates", [(layers.LSTM, 4), (layers.GRU, 3)])
def test_recurrent_dropout_changes_dropout_from_one_mask_to_one_per_gate(kind, gates):
    shared = built(kind, dropout=0.3)
    assert shared.cell.implementation == 2
    assert keras_masks(shared, x_of())["input"].shape == (1, B, F)
    apart = built(kind, 60, 60, dropout=0.3, recurrent_dropout=0.2)
    assert apart.cell.implementation == 1
    masks = keras_masks(apart, x_of(60))
    assert masks["input"].shape == (1, B, gates, 60) and masks["recurrent"].shape == (1, B, gates, 60)
    asked = built(kind, dropout=0.3, recurrent_dropout=0.2, implementation=2)
    assert asked.cell.implementation == 1  # silently
    for mask in masks.values():
        apart_by_gate = mask[0].transpose(0, 1).flatten(1).double()
        between = torch.corrcoef(apart_by_gate) - torch.eye(gates)
        assert between.abs().max() < 4.5 / math.sqrt(apart_by_gate.shape[1])


def test_the_simple_net_has_one_mask_each():
    masks = keras_masks(built(layers.SimpleRNN, dropout=0.3, recurrent_dropout=0.3), x_of())
    assert masks["input"].shape == (1, B, F) and masks["recurrent"].shape == (1, B, H)


@pytest.mark.parametrize("kind", GATED)
def test_keras_is_gals_untied_variant_and_no_other(kind):
    layer, x = built(kind, dropout=0.3, recurrent_dropout=0.4, return_sequences=True), x_of()
    ours = from_keras(layer)
    assert "gal_untied" in variants.matching(ours.drops)
    masks = keras_masks(layer, x)
    theirs = layer(x, training=True)
    assert (ours(x, masks=masks) - theirs).abs().max() < 1e-6
    # The same draws at any other site give something else.
    one = masks["recurrent"][:, :, 0]
    others = ["candidate", "hidden", "output"] + ["cell"] * (kind is layers.LSTM)
    ours.drops = (Drop("input", 0.3, per_gate=True),)
    for site in others:
        assert (ours(x, masks={"input": masks["input"], site: one}) - theirs).abs().max() > 1e-2
    # Without recurrent dropout it is Gal's tied input mask alone.
    alone = built(kind, dropout=0.3)
    assert variants.matching(from_keras(alone).drops) == ["keras_dropout"]
    assert from_keras(alone).drops == variants.gal(0.3)[:1]


# ---- at evaluation, and outside a layer ----


@pytest.mark.parametrize("kind", ALL)
def test_evaluation_changes_no_values_but_draws_masks_all_the_same(kind):
    layer = built(kind, dropout=0.3, recurrent_dropout=0.4)
    plain = built(kind)
    plain.set_weights(layer.get_weights())
    seed = layer.cell.seed_generator
    before = np.array(keras.ops.convert_to_numpy(seed.state.value))
    assert np.allclose(values(layer(x_of())), values(plain(x_of())), atol=1e-6)
    after = np.array(keras.ops.convert_to_numpy(seed.state.value))
    assert not np.array_equal(before, after)


def test_a_bare_cell_keeps_its_mask_until_it_is_reset():
    cell = layers.LSTMCell(H, dropout=0.5, seed=1)
    x, state = torch.ones(B, F), [torch.zeros(B, H), torch.zeros(B, H)]
    first = values(cell(x, state, training=True)[0])
    assert np.array_equal(first, values(cell(x, state, training=True)[0]))
    cell.reset_dropout_mask()
    assert not np.array_equal(first, values(cell(x, state, training=True)[0]))


# ---- traps ----


@pytest.mark.parametrize("kind", GATED)
def test_a_recurrent_dropout_of_one_silently_drops_nothing(kind):
    layer, plain = built(kind, recurrent_dropout=1.0), built(kind)
    plain.set_weights(layer.get_weights())
    assert np.allclose(values(layer(x_of(), training=True)), values(plain(x_of())), atol=1e-6)
    with pytest.raises(ValueError, match="silently drop nothing"):
        from_keras(layer)


def test_a_recurrent_dropout_of_one_drops_everything_in_the_simple_net():
    layer = built(layers.SimpleRNN, recurrent_dropout=1.0)
    last = torch.tanh(x_of()[:, -1] @ layer.cell.kernel.value)
    assert torch.allclose(layer(x_of(), training=True), last, atol=1e-6)


def test_implementation_one_with_dropout_alone_crashes():
    for kind in GATED:
        layer = built(kind, dropout=0.5, implementation=1)
        with pytest.raises(RuntimeError, match="expand"):
            layer(x_of(), training=True)
        assert layer(x_of()).shape == (B, H)  # at evaluation it works


def test_a_float64_layer_multiplies_in_float32():
    weight, x = torch.randn(F, H, dtype=torch.float64), torch.randn(B, F, dtype=torch.float64)
    error = (keras.ops.matmul(x, weight).double() - x @ weight).abs().max()
    assert 1e-12 < error < 1e-5


# ---- activations ----


class Counted:
    """tanh or sigmoid that counts its calls."""

    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, a):
        self.calls += 1
        return self.function(a)


@pytest.mark.parametrize("implementation", [1, 2])
@pytest.mark.parametrize("kind, places, recurrent_places", [(layers.LSTMCell, 2, 3), (layers.GRUCell, 1, 2)])
def test_where_the_activations_act(kind, places, recurrent_places, implementation):
    phi, sigma = Counted(torch.tanh), Counted(torch.sigmoid)
    cell = kind(H, activation=phi, recurrent_activation=sigma, implementation=implementation)
    cell.build((None, F))
    states = [torch.zeros(B, H)] * (2 if kind is layers.LSTMCell else 1)
    phi.calls = sigma.calls = 0
    cell.call(torch.ones(B, F), states)
    assert (phi.calls, sigma.calls) == (places, recurrent_places)


def test_lstms_activation_acts_on_the_candidate_and_on_the_way_out():
    tanh, linear = (
        built(layers.LSTM, return_state=True),
        built(layers.LSTM, activation="linear", return_state=True),
    )
    linear.set_weights(tanh.get_weights())
    x = x_of(steps=1)
    a_i, _, a_g, a_o = (x[:, 0] @ tanh.cell.kernel.value + tanh.cell.bias.value).chunk(4, -1)
    h, _, c = linear(x)
    assert torch.allclose(c, torch.sigmoid(a_i) * a_g, atol=1e-6)
    assert torch.allclose(h, torch.sigmoid(a_o) * c, atol=1e-6)
    h, _, c = tanh(x)
    assert torch.allclose(c, torch.sigmoid(a_i) * torch.tanh(a_g), atol=1e-6)
    assert torch.allclose(h, torch.sigmoid(a_o) * torch.tanh(c), atol=1e-6)


def test_the_simple_net_has_no_recurrent_activation():
    with pytest.raises((TypeError, ValueError), match="recurrent_activation"):
        layers.SimpleRNN(H, recurrent_activation="sigmoid")


# ---- weights, orders, biases, regularisers ----


@pytest.mark.parametrize("kind, gates", [(layers.LSTM, 4), (layers.GRU, 3)])
def test_regularisers_see_the_whole_matrix(kind, gates):
    seen = {}

    def penalty(name):
        def of(weight):
            seen[name] = tuple(weight.shape)
            return keras.ops.sum(weight[:, :H] ** 2)  # one gate only: a slice of columns

        return of

    layer = built(kind, kernel_regularizer=penalty("kernel"), recurrent_regularizer=penalty("recurrent"))
    total = sum(loss.item() for loss in layer.losses)
    assert seen == {"kernel": (F, gates * H), "recurrent": (H, gates * H)}
    first = [keras.ops.convert_to_numpy(w)[:, :H] for w in (layer.cell.kernel, layer.cell.recurrent_kernel)]
    assert total == pytest.approx(sum((w**2).sum() for w in first), rel=1e-5)
    whole = built(kind, kernel_regularizer=keras.regularizers.L2(1.0))
    kernel = keras.ops.convert_to_numpy(whole.cell.kernel)
    assert whole.losses[0].item() == pytest.approx((kernel**2).sum(), rel=1e-5)


def test_the_lstms_blocks_are_i_f_c_o_and_the_second_bias_starts_at_one():
    layer = built(layers.LSTM, return_state=True)
    assert keras.ops.convert_to_numpy(layer.cell.bias).tolist() == [0] * H + [1] * H + [0] * 2 * H
    plain = built(layers.LSTM, unit_forget_bias=False)
    assert not keras.ops.convert_to_numpy(plain.cell.bias).any()
    for weight in layer.cell.trainable_weights:
        weight.assign(np.zeros(weight.shape))
    start = [torch.zeros(B, H), torch.ones(B, H)]

    def after(i, f, c, o):
        layer.cell.bias.assign(np.repeat([i, f, c, o], H))
        h, _, cell = layer(torch.zeros(B, 1, F), initial_state=start)
        return h[0, 0].item(), cell[0, 0].item()

    big = 100.0
    assert after(-big, big, 0, big) == pytest.approx((math.tanh(1), 1), abs=1e-6)  # f keeps
    assert after(-big, -big, 0, big) == pytest.approx((0, 0), abs=1e-6)
    assert after(big, -big, 0.5, big)[1] == pytest.approx(math.tanh(0.5), abs=1e-6)  # i writes g
    assert after(-big, big, 0, -big) == pytest.approx((0, 1), abs=1e-6)  # o sends


def test_the_grus_blocks_are_z_r_h_and_it_resets_after_the_product_by_default():
    layer = built(layers.GRU)
    assert layer.reset_after and tuple(layer.cell.bias.shape) == (2, 3 * H)
    before = built(layers.GRU, reset_after=False)
    assert tuple(before.cell.bias.shape) == (3 * H,)
    for kind in (layer, before):
        kind.set_weights([np.random.default_rng(0).uniform(-1, 1, w.shape) for w in kind.get_weights()])
    x, h = torch.randn(B, F), torch.randn(B, H)
    for kind, reset_after in ((layer, True), (before, False)):
        W, U, b = (torch.tensor(w) for w in kind.get_weights())
        b_w, b_u = b if reset_after else (b, torch.zeros(3 * H))
        w_z, w_r, w_h = (x @ W + b_w).chunk(3, -1)
        u_z, u_r, u_h = (h @ U + b_u).chunk(3, -1)
        z, r = torch.sigmoid(w_z + u_z), torch.sigmoid(w_r + u_r)
        inside = r * u_h if reset_after else (r * h) @ U[:, 2 * H :]
        expected = z * h + (1 - z) * torch.tanh(w_h + inside)  # z keeps
        assert torch.allclose(kind(x.unsqueeze(1), initial_state=[h]), expected, atol=1e-6)


# ---- shapes ----


@pytest.mark.parametrize("kind", ALL)
def test_shapes(kind):
    x, states = x_of(), 2 if kind is layers.LSTM else 1
    assert built(kind)(x).shape == (B, H)
    assert built(kind, return_sequences=True)(x).shape == (B, T, H)
    assert [tuple(r.shape) for r in built(kind, return_state=True)(x)] == [(B, H)] * (1 + states)
    both = layers.Bidirectional(kind(H, return_sequences=True, return_state=True))(x)
    assert len(both) == 1 + 2 * states and both[0].shape == (B, T, 2 * H)
    if kind is layers.LSTM:
        assert len(both) == 5


@pytest.mark.parametrize("kind", ALL)
def test_go_backwards_leaves_the_output_reversed(kind):
    back = built(kind, return_sequences=True, go_backwards=True)
    ahead = built(kind, return_sequences=True)
    ahead.set_weights(back.get_weights())
    assert torch.allclose(back(x_of()), ahead(x_of().flip(1)), atol=1e-6)


@pytest.mark.parametrize("kind", ALL)
def test_a_masked_step_repeats_the_output_before(kind):
    layer = built(kind, return_sequences=True)
    mask = torch.ones(B, T, dtype=torch.bool)
    mask[:, 3] = False
    y = layer(x_of(), mask=mask)
    assert torch.equal(y[:, 3], y[:, 2]) and not torch.equal(y[:, 4], y[:, 3])
    skipped = layer(x_of()[:, [0, 1, 2, 4, 5]])
    assert torch.allclose(y[:, [0, 1, 2, 4, 5]], skipped, atol=1e-6)


def test_stacking_without_sequences_names_neither_cause_nor_cure():
    with pytest.raises(ValueError, match="Input 0") as caught:
        keras.Sequential([keras.Input((T, F)), layers.LSTM(32), layers.LSTM(32, name="second")])
    message = str(caught.value)
    expected = (
        r"Input 0 with name '\w+' of layer 'second' is incompatible with the layer: expected ndim=3, "
        r"found ndim=2\. Full shape received: \(None, 32\)"
    )
    assert re.search(expected, message), message
    assert "return_sequences" not in message and "RepeatVector" not in message
    with pytest.raises(ValueError, match="return_sequences=True"):
        LSTM(32, 32)(torch.ones(B, 32))  # ours does


# ---- layers of dropout ----


def test_gaussian_dropout_keeps_mean_and_variance_of_inverted_dropout_and_has_no_zeros():
    n, p = 200_000, 0.2
    x = torch.ones(1, n)
    gaussian = values(layers.GaussianDropout(p, seed=1)(x, training=True))
    inverted = values(layers.Dropout(p, seed=1)(x, training=True))
    variance = p / (1 - p)
    for y in (gaussian, inverted):
        assert abs(y.mean() - 1) < 4 * math.sqrt(variance / n)
        assert abs(y.var() - variance) < 6 * variance * math.sqrt(2 / n)
    assert (gaussian != 0).all() and (inverted == 0).any()
    assert np.array_equal(values(layers.GaussianDropout(p)(x)), x.numpy())
    ours = Dropout(p, noise="gaussian").train()(x.unsqueeze(-1))
    assert abs(float(ours.var()) - variance) < 6 * variance * math.sqrt(2 / n)


def test_what_spatial_dropout_and_noise_shape_share():
    x = torch.ones(B, T, 20)

    def shared_axes(layer):
        y = values(layer(x, training=True))
        assert (y == 0).any()
        return tuple(bool((y == y.take([0], axis)).all()) for axis in (0, 1, 2))

    assert shared_axes(layers.Dropout(0.5, seed=1)) == (False, False, False)
    assert shared_axes(layers.SpatialDropout1D(0.5, seed=1)) == (False, True, False)
    assert shared_axes(layers.Dropout(0.5, noise_shape=(B, 1, 20), seed=1)) == (False, True, False)
    assert shared_axes(layers.Dropout(0.5, noise_shape=(None, None, 1), seed=1)) == (False, False, True)


def test_plain_dropout_drops_a_whole_step_only_by_the_power_of_its_features():
    p, features, n = 0.5, 3, 60_000
    y = values(layers.Dropout(p, seed=1)(torch.ones(1, n, features), training=True))
    share = (y == 0).all(-1).mean()
    expected = p**features
    assert abs(share - expected) < 4 * math.sqrt(expected * (1 - expected) / n)


def test_inverted_dropout_keeps_the_mean_and_not_the_variance():
    n = 200_000
    x = torch.randn(1, n, generator=torch.Generator().manual_seed(0))
    y = values(layers.Dropout(0.5, seed=1)(x, training=True))
    # E y² = E m² E x² = 2; Var y² = E m⁴ E x⁴ - 4 = 8·3 - 4 = 20
    assert abs(y.mean()) < 4 * math.sqrt(2 / n)
    assert abs(y.var() - 2) < 4 * math.sqrt(20 / n)
