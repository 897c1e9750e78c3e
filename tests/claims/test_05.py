"""The claims of lesson 05, decided by Keras 3 itself."""

import pytest
import torch

from recdrop_lessons import GRU, LSTM, RecdropError, frameworks, variants

keras = pytest.importorskip("keras", reason="the extra `frameworks` brings Keras")

B, T, F, H = 5, 9, 4, 7


def built(kind, **arguments):
    layer = getattr(keras.layers, kind)(H, return_sequences=True, **arguments)
    layer.build((None, None, F))
    return layer


def distance(theirs, drops, masks, x, wanted):
    """How far our layer with these masks is from Keras's training pass."""
    ours = {"LSTM": LSTM, "GRU": GRU}[type(theirs).__name__](F, H, drops=drops, return_sequences=True)
    ours.load_state_dict(frameworks.from_keras(theirs).state_dict())
    with torch.no_grad():
        return (ours(x, masks=masks) - wanted).abs().max().item()


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_keras_is_gal_untied(kind):
    keras.utils.set_random_seed(1)
    x, theirs = torch.randn(B, T, F), built(kind, dropout=0.5, recurrent_dropout=0.5)
    masks = frameworks.keras_masks(theirs, x)
    wanted = theirs(x, training=True).detach()
    assert distance(theirs, variants.gal(0.5, tied=False), masks, x, wanted) < 1e-5

    m_x, m_h = masks["input"], masks["recurrent"]
    for k in range(m_h.shape[2]):
        one = m_h[:, :, k]  # (1, B, H)
        wrong = {
            "tied": {"input": m_x[:, :, k], "recurrent": one},
            "Semeniuta": {"input": m_x, "candidate": one},
            "carried h": {"input": m_x, "hidden": one},
        }
        if kind == "LSTM":
            wrong["Moon"] = {"input": m_x, "cell": one}
        for name, others in wrong.items():
            assert distance(theirs, (), others, x, wanted) > 1e-2, name


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_without_u_the_recurrent_mask_does_nothing(kind):
    theirs, x = built(kind, recurrent_dropout=0.5), torch.randn(B, T, F)
    kernel, recurrent, bias = theirs.get_weights()
    assert not torch.allclose(theirs(x, training=True), theirs(x, training=True))
    theirs.set_weights([kernel, 0 * recurrent, bias])
    assert torch.equal(theirs(x, training=True), theirs(x, training=True))


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_equal_rows_get_masks_of_their_own(kind):
    y = built(kind, recurrent_dropout=0.5, seed=1)(torch.randn(1, T, F).expand(B, -1, -1), training=True)
    assert not torch.allclose(y[0], y[1])


def test_keras_never_touches_the_cell():
    layer = keras.layers.LSTM(H, recurrent_dropout=0.5, return_state=True)
    layer.build((None, None, F))
    kernel, recurrent, bias = layer.get_weights()
    bias[:H], bias[H : 2 * H] = -40, 40  # i = 0, f = 1
    layer.set_weights([kernel, recurrent, bias])
    c_0 = torch.randn(B, H)
    _, _, c = layer(torch.randn(B, T, F), initial_state=[torch.randn(B, H), c_0], training=True)
    assert torch.allclose(c, c_0, atol=1e-6)


def test_keras_never_touches_the_grus_update_path():
    """Releases 3.2 to 3.7 multiplied the carried state by its scaled mask, at each step."""
    layer = built("GRU", recurrent_dropout=0.5)
    kernel, recurrent, bias = layer.get_weights()
    bias[0, :H] = 40  # z = 1
    layer.set_weights([0 * kernel, 0 * recurrent, bias])
    h_0 = torch.randn(B, H)
    h = layer(torch.randn(B, 100, F), initial_state=h_0, training=True)
    assert torch.allclose(h[:, -1], h_0, atol=1e-6)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_recurrent_dropout_unties_the_masks(kind):
    x = torch.randn(B, T, F)
    assert frameworks.keras_masks(built(kind, dropout=0.5), x)["input"].dim() == 3
    for mask in frameworks.keras_masks(built(kind, dropout=0.5, recurrent_dropout=0.5, seed=1), x).values():
        assert mask.dim() == 4 and not torch.equal(mask, mask[:, :, :1].expand_as(mask))


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_implementation_decides_the_masks(kind):
    x = torch.randn(B, T, F)
    assert built(kind, dropout=0.5).cell.implementation == 2
    assert built(kind, recurrent_dropout=0.1, implementation=2).cell.implementation == 1
    with pytest.raises(RuntimeError):
        built(kind, dropout=0.5, implementation=1)(x, training=True)
    one = built(kind, dropout=0.5, implementation=1, use_cudnn=False)
    assert one(x, training=True).shape == (B, T, H)
    assert frameworks.keras_masks(one, x)["input"].dim() == 4  # one mask for each gate


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_a_recurrent_rate_of_one_drops_nothing(kind):
    x, theirs = torch.randn(B, T, F), built(kind, recurrent_dropout=1.0)
    assert torch.equal(theirs(x, training=True), theirs(x, training=False))
    without = built(kind)
    kernel, recurrent, bias = theirs.get_weights()
    without.set_weights([kernel, 0 * recurrent, bias])
    assert not torch.allclose(theirs(x, training=True), without(x), atol=1e-3)
    with pytest.raises(RecdropError, match="p was 1"):
        LSTM(F, H, recurrent_dropout=1.0)


