"""Keras 3: the same report, from its calls of dropout."""

from __future__ import annotations

import pytest
import torch

from recdrop_lessons import xray

keras = pytest.importorskip("keras")


def test_masks_rates_and_layers_of_a_right_model():
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.LSTM(16, dropout=0.2, recurrent_dropout=0.4, return_sequences=True),
            layers.Dropout(0.5),
            layers.Dense(3),
        ]
    )
    x = torch.randn(40, 7, 5)
    before = [one.numpy().copy() for one in (model(x.numpy()), model)[1].variables]
    report = xray(model, x)
    assert not report.findings
    assert [site.shape for site in report.sites] == [(40, 5), (40, 16), (40, 7, 16)]
    for site, rate in zip(report.sites, (0.2, 0.4, 0.5), strict=True):
        count = sum(mask.numel() for mask in site.masks) * len(site.passes)
        assert abs((site.rate or 0) - rate) < 5 * (rate * (1 - rate) / count) ** 0.5
    assert all((old == new.numpy()).all() for old, new in zip(before, model.variables, strict=True))


def test_faults_come_under_their_slugs():
    class Wrong(keras.Model):
        def __init__(self):
            super().__init__()
            self.shared = keras.layers.Dropout(0.5, noise_shape=(1, 7, 5))
            self.always = keras.layers.Dropout(0.5)
            self.unused = keras.layers.Dropout(0.5)

        def call(self, x, training=False):
            return self.always(self.shared(x), training=True)

    found = {finding.slug for finding in xray(Wrong(), torch.randn(8, 7, 5)).findings}
    assert found == {"one-mask-for-the-batch", "on-in-evaluation", "not-run"}
