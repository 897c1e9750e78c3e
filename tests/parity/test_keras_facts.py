"""What test_keras_values builds on in the installed Keras 3; all other facts are asked by releases/probes."""

import numpy as np
import pytest
import torch

from recdrop_lessons.frameworks import from_keras, import_keras

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


@pytest.mark.parametrize("kind", GATED)
def test_a_recurrent_dropout_of_one_silently_drops_nothing(kind):
    layer, plain = built(kind, recurrent_dropout=1.0), built(kind)
    plain.set_weights(layer.get_weights())
    assert np.allclose(values(layer(x_of(), training=True)), values(plain(x_of())), atol=1e-6)
    with pytest.raises(ValueError, match="silently drop nothing"):
        from_keras(layer)


def test_a_float64_layer_multiplies_in_float32():
    weight, x = torch.randn(F, H, dtype=torch.float64), torch.randn(B, F, dtype=torch.float64)
    error = (keras.ops.matmul(x, weight).double() - x @ weight).abs().max()
    assert 1e-12 < error < 1e-5


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