@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_an_input_rate_of_one_drops_everything(kind):
    x, theirs = torch.randn(B, T, F), built(kind, dropout=1.0)
    assert torch.allclose(theirs(x, training=True), theirs(0 * x, training=False), atol=1e-6)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
@pytest.mark.parametrize("where", ["beside recurrent_dropout", "use_cudnn=False", "behind Masking"])
def test_an_input_rate_of_one_drops_nothing_off_the_fast_path(kind, where):
    others = {"beside recurrent_dropout": {"recurrent_dropout": 0.5}, "use_cudnn=False": {"use_cudnn": False}}
    theirs, x = built(kind, dropout=1.0, **others.get(where, {})), torch.randn(B, T, F)
    kernel, recurrent, bias = theirs.get_weights()
    theirs.set_weights([kernel, 0 * recurrent, bias])  # so a mask on h has nothing to act on
    given = keras.layers.Masking(mask_value=99.0)(x) if where == "behind Masking" else x
    assert torch.allclose(theirs(given, training=True), theirs(x, training=False), atol=1e-6)
    assert not torch.allclose(theirs(x, training=False), theirs(0 * x, training=False), atol=1e-3)


def test_the_simple_rnn_drops_everything_at_a_recurrent_rate_of_one():
    x, theirs = torch.randn(B, T, F), built("SimpleRNN", recurrent_dropout=1.0)
    kernel, recurrent, bias = theirs.get_weights()
    training = theirs(x, training=True).detach()
    theirs.set_weights([kernel, 0 * recurrent, bias])
    assert torch.allclose(training, theirs(x, training=False), atol=1e-6)


@pytest.mark.parametrize("site, possible", [("input", True), ("recurrent", True), ("cell", False)])
def test_a_held_mask_is_scaled_before_a_product_and_not_on_the_cell(site, possible):
    """What 15 steps add to the cell, on the mean over masks, is what they add without: at one scale only."""
    units, steps, p, draws = 3, 15, 0.5, 40_000
    lstm = LSTM(units, units, return_state=True).double()
    for weight in lstm.parameters():
        torch.nn.init.zeros_(weight)
    with torch.no_grad():
        lstm.bias[: 2 * units], lstm.bias[3 * units :] = 40, 40  # i, f and o are 1
        for weight in (lstm.weight_ih, lstm.weight_hh):
            weight[2 * units : 3 * units] = 1e-5 * torch.eye(units)
    x, ones = torch.ones(draws, steps, units).double(), torch.ones(draws, units).double()
    kept = (torch.rand(1, draws, units, generator=torch.Generator().manual_seed(7)) > p).double()

    def added(masks):
        with torch.no_grad():
            return (lstm(x, (ones, ones), masks=masks)[2] - 1).mean().item()

    for factor in (1 / (1 - p), 1, 1000):
        stays = abs(added({site: factor * kept}) / added({}) - 1) < 0.05
        assert stays is (possible and factor == 1 / (1 - p)), factor


def test_in_a_simple_rnn_with_relu_a_scaled_mask_on_h_builds_up():
    """A mask on h before its product too: there is no bounded function behind it."""
    arguments = {"activation": "relu", "recurrent_initializer": "identity", "seed": 3}
    x, largest = torch.randn(8, 100, F, generator=torch.Generator().manual_seed(0)), {}
    for rate in (0.0, 0.5):
        layer = keras.layers.SimpleRNN(16, recurrent_dropout=rate, return_sequences=True, **arguments)
        largest[rate] = layer(x, training=True).detach().abs().max().item()
    assert largest[0.0] < 1e3 and largest[0.5] > 1e20


def test_moons_mask_is_not_switched_off_in_evaluation_mode():
    lstm = LSTM(F, H, drops=variants.moon(0.3), return_sequences=True)
    plain = LSTM(F, H, return_sequences=True)
    plain.load_state_dict(lstm.state_dict())
    x = torch.randn(B, T, F)
    assert not torch.allclose(lstm.eval()(x), plain.eval()(x), atol=1e-3)
