"""What lesson 04 says of chances, in Keras 3 itself, and of one sample of the weights."""

import math

import pytest
import torch

from recdrop_lessons import LSTM

keras = pytest.importorskip("keras", reason="the extra `frameworks` brings Keras")

KINDS = ("SimpleRNN", "GRU", "LSTM")
T, F = 12, 6


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("features", [1, 2])
def test_the_argument_blanks_the_whole_sequence_with_probability_p_to_the_f(kind, features):
    p, examples = 0.3, 4000
    layer = getattr(keras.layers, kind)(4, dropout=p, seed=2)
    nothing = layer(torch.zeros(1, 20, features), training=False).detach()
    x = torch.ones(1, 20, features).expand(examples, -1, -1)
    blank = (layer(x, training=True).detach() - nothing).abs().amax(1) < 1e-7
    expected = p**features
    # five standard errors of a fraction: a right layer fails with a probability below 1e-6
    assert abs(float(blank.float().mean()) - expected) < 5 * math.sqrt(expected * (1 - expected) / examples)


@pytest.mark.parametrize(("kind", "gates"), [("GRU", 3), ("LSTM", 4)])
def test_beside_recurrent_dropout_one_feature_is_hidden_from_all_gates_with_probability_p_to_the_gates(
    kind, gates
):
    """The biases are drawn: at 0 a blank candidate alone gives the state 0, as if nothing had come in."""
    p, examples = 0.5, 4000
    biases = keras.initializers.RandomNormal(stddev=0.5, seed=1)
    for rates, expected in (({}, p), ({"recurrent_dropout": 1e-9}, p**gates)):
        layer = getattr(keras.layers, kind)(4, dropout=p, seed=2, bias_initializer=biases, **rates)
        nothing = layer(torch.zeros(1, 10, 1), training=False).detach()
        x = torch.randn(1, 10, 1, generator=torch.Generator().manual_seed(0)).expand(examples, -1, -1)
        blank = (layer(x, training=True).detach() - nothing).abs().amax(1) < 1e-6
        error = 5 * math.sqrt(expected * (1 - expected) / examples)
        assert abs(float(blank.float().mean()) - expected) < error


def test_a_mask_on_h_is_one_sample_of_the_weights():
    lstm = LSTM(F, 5, return_sequences=True)
    x, mask = torch.randn(1, T, F), torch.tensor([0.0, 2.0, 2.0, 0.0, 2.0]).reshape(1, 1, 5)
    with torch.no_grad():
        masked = lstm(x, masks={"recurrent": mask})
        lstm.weight_hh.mul_(mask[0])
        assert torch.allclose(masked, lstm(x), atol=1e-6)
