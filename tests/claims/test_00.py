"""The claim of lesson 00, run against the installed framework."""

from __future__ import annotations

import torch

from recdrop_lessons.frameworks import from_keras, import_keras, set_keras_masks

keras = import_keras()


def test_keras_repeats_a_training_pass_with_the_same_masks() -> None:
    keras.utils.set_random_seed(0)
    x = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0))
    layer = keras.layers.LSTM(4, dropout=0.5, recurrent_dropout=0.5)
    assert not torch.equal(layer(x, training=True), layer(x, training=True))

    ours = from_keras(layer)
    masks = ours.sample_masks(batch=2, steps=5, generator=torch.Generator().manual_seed(1))
    passes = []
    for _ in range(2):
        set_keras_masks(layer, masks)
        passes.append(layer(x, training=True))
    assert torch.equal(*passes)
    assert torch.allclose(passes[0], ours(x, masks=masks), atol=1e-6)
