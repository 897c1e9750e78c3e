"""What lesson 07 says of relu at trained weights, on other seeds, and of AdamW."""

import numpy as np
import pytest
import torch
from torch import nn

keras = pytest.importorskip("keras", reason="the extra `frameworks` brings Keras")

F = 3


def test_adamw_decouples_weight_decay_and_adam_does_not():
    def step(kind, gradient):
        weight = nn.Parameter(torch.ones(1))
        optimiser = kind([weight], lr=0.1, weight_decay=0.5)
        weight.grad = torch.full((1,), gradient)
        optimiser.step()
        return 1 - weight.item()

    # Without a gradient AdamW shrinks by lr · decay; Adam treats the penalty as a gradient: a step of lr.
    assert step(torch.optim.AdamW, 0.0) == pytest.approx(0.05, abs=1e-6)
    assert step(torch.optim.Adam, 0.0) == pytest.approx(0.1, abs=1e-6)


def test_with_relu_in_both_places_keras_goes_above_one_at_the_weights_that_training_makes():
    """Training in lesson 07 makes W × 2.7 and U × 2.4. Eight networks, over 60 steps."""
    units, largest = 16, {}
    for of_w, of_u in ((1, 1), (1, 2.5), (2.5, 2.5), (1, 3)):
        for activation in ("tanh", "relu"):
            lstm = keras.layers.LSTM(units, activation=activation, return_sequences=True)
            lstm.build((None, None, F))
            for seed in range(8):
                rng = np.random.default_rng(seed)
                x = rng.normal(size=(8, 60, F)).astype("float32")
                W, U = (rng.uniform(-1, 1, (4 * units, n)) / np.sqrt(units) for n in (F, units))
                lstm.set_weights([of_w * W.T, of_u * U.T, np.repeat([0, 0.1, 0, 0], units)])
                h = float(abs(keras.ops.convert_to_numpy(lstm(x))).max())
                largest.setdefault((of_w, of_u, activation), []).append(h)
    assert all(max(found) < 1 for (*_, activation), found in largest.items() if activation == "tanh")
    assert max(largest[1, 1, "relu"]) < 1 and max(largest[1, 2.5, "relu"]) < 1
    assert min(largest[2.5, 2.5, "relu"]) > 1 and max(largest[2.5, 2.5, "relu"]) > 1000
    assert sum(h > 1 for h in largest[1, 3, "relu"]) == 2 and max(largest[1, 3, "relu"]) > 1000
