"""The claims of lesson 03, each run against the installed framework."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from recdrop_lessons import LSTM
from recdrop_lessons.experiments import baselines, outcome, runs
from recdrop_lessons.experiments.datasets import digits
from recdrop_lessons.experiments.tasks import Data, examples
from recdrop_lessons.experiments.training import seeded
from recdrop_lessons.frameworks import from_keras, import_keras, keras_masks

keras = import_keras()
B, T, F, H = 3, 6, 4, 5


@pytest.fixture
def x() -> Tensor:
    return torch.randn(B, T, F, generator=torch.Generator().manual_seed(0))


@pytest.fixture(autouse=True)
def seed() -> None:
    keras.utils.set_random_seed(0)


def keras_layer(kind: str, zero: str = "", **arguments: float) -> Any:
    """A Keras layer with random biases, one of its matrices at 0 on request."""
    layer = getattr(keras.layers, kind)(H, return_sequences=True, **arguments)
    layer.build((None, None, F))
    rng = np.random.default_rng(0)
    layer.set_weights([rng.normal(size=w.shape) for w in layer.get_weights()])
    if zero:
        weight = getattr(layer.cell, zero)
        weight.assign(np.zeros(weight.shape))
    return layer


def passes_differ(layer: Any, x: Tensor) -> bool:
    first, second = (layer(x, training=True).detach() for _ in range(2))
    return not torch.equal(first, second)


@pytest.mark.parametrize("kind", ["SimpleRNN", "GRU", "LSTM"])
def test_keras_dropout_is_silent_without_w(x: Tensor, kind: str) -> None:
    assert passes_differ(keras_layer(kind, dropout=0.5), x)
    assert passes_differ(keras_layer(kind, zero="recurrent_kernel", dropout=0.5), x)
    assert not passes_differ(keras_layer(kind, zero="kernel", dropout=0.5), x)


def test_without_w_a_mask_on_w_is_silent_too_and_no_mask_on_x_repeats_it(x: Tensor) -> None:
    """So W = 0 alone does not find the input; the replay does."""
    ours, one = LSTM(F, H, return_sequences=True), x[:1]
    w = ours.weight_ih.detach().clone()

    def passed(weight: Tensor, masks: dict[str, Tensor]) -> Tensor:
        with torch.no_grad():
            ours.weight_ih.copy_(weight)
            return ours(one, masks=masks)

    torch.manual_seed(0)
    first, second = (nn.functional.dropout(torch.ones_like(w), 0.5) for _ in range(2))
    assert not torch.equal(passed(first * w, {}), passed(second * w, {}))
    assert torch.equal(passed(0 * first * w, {}), passed(0 * second * w, {}))
    theirs = passed(first * w, {})
    for values in itertools.product((0.0, 2.0), repeat=F):  # each mask on x there is, one for all gates
        assert not torch.allclose(passed(w, {"input": torch.tensor(values).view(1, 1, F)}), theirs, atol=1e-5)


@pytest.mark.parametrize("kind", ["SimpleRNN", "GRU", "LSTM"])
def test_keras_dropout_alone_is_repeated_by_its_own_mask_on_x(x: Tensor, kind: str) -> None:
    layer = keras_layer(kind, dropout=0.5)
    mask = keras_masks(layer, x)["input"]
    theirs = layer(x, training=True).detach()
    assert (mask == 0).any() and (mask != 0).any()
    assert torch.allclose(from_keras(layer)(x, masks={"input": mask}), theirs, atol=1e-5)


@pytest.mark.parametrize("kind", ["SimpleRNN", "GRU", "LSTM"])
def test_keras_recurrent_dropout_is_silent_without_u(x: Tensor, kind: str) -> None:
    # For the GRU this shows too that its leak z∘h is not masked: nothing of it goes through U.
    assert passes_differ(keras_layer(kind, recurrent_dropout=0.5), x)
    assert passes_differ(keras_layer(kind, zero="kernel", recurrent_dropout=0.5), x)
    assert not passes_differ(keras_layer(kind, zero="recurrent_kernel", recurrent_dropout=0.5), x)


def test_keras_training_pass_is_gal_untied_and_no_other_row(x: Tensor) -> None:
    layer = keras_layer("LSTM", dropout=0.4, recurrent_dropout=0.4)
    masks = keras_masks(layer, x)
    theirs = layer(x, training=True).detach()
    m_x, m_h = masks["input"], masks["recurrent"]
    assert m_x.shape == (1, B, 4, F) and m_h.shape == (1, B, 4, H)
    assert not torch.equal(m_h[:, :, 0], m_h[:, :, 1])

    plain = LSTM(F, H, return_sequences=True)
    plain.load_state_dict(from_keras(layer).state_dict())

    def repeats(site: str, mask: Tensor, on_x: Tensor = m_x) -> bool:
        with torch.no_grad():
            return torch.allclose(plain(x, masks={"input": on_x, site: mask}), theirs, atol=1e-5)

    assert repeats("recurrent", m_h)
    for k in range(4):
        assert not repeats("recurrent", m_h[:, :, k], m_x[:, :, k])  # tied
        for site in ("candidate", "cell", "hidden", "output"):  # Semeniuta, Moon, the state, Zaremba
            assert not repeats(site, m_h[:, :, k])
        assert not repeats("cell", (m_h[:, :, k] > 0).float())  # Moon's own mask is 0 or 1


def test_the_input_mask_of_keras_is_tied_only_without_recurrent_dropout(x: Tensor) -> None:
    assert keras_masks(keras_layer("LSTM", dropout=0.5), x)["input"].shape == (1, B, F)
    both = keras_layer("LSTM", dropout=0.5, recurrent_dropout=0.1)
    assert keras_masks(both, x)["input"].shape == (1, B, 4, F)


def test_dropout_layer_after_is_the_output_site(x: Tensor) -> None:
    below = keras.layers.LSTM(H, return_sequences=True, return_state=True)
    whole, h_last, c_last = (tensor.detach() for tensor in below(x))
    dropped = keras.layers.Dropout(0.5)(whole, training=True)
    mask = (dropped / whole).transpose(0, 1)  # (T, B, H)
    assert len(torch.unique(mask[:, 0], dim=0)) > 1  # a new one at each step

    ours = from_keras(below)
    y, h, c = (tensor.detach() for tensor in ours(x, masks={"output": mask}))
    assert torch.allclose(y, dropped, atol=1e-6)
    assert torch.allclose(h, h_last, atol=1e-6) and torch.allclose(c, c_last, atol=1e-6)
    assert not torch.allclose(ours(x, masks={"hidden": mask})[0], dropped, atol=1e-3)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_torch_dropout_stands_between_the_layers(x: Tensor, kind: type[nn.RNNBase]) -> None:
    def two_passes(layer: nn.RNNBase) -> tuple[bool, list[bool]]:
        with torch.no_grad():
            (y1, s1), (y2, s2) = layer(x), layer(x)
        h1, h2 = (s[0] if isinstance(s, tuple) else s for s in (s1, s2))
        return not torch.equal(y1, y2), [not torch.equal(a, b) for a, b in zip(h1, h2, strict=True)]

    with seeded(0):
        layer = kind(F, H, num_layers=2, dropout=0.5, batch_first=True)
        assert two_passes(layer) == (True, [False, True])
        nn.init.zeros_(layer.weight_ih_l1)
        assert two_passes(layer) == (False, [False, False])
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            assert two_passes(kind(F, H, dropout=0.5, batch_first=True)) == (False, [False])
        assert any("num_layers greater than 1" in str(w.message) for w in warned)


def test_torch_draws_a_new_mask_at_each_step(x: Tensor) -> None:
    with seeded(0), torch.no_grad():
        glass = nn.RNN(F, H, num_layers=2, nonlinearity="relu", dropout=0.5, batch_first=True)
        glass.bias_ih_l0.fill_(9.0)
        glass.weight_ih_l1.copy_(torch.eye(H))
        for parameter in (glass.weight_hh_l0, glass.weight_hh_l1, glass.bias_ih_l1, glass.bias_hh_l1):
            parameter.zero_()
        dropped, whole = glass(x)[0], glass.eval()(x)[0]
    mask = dropped / whole  # (B, T, H)
    assert set(mask.round(decimals=4).unique().tolist()) == {0.0, 2.0}
    assert len(torch.unique(mask.flatten(0, 1), dim=0)) > B * T // 2


@pytest.mark.parametrize("kind", ["GRU", "LSTM"])
def test_keras_recurrent_dropout_of_one_does_nothing(x: Tensor, kind: str) -> None:
    layer = keras_layer(kind, recurrent_dropout=1.0)
    assert torch.equal(layer(x, training=True), layer(x, training=False))
    nearly = keras_layer(kind, recurrent_dropout=0.9)
    assert not torch.equal(nearly(x, training=True), nearly(x, training=False))


def test_keras_simple_rnn_does_drop_all_of_h_at_a_rate_of_one(x: Tensor) -> None:
    layer = keras_layer("SimpleRNN", recurrent_dropout=1.0)
    whole = layer(x, training=False).detach()
    dropped = layer(x, training=True).detach()
    kernel, _, bias = (torch.as_tensor(weight) for weight in layer.get_weights())
    assert not torch.equal(whole, dropped)
    assert torch.allclose(dropped, torch.tanh(x @ kernel + bias), atol=1e-6)  # nothing of h is left


def outputs_of_equal_examples(layer: Any, x: Tensor) -> int:
    """How many different outputs a batch of equal examples of two steps gives, in one training pass."""
    y = layer(x[:1, :2].expand(2000, -1, -1), training=True).detach()
    return len(torch.unique((y[:, -1] * 1e4).round(), dim=0))


def test_keras_masks_h_and_neither_u_nor_the_product(x: Tensor) -> None:
    # All units read the first one alone. A mask on h has one draw for each gate: 2^4 outcomes. A mask on U or
    # on U h would draw for each unit too, or, drawn once for the batch, make all examples equal.
    layer = keras_layer("LSTM", recurrent_dropout=0.5)
    kernel, recurrent_kernel, bias = layer.get_weights()
    recurrent_kernel[1:] = 0  # (H, 4H)
    layer.set_weights([kernel, recurrent_kernel, bias])
    assert outputs_of_equal_examples(layer, x) == 16


def test_recurrent_dropout_in_plain_pytorch_is_gals_tied_mask_on_h(x: Tensor) -> None:
    cell = nn.LSTMCell(F, H)
    mask = nn.functional.dropout(torch.ones(1, B, H), 0.5)
    h = c = torch.zeros(B, H)
    outputs = []
    for x_t in x.unbind(1):
        h, c = cell(x_t, (mask[0] * h, c))
        outputs.append(h)
    ours = LSTM(F, H, return_sequences=True)
    with torch.no_grad():
        ours.weight_ih.copy_(cell.weight_ih)
        ours.weight_hh.copy_(cell.weight_hh)
        ours.bias.copy_(cell.bias_ih + cell.bias_hh)
    assert torch.allclose(ours(x, masks={"recurrent": mask}), torch.stack(outputs, 1), atol=1e-6)


def test_with_nothing_tuned_a_mask_on_h_helps_on_the_digits() -> None:
    """The lesson's result at another rate and learning rate, on other splits and seeds, to patience."""
    untuned = outcome.not_tuned(runs.shipped("digits"))
    table = outcome.compared(untuned)
    gain = table.gain("recurrent, sequence", "none")
    assert gain.low > 0
    assert {run.setting.rate for run in untuned["recurrent, sequence"].runs} == {0.1}


def test_the_nearest_neighbour_reads_the_lessons_digits_better_than_both_lstms() -> None:
    lstms = 0.89, 0.93  # as the lesson's cell `training-accuracy` prints them
    splits = [digits(train=300, seed=seed) for seed in range(5)]
    data = [Data(split.train, split.validation, split.test, examples) for split in splits]
    found = [baselines.nearest_neighbour(one).mean() for one in data]
    assert np.mean(found) > max(lstms) + 0.01
